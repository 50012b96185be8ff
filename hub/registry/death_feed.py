"""What a structure's software says of the death of its own patient, beside the day that is a trait.

A date without its day is kept as a death told. A death without any date is asked of the officers, and nothing leaves
to the patient until they have answered; it is kept once they have. A patient said to be alive contradicts a death
held.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry import death_checks
from hub.registry.tables import RecordedDeath
from hub.registry.values import StoredIdentity
from identity.deaths import WITHDRAWN, DeathDate, DeathState, Teller


@dataclass(frozen=True, slots=True)
class ToldByFeed:
    """Whether the patient is dead, and when, as complete as it is known."""

    is_dead: bool
    when: DeathDate | None = None


def note(session: Session, identity: StoredIdentity, told: ToldByFeed | None) -> None:
    """Take in what was said with an identity just received; None when nothing was said.

    Saying the same again changes nothing. What is no longer said, a date without its day or a death without a date,
    is told to the officers, and stops nothing any more.
    """
    partial = told.when if told is not None and told.when is not None and told.when.exact_day is None else None
    was_partial = _drop_others(session, identity.id, partial)
    if told is None or not told.is_dead:
        was_undated = death_checks.take_back_undated(session, identity.id)
        if was_partial and not was_undated:
            death_checks.ask(session, identity.id, WITHDRAWN.code, db.now(session))
    if told is None:
        return
    if not told.is_dead:
        death_checks.note_alive(session, identity)
    elif told.when is None:
        death_checks.ask_undated(session, identity)
    elif partial is not None:
        _keep(session, identity, partial)


def _drop_others(session: Session, identity_id: int, kept: DeathDate | None) -> bool:
    """Forget the dates without a day that a feed told and tells no more, but not what an officer settled."""
    statement = sa.delete(RecordedDeath).where(
        RecordedDeath.source_identity_id == identity_id,
        RecordedDeath.teller == Teller.FEED.value,
        RecordedDeath.state == DeathState.FLAGGED.value,
        sa.func.length(RecordedDeath.death_date) < len("AAAA-MM-JJ"),
        RecordedDeath.death_date.is_not(None),
        RecordedDeath.death_date != (kept.iso() if kept is not None else ""),
    )
    found = session.execute(statement.execution_options(synchronize_session="fetch"))
    return bool(found.rowcount)  # type: ignore[attr-defined]


def _keep(session: Session, identity: StoredIdentity, when: DeathDate) -> None:
    values = {
        "source_identity_id": identity.id,
        "teller": Teller.FEED.value,
        "death_date": when.iso(),
        "state": DeathState.FLAGGED.value,
        "reasons": [],
        "recorded_at": db.now(session),
    }
    if db.insert_once(session, RecordedDeath, values, ["source_identity_id", "teller", "death_date"]):
        death_checks.examine(session, [identity.person_id])
