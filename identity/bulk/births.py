"""Births: the date, the sex, the place and the matricule of each record of a file, which tell of one another."""

import re
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.bulk.columns import MISSING, Bytes, Flags, Ints, Levels, Longs, integers, text_column
from identity.bulk.names import Marks
from identity.bulk.text import (
    Coded,
    Column,
    Counted,
    are_digits,
    distinct,
    hash_rows,
    number,
    some,
    stable_hashes,
    table_of,
    take,
    unique,
)
from identity.cells import date_of, place_of
from identity.comparable import DEFAULT_DATES, is_fictitious
from identity.ins import InsError, InsOid, parse_ins
from identity.places import (
    COLONIAL_DEPARTMENTS,
    canonical_place,
    department,
    is_area,
    possible_places,
    stands_alone,
    was_colonial,
)
from identity.traits import BirthDate, TraitError

MATRICULE = 15
"""Signs of a matricule."""
PLACE = 5
"""Signs of the code of a place."""

_FIRST_DIGITS = np.frombuffer(b"123478", np.uint8)
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0])
_DEFAULT_DATES = [day.year * 10000 + (day.month or 0) * 100 + (day.day or 0) for day in DEFAULT_DATES]
# As `BirthDate.parse`.
_FIRST_YEAR, _LAST_YEAR = 1850, 2200


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a file, and what two of them are compared on; the last entry of an array stands for no place."""

    codes: list[str]
    departments: Ints
    """The département as it is written, as a number; -1 abroad."""
    is_alone: Flags
    """Places that the code alone tells all about (`identity.places.stands_alone`)."""
    is_area: Flags
    """Codes that name a département and none of its communes."""
    marks: Marks
    """One bit for each place that the code may stand for and for each of its départements, some sharing a bit."""
    is_abroad: Flags
    """Codes that name a country, whenever one was born."""
    may_be_colonial: Flags
    """Places whose département was also one of Algeria, Morocco or Tunisia."""
    was_colonial: Flags
    """Places that are in one of these countries, for somebody born before independence."""
    levels: dict[int, int] = field(default_factory=dict)
    """Levels found for pairs of places, kept from one chunk of pairs to the next."""


@dataclass(frozen=True, slots=True)
class Births:
    """What each record says of a birth."""

    dates: "Dates"
    sex: Levels
    place: Ints
    place_hashes: Longs
    ins: "Matricules"
    places: Places


def read_births(column: Column, counted: Counted) -> Births:
    """Read all that a file says of births."""
    when, written_sex, written_place, written_ins = map(column, ("birth_date", "sex", "birth_place", "ins"))
    dates = _dates(when)
    sex, said = _sex(written_sex)
    ins = _matricules(written_ins, dates, written_place.values)
    place = take(ins.own_place, written_place.codes)
    counted("birth_date", when, dates.year == 0)
    counted("sex", written_sex, ~said)
    counted("birth_place", written_place, place < 0)
    counted("ins", written_ins, ins.ids < 0)
    return Births(dates, sex, place, stable_hashes(text_column(ins.places)), ins, _take_places_apart(ins.places))


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates of birth, completed; 0 for none."""

    year: Ints
    month: Ints
    day: Ints
    fictitious: Flags


def _dates(column: Coded) -> Dates:
    """Read dates of birth; those written AAAA-MM-JJ all at once."""
    parsed = np.zeros((len(column.values) + 1, 4), np.int32)
    rows, table = table_of(column.values, 10)
    dashed = are_digits(table[:, [0, 1, 2, 3, 5, 6, 8, 9]]) & (table[:, [4, 7]] == ord("-")).all(axis=1)
    rows, table = rows[dashed], table[dashed]
    year, month, day = number(table[:, :4]), number(table[:, 5:7]), number(table[:, 8:])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = _MONTH_DAYS[np.minimum(month, 13)] + (leap & (month == 2))
    right = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= last)
    by_rule = ((month == 1) & (day == 1)) | ((month == 12) & (day == 31))
    parsed[rows[right]] = np.stack([year, month, day, by_rule], axis=1)[right]
    others = np.ones(len(column.values), np.bool_)
    others[rows[right]] = False
    for index in np.flatnonzero(others).tolist():
        try:
            when = BirthDate.parse(date_of(column.values[index].as_py())).completed()
        except TraitError:
            continue
        parsed[index] = (when.year, when.month or 0, when.day or 0, is_fictitious(when))
    parsed[np.isin(parsed[:, 0] * 10000 + parsed[:, 1] * 100 + parsed[:, 2], _DEFAULT_DATES)] = 0
    found = np.ascontiguousarray(parsed.T)[:, column.codes]
    return Dates(found[0], found[1], found[2], found[3] > 0)


