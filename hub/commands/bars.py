"""The bar that a terminal shows: as wide as the terminal is, its decimals written in French.

Imported when one is drawn only: tqdm takes as long to import as click.
"""

import re
import sys

from tqdm.std import tqdm

_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_FORMAT = "{desc} {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt}, {rate_fmt}, reste {remaining}{postfix}"

_SCALED = 100_000


class Bar(tqdm):
    """Count, rate and remaining time, on standard error."""

    def __init__(self, total: int, unit: str, label: str, refreshed: float) -> None:
        super().__init__(
            total=total,
            unit=" " + unit,
            unit_scale=total >= _SCALED,
            desc=label,
            dynamic_ncols=True,
            bar_format=_FORMAT,
            mininterval=refreshed,
            file=sys.stderr,
        )

    @staticmethod
    def format_meter(*values: object, **named: object) -> str:
        return _DECIMAL_POINT.sub(",", tqdm.format_meter(*values, **named))
