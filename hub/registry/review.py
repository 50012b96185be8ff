"""What an officer compares, and what they decide.

RNIV 2: only the identity-vigilance cell confirms; who, when and why are kept. Deciding "same" merges persons,
"different" tells identities apart for good: both are operations that can be undone (`operations`). A verdict holds
for what its author saw: the version of a task grows whenever one of its identities changes, or the persons that hold
them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import distinct, filing, identities, links, memory, operations, tasks, worklist
from hub.registry.distinct import Relation, Ruling
from hub.registry.operations import FourEyes, Kind, Operation, Order, State
from hub.registry.tables import LinkageDecision, ReviewTask, SourceIdentity, SourceIdentityRevision
from hub.registry.tasks import ALONE, Task, TaskKind, TaskState
from hub.registry.values import StoredIdentity
from identity import linkage
from identity.decision import is_contradicted
from identity.linkage import IdentityRecord, PairAssessment
from identity.model import Model
from identity.widespread import without

MOST_MONTHS = 120
_STRICT = frozenset({"surname", "given", "birth_date", "sex", "birth_place", "ins"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A task with both sides as they are now, the score explained, and what "same" would put together.

    For a change, `right` is the identity before it. `obstacle` says why "same" would be refused, and
    `needs_two` whether a second officer will have to confirm it.
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
    if is_contradicted(change.veto):
        return True
    # A poor record scores low against itself: something must speak against, and not only be missing.
    against = (
        part.bits < 0 and part.level != "missing" for part in change.score.contributions if part.trait in _STRICT
    )
    return change.score.total < model.thresholds.review and any(against)


def compare(session: Session, task_id: int, model: Model) -> Comparison:
    """Return a task with both sides compared now, under the model in force; raise `NotFound`."""
    row = session.get(ReviewTask, task_id, populate_existing=True)
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    if row.identification_id is not None:
        (item,) = tasks.values(session, [row])
        read = item.left.as_record()
        return Comparison(item, read, read, linkage.compare_records(read, read, model), (), None)
    left = identities.by_id(session, row.source_identity_id)
    right = identities.by_id(session, row.candidate_identity_id)
    shown = left.as_record(), right.as_record()
    if row.kind == TaskKind.CHANGED.value:
        shown = left.as_record(), trusted(session, left.id) or left.as_record()
        assessment = drift(shown[1], shown[0], model)
    else:
        one, other = _telling(session, left, right)
        assessment = linkage.compare_records(one, other, model)
    groups = identities.of_persons(session, {left.person_id, right.person_id})
    together = tuple(identity for group in groups.values() for identity in group)
    obstacle = None
    if len(groups) > 1:
        obstacle = operations.obstacle(session, groups[left.person_id], groups[right.person_id])
    return Comparison(tasks.value(row, left, right), *shown, assessment, together, obstacle)


def _telling(session: Session, *sides: StoredIdentity) -> Iterator[IdentityRecord]:
    """Yield identities as the matching weighs them, without what too many bear."""
    widespread = filing.widespread(session, {side.id: side.traits for side in sides})
    for side in sides:
        record = side.as_record()
        yield replace(record, traits=without(record.traits, widespread.get(side.id, ())))


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
    if found is None:
        return None
    record = identities.record_of(found[0].content, str(identity_id), found[1])
    return memory.recall(session, record, identity_id, memory.silent(record.traits), found[0].version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an officer decides on a task they saw at `version`; the reason is mandatory.

    To tell two people apart, `relation` says what they are to each other, `months` for how long it holds (None: for
    good), and `leaving` which identities of one person go with the one that leaves it.
    """

    task_id: int
    version: int
    state: TaskState
    comment: str
    staff_id: int
    relation: Relation = Relation.OTHER
    months: int | None = None
    leaving: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Settled:
    """A task after a verdict, the operation that it made or proposed, and the task that follows from it, if any."""

    task: Task
    operation: Operation | None
    next_task: int | None = None


