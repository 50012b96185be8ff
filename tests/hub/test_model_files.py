"""Models learned, shown, compared and measured from files, as an operator does; no database is needed."""

import errno
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from hub.cli import main
from identity.model import parse_model
from tests.identity.factories import MODEL_FILE
from tests.live import ROOT

GENERATOR = ROOT / "data" / "demonstration" / "generate.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a small region with their truth, one held out, and a model learned from them."""
    out = tmp_path_factory.mktemp("models")
    for number, seed in enumerate(("41", "42"), start=1):
        files = ("--file", str(out / f"f{number}.parquet"), "--truth", str(out / f"t{number}.parquet"))
        command = [sys.executable, str(GENERATOR), "--seed", seed, "--records", "2500", "--difficulty", "1.5", *files]
        subprocess.run(command, check=True, capture_output=True)
    learned = train(out, "learned.json")
    assert learned.exit_code == 0, learned.output
    return out


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["model", *map(str, arguments)])


def train(folder: Path, out: str, *more: object) -> Result:
    return run(
        "train", "--file", folder / "f1.parquet", "--truth", folder / "t1.parquet",
        "--calibrate-file", folder / "f2.parquet", "--calibrate-truth", folder / "t2.parquet",
        "--false-links", "200", "--version", "essai", "--made", "2026-11-23", "--out", folder / out, *more,
    )  # fmt: skip


def _write_csv(source: Path, out: Path, delimiter: str) -> None:
    _write_csv_of(parquet.read_table(source), out, delimiter)


def _write_csv_of(table: pa.Table, out: Path, delimiter: str = ",") -> None:
    arrow_csv.write_csv(table, out, arrow_csv.WriteOptions(delimiter=delimiter))


def test_a_model_is_learned_with_thresholds_for_the_rate_asked(folder: Path) -> None:
    again = train(folder, "again.json")

    model = parse_model((folder / "again.json").read_text(encoding="utf-8"))
    assert model.version == "essai"
    assert model.minor_from == 2001
    assert model.caution == -2
    assert model.thresholds.review < model.thresholds.link
    assert "f1.parquet" in model.how_made
    assert "au plus 1 sur" in again.output
    assert "revues pour 100 vraies paires" in again.output


def test_the_same_files_give_the_same_bytes(folder: Path) -> None:
    again = train(folder, "same.json")

    assert again.exit_code == 0
    assert (folder / "same.json").read_bytes() == (folder / "learned.json").read_bytes()


def test_csv_and_parquet_teach_the_same(folder: Path, tmp_path: Path) -> None:
    # The same names, as a model tells which files it was learned from.
    _write_csv(folder / "f1.parquet", tmp_path / "f1.parquet", ";")
    _write_csv(folder / "t1.parquet", tmp_path / "t1.parquet", ",")
    shutil.copy(folder / "f2.parquet", tmp_path)
    shutil.copy(folder / "t2.parquet", tmp_path)

    done = train(tmp_path, "csv.json")

    assert done.exit_code == 0, done.output
    assert (tmp_path / "csv.json").read_bytes() == (folder / "learned.json").read_bytes()


def test_a_model_file_is_replaced_only_by_force(folder: Path) -> None:
    kept = (folder / "learned.json").read_bytes()

    refused = train(folder, "learned.json")
    forced = train(folder, "learned.json", "--force")

    assert (refused.exit_code, forced.exit_code) == (1, 0)
    assert "--force" in refused.output
    assert (folder / "learned.json").read_bytes() == kept


def test_a_model_is_adapted_to_a_region_without_labels(folder: Path) -> None:
    options = ("--file", folder / "f2.parquet", "--base", folder / "learned.json", "--version", "region")

    done = run("train", *options, "--made", "2026-11-23", "--out", folder / "adapted.json", "--force")

    assert done.exit_code == 0, done.output
    adapted, base = (parse_model((folder / name).read_text()) for name in ("adapted.json", "learned.json"))
    assert adapted.thresholds == base.thresholds
    assert adapted.levels != base.levels
    assert "sans étiquettes" in adapted.how_made
    assert adapted.how_made.endswith("seuils et probabilités repris de ce modèle.")
    assert "lien faux" not in adapted.how_made
    assert "Seuils et probabilités repris" in done.output


