"""The form of a CSV of identities: its header, and whether each line stands by itself.

A line that does not would take the next ones into its cell.

RFC 4180 lets a quoted cell go on over lines. In a file of identities none does: a quote that does not close on its
line is a stray one, and thousands of identities could go with it, unseen.
"""

import csv
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hub.errors import Invalid

_LONGEST_HEADER = 100_000
_BLOCK = 1 << 20
_QUOTE, _NEW_LINE, _RETURN = b'"\n\r'
_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_delimiter(path: Path, columns: Sequence[str]) -> str:
    """Return what separates the cells of a CSV; raise `Invalid` when its header is not one with these columns."""
    with path.open("rb") as stream:
        first = stream.readline(_LONGEST_HEADER)
    try:
        header = first.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise Invalid("Le fichier doit être en UTF-8 : enregistrez-le comme « CSV UTF-8 ».") from err
    if not header.strip():
        raise Invalid("Le fichier est vide.")
    if "\r" in header.rstrip("\r\n"):
        raise Invalid("Les lignes finissent par un retour chariot seul : enregistrez le fichier comme CSV UTF-8.")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    if header.count("\t") > header.count(delimiter):
        raise Invalid("Les colonnes sont séparées par des tabulations : séparez-les par des points-virgules.")
    names = next(csv.reader([header], delimiter=delimiter))
    if path.suffix.lower() == ".parquet" and set(names).isdisjoint(columns):
        raise Invalid("Le nom du fichier dit Parquet, et son contenu n'en est pas : enregistrez-le de nouveau.")
    check_columns(names, columns)
    return delimiter


def check_columns(names: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse a file where a column lacks, or comes twice."""
    double = [name for name in wanted if names.count(name) > 1]
    if double:
        raise Invalid(f"Le fichier a plusieurs colonnes du même nom : {', '.join(double)}.", double[0])
    missing = [name for name in wanted if name not in names]
    if not missing:
        return
    message = f"Il manque au fichier les colonnes : {', '.join(missing)}."
    if set(missing) <= {name.strip().lower() for name in names}:
        message += " Elles y sont, mais écrites autrement : écrivez leur nom en minuscules, sans espace."
    raise Invalid(message, missing[0])


def check_quotes(broken: int | None) -> None:
    """Refuse a CSV of which `first_broken` returned a line."""
    if broken is not None:
        raise Invalid(
            f"Ligne {broken} du fichier : un guillemet y ouvre une valeur et ne la ferme pas à sa fin. Supprimez ce "
            'guillemet ; dans une valeur entre guillemets, doublez-le (""). Une valeur tient sur une ligne.'
        )


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