@dataclass(frozen=True, slots=True)
class Matricules:
    """The distinct matricules, that of each record, and the places inside and beside them under one numbering."""

    ids: Ints
    values: NDArray[np.bytes_]
    signs: Marks
    """The signs of each, four bits each."""
    hashes: Longs
    coherent: Flags
    place: Ints
    places: list[str]
    own_place: Ints


def _matricules(column: Coded, dates: Dates, own_places: pa.StringArray) -> Matricules:
    """Read the matricules with a right key, and one numbering of the places inside and beside them."""
    values = match_matricules(column.values)
    values, ids = _distinct_matricules(values)
    table = values.view(np.uint8).reshape(-1, MATRICULE)
    year, month = (number(table[:, start : start + 2]).astype(np.int32) for start in (1, 3))
    inside, own = place_numbers(table[:, 5:10]), _places(own_places)
    known, place_ids = unique(np.concatenate([own, inside]))
    place_ids = np.where((known == 0)[place_ids], MISSING, place_ids).astype(np.int32)
    rows = take(ids, column.codes)
    row_year, row_month = take(year, rows), take(month, rows)
    agrees = (row_year == dates.year % 100) & (
        (row_month < 1) | (row_month > 12) | (row_month == dates.month) | dates.fictitious
    )
    return Matricules(
        ids=rows,
        values=values,
        signs=_pack(values),
        hashes=hash_rows(table),
        coherent=(rows >= 0) & (agrees | (dates.year == 0)),
        place=take(place_ids[len(own) :], rows),
        places=[code.to_bytes(5, "big").decode() if code else "" for code in known.tolist()],
        own_place=place_ids[: len(own)],
    )


def match_matricules(values: pa.StringArray) -> NDArray[np.bytes_]:
    """Return each matricule in capitals without signs, or an empty text when its form or its key is wrong."""
    found = np.zeros((len(values), MATRICULE), np.uint8)
    rows, table = table_of(values, MATRICULE)
    plain = are_digits(table)
    rows, table = rows[plain], table[plain]
    right = np.isin(table[:, 0], _FIRST_DIGITS) & (97 - number(table[:, :13]) % 97 == number(table[:, 13:]))
    found[rows[right]] = table[right]
    others = np.ones(len(values), np.bool_)
    others[rows] = False
    result = found.reshape(-1).view(f"S{MATRICULE}")
    odd = some(values, others)
    result[others] = np.array([_matricule(text) for text in odd.texts], result.dtype)[odd.codes]
    return result


def _matricule(text: str) -> str:
    value = re.sub(r"[\s.\-]", "", text)
    try:
        return parse_ins(value, InsOid.NIR).matricule if len(value) == MATRICULE else ""
    except InsError:
        return ""


def _distinct_matricules(values: NDArray[np.bytes_]) -> tuple[NDArray[np.bytes_], Ints]:
    """Return the distinct matricules and the index of each value among them, `MISSING` for none."""
    width = pa.binary(MATRICULE)
    column = pa.FixedSizeBinaryArray.from_buffers(
        width, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )
    coded = column.dictionary_encode()
    known = np.frombuffer(coded.dictionary.buffers()[1], f"S{MATRICULE}")[: len(coded.dictionary)]
    ids = integers(coded.indices)
    return known, np.where((known == b"")[ids], MISSING, ids).astype(np.int32)


