"""The doubles of a file: pairs and persons written whole or not at all, and one sentence for a file that is unfit."""

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from hub import config, deduplication, regional_file
from hub.commands import unexamined
from hub.commands.dedupe import dedupe
from hub.counting import written
from hub.deduplication import Order
from hub.errors import Invalid
from hub.regional_file import COLUMNS
from hub.registry import load
from identity.blocking import KINDS
from identity.widespread import MOST_BEARERS

Line = dict[str, str | None]

JEANNE: Line = {
    "record_id": "1",
    "source": "A",
    "birth_family": "DURAND",
    "used_family": "MOREL",
    "given_names": "JEANNE MARIE",
    "birth_date": "1946-03-14",
    "sex": "F",
    "birth_place": "58194",
    "postcode": "58000",
    "city": "NEVERS",
    "phone": "0612345679",
}
OTTO = JEANNE | {
    "record_id": "2",
    "birth_family": "ZWEIG",
    "used_family": None,
    "given_names": "OTTO",
    "birth_date": "1980-02-03",
    "sex": "M",
    "phone": None,
}
AGAIN = JEANNE | {"record_id": "3", "source": "B", "given_names": "Jeanne"}
SISTER = JEANNE | {"record_id": "4", "source": "B", "given_names": "LOUISE", "birth_date": "1949-07-01"}
FILE = [JEANNE, OTTO, AGAIN, SISTER]


def write_parquet(path: Path, lines: list[Line], **columns: pa.Array) -> Path:
    table = {name: pa.array([line.get(name) for line in lines], pa.string()) for name in COLUMNS}
    pq.write_table(pa.table(table | columns), path)
    return path


def write_csv(path: Path, lines: list[Line], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter=delimiter, restval="")
        writer.writeheader()
        writer.writerows({name: value or "" for name, value in line.items()} for line in lines)
    return path


def run(file: Path, *options: str | Path) -> Result:
    arguments = [str(file), "--out", str(file.parent / "pairs.parquet"), *map(str, options)]
    return CliRunner().invoke(dedupe, arguments)


def refusal(file: Path, *options: str | Path) -> str:
    """Run a command that must be refused, and leave nothing behind; return its sentence."""
    before = sorted(file.parent.iterdir())

    done = run(file, *options)

    assert (done.exit_code, sorted(file.parent.iterdir())) == (1, before)
    assert "DURAND" not in done.output
    return done.stderr.strip().splitlines()[-1]


def test_pairs_and_persons_are_written_under_the_numbers_of_the_file(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)

    done = run(file, "--clusters", tmp_path / "persons.parquet")

    assert done.exit_code == 0, done.output
    pairs = pq.read_table(tmp_path / "pairs.parquet")
    assert pairs.schema.names == ["id_l", "id_r", "score", "probability", "decision"]
    by_ids = {(pair["id_l"], pair["id_r"]): pair for pair in pairs.to_pylist()}
    assert by_ids["1", "3"]["decision"] == "link"
    assert by_ids["1", "3"]["score"] > 0
    assert by_ids["1", "3"]["probability"] > 0.99
    assert by_ids["1", "4"]["decision"] in (None, "review")
    persons = pq.read_table(tmp_path / "persons.parquet").to_pydict()
    assert persons == {"record_id": ["1", "2", "3", "4"], "person": ["1", "2", "1", "4"]}
    assert all(words in done.stdout for words in ("4 identités", "1 paire reliée", "3 personnes"))


def test_each_stage_is_one_line_where_nothing_can_be_drawn(tmp_path: Path) -> None:
    done = run(write_parquet(tmp_path / "region.parquet", FILE))

    stages = [line.split(" :")[0] for line in done.stderr.splitlines()]
    assert stages == ["Lecture", "Préparation", "Paires candidates", "Comparaison", "Personnes", "Écriture"]
    assert not any(value in done.output for value in ("DURAND", "1946"))
    assert re.search(r"\d,\d s, ", done.stdout)
    assert not re.search(r"\d\.\d", done.output), done.output


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig")], ids=["commas", "semicolons and a mark"]
)
def test_a_csv_gives_the_pairs_of_a_parquet(tmp_path: Path, delimiter: str, encoding: str) -> None:
    lines = [*FILE, AGAIN | {"record_id": "5", "birth_family": 'DURAND, dit "l\'Aîné"'}]
    run(write_parquet(tmp_path / "region.parquet", lines))
    expected = pq.read_table(tmp_path / "pairs.parquet").to_pylist()

    done = run(write_csv(tmp_path / "region.csv", lines, delimiter, encoding))

    assert done.exit_code == 0, done.output
    assert pq.read_table(tmp_path / "pairs.parquet").to_pylist() == expected


