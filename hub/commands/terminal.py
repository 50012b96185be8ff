"""What commands say on the terminal: a last sentence, a progress bar. Light to import, unlike shared.py."""

import sys
from typing import Any, NoReturn

import click


def stop(message: str, code: int = 1) -> NoReturn:
    """End the command with a sentence on standard error and an exit code."""
    click.secho(message, fg="red", err=True)
    sys.exit(code)


def progress(total: int, unit: str, label: str) -> Any:
    """Return a progress bar with count, rate and remaining time, on standard error."""
    # tqdm takes as long to import as click: a command without a bar does not pay for it.
    from tqdm.std import tqdm

    return tqdm(
        total=total,
        unit=" " + unit,
        desc=label,
        ncols=90,
        bar_format="{desc} {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt} {unit}, {rate_fmt}, reste {remaining}",
        disable=None if sys.stderr.isatty() else False,
        mininterval=0.5 if sys.stderr.isatty() else 5,
    )
