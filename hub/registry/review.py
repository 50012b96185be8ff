"""Review tasks: pairs that the matching will not decide alone, and what an officer decided.

RNIV 2: only the identity-vigilance cell confirms; who, when and why are kept. Deciding "same" moves links, which
`link_event` lets undo; deciding "different" is remembered for good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import identities
from hub.registry.tables import (
    DistinctPair,
    LinkageDecision,
    LinkEvent,
    ReviewTask,
    SourceIdentity,
    SourceIdentityRevision,
)
from hub.registry.values import StoredIdentity
from identity import linkage
from identity.linkage import Decision, IdentityRecord, PairAssessment
from identity.model import Model
from identity.status import IdentityStatus

PAGE = 25


class TaskKind(StrEnum):
    """Two identities that may be one person, or one identity that may have become another person."""

    DUPLICATE = "duplicate"
    CHANGED = "changed"


class TaskState(StrEnum):
    """Open, or how an officer decided."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Task:
    """A task as listed: what to compare, why, since when."""

    id: int
    kind: TaskKind
    state: TaskState
    left: StoredIdentity
    right: StoredIdentity
    score: float
    reasons: tuple[str, ...]
    version: int
    created_at: datetime
    decided_at: datetime | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A task with both sides and the score explained, term by term."""

    task: Task
    left: IdentityRecord
    right: IdentityRecord
    assessment: PairAssessment
    documents_follow: int


def open_from_decision(
    session: Session,
    identity_id: int,
    decision: Decision,
    groups: Mapping[int, Sequence[StoredIdentity]],
    *,
    always: bool = False,
) -> None:
    """Open a task between the identity and the best candidate of a decision (every one that may be reviewed)."""
    reasons = [reason.code for reason in decision.reasons]
    for item in decision.considered[:1]:
        if not always and decision.person_id is not None and item.person_id != decision.person_id:
            continue
        candidate_id = int(item.record_id)
        if candidate_id not in {identity.id for group in groups.values() for identity in group}:
            continue
        reasons_here = reasons + ([item.veto.code] if item.veto else [])
        _open(session, TaskKind.DUPLICATE, identity_id, candidate_id, item.score.total, reasons_here)


def open_change(session: Session, identity_id: int, drift: PairAssessment) -> None:
    """Open a task about an identity whose traits changed so much that it may be somebody else."""
    reasons = ["traits-changed"] + ([drift.veto.code] if drift.veto else [])
    _open(session, TaskKind.CHANGED, identity_id, identity_id, drift.score.total, reasons)


def _open(session: Session, kind: TaskKind, left: int, right: int, score: float, reasons: Sequence[str]) -> None:
    # A pair has one task whichever side came first; a change of traits opens a decided one again.
    pair = sa.or_(
        sa.and_(ReviewTask.source_identity_id == left, ReviewTask.candidate_identity_id == right),
        sa.and_(ReviewTask.source_identity_id == right, ReviewTask.candidate_identity_id == left),
    )
    task = session.scalar(sa.select(ReviewTask).where(pair))
    moment = db.now(session)
    if task is None:
        task = ReviewTask(source_identity_id=left, candidate_identity_id=right, created_at=moment, version=0)
        session.add(task)
    task.kind = kind.value
    task.score = score
    task.reasons = list(dict.fromkeys(reasons))
    task.state = TaskState.OPEN.value
    task.version += 1
    session.flush()  # a batch may meet the same pair again


def count_open(session: Session) -> int:
    """Return how many tasks wait."""
    query = sa.select(sa.func.count()).select_from(ReviewTask).where(ReviewTask.state == TaskState.OPEN.value)
    return session.scalar(query) or 0


def tasks(session: Session, state: TaskState, page: int) -> list[Task]:
    """Return one page of tasks (25): open ones by risk (highest score first), decided ones latest first."""
    order = ReviewTask.score.desc() if state is TaskState.OPEN else ReviewTask.decided_at.desc()
    query = sa.select(ReviewTask).where(ReviewTask.state == state.value).order_by(order, ReviewTask.id)
    rows = list(session.scalars(query.limit(PAGE).offset(PAGE * (page - 1))))
    wanted = {row.source_identity_id for row in rows} | {row.candidate_identity_id for row in rows}
    query_identities = sa.select(SourceIdentity).where(SourceIdentity.id.in_(wanted))
    by_id = {item.id: item for item in identities.select_values(session, query_identities)}
    return [_task(row, by_id[row.source_identity_id], by_id[row.candidate_identity_id]) for row in rows]


def compare(session: Session, task_id: int, model: Model) -> Comparison:
    """Return a task with both sides compared now, under the model in force; raise `NotFound`."""
    row = session.get(ReviewTask, task_id)
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    left = identities.by_id(session, row.source_identity_id)
    right = identities.by_id(session, row.candidate_identity_id)
    left_record = left.as_record()
    right_record = _former(session, left) if row.kind == TaskKind.CHANGED.value else right.as_record()
    assessment = linkage.compare_records(left_record, right_record, model)
    group = identities.of_persons(session, [left.person_id]).get(left.person_id, ())
    return Comparison(_task(row, left, right), left_record, right_record, assessment, len(group))


def _former(session: Session, identity: StoredIdentity) -> IdentityRecord:
    query = (
        sa.select(SourceIdentityRevision)
        .where(SourceIdentityRevision.source_identity_id == identity.id)
        .order_by(SourceIdentityRevision.version.desc())
        .limit(1)
    )
    revision = session.scalar(query)
    if revision is None:
        return identity.as_record()
    return identities.record_of(revision.content, str(identity.id), identity.domain)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an officer decides on a task they saw at `version`; the reason is mandatory."""

    task_id: int
    version: int
    state: TaskState
    comment: str
    staff_id: int