def test_numbers_stay_numbers_and_dates_are_read(tmp_path: Path) -> None:
    born = pa.array([date(1946, 3, 14), date(1980, 2, 3), date(1946, 3, 14), None], pa.date32())
    file = write_parquet(tmp_path / "region.parquet", FILE, record_id=pa.array([10, 20, 30, 40]), birth_date=born)

    done = run(file, "--clusters", tmp_path / "persons.parquet")

    assert done.exit_code == 0, done.output
    pairs = pq.read_table(tmp_path / "pairs.parquet")
    assert pairs.schema.field("id_l").type == pa.int64()
    assert {(pair["id_l"], pair["id_r"]): pair["decision"] for pair in pairs.to_pylist()}[10, 30] == "link"
    assert pq.read_table(tmp_path / "persons.parquet")["person"].to_pylist() == [10, 20, 10, 40]


def test_the_columns_are_those_of_a_load() -> None:
    assert COLUMNS == load.COLUMNS


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "region.csv"
    file.touch()

    assert refusal(file) == "Le fichier est vide."


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert "n'a qu'un en-tête" in refusal(write_csv(tmp_path / "region.csv", []))
    assert "n'a qu'un en-tête" in refusal(write_parquet(tmp_path / "region.parquet", []))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({name: ["1"] for name in COLUMNS if name != "birth_date"}), tmp_path / "region.parquet")

    assert refusal(tmp_path / "region.parquet") == "Il manque au fichier les colonnes : birth_date."


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("postcode", pa.array([1000, 1000, 1000, 1000])),
        ("phone", pa.array([6.1, 6.2, 6.3, None])),
        ("record_id", pa.array([1.0, 2.0, 3.0, 4.0])),
        ("birth_family", pa.array([["A"], ["B"], ["C"], ["D"]])),
    ],
    ids=["postcode as number", "phone as number", "fractional number", "list of names"],
)
def test_a_column_of_the_wrong_type_is_named(tmp_path: Path, column: str, values: pa.Array) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE, **{column: values})

    assert f"La colonne {column} doit être un texte" in refusal(file)


def test_a_number_that_comes_twice_is_refused_and_at_most_three_are_told(tmp_path: Path) -> None:
    lines = [JEANNE | {"record_id": f"N{number % 50}"} for number in range(100)]

    told = refusal(write_csv(tmp_path / "region.csv", lines))

    assert "50 numéros reviennent plusieurs fois" in told
    assert told.count("N") == 3


@pytest.mark.parametrize("missing", [None, ""], ids=["null", "empty"])
def test_a_record_without_a_number_is_refused(tmp_path: Path, missing: str | None) -> None:
    lines = [JEANNE, OTTO | {"record_id": missing}, AGAIN | {"record_id": missing}]

    assert "Il manque un record_id à 2 lignes" in refusal(write_parquet(tmp_path / "region.parquet", lines))


def test_a_csv_that_is_not_utf8_is_refused_with_the_line(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "region.csv", FILE)
    with file.open("ab") as stream:
        stream.write("9,A,FRANÇOIS,,,,,,,,,,,,\n".encode("latin-1"))

    assert refusal(file) == (
        "Le fichier doit être en UTF-8 : sa ligne 6 ne l'est pas. Enregistrez-le comme « CSV UTF-8 »."
    )


def test_torn_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "region.csv", FILE)
    with file.open("a", encoding="utf-8") as stream:
        stream.write("5,A,DURAND\n6,A,DURAND" + "," * 20 + "\n")

    done = run(file)

    assert done.exit_code == 0, done.output
    assert "Lignes laissées de côté, leurs colonnes ne sont pas celles de l'en-tête : 2." in done.stdout
    assert done.stdout.startswith("4 identités")


def test_values_that_cannot_be_read_are_counted_and_the_first_is_told(tmp_path: Path) -> None:
    wrong = [line | {"birth_date": "1946-13-01", "phone": "12"} for line in FILE[1:3]]

    done = run(write_csv(tmp_path / "region.csv", [FILE[0], *wrong]))

    first = FILE[1]["record_id"]
    assert (
        f"comptées comme absentes (et le premier record_id) : birth_date 2 ({first}), phone 2 ({first})."
        in done.stdout
    )


