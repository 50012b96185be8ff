"""The record that a structure would write of a person without any mistake, and the forms it gives to it.

Names are upper case with accents until `finish` gives them the case of the source.
"""

from dataclasses import dataclass, field
from random import Random

from population import Person
from region import written
from sources import Source

COLUMNS = (
    "record_id", "source", "birth_family", "used_family", "given_names", "used_given", "birth_date", "sex",
    "birth_place", "ins", "address", "postcode", "city", "phone", "email",
)  # fmt: skip


@dataclass(slots=True)
class Row:
    """One line of an evaluation file; mistakes change it in place, for there are half a million of them."""

    birth_family: str
    used_family: str
    given_names: str
    used_given: str
    birth_date: str
    sex: str
    birth_place: str
    ins: str
    address: str
    postcode: str
    city: str
    phone: str
    email: str


@dataclass(slots=True)
class Entry:
    """A record being written: whose, where, at what age, and what went wrong with which of its parts."""

    row: Row
    person: Person
    source: Source
    age: int
    labels: list[str] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)


def clean_row(person: Person, source: Source) -> Row:
    """Return all that a perfect front desk knows of a person."""
    home = person.home
    used = person.used_family or (person.family if source.used_family == "always" else "")
    return Row(
        birth_family=person.family,
        used_family=used,
        given_names=" ".join(person.given),
        used_given=person.used_given or (person.given[0] if source.used_given else ""),
        birth_date=person.born.isoformat(),
        sex=person.sex,
        birth_place=person.place,
        ins=person.ins,
        address=f"{home.number} {home.kind} {home.street}",
        postcode=home.postcode,
        city=home.city,
        phone=person.mobile or person.landline,
        email=person.email,
    )


def finish(entry: Entry, rng: Random) -> None:
    """Give names the case of the source, and the phone its form."""
    row, source = entry.row, entry.source
    if source.breaks_accents:
        before = row.birth_family, row.used_family, row.given_names
        row.birth_family = _broken(row.birth_family, source.breaks_accents)
        row.used_family = _broken(row.used_family, source.breaks_accents)
        row.given_names = _broken(row.given_names, source.breaks_accents)
        row.used_given = _broken(row.used_given, source.breaks_accents)
        if before != (row.birth_family, row.used_family, row.given_names):
            entry.labels.append("accent_broken")
    elif source.case in ("upper", "plain"):
        row.birth_family = _unaccented(row.birth_family)
        row.used_family = _unaccented(row.used_family)
        row.given_names = _unaccented(row.given_names)
        row.used_given = _unaccented(row.used_given)
    if source.case in ("title", "plain"):
        row.given_names = row.given_names.title()
        row.used_given = row.used_given.title()
        if source.case == "title":
            row.birth_family = row.birth_family.title()
            row.used_family = row.used_family.title()
    if source.case == "upper":
        row.address = _unaccented(row.address).upper()
        row.city = _unaccented(row.city).upper()
    if row.phone:
        form = (
            source.phone_form if rng.random() < 0.93 else rng.choice(("plain", "spaced", "dotted", "international"))
        )
        row.phone = dial(row.phone, form)


def _unaccented(text: str) -> str:
    return text if text.isascii() else written(text)


def _broken(text: str, how: str) -> str:
    """Write accented letters as software that mixes up encodings does."""
    if text.isascii():
        return text
    if how == "utf8":
        return "".join(letter if letter.isascii() else letter.encode().decode("cp1252", "replace") for letter in text)
    if how == "apostrophe":
        return "".join(letter if letter.isascii() else written(letter) + "'" for letter in text)
    return "".join(letter if letter.isascii() else ("?" if how == "question" else "") for letter in text)


def dial(number: str, form: str) -> str:
    """Write ten digits as a structure does."""
    if form == "plain" or len(number) != 10:
        return number
    if form == "international":
        return f"+33{number[1:]}"
    if form == "double_zero":
        return f"0033{number[1:]}"
    separator = " " if form == "spaced" else "."
    return separator.join((number[:2], number[2:4], number[4:6], number[6:8], number[8:]))
