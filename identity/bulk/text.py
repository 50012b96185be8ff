"""Columns of text as columns of numbers: dictionaries, match keys, stable hashes.

A column is read as a dictionary of its distinct values and one index per row, so that every rule of writing runs
once per distinct value, and most of them once over all values joined into one text.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.normalise import TYPOGRAPHY

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

MISSING = -1
_LETTERS = bytes(byte if 65 <= byte <= 90 or byte == 10 else 32 for byte in range(256))
_GIVEN_LETTERS = bytes(45 if byte in b"-.'" else _LETTERS[byte] for byte in range(256))


@dataclass(frozen=True, slots=True)
class Coded:
    """A column: its distinct values, and for each row the index of its value, `MISSING` for none."""

    values: list[str]
    codes: Ints


def encode(column: pa.ChunkedArray | pa.Array) -> Coded:
    """Read a column of texts; empty texts are missing."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    codes = array.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    return Coded(array.dictionary.cast(pa.string()).to_pylist(), codes)


def take(values: NDArray[np.generic], codes: Ints, missing: int = MISSING) -> NDArray[np.generic]:
    """Return `values` by row; rows without a value get `missing`."""
    padded = np.append(values, np.asarray([missing], dtype=values.dtype))
    return padded[codes]


def match_keys(texts: Sequence[str], *, hyphens: bool = False) -> list[str]:
    """Reduce many names to their match keys, as `identity.normalise.match_key` does one.

    What no key may hold (digits, other scripts) becomes a space. With `hyphens`, what joins the
    words of one name (hyphen, apostrophe, dot) stays, as a hyphen.
    """
    if not texts:
        return []
    text = "\n".join(texts)
    if text.count("\n") != len(texts) - 1:
        text = "\n".join(value.replace("\n", " ") for value in texts)
    if not text.isascii():
        text = mend_encoding(text)
        for sign, plain in TYPOGRAPHY.items():
            if sign in text:
                text = text.replace(sign, plain)
        text = unicodedata.normalize("NFKD", text)
    data = text.upper().encode("ascii", "ignore").translate(_GIVEN_LETTERS if hyphens else _LETTERS)
    if hyphens:
        data = re.sub(rb" *-[ -]*", b"-", data)
    data = re.sub(rb"  +", b" ", data)
    data = (b"\n" + data + b"\n").replace(b" \n", b"\n").replace(b"\n ", b"\n")
    if hyphens:
        data = re.sub(rb"-+\n", b"\n", re.sub(rb"\n-+", b"\n", data))
    return data.decode()[1:-1].split("\n")


def mend_encoding(text: str) -> str:
    """Read UTF-8 that was once taken for Latin-1 (FranÃ§ois) and drop replacement signs."""
    if "Ã" in text or "Â" in text:
        text = re.sub("[ÃÂ][\u0080-\u00bf]", lambda found: _as_utf8(found.group()), text)
    return text.replace("\ufffd", "")


def _as_utf8(pair: str) -> str:
    try:
        return pair.encode("latin-1").decode()
    except UnicodeError:
        return pair


def distinct(keys: Sequence[str] | pa.Array) -> tuple[list[str], Ints]:
    """Return the distinct keys and the index of each key among them."""
    coded = (pa.array(keys, pa.string()) if not isinstance(keys, pa.Array) else keys).dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)


def stable_hashes(texts: Sequence[str]) -> Longs:
    """Return a 64-bit hash of each text, the same on every machine (FNV-1a over UTF-8, then mixed)."""
    array = pa.array(texts, pa.string())
    if len(array) == 0:
        return np.zeros(0, np.int64)
    offsets = np.frombuffer(array.buffers()[1], np.int32)[: len(array) + 1]
    data = np.frombuffer(array.buffers()[2] or b"\0", np.uint8)
    lengths = np.diff(offsets)
    order = np.argsort(-lengths, kind="stable")
    starts, ends = offsets[:-1][order], lengths[order]
    state = np.full(len(array), 0xCBF29CE484222325, np.uint64)
    prime = np.uint64(0x100000001B3)
    for position in range(int(lengths.max())):
        # Longest first: those that still have a letter here are the first ones.
        left = int(np.searchsorted(-ends, -position, side="left"))
        state[:left] = (state[:left] ^ data[starts[:left] + position]) * prime
    result = np.empty_like(state)
    result[order] = state
    return mix(result).view(np.int64)


def mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of 64-bit numbers (finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
