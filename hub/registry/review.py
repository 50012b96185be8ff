"""Review tasks: pairs that the matching will not decide alone, and what an officer decided.

RNIV 2: only the identity-vigilance cell confirms; who, when and why are kept. Deciding "same" moves links, which
`link_event` lets undo; deciding "different" is remembered for good. A verdict holds for what its author saw: the
version of a task grows whenever one of its identities changes, or the persons that hold them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import identities, links
from hub.registry.tables import (
    DistinctPair,
    LinkageDecision,
    ReviewTask,
    SourceIdentity,
    SourceIdentityRevision,
)
from hub.registry.values import StoredIdentity
from identity import linkage
from identity.decision import LACKS_OF_EVIDENCE, Outcome
from identity.linkage import Decision, IdentityRecord, PairAssessment
from identity.model import Model
from identity.status import IdentityStatus

PAGE = 25
MOST_COMMENT = 1000
_STRICT = frozenset({"surname", "given", "birth_date", "sex", "birth_place", "ins"})


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
    """A task as listed: what to compare, why, since when; once decided, by whom, when and why."""

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
    decided_by: int | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A task with both sides as they are now, the score explained, and what "same" would put together.

    For a change, `right` is the identity before it. `obstacle` says why "same" would be refused.
    """

    task: Task
    left: IdentityRecord
    right: IdentityRecord
    assessment: PairAssessment
    together: tuple[StoredIdentity, ...]
    obstacle: str | None


def drift(former: IdentityRecord, present: IdentityRecord, model: Model) -> PairAssessment:
    """Compare an identity with what it was.

    No domain is empty, so it is never taken for a double of its own domain; a doubt is not a change of person.
    """
    was = replace(former, domain="", attributes=frozenset())
    return linkage.compare_records(was, replace(present, attributes=frozenset()), model)


def is_somebody_else(change: PairAssessment, model: Model) -> bool:
    """Tell whether a change is too large to be a correction."""
    if change.veto is not None and change.veto not in LACKS_OF_EVIDENCE:
        return True
    # A poor record scores low against itself: something must speak against, and not only be missing.
    against = (
        part.bits < 0 and part.level != "missing" for part in change.score.contributions if part.trait in _STRICT
    )
    return change.score.total < model.thresholds.review and any(against)


def open_from_decision(
    session: Session,
    identity_id: int,
    decision: Decision,
    groups: Mapping[int, Sequence[StoredIdentity]],
    *,
    always: bool = False,
) -> None:
    """Open a task between the identity and the nearest candidate of a decision."""
    found = _nearest(decision, groups, always=always)
    if found is not None:
        _open(session, TaskKind.DUPLICATE, identity_id, *found)


def new_tasks(
    identity_id: int, decision: Decision, groups: Mapping[int, Sequence[StoredIdentity]], moment: datetime
) -> list[dict[str, Any]]:
    """Return the columns of the task, if any, between a new identity and the nearest candidate of its decision."""
    found = _nearest(decision, groups, always=False)
    if found is None:
        return []
    candidate_id, score, reasons = found
    return [
        {
            "kind": TaskKind.DUPLICATE.value,
            "source_identity_id": identity_id,
            "candidate_identity_id": candidate_id,
            "score": score,
            "reasons": list(dict.fromkeys(reasons)),
            "state": TaskState.OPEN.value,
            "version": 1,
            "created_at": moment,
        }
    ]


def _nearest(
    decision: Decision, groups: Mapping[int, Sequence[StoredIdentity]], *, always: bool
) -> tuple[int, float, list[str]] | None:
    """Return the identity to compare with, its score and the reasons."""
    if not decision.considered:
        return None
    item = decision.considered[0]
    if not always and decision.person_id is not None and item.person_id != decision.person_id:
        return None
    candidate_id = int(item.record_id)
    if not any(identity.id == candidate_id for group in groups.values() for identity in group):
        return None
    reasons = [reason.code for reason in decision.reasons] + ([item.veto.code] if item.veto else [])
    return candidate_id, item.score.total, reasons


