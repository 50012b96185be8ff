"""`hub quality` as an operator uses it: figures of the day, letters in a folder, sentences when there is nothing."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask

from hub import config
from hub.vigilance.indicators import KEPT
from hub.vigilance.tables import QualityDay
from tests import live
from tests.factories import make_structure
from tests.hub.registry.people import PAUL, incoming, rows, send


def _hub(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "quality", *arguments],
        env=config.inherited(variables),
        capture_output=True,
        text=True,
        check=False,
        cwd=live.ROOT,
    )


def test_a_day_is_measured_and_letters_are_written(app: Flask, variables: dict[str, str], tmp_path: Path) -> None:
    one, other = make_structure(app), make_structure(app, "Clinique du Parc")
    send(app, incoming(one))
    send(app, incoming(other, "2", PAUL))

    taken = [_hub(variables, "snapshot") for _ in range(2)]
    month = rows(app, QualityDay)[0].day[:7]
    all_of_them = _hub(variables, "letters", "--month", month, "--out", str(tmp_path / "toutes"))
    only_one = _hub(variables, "letters", "--month", month, "--structure", other.code, "--out", str(tmp_path / "une"))

    assert [done.returncode for done in (*taken, all_of_them, only_one)] == [0, 0, 0, 0], all_of_them.stderr
    assert "la région et 2 structures" in taken[0].stdout
    assert len(rows(app, QualityDay)) == 3 * len(KEPT)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.pdf")}
    assert written == {
        f"toutes/qualite-{month}-{one.code}.pdf",
        f"toutes/qualite-{month}-{other.code}.pdf",
        f"une/qualite-{month}-{other.code}.pdf",
    }
    assert all((tmp_path / name).read_bytes().startswith(b"%PDF") for name in written)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--month", "2020-01"], "Aucun relevé en janvier 2020"),
        (["--month", "octobre"], "Écrivez le mois AAAA-MM"),
        (["--month", "2020-01", "--structure", "inconnue"], "Aucune structure ne porte le code"),
    ],
    ids=["no figures", "no month", "no structure"],
)
def test_what_cannot_be_written_is_said_in_a_sentence(
    app: Flask, variables: dict[str, str], tmp_path: Path, options: list[str], words: str
) -> None:
    done = _hub(variables, "letters", *options, "--out", str(tmp_path / "lettres"))

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lettres").exists()
