"""Blocking keys: two records that share one are compared; all others are never seen together.

Several passes in the manner of Hernández and Stolfo (1995), so that any single defect (a slip in the name, a wrong
day, a married name, names swapped) leaves at least one key in common. Keys are stable 64-bit hashes of a kind and
a value, fit for an indexed integer column. Placeholders and unknown values give no key.
"""

from collections.abc import Iterator
from hashlib import blake2b

from identity.comparable import Comparable, Surname, comparable
from identity.phonetics import french_code
from identity.traits import BirthDate, Traits

MAX_KEYS = 24


def blocking_keys(traits: Traits) -> frozenset[int]:
    """Return the keys under which a record is filed and sought: at most `MAX_KEYS`, the surest first."""
    record = comparable(traits)
    texts = dict.fromkeys(_texts(record))
    return frozenset(_hash(text) for text in list(texts)[:MAX_KEYS])


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _texts(record: Comparable) -> Iterator[str]:
    """Write every key as « kind|value », from the most to the least discriminating."""
    if record.ins:
        yield f"ins|{record.ins}"
    heads = record.given_heads
    codes = [french_code(name.split()[0]) for name in heads]
    when = record.birth_date
    if when is not None and when.is_complete:
        yield from _date_keys(when, record, codes)
    yield from _name_keys(record.surnames, codes, record)
    yield from _contact_keys(record, codes)


def _date_keys(when: BirthDate, record: Comparable, codes: list[str]) -> Iterator[str]:
    day = when.iso()
    for name in record.surnames:
        yield f"date-name|{day}|{name.code}"
    for code in codes:
        yield f"date-given|{day}|{code}"
    # Names swapped: the surname is sought among given names, and the other way round.
    for name in record.surnames:
        yield f"date-given|{day}|{name.code}"
    for head in record.given_heads[:1]:
        yield f"date-name|{day}|{french_code(head)}"
    # One key for a date and for the same with day and month swapped.
    low, high = sorted((when.month or 0, when.day or 0))
    for name in record.surnames:
        yield f"swap-name|{when.year}-{low:02d}-{high:02d}|{name.code}"
    if record.birth_place:
        yield f"date-place|{day}|{record.birth_place}"
    if record.postcode:
        yield f"date-postcode|{day}|{record.postcode}"
    for name in record.surnames:
        for code in codes[:1]:
            yield f"day-names|{when.month}-{when.day}|{name.code}|{code}"


def _name_keys(surnames: tuple[Surname, ...], codes: list[str], record: Comparable) -> Iterator[str]:
    for name in surnames:
        for code in codes[:1]:
            if record.birth_date is not None:
                yield f"year-names|{record.birth_date.year}|{name.code}|{code}"
            if record.postcode:
                yield f"postcode-names|{record.postcode}|{name.code}|{code}"
            if record.birth_place:
                yield f"place-names|{record.birth_place}|{name.code}|{code}"


def _contact_keys(record: Comparable, codes: list[str]) -> Iterator[str]:
    for code in codes[:1]:
        if record.phone:
            yield f"phone-given|{record.phone}|{code}"
        if record.email:
            yield f"email-given|{record.email}|{code}"
