"""Whether each line of a CSV stands by itself: the one that does not would take the next ones into its cell.

RFC 4180 lets a quoted cell go on over lines. In a file of identities none does: a quote that does not close on its
line is a stray one, and thousands of identities could go with it, unseen.
"""

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 20
_QUOTE, _NEW_LINE, _RETURN = b'"\n\r'
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def first_broken(path: Path, delimiter: str) -> int | None:
    """Return the number of the first line where a quote does not close, or closes before the end of its cell."""
    with path.open("rb") as stream:
        start = len(_BYTE_ORDER_MARK) if stream.read(len(_BYTE_ORDER_MARK)) == _BYTE_ORDER_MARK else 0
        stream.seek(start)
        while lines := stream.read(_BLOCK) + stream.readline():
            whole = lines if lines.endswith(b"\n") else lines + b"\n"
            if (found := _broken(whole, delimiter.encode())) is not None:
                return _line_at(path, start + found)
            start += len(lines)
    return None


def _line_at(path: Path, start: int) -> int:
    with path.open("rb") as stream:
        return len(_LINE_END.findall(stream.read(start))) + 1


def _broken(lines: bytes, delimiter: bytes) -> int | None:
    """Return where the first line starts that is no row of cells by itself."""
    if b'"' not in lines:
        return None
    row = _row(delimiter)
    suspects = _suspect_lines(lines, delimiter)
    return next((start for start, end in suspects if not row.fullmatch(lines, start, end)), None)


def _suspect_lines(lines: bytes, delimiter: bytes) -> list[tuple[int, int]]:
    """Return where the lines lie whose quotes do not simply open and close one cell after the other."""
    letters = np.frombuffer(lines, np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    is_end = letters == _NEW_LINE
    if b"\r" in lines:
        is_end |= letters == _RETURN
    ends = np.flatnonzero(is_end)
    held = np.diff(np.searchsorted(quotes, ends), prepend=0)
    odd = held & 1 == 1
    edge = _edges(delimiter)
    # Before the first letter comes the last one, a line end.
    if not odd.any() and edge[letters[quotes[::2] - 1]].all() and edge[letters[quotes[1::2] + 1]].all():
        return []
    closes = (np.arange(len(quotes)) - np.repeat(np.cumsum(held) - held, held)) & 1 == 1
    at_edge = np.where(closes, edge[letters[quotes + 1]], edge[letters[quotes - 1]])
    odd[np.searchsorted(ends, quotes[~at_edge])] = True
    starts = np.concatenate([[0], ends + 1])
    return [(int(starts[line]), int(ends[line])) for line in np.flatnonzero(odd).tolist()]


@lru_cache
def _edges(delimiter: bytes) -> NDArray[np.bool_]:
    """Tell which letters stand between two cells."""
    found = np.zeros(256, np.bool_)
    found[[_NEW_LINE, _RETURN, *delimiter]] = True
    return found


@lru_cache
def _row(delimiter: bytes) -> re.Pattern[bytes]:
    cell = rb'(?:"(?:[^"]|"")*+"|(?!")[^%b]*+)' % delimiter
    return re.compile(rb"%b(?:%b%b)*+" % (cell, delimiter, cell))
