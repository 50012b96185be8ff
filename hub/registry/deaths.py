"""Deaths of the index: told by feeds or by the official file, held, confirmed or refuted by an officer (RNIV 2).

A feed tells a death in the trait of its identity; the file in `recorded_death`, on the identity that it was
recognised in, so that it follows the links. What the hub holds of a person is worked out at each reading
(`identity.deaths`). What contradicts it is in `death_checks`; what stops because of it, in `hub.routing`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry.tables import RecordedDeath, SourceIdentity
from hub.registry.values import StoredIdentity
from identity.deaths import DeathDate, DeathState, Teller, ToldDeath, death_of_person
from identity.status import Attribute
from identity.traits import TraitError

MOST_COMMENT = 1000
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


@dataclass(frozen=True, slots=True)
class DeathKey:
    """Names one death told, for a form of the officers' page: `12:file:2026-03-01`."""

    identity_id: int
    teller: Teller
    when: DeathDate

    def __str__(self) -> str:
        return f"{self.identity_id}:{self.teller.value}:{self.when.iso()}"

    @classmethod
    def parse(cls, text: str) -> "DeathKey":
        """Read a key; raise `NotFound` when it names nothing."""
        number, _, rest = text.partition(":")
        teller, _, when = rest.partition(":")
        if not (number.isascii() and number.isdigit() and teller in set(Teller)):
            raise NotFound("Ce décès n'est pas annoncé.")
        try:
            return cls(int(number), Teller(teller), DeathDate.parse(when))
        except TraitError as err:
            raise NotFound("Ce décès n'est pas annoncé.") from err


@dataclass(frozen=True, slots=True)
class DeathView:
    """A death told, as the officers' page shows it. `organization_id` is the structure of the identity it is on."""

    key: DeathKey
    told: ToldDeath
    organization_id: int
    place: str | None
    act_number: str | None
    reasons: tuple[str, ...]
    decided_by: int | None
    comment: str | None


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


def to_tell(identity: StoredIdentity, views: Collection[DeathView]) -> DeathDate | None:
    """Return the death that may be told to the structure of an identity, among those told of its person.

    One that an officer confirmed; else what the structure itself told, unless it was refuted; else what another
    structure told of its patient, unless the identity is being verified. The official file alone is not told before
    an officer confirmed it.
    """
    death = death_of_person(view.told for view in views)
    if death is not None and death.state is DeathState.CONFIRMED:
        return death.when
    own = [view.told for view in views if view.key.identity_id == identity.id and view.key.teller is Teller.FEED]
    # To whoever told it, also while nobody else believes it.
    kept = death_of_person(replace(item, is_believed=True) for item in own)
    if kept is not None:
        return kept.when
    day = identity.traits.death_date
    if day is not None and not any(item.when == DeathDate.of(day) for item in own):
        return DeathDate.of(day)
    return death.when if death is not None and death.is_fact and not identity.held else None


def told_of(session: Session, person_ids: Collection[int]) -> dict[int, tuple[DeathView, ...]]:
    """Return the deaths told of each person, refuted and proposed ones included."""
    if not person_ids or not _is_any_told(session, person_ids):
        return {}
    found: dict[int, list[DeathView]] = {}
    settled: set[tuple[int, str]] = set()
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
    told = ToldDeath(
        row.source_identity_id, Teller(row.teller), DeathDate.parse(row.death_date), DeathState(row.state),
        row.recorded_at, row.decided_at, is_believed or row.teller != Teller.FEED.value,
    )  # fmt: skip
    return DeathView(
        DeathKey(told.identity_id, told.teller, told.when), told, organization_id, row.place, row.act_number,
        tuple(row.reasons), row.decided_by, row.comment,
    )  # fmt: skip


def _fed(row: Any) -> DeathView:
    when = DeathDate.parse(row.death_date)
    told = ToldDeath(row.id, Teller.FEED, when, DeathState.FLAGGED, row.updated_at)
    return DeathView(DeathKey(row.id, Teller.FEED, when), told, row.organization_id, None, None, (), None, None)


def confirm(session: Session, key: DeathKey, officer_id: int, comment: str, trail: Trail, actor: Actor) -> None:
    """Confirm a death: it is held and may be published, whatever is told later.

    Raise `NotFound` when it is not told any more, `Invalid` without a comment, `Conflict` when another date of the
    same person was confirmed: refute that one first.
    """
    person_id = _person_of(session, key.identity_id)
    for view in told_of(session, [person_id]).get(person_id, ()):
        if view.told.state is DeathState.CONFIRMED and not view.told.when.may_be(key.when):
            raise Conflict("Une autre date de décès est déjà confirmée pour cette personne : écartez-la d'abord.")
    _settle(session, key, DeathState.CONFIRMED, officer_id, comment)
    _record(session, key, "death.confirm", person_id, trail, actor)


def refute(session: Session, key: DeathKey, officer_id: int, comment: str, trail: Trail, actor: Actor) -> bool:
    """Refute a death: it is held no more, and telling it again changes nothing.

    Return whether the person is held as alive now; then `hub.routing.sendings.send_held_back` lets the notices that
    were stopped leave. Raise `NotFound` when the death is not told any more, `Invalid` without a comment.
    """
    person_id = _person_of(session, key.identity_id)
    _settle(session, key, DeathState.REFUTED, officer_id, comment)
    _record(session, key, "death.refute", person_id, trail, actor)
    return held(session, person_id) is None


def _person_of(session: Session, identity_id: int) -> int:
    # Two officers who settle one death come here one after the other.
    query = sa.select(SourceIdentity.person_id).where(SourceIdentity.id == identity_id)
    person_id = session.scalar(query.with_for_update())
    if person_id is None:
        raise NotFound("Ce décès n'est pas annoncé.")
    db.serialise(session, f"death:{person_id}")
    return person_id


def _settle(session: Session, key: DeathKey, state: DeathState, officer_id: int, comment: str) -> None:
    text = comment.strip()
    if not text:
        raise Invalid("Écrivez ce qui fonde votre décision.", "comment")
    if len(text) > MOST_COMMENT or "\0" in text:
        raise Invalid(f"Le motif compte au plus {MOST_COMMENT} caractères.", "comment")
    row = _row(session, key)
    if row is None:
        raise NotFound("Ce décès n'est plus annoncé : rechargez la page.")
    row.state = state.value
    row.decided_at = db.now(session)
    row.decided_by = officer_id
    row.comment = text
    session.flush()  # what is held is read next


def _row(session: Session, key: DeathKey) -> RecordedDeath | None:
    """Return the row of a death told, made now for one that a feed tells."""
    query = sa.select(RecordedDeath).where(
        RecordedDeath.source_identity_id == key.identity_id,
        RecordedDeath.teller == key.teller.value,
        RecordedDeath.death_date == key.when.iso(),
    )
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is not None or key.teller is not Teller.FEED:
        return row
    identity = session.get_one(SourceIdentity, key.identity_id, populate_existing=True)
    if identity.death_date != key.when.iso():
        return None
    row = RecordedDeath(
        source_identity_id=identity.id,
        teller=Teller.FEED.value,
        death_date=identity.death_date,
        state=DeathState.FLAGGED.value,
        reasons=[],
        recorded_at=identity.updated_at,
    )
    session.add(row)
    return row


def _record(session: Session, key: DeathKey, action: str, person_id: int, trail: Trail, actor: Actor) -> None:
    detail: dict[str, str | int | bool | None] = {"person": person_id, "teller": key.teller.value}
    trail.record(session, Entry(actor, action, Subject("source_identity", key.identity_id), detail))
