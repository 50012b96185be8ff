"""A file of identities made ready for matching: every trait as a column of numbers.

The same reduction as `identity.comparable` does for one record. Placeholders and what cannot be read become missing.
"""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.bulk.columns import (
    MISSING,
    Bytes,
    Flags,
    Ints,
    Levels,
    Longs,
    flag_column,
    flags,
    integers,
    letters,
    text_column,
)
from identity.bulk.names import Marks, Vocabulary, build_vocabulary, marks_of
from identity.bulk.text import (
    Coded,
    are_digits,
    capitals,
    distinct,
    encode,
    hash_rows,
    joined,
    lines,
    match_keys,
    number,
    rows_of,
    single_spaces,
    split,
    stable_hashes,
    table_of,
    take,
    unique,
)
from identity.comparable import STREETS, is_fictitious, street_key
from identity.ins import InsError, InsOid, parse_ins
from identity.normalise import EMPTY_EMAILS, NEWBORN_WORDS, clean_phone
from identity.places import canonical_place, department, possible_places, stands_alone
from identity.traits import BirthDate, TraitError

_NEWBORN = rf"^({'|'.join(sorted(NEWBORN_WORDS))})([ -]|$)"
_FRENCH = frozenset({"262", "590", "594", "596"})
_PHONE_OPENINGS = (b"0", b"+33", b"+330", b"0033", b"00330", b"33")
_MATRICULE = 15
_FIRST_DIGITS = np.frombuffer(b"123478", np.uint8)
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0])
# As `BirthDate.parse`.
_FIRST_YEAR, _LAST_YEAR = 1850, 2200
_STREET_SIGNS = bytes(byte if byte == 10 or 48 <= byte <= 57 or 65 <= byte <= 90 else 32 for byte in range(256))

COLUMNS = (
    "source", "birth_family", "used_family", "given_names", "used_given", "birth_date", "sex", "birth_place", "ins",
    "address", "postcode", "phone", "email",
)  # fmt: skip
MOSTLY_DISTINCT = ("ins", "phone")
"""Columns that to encode as a dictionary would take longer than to read value by value."""
_NAME_COLUMNS = ("birth_family", "used_family", "given_names", "used_given")
_LONGEST = 1000
MOST_WORDS = 5
"""Given names looked at, in words."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a file, and what two of them are compared on; the last entry of an array stands for no place."""

    codes: list[str]
    departments: Ints
    """The département as it is written, as a number; -1 abroad."""
    is_alone: Flags
    """Places that the code alone tells all about (`identity.places.stands_alone`)."""
    marks: Marks
    """One bit for each place that the code may stand for and for each of its départements, some sharing a bit."""
    levels: dict[int, int] = field(default_factory=dict)
    """Levels found for pairs of places, kept from one chunk of pairs to the next."""


@dataclass(frozen=True, slots=True)
class Records:
    """One entry per record in every array; names are indexes in the vocabulary, `MISSING` for none."""

    names: Vocabulary
    birth: Ints
    used: Ints
    head: Ints
    """The first birth given name."""
    used_head: Ints
    head_words: Levels
    """How many words the first given name has."""
    words: Ints
    """The first given names, word by word: one row of the array for each word."""
    word_counts: Levels
    family_marks: Marks
    """One bit for each family name, whole and without particles, some names sharing a bit; 0 for none."""
    given_marks: Marks
    """The same of the first and the used given name."""
    head_marks: Marks
    """One bit for the first and for the used given name."""
    word_marks: Marks
    """One bit for each of the words of the given names."""
    date: Ints
    """The date of birth as one number, AAAAMMJJ; 0 for none."""
    year: Ints
    fictitious: Flags
    sex: Levels
    """1 male, 2 female, 0 unknown."""
    place: Ints
    place_hashes: Longs
    ins: Ints
    ins_values: NDArray[np.bytes_]
    ins_signs: Marks
    """The signs of each matricule, four bits each."""
    ins_hashes: Longs
    ins_coherent: Flags
    ins_place: Ints
    """The place inside the matricule, `MISSING` for none."""
    ins_own_place: Ints
    """The same, where the matricule is coherent with the date."""
    places: Places
    domain: Ints
    street: Ints
    postcode: Ints
    postcode_hashes: Longs
    departments: Ints
    """The department of each postcode, by the postcode's index."""
    phone: Longs
    """A number in digits; 0 for none."""
    email: Ints
    email_hashes: Longs
    email_name: Ints
    """The compact name that the address opens with."""
    email_is_own: Flags
    """The address opens with the person's own given name."""
    unreadable: Mapping[str, int] = field(default_factory=dict)
    """Values that say nothing or cannot be read, by column: they count as missing."""

    def __len__(self) -> int:
        return len(self.year)


