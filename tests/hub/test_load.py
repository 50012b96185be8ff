"""Files of identities: chunks, resumption, refused lines explained, nothing lost."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.errors import Conflict, Invalid
from hub.registry import load
from hub.registry.load import CHUNK, COLUMNS, LoadOptions, Progress
from hub.registry.tables import SourceIdentity
from identity.ins import InsOid
from tests.factories import make_structure, parts_of

OPTIONS = LoadOptions(frozenset({InsOid.NIR_TEST}), InsOid.NIR_TEST)
GOOD = {
    "birth_family": "DURAND",
    "used_family": "MOREL",
    "given_names": "JEANNE MARIE",
    "birth_date": "1946-03-14",
    "sex": "F",
    "birth_place": "58194",
}
_NAMES = ("ALBA", "BRUNE", "CERISE", "DORA", "ELSA", "FLORE", "GAIA", "HELENE", "IRIS", "JADE")


def _line(number: int, source: str, /, **changes: str) -> dict[str, str]:
    return {"record_id": f"R{number}", "source": source} | GOOD | changes


def _distinct(number: int, source: str) -> dict[str, str]:
    name = "".join(_NAMES[int(digit)][:3] for digit in f"{number:04d}")
    return _line(number, source, birth_family=name, used_family="", birth_date=f"19{40 + number % 50}-05-11")


def _write(path: Path, lines: list[dict[str, str]], **options: str) -> Path:
    names = list(dict.fromkeys([*COLUMNS, *(name for line in lines for name in line)]))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, restval="", **options)  # type: ignore[arg-type]
        writer.writeheader()
        writer.writerows(lines)
    return path


def _load(app: Flask, path: Path, options: LoadOptions = OPTIONS) -> Progress:
    with app.app_context():
        return load.load(
            path, options, parts_of(app).registrar, SYSTEM, path.with_suffix(".rejets.csv"), lambda _: None
        )


def _remarks(path: Path) -> list[dict[str, str]]:
    with path.with_suffix(".rejets.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _count(app: Flask) -> int:
    with app.app_context(), db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(SourceIdentity)) or 0


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_csv_file_becomes_identities(app: Flask, tmp_path: Path, delimiter: str) -> None:
    code = make_structure(app).code
    path = _write(tmp_path / "a.csv", [_distinct(n, code) for n in range(3)], delimiter=delimiter)

    done = _load(app, path)

    assert done == Progress(3, 3, 0, 0)
    assert _count(app) == 3
    assert not path.with_suffix(".rejets.csv").exists()


def test_a_parquet_file_becomes_identities(app: Flask, tmp_path: Path) -> None:
    code = make_structure(app).code
    lines = [_distinct(n, code) for n in range(3)]
    columns = {name: [line.get(name) or None for line in lines] for name in COLUMNS}
    pq.write_table(
        pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), tmp_path / "a"
    )

    assert _load(app, tmp_path / "a").accepted == 3


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        pytest.param({"birth_date": "14/03/46"}, "birth_date", "date-format", id="date of two digits"),
        pytest.param({"birth_date": "1946-02-30"}, "birth_date", "date-format", id="impossible day"),
        pytest.param({"sex": "X"}, "sex", "code-invalid", id="sex"),
        pytest.param({"birth_place": "5819"}, "birth_place", "cog-format", id="birth place"),
        pytest.param({"birth_family": "DUR4ND"}, "birth_family", "trait-charset", id="digit in a name"),
        pytest.param({"birth_family": "", "used_family": ""}, "birth_family", "trait-missing", id="no name"),
        pytest.param({"given_names": "", "used_given": ""}, "given_names", "trait-missing", id="no given name"),
        pytest.param({"record_id": ""}, "record_id", "required", id="no number"),
        pytest.param({"source": "inconnue"}, "source", "unknown-source", id="unknown structure"),
        pytest.param({"status": "OK"}, "status", "code-invalid", id="status"),
        pytest.param({"death_date": "hier"}, "death_date", "date-format", id="death"),
    ],
)
def test_a_refused_line_says_why_and_the_others_are_loaded(
    app: Flask, tmp_path: Path, changes: dict[str, str], column: str, code: str
) -> None:
    source = make_structure(app).code
    path = _write(tmp_path / "a.csv", [_line(1, source, **changes), _distinct(2, source)])

    done = _load(app, path)

    assert (done.accepted, done.rejected) == (1, 1)
    (remark,) = _remarks(path)
    assert (remark["ligne"], remark["niveau"], remark["colonne"], remark["code"]) == ("1", "rejet", column, code)
    assert remark["explication"]
    assert "DURAND" not in remark["explication"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"ins": "246035819499199"}, "ins-key", id="wrong key"),
        pytest.param({"ins": "12345"}, "ins-format", id="wrong form"),
        pytest.param({"ins": "246035819499184", "ins_oid": "1.2.250.1.213.1.4.8"}, "ins-oid", id="real authority"),
        pytest.param({"phone": "abc"}, "value", id="phone"),
        pytest.param({"birth_date": "1946"}, "date-completed", id="year only"),
        pytest.param({"birth_date": ""}, "trait-missing", id="no date"),
    ],
)
def test_a_detail_that_cannot_be_trusted_is_left_out_with_a_warning(
    app: Flask, tmp_path: Path, changes: dict[str, str], code: str
) -> None:
    source = make_structure(app).code
    path = _write(tmp_path / "a.csv", [_line(1, source, **changes)])

    done = _load(app, path)

    assert (done.accepted, done.rejected) == (1, 0)
    assert code in {remark["code"] for remark in _remarks(path)}
    with app.app_context(), db.reading() as session:
        assert session.scalar(sa.select(SourceIdentity.ins_matricule)) is None


@pytest.mark.parametrize(
    ("place", "code"), [("38700", "cog-not-found"), ("2A004", "cog-not-yet"), ("38000", "cog-not-found")]
)
def test_a_place_that_was_not_on_the_day_of_birth_is_loaded_with_a_warning(
    app: Flask, tmp_path: Path, place: str, code: str
) -> None:
    path = _write(tmp_path / "a.csv", [_line(1, make_structure(app).code, birth_place=place)])

    done = _load(app, path)

    assert done == Progress(1, 1, 0, 1)
    (remark,) = _remarks(path)
    assert (remark["niveau"], remark["colonne"], remark["code"]) == ("avertissement", "birth_place", code)
    assert place not in remark["explication"]
    with app.app_context(), db.reading() as session:
        assert session.scalar(sa.select(SourceIdentity.birth_place)) == place


def test_the_same_number_twice_in_a_file_is_refused_once(app: Flask, tmp_path: Path) -> None:
    source = make_structure(app).code
    path = _write(tmp_path / "a.csv", [_line(1, source), _line(1, source, given_names="PAULE")])

    assert _load(app, path).rejected == 1
    assert _remarks(path)[0]["code"] == "duplicate"


def test_an_interrupted_load_goes_on_where_it_was(app: Flask, tmp_path: Path) -> None:
    source = make_structure(app).code
    path = _write(tmp_path / "a.csv", [_distinct(n, source) for n in range(CHUNK + 30)])
    seen: list[int] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress.lines)
        if progress.lines >= CHUNK:
            raise KeyboardInterrupt

    with app.app_context(), pytest.raises(KeyboardInterrupt):
        load.load(path, OPTIONS, parts_of(app).registrar, SYSTEM, path.with_suffix(".rejets.csv"), interrupt)
    halfway = _count(app)

    done = _load(app, path)

    assert halfway == CHUNK
    assert done.lines == CHUNK + 30
    assert _count(app) == CHUNK + 30


def test_a_file_loaded_already_changes_nothing(app: Flask, tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", [_line(1, make_structure(app).code)])
    _load(app, path)

    with pytest.raises(Conflict, match="déjà été chargé"):
        _load(app, path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "vide", id="empty"),
        pytest.param(b"record_id,source\n1,a\n", "birth_family", id="missing columns"),
        pytest.param("record_id;prénom\n".encode("latin-1"), "UTF-8", id="other encoding"),
        pytest.param(b"PAR1 but not really", "Parquet", id="broken parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(
    app: Flask, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(Invalid, match=sentence):
        _load(app, path)
    assert _count(app) == 0


def test_a_line_with_too_few_cells_is_refused_alone(app: Flask, tmp_path: Path) -> None:
    source = make_structure(app).code
    path = _write(tmp_path / "a.csv", [_distinct(1, source)])
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"R2,{source},DURAND\r\n")

    done = _load(app, path)

    assert (done.accepted, done.rejected) == (1, 1)
    assert _remarks(path)[0]["code"] == "columns"