def decide(session: Session, verdict: Verdict, four_eyes: FourEyes, trail: Trail, actor: Actor) -> Settled:
    """Apply an officer's verdict; raise `Invalid` without reason, `Conflict` when another officer was faster."""
    reason = worklist.cleaned_reason(verdict.comment)
    if verdict.state is TaskState.OPEN:
        raise Invalid("Choisissez « même personne » ou « personnes différentes ».", "state")
    if verdict.months is not None and not 1 <= verdict.months <= MOST_MONTHS:
        raise Invalid(f"Choisissez une durée de 1 à {MOST_MONTHS} mois.", "months")
    # Before any row: verdicts and moves run one after the other, so none can wait for another or make a cycle.
    db.serialise(session, links.LOCK)
    row = session.get(ReviewTask, verdict.task_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    if row.state != TaskState.OPEN.value or row.version != verdict.version or _is_proposed(session, row.id):
        raise Conflict("Cette tâche a déjà été traitée ou a changé pendant votre lecture : relisez-la.")
    if row.identification_id is not None:
        raise Invalid("Cette tâche attend une réponse à la structure : choisissez-la ci-dessous.", "state")
    worklist.check_free(session, row, verdict.staff_id)
    verdict = replace(verdict, comment=reason)
    operation = _apply(session, row, verdict, four_eyes, trail, actor)
    if operation is None or operation.state is not State.PROPOSED:
        close(session, row, verdict)
    detail: dict[str, str | int | bool | None] = {
        "state": verdict.state.value,
        "left": row.source_identity_id,
        "right": row.candidate_identity_id,
        "operation": operation.id if operation else None,
    }
    trail.record(session, Entry(actor, "review.decide", Subject("review_task", row.id), detail))
    return Settled(tasks.values(session, [row])[0], operation)


def close(session: Session, row: ReviewTask, verdict: Verdict) -> None:
    """Write the verdict on its task."""
    row.state = verdict.state.value
    row.version += 1
    row.decided_at = db.now(session)
    row.decided_by = verdict.staff_id
    row.comment = verdict.comment
    row.claimed_by = row.claimed_until = row.deferred_until = None
    session.flush()  # the list is read next


def _is_proposed(session: Session, task_id: int) -> bool:
    return operations.proposed_on(session, task_id) is not None


def _apply(
    session: Session, row: ReviewTask, verdict: Verdict, four_eyes: FourEyes, trail: Trail, actor: Actor
) -> Operation | None:
    """Do what a verdict means for the persons concerned; return the operation that it made or proposed."""
    kind = TaskKind(row.kind)
    order = None
    if kind is TaskKind.CHANGED:
        order = _settle_change(session, row, verdict)
    elif kind is TaskKind.COLLISION:
        order = _settle_collision(session, row, verdict)
    elif kind not in ALONE and verdict.state is TaskState.SAME:
        order = _joining(session, row, verdict)
    elif kind not in ALONE:
        order = _separating(session, row, verdict)
    if order is not None:
        return operations.carry_out(session, order, four_eyes, trail, actor)
    _keep_decision(session, row, verdict, actor)
    return None


def _keep_decision(session: Session, row: ReviewTask, verdict: Verdict, actor: Actor) -> None:
    session.add(
        LinkageDecision(
            source_identity_id=row.source_identity_id,
            outcome=verdict.state.value,
            person_id=identities.by_id(session, row.source_identity_id).person_id,
            score=None,
            explanation={"task": row.id, "other": row.candidate_identity_id, "comment": verdict.comment},
            model_version="",
            decided_by=f"{actor.kind.value}:{actor.id}",
            decided_at=db.now(session),
        )
    )


def _joining(session: Session, row: ReviewTask, verdict: Verdict) -> Order | None:
    """Put both persons together."""
    left = identities.by_id(session, row.source_identity_id)
    right = identities.by_id(session, row.candidate_identity_id)
    if left.person_id == right.person_id:
        return None
    groups = identities.of_persons(session, {left.person_id, right.person_id})
    return operations.order_of_merge(groups, verdict.comment, verdict.staff_id, row.id)


def _separating(session: Session, row: ReviewTask, verdict: Verdict) -> Order | None:
    """Remember that the pair is two persons; part them when they had been put together meanwhile."""
    moment = db.now(session)
    expires_at = moment + timedelta(days=30 * verdict.months) if verdict.months else None
    ruling = Ruling(verdict.staff_id, moment, verdict.comment, verdict.relation, expires_at)
    order = _parting(session, row, verdict)
    distinct.keep(session, [row.source_identity_id], [row.candidate_identity_id], ruling)
    return order


def _parting(session: Session, row: ReviewTask, verdict: Verdict) -> Order | None:
    """Take one side of the pair, and those that go with it, out of the person that holds both."""
    left = identities.by_id(session, row.source_identity_id)
    right = identities.by_id(session, row.candidate_identity_id)
    if left.person_id != right.person_id:
        return None
    leaving = verdict.leaving or {left.id}
    if len(leaving & {left.id, right.id}) != 1:
        raise Invalid("Choisissez les identités qui partent : une des deux comparées, et pas l'autre.", "leaving")
    return Order(
        kind=Kind.SPLIT,
        person_id=left.person_id,
        identity_ids=tuple(sorted(leaving)),
        task_id=row.id,
        seen=operations.seen_of(identities.of_persons(session, [left.person_id])),
        remembers=row.kind == TaskKind.COLLISION.value,
        relation=verdict.relation,
        reason=verdict.comment,
        staff_id=verdict.staff_id,
    )


def _settle_collision(session: Session, row: ReviewTask, verdict: Verdict) -> Order | None:
    """Two people: part them, which lifts the doubt. One person after all: nothing moves."""
    order = _parting(session, row, verdict) if verdict.state is TaskState.DIFFERENT else None
    if order is None:
        operations.lift_doubt(session, row)
    return order


def _settle_change(session: Session, row: ReviewTask, verdict: Verdict) -> Order | None:
    """Release the identity, or keep it held and away from the persons it was with."""
    if verdict.state is TaskState.SAME:
        operations.lift_doubt(session, row)
        return None
    identity = identities.by_id(session, row.source_identity_id)
    group = identities.of_persons(session, [identity.person_id])
    if len(group[identity.person_id]) == 1:
        return None
    return Order(
        kind=Kind.SPLIT,
        person_id=identity.person_id,
        identity_ids=(identity.id,),
        task_id=row.id,
        seen=operations.seen_of(group),
        reason=verdict.comment,
        staff_id=verdict.staff_id,
    )
