"""A file of identities made ready for matching: every trait as a column of numbers.

The same reduction as `identity.comparable` does for one record. Placeholders and what cannot be read become missing.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.bulk.births import Places, read_births
from identity.bulk.columns import MISSING, Flags, Ints, Levels, Longs
from identity.bulk.contacts import opening_names, read_contacts
from identity.bulk.names import Marks, Vocabulary, build_vocabulary, marks_of, take_apart
from identity.bulk.text import Coded, encode
from identity.bulk.written_names import called_by_two, name_keys, number_names

COLUMNS = (
    "source", "birth_family", "used_family", "given_names", "used_given", "birth_date", "sex", "birth_place", "ins",
    "address", "postcode", "city", "phone", "email",
)  # fmt: skip
MOSTLY_DISTINCT = ("ins", "phone")
"""Columns that to encode as a dictionary would take longer than to read value by value."""


class Unreadable(NamedTuple):
    """Values of a column that say nothing or cannot be read: how many, and the first record that holds one."""

    values: int
    first: int


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
    called_by_two: Flags
    """The used given name is the first two words of the list."""
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
    """The same, where the matricule is coherent with the date and names a commune or a country."""
    places: Places
    domain: Ints
    street: Ints
    streets: pa.StringArray
    """The streets that `street` numbers."""
    in_shared_home: Flags
    """The address is that of a home for many: it has no street here, and its telephone is nobody's."""
    street_numbers: Longs
    """The number that each of these streets opens with: two that differ are two places; 0 when it is not known."""
    street_hashes: Longs
    postcode: Ints
    postcodes: pa.StringArray
    """The postcodes that `postcode` numbers."""
    postcode_hashes: Longs
    departments: Ints
    """The department of each postcode, by the postcode's index."""
    postcode_numbers: Ints
    """Each postcode of five digits as a number, by the postcode's index; `MISSING` for another."""
    town: Coded
    """The town of the address, as received."""
    phone: Longs
    """A French number as nine digits, another as `contacts.ABROAD` and its digits; 0 for none."""
    email: Ints
    email_hashes: Longs
    email_name: Ints
    """The compact name that the address opens with."""
    email_is_own: Flags
    """The address opens with the person's own given name, in one word or in two."""
    unreadable: Mapping[str, Unreadable] = field(default_factory=dict)
    """What counts as missing though something is written there, by column."""

    def __len__(self) -> int:
        return len(self.year)


def prepare(table: pa.Table) -> Records:
    """Reduce a table with the columns of a load; a column that is not there counts as empty."""

    def column(name: str) -> Coded:
        texts = table[name] if name in table.column_names else pa.nulls(len(table), pa.string())
        return encode(texts, mostly_distinct=name in MOSTLY_DISTINCT)

    unreadable: dict[str, Unreadable] = {}

    def counted(name: str, coded: Coded, is_missing: Flags) -> None:
        """Count the values that are there and say nothing."""
        found = is_missing & (coded.codes >= 0)
        if count := np.count_nonzero(found):
            unreadable[name] = Unreadable(int(count), int(found.argmax()))

    with ThreadPoolExecutor(1) as pool:
        births_to_come = pool.submit(read_births, column, counted)
        contacts_to_come = pool.submit(read_contacts, column, counted)
        keys = name_keys(column)
        words = take_apart(keys.keys.values)
        opening_to_come = pool.submit(lambda: opening_names(contacts_to_come.result(), words.forms.values))
        names = number_names(keys, words, counted)
        vocabulary = build_vocabulary(words)
        births, contacts, opening = births_to_come.result(), contacts_to_come.result(), opening_to_come.result()
    dates, ins, head, used_head = births.dates, births.ins, names.head, names.used_head
    own_head = np.zeros(len(head), np.bool_)
    for found in opening:
        own_head |= (found >= 0) & (_compact(vocabulary, head, found) | _compact(vocabulary, used_head, found))
    marks: Marks = np.append(_marks(vocabulary.core_ids) | _marks(vocabulary.compact_ids), np.uint64(0))
    return Records(
        names=vocabulary,
        birth=names.birth,
        used=names.used,
        head=head,
        used_head=used_head,
        head_words=names.head_words,
        called_by_two=called_by_two(names, keys.keys.values),
        words=names.words,
        word_counts=names.word_counts,
        family_marks=marks[names.birth] | marks[names.used],
        given_marks=marks[head] | marks[used_head],
        head_marks=_marks(head) | _marks(used_head),
        word_marks=marks_of(names.words),
        date=dates.year * 10000 + dates.month * 100 + dates.day,
        year=dates.year,
        fictitious=dates.fictitious,
        sex=births.sex,
        place=births.place,
        place_hashes=births.place_hashes,
        ins=ins.ids,
        ins_values=ins.values,
        ins_signs=ins.signs,
        ins_hashes=ins.hashes,
        ins_coherent=ins.coherent,
        ins_place=ins.place,
        ins_own_place=np.where(ins.coherent & ~births.places.is_area[ins.place], ins.place, np.int32(MISSING)),
        places=births.places,
        domain=column("source").codes,
        street=contacts.street,
        streets=contacts.streets,
        in_shared_home=contacts.in_shared_home,
        street_numbers=contacts.street_numbers,
        street_hashes=contacts.street_hashes,
        postcode=contacts.postcode,
        postcodes=contacts.postcodes,
        postcode_hashes=contacts.postcode_hashes,
        departments=contacts.departments,
        postcode_numbers=contacts.postcode_numbers,
        town=column("city"),
        phone=contacts.phone,
        email=contacts.email,
        email_hashes=contacts.email_hashes,
        # That of JEAN-YVES may open with JEAN: it is nobody else's for that.
        email_name=np.where(_compact(vocabulary, names.words[0], opening[0]), np.int32(MISSING), opening[0]),
        email_is_own=own_head,
        unreadable={name: unreadable[name] for name in COLUMNS if name in unreadable},
    )


def _marks(names: Ints) -> Marks:
    return marks_of(names[None])


def _compact(names: Vocabulary, name: Ints, compact: Ints) -> Flags:
    same: Flags = (name >= 0) & (names.compact_ids[name] == compact)
    return same
