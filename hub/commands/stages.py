"""How far a long run has come, stage by stage: a bar on a terminal, one line per stage elsewhere."""

import resource
import sys
import time
from pathlib import Path
from typing import Any

import click

from hub.counting import noun
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
_UNITS = {Stage.COMPARE: "paires", Stage.DECIDE: "paires", Stage.WRITE: "paires"}
_WIDTH = max(map(len, _LABELS.values()))
_STATUS = Path("/proc/self/status")
_BAR = "{desc} {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt} {unit}, {rate_fmt}, reste {remaining}{postfix}"


class Stages:
    """The stage that runs, drawn on standard error."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._began = 0.0
        self._done = 0
        self._bar: Any = None
        self._draws = sys.stderr.isatty()

    def report(self, stage: Stage, done: int, total: int) -> None:
        """Show that `done` of `total` is done in this stage."""
        if stage is not self._stage:
            self.close()
            self._stage, self._began = stage, time.monotonic()
            if self._draws:
                self._bar = _bar(stage, total)
        self._done = done
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(f"mémoire {memory() >> 20} Mio", refresh=False)
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """End the stage that runs."""
        if self._stage is None:
            return
        if self._bar is not None:
            self._bar.close()
        else:
            seconds = time.monotonic() - self._began
            unit = _UNITS.get(self._stage, "identités")
            label = _LABELS[self._stage]
            click.echo(
                f"{label} : {written(self._done)} {unit}, {seconds:.1f} s, mémoire {memory() >> 20} Mio", err=True
            )
        self._stage, self._bar = None, None


def _bar(stage: Stage, total: int) -> Any:
    # As long to import as click: paid on a terminal only.
    from tqdm.std import tqdm

    unit = _UNITS.get(stage, "identités")
    return tqdm(
        total=total,
        unit=" " + unit,
        unit_scale=True,
        desc=_LABELS[stage].ljust(_WIDTH),
        ncols=100,
        bar_format=_BAR,
        mininterval=0.2,
        file=sys.stderr,
    )


def written(number: int) -> str:
    """Write a number as French does, its thousands apart."""
    return f"{number:,}".replace(",", "\u202f")


def written_with(number: int, one: str, many: str) -> str:
    """Write a number, its thousands apart, and what it counts."""
    return f"{written(number)} {noun(number, one, many)}"


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