def test_a_file_of_torn_lines_only_is_refused_for_what_it_is(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "region.csv", [])
    with file.open("a", encoding="utf-8") as stream:
        stream.write("5,A,DURAND\n6,A,DURAND" + "," * 20 + "\n")

    assert refusal(file) == "Aucune identité à lire : 2 lignes du fichier n'ont pas les colonnes de l'en-tête."


def test_a_refusal_ends_the_process_and_never_aborts_it(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "region.csv", [])
    with file.open("a", encoding="utf-8") as stream:
        stream.write("5,A,DURAND\n6,A,DURAND\n")
    command = [sys.executable, "-m", "hub", "identities", "dedupe", file, "--out", tmp_path / "pairs.parquet"]

    # Arrow's threads let go of what they hold when they like: one time in four after the interpreter had gone.
    codes = [subprocess.run(command, capture_output=True).returncode for _ in range(10)]

    assert codes == [1] * 10


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("region.csv", lambda text: text.upper(), "en minuscules, sans espace"),
        ("region.csv", lambda text: text.replace(",", "\t"), "séparées par des tabulations"),
        ("region.csv", lambda text: text.replace("used_family", "birth_family", 1), "plusieurs colonnes du même nom"),
        ("region.parquet", lambda _: "Bonjour,\nPaul", "Le nom du fichier dit Parquet"),
    ],
    ids=["capitals", "tabs", "one name twice", "a text that is called Parquet"],
)
def test_a_header_that_nearly_fits_says_how_to_mend_it(
    tmp_path: Path, name: str, change: Callable[[str], str], told: str
) -> None:
    file = write_csv(tmp_path / name, FILE)
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    assert told in refusal(file)
    with pytest.raises(Invalid, match=told):
        load.read_lines(file)


@pytest.mark.parametrize("engine", ["local", "spark", "load"])
@pytest.mark.parametrize(
    ("at", "address", "line"),
    [
        ([2], '"17 ALL GAMBETTA', 4),
        ([1, 3], '"17 ALL GAMBETTA', 3),
        ([3], '"17 ALL GAMBETTA\nBAT B"', 5),
        ([3], '"17 ALL "GAMBETTA', 5),
    ],
    ids=["one stray quote", "two stray quotes", "a value on two lines", "a quote in a quoted value"],
)
def test_a_quote_that_would_take_other_lines_is_refused_with_its_line(
    tmp_path: Path, engine: str, at: list[int], address: str, line: int
) -> None:
    file = write_csv(tmp_path / "region.csv", [*FILE, *(SISTER | {"record_id": f"S{rank}"} for rank in range(5))])
    lines = file.read_text(encoding="utf-8").splitlines()
    for rank in at:
        lines[rank + 1] = lines[rank + 1].replace(",58000", f"{address},58000")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    if engine != "local":
        with pytest.raises(Invalid) as refused:
            regional_file.check_form(file) if engine == "spark" else load.read_lines(file)
        told = refused.value.message
    else:
        told = refusal(file)

    assert told.startswith(f"Ligne {line} du fichier : un guillemet y ouvre une valeur et ne la ferme pas à sa fin.")


def test_a_damaged_parquet_is_refused(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)
    file.write_bytes(file.read_bytes()[:-20])

    assert "ne peut pas être lu" in refusal(file)


def test_another_format_of_model_is_refused(tmp_path: Path) -> None:
    content = json.loads(config.linkage_model_file().read_text(encoding="utf-8")) | {"format": 1}
    (tmp_path / "model.json").write_text(json.dumps(content), encoding="utf-8")
    file = write_parquet(tmp_path / "region.parquet", FILE)

    assert "Le modèle model.json est refusé" in refusal(file, "--model", tmp_path / "model.json")


def test_the_model_in_force_is_found_without_other_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HUB_LINKAGE_MODEL", "linkage/mine.json")

    assert config.linkage_model_file() == tmp_path / "linkage" / "mine.json"
    assert "mine.json ne peut pas être lu" in refusal(write_parquet(tmp_path / "region.parquet", FILE))


def test_the_file_is_never_written_over(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)
    (tmp_path / "link.parquet").symlink_to(file)

    assert "est le fichier lu" in refusal(file, "--out", file)
    assert "est le fichier lu" in refusal(file, "--clusters", tmp_path / "link.parquet")


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    file, pipe = write_parquet(tmp_path / "region.parquet", FILE), tmp_path / "pipe"
    os.mkfifo(pipe)

    assert "n'est pas un fichier ordinaire" in refusal(file, "--out", pipe)
    assert "n'est pas un fichier ordinaire" in refusal(file, "--clusters", pipe)
    assert "Ce n'est pas un fichier ordinaire" in refusal(pipe)
    assert pipe.is_fifo()
    assert "est un lien vers un fichier qui n'existe pas" in refusal(file, "--out", _link(tmp_path, "nowhere"))


