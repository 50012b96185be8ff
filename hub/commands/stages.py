"""How far a long run has come, stage by stage: a bar on a terminal, one line per stage elsewhere."""

import resource
import sys
import time
from pathlib import Path
from typing import Any, Self

import click

from hub.commands.terminal import draws
from hub.counting import decimal, written_with
from identity.bulk.engine import Stage

_LABELS = {
    Stage.READ: "Lecture",
    Stage.PREPARE: "Préparation",
    Stage.PAIRS: "Paires candidates",
    Stage.COMPARE: "Comparaison",
    Stage.GROUP: "Personnes",
    Stage.DECIDE: "Décision",
    Stage.WRITE: "Écriture",
}
_RECORDS, _PAIRS = ("identité", "identités"), ("paire", "paires")
_UNITS = {Stage.COMPARE: _PAIRS, Stage.DECIDE: _PAIRS, Stage.WRITE: _PAIRS}
_REFRESHED = 0.2
_STATUS = Path("/proc/self/status")


class Stages:
    """The stage that runs, drawn on standard error."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._began = 0.0
        self._done = 0
        self._bar: Any = None
        self._draws = draws()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or self._done:
            self.close()
        elif self._bar is not None:
            # Refused before anything was done: nothing to tell.
            self._bar.leave = False
            self._bar.close()

    def report(self, stage: Stage, done: int, total: int) -> None:
        """Show that `done` of `total` is done in this stage."""
        if stage is not self._stage:
            self.close()
            self._stage, self._began = stage, time.monotonic()
            if self._draws:
                from hub.commands.bars import Bar

                self._bar = Bar(total, _unit(stage)[1], _LABELS[stage], _REFRESHED)
        self._done = done
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(f"{memory() >> 20} Mio", refresh=False)
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """End the stage that runs."""
        if self._stage is None:
            return
        if self._bar is not None:
            self._bar.close()
        else:
            seconds = decimal(time.monotonic() - self._began, 1)
            done = written_with(self._done, *_unit(self._stage))
            click.echo(f"{_LABELS[self._stage]} : {done}, {seconds} s, mémoire {memory() >> 20} Mio", err=True)
        self._stage, self._bar = None, None


def _unit(stage: Stage) -> tuple[str, str]:
    return _UNITS.get(stage, _RECORDS)


def memory() -> int:
    """Return the memory that this process holds, in bytes."""
    return _status("VmRSS")


def peak_memory() -> int:
    """Return the most memory that this process has held, in bytes."""
    return _status("VmHWM")


def _status(name: str) -> int:
    try:
        found = [line.split() for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith(name)]
        return int(found[0][1]) * 1024
    except (OSError, IndexError, ValueError):
        # No /proc: the most ever held stands for both, in bytes on macOS and in KiB elsewhere.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
