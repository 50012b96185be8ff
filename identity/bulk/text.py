"""Columns of text as columns of numbers: dictionaries, match keys, stable hashes.

A column is read as a dictionary of its distinct values and one index per row, so that every rule of writing runs
once per distinct value, and most of them once over all values joined into one text.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.bulk.columns import (
    MISSING,
    Bytes,
    Flags,
    Ints,
    Longs,
    Number,
    either,
    flag_column,
    flags,
    integers,
    letters,
    longs,
    number_column,
    text_column,
)
from identity.hashing import SEED, WORD
from identity.normalise import TYPOGRAPHY

__all__ = ["MISSING", "Bytes", "Flags", "Ints", "Longs"]

_ZERO, _NINE, _END, _SPACE, _HYPHEN = (ord(sign) for sign in "09\n -")
_LETTERS = bytes(byte if 65 <= byte <= 90 or byte == 10 else 32 for byte in range(256))
_GIVEN_LETTERS = bytes(45 if byte in b"-.'`" else _LETTERS[byte] for byte in range(256))
_NEVER = ord("?")
# The first bytes in UTF-8 of the spaces beyond ASCII.
_OPENING_SPACES = np.frombuffer(b"\xc2\xe1\xe2\xe3", np.uint8)
_EUROPEAN = 0x250
# Beside a letter; alone it says that nothing is known.
_LOST_LETTER = re.compile(r"\?(?:(?<=[^\W\d_]\?)\?*|\?*(?=[^\W\d_]))")
# The first bytes of a word, by their number.
_OPENING = np.array([(1 << 8 * count) - 1 for count in range(WORD + 1)], np.uint64)


@dataclass(frozen=True, slots=True)
class Coded:
    """A column: its distinct values, and for each row the index of its value, `MISSING` for none."""

    values: pa.StringArray
    codes: Ints

    @property
    def texts(self) -> list[str]:
        """Return the distinct values as texts."""
        texts: list[str] = self.values.to_pylist()
        return texts


Column = Callable[[str], Coded]
"""Reads the column of this name."""
Counted = Callable[[str, Coded, Flags], None]
"""Called with a column and what is missing of it: counts the values that are there and say nothing."""


def encode(texts: pa.ChunkedArray | pa.Array, *, mostly_distinct: bool = False) -> Coded:
    """Read a column of texts; blank texts are missing.

    Texts that are nearly all distinct are taken as they come, one value a row: to find the few that come again would
    cost more than to read them again.
    """
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if pa.types.is_dictionary(array.type):
        values, codes = array.dictionary.cast(pa.string()), integers(array.indices.cast(pa.int32()))
    elif mostly_distinct:
        values = array.cast(pa.string()).drop_null()
        codes = np.arange(len(values), dtype=np.int32)
        if len(values) < len(array):
            is_there = flags(array.is_valid())
            codes = np.where(is_there, np.cumsum(is_there, dtype=np.int32) - np.int32(1), np.int32(MISSING))
    else:
        array = array.cast(pa.string()).dictionary_encode()
        values, codes = array.dictionary, integers(array.indices)
    blank = _blank(values)
    return Coded(values, np.where(blank[codes], np.int32(MISSING), codes) if blank.any() else codes)


def _blank(values: pa.StringArray) -> Flags:
    offsets, data = letters(values)
    blank = np.append(np.diff(offsets) == 0, False)
    starts = np.flatnonzero(~blank[:-1])
    opening = data[offsets[starts]]
    spaced = starts[(opening <= _SPACE) | np.isin(opening, _OPENING_SPACES)]
    for index in spaced.tolist():
        blank[index] = not values[index].as_py().strip()
    return blank


def trimmed(values: pa.StringArray) -> pa.StringArray:
    """Take the spaces off both ends of each text, as `str.strip` does: Arrow leaves some of those beyond ASCII."""
    odd = np.flatnonzero(~flags(pc.string_is_ascii(values)))
    texts = text_column([values[row].as_py().strip() for row in odd.tolist()])
    return put(pc.utf8_trim_whitespace(values), odd, texts)


def table_of(values: pa.StringArray, width: int) -> tuple[Longs, Bytes]:
    """Return which values are of this many bytes, and these bytes, one value a row."""
    offsets, data = letters(values)
    return rows_of(offsets[:-1], offsets[1:], data, width)


def rows_of(starts: Ints, ends: Ints, data: Bytes, width: int) -> tuple[Longs, Bytes]:
    """Return which stretches of `data` are of this many bytes, and these bytes, one stretch a row."""
    rows = np.flatnonzero(ends - starts == width)
    if len(rows) == len(starts) and len(rows) and ends[-1] - starts[0] == width * len(rows):
        return rows, data[starts[0] : ends[-1]].reshape(-1, width)
    # Every stretch of this width as one value, those that overlap included, to take each at once.
    every = np.ndarray(max(0, len(data) - width + 1), f"V{width}", np.ascontiguousarray(data), strides=(1,))
    return rows, every[starts[rows]].view(np.uint8).reshape(-1, width)


def are_digits(table: Bytes) -> Flags:
    """Tell which rows hold digits only."""
    digits: Flags = np.logical_and.reduce((table >= _ZERO) & (table <= _NINE), axis=1)
    return digits


def number(table: Bytes) -> Longs:
    """Read rows of digits as numbers."""
    result = np.zeros(len(table), np.int64)
    for column in range(table.shape[1]):
        result = result * 10 + (table[:, column] - _ZERO)
    return result


def joined(values: pa.StringArray) -> bytes | None:
    """Return all values, one a line; None when one of them holds an end of line."""
    offsets, data = letters(values)
    if not len(values) or (data[offsets[0] : offsets[-1]] == _END).any():
        return None
    text = np.full(offsets[-1] - offsets[0] + len(values), _END, np.uint8)
    is_letter = np.ones(len(text), np.bool_)
    is_letter[offsets[1:] - offsets[0] + np.arange(len(values))] = False
    text[is_letter] = data[offsets[0] : offsets[-1]]
    return text[:-1].tobytes()


def split(text: bytes) -> tuple[Ints, Ints, Bytes]:
    """Return where each line of a text begins and ends, and its bytes."""
    data = np.frombuffer(text, np.uint8)
    ends = np.append(np.flatnonzero(data == _END), len(data)).astype(np.int32)
    return np.append(np.int32(0), ends[:-1] + 1).astype(np.int32), ends, data


def take(values: NDArray[Number], codes: Ints, missing: int = MISSING) -> NDArray[Number]:
    """Return `values` by row; rows without a value get `missing`."""
    padded = np.append(values, np.asarray([missing], dtype=values.dtype))
    return padded[codes]


def lines(text: bytes) -> pa.StringArray:
    """Return the lines of a text as a column."""
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == _END)
    offsets = np.empty(len(ends) + 2, np.int32)
    offsets[0], offsets[1:-1], offsets[-1] = 0, ends - np.arange(len(ends)), len(data) - len(ends)
    return pa.StringArray.from_buffers(
        len(ends) + 1, pa.py_buffer(offsets), pa.py_buffer(text.translate(None, b"\n"))
    )


def capitals(text: str) -> tuple[bytes, Longs]:
    """Write a text in capitals without marks; tell also which of its lines hold signs that this cannot be said of.

    These lines are for the caller to write in its own way.
    """
    if text.isascii():
        return text.upper().encode(), np.zeros(0, np.int64)
    text = _typed(text)
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2")
    data = _plain()[units]
    odd = np.flatnonzero(data == 0)
    if len(odd):
        data[odd] = _NEVER
    ends = np.flatnonzero(units == _END) if len(odd) else odd
    return data.tobytes(), once(np.searchsorted(ends, odd))


def _typed(text: str) -> str:
    """Write signs that stand for one another in one way."""
    for sign, plain in TYPOGRAPHY.items():
        if sign in text:
            text = text.replace(sign, plain)
    return text


@cache
def _plain() -> Bytes:
    """Return the capital without marks of each European letter, 0 for a sign that has none, or several."""
    table = np.zeros(1 << 16, np.uint8)
    for code in range(_EUROPEAN):
        marked = unicodedata.normalize("NFKD", chr(code))
        capital = "".join(sign for sign in marked if not unicodedata.combining(sign)).upper()
        if len(capital) == 1 and capital.isascii():
            table[code] = ord(capital)
    return table


def match_keys(values: pa.StringArray, *, hyphens: bool = False) -> pa.StringArray:
    """Reduce many names to their match keys, as `identity.normalise.match_key` does one.

    What no key may hold (digits, other scripts) becomes a space. With `hyphens`, what joins the
    words of one name (hyphen, apostrophe, dot) stays, as a hyphen.
    """
    if not len(values):
        return text_column([])
    written = joined(values)
    if written is None:
        return match_keys(pc.replace_substring(values, "\n", " "), hyphens=hyphens)
    text = mend_encoding(written.decode())
    data, odd = capitals(text)
    keys = lines(_words_of_lines(data, hyphens))
    if not len(odd):
        return keys
    mended = text.split("\n")
    strange = unicodedata.normalize("NFKD", _typed("\n".join(mended[line] for line in odd.tolist())))
    return put(keys, odd, lines(_words_of_lines(strange.upper().encode("ascii", "ignore"), hyphens)))


def put(values: pa.StringArray, rows: Longs, texts: pa.StringArray) -> pa.StringArray:
    """Return values with other texts in some rows, which rise."""
    chosen = np.zeros(len(values), np.bool_)
    chosen[rows] = True
    return pc.replace_with_mask(values, flag_column(chosen), texts)


def _words_of_lines(data: bytes, hyphens: bool) -> bytes:
    return single_spaces(data.translate(_GIVEN_LETTERS if hyphens else _LETTERS))


def single_spaces(text: bytes) -> bytes:
    """Make one sign of each run of spaces and hyphens, a hyphen if it holds one, and none at either end of a line."""
    data = np.frombuffer(b"\n" + text + b"\n", np.uint8)
    is_hyphen = data == _HYPHEN
    is_gap = is_hyphen | (data == _SPACE)
    starts = np.flatnonzero(is_gap[1:] & ~is_gap[:-1]) + 1
    if not len(starts):
        return text
    ends = np.flatnonzero(is_gap[:-1] & ~is_gap[1:]) + 1
    signs = either(np.logical_or.reduceat(is_hyphen, starts), _HYPHEN, _SPACE).view(np.uint8)
    inside = np.flatnonzero((data[starts - 1] != _END) & (data[ends] != _END))
    result = data * ~is_gap
    result[starts[inside]] = signs[inside]
    # What is left of the runs is zero by now.
    shortened: bytes = result.tobytes().translate(None, b"\0")
    return shortened[1:-1]


def mend_encoding(text: str) -> str:
    """Read UTF-8 that was once taken for Latin-1 (FranÃ§ois) and drop signs of letters that were lost (JO?LLE)."""
    if "?" in text:
        text = _LOST_LETTER.sub("", text)
    if text.isascii():
        return text
    if "Ã" in text or "Â" in text:
        text = re.sub("[ÃÂ][\u0080-\u00bf]", lambda found: _as_utf8(found.group()), text)
    return text.replace("\ufffd", "")


def _as_utf8(pair: str) -> str:
    try:
        return pair.encode("latin-1").decode()
    except UnicodeError:
        return pair


def distinct(texts: pa.StringArray) -> Coded:
    """Return the distinct texts and the index of each text among them."""
    coded = texts.dictionary_encode()
    return Coded(coded.dictionary, integers(coded.indices))


def once(values: NDArray[Number]) -> NDArray[Number]:
    """Drop from sorted values those that come again."""
    return values[np.append(True, values[1:] != values[:-1])] if len(values) else values


def some(values: pa.StringArray, rows: Flags) -> Coded:
    """Return some of the values, each distinct one once."""
    return distinct(values.filter(flag_column(rows)))


def unique(values: Longs) -> tuple[Longs, Ints]:
    """Return the distinct values and the index of each among them, without sorting."""
    coded = number_column(values).dictionary_encode()
    return longs(coded.dictionary), integers(coded.indices)


def stable_hashes(array: pa.StringArray) -> Longs:
    """Return a 64-bit hash of each text, as `identity.hashing` makes one."""
    offsets, data = letters(array)
    return _hash_stretches(offsets[:-1], np.diff(offsets), data)


def hash_rows(table: Bytes) -> Longs:
    """Return the stable hash of each row of bytes."""
    count, width = table.shape
    starts = np.arange(0, count * width, width)
    return _hash_stretches(starts, np.full(count, width), np.ascontiguousarray(table).reshape(-1))


def _hash_stretches(starts: NDArray[np.integer], lengths: NDArray[np.integer], data: Bytes) -> Longs:
    """Return the stable hash of stretches of bytes."""
    state = np.uint64(SEED) ^ lengths.astype(np.uint64)
    padded = np.append(data, np.zeros(WORD, np.uint8))
    # Every eight bytes as one word, those that overlap included, to take each at once.
    words = np.ndarray(len(data) + 1, "<u8", padded, strides=(1,))
    for done in range(0, int(lengths.max(initial=0)), WORD):
        rows = np.flatnonzero(lengths > done)
        left = np.minimum(lengths[rows] - done, WORD)
        state[rows] = mix(state[rows] ^ (words[starts[rows] + done] & _OPENING[left]))
    return state.view(np.int64)


def mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of 64-bit numbers (finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