def open_change(session: Session, identity_id: int, change: PairAssessment) -> None:
    """Open a task about an identity whose traits changed so much that it may be somebody else."""
    reasons = ["traits-changed"] + ([change.veto.code] if change.veto else [])
    _open(session, TaskKind.CHANGED, identity_id, identity_id, change.score.total, reasons)


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
    elif task.state == TaskState.SAME.value or (task.state != TaskState.OPEN.value and kind is TaskKind.DUPLICATE):
        # An identity still held keeps its first date: it is compared with what it was before it was held.
        task.created_at = moment
    task.kind = kind.value
    task.score = score
    task.reasons = list(dict.fromkeys(reasons))
    task.state = TaskState.OPEN.value
    task.decided_at = task.decided_by = task.comment = None
    task.version += 1
    session.flush()  # a batch may meet the same pair again


def limited(session: Session, page: int) -> list[StoredIdentity]:
    """Return one page of the identities made new without all that share a key compared, the latest first."""
    query = _limited().order_by(LinkageDecision.id.desc()).limit(PAGE).offset(PAGE * (page - 1))
    return identities.select_values(session, query)


def count_limited(session: Session) -> int:
    """Return how many such identities there are."""
    return session.scalar(_limited().with_only_columns(sa.func.count())) or 0


def _limited() -> sa.Select[SourceIdentity]:
    return (
        sa.select(SourceIdentity)
        .join(LinkageDecision, LinkageDecision.source_identity_id == SourceIdentity.id)
        .where(LinkageDecision.limited, LinkageDecision.outcome == Outcome.NEW.value, SourceIdentity.active)
    )


def touch(session: Session, identity_ids: Iterable[int]) -> None:
    """Make verdicts on what was seen of these identities so far come too late."""
    ids = list(identity_ids)
    about = sa.or_(ReviewTask.source_identity_id.in_(ids), ReviewTask.candidate_identity_id.in_(ids))
    statement = sa.update(ReviewTask).where(ReviewTask.state == TaskState.OPEN.value, about)
    session.execute(statement.values(version=ReviewTask.version + 1).execution_options(synchronize_session="fetch"))


def count_open(session: Session) -> int:
    """Return how many tasks wait."""
    return _count(session, ReviewTask.state == TaskState.OPEN.value)


def count_decided(session: Session) -> int:
    """Return how many tasks were decided."""
    return _count(session, ReviewTask.state != TaskState.OPEN.value)


def _count(session: Session, condition: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(ReviewTask).where(condition)) or 0


_BY_RISK = (ReviewTask.score.desc(), ReviewTask.created_at, ReviewTask.id)


def open_tasks(session: Session, page: int) -> list[Task]:
    """Return one page of the open tasks (25), the highest score first, then the oldest."""
    query = sa.select(ReviewTask).where(ReviewTask.state == TaskState.OPEN.value).order_by(*_BY_RISK)
    return _tasks(session, query, page)


def decided_tasks(session: Session, page: int) -> list[Task]:
    """Return one page of the decided tasks (25), the latest first."""
    query = sa.select(ReviewTask).where(ReviewTask.state != TaskState.OPEN.value)
    return _tasks(session, query.order_by(ReviewTask.decided_at.desc(), ReviewTask.id), page)


def next_open(session: Session) -> int | None:
    """Return the id of the first open task, if any."""
    query = sa.select(ReviewTask.id).where(ReviewTask.state == TaskState.OPEN.value).order_by(*_BY_RISK)
    return session.scalar(query.limit(1))


def _tasks(session: Session, query: sa.Select[ReviewTask], page: int) -> list[Task]:
    rows = list(session.scalars(query.limit(PAGE).offset(PAGE * (page - 1))))
    wanted = {row.source_identity_id for row in rows} | {row.candidate_identity_id for row in rows}
    query_identities = sa.select(SourceIdentity).where(SourceIdentity.id.in_(wanted))
    by_id = {item.id: item for item in identities.select_values(session, query_identities)}
    return [_task(row, by_id[row.source_identity_id], by_id[row.candidate_identity_id]) for row in rows]


