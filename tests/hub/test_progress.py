"""How far a long run has come: a bar that fits its terminal, plain lines elsewhere, nothing of what was refused."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading

import pytest

from hub.counting import decimal, written_with
from tests.live import ROOT

STAGES = """
from hub.commands.stages import Stages
from identity.bulk.engine import Stage
with Stages() as stages:
    for stage, total in ((Stage.PAIRS, 1_500_000), (Stage.COMPARE, 1)):
        for done in (0, total // 2, total):
            stages.report(stage, done, total)
"""
REFUSED = """
from hub.commands.stages import Stages
from identity.bulk.engine import Stage
with Stages() as stages:
    stages.report(Stage.READ, 0, 0)
    raise SystemExit(1)
"""
PROGRESS = """
from hub.commands.terminal import progress
with progress(20000, "lignes", "Chargement") as bar:
    bar.update(15000)
    bar.update(5000 - bar.n + 15000)
"""


def _in_a_log(script: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    ).stderr


def _on_a_terminal(script: str, columns: int) -> list[str]:
    """Run a script with its standard error on a terminal; return what each refresh wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    written: list[bytes] = []

    def listen() -> None:
        try:
            while read := os.read(ours, 65536):
                written.append(read)
        except OSError:
            pass

    listening = threading.Thread(target=listen)
    listening.start()
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, stderr=theirs, check=False)
    os.close(theirs)
    listening.join()
    os.close(ours)
    return [part for part in b"".join(written).decode().replace("\n", "\r").split("\r") if part.strip()]


@pytest.mark.parametrize("columns", [80, 132])
def test_a_bar_fits_the_terminal_and_says_all_there_is_to_say(columns: int) -> None:
    for script, words in ((STAGES, "Paires candidates 100 %"), (PROGRESS, "Chargement 100 %")):
        drawn = _on_a_terminal(script, columns)

        assert max(map(len, drawn)) < columns
        last = next(part for part in drawn if part.startswith(words))
        assert "reste 00:00" in last
        assert ("Mio" in last) == (script == STAGES)


@pytest.mark.parametrize("columns", [None, 0], ids=["a log", "a terminal of no width"])
def test_where_no_bar_can_be_drawn_each_stage_is_a_line(columns: int | None) -> None:
    told = _in_a_log(STAGES).splitlines() if columns is None else _on_a_terminal(STAGES, columns)

    assert [line.split(",")[0] for line in told] == [
        "Paires candidates : 1\u202f500\u202f000 identités",
        "Comparaison : 1 paire",
    ]


def test_a_load_in_a_log_is_a_line_and_no_bar() -> None:
    told = _in_a_log(PROGRESS)

    assert re.fullmatch("Chargement \\(lignes\\) : 20\u202f000 sur 20\u202f000, \\d,\\d s\n", told)


def test_what_was_refused_before_it_began_tells_no_stage() -> None:
    assert _in_a_log(REFUSED) == ""


def test_numbers_are_written_as_french_does() -> None:
    assert (decimal(34342.25, 1), decimal(-0.5)) == ("34\u202f342,2", "−0,50")
    assert (written_with(1, "paire", "paires"), written_with(1500, "paire", "paires")) == (
        "1 paire",
        "1\u202f500 paires",
    )
