"""A file of identities made ready for matching: every trait as a column of numbers.

The same reduction as `identity.comparable` does for one record. Placeholders and what cannot be read become missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.bulk.names import Vocabulary, build_vocabulary
from identity.bulk.text import MISSING, Coded, Flags, Ints, Longs, distinct, encode, match_keys, stable_hashes, take
from identity.comparable import is_fictitious, street_key
from identity.ins import InsError, InsOid, parse_ins
from identity.normalise import EMPTY_EMAILS, NEWBORN_WORDS, clean_phone
from identity.traits import BirthDate, TraitError

_NEWBORN = rf"^({'|'.join(sorted(NEWBORN_WORDS))})([ -]|$)"
_PLACE = re.compile(r"\d{5}|2[AB]\d{3}", re.ASCII)
_FRENCH = frozenset({"262", "590", "594", "596"})
_REPEATED = frozenset({int(f"{first}{digit * 8}") for first in "123456789" for digit in "0123456789"}) | {123456789}

COLUMNS = (
    "source", "birth_family", "used_family", "given_names", "used_given", "birth_date", "sex", "birth_place", "ins",
    "address", "postcode", "phone", "email",
)  # fmt: skip
MOST_WORDS = 5
"""Given names looked at, in words."""


@dataclass(frozen=True, slots=True)
class Records:
    """One entry per record in every array; names are indexes in the vocabulary, `MISSING` for none."""

    names: Vocabulary
    birth: Ints
    used: Ints
    head: Ints
    """The first birth given name."""
    used_head: Ints
    head_words: Ints
    """How many words the first given name has."""
    words: Ints
    """The first given names, word by word."""
    word_counts: Ints
    year: Ints
    month: Ints
    day: Ints
    fictitious: Flags
    sex: Ints
    """1 male, 2 female, 0 unknown."""
    place: Ints
    place_hashes: Longs
    ins: Ints
    ins_values: list[str]
    ins_hashes: Longs
    ins_coherent: Flags
    ins_year: Ints
    ins_month: Ints
    ins_place: Ints
    places: list[str]
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
    columns = {name: table[name] if name in table.column_names else _empty(len(table)) for name in COLUMNS}
    surnames = [encode(columns[name]) for name in ("birth_family", "used_family")]
    surname_keys = [match_keys(coded.values) for coded in surnames]
    given, used_given = encode(columns["given_names"]), encode(columns["used_given"])
    given_keys = _without_newborns(match_keys(given.values, hyphens=True))
    used_given_keys = _without_newborns(match_keys(used_given.values))
    heads = pc.replace_substring_regex(given_keys, r" .*$", "")
    spaced_heads = pc.replace_substring(heads, "-", " ")
    spaced = pc.replace_substring(given_keys, "-", " ")
    lists = pc.split_pattern(spaced, " ")
    words = lists.flatten()
    pieces = [*(pa.array(keys, pa.string()) for keys in surname_keys), used_given_keys, spaced_heads, words]
    keys, codes = distinct(pa.concat_arrays([piece.cast(pa.string()) for piece in pieces]))
    vocabulary = build_vocabulary(keys)
    codes = np.where(vocabulary.is_usable[codes], codes, MISSING).astype(np.int32)
    birth_ids, used_ids, used_given_ids, head_ids, word_ids = np.split(
        codes, np.cumsum([len(piece) for piece in pieces])[:-1]
    )
    birth, used = take(birth_ids, surnames[0].codes), take(used_ids, surnames[1].codes)
    head = take(head_ids, given.codes)
    used_head = take(used_given_ids, used_given.codes)
    head_counts = pc.count_substring(heads, "-").to_numpy(zero_copy_only=False) + 1
    dates = _dates(encode(columns["birth_date"]))
    places = encode(columns["birth_place"])
    ins = _matricules(encode(columns["ins"]), dates, places.values)
    postcode = encode(columns["postcode"])
    emails = encode(columns["email"])
    email_ids, own_names, email_hashes = _emails(emails.values, vocabulary)
    email = take(email_ids, emails.codes)
    own = take(own_names, emails.codes)
    own_head = (own >= 0) & (_compact(vocabulary, head, own) | _compact(vocabulary, used_head, own))
    return Records(
        names=vocabulary,
        birth=np.where(birth < 0, used, birth),
        used=np.where(used < 0, birth, used),
        head=np.where(head < 0, used_head, head),
        used_head=np.where(used_head < 0, head, used_head),
        head_words=np.where(head < 0, 1, take(head_counts.astype(np.int32), given.codes, 1)),
        words=_words(lists, word_ids, given.codes, used_head),
        word_counts=take(np.minimum(lists.value_lengths().to_numpy(), MOST_WORDS).astype(np.int32), given.codes, 1),
        year=dates.year,
        month=dates.month,
        day=dates.day,
        fictitious=dates.fictitious,
        sex=_sex(encode(columns["sex"])),
        place=ins.own_place[places.codes],
        place_hashes=stable_hashes(ins.places),
        ins=ins.ids,
        ins_values=ins.values,
        ins_hashes=stable_hashes(ins.values),
        ins_coherent=ins.coherent,
        ins_year=ins.year,
        ins_month=ins.month,
        ins_place=ins.place,
        places=ins.places,
        domain=encode(columns["source"]).codes,
        street=_streets(encode(columns["address"])),
        postcode=postcode.codes,
        postcode_hashes=stable_hashes(postcode.values),
        departments=distinct([code[:2] for code in postcode.values] + [""])[1],
        phone=_phones(encode(columns["phone"])),
        email=email,
        email_hashes=email_hashes,
        email_name=own,
        email_is_own=own_head,
    )


def _empty(rows: int) -> pa.Array:
    return pa.nulls(rows, pa.string())


def _without_newborns(keys: list[str]) -> pa.Array:
    """Blank what is written for a newborn without a given name."""
    values = pa.array(keys, pa.string())
    return pc.if_else(pc.match_substring_regex(values, _NEWBORN), "", values)


def _words(lists: pa.ListArray, word_ids: Ints, rows: Ints, used_head: Ints) -> Ints:
    """Return the first given names of each record, word by word; without any, the used one stands for them."""
    offsets = lists.offsets.to_numpy()
    counts = np.diff(offsets)
    table = np.full((len(lists) + 1, MOST_WORDS), MISSING, np.int32)
    for position in range(MOST_WORDS):
        has = np.flatnonzero(counts > position)
        table[has, position] = word_ids[offsets[:-1][has] + position]
    words = table[rows]
    alone = words[:, 0] < 0
    words[alone, 0] = used_head[alone]
    return words


@dataclass(frozen=True, slots=True)
class _Dates:
    year: Ints
    month: Ints
    day: Ints
    fictitious: Flags


def _dates(column: Coded) -> _Dates:
    parsed = np.zeros((len(column.values) + 1, 4), np.int32)
    for index, text in enumerate(column.values):
        try:
            when = BirthDate.parse(text.strip()).completed()
        except TraitError:
            continue
        parsed[index] = (when.year, when.month or 0, when.day or 0, is_fictitious(when))
    rows = parsed[column.codes]
    return _Dates(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3] > 0)


@dataclass(frozen=True, slots=True)
class _Matricules:
    ids: Ints
    values: list[str]
    coherent: Flags
    year: Ints
    month: Ints
    place: Ints
    places: list[str]
    own_place: Ints


def _matricules(column: Coded, dates: _Dates, own_places: list[str]) -> _Matricules:
    """Read the matricules with a right key, and one numbering of the places inside and beside them."""
    values = match_matricules(column.values)
    is_right = np.fromiter((bool(value) for value in values), np.bool_, len(values))
    year = np.fromiter((int(value[1:3]) if value else -1 for value in values), np.int32, len(values))
    month = np.fromiter((int(value[3:5]) if value else -1 for value in values), np.int32, len(values))
    inside = [value[5:10] if value[5:10] != "99999" else "" for value in values]
    own = [code if is_place(code := text.strip().upper()) else "" for text in own_places]
    places, place_ids = distinct([*own, *inside])
    place_ids = np.where(np.array([code == "" for code in places], np.bool_)[place_ids], MISSING, place_ids)
    own_ids = np.append(place_ids[: len(own)], np.int32(MISSING)).astype(np.int32)
    ids = take(np.where(is_right, np.arange(len(values)), MISSING).astype(np.int32), column.codes)
    row_year, row_month = take(year, column.codes), take(month, column.codes)
    agrees = (row_year == dates.year % 100) & (
        (row_month < 1) | (row_month > 12) | (row_month == dates.month) | dates.fictitious
    )
    return _Matricules(
        ids=ids,
        values=values,
        coherent=(ids >= 0) & (agrees | (dates.year == 0)),
        year=row_year,
        month=row_month,
        place=take(place_ids[len(own) :], column.codes),
        places=places,
        own_place=own_ids,
    )


def match_matricules(texts: list[str]) -> list[str]:
    """Return each matricule in capitals without signs, or an empty text when its form or its key is wrong."""
    return [_matricule(text) for text in texts]


def _matricule(text: str) -> str:
    value = text if len(text) == 15 else re.sub(r"[\s.\-]", "", text)
    if len(value) != 15 or value[0] not in "123478":
        return ""
    try:
        if value.isascii() and value.isdigit():
            return value if 97 - int(value[:13]) % 97 == int(value[13:]) else ""
        return parse_ins(value, InsOid.NIR).matricule
    except (InsError, ValueError):
        return ""


def is_place(code: str) -> bool:
    """Tell whether a code has the form of a place of birth that is known."""
    return _PLACE.fullmatch(code) is not None and code != "99999"


def _sex(column: Coded) -> Ints:
    known = {"M": 1, "F": 2}
    values = np.array([known.get(text.strip().upper(), 0) for text in column.values] + [0], np.int32)
    return values[column.codes]


def _streets(column: Coded) -> Ints:
    keys, ids = distinct([street_key(text) or "" for text in column.values])
    ids = np.where(np.array([key == "" for key in keys], np.bool_)[ids], MISSING, ids).astype(np.int32)
    return take(ids, column.codes)


def _phones(column: Coded) -> Longs:
    """Return national numbers as nine digits, foreign ones as all their digits; 0 for none."""
    numbers = np.zeros(len(column.values) + 1, np.int64)
    for index, text in enumerate(column.values):
        if len(text) == 10 and text[0] == "0" and text.isdigit():
            number = int(text)
            if number not in _REPEATED and number >= 100_000_000:
                numbers[index] = number
            continue
        found = clean_phone(text)
        if found:
            numbers[index] = int(found[1:]) if found[1:4] not in _FRENCH and found[1:3] != "33" else int(found[-9:])
    return numbers[column.codes]


def _emails(texts: list[str], names: Vocabulary) -> tuple[Ints, Ints, Longs]:
    """Return each address's id, the vocabulary's compact name that it opens with, and the hash of each id."""
    values = pa.array(texts, pa.string())
    lowered = pc.utf8_trim_whitespace(pc.utf8_lower(values))
    valid = pc.match_substring_regex(lowered, r"^[^@\s\"<>,;]+@[^@\s\"<>,;]+\.[a-z]{2,}$")
    local = pc.replace_substring_regex(lowered, r"@.*$", "")
    valid = pc.and_(valid, pc.invert(pc.is_in(local, value_set=pa.array(sorted(EMPTY_EMAILS)))))
    coded = pc.if_else(valid, lowered, None).dictionary_encode()
    ids = coded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
    opening = pc.utf8_upper(pc.replace_substring_regex(local, r"[^a-z].*$", ""))
    compact = pa.array(names.compact, pa.string())
    found = pc.index_in(opening, value_set=compact).fill_null(MISSING).to_numpy(zero_copy_only=False)
    own = np.where(found >= 0, names.compact_ids[found], MISSING).astype(np.int32)
    return ids, own, stable_hashes(coded.dictionary.to_pylist())


def _compact(names: Vocabulary, name: Ints, compact: Ints) -> Flags:
    return (name >= 0) & (names.compact_ids[name] == compact)
