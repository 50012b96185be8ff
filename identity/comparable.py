"""The normalised form of traits that matching works on: computed once for a record, compared many times.

RNIV 1 (equality of names: hyphen, apostrophe and space alike; fictitious dates EXI ID 11). Placeholders and unknown
values become missing, so that two unknowns never agree.
"""

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from identity.given_names import KNOWN
from identity.ins import WAITING
from identity.names import GIVEN_PARTICLES, Name, read_name
from identity.normalise import (
    CIVILITIES,
    clean_email,
    is_house_email,
    is_newborn,
    is_no_given_name,
    is_shared_email,
    match_key,
    telling_phone,
    tells_no_name,
)
from identity.places import is_no_place
from identity.streets import NO_POSTCODES, is_shared, street_key
from identity.traits import Address, BirthDate, Sex, Traits

OPENERS = frozenset({"ANNE", "JEAN", "MARIE", "ROSE"})
"""Given names that are seldom given alone: the next word goes with them, whether a hyphen tells it or not."""
MOST_WORDS = 5
"""Given names looked at, in words."""

DEFAULT_DATES = frozenset(BirthDate(*day) for day in ((1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1901, 1, 1)))
"""What software writes for a date that it does not know; nobody alive was born then."""
_MOST_CONTACTS = 8192
"""Telephones and mails remembered as read: those of a home come together."""

_CIVILITIES = re.compile(CIVILITIES)
_OPENING = re.compile(r"([a-z]+)(?:[-._]([a-z]+))?")


class Comparable(NamedTuple):
    """What two records are compared on. A name that is not known stands in for by the other of its kind."""

    birth: Name | None
    used: Name | None
    head: Name | None
    """The first birth given name: JEAN PAUL for JEAN-PAUL MARC."""
    used_head: Name | None
    head_words: int
    words: tuple[str | None, ...]
    """The first given names, word by word; None for a placeholder."""
    birth_date: BirthDate | None
    date_is_fictitious: bool
    sex: Sex
    birth_place: str | None
    ins: str | None
    ins_oid: str | None
    ins_is_coherent: bool
    ins_is_waiting: bool
    """It is a number to wait with (NIA), which another one replaces as the NIR is known."""
    line: str | None
    """The line of the address, as received: most are never compared."""
    postcode: str | None
    town: str | None
    """The town of the address, as received."""
    phone: str | None
    email: str | None
    email_name: str | None
    """The letters that the address opens with, in capitals: a given name, when the person chose it so."""
    email_is_own: bool
    """The address opens with the person's own given name, in one word or in two: jean-paul.roux@."""
    has_guardian: bool
    """A house or a guardian reads the mail: the street and the landline are theirs."""
    death_date: date | None

    @property
    def street(self) -> str | None:
        """The line of the address reduced by `identity.streets`; a home for many is nobody's."""
        key = street_key(self.line) if self.line and not self.has_guardian else None
        return None if key is None or is_shared(key) else key

    @property
    def lives_in_shared_home(self) -> bool:
        """The address is that of a home for many: its telephone is nobody's."""
        return self.has_guardian or (self.line is not None and is_shared(street_key(self.line) or ""))

    @property
    def is_called_by_two(self) -> bool:
        """The first two words of the list are one name: the used one, or JEAN and the word that follows."""
        called = self.used_head
        is_used = called is not None and " " in called.key and tuple(called.key.split(" ")) == self.words[:2]
        return is_used or not OPENERS.isdisjoint(self.words[:1])

    def opens_with(self, compact: str) -> bool:
        """Tell whether a compact name is the first or the used given name."""
        head, used = self.head, self.used_head
        return (head is not None and head.compact == compact) or (used is not None and used.compact == compact)


class _Written(NamedTuple):
    """A name as somebody wrote it: its match key, what it is, its words."""

    key: str
    name: Name | None
    words: tuple[str | None, ...]
    """None for a placeholder."""


_NOTHING = _Written("", None, ())


@lru_cache(maxsize=65536)
def _read(text: str) -> _Written:
    key = match_key(text)
    return _Written(
        key,
        None if tells_no_name(key) else read_name(key),
        tuple(None if tells_no_name(word) else word for word in key.split()),
    )


def _family(text: str | None) -> Name | None:
    """Read a family name; one letter is none, whatever it begins."""
    written = _read(text) if text else _NOTHING
    return written.name if len(written.key) > 1 else None


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


class _Email(NamedTuple):
    """An address as read."""

    address: str | None = None
    names: tuple[str, ...] = ()
    """The word that it opens with, in capitals, and that word with the next one."""
    is_guardians: bool = False


_NO_EMAIL = _Email()


@lru_cache(maxsize=_MOST_CONTACTS)
def _read_email(text: str) -> _Email:
    email = clean_email(text)
    if email is None:
        return _NO_EMAIL
    if is_shared_email(email):
        return _Email(is_guardians=is_house_email(email))
    found = _OPENING.match(email)
    if not found:
        return _Email(email)
    first, second = found.groups()
    return _Email(email, (first.upper(), (first + second).upper()) if second else (first.upper(),))


