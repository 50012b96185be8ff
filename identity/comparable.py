"""The normalised form of traits that matching works on: computed once for a record, compared many times.

RNIV 1 (equality of names: hyphen, apostrophe and space alike; fictitious dates EXI ID 11). Placeholders and unknown
values become missing, so that two unknowns never agree.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from identity.normalise import clean_email, clean_phone, is_placeholder_name, match_key
from identity.phonetics import french_code
from identity.traits import Address, BirthDate, Sex, Traits

_PARTICLES = frozenset(
    [
        "D",
        "DE",
        "DU",
        "DES",
        "DEL",
        "DELLA",
        "DI",
        "DA",
        "DO",
        "DOS",
        "DAS",
        "LA",
        "LE",
        "LES",
        "L",
        "VAN",
        "VON",
        "DER",
        "DEN",
        "EL",
        "AL",
        "BEN",
        "BENT",
        "AIT",
    ]
)
_UNKNOWN_PLACE = "99999"
_STREETS = {
    "AV": "AVENUE",
    "AVE": "AVENUE",
    "BD": "BOULEVARD",
    "BLD": "BOULEVARD",
    "BVD": "BOULEVARD",
    "CH": "CHEMIN",
    "CHE": "CHEMIN",
    "R": "RUE",
    "PL": "PLACE",
    "ALL": "ALLEE",
    "IMP": "IMPASSE",
    "RTE": "ROUTE",
    "LOT": "LOTISSEMENT",
    "SQ": "SQUARE",
    "ST": "SAINT",
    "STE": "SAINTE",
}


@dataclass(frozen=True, slots=True)
class Surname:
    """A family name: its match key, the key without particles nor spaces, its sound and its parts."""

    key: str
    compact: str
    core: str
    code: str
    parts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Comparable:
    """What two records are compared on."""

    birth: Surname | None
    used: Surname | None
    surnames: tuple[Surname, ...]
    given: str
    """All birth given names, one string: JEAN-PAUL MARC and JEAN PAUL MARC read the same."""
    given_heads: tuple[str, ...]
    given_parts: frozenset[str]
    birth_date: BirthDate | None
    date_is_fictitious: bool
    sex: Sex
    birth_place: str | None
    ins: str | None
    ins_oid: str | None
    ins_is_coherent: bool
    street: str | None
    postcode: str | None
    phone: str | None
    email: str | None
    death_date: date | None


def _surname(name: str | None) -> Surname | None:
    if name is None or is_placeholder_name(name):
        return None
    key = match_key(name)
    words = key.split()
    meaning = [word for word in words if word not in _PARTICLES] or words
    core = "".join(meaning)
    parts = frozenset(word for word in meaning if len(word) > 2)
    return Surname(key, key.replace(" ", ""), core, french_code(core), parts)


def _given_key(name: str) -> str | None:
    return None if is_placeholder_name(name) else match_key(name)


def is_fictitious(when: BirthDate) -> bool:
    """Tell whether a date looks completed by rule: 1 January, 31 December, or said to be presumed or partial."""
    return when.presumed or not when.is_complete or (when.month, when.day) in ((1, 1), (12, 31))


def ins_agrees_with_date(matricule: str, when: BirthDate | None) -> bool:
    """Tell whether the year and month inside a matricule are those of the birth date (pseudo-months pass)."""
    if when is None:
        return True
    if int(matricule[1:3]) != when.year % 100:
        return False
    month = int(matricule[3:5])
    return when.month is None or not 1 <= month <= 12 or month == when.month or is_fictitious(when)


def _street(address: Address | None) -> str | None:
    if address is None or not address.line:
        return None
    words = re.findall(r"[A-Z]+|\d+", match_key(address.line))
    return " ".join(_STREETS.get(word, word) for word in words) or None


@lru_cache(maxsize=4096)
def comparable(traits: Traits) -> Comparable:
    """Reduce traits to their comparable form."""
    birth, used = _surname(traits.birth_name), _surname(traits.used_name)
    given = [key for name in traits.given_names if (key := _given_key(name))]
    used_given = _given_key(traits.used_given_name) if traits.used_given_name else None
    heads = dict.fromkeys(name for name in (given[0] if given else None, used_given) if name)
    joined = " ".join(given) or used_given or ""
    words = frozenset(word for name in (*given, *heads) for word in (name, *name.split()) if len(word) > 1)
    when = traits.birth_date
    matricule = traits.ins.matricule if traits.ins else None
    return Comparable(
        birth=birth,
        used=used,
        surnames=tuple(dict.fromkeys(name for name in (birth, used) if name)),
        given=joined,
        given_heads=tuple(heads),
        given_parts=words,
        birth_date=when,
        date_is_fictitious=when is not None and is_fictitious(when),
        sex=traits.sex,
        birth_place=None if traits.birth_place == _UNKNOWN_PLACE else traits.birth_place,
        ins=matricule,
        ins_oid=traits.ins.oid if traits.ins else None,
        ins_is_coherent=matricule is not None and ins_agrees_with_date(matricule, when),
        street=_street(traits.address),
        postcode=traits.address.postcode if traits.address else None,
        phone=clean_phone(traits.phone) if traits.phone else None,
        email=clean_email(traits.email) if traits.email else None,
        death_date=traits.death_date,
    )