def decide(session: Session, verdict: Verdict, trail: Trail, actor: Actor) -> Task:
    """Apply an officer's verdict; raise `Invalid` without reason, `Conflict` when another officer was faster."""
    if not verdict.comment.strip():
        raise Invalid("Indiquez le motif de votre décision.", "comment")
    if verdict.state is TaskState.OPEN:
        raise Invalid("Choisissez « même personne » ou « personnes différentes ».", "state")
    row = session.scalar(sa.select(ReviewTask).where(ReviewTask.id == verdict.task_id).with_for_update())
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    if row.state != TaskState.OPEN.value or row.version != verdict.version:
        raise Conflict("Cette tâche a déjà été traitée ou a changé pendant votre lecture. Rechargez la page.")
    row.state = verdict.state.value
    row.version += 1
    row.decided_at = db.now(session)
    row.decided_by = verdict.staff_id
    row.comment = verdict.comment.strip()[:1000]
    if row.kind == TaskKind.CHANGED.value:
        _settle_change(session, row)
    elif verdict.state is TaskState.SAME:
        _join(session, row, verdict, actor)
    else:
        _separate(session, row, verdict, actor)
    detail: dict[str, str | int | bool | None] = {
        "state": verdict.state.value,
        "left": row.source_identity_id,
        "right": row.candidate_identity_id,
    }
    trail.record(session, Entry(actor, "review.decide", Subject("review_task", row.id), detail))
    left = identities.by_id(session, row.source_identity_id)
    return _task(row, left, identities.by_id(session, row.candidate_identity_id))


def _settle_change(session: Session, row: ReviewTask) -> None:
    identity = _locked(session, [row.source_identity_id])[0]
    identity.held = row.state != TaskState.SAME.value


