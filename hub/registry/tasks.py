"""Tasks of the identity-vigilance officers: what is asked, why, how urgent it is.

RNIV 2: each doubt about an identity is settled by a person of the cell, in a known time. A task whose identities
change meanwhile gets another version, and a verdict on the former one comes too late.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry import identities
from hub.registry.tables import IdentificationRequest, ReviewTask, SourceIdentity
from hub.registry.values import Member, StoredIdentity
from identity.decision import MARGIN, Outcome, Reason
from identity.linkage import Decision, PairAssessment


class TaskKind(StrEnum):
    """What an officer is asked.

    Duplicate and margin: are two identities one person? Collision: are two identities of one person two people?
    Changed: did an identity become somebody else's? INS, death, limited: something to look at about one identity.
    Document: whose is a document of which a structure cannot tell the patient?
    """

    COLLISION = "collision"
    CHANGED = "changed"
    INS = "ins"
    DEATH = "death"
    MARGIN = "margin"
    DUPLICATE = "duplicate"
    LIMITED = "limited"
    DOCUMENT = "document"


ALONE = frozenset({TaskKind.CHANGED, TaskKind.INS, TaskKind.DEATH, TaskKind.LIMITED})
"""Kinds about one identity, which the task names twice."""
PROPOSALS = frozenset({TaskKind.DUPLICATE, TaskKind.MARGIN})
# A document may be seen by somebody else now; it could; something known is false, or a document reaches nobody; two
# identities may be one; nobody knows whether they are.
_PRIORITIES = {
    TaskKind.COLLISION: 1,
    TaskKind.CHANGED: 2,
    TaskKind.INS: 3,
    TaskKind.DOCUMENT: 3,
    TaskKind.DEATH: 4,
    TaskKind.MARGIN: 5,
    TaskKind.DUPLICATE: 6,
    TaskKind.LIMITED: 7,
}
_DAYS = {1: 1, 2: 2, 3: 5, 4: 5, 5: 15, 6: 30, 7: 60}
LIMITED = Reason("candidates-limited", "Trop d'identités se ressemblent : toutes n'ont pas pu être comparées.")
_ABOUT_INS = frozenset({"ins-conflict", "ins-different", "shared-ins"})


class TaskState(StrEnum):
    """Open, or how an officer decided."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Task:
    """A task as listed: what to compare, why, since when; once decided, by whom, when and why.

    Of a task about a document, both sides are what was read on it, under the id 0: no identity of the index.
    """

    id: int
    kind: TaskKind
    state: TaskState
    left: StoredIdentity
    right: StoredIdentity
    score: float
    reasons: tuple[str, ...]
    detail: Mapping[str, Any]
    priority: int
    version: int
    created_at: datetime
    due_at: datetime
    deferred_until: datetime | None
    claimed_by: int | None
    claimed_until: datetime | None
    decided_at: datetime | None
    decided_by: int | None
    comment: str | None
    identification_id: int | None = None

    @property
    def concerns_one(self) -> bool:
        """Tell whether the task is about one identity only."""
        return self.left.id == self.right.id


def open_from_decision(
    session: Session,
    identity_id: int,
    decision: Decision,
    groups: Mapping[int, Sequence[Member]],
    *,
    always: bool = False,
) -> int | None:
    """Open the task, if any, that a decision asks for, as `new_tasks` does, and return its id.

    With `always`, though it names no person.
    """
    asked = _asked(identity_id, decision, groups, always=always)
    return _open(session, asked.kind, asked.pair, asked.score, asked.reasons, {}) if asked is not None else None


def new_tasks(
    identity_id: int, decision: Decision, groups: Mapping[int, Sequence[Member]], moment: datetime
) -> list[dict[str, Any]]:
    """Return the columns of the task, if any, that the decision on a new identity asks for.

    It compares the identity with its nearest candidate when it may be that one; it is about the identity alone when
    it became a new person though not all that resemble it were compared.
    """
    asked = _asked(identity_id, decision, groups, always=False)
    if asked is None:
        return []
    priority = _priority(asked.kind, asked.reasons)
    return [
        {
            "kind": asked.kind.value,
            "source_identity_id": asked.pair[0],
            "candidate_identity_id": asked.pair[1],
            "score": asked.score,
            "reasons": list(dict.fromkeys(asked.reasons)),
            "priority": priority,
            "state": TaskState.OPEN.value,
            "version": 1,
            "created_at": moment,
            "due_at": moment + timedelta(days=_DAYS[priority]),
        }
    ]


def _kind_of(reasons: Sequence[str]) -> TaskKind:
    return TaskKind.MARGIN if MARGIN.code in reasons else TaskKind.DUPLICATE


def _priority(kind: TaskKind, reasons: Sequence[str]) -> int:
    if kind in PROPOSALS and _ABOUT_INS.intersection(reasons):
        return _PRIORITIES[TaskKind.INS]
    return _PRIORITIES[kind]


