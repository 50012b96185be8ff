"""Blocking keys: two records that share one are compared; all others are never seen together.

Several passes in the manner of Hernández and Stolfo (1995), so that any two defects (a slip in the name, a wrong
day, a married name, names swapped, a house moved) leave at least one key in common. Keys are stable 64-bit hashes
of a kind and some values, fit for an indexed integer column; `identity.bulk.blocking` makes the same ones for a
file. Placeholders and unknown values give no key.
"""

from collections.abc import Iterator

from identity.comparable import Comparable, comparable
from identity.hashing import combine, stable_hash
from identity.names import Name, read_name
from identity.traits import Sex, Traits

KINDS = (
    "date-name", "month-surname", "day-surname", "names", "ins", "birth", "phone", "email", "day-place-given",
    "home-day", "home-given", "home-year",
)  # fmt: skip
"""Kinds of key, in the order of their numbers: to change it makes other keys of all."""
MAX_KEYS = 22
_SEXES = {Sex.MALE: 1, Sex.FEMALE: 2}


def blocking_keys(traits: Traits) -> frozenset[int]:
    """Return the keys under which a record is filed and sought: at most `MAX_KEYS`."""
    return frozenset(_keys(comparable(traits)))


def _keys(record: Comparable) -> Iterator[int]:
    surnames = _sounds(record.birth, record.used)
    first = read_name(record.words[0]) if record.words and record.words[0] else None
    given = _sounds(first, record.used_head)
    when = record.birth_date.completed() if record.birth_date else None
    year, month, day = (when.year, when.month or 0, when.day or 0) if when else (0, 0, 0)
    place = _hash(record.birth_place)
    postcode, street = _hash(record.postcode), _hash(record.street)
    slots: list[tuple[str, tuple[int, ...]]] = []
    slots += [("date-name", (year * 10000 + month * 100 + day, sound)) for sound in (*surnames, *given)]
    slots += [("month-surname", (year * 100 + month, sound)) for sound in surnames]
    slots += [("day-surname", (month * 100 + day, sound)) for sound in surnames]
    slots += [("names", _in_order(surname, name)) for surname in surnames for name in given]
    slots.append(("ins", (_hash(record.ins),)))
    slots += [("birth", parts) for parts in _births(record, year, month, place)]
    slots.append(("phone", (_phone(record.phone),)))
    slots.append(("email", (_hash(record.email),)))
    slots += [("day-place-given", (month * 100 + day, place, sound)) for sound in given[:1]]
    slots.append(("home-day", (month * 100 + day, postcode, street)))
    slots += [("home-given", (postcode, street, sound)) for sound in given]
    slots.append(("home-year", (year, postcode, street)))
    for kind, parts in slots:
        if all(parts):
            yield combine(KINDS.index(kind) + 1, parts)


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


def _births(record: Comparable, year: int, month: int, place: int) -> Iterator[tuple[int, int]]:
    """Yield sex, month and place of birth, as told and as the matricule tells them."""
    sex = _SEXES.get(record.sex, 0)
    told = ((sex * 100 + year % 100) * 100 + month if sex and year else 0, place)
    yield told
    matricule = record.ins
    if matricule is not None and matricule[5:10] != "99999":
        inside_sex = 1 if matricule[0] in "137" else 2
        inside = ((inside_sex * 100 + int(matricule[1:3])) * 100 + int(matricule[3:5]), _hash(matricule[5:10]))
        if inside != told:
            yield inside