def _locked(session: Session, identity_ids: Sequence[int]) -> list[SourceIdentity]:
    # Rows are locked in id order, so that two opposite merges cannot wait for each other or make a cycle.
    query = sa.select(SourceIdentity).where(SourceIdentity.id.in_(identity_ids)).order_by(SourceIdentity.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def _group(session: Session, person_id: int) -> list[SourceIdentity]:
    query = sa.select(SourceIdentity.id).where(SourceIdentity.person_id == person_id)
    return _locked(session, list(session.scalars(query)))


def _join(session: Session, row: ReviewTask, verdict: Verdict, actor: Actor) -> None:
    # Merges run one after the other: a person chosen as survivor cannot be absorbed meanwhile.
    db.serialise(session, "merge")
    left, right = (
        session.get_one(SourceIdentity, row.source_identity_id, populate_existing=True),
        session.get_one(SourceIdentity, row.candidate_identity_id, populate_existing=True),
    )
    if left.person_id == right.person_id:
        return
    groups = {left.person_id: _group(session, left.person_id), right.person_id: _group(session, right.person_id)}
    _refuse_conflicts(session, groups[left.person_id], groups[right.person_id])
    survivor = _survivor(groups)
    absorbed = left.person_id if survivor == right.person_id else right.person_id
    for identity in groups[absorbed]:
        _move(session, identity, survivor, verdict, actor)


def _survivor(groups: Mapping[int, Sequence[SourceIdentity]]) -> int:
    """Choose the person that stays: best status, then the oldest (specs: RNIV, survivor of a merge)."""

    def rank(person_id: int) -> tuple[int, int]:
        best = max(IdentityStatus(identity.status).rank for identity in groups[person_id])
        return (-best, min(identity.id for identity in groups[person_id]))

    return min(groups, key=rank)


def _refuse_conflicts(session: Session, left: Sequence[SourceIdentity], right: Sequence[SourceIdentity]) -> None:
    qualified = {
        identity.ins_matricule
        for identity in (*left, *right)
        if identity.active and identity.status == IdentityStatus.QUALIFIED.value and identity.ins_matricule
    }
    if len(qualified) > 1:
        raise Conflict(
            "Ces deux personnes ont chacune une INS qualifiée différente : elles ne peuvent pas être réunies. "
            "Faites d'abord vérifier les deux INS par leurs structures."
        )
    for one in left:
        for other in right:
            low, high = sorted((one.id, other.id))
            if session.get(DistinctPair, (low, high)) is not None:
                raise Conflict(
                    "Un officier a déjà décidé que deux de ces identités sont des personnes différentes : "
                    "revoyez d'abord cette décision."
                )


def _move(session: Session, identity: SourceIdentity, person_id: int, verdict: Verdict, actor: Actor) -> None:
    moment = db.now(session)
    kept = LinkageDecision(
        source_identity_id=identity.id,
        outcome=verdict.state.value,
        person_id=person_id,
        score=None,
        explanation={"task": verdict.task_id, "former_person": identity.person_id},
        model_version="",
        decided_by=f"{actor.kind.value}:{actor.id}",
        decided_at=moment,
    )
    session.add(kept)
    session.flush()  # the link event names its decision
    session.add(
        LinkEvent(
            source_identity_id=identity.id,
            from_person_id=identity.person_id,
            to_person_id=person_id,
            decision_id=kept.id,
            moved_at=moment,
        )
    )
    identity.person_id = person_id


def _separate(session: Session, row: ReviewTask, verdict: Verdict, actor: Actor) -> None:
    low, high = sorted((row.source_identity_id, row.candidate_identity_id))
    values = {"low_id": low, "high_id": high, "decided_by": verdict.staff_id, "decided_at": db.now(session)}
    db.insert_once(session, DistinctPair, values, ["low_id", "high_id"])


def _task(row: ReviewTask, left: StoredIdentity, right: StoredIdentity) -> Task:
    return Task(
        row.id, TaskKind(row.kind), TaskState(row.state), left, right, row.score, tuple(row.reasons), row.version,
        row.created_at, row.decided_at, row.comment,
    )  # fmt: skip