class _Asked(NamedTuple):
    """What a decision asks of the officers."""

    kind: TaskKind
    pair: tuple[int, int]
    score: float
    reasons: list[str]


def _asked(
    identity_id: int, decision: Decision, groups: Mapping[int, Sequence[Member]], *, always: bool
) -> _Asked | None:
    """Return what an officer is to settle after a decision on an identity, if anything."""
    reasons = [reason.code for reason in decision.reasons]
    if decision.outcome is Outcome.NEW and LIMITED.code in reasons:
        return _Asked(TaskKind.LIMITED, (identity_id, identity_id), 0.0, [LIMITED.code])
    if decision.outcome is not Outcome.REVIEW and not always:
        return None
    found = _nearest(decision, groups, always=always)
    if found is None:
        return None
    candidate_id, score, rule = found
    reasons += [rule] if rule else []
    return _Asked(_kind_of(reasons), (identity_id, candidate_id), score, reasons)


def _nearest(
    decision: Decision, groups: Mapping[int, Sequence[Member]], *, always: bool
) -> tuple[int, float, str | None] | None:
    """Return the identity to compare with, its score and the rule that forbids to link it, if any."""
    if not decision.considered:
        return None
    item = decision.considered[0]
    if not always and decision.person_id is not None and item.person_id != decision.person_id:
        return None
    candidate_id = int(item.record_id)
    if not any(identity.id == candidate_id for group in groups.values() for identity in group):
        return None
    return candidate_id, item.score.total, item.veto.code if item.veto else None


def open_change(session: Session, identity_id: int, change: PairAssessment) -> None:
    """Open a task about an identity whose traits changed so much that it may be somebody else."""
    reasons = ["traits-changed"] + ([change.veto.code] if change.veto else [])
    _open(session, TaskKind.CHANGED, (identity_id, identity_id), change.score.total, reasons, {})


def open_collision(session: Session, pair: tuple[int, int], score: float, reasons: Sequence[str]) -> int:
    """Open a task about two identities of one person that may be two people; return its id.

    Both are held until it is settled: nothing of theirs is seen by the patient, nothing new leaves.
    """
    held = sa.update(SourceIdentity).where(SourceIdentity.id.in_(pair), SourceIdentity.held.is_(False))
    session.execute(held.values(held=True).execution_options(synchronize_session="fetch"))
    return _open(session, TaskKind.COLLISION, pair, score, reasons, {})


def open_pair(session: Session, pair: tuple[int, int], score: float, reasons: Sequence[str]) -> int:
    """Open a task about two identities of two persons that may be one; return its id."""
    return _open(session, _kind_of(reasons), pair, score, reasons, {})


def was_asked(session: Session, kind: TaskKind, pair: tuple[int, int]) -> bool:
    """Tell whether officers have, or had, this to settle."""
    return session.scalar(_of_pair(kind, pair).with_only_columns(ReviewTask.id)) is not None


def are_compared(session: Session, ones: Collection[int], others: Collection[int]) -> bool:
    """Tell whether officers have an identity of one person and one of another to compare."""
    left, right = ReviewTask.source_identity_id, ReviewTask.candidate_identity_id
    either = sa.or_(sa.and_(left.in_(ones), right.in_(others)), sa.and_(left.in_(others), right.in_(ones)))
    asked = ReviewTask.kind.in_([kind.value for kind in PROPOSALS]), ReviewTask.state == TaskState.OPEN.value
    return session.scalar(sa.select(ReviewTask.id).where(either, *asked).limit(1)) is not None


def open_alone(
    session: Session,
    kind: TaskKind,
    identity_id: int,
    *,
    reasons: Sequence[str],
    detail: Mapping[str, str | int | None] | None = None,
) -> int:
    """Open a task about one identity, or bring the one it has up to date; return its id.

    `detail` holds ids, codes and dates that the page needs, never a trait.
    """
    if kind not in ALONE:
        raise ValueError(f"{kind} compares two identities")
    return _open(session, kind, (identity_id, identity_id), 0.0, reasons, detail or {})


def _open(
    session: Session,
    kind: TaskKind,
    pair: tuple[int, int],
    score: float,
    reasons: Sequence[str],
    detail: Mapping[str, Any],
) -> int:
    task = session.scalar(_of_pair(kind, pair))
    moment = db.now(session)
    if task is None:
        task = ReviewTask(source_identity_id=pair[0], candidate_identity_id=pair[1], created_at=moment, version=0)
        session.add(task)
    elif task.state == TaskState.SAME.value or (task.state != TaskState.OPEN.value and kind is not TaskKind.CHANGED):
        # An identity still held keeps its first date: it is compared with what it was before it was held.
        task.created_at = moment
    if task.state != TaskState.OPEN.value:
        task.claimed_by = task.claimed_until = task.deferred_until = None
    elif not set(reasons) <= set(task.reasons or ()):
        # What it was put off for is not all that it is about any more.
        task.deferred_until = None
    task.kind = kind.value
    task.score = score
    task.reasons = list(dict.fromkeys(reasons))
    task.detail = dict(detail) or None
    task.priority = _priority(kind, reasons)
    task.due_at = task.created_at + timedelta(days=_DAYS[task.priority])
    task.state = TaskState.OPEN.value
    task.decided_at = task.decided_by = task.comment = None
    task.version += 1
    session.flush()  # a batch may meet the same pair again
    return task.id


