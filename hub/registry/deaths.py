"""Deaths of the index: told by feeds or by the official file, held, confirmed or refuted by an officer (RNIV 2).

A feed tells a death in the trait of its identity; the file in `recorded_death`, on the identity that it was
recognised in, so that it follows the links. What the hub holds of a person is worked out at each reading
(`identity.deaths`). What contradicts it is in `death_checks`; how an officer settles it, in `death_rulings`; what
stops because of it, in `hub.routing`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.errors import NotFound
from hub.registry.tables import RecordedDeath, SourceIdentity
from hub.registry.values import StoredIdentity
from identity.deaths import DeathDate, DeathState, Teller, ToldDeath, death_of_person
from identity.status import Attribute
from identity.traits import TraitError

# What another identity says of a death is not believed by itself.
BELIEVED = sa.and_(
    SourceIdentity.active.is_(True),
    SourceIdentity.held.is_(False),
    *(
        SourceIdentity.attributes.not_like(f"%{barred.value}%")
        for barred in (Attribute.FICTITIOUS, Attribute.DOUBTFUL)
    ),
)
_ANY_TOLD = (
    sa.select(SourceIdentity.id)
    .where(
        SourceIdentity.person_id.in_(sa.bindparam("persons", expanding=True)),
        sa.or_(
            SourceIdentity.death_date.is_not(None),
            sa.exists().where(RecordedDeath.source_identity_id == SourceIdentity.id),
        ),
    )
    .limit(1)
)


class DateSource(StrEnum):
    """Where an officer read the date of a death told without one."""

    ACT = "act"
    CERTIFICATE = "certificate"
    STRUCTURE = "structure"
    FILE = "file"
    FAMILY = "family"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DeathKey:
    """Names one death told, for a form of the officers' page: `12:file:2026-03-01`, `12:feed:` without a date."""

    identity_id: int
    teller: Teller
    when: DeathDate | None

    def __str__(self) -> str:
        return f"{self.identity_id}:{self.teller.value}:{self.when.iso() if self.when is not None else ''}"

    @classmethod
    def parse(cls, text: str) -> "DeathKey":
        """Read a key; raise `NotFound` when it names nothing."""
        number, _, rest = text.partition(":")
        teller, sign, when = rest.partition(":")
        if not (number.isascii() and number.isdigit() and len(number) < 19 and teller in set(Teller)):
            raise NotFound("Ce décès n'est pas annoncé.")
        if sign and not when and teller == Teller.FEED:
            return cls(int(number), Teller.FEED, None)
        try:
            return cls(int(number), Teller(teller), DeathDate.parse(when))
        except TraitError as err:
            raise NotFound("Ce décès n'est pas annoncé.") from err


@dataclass(frozen=True, slots=True)
class DeathView:
    """A death told, as the officers' page shows it. `organization_id` is the structure of the identity it is on.

    `date_source` says where an officer read the date of a death told without one.
    """

    key: DeathKey
    told: ToldDeath
    organization_id: int
    place: str | None = None
    act_number: str | None = None
    reasons: tuple[str, ...] = ()
    decided_by: int | None = None
    comment: str | None = None
    date_source: DateSource | None = None


def held(session: Session, person_id: int) -> ToldDeath | None:
    """Return the death that the hub holds of a person, if any."""
    return held_of(session, [person_id]).get(person_id)


def held_of(session: Session, person_ids: Collection[int]) -> dict[int, ToldDeath]:
    """Return the death held of each person that is held as deceased."""
    found = {}
    for person_id, views in told_of(session, person_ids).items():
        death = death_of_person(view.told for view in views)
        if death is not None:
            found[person_id] = death
    return found


def to_tell(identity: StoredIdentity, views: Collection[DeathView]) -> ToldDeath | None:
    """Return the death that may be told to the structure of an identity, among those told of its person.

    One that an officer confirmed; else what the structure itself told, unless it was refuted; else what another
    structure told of its patient, unless the identity is being verified. The official file alone is not told before
    an officer confirmed it.
    """
    death = death_of_person(view.told for view in views)
    if death is not None and death.state is DeathState.CONFIRMED:
        return death
    own = [view.told for view in views if view.key.identity_id == identity.id and view.key.teller is Teller.FEED]
    # To whoever told it, also while nobody else believes it.
    kept = death_of_person(replace(item, is_believed=True) for item in own)
    if kept is not None:
        return kept
    day = identity.traits.death_date
    if day is not None and not any(item.when == DeathDate.of(day) for item in own):
        return _of_trait(identity.id, DeathDate.of(day), identity.updated_at)
    return death if death is not None and death.is_fact and not identity.held else None


def told_of(session: Session, person_ids: Collection[int]) -> dict[int, tuple[DeathView, ...]]:
    """Return the deaths told of each person, refuted and proposed ones included."""
    if not person_ids or not _is_any_told(session, person_ids):
        return {}
    found: dict[int, list[DeathView]] = {}
    settled: set[tuple[int, str | None]] = set()
    owner = (SourceIdentity.person_id, SourceIdentity.organization_id)
    recorded = (
        sa.select(RecordedDeath, *owner, BELIEVED)
        .join(SourceIdentity, SourceIdentity.id == RecordedDeath.source_identity_id)
        .where(SourceIdentity.person_id.in_(person_ids))
        .order_by(RecordedDeath.id)
    )
    for kept, person_id, organization_id, is_believed in session.execute(recorded):
        found.setdefault(person_id, []).append(_view(kept, organization_id, is_believed))
        if kept.teller == Teller.FEED.value:
            settled.add((kept.source_identity_id, kept.death_date))
    fed = sa.select(SourceIdentity.id, SourceIdentity.death_date, SourceIdentity.updated_at, *owner).where(
        SourceIdentity.person_id.in_(person_ids),
        SourceIdentity.death_date.is_not(None),
        BELIEVED,
    )
    for row in session.execute(fed.order_by(SourceIdentity.id)):
        if (row.id, row.death_date) not in settled:
            found.setdefault(row.person_id, []).append(_fed(row))
    return {person_id: tuple(views) for person_id, views in found.items()}


def _is_any_told(session: Session, person_ids: Collection[int]) -> bool:
    """Tell whether a death may be told of any of these persons: most often not, and every intake asks."""
    session.flush()  # read below the session, which would have done it
    return session.connection().scalar(_ANY_TOLD, {"persons": list(person_ids)}) is not None


def _view(row: RecordedDeath, organization_id: int, is_believed: bool) -> DeathView:
    teller = Teller(row.teller)
    named = DeathDate.parse(row.death_date) if row.death_date else None
    when = DeathDate.parse(row.completed_date) if row.completed_date else named
    told = ToldDeath(
        row.source_identity_id, teller, when, DeathState(row.state), row.recorded_at, row.decided_at,
        is_believed or teller is not Teller.FEED,
    )  # fmt: skip
    return DeathView(
        DeathKey(told.identity_id, teller, named), told, organization_id, row.place, row.act_number,
        tuple(row.reasons), row.decided_by, row.comment, DateSource(row.date_source) if row.date_source else None,
    )  # fmt: skip


def _fed(row: Any) -> DeathView:
    when = DeathDate.parse(row.death_date)
    return DeathView(
        DeathKey(row.id, Teller.FEED, when), _of_trait(row.id, when, row.updated_at), row.organization_id
    )


def _of_trait(identity_id: int, when: DeathDate, told_at: datetime) -> ToldDeath:
    return ToldDeath(identity_id, Teller.FEED, when, DeathState.FLAGGED, told_at)
