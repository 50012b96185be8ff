"""How the status and the INS of an identity came to be what they are: each change, on which evidence, by whom.

RNIV 1, EXI SI 10 and 23 (evidence recorded), EXI REC 08 (former matricules kept). Written by `changes` whatever the
door; a change without a cause is what the structure's own software says, its référentiel d'identités.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor
from hub.registry.tables import FormerIns, SourceIdentity, StatusChange
from hub.registry.values import StatusCause
from identity.evidence import Evidence
from identity.ins import Ins, InsOid
from identity.status import IdentityStatus
from identity.transitions import Event

FEED = "feed"
_INSI_HISTORY = "insi-history"
# The INS was the person's own and another took its place; any other event says that it was not theirs.
_REPLACED = frozenset({FEED, Event.INSI_ACCEPTED.value})


@dataclass(frozen=True, slots=True)
class StatusStep:
    """One change as it is shown. `event` is one of `identity.transitions.Event`, or None for the software's feed."""

    from_status: IdentityStatus
    to_status: IdentityStatus
    event: Event | None
    evidence: Evidence | None
    parent_evidence: Evidence | None
    actor_kind: str
    actor_id: str
    comment: str | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PastIns:
    """A former matricule, and whether it was the person's own."""

    ins: Ins
    is_invalid: bool
    ended_at: datetime


def keep_change(
    session: Session,
    row: SourceIdentity,
    former: Mapping[str, Any],
    cause: StatusCause | None,
    actor: Actor,
) -> None:
    """Keep what changed in the status and in the INS of a row that holds its new values already."""
    event = cause.event.value if cause else FEED
    moved = (former["status"], former["attributes"]) != (row.status, row.attributes)
    if moved or cause is not None:
        session.add(
            StatusChange(
                source_identity_id=row.id,
                from_status=former["status"],
                to_status=row.status,
                from_attributes=former["attributes"],
                to_attributes=row.attributes,
                event=event,
                evidence=cause.proof.evidence.value if cause and cause.proof else None,
                parent_evidence=cause.proof.parent.value if cause and cause.proof and cause.proof.parent else None,
                actor_kind=actor.kind.value,
                actor_id=actor.id,
                comment=cause.comment if cause else None,
                changed_at=db.now(session),
            )
        )
    lost = former["ins_matricule"], former["ins_oid"]
    if lost[0] is not None and lost != (row.ins_matricule, row.ins_oid):
        is_invalid = event not in _REPLACED or row.ins_matricule is None
        _keep_former(session, row.id, Ins(lost[0], InsOid(lost[1])), event, is_invalid=is_invalid)


def keep_reported(session: Session, identity_id: int, reported: Iterable[Ins]) -> None:
    """Keep the former matricules that INSi tells of a person (INSHISTO), each once."""
    known = {past.ins for past in former_ins(session, identity_id)}
    for ins in dict.fromkeys(reported):
        if ins not in known:
            _keep_former(session, identity_id, ins, _INSI_HISTORY, is_invalid=False)


def _keep_former(session: Session, identity_id: int, ins: Ins, event: str, *, is_invalid: bool) -> None:
    session.add(
        FormerIns(
            source_identity_id=identity_id,
            matricule=ins.matricule,
            oid=ins.oid.value,
            is_invalid=is_invalid,
            event=event,
            ended_at=db.now(session),
        )
    )


def steps(session: Session, identity_id: int) -> list[StatusStep]:
    """Return the changes of an identity, the latest first."""
    query = sa.select(StatusChange).where(StatusChange.source_identity_id == identity_id)
    return [_step(row) for row in session.scalars(query.order_by(StatusChange.id.desc()))]


def _step(row: StatusChange) -> StatusStep:
    return StatusStep(
        from_status=IdentityStatus(row.from_status),
        to_status=IdentityStatus(row.to_status),
        event=None if row.event == FEED else Event(row.event),
        evidence=Evidence(row.evidence) if row.evidence else None,
        parent_evidence=Evidence(row.parent_evidence) if row.parent_evidence else None,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        comment=row.comment,
        changed_at=row.changed_at,
    )


def former_ins(session: Session, identity_id: int) -> list[PastIns]:
    """Return the matricules that an identity held or that INSi told of, the latest first. They stay in the hub."""
    query = sa.select(FormerIns).where(FormerIns.source_identity_id == identity_id).order_by(FormerIns.id.desc())
    return [
        PastIns(Ins(row.matricule, InsOid(row.oid)), row.is_invalid, row.ended_at) for row in session.scalars(query)
    ]