def test_a_model_adapted_from_one_without_bits_for_no_rule_has_none(folder: Path, tmp_path: Path) -> None:
    content = json.loads((folder / "learned.json").read_text(encoding="utf-8"))
    assert content.pop("unopposed") == 2
    former, out = tmp_path / "former.json", tmp_path / "adapted.json"
    former.write_text(json.dumps(content), encoding="utf-8")

    done = run("train", "--file", folder / "f2.parquet", "--base", former, "--version", "region", "--out", out)

    assert done.exit_code == 0, done.output
    # Its thresholds are those of the base, and were chosen without them.
    assert parse_model(out.read_text(encoding="utf-8")).unopposed == 0


def test_a_model_is_learned_anew_without_labels_and_its_doubts_are_told(folder: Path, tmp_path: Path) -> None:
    options = ("--file", folder / "f2.parquet", "--base", folder / "learned.json", "--version", "ailleurs", "--anew")
    outs = [tmp_path / "anew.json", tmp_path / "again.json"]

    done, again = (run("train", *options, "--made", "2026-11-23", "--out", out) for out in outs)

    assert (done.exit_code, again.exit_code) == (0, 0), done.output
    assert outs[0].read_bytes() == outs[1].read_bytes()
    learned = parse_model(outs[0].read_text(encoding="utf-8"))
    assert "sans étiquettes, à neuf, sur ce que suppose le modèle essai" in learned.how_made
    assert "Poids tirés de suppositions : mesurez ce modèle" in done.output