def _link(folder: Path, name: str) -> Path:
    link = folder / f"link to {name}"
    link.symlink_to(folder / name)
    return link


def test_through_a_link_the_file_that_it_names_is_replaced(tmp_path: Path) -> None:
    file, pairs = write_parquet(tmp_path / "region.parquet", FILE), tmp_path / "pairs.parquet"
    assert run(file).exit_code == 0
    link = _link(tmp_path, pairs.name)
    pairs.write_bytes(b"")

    assert run(file, "--out", link).exit_code == 0

    assert link.is_symlink()
    assert pq.read_table(pairs).num_rows


def test_what_a_killed_run_left_is_removed_and_what_another_writes_is_not(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, busy = (tmp_path / f".pairs.parquet.{number}.part" for number in (dead.pid, os.getppid()))
    for path in (left, busy):
        path.write_bytes(b"PAR1")

    assert run(file).exit_code == 0

    assert not left.exists()
    assert busy.exists()


def test_an_order_to_stop_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(draft: Path, *_: object) -> None:
        draft.write_bytes(b"PAR1")
        os.kill(os.getpid(), signal.SIGTERM)

    file = write_parquet(tmp_path / "region.parquet", FILE)
    monkeypatch.setattr(deduplication, "_write_pairs", stopped)
    former = signal.getsignal(signal.SIGTERM)

    assert run(file).exit_code == 128 + signal.SIGTERM
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]
    assert signal.getsignal(signal.SIGTERM) is former


@pytest.mark.parametrize(
    ("err", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "il n'y a plus de place sur le disque"),
        (OSError(errno.EROFS, "Read-only file system"), "le support est en lecture seule"),
        (OSError("Error writing bytes to file. Detail: [errno 28] No space left"), "il n'y a plus de place"),
        (OSError("Something else"), "le système ne dit pas pourquoi"),
    ],
    ids=["full", "read-only", "full, as Arrow says it", "unknown"],
)
def test_what_the_system_refuses_is_said_in_french(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, err: OSError, told: str
) -> None:
    def refused(*_: object) -> None:
        raise err

    file = write_parquet(tmp_path / "region.parquet", FILE)
    monkeypatch.setattr(deduplication, "_write_pairs", refused)

    assert told in refusal(file)


def test_a_name_too_long_is_refused(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)

    assert "son nom est trop long" in refusal(file, "--out", tmp_path / ("x" * 300))
    assert "son nom est trop long" in refusal(file, "--out", tmp_path / ("x" * 250))


def test_a_file_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    written = JEANNE | {"postcode": "01250", "birth_place": "01053", "email": "jeanne@a.fr"}
    again = written | {
        "record_id": "3",
        "source": "B",
        "birth_date": "14/03/1946",
        "birth_place": "1053",
        "postcode": "1250",
        "phone": "612345679",
        "email": "mailto:Jeanne@a.fr",
    }
    alike = written | {"record_id": "3", "source": "B"}

    scores = []
    for lines in ([written, again, OTTO], [written, alike, OTTO]):
        assert run(write_csv(tmp_path / "region.csv", lines)).exit_code == 0
        scores.append(pq.read_table(tmp_path / "pairs.parquet").to_pylist())

    assert scores[0] == scores[1]
    assert [pair["decision"] for pair in scores[0]] == ["link"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 and more", "un classeur (xlsx, ods)"),
        (b"\x1f\x8b and more", "une archive gzip"),
        (b"%PDF-1.7", "un PDF"),
        ("record_id,source\n".encode("utf-16"), "UTF-16"),
        (",".join(COLUMNS).encode() + b"\r1,A\r", "un retour chariot seul"),
    ],
    ids=["workbook", "gzip", "pdf", "utf-16", "carriage returns"],
)
def test_what_is_no_csv_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "region.csv"
    file.write_bytes(content)

    assert told in refusal(file)


def test_earlier_outputs_are_replaced_and_other_files_are_not(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)
    other = write_parquet(tmp_path / "other.parquet", FILE)
    letter = tmp_path / "letter.txt"
    letter.write_text("Cher Paul", encoding="utf-8")

    for _ in range(2):
        assert run(file, "--clusters", tmp_path / "persons.parquet").exit_code == 0
    for mine in (other, letter):
        before = mine.read_bytes()
        assert "n'a pas été écrit par cette commande" in refusal(file, "--out", mine)
        assert mine.read_bytes() == before


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)

    assert "n'existe pas : créez-le" in refusal(file, "--clusters", tmp_path / "nowhere" / "persons.parquet")