def place_numbers(table: Bytes) -> Longs:
    """Read codes of places as numbers, 0 for a code whose form is wrong or that names no place."""
    corsican = (table[:, 0] == ord("2")) & ((table[:, 1] == ord("A")) | (table[:, 1] == ord("B")))
    right = are_digits(table[:, [0, 2, 3, 4]]) & (are_digits(table[:, [1]]) | corsican)
    right &= ~_are_no_places(table)
    packed = np.zeros(len(table), np.int64)
    for column in range(5):
        packed = packed << 8 | table[:, column]
    return np.where(right, packed, 0)


def _are_no_places(table: Bytes) -> Flags:
    """Tell which codes name no place, as `identity.places.is_no_place` tells one."""
    zero, nine = table == ord("0"), table == ord("9")
    abroad = nine[:, 0] & nine[:, 1]
    is_france = (table[:, 2] == ord("1")) & zero[:, 3] & zero[:, 4]
    none: Flags = (zero[:, 0] & zero[:, 1]) | (abroad & (zero[:, 2] | (nine[:, 2] & nine[:, 3]) | is_france))
    return none


def _pack(matricules: NDArray[np.bytes_]) -> Marks:
    """Pack the signs of each matricule, digits and the A or B of Corsica, four bits each."""
    packed = np.zeros(len(matricules), np.uint64)
    for column in matricules.view(np.uint8).reshape(-1, MATRICULE).T:
        sign = np.where(column < ord("A"), column - ord("0"), column - (ord("A") - 10))
        packed = packed << np.uint64(4) | sign
    return packed


def _places(values: pa.StringArray) -> Longs:
    """Read the places of birth as the file writes them."""
    numbers = np.zeros(len(values), np.int64)
    rows, table = table_of(values, PLACE)
    numbers[rows] = place_numbers(table)
    for index in np.flatnonzero(numbers == 0).tolist():
        code = place_of(values[index].as_py()).upper().encode()
        if len(code) == PLACE:
            numbers[index] = place_numbers(np.frombuffer(code, np.uint8).reshape(1, -1))[0]
    return numbers


def _take_places_apart(codes: list[str]) -> Places:
    names = ["" if code[:2] == "99" else code[:3] if code[:2] in ("97", "98") else code[:2] for code in codes]
    departments = distinct(text_column([*names, ""]))
    is_abroad = np.array([not name for name in departments.texts])[departments.codes]
    is_alone = np.array([stands_alone(code) for code in codes], np.bool_)
    today = [code if alone else canonical_place(code) for code, alone in zip(codes, is_alone.tolist(), strict=True)]
    of_department = {name: _mark(name) for name in departments.texts}
    marks = [_mark(code) | of_department[name] for code, name in zip(codes, names, strict=True)]
    for place in np.flatnonzero(~is_alone).tolist():
        own = marks[place] | _mark(department(today[place]) or "")
        marks[place] = reduce(or_, map(_mark, possible_places(codes[place])), own)
    return Places(
        codes=codes,
        departments=np.where(is_abroad, np.int32(MISSING), departments.codes),
        is_alone=np.append(is_alone, False),
        is_area=np.array([*map(is_area, codes), False], np.bool_),
        marks=np.array([*marks, 0], np.uint64),
        is_abroad=np.array([*(code.startswith("99") for code in today), False], np.bool_),
        may_be_colonial=np.array([*(code[:2] in COLONIAL_DEPARTMENTS for code in codes), False], np.bool_),
        was_colonial=np.array([*map(was_colonial, codes), False], np.bool_),
    )


def _mark(name: str) -> int:
    """Return one bit for a place or a département, 0 for none."""
    return 1 << int.from_bytes(name.encode(), "big") % 61 if name else 0


def _sex(column: Coded) -> tuple[Levels, Flags]:
    """Return the sex of each record, and whether the file says anything of it."""
    texts = [text.strip().upper() for text in column.texts]
    values = np.array([{"M": 1, "F": 2}.get(text, 0) for text in texts] + [0], np.int8)
    said = np.array([text in ("M", "F", "U", "I") for text in texts] + [False], np.bool_)
    return values[column.codes], said[column.codes]