def compare(session: Session, task_id: int, model: Model) -> Comparison:
    """Return a task with both sides compared now, under the model in force; raise `NotFound`."""
    row = session.get(ReviewTask, task_id, populate_existing=True)
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    left = identities.by_id(session, row.source_identity_id)
    right = identities.by_id(session, row.candidate_identity_id)
    former = left.as_record(), right.as_record()
    if row.kind == TaskKind.CHANGED.value:
        former = left.as_record(), trusted(session, left.id) or left.as_record()
        assessment = drift(former[1], former[0], model)
    else:
        assessment = linkage.compare_records(*former, model)
    groups = identities.of_persons(session, {left.person_id, right.person_id})
    together = tuple(identity for group in groups.values() for identity in group)
    obstacle = _obstacle(session, groups[left.person_id], groups[right.person_id])
    return Comparison(_task(row, left, right), *former, assessment, together, obstacle)


def trusted(session: Session, identity_id: int) -> IdentityRecord | None:
    """Return what an identity was before the change that its task is about, if it has such a task."""
    query = (
        sa.select(SourceIdentityRevision, SourceIdentity.domain)
        .join(SourceIdentity, SourceIdentity.id == SourceIdentityRevision.source_identity_id)
        .join(ReviewTask, ReviewTask.source_identity_id == SourceIdentity.id)
        .where(
            SourceIdentity.id == identity_id,
            ReviewTask.kind == TaskKind.CHANGED.value,
            SourceIdentityRevision.replaced_at <= ReviewTask.created_at,
        )
        .order_by(SourceIdentityRevision.version.desc())
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return identities.record_of(found[0].content, str(identity_id), found[1]) if found else None


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
    if len(verdict.comment.strip()) > MOST_COMMENT:
        raise Invalid(f"Le motif dépasse {MOST_COMMENT} caractères : raccourcissez-le.", "comment")
    if verdict.state is TaskState.OPEN:
        raise Invalid("Choisissez « même personne » ou « personnes différentes ».", "state")
    # Before any row: verdicts and moves run one after the other, so none can wait for another or make a cycle.
    db.serialise(session, links.LOCK)
    row = session.get(ReviewTask, verdict.task_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    if row.state != TaskState.OPEN.value or row.version != verdict.version:
        raise Conflict("Cette tâche a déjà été traitée ou a changé pendant votre lecture : relisez-la.")
    row.state = verdict.state.value
    row.version += 1
    row.decided_at = db.now(session)
    row.decided_by = verdict.staff_id
    row.comment = verdict.comment.strip()
    kept = _keep_decision(session, row, actor)
    if row.kind == TaskKind.CHANGED.value:
        closed = _settle_change(session, row, kept)
    elif verdict.state is TaskState.SAME:
        closed = _join(session, row, kept)
    else:
        closed = _separate(session, row, kept)
    detail: dict[str, str | int | bool | None] = {
        "state": verdict.state.value,
        "left": row.source_identity_id,
        "right": row.candidate_identity_id,
        "closed": closed,
    }
    trail.record(session, Entry(actor, "review.decide", Subject("review_task", row.id), detail))
    left = identities.by_id(session, row.source_identity_id)
    return _task(row, left, identities.by_id(session, row.candidate_identity_id))


def _keep_decision(session: Session, row: ReviewTask, actor: Actor) -> LinkageDecision:
    kept = LinkageDecision(
        source_identity_id=row.source_identity_id,
        outcome=row.state,
        person_id=None,
        score=None,
        explanation={"task": row.id, "other": row.candidate_identity_id, "comment": row.comment},
        model_version="",
        decided_by=f"{actor.kind.value}:{actor.id}",
        decided_at=row.decided_at,
    )
    session.add(kept)
    session.flush()  # link events name their decision
    return kept


def _settle_change(session: Session, row: ReviewTask, kept: LinkageDecision) -> int:
    """Release the identity, or keep it held and away from the persons it was with."""
    identity = links.locked(session, [row.source_identity_id])[0]
    identity.held = row.state != TaskState.SAME.value
    if identity.held and len(identities.of_persons(session, [identity.person_id])[identity.person_id]) > 1:
        links.move(session, identity, links.new_person(session), kept)
    kept.person_id = identity.person_id
    touch(session, [identity.id])
    return 0


def _join(session: Session, row: ReviewTask, kept: LinkageDecision) -> int:
    """Put both persons together; return how many other tasks this answers."""
    left = identities.by_id(session, row.source_identity_id)
    right = identities.by_id(session, row.candidate_identity_id)
    groups = identities.of_persons(session, {left.person_id, right.person_id})
    kept.person_id = left.person_id
    if len(groups) == 1:
        return 0
    obstacle = _obstacle(session, groups[left.person_id], groups[right.person_id])
    if obstacle is not None:
        raise Conflict(obstacle)
    survivor = _survivor(groups)
    kept.person_id = survivor
    absorbed = left.person_id if survivor == right.person_id else right.person_id
    for identity in links.locked(session, [item.id for item in groups[absorbed]]):
        links.move(session, identity, survivor, kept)
    together = [item.id for group in groups.values() for item in group]
    closed = _close_answered(session, row, together)
    touch(session, together)
    return closed


def _close_answered(session: Session, row: ReviewTask, together: Sequence[int]) -> int:
    """Close the other tasks between identities that are now in one person: the same verdict answers them."""
    statement = sa.update(ReviewTask).where(
        ReviewTask.state == TaskState.OPEN.value,
        ReviewTask.kind == TaskKind.DUPLICATE.value,
        ReviewTask.source_identity_id.in_(together),
        ReviewTask.candidate_identity_id.in_(together),
    )
    values = {
        "state": TaskState.SAME.value,
        "version": ReviewTask.version + 1,
        "decided_at": row.decided_at,
        "decided_by": row.decided_by,
        "comment": f"Réunies par la décision prise sur la tâche n° {row.id}.",
    }
    result = session.execute(statement.values(**values).execution_options(synchronize_session="fetch"))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _survivor(groups: Mapping[int, Sequence[StoredIdentity]]) -> int:
    """Choose the person that stays: best status, then the oldest (specs: RNIV, survivor of a merge)."""

    def rank(person_id: int) -> tuple[int, int]:
        best = max(identity.status.rank for identity in groups[person_id])
        return (-best, min(identity.id for identity in groups[person_id]))

    return min(groups, key=rank)


def _obstacle(session: Session, left: Sequence[StoredIdentity], right: Sequence[StoredIdentity]) -> str | None:
    """Say why two persons may not be put together, even by an officer."""
    if left[0].person_id == right[0].person_id:
        return None
    everyone = [item for item in (*left, *right) if item.active]
    qualified = {
        item.traits.ins.matricule
        for item in everyone
        if item.status is IdentityStatus.QUALIFIED and item.traits.ins is not None
    }
    if len(qualified) > 1:
        return (
            "Ces deux personnes ont chacune une INS qualifiée différente : elles ne peuvent pas être réunies. "
            "Faites d'abord vérifier les deux INS par leurs structures."
        )
    if any(item.held for item in everyone):
        return (
            "Une de ces identités est retenue, car ses traits ont beaucoup changé : traitez d'abord la tâche "
            "« Identité modifiée » qui la concerne."
        )
    ids = [item.id for item in (*left, *right)]
    sides = {item.id: item.person_id for item in (*left, *right)}
    apart = sa.select(DistinctPair).where(DistinctPair.low_id.in_(ids), DistinctPair.high_id.in_(ids))
    if any(sides[pair.low_id] != sides[pair.high_id] for pair in session.scalars(apart)):
        return (
            "Il a déjà été décidé que deux de ces identités sont des personnes différentes : elles ne peuvent pas "
            "être réunies."
        )
    return None


def _separate(session: Session, row: ReviewTask, kept: LinkageDecision) -> int:
    """Remember that the pair is two persons; part them when they had been put together meanwhile."""
    low, high = sorted((row.source_identity_id, row.candidate_identity_id))
    values = {"low_id": low, "high_id": high, "decided_by": row.decided_by, "decided_at": row.decided_at}
    db.insert_once(session, DistinctPair, values, ["low_id", "high_id"])
    pair = {identity.id: identity for identity in links.locked(session, [low, high])}
    source = pair[row.source_identity_id]
    if source.person_id == pair[row.candidate_identity_id].person_id:
        former = source.person_id
        links.move(session, source, links.new_person(session), kept)
        touch(session, [source.id, *(item.id for item in identities.of_persons(session, [former])[former])])
    kept.person_id = source.person_id
    return 0


def _task(row: ReviewTask, left: StoredIdentity, right: StoredIdentity) -> Task:
    return Task(
        row.id, TaskKind(row.kind), TaskState(row.state), left, right, row.score, tuple(row.reasons), row.version,
        row.created_at, row.decided_at, row.decided_by, row.comment,
    )  # fmt: skip