def prepare(table: pa.Table) -> Records:
    """Reduce a table with the columns of a load; a column that is not there counts as empty."""

    def column(name: str) -> Coded:
        texts = table[name] if name in table.column_names else pa.nulls(len(table), pa.string())
        return encode(texts, mostly_distinct=name in MOSTLY_DISTINCT)

    unreadable: dict[str, int] = {}

    def counted(name: str, coded: Coded, is_missing: Flags) -> None:
        """Count the values that are there and say nothing."""
        if count := np.count_nonzero(is_missing & (coded.codes >= 0)):
            unreadable[name] = int(count)

    # The names are half of the work: the other half is done meanwhile.
    with ThreadPoolExecutor(1) as pool:
        names_to_come = pool.submit(_names, [column(name) for name in _NAME_COLUMNS], counted)
        when = column("birth_date")
        dates = _dates(when)
        counted("birth_date", when, dates.year == 0)
        written_sex = column("sex")
        sex, said = _sex(written_sex)
        counted("sex", written_sex, ~said)
        written_place, written_ins = column("birth_place"), column("ins")
        ins = _matricules(written_ins, dates, written_place.values)
        place = take(ins.own_place, written_place.codes)
        counted("birth_place", written_place, place < 0)
        counted("ins", written_ins, ins.ids < 0)
        line = column("address")
        street = _streets(line)
        counted("address", line, street < 0)
        postcode = _trimmed(column("postcode"))
        number = column("phone")
        phone = _phones(number)
        counted("phone", number, phone == 0)
        address = column("email")
        emails = _emails(address.values)
        email = take(emails.ids, address.codes)
        counted("email", address, email < 0)
    names = names_to_come.result()
    own = take(_opening_names(emails.opening, names.vocabulary), address.codes)
    vocabulary, head, used_head = names.vocabulary, names.head, names.used_head
    marks: Marks = np.append(_marks(vocabulary.core_ids) | _marks(vocabulary.compact_ids), np.uint64(0))
    own_head = (own >= 0) & (_compact(vocabulary, head, own) | _compact(vocabulary, used_head, own))
    return Records(
        names=vocabulary,
        birth=names.birth,
        used=names.used,
        head=head,
        used_head=used_head,
        head_words=names.head_words,
        words=names.words,
        word_counts=names.word_counts,
        family_marks=marks[names.birth] | marks[names.used],
        given_marks=marks[head] | marks[used_head],
        head_marks=_marks(head) | _marks(used_head),
        word_marks=marks_of(names.words),
        date=(dates.year * 10000 + dates.month * 100 + dates.day).astype(np.int32),
        year=dates.year,
        fictitious=dates.fictitious,
        sex=sex,
        place=place,
        place_hashes=stable_hashes(text_column(ins.places)),
        ins=ins.ids,
        ins_values=ins.values,
        ins_signs=_signs(ins.values),
        ins_hashes=hash_rows(ins.values.view(np.uint8).reshape(-1, _MATRICULE)),
        ins_coherent=ins.coherent,
        ins_place=ins.place,
        ins_own_place=np.where(ins.coherent, ins.place, np.int32(MISSING)),
        places=_take_places_apart(ins.places),
        domain=column("source").codes,
        street=street,
        postcode=postcode.codes,
        postcode_hashes=stable_hashes(postcode.values),
        departments=distinct(text_column([*(code[:2] for code in postcode.texts), ""])).codes,
        phone=phone,
        email=email,
        email_hashes=emails.hashes,
        email_name=own,
        email_is_own=own_head,
        unreadable={name: unreadable[name] for name in COLUMNS if name in unreadable},
    )