_read_phone = lru_cache(maxsize=_MOST_CONTACTS)(telling_phone)


def _is_in(names: tuple[str, ...], name: Name | None) -> bool:
    return name is not None and name.compact in names


def _postcode(address: Address | None) -> str | None:
    code = address.postcode if address else None
    return None if code in NO_POSTCODES else code


@lru_cache(maxsize=4096)
def comparable(traits: Traits) -> Comparable:
    """Reduce traits to their comparable form, or say again what they were reduced to lately."""
    return reduce(traits)


class _Given(NamedTuple):
    """A list of given names as read."""

    head: Name | None = None
    head_words: int = 1
    words: tuple[str | None, ...] = ()


_NO_GIVEN = _Given()


@lru_cache(maxsize=65536)
def _read_given(names: tuple[str, ...]) -> _Given:
    given = [_read(name) for name in _joined(names)]
    if not given or is_no_given_name(" ".join(name.key for name in given)):
        return _NO_GIVEN
    head = given[0].name
    words = [word for name in given for word in name.words][:MOST_WORDS]
    return _Given(head, len(given[0].words) if head else 1, tuple(words))


def _is_family_name(head: Name, is_alone: bool, birth: Name | None, used: Name | None) -> bool:
    """Tell whether the only given name is the family's, in the wrong column."""
    return is_alone and any(family is not None and head.key == family.key for family in (birth, used))


def _without_family(given: _Given, birth: Name | None, used: Name | None) -> _Given:
    """Drop the family name from a list of given names, unless it is a given name too or none would be left."""
    families = {name.key for name in (birth, used) if name is not None and name.key not in KNOWN}
    opening = 0 if given.head_words == 1 else given.head_words
    words = (*given.words[:opening], *(word for word in given.words[opening:] if word not in families))
    if not words or words[0] is None or len(words) == len(given.words):
        return given
    return _Given(read_name(words[0]), 1, words) if words[0] != given.words[0] else _Given(*given[:2], words)


def _read_used(text: str) -> Name | None:
    """Read a used given name."""
    written = _read(text)
    return None if is_no_given_name(written.key) else written.name


def _joined(names: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the titles that open a list of given names; join particles to the name that they belong to."""
    if (
        names
        and _CIVILITIES.match(match_key(names[0]) + " ")
        and (called := _CIVILITIES.sub("", " ".join(names).upper()))
    ):
        names = tuple(called.split(" "))
    first = 0
    while first < len(names) - 1 and match_key(names[first]) in GIVEN_PARTICLES:
        first += 1
    return (" ".join(names[: first + 1]), *names[first + 1 :]) if first else names


def reduce(traits: Traits) -> Comparable:
    """Reduce traits to their comparable form."""
    birth, used = _family(traits.birth_name), _family(traits.used_name)
    head, head_words, words = _read_given(traits.given_names)
    used_head = _read_used(traits.used_given_name) if traits.used_given_name else None
    if not words and is_newborn(match_key(" ".join(traits.given_names))):
        # What a maternity says of one without a name is its mother's: of both her twins.
        used_head = None
    if used_head and head and _is_family_name(head, len(words) == head_words, birth, used) and used_head != head:
        head, head_words, words = _NO_GIVEN
    elif (birth and birth.key in words) or (used and used.key in words):
        head, head_words, words = _without_family(_Given(head, head_words, words), birth, used)
    if not words or words[0] is None:
        words = (used_head.key if used_head else None, *words[1:])
    when = None if traits.birth_date in DEFAULT_DATES else traits.birth_date
    matricule = traits.ins.matricule if traits.ins else None
    email = _read_email(traits.email) if traits.email else _NO_EMAIL
    return Comparable(
        birth=birth or used,
        used=used or birth,
        head=head or used_head,
        used_head=used_head or head,
        head_words=head_words,
        words=words,
        birth_date=when,
        date_is_fictitious=when is not None and is_fictitious(when),
        sex=traits.sex,
        birth_place=None if is_no_place(traits.birth_place or "") else traits.birth_place,
        ins=matricule,
        ins_oid=traits.ins.oid if traits.ins else None,
        ins_is_coherent=matricule is not None and ins_agrees_with_date(matricule, when),
        ins_is_waiting=matricule is not None and matricule[0] in WAITING,
        line=traits.address.line if traits.address else None,
        postcode=_postcode(traits.address),
        town=traits.address.city if traits.address else None,
        phone=_read_phone(traits.phone) if traits.phone else None,
        email=email.address,
        # That of JEAN-YVES may open with JEAN: it is nobody else's for that.
        email_name=email.names[0] if email.names and email.names[0] not in words[:1] else None,
        email_is_own=_is_in(email.names, head) or _is_in(email.names, used_head),
        has_guardian=email.is_guardians,
        death_date=traits.death_date,
    )
