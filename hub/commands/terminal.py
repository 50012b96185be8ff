"""What commands say on the terminal: a last sentence, progress. Light to import, unlike shared.py."""

import os
import sys
import time
from typing import Any, NoReturn, Self

import click

from hub.counting import decimal, written

_REFRESHED = 0.5
_BETWEEN_LINES = 30.0


def stop(message: str, code: int = 1) -> NoReturn:
    """End the command with a sentence on standard error and an exit code."""
    click.secho(message, fg="red", err=True)
    sys.exit(code)


def draws() -> bool:
    """Tell whether standard error is a terminal, and one that knows how wide it is."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError):
        return False


def progress(total: int, unit: str, label: str) -> Any:
    """Return what shows count, rate and remaining time on standard error: a bar, or lines where none can be drawn."""
    if not draws():
        return _Lines(total, unit, label)
    # tqdm takes as long to import as click: a command without a bar does not pay for it.
    from hub.commands.bars import Bar

    return Bar(total, unit, label, _REFRESHED)


class _Lines:
    """The progress of a run in a log: a line now and then, and one at its end."""

    def __init__(self, total: int, unit: str, label: str) -> None:
        self.n = 0
        self._total, self._unit, self._label = total, unit, label
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or self.n:
            self._tell()

    def update(self, done: int) -> None:
        self.n += done
        if time.monotonic() - self._told >= _BETWEEN_LINES:
            self._tell()

    def set_description_str(self, label: str, refresh: bool = True) -> None:
        self._label = label

    def _tell(self) -> None:
        self._told = time.monotonic()
        seconds = decimal(self._told - self._began, 1)
        counts = f"{written(self.n)} sur {written(self._total)}"
        click.echo(f"{self._label.strip()} ({self._unit}) : {counts}, {seconds} s", err=True)
