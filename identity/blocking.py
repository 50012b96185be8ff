"""Blocking keys: two records that share one are compared; all others are never seen together.

Several passes in the manner of Hernández and Stolfo (1995), so that almost any two defects (a slip in the name, a
wrong day, a married name, names swapped, a house moved) leave at least one key in common. Keys are stable 64-bit
hashes of a kind and some values, fit for an indexed integer column; `identity.bulk.blocking` makes the same ones for
a file. Placeholders and unknown values give no key.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from identity.comparable import Comparable, comparable
from identity.hashing import combine, stable_hash
from identity.names import Name, read_name
from identity.places import is_no_place
from identity.traits import Sex, Traits

KINDS = (
    "date-name", "date-place", "month-place-given", "day-surname-initial", "year-surname-initial", "names",
    "home-sex", "ins", "phone", "email",
)  # fmt: skip
"""Kinds of key, in the order of their numbers: to change it makes other keys of all.

No kind is of traits that many strangers share: a month of a large maternity finds a dozen of them for each person.
"""
WEAK_KINDS = frozenset({"date-place", "day-surname-initial", "year-surname-initial", "names"})
"""Kinds that confirm little when nothing else is shared: many strangers of a region have one in common."""
MAX_KEYS = 26
_Part = TypeVar("_Part", bound="int | _Birth")
_NUMBERS = {kind: number for number, kind in enumerate(KINDS, start=1)}
_SEXES = {Sex.MALE: 1, Sex.FEMALE: 2}


def blocking_keys(traits: Traits) -> frozenset[int]:
    """Return the keys under which a record is filed and sought: at most `MAX_KEYS`."""
    return frozenset(key for _, key in keys_and_kinds(traits))


def keys_and_kinds(traits: Traits) -> Iterator[tuple[str, int]]:
    """Yield the same keys, each after its kind."""
    return _keys(comparable(traits))


def keys_of_contacts(traits: Traits) -> Iterator[tuple[str, int]]:
    """Yield those of the same keys that `identity.widespread` may leave out, each after its kind."""
    for kind, parts in _contacts(comparable(traits)):
        if 0 not in parts:
            yield kind, combine(_NUMBERS[kind], parts)


def _contacts(record: Comparable) -> list[tuple[str, tuple[int, ...]]]:
    return [
        ("home-sex", (_hash(record.postcode), _hash(record.street), _SEXES.get(record.sex, 0))),
        ("phone", (_phone(record.phone),)),
        ("email", (_hash(record.email),)),
    ]


def _keys(record: Comparable) -> Iterator[tuple[str, int]]:
    surnames = _sounds(record.birth, record.used)
    first = read_name(record.words[0]) if record.words and record.words[0] else None
    given = _sounds(first, record.used_head)
    when = record.birth_date.completed() if record.birth_date else None
    year, month, day = (when.year, when.month or 0, when.day or 0) if when else (0, 0, 0)
    date, month_and_day = year * 10000 + month * 100 + day, month * 100 + day
    place, sex = _hash(record.birth_place), _SEXES.get(record.sex, 0)
    inside = _inside(record.ins)
    slots: list[tuple[str, tuple[int, ...]]] = []
    slots += [("date-name", (date, sound)) for sound in (*surnames, *given)]
    slots += [("date-place", (date, where)) for where in _once(place, inside.place)]
    told = _Birth(sex * 10000 + year % 100 * 100 + month if sex and year else 0, place)
    slots += [("month-place-given", (*birth, sound)) for birth in _once(told, inside) for sound in given]
    initials = _once(_initial(first), _initial(record.used_head))
    slots += [("day-surname-initial", (month_and_day, sound, sign)) for sound in surnames for sign in initials]
    slots += [("year-surname-initial", (year, sound, sign)) for sound in surnames for sign in initials]
    slots += [("names", _in_order(surname, name)) for surname in surnames for name in given]
    slots.append(("ins", (_hash(record.ins),)))
    slots += _contacts(record)
    for kind, parts in slots:
        if 0 not in parts:
            yield kind, combine(_NUMBERS[kind], parts)


def _once(one: _Part, other: _Part) -> list[_Part]:
    return [one] if one == other else [one, other]


def _initial(name: Name | None) -> int:
    """Return the first letter of a name as a number; 0 for none."""
    return ord(name.key[0]) if name else 0


def _sounds(first: Name | None, second: Name | None) -> list[int]:
    """Return the hashed sounds of one or two names; 0 for none."""
    one = _hash(first.code) if first else 0
    two = _hash(second.code) if second else 0
    return [one] if two in (0, one) else [one, two]


def _in_order(one: int, other: int) -> tuple[int, int]:
    return (min(one, other), max(one, other))


def _hash(text: str | None) -> int:
    return stable_hash(text) if text else 0


def _phone(number: str | None) -> int:
    """Return a French number as nine digits, another one as all its digits."""
    if number is None:
        return 0
    is_french = number.startswith("+33") or number[1:4] in ("262", "590", "594", "596")
    return int(number[-9:] if is_french else number[1:])


class _Birth(NamedTuple):
    """Sex, year and month of a birth as one number, and its place; 0 for what is not known."""

    month: int
    place: int


def _inside(matricule: str | None) -> _Birth:
    """Return the birth that a matricule tells."""
    if matricule is None or is_no_place(matricule[5:10]):
        return _Birth(0, 0)
    sex = 1 if matricule[0] in "137" else 2
    return _Birth(sex * 10000 + int(matricule[1:5]), _hash(matricule[5:10]))