@dataclass(frozen=True, slots=True)
class _Names:
    vocabulary: Vocabulary
    birth: Ints
    used: Ints
    head: Ints
    used_head: Ints
    head_words: Levels
    words: Ints
    word_counts: Levels


def _names(columns: list[Coded], counted: Callable[[str, Coded, Flags], None]) -> _Names:
    """Put all names of a file into one vocabulary; an unknown name is stood in for by the other of its kind."""
    family, used_family, given, used_given = columns
    surname_keys = [match_keys(_written(coded)) for coded in (family, used_family)]
    given_keys = _without_newborns(match_keys(_written(given), hyphens=True))
    used_given_keys = _without_newborns(match_keys(_written(used_given)))
    heads = _first_words(given_keys)
    lists = pc.split_pattern(pc.replace_substring(given_keys, "-", " "), " ")
    # The empty key is always there, so that a file without a name has a vocabulary too.
    pieces = [text_column([""]), *surname_keys, used_given_keys]
    pieces += [pc.replace_substring(heads, "-", " "), lists.flatten()]
    keys = distinct(pa.concat_arrays(pieces))
    vocabulary = build_vocabulary(keys.values)
    codes = np.where(vocabulary.is_usable, np.arange(len(keys.values), dtype=np.int32), np.int32(MISSING))[keys.codes]
    _, birth_ids, used_ids, used_given_ids, head_ids, word_ids = np.split(
        codes, np.cumsum([len(piece) for piece in pieces])[:-1]
    )
    birth, used = take(birth_ids, family.codes), take(used_ids, used_family.codes)
    head, used_head = take(head_ids, given.codes), take(used_given_ids, used_given.codes)
    for name, coded, found in zip(_NAME_COLUMNS, columns, (birth, used, head, used_head), strict=True):
        counted(name, coded, found < 0)
    head_counts = np.minimum(integers(pc.count_substring(heads, "-")) + 1, MOST_WORDS + 1).astype(np.int8)
    word_counts = np.minimum(integers(lists.value_lengths()), MOST_WORDS).astype(np.int8)
    return _Names(
        vocabulary=vocabulary,
        birth=np.where(birth < 0, used, birth),
        used=np.where(used < 0, birth, used),
        head=np.where(head < 0, used_head, head),
        used_head=np.where(used_head < 0, head, used_head),
        head_words=np.where(head < 0, np.int8(1), take(head_counts, given.codes, 1)),
        words=_words(lists, word_ids, given.codes, used_head),
        word_counts=take(word_counts, given.codes, 1),
    )


def _written(column: Coded) -> pa.StringArray:
    """Return names as they are written, cut where no name goes on: a text that long is none."""
    if int(np.diff(letters(column.values)[0]).max(initial=0)) <= _LONGEST:
        return column.values
    return pc.utf8_slice_codeunits(column.values, 0, _LONGEST)


def _without_newborns(keys: pa.StringArray) -> pa.StringArray:
    """Blank what is written for a newborn without a given name."""
    is_newborn = pc.match_substring_regex(keys, _NEWBORN)
    return pc.replace_with_mask(keys, is_newborn, text_column([""] * is_newborn.true_count))


def _first_words(keys: pa.StringArray) -> pa.StringArray:
    lists = pc.split_pattern(keys, " ", max_splits=1)
    return lists.flatten().take(lists.offsets[:-1])


