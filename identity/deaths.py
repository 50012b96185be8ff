"""Deaths told of a person: which one is held, and what contradicts it.

INSEE, fichier des décès (dates with unknown parts); RNIV 2 (an officer settles a doubt). Of whom a line of the file
is, is in `identity.death_matching`.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from identity.decision import Reason
from identity.traits import BirthDate, TraitError

DOCUMENT_DELAY = timedelta(days=30)
"""Reports of care are written and sent for some weeks after a death."""

DATES_DIFFER = Reason("death-dates-differ", "Deux dates de décès différentes sont annoncées pour cette personne.")
BEFORE_BIRTH = Reason("death-before-birth", "Le décès annoncé précède la naissance.")
CREATED_AFTER = Reason("created-after-death", "Une identité de cette personne a été créée après le décès annoncé.")
CHANGED_AFTER = Reason("changed-after-death", "Une structure a changé les traits après le décès annoncé.")
DOCUMENT_AFTER = Reason("document-after-death", "Un document est parti plus de 30 jours après le décès annoncé.")
DATED_SINCE = Reason("death-dated-since", "Une date est annoncée pour un décès confirmé sans date.")
CODE_AFTER = Reason("code-after-death", "Quelqu'un a voulu entrer dans l'espace santé après le décès annoncé.")
TO_COME = Reason("death-to-come", "Le décès annoncé est à venir : sa date est fautive, il n'est pas retenu.")
WITHDRAWN = Reason("death-withdrawn", "Une structure ne dit plus le décès qu'elle avait annoncé.")

_CLOCKS = timedelta(days=1)
"""By which the day of a structure and that of the hub may differ: overseas, or past midnight."""


@dataclass(frozen=True, slots=True, order=True)
class DeathDate:
    """A date of death that may lack its day, or its day and month."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> "DeathDate":
        """Read `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; raise `TraitError` on anything else."""
        try:
            read = BirthDate.parse(text)
        except TraitError as err:
            raise TraitError("death_date", err.code, "La date de décès n'existe pas ou est hors bornes.") from err
        return cls(read.year, read.month, read.day)

    @classmethod
    def of(cls, day: date) -> "DeathDate":
        """Return a complete date."""
        return cls(day.year, day.month, day.day)

    def iso(self) -> str:
        """Write the date in ISO form, as complete as it is known."""
        return BirthDate(self.year, self.month, self.day).iso()

    @property
    def first_day(self) -> date:
        """The earliest day that it may be."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last_day(self) -> date:
        """The latest day that it may be."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @property
    def exact_day(self) -> date | None:
        """The day, when it is known."""
        return date(self.year, self.month, self.day) if self.month and self.day else None

    def may_be(self, other: "DeathDate") -> bool:
        """Tell whether both may be one day: one is as complete as the other, or says less."""
        return self.first_day <= other.last_day and other.first_day <= self.last_day


def may_be_one(one: DeathDate | None, other: DeathDate | None) -> bool:
    """Tell whether two dates may be of one death; one that nobody knows may be any."""
    return one is None or other is None or one.may_be(other)


class Teller(StrEnum):
    """Who tells a death: the feed of a structure, or the official file."""

    FEED = "feed"
    FILE = "file"


class DeathState(StrEnum):
    """Proposed: an officer is asked whether it is that person's. Flagged: held until settled. Then as settled."""

    PROPOSED = "proposed"
    FLAGGED = "flagged"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class ToldDeath:
    """A death told of one identity of a person; `when` is None when nobody knows its date."""

    identity_id: int
    teller: Teller
    when: DeathDate | None
    state: DeathState
    told_at: datetime
    decided_at: datetime | None = None
    is_believed: bool = True
    """False when it was told of an identity that proves nothing by itself: closed, doubtful, under verification."""

    @property
    def is_held(self) -> bool:
        """Tell whether the hub acts on it. Nobody knows of a death to come: that is a slip, which may cost care."""
        if self.state is not DeathState.FLAGGED:
            return self.state is DeathState.CONFIRMED
        return self.is_believed and not self.is_to_come

    @property
    def is_to_come(self) -> bool:
        """Tell whether it is later than the day on which it was told."""
        return self.when is not None and self.when.first_day > self.told_at.date() + _CLOCKS

    @property
    def last_day(self) -> date:
        """The latest day that it may be of: without a date, the day on which it was told."""
        return self.when.last_day if self.when is not None else self.told_at.date()

    @property
    def is_fact(self) -> bool:
        """Tell whether it may be published: confirmed by an officer, or told by a structure of its own patient."""
        return self.is_held and (self.state is DeathState.CONFIRMED or self.teller is Teller.FEED)