def test_one_output_cannot_be_the_other(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)

    assert "choisissez deux noms" in refusal(file, "--clusters", tmp_path / "pairs.parquet")


def test_a_run_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)
    pq.write_table(pa.table({name: ["1"] for name in deduplication.PAIRS}), tmp_path / "pairs.parquet")
    before = (tmp_path / "pairs.parquet").read_bytes()
    order = Order(file, tmp_path / "pairs.parquet", tmp_path / "persons.parquet", None, "local")

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "write" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deduplication.run(order, interrupt)

    assert (tmp_path / "pairs.parquet").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.parquet", "region.parquet"]


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="ne peut pas être lu : il n'existe pas"):
        regional_file.read(tmp_path / "nothing.csv")


def test_the_command_imports_neither_the_application_nor_what_only_other_commands_need(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "region.parquet", FILE)
    script = "import sys; from hub.cli import main; main(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    arguments = ["identities", "dedupe", str(file), "--out", str(tmp_path / "pairs.parquet")]

    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)

    heavy = {"flask", "sqlalchemy", "fhir", "cryptography", "tqdm", "scipy", "pandas", "polars", "pyspark"}
    assert set(done.stdout.splitlines()[-1].split()) & heavy == set()


def test_pairs_left_out_are_told_in_french_and_never_more_than_there_are(tmp_path: Path) -> None:
    # One key of all, which no trait refines: a pair counts once for each refinement.
    alike: list[Line] = [
        {"record_id": str(rank), "source": "A", "birth_family": _name(rank), "given_names": _name(rank + 7)}
        | {"phone": "0612345679", "birth_place": "58194", "postcode": "58000"}
        for rank in range(MOST_BEARERS)
    ]

    done = run(write_parquet(tmp_path / "region.parquet", alike))

    examined = pq.read_table(tmp_path / "pairs.parquet").num_rows
    left_out = written(MOST_BEARERS * (MOST_BEARERS - 1) // 2 - examined)
    assert f"se ressemblent sous une même clé : téléphone, au plus {left_out}." in done.stdout


def test_a_telephone_of_too_many_is_told_and_does_not_count(tmp_path: Path) -> None:
    numbers = range(MOST_BEARERS + 1)
    strangers: list[Line] = [
        {"record_id": str(rank), "source": "A", "birth_family": _name(rank), "given_names": _name(rank + 7)}
        | {"phone": "0472119900"}
        for rank in numbers
    ]

    done = run(write_parquet(tmp_path / "region.parquet", strangers))

    assert "Ne compte pas ce que plus de 200 identités portent" in done.stdout
    assert "(un accueil, un établissement) : téléphone, 201 identités." in done.stdout
    assert pq.read_table(tmp_path / "pairs.parquet").num_rows == 0


def test_every_kind_of_key_that_may_leave_pairs_out_has_a_french_name() -> None:
    assert tuple(unexamined.NAMES) == KINDS


def test_a_wide_search_compares_who_shares_one_trait_alone(tmp_path: Path) -> None:
    numbers = range(60_000)
    strangers: list[Line] = [
        {"record_id": f"s{number}", "source": "A", "birth_family": _name(number), "given_names": _name(number + 7)}
        for number in numbers
    ]
    one: Line = {"record_id": "one", "source": "A", "birth_family": "ZWEIG", "given_names": "OTTO", "sex": "M"}
    other = one | {"record_id": "other", "given_names": "PAUL"}
    file = write_parquet(tmp_path / "region.parquet", [one, *strangers, other])

    usual = run(file)
    few = pq.read_table(tmp_path / "pairs.parquet").num_rows
    done = run(file, "--wide")

    assert (usual.exit_code, few, done.exit_code) == (0, 0, 0)
    pairs = pq.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert ("one", "other") in {(pair["id_l"], pair["id_r"]) for pair in pairs}


def _name(number: int) -> str:
    """Return a name that sounds like no other number's."""
    sounds = ("BA", "KO", "DU", "FI", "LA", "MO", "NU", "PI", "RA", "VO", "TU", "ZI", "JA", "BRO", "KLU", "DRI")
    return "".join(sounds[number >> shift & 15] for shift in (12, 8, 4, 0))