def _words(lists: pa.ListArray, word_ids: Ints, rows: Ints, used_head: Ints) -> Ints:
    """Return the first given names of each record, word by word; without any, the used one stands for them."""
    offsets = integers(lists.offsets)
    counts = np.diff(offsets)
    table = np.full((MOST_WORDS, len(lists) + 1), MISSING, np.int32)
    for position in range(MOST_WORDS):
        has = np.flatnonzero(counts > position)
        table[position, has] = word_ids[offsets[:-1][has] + position]
    words = np.stack([column.take(rows) for column in table])
    alone = np.flatnonzero(words[0] < 0)
    words[0, alone] = used_head[alone]
    return words


@dataclass(frozen=True, slots=True)
class _Dates:
    year: Ints
    month: Ints
    day: Ints
    fictitious: Flags


def _dates(column: Coded) -> _Dates:
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
    others[rows] = False
    for index in np.flatnonzero(others).tolist():
        try:
            when = BirthDate.parse(column.values[index].as_py().strip()).completed()
        except TraitError:
            continue
        parsed[index] = (when.year, when.month or 0, when.day or 0, is_fictitious(when))
    found = np.ascontiguousarray(parsed.T)[:, column.codes]
    return _Dates(found[0], found[1], found[2], found[3] > 0)


@dataclass(frozen=True, slots=True)
class _Matricules:
    ids: Ints
    values: NDArray[np.bytes_]
    coherent: Flags
    place: Ints
    places: list[str]
    own_place: Ints


def _matricules(column: Coded, dates: _Dates, own_places: pa.StringArray) -> _Matricules:
    """Read the matricules with a right key, and one numbering of the places inside and beside them."""
    values = match_matricules(column.values)
    values, ids = _distinct_matricules(values)
    table = values.view(np.uint8).reshape(-1, _MATRICULE)
    year, month = (number(table[:, start : start + 2]).astype(np.int32) for start in (1, 3))
    inside, own = place_numbers(table[:, 5:10]), _places(own_places)
    known, place_ids = unique(np.concatenate([own, inside]))
    place_ids = np.where((known == 0)[place_ids], MISSING, place_ids).astype(np.int32)
    rows = take(ids, column.codes)
    row_year, row_month = take(year, rows), take(month, rows)
    agrees = (row_year == dates.year % 100) & (
        (row_month < 1) | (row_month > 12) | (row_month == dates.month) | dates.fictitious
    )
    return _Matricules(
        ids=rows,
        values=values,
        coherent=(rows >= 0) & (agrees | (dates.year == 0)),
        place=take(place_ids[len(own) :], rows),
        places=[code.to_bytes(5, "big").decode() if code else "" for code in known.tolist()],
        own_place=place_ids[: len(own)],
    )


def match_matricules(values: pa.StringArray) -> NDArray[np.bytes_]:
    """Return each matricule in capitals without signs, or an empty text when its form or its key is wrong."""
    found = np.zeros((len(values), _MATRICULE), np.uint8)
    rows, table = table_of(values, _MATRICULE)
    plain = are_digits(table)
    rows, table = rows[plain], table[plain]
    right = np.isin(table[:, 0], _FIRST_DIGITS) & (97 - number(table[:, :13]) % 97 == number(table[:, 13:]))
    found[rows[right]] = table[right]
    others = np.ones(len(values), np.bool_)
    others[rows] = False
    result = found.reshape(-1).view(f"S{_MATRICULE}")
    odd = _taken(values, others)
    result[others] = np.array([_matricule(text) for text in odd.texts], result.dtype)[odd.codes]
    return result


def _taken(values: pa.StringArray, rows: Flags) -> Coded:
    """Return some of the values, each distinct one once."""
    return distinct(values.filter(flag_column(rows)))


def _matricule(text: str) -> str:
    value = re.sub(r"[\s.\-]", "", text)
    try:
        return parse_ins(value, InsOid.NIR).matricule if len(value) == _MATRICULE else ""
    except InsError:
        return ""


