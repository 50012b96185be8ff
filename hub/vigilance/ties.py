"""Why the identities of a person are together: each tie with what made it, and its score when the matching did.

The graph and the table of a person's page carry the same ties.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry.operations import Kind, State
from hub.registry.tables import LinkageDecision, LinkEvent, PersonOperation, ReviewTask
from hub.registry.values import StoredIdentity
from identity.decision import Outcome


class TieKind(StrEnum):
    """What tied two identities: the matching, the choice of a professional in a search, an officer's operation."""

    MATCHING = "matching"
    CHOICE = "choice"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Tie:
    """Two identities of one person, and what says that they are one."""

    left_id: int
    right_id: int
    kind: TieKind
    score: float | None
    decided_by: str
    decided_at: datetime
    operation_id: int | None
    model_version: str | None


def of_group(session: Session, group: Sequence[StoredIdentity]) -> tuple[Tie, ...]:
    """Return the ties between the identities of a person, oldest first."""
    ids = [item.id for item in group]
    found = [*_decided(session, ids), *_operated(session, ids, group[0].person_id)]
    return tuple(sorted(found, key=lambda tie: (tie.decided_at, tie.left_id)))


def _decided(session: Session, ids: Sequence[int]) -> Iterator[Tie]:
    query = sa.select(LinkageDecision).where(
        LinkageDecision.source_identity_id.in_(ids), LinkageDecision.outcome == Outcome.LINK.value
    )
    for row in session.scalars(query.order_by(LinkageDecision.id)):
        considered = row.explanation.get("considered") or []
        if considered:
            other, kind = int(considered[0]["identity_id"]), TieKind.MATCHING
        else:
            earlier = [identity_id for identity_id in ids if identity_id < row.source_identity_id]
            other, kind = (earlier[0] if earlier else row.source_identity_id), TieKind.CHOICE
        if other in ids and other != row.source_identity_id:
            score = row.score if kind is TieKind.MATCHING else None
            version = row.model_version or None
            yield Tie(row.source_identity_id, other, kind, score, row.decided_by, row.decided_at, None, version)


def _operated(session: Session, ids: Sequence[int], person_id: int) -> Iterator[Tie]:
    moved = sa.select(LinkEvent.operation_id).where(
        LinkEvent.source_identity_id.in_(ids), LinkEvent.operation_id.is_not(None)
    )
    query = sa.select(PersonOperation).where(
        PersonOperation.id.in_(moved),
        PersonOperation.state == State.DONE.value,
        PersonOperation.kind.in_((Kind.MERGE.value, Kind.MOVE.value)),
    )
    for row in session.scalars(query.order_by(PersonOperation.id)):
        pair = _pair(session, row, ids)
        if pair is not None and row.done_at is not None:
            who = f"staff:{row.proposed_by}"
            yield Tie(*pair, TieKind.OFFICER, None, who, row.done_at, row.id, None)


def _pair(session: Session, row: PersonOperation, ids: Sequence[int]) -> tuple[int, int] | None:
    """Return the pair that an officer compared, or the first of each side."""
    task = session.get(ReviewTask, row.task_id) if row.task_id else None
    if task is not None and {task.source_identity_id, task.candidate_identity_id} <= set(ids):
        return task.source_identity_id, task.candidate_identity_id
    moved = [identity_id for identity_id in ids if identity_id in row.identity_ids]
    others = [identity_id for identity_id in ids if identity_id not in row.identity_ids]
    return (moved[0], others[0]) if moved and others else None
