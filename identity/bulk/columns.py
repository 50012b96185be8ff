"""Arrow columns as NumPy arrays and back, by their buffers.

PyArrow's own conversions first import pandas wherever it is installed, which takes longer than to match a small file.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Levels = NDArray[np.int8]
Number = TypeVar("Number", bound=np.generic)

MISSING = -1

_STRETCH = 1 << 18


def integers(column: pa.Array) -> Ints:
    """Return 32-bit integers, `MISSING` where there is none."""
    values = np.frombuffer(column.buffers()[1] or b"", np.int32)[column.offset : column.offset + len(column)]
    return np.where(_present(column), values, np.int32(MISSING)) if column.null_count else values


def longs(column: pa.Array) -> Longs:
    """Return 64-bit integers, of a column where none is missing."""
    return numbers(column, np.int64)


def numbers(column: pa.Array, kind: type[Number] | np.dtype[Number]) -> NDArray[Number]:
    """Return numbers of this kind, of a column where none is missing."""
    return np.frombuffer(column.buffers()[1] or b"", kind)[column.offset : column.offset + len(column)]


def flags(column: pa.BooleanArray) -> Flags:
    """Return truth values, False where there is none."""
    values = _bits(column.buffers()[1], column)
    return values & _present(column) if column.null_count else values


def _present(column: pa.Array) -> Flags:
    return _bits(column.buffers()[0], column)


def _bits(buffer: pa.Buffer, column: pa.Array) -> Flags:
    bits = np.unpackbits(np.frombuffer(buffer or b"", np.uint8), bitorder="little")
    return bits[column.offset : column.offset + len(column)].view(np.bool_)


def either(told: Flags, yes: int, no: int) -> Levels:
    """Return one of two small numbers for each flag; `np.where`, which branches, takes many times longer."""
    levels: Levels = told * np.int8(yes - no) + np.int8(no)
    return levels


def look_up(values: NDArray[Number], codes: Ints) -> NDArray[Number]:
    """Return the value of each of very many codes, a stretch at a time: NumPy makes a 64-bit copy of the codes."""
    result = np.empty(len(codes), values.dtype)
    for start in range(0, len(codes), _STRETCH):
        result[start : start + _STRETCH] = values.take(codes[start : start + _STRETCH])
    return result


def number_column(values: NDArray[np.generic]) -> pa.Array:
    """Return numbers as a column."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def flag_column(values: Flags) -> pa.BooleanArray:
    """Return truth values as a column."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])


def text_column(texts: Sequence[str]) -> pa.StringArray:
    """Return texts as a column."""
    data = "".join(texts)
    lengths = map(len, texts) if data.isascii() else (len(text.encode()) for text in texts)
    offsets = np.zeros(len(texts) + 1, np.int32)
    np.cumsum(np.fromiter(lengths, np.int32, len(texts)), out=offsets[1:])
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(data.encode()))


def letters(texts: pa.StringArray) -> tuple[Ints, Bytes]:
    """Return where each text begins and ends in the bytes of all texts, and these bytes (UTF-8)."""
    if not len(texts):
        return np.zeros(1, np.int32), np.zeros(0, np.uint8)
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return ends, np.frombuffer(data or b"", np.uint8)