def _distinct_matricules(values: NDArray[np.bytes_]) -> tuple[NDArray[np.bytes_], Ints]:
    """Return the distinct matricules and the index of each value among them, `MISSING` for none."""
    width = pa.binary(_MATRICULE)
    column = pa.FixedSizeBinaryArray.from_buffers(
        width, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))]
    )
    coded = column.dictionary_encode()
    known = np.frombuffer(coded.dictionary.buffers()[1], f"S{_MATRICULE}")[: len(coded.dictionary)]
    ids = integers(coded.indices)
    return known, np.where((known == b"")[ids], MISSING, ids).astype(np.int32)


def place_numbers(table: Bytes) -> Longs:
    """Read codes of places as numbers, 0 for a code whose form is wrong or that stands for an unknown place."""
    corsican = (table[:, 0] == ord("2")) & ((table[:, 1] == ord("A")) | (table[:, 1] == ord("B")))
    right = are_digits(table[:, [0, 2, 3, 4]]) & (are_digits(table[:, [1]]) | corsican)
    right &= (table != ord("9")).any(axis=1)
    packed = np.zeros(len(table), np.int64)
    for column in range(5):
        packed = packed << 8 | table[:, column]
    return np.where(right, packed, 0)


def _signs(matricules: NDArray[np.bytes_]) -> Marks:
    """Pack the signs of each matricule, digits and the A or B of Corsica, four bits each."""
    packed = np.zeros(len(matricules), np.uint64)
    for column in matricules.view(np.uint8).reshape(-1, _MATRICULE).T:
        sign = np.where(column < ord("A"), column - ord("0"), column - (ord("A") - 10))
        packed = packed << np.uint64(4) | sign
    return packed


def _places(values: pa.StringArray) -> Longs:
    """Read the places of birth as the file writes them."""
    numbers = np.zeros(len(values), np.int64)
    rows, table = table_of(values, 5)
    numbers[rows] = place_numbers(table)
    for index in np.flatnonzero(numbers == 0).tolist():
        code = values[index].as_py().strip().upper().encode()
        if len(code) == 5:
            numbers[index] = place_numbers(np.frombuffer(code, np.uint8).reshape(1, -1))[0]
    return numbers