def test_a_file_of_few_doubles_teaches_little_and_it_is_said(folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.parquet"
    parquet.write_table(parquet.read_table(folder / "f2.parquet").slice(0, 200), few)

    done = run(
        "train", "--file", few, "--base", folder / "learned.json", "--version", "x", "--out", tmp_path / "few.json"
    )

    assert done.exit_code == 0, done.output
    assert "c'est peu pour en apprendre" in done.output


def test_learning_anew_asks_for_a_base_and_no_truth(folder: Path, tmp_path: Path) -> None:
    file, truth, out = folder / "f1.parquet", folder / "t1.parquet", tmp_path / "never.json"

    for options in (("--anew",), ("--anew", "--truth", truth)):
        refused = run("train", "--file", file, *options, "--version", "x", "--out", out)
        assert refused.exit_code == 1
        assert "--anew sert à apprendre sans vérité" in refused.output
    refused = run(
        "train", "--file", file, "--truth", truth, "--base", folder / "learned.json", "--anew", "--version", "x",
        "--out", out,
    )  # fmt: skip
    assert "--base sert à apprendre sans vérité" in refused.output
    assert not out.exists()


def test_a_rate_that_no_threshold_holds_is_told_and_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "never.json"

    done = run(
        "train", "--file", folder / "f1.parquet", "--truth", folder / "t1.parquet", "--version", "x",
        "--false-links", "100000000", "--calibrate-file", folder / "f2.parquet",
        "--calibrate-truth", _shuffled(folder / "t2.parquet", tmp_path), "--out", out,
    )  # fmt: skip

    assert done.exit_code == 1
    assert "Aucun seuil ne tient" in done.output
    assert not out.exists()


def _shuffled(truth: Path, folder: Path) -> Path:
    """Write a truth by which no two records are one person, but for the two last."""
    table = parquet.read_table(truth)
    persons = [*range(len(table) - 1), len(table) - 2]
    path = folder / "apart.parquet"
    parquet.write_table(pa.table({"record_id": table["record_id"], "person_id": persons}), path)
    return path


def test_a_model_is_shown_in_words(folder: Path) -> None:
    shown = run("show", folder / "learned.json").output

    for words in ("Modèle essai", "Nom de naissance identique", "Lien à partir de", "Empreinte", "pris ensemble"):
        assert words in shown


def test_no_figure_told_has_a_decimal_point(folder: Path, tmp_path: Path) -> None:
    files = ("--file", folder / "f2.parquet", "--truth", folder / "t2.parquet")
    learned = train(folder, "commas.json")

    shown, measured = run("show", folder / "learned.json"), run("evaluate", MODEL_FILE, *files)

    for done in (learned, shown, measured):
        assert re.search(r"\d,\d", done.output)
        assert not re.search(r"\d\.\d", done.output), done.output


def test_two_models_are_compared_on_a_file(folder: Path) -> None:
    files = (folder / "learned.json", MODEL_FILE, "--file", folder / "f2.parquet")

    told = run("compare", *files, "--truth", folder / "t2.parquet").output
    blind = run("compare", *files).output
    figures = json.loads(run("compare", *files, "--truth", folder / "t2.parquet", "--json").output)
    same = run("compare", MODEL_FILE, MODEL_FILE, "--file", folder / "f2.parquet").output

    assert "décisions changent" in told
    assert "dont" in told
    assert "Meilleur F1" in told
    assert "Meilleur F1" not in blind
    assert figures["changed"] <= figures["pairs"]
    assert len(figures["figures"]) == 2
    assert same.splitlines()[1].startswith("0 décision change")


def test_two_models_are_compared_by_what_they_weigh_without_any_file(folder: Path) -> None:
    learned = folder / "learned.json"

    told = run("compare", MODEL_FILE, learned).output
    weights = json.loads(run("compare", MODEL_FILE, learned, "--json").output)
    same = run("compare", MODEL_FILE, MODEL_FILE).output
    refused = run("compare", MODEL_FILE, learned, "--truth", folder / "t2.parquet")

    shipped, other = parse_model(MODEL_FILE.read_text()), parse_model(learned.read_text())
    assert told.splitlines()[0] == f"{shipped.version} → {other.version}"
    assert "Poids qui diffèrent le plus" in told
    assert [limits["link"] for limits in weights["thresholds"]] == [shipped.thresholds.link, other.thresholds.link]
    first = weights["weights"][0]
    assert other.levels[first["trait"]][first["level"]] == first["after"] != first["before"]
    assert "decisions" not in weights
    assert "Les seuils sont les mêmes." in same
    assert "Poids" not in same
    assert refused.exit_code == 1
    assert "--file" in refused.output


def test_the_model_that_came_with_the_hub_is_shown_and_measured_unless_another_is_named(folder: Path) -> None:
    files = ("--file", folder / "f2.parquet", "--truth", folder / "t2.parquet")

    assert run("show").output == run("show", MODEL_FILE).output
    assert run("evaluate", *files).output == run("evaluate", MODEL_FILE, *files).output


def test_a_model_is_measured_and_the_report_holds_nobodys_trait(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "rapport.html"
    files = ("--file", folder / "f2.parquet", "--truth", folder / "t2.parquet", "--out", out)

    told = run("evaluate", MODEL_FILE, *files)
    refused = run("evaluate", MODEL_FILE, *files)
    page = out.read_text(encoding="utf-8")

    assert told.exit_code == 0, told.output
    assert refused.exit_code == 1
    for words in ("Erreurs par cause", "Travail des officiers", "Poids", "Meilleur F1", "<svg"):
        assert words in page
    assert "://" not in page
    assert "src=" not in page
    assert "<script" not in page
    assert "Content-Security-Policy" in page
    traits = parquet.read_table(folder / "f2.parquet", columns=["birth_family", "phone", "email", "ins", "address"])
    values = {value for column in traits.columns for value in column.to_pylist() if value and len(value) > 5}
    assert [value for value in values if value in page] == []


def test_figures_are_written_as_json(folder: Path) -> None:
    files = ("--file", folder / "f2.parquet", "--truth", folder / "t2.parquet", "--json")

    content = json.loads(CliRunner().invoke(main, ["model", "evaluate", str(MODEL_FILE), *map(str, files)]).stdout)

    assert content["version"] == "2026-8"
    assert len(content["model"]) == 64
    assert 0.9 < content["figures"]["best_f1"] <= 1
    assert set(content["figures"]["at_precision"]) == {"0.999", "0.9999"}


def test_a_label_of_the_truth_cannot_write_into_the_report(folder: Path, tmp_path: Path) -> None:
    table = parquet.read_table(folder / "t2.parquet")
    labels = ["<script>alert(1)</script>"] * len(table)
    position = table.column_names.index("case")
    parquet.write_table(table.set_column(position, "case", pa.array(labels)), tmp_path / "t.parquet")
    out = tmp_path / "rapport.html"

    done = run(
        "evaluate", MODEL_FILE, "--file", folder / "f2.parquet", "--truth", tmp_path / "t.parquet", "--out", out
    )

    assert done.exit_code == 0
    assert "<script" not in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"{", "JSON", id="not JSON"),
        pytest.param("é".encode("latin-1"), "UTF-8", id="not UTF-8"),
        pytest.param(b'{"format": 1}', "format", id="another format"),
        pytest.param(b'{"format": 5, "version": "x"}', "made", id="incomplete"),
        pytest.param(b"[]", "objet", id="not an object"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused(folder: Path, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(content)

    for arguments in (
        ("show", path),
        ("compare", MODEL_FILE, path, "--file", folder / "f2.parquet"),
        ("train", "--file", folder / "f2.parquet", "--base", path, "--version", "x", "--out", tmp_path / "x.json"),
        ("evaluate", path, "--file", folder / "f2.parquet", "--truth", folder / "t2.parquet"),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert words in refused.output
        assert "Traceback" not in refused.output


def test_a_truth_in_which_everybody_is_alone_measures_nothing(folder: Path, tmp_path: Path) -> None:
    truth = parquet.read_table(folder / "t2.parquet")
    alone = truth.set_column(truth.column_names.index("person_id"), "person_id", truth["record_id"])
    parquet.write_table(alone, tmp_path / "alone.parquet")

    refused = run(
        "evaluate", folder / "learned.json", "--file", folder / "f2.parquet", "--truth", tmp_path / "alone.parquet"
    )

    assert refused.exit_code == 1
    assert "alone.parquet : aucune personne n'y a deux identités" in refused.output


def test_a_model_that_tells_no_population_cannot_be_adapted(folder: Path, tmp_path: Path) -> None:
    content = json.loads((folder / "learned.json").read_text())
    del content["population"]
    (tmp_path / "old.json").write_text(json.dumps(content))

    options = ("--file", folder / "f2.parquet", "--base", tmp_path / "old.json", "--version", "x")
    refused = run("train", *options, "--out", tmp_path / "x.json")

    assert refused.exit_code == 1
    assert "ne peut pas être adapté" in refused.output


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        pytest.param({"record_id": ["0"], "someone": [1]}, "person_id", id="no column"),
        pytest.param({"record_id": ["0", "unknown"], "person_id": [1, 2]}, "n'est pas dans le fichier", id="unknown"),
        pytest.param({"record_id": ["0", "0"], "person_id": [1, 2]}, "plusieurs fois", id="twice"),
        pytest.param({"record_id": ["0", None], "person_id": [1, 2]}, "un record_id à 1 ligne", id="no number"),
        pytest.param({"record_id": ["0", "1", "2"], "person_id": [1, None, None]}, "à 2 lignes", id="no person"),
    ],
)
def test_a_truth_that_is_not_of_the_file_is_refused(
    folder: Path, tmp_path: Path, truth: dict[str, list[object]], words: str
) -> None:
    parquet.write_table(pa.table(truth), tmp_path / "t.parquet")

    refused = run("evaluate", MODEL_FILE, "--file", folder / "f2.parquet", "--truth", tmp_path / "t.parquet")

    assert refused.exit_code == 1
    assert words in refused.output


@pytest.mark.parametrize("blank", ["", " "], ids=["empty", "space"])
def test_identities_without_a_person_are_not_taken_for_one(folder: Path, tmp_path: Path, blank: str) -> None:
    truth = tmp_path / "t.csv"
    lines = [f"{number},{blank if number % 5 == 3 else number}\n" for number in range(2500)]
    truth.write_text("record_id,person_id\n" + "".join(lines), encoding="utf-8")
    out = tmp_path / "x.json"

    measured = run("evaluate", MODEL_FILE, "--file", folder / "f2.parquet", "--truth", truth)
    learned = run("train", "--file", folder / "f2.parquet", "--truth", truth, "--version", "x", "--out", out)

    for refused in (measured, learned):
        assert refused.exit_code == 1
        assert "il manque un person_id à 500 lignes de la vérité, dont celle du record_id 3." in refused.output
        assert "même seule à le porter" in refused.output
    assert not out.exists()


def test_a_truth_that_is_no_table_is_refused(folder: Path, tmp_path: Path) -> None:
    for content in (b"", b"PAR1 torn", b"record_id,person_id\n0,\xe9\n"):
        (tmp_path / "t.csv").write_bytes(content)

        refused = run("evaluate", MODEL_FILE, "--file", folder / "f2.parquet", "--truth", tmp_path / "t.csv")

        assert refused.exit_code == 1
        assert "Traceback" not in refused.output
        assert "t.csv" in refused.output


@pytest.mark.parametrize("column", ["person_id", "case"])
def test_a_truth_with_a_column_twice_is_refused(folder: Path, tmp_path: Path, column: str) -> None:
    table = parquet.read_table(folder / "t2.parquet").select(["record_id", "person_id"])
    table = table if column == "person_id" else table.append_column("case", table["person_id"])
    _write_csv_of(table.append_column(column, table["person_id"]), tmp_path / "t.csv")

    refused = run("evaluate", MODEL_FILE, "--file", folder / "f2.parquet", "--truth", tmp_path / "t.csv")

    assert refused.exit_code == 1
    assert f"plusieurs colonnes du même nom : {column}" in refused.output


@pytest.mark.parametrize("read", ["f.parquet", "t.parquet", "model.json"])
def test_no_input_is_ever_written_over(folder: Path, tmp_path: Path, read: str) -> None:
    for name, source in (("f", folder / "f2.parquet"), ("t", folder / "t2.parquet")):
        (tmp_path / f"{name}.parquet").write_bytes(source.read_bytes())
    (tmp_path / "model.json").write_bytes((folder / "learned.json").read_bytes())
    before = (tmp_path / read).read_bytes()
    known = ("--file", tmp_path / "f.parquet", "--truth", tmp_path / "t.parquet", "--out", tmp_path / read, "--force")
    orders = [("evaluate", tmp_path / "model.json", *known)]
    if read != "model.json":
        orders.append(("train", *known, "--version", "x"))

    for order in orders:
        refused = run(*order)

        assert refused.exit_code == 1
        assert "Le fichier de sortie est le fichier lu" in refused.output
        assert (tmp_path / read).read_bytes() == before


def test_a_report_that_cannot_be_written_leaves_the_former_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.html"
    report.write_text("Mars", encoding="utf-8")

    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    known = ("--file", folder / "f2.parquet", "--truth", folder / "t2.parquet")
    refused = run("evaluate", MODEL_FILE, *known, "--out", report, "--force")

    assert refused.exit_code == 1
    assert "ne peut pas être écrit : il n'y a plus de place sur le disque." in refused.output
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"Mars"]


def test_a_file_without_pairs_teaches_nothing(folder: Path, tmp_path: Path) -> None:
    for part, kept in (("f", 1), ("t", 1)):
        parquet.write_table(
            parquet.read_table(folder / f"{part}1.parquet").slice(0, kept), tmp_path / f"{part}.parquet"
        )

    options = ("--file", tmp_path / "f.parquet", "--truth", tmp_path / "t.parquet", "--version", "x")
    refused = run("train", *options, "--out", tmp_path / "x.json")

    assert refused.exit_code == 1
    assert "aucune paire" in refused.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--truth", "t1.parquet", "--base", "learned.json"), "--base"),
        ((), "--base"),
        (("--truth", "t1.parquet", "--truth", "t2.parquet"), "une vérité pour chaque fichier"),
        (("--truth", "t1.parquet", "--calibrate-file", "f2.parquet"), "--calibrate-truth"),
        (("--truth", "t1.parquet", "--made", "demain"), "--made"),
        (("--truth", "t1.parquet", "--safety", "0.5"), "--safety"),
        (("--truth", "t1.parquet", "--safety", "inf"), "--safety"),
        (("--truth", "t1.parquet", "--young", "999"), "--young"),
        (("--truth", "t1.parquet", "--file", "f1.parquet", "--truth", "t1.parquet"), "deux fois"),
        (("--truth", "t1.parquet", "--calibrate-file", "f1.parquet", "--calibrate-truth", "t1.parquet"), "deux fois"),
        (("--truth", "t1.parquet", "--link", "2", "--review", "3"), "--review"),
        (("--truth", "t1.parquet", "--link", "nan"), "--link"),
        (("--truth", "t1.parquet", "--review", "inf"), "--review"),
        (("--truth", "t1.parquet", "--surnames", "t1.parquet"), "UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "nothing",
)
def test_an_order_that_contradicts_itself_is_refused(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    named = [folder / word if word.endswith((".parquet", ".json")) else word for word in arguments]

    refused = run("train", "--file", folder / "f1.parquet", "--version", "x", "--out", tmp_path / "x.json", *named)

    assert refused.exit_code == 1
    assert words in refused.output
    assert not (tmp_path / "x.json").exists()