def death_of_person(told: Iterable[ToldDeath]) -> ToldDeath | None:
    """Return the death that the hub holds, if any: confirmed first, then told by a structure, then by the file."""
    held = [item for item in told if item.is_held]
    return min(held, key=_preference, default=None)


def is_deceased(told: Iterable[ToldDeath]) -> bool:
    """Tell whether the person is held as deceased."""
    return death_of_person(told) is not None


def is_asked(told: Iterable[ToldDeath]) -> bool:
    """Tell whether something told is wrong by itself, though nobody is held as deceased for it."""
    return any(map(_is_slip, told))


def _is_slip(item: ToldDeath) -> bool:
    return item.state is DeathState.FLAGGED and item.is_believed and item.is_to_come


def _preference(item: ToldDeath) -> tuple[bool, bool, bool, bool, bool, datetime, int]:
    return (
        item.state is not DeathState.CONFIRMED,
        item.when is None,
        item.teller is not Teller.FEED,
        item.when is None or item.when.day is None,
        item.when is None or item.when.month is None,
        item.told_at,
        item.identity_id,
    )


class ActivityKind(StrEnum):
    """What somebody alive would have been the cause of."""

    CREATED = "created"
    CHANGED = "changed"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that was done about an identity of the person, and when."""

    identity_id: int
    kind: ActivityKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Why an officer must look at a death, on which identity, since when."""

    reason: Reason
    identity_id: int
    since: datetime


_AFTER = {
    ActivityKind.CREATED: (CREATED_AFTER, _CLOCKS),
    ActivityKind.CHANGED: (CHANGED_AFTER, _CLOCKS),
    ActivityKind.DOCUMENT: (DOCUMENT_AFTER, DOCUMENT_DELAY),
}


def contradictions(
    told: Sequence[ToldDeath], births: Iterable[BirthDate], activities: Iterable[Activity]
) -> tuple[Contradiction, ...]:
    """Say what contradicts the death held of a person, or a death told that is still to come.

    A death that an officer confirmed is contradicted only by what they could not have seen.
    """
    found = [Contradiction(TO_COME, item.identity_id, item.told_at) for item in told if _is_slip(item)]
    death = death_of_person(told)
    if death is None:
        return tuple(found)
    settled = death.decided_at if death.state is DeathState.CONFIRMED else None
    others = [item for item in told if item.is_held and (settled is None or item.told_at > settled)]
    for reason, against in (
        (DATES_DIFFER, [item for item in others if not may_be_one(item.when, death.when)]),
        (DATED_SINCE, [item for item in others if item.when is not None and death.when is None]),
    ):
        if against:
            latest = max(item.told_at for item in (death, *against))
            found.append(Contradiction(reason, death.identity_id, latest))
    if settled is None and any(death.last_day < _first_day(born) for born in births):
        found.append(Contradiction(BEFORE_BIRTH, death.identity_id, death.told_at))
    # A structure that tells the death of its patient knows of it: what it still writes contradicts nothing.
    knowing = {item.identity_id for item in told if item.is_held and item.teller is Teller.FEED}
    for activity in activities:
        reason, delay = _AFTER[activity.kind]
        is_late = activity.at.date() > death.last_day + delay
        is_new = settled is None or activity.at > settled
        knows = activity.identity_id in knowing and activity.kind is not ActivityKind.DOCUMENT
        if is_late and is_new and not knows:
            found.append(Contradiction(reason, death.identity_id, max(activity.at, death.told_at)))
    return tuple(found)


def is_before_birth(when: DeathDate, born: BirthDate) -> bool:
    """Tell whether a death was, at the latest, before a birth at the earliest."""
    return when.last_day < _first_day(born)


def _first_day(born: BirthDate) -> date:
    """Return the earliest day of a birth: a date completed by rule may be any of its year."""
    if born.presumed or born.month is None:
        return date(born.year, 1, 1)
    return date(born.year, born.month, born.day or 1)