def _take_places_apart(codes: list[str]) -> Places:
    names = ["" if code[:2] == "99" else code[:3] if code[:2] in ("97", "98") else code[:2] for code in codes]
    departments = distinct(text_column([*names, ""]))
    is_abroad = np.array([not name for name in departments.texts])[departments.codes]
    is_alone = np.array([stands_alone(code) for code in codes], np.bool_)
    marks = [_mark(code) | _mark(name) for code, name in zip(codes, names, strict=True)]
    for place in np.flatnonzero(~is_alone).tolist():
        today = department(canonical_place(codes[place])) or ""
        marks[place] = reduce(or_, map(_mark, possible_places(codes[place])), marks[place] | _mark(today))
    return Places(
        codes=codes,
        departments=np.where(is_abroad, np.int32(MISSING), departments.codes),
        is_alone=np.append(is_alone, False),
        marks=np.array([*marks, 0], np.uint64),
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


def _trimmed(column: Coded) -> Coded:
    trimmed = distinct(pc.utf8_trim_whitespace(column.values))
    return Coded(trimmed.values, take(trimmed.codes, column.codes))


def _streets(column: Coded) -> Ints:
    """Return a number for each line of address that is written alike but for signs and abbreviations."""
    coded = street_keys(column.values).dictionary_encode()
    empty = np.diff(letters(coded.dictionary)[0]) == 0
    ids = integers(coded.indices)
    return take(np.where(empty[ids], MISSING, ids).astype(np.int32), column.codes)


def street_keys(values: pa.StringArray) -> pa.StringArray:
    """Reduce lines of address as `identity.comparable.street_key` does one; empty when nothing is left."""
    text = joined(values)
    if text is None:
        return text_column([street_key(line) or "" for line in values.to_pylist()])
    capital, odd = capitals(text.decode())
    data = np.frombuffer(capital.translate(_STREET_SIGNS), np.uint8)
    is_digit, is_letter = (data >= ord("0")) & (data <= ord("9")), data >= ord("A")
    joins = np.flatnonzero((is_digit[:-1] & is_letter[1:]) | (is_letter[:-1] & is_digit[1:]))
    line = b" " + np.insert(data, joins + 1, ord(" ")).tobytes().replace(b" ", b"  ").replace(b"\n", b" \n ") + b" "
    for short, full in STREETS.items():
        line = line.replace(f" {short} ".encode(), f" {full} ".encode())
    keys = lines(single_spaces(line))
    if not len(odd):
        return keys
    is_odd = np.zeros(len(values), np.bool_)
    is_odd[odd] = True
    return pc.replace_with_mask(
        keys, flag_column(is_odd), text_column([street_key(values[line].as_py()) or "" for line in odd.tolist()])
    )


def _phones(column: Coded) -> Longs:
    """Return national numbers as nine digits, foreign ones as all their digits; 0 for none."""
    numbers = np.zeros(len(column.values) + 1, np.int64)
    others = np.ones(len(column.values), np.bool_)
    text = joined(column.values)
    if text is not None:
        starts, ends, data = split(text.replace(b"(0)", b"").translate(None, b" .-/()"))
        for opening in _PHONE_OPENINGS:
            rows, table = rows_of(starts, ends, data, len(opening) + 9)
            national = table[:, len(opening) :]
            fits = (table[:, : len(opening)] == np.frombuffer(opening, np.uint8)).all(axis=1) & are_digits(national)
            fits &= national[:, 0] != ord("0")
            rows, national = rows[fits], national[fits]
            found = number(national)
            is_real = (national[:, 1:] != national[:, 1:2]).any(axis=1) & (found != 123456789)
            numbers[rows] = np.where(is_real, found, 0)
            others[rows] = False
    odd = _taken(column.values, others)
    numbers[:-1][others] = np.array([_phone(text) for text in odd.texts], np.int64)[odd.codes]
    return numbers[column.codes]


def _phone(text: str) -> int:
    phone = clean_phone(text)
    if not phone:
        return 0
    is_french = phone[1:4] in _FRENCH or phone[1:3] == "33"
    return int(phone[-9:] if is_french else phone[1:])


@dataclass(frozen=True, slots=True)
class _Emails:
    """The addresses as they come in the file: a number, `MISSING` for none, what each opens with, a stable hash."""

    ids: Ints
    opening: pa.StringArray
    hashes: Longs


def _emails(values: pa.StringArray) -> _Emails:
    lowered = pc.utf8_trim_whitespace(pc.utf8_lower(values))
    valid = flags(pc.match_substring_regex(lowered, r"^[^@\s\"<>,;]+@[^@\s\"<>,;]+\.[a-z]{2,}$"))
    local = pc.replace_substring_regex(lowered, r"@.*$", "")
    valid &= ~flags(pc.is_in(local, value_set=text_column(sorted(EMPTY_EMAILS))))
    coded = distinct(lowered)
    opening = pc.utf8_upper(pc.replace_substring_regex(local, r"[^a-z].*$", ""))
    return _Emails(np.where(valid, coded.codes, np.int32(MISSING)), opening, stable_hashes(coded.values))


def _opening_names(opening: pa.StringArray, names: Vocabulary) -> Ints:
    """Return the compact name of the vocabulary that each address opens with."""
    found = integers(pc.index_in(opening, value_set=text_column(names.compact)))
    return np.where(found >= 0, names.compact_ids[found], np.int32(MISSING))


def _marks(names: Ints) -> Marks:
    return marks_of(names[None])


def _compact(names: Vocabulary, name: Ints, compact: Ints) -> Flags:
    same: Flags = (name >= 0) & (names.compact_ids[name] == compact)
    return same
