"""The official deaths file: two forms, two encodings, bad lines explained, loads that stop and go on."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from hub.audit.trail import SYSTEM
from hub.commands.deaths import load_deaths
from hub.config import inherited
from hub.errors import Conflict, Invalid
from hub.registry import death_checks, deaths_file, deaths_load
from hub.registry.deaths_file import COLUMNS, Form
from hub.registry.deaths_load import CHUNK, Loading, Progress
from hub.registry.tables import RecordedDeath
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import SOLENE, incoming, rows, send

TODAY = date(2026, 11, 23)
NAMES = "BAUDRILLARD*SOLENE MARTHE/"


def fixed(
    names: str = NAMES,
    sex: str = "2",
    born: str = "19840517",
    place: str = "69381",
    town: str = "LYON 1ER ARRONDISSEMENT",
    country: str = "",
    died: str = "20260301",
    where: str = "69123",
    act: str = "42",
) -> str:
    return f"{names:<80}{sex}{born}{place:<5}{town:<30}{country:<30}{died}{where:<5}{act:<9}"


def stranger(number: int, **more: str) -> str:
    letters = "".join("ABCDEFGHIJ"[int(digit)] * 2 for digit in f"{number:04d}")
    return fixed(f"{letters}*INCONNUE{letters}/", **more)


def write(path: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode(encoding))
    return path


def load(app: Flask, path: Path, report: Callable[[Progress], None] = lambda _: None) -> Progress:
    loading = Loading(
        registrar=lambda: parts_of(app).registrar,
        actor=SYSTEM,
        rejected=path.with_suffix(".rejets.csv"),
        documents=death_checks.no_documents,
        report=report,
    )
    with app.app_context():
        return deaths_load.load(path, deaths_file.survey(path), loading)


def remarks(path: Path) -> list[dict[str, str]]:
    with path.with_suffix(".rejets.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def know_solene(app: Flask) -> int:
    return send(app, incoming(make_structure(app))).identity.id


def read_one(text: str) -> tuple[Any, list[str]]:
    known = deaths_file.Survey(Form.FIXED, 1)
    death, found = deaths_file.read_death(deaths_file.RawLine(1, text), known, TODAY)
    return death, [remark.code for remark in found]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_death_is_flagged_on_the_identity_that_it_fits(app: Flask, tmp_path: Path, encoding: str, end: str) -> None:
    identity_id = know_solene(app)
    accented = stranger(1, country="CÔTE D'IVOIRE", place="99326")
    path = write(tmp_path / "deces.txt", accented, fixed(), encoding=encoding, end=end)

    done = load(app, path)

    assert done == Progress(2, 1, 0, 0)
    (row,) = rows(app, RecordedDeath)
    assert (row.source_identity_id, row.teller, row.state) == (identity_id, "file", "flagged")
    assert (row.death_date, row.place, row.act_number) == ("2026-03-01", "69123", "42")
    assert not path.with_suffix(".rejets.csv").exists()


@pytest.mark.parametrize("quote", ['"', ""], ids=["quoted", "bare"])
def test_a_csv_file_says_the_same(app: Flask, tmp_path: Path, quote: str) -> None:
    know_solene(app)
    cells = [NAMES, "2", "19840517", "69381", "LYON", "", "20260301", "69123", "42"]
    header = ";".join(f"{quote}{name}{quote}" for name in COLUMNS)
    path = write(tmp_path / "deces.csv", header, ";".join(f"{quote}{cell}{quote}" for cell in cells), "a;b;c")

    done = load(app, path)

    assert done == Progress(2, 1, 0, 1)
    assert [(remark["ligne"], remark["code"]) for remark in remarks(path)] == [("3", "columns")]


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        pytest.param(fixed("BAUDRILLARD SOLENE"), "nomprenom", "name-format", id="no star"),
        pytest.param(fixed("*SOLENE/"), "nomprenom", "name-format", id="no name"),
        pytest.param(fixed("BAUDR1LLARD*SOLENE/"), "nomprenom", "trait-charset", id="digit in a name"),
        pytest.param(fixed(sex="3"), "sexe", "code-invalid", id="sex"),
        pytest.param(fixed(born="19840231"), "datenaiss", "date-format", id="impossible birth"),
        pytest.param(fixed(born="1984 517"), "datenaiss", "date-format", id="space in a date"),
        pytest.param(fixed(died="20261301"), "datedeces", "date-format", id="impossible death"),
        pytest.param(fixed(died="20270101"), "datedeces", "date-future", id="future death"),
        pytest.param(fixed(died="19840516"), "datedeces", "death-before-birth", id="death before birth"),
        pytest.param("BAUDRILLARD*SOLENE/", "", "line-length", id="cut"),
        pytest.param("A" * 5_000, "", "line-length", id="huge"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_costs_no_other(
    app: Flask, tmp_path: Path, text: str, column: str, code: str
) -> None:
    know_solene(app)
    path = write(tmp_path / "deces.txt", stranger(1), "", text, fixed())

    done = load(app, path)

    assert done == Progress(3, 1, 0, 1)
    (remark,) = remarks(path)
    assert (remark["ligne"], remark["niveau"], remark["colonne"]) == ("3", "rejet", column)
    assert remark["code"] == code
    assert remark["explication"]
    assert "BAUD" not in remark["explication"]


@pytest.mark.parametrize(
    ("text", "birth", "death", "told"),
    [
        pytest.param(fixed(born="19840000"), "1984-12-31", "2026-03-01", [], id="birth, year only"),
        pytest.param(fixed(born="00000000"), None, "2026-03-01", [], id="birth not known"),
        pytest.param(fixed(died="20260300"), "1984-05-17", "2026-03", [], id="death, month"),
        pytest.param(fixed(died="20260000"), "1984-05-17", "2026", [], id="death, year"),
        pytest.param(fixed(place="69"), "1984-05-17", "2026-03-01", ["cog-format"], id="place"),
        pytest.param(fixed()[:162], "1984-05-17", "2026-03-01", [], id="nothing after the death"),
        pytest.param(fixed(act="4\x002"), "1984-05-17", "2026-03-01", ["value"], id="act"),
    ],
)
def test_what_is_not_known_is_left_out(text: str, birth: str | None, death: str, told: list[str]) -> None:
    line, codes = read_one(text)

    assert codes == told
    assert line.when.iso() == death
    assert (line.traits.birth_date.iso() if line.traits.birth_date else None) == birth


def test_an_accent_counted_in_bytes_moves_nothing() -> None:
    text = fixed(country="CÔTE D'IVOIRE")
    in_bytes = text.replace("CÔTE D'IVOIRE ", "CÔTE D'IVOIRE")

    assert read_one(in_bytes)[0] == read_one(text)[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "vide", id="empty"),
        pytest.param(b"\r\n\n", "vide", id="blank"),
        pytest.param(b"nomprenom;sexe\nA*B/;1\n", "datenaiss", id="missing columns"),
        pytest.param(b"PK\x03\x04" + bytes(range(256)) * 4, "compress", id="zip"),
        pytest.param(b"record_id,source\n1,a\n", "NOM", id="another table"),
        pytest.param(b"\0" * 10_000, "NOM", id="zeros"),
    ],
)
def test_a_file_that_is_no_deaths_file_is_refused_as_a_whole(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "deces.txt"
    path.write_bytes(content)

    with pytest.raises(Invalid, match=sentence):
        deaths_file.survey(path)


def test_a_file_loaded_already_changes_nothing(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path / "deces.txt", fixed())
    load(app, path)

    with pytest.raises(Conflict, match="déjà été chargé"):
        load(app, path)


def test_a_death_told_twice_is_kept_once(app: Flask, tmp_path: Path) -> None:
    know_solene(app)
    load(app, write(tmp_path / "a.txt", fixed(), fixed()))

    done = load(app, write(tmp_path / "b.txt", stranger(1), fixed()))

    assert done == Progress(2, 1, 0, 0)
    assert len(rows(app, RecordedDeath)) == 1


def test_an_interrupted_load_goes_on_where_it_was(app: Flask, tmp_path: Path) -> None:
    know_solene(app)
    lines = [stranger(number) for number in range(CHUNK)]
    path = write(tmp_path / "deces.txt", "trop court", *lines, fixed())

    def interrupt(done: Progress) -> None:
        if done.lines >= CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(app, path, interrupt)
    halfway = rows(app, RecordedDeath)

    done = load(app, path)

    assert halfway == []
    assert done == Progress(CHUNK + 2, 1, 0, 1)
    assert len(rows(app, RecordedDeath)) == 1
    assert [remark["ligne"] for remark in remarks(path)] == ["1"]


def test_a_doubt_becomes_a_task_and_nothing_is_held(app: Flask, tmp_path: Path) -> None:
    from hub.registry.tables import ReviewTask

    identity_id = know_solene(app)
    path = write(tmp_path / "deces.txt", fixed("BAUDRILLART*SOLENE MARTHE/"))

    done = load(app, path)

    assert done == Progress(1, 0, 1, 0)
    (row,) = rows(app, RecordedDeath)
    assert row.state == "proposed"
    (task,) = rows(app, ReviewTask)
    assert (task.kind, task.source_identity_id, task.candidate_identity_id) == ("death", identity_id, identity_id)
    assert "death-doubtful" in task.reasons


def test_the_command_says_what_it_did(app: Flask, variables: dict[str, str], tmp_path: Path) -> None:
    know_solene(app)
    path = write(tmp_path / "deces.txt", fixed(), stranger(1), "trop court")

    done = CliRunner().invoke(load_deaths, [str(path)], env=dict(inherited(variables)))

    assert done.exit_code == 0, done.output
    assert "3 décès lus, 1 signalé, 0 à vérifier" in done.output
    assert "1 ligne refusée" in done.output
    assert "deces.txt.rejets.csv" in done.output
    assert SOLENE.birth_name not in done.output