def _of_pair(kind: TaskKind, pair: tuple[int, int]) -> sa.Select[ReviewTask]:
    """Find the task of a pair, whichever side came first; a proposal with a rival is the same task as one without."""
    left, right = pair
    either = sa.or_(
        sa.and_(ReviewTask.source_identity_id == left, ReviewTask.candidate_identity_id == right),
        sa.and_(ReviewTask.source_identity_id == right, ReviewTask.candidate_identity_id == left),
    )
    kinds = PROPOSALS if kind in PROPOSALS else {kind}
    return sa.select(ReviewTask).where(either, ReviewTask.kind.in_([item.value for item in kinds]))


def touch(session: Session, identity_ids: Iterable[int]) -> None:
    """Make verdicts on what was seen of these identities so far come too late."""
    ids = list(identity_ids)
    about = sa.or_(ReviewTask.source_identity_id.in_(ids), ReviewTask.candidate_identity_id.in_(ids))
    statement = sa.update(ReviewTask).where(ReviewTask.state == TaskState.OPEN.value, about)
    session.execute(statement.values(version=ReviewTask.version + 1).execution_options(synchronize_session="fetch"))


def doubted(session: Session, identity_ids: Iterable[int], but: int = 0) -> set[int]:
    """Return which of these identities an open task other than `but` doubts: changed, or in collision."""
    ids = set(identity_ids)
    query = sa.select(ReviewTask.source_identity_id, ReviewTask.candidate_identity_id).where(
        ReviewTask.state == TaskState.OPEN.value,
        ReviewTask.kind.in_((TaskKind.CHANGED.value, TaskKind.COLLISION.value)),
        ReviewTask.id != but,
        sa.or_(ReviewTask.source_identity_id.in_(ids), ReviewTask.candidate_identity_id.in_(ids)),
    )
    return {identity_id for pair in session.execute(query) for identity_id in pair} & ids


def open_document(session: Session, request: IdentificationRequest) -> int:
    """Open the task of a request for identification; return its id."""
    priority = _PRIORITIES[TaskKind.DOCUMENT]
    task = ReviewTask(
        kind=TaskKind.DOCUMENT.value,
        identification_id=request.id,
        score=0.0,
        reasons=[],
        priority=priority,
        created_at=request.asked_at,
        due_at=request.asked_at + timedelta(days=_DAYS[priority]),
    )
    session.add(task)
    session.flush()  # the list is read next
    return task.id


def values(session: Session, rows: Sequence[ReviewTask]) -> list[Task]:
    """Return tasks with the identities that they compare."""
    wanted = {row.source_identity_id for row in rows} | {row.candidate_identity_id for row in rows}
    found = identities.select_values(session, sa.select(SourceIdentity).where(SourceIdentity.id.in_(wanted)))
    by_id = {item.id: item for item in found}
    asked = [row.identification_id for row in rows if row.identification_id is not None]
    requests = sa.select(IdentificationRequest).where(IdentificationRequest.id.in_(asked))
    read = {request.id: _as_read(request) for request in session.scalars(requests)} if asked else {}
    return [
        value(row, by_id[row.source_identity_id], by_id[row.candidate_identity_id])
        if row.identification_id is None
        else value(row, read[row.identification_id], read[row.identification_id])
        for row in rows
    ]


def _as_read(request: IdentificationRequest) -> StoredIdentity:
    """Return the traits read on a document as an identity that is not in the index."""
    record = identities.record_of(request.content, "0", "")
    return StoredIdentity(
        id=0,
        organization_id=request.organization_id,
        domain="",
        value="",
        person_id=0,
        regional_id="",
        traits=record.traits,
        status=record.status,
        attributes=record.attributes,
        active=True,
        held=False,
        replaced_by_id=None,
        version=1,
        created_at=request.asked_at,
        updated_at=request.asked_at,
    )


def value(row: ReviewTask, left: StoredIdentity, right: StoredIdentity) -> Task:
    """Return a task with both its identities."""
    return Task(
        row.id, TaskKind(row.kind), TaskState(row.state), left, right, row.score, tuple(row.reasons),
        row.detail or {}, row.priority, row.version, row.created_at, row.due_at, row.deferred_until, row.claimed_by,
        row.claimed_until, row.decided_at, row.decided_by, row.comment, row.identification_id,
    )  # fmt: skip
