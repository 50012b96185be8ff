"""How an officer settles a death told: confirmed, with its date when it was told without one, or refuted (RNIV 2)."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import death_checks, deaths, identities
from hub.registry.deaths import DateSource, DeathKey
from hub.registry.tables import RecordedDeath, SourceIdentity
from identity.deaths import DeathDate, DeathState, Teller, is_before_birth, may_be_one

MOST_COMMENT = 1000
_UNTOLD = "Ce décès n'est plus annoncé : rechargez la page."
# The day of an officer and that of the hub may differ.
_CLOCKS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Dating:
    """When a death told without a date was, as an officer learned it, and where they read it."""

    when: DeathDate
    source: DateSource


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathRuling:
    """What an officer settles: which death, of which person, why; `dating` is for a death told without a date."""

    key: DeathKey
    person_id: int
    officer_id: int
    comment: str
    dating: Dating | None = None


def confirm(session: Session, ruling: DeathRuling, trail: Trail, actor: Actor) -> None:
    """Confirm a death: it is held and may be published, whatever is told later.

    Raise `NotFound` when it is not told any more, `Invalid` without a comment or with a date that cannot be,
    `Conflict` when it is another person's, or when another date of the same person was confirmed: refute that one
    first.
    """
    key, dating = ruling.key, ruling.dating
    _lock(session, ruling)
    row = _row(session, key)
    if dating is not None:
        _check_dating(session, key, dating)
        row.completed_date, row.date_source = dating.when.iso(), dating.source.value
    text = row.completed_date or row.death_date
    when = DeathDate.parse(text) if text else None
    for view in deaths.told_of(session, [ruling.person_id]).get(ruling.person_id, ()):
        is_other = view.key != key and view.told.state is DeathState.CONFIRMED
        if is_other and not may_be_one(view.told.when, when):
            raise Conflict("Une autre date de décès est déjà confirmée pour cette personne : écartez-la d'abord.")
    _settle(session, row, DeathState.CONFIRMED, ruling)
    _record(session, "death.confirm", ruling, trail, actor)


def refute(session: Session, ruling: DeathRuling, trail: Trail, actor: Actor) -> bool:
    """Refute a death: it is held no more, and telling it again changes nothing.

    Return whether the person is held as alive now; then `hub.routing.sendings.send_held_back` lets the notices that
    were stopped leave. Raise as `confirm` does.
    """
    _lock(session, ruling)
    if ruling.dating is not None:
        raise Invalid("Une date ne s'écrit que pour confirmer un décès.", "dating")
    _settle(session, _row(session, ruling.key), DeathState.REFUTED, ruling)
    _record(session, "death.refute", ruling, trail, actor)
    return deaths.held(session, ruling.person_id) is None


def _lock(session: Session, ruling: DeathRuling) -> None:
    """Let two officers who settle deaths of one person come one after the other."""
    query = sa.select(SourceIdentity.person_id).where(SourceIdentity.id == ruling.key.identity_id)
    person_id = session.scalar(query.with_for_update())
    if person_id is None:
        raise NotFound("Ce décès n'est pas annoncé.")
    if person_id != ruling.person_id:
        raise Conflict("Ce décès est celui d'une autre personne : rechargez la page.")
    db.serialise(session, f"deaths-of:{person_id}")


def _check_dating(session: Session, key: DeathKey, dating: Dating) -> None:
    if key.when is not None:
        raise Invalid("Ce décès a déjà une date : elle ne se change pas ici.", "dating")
    if dating.when.first_day > db.now(session).date() + _CLOCKS:
        raise Invalid("Cette date de décès est à venir.", "dating")
    born = identities.by_id(session, key.identity_id).traits.birth_date
    if born is not None and is_before_birth(dating.when, born):
        raise Invalid("Cette date de décès précède la naissance.", "dating")


def _settle(session: Session, row: RecordedDeath, state: DeathState, ruling: DeathRuling) -> None:
    text = ruling.comment.strip()
    if not text:
        raise Invalid("Écrivez ce qui fonde votre décision.", "comment")
    if len(text) > MOST_COMMENT or "\0" in text:
        raise Invalid(f"Le motif compte au plus {MOST_COMMENT} caractères.", "comment")
    row.state = state.value
    row.decided_at = db.now(session)
    row.decided_by = ruling.officer_id
    row.comment = text
    session.flush()  # what is held is read next


def _row(session: Session, key: DeathKey) -> RecordedDeath:
    """Return the row of a death told, made now for one that a feed tells; raise `NotFound` when nothing tells it."""
    when = key.when.iso() if key.when is not None else None
    query = sa.select(RecordedDeath).where(
        RecordedDeath.source_identity_id == key.identity_id,
        RecordedDeath.teller == key.teller.value,
        RecordedDeath.death_date == when,
    )
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is not None:
        return row
    told_at = None
    if key.teller is Teller.FEED and when is None:
        told_at = death_checks.undated_since(session, key.identity_id)
    elif key.teller is Teller.FEED:
        identity = session.get_one(SourceIdentity, key.identity_id, populate_existing=True)
        told_at = identity.updated_at if identity.death_date == when else None
    if told_at is None:
        raise NotFound(_UNTOLD)
    row = RecordedDeath(
        source_identity_id=key.identity_id,
        teller=Teller.FEED.value,
        death_date=when,
        state=DeathState.FLAGGED.value,
        reasons=[],
        recorded_at=told_at,
    )
    session.add(row)
    return row


def _record(session: Session, action: str, ruling: DeathRuling, trail: Trail, actor: Actor) -> None:
    detail: dict[str, str | int | bool | None] = {"person": ruling.person_id, "teller": ruling.key.teller.value}
    if ruling.key.when is None:
        detail["date_source"] = ruling.dating.source.value if ruling.dating is not None else None
    trail.record(session, Entry(actor, action, Subject("source_identity", ruling.key.identity_id), detail))
