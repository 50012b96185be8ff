"""What officers do to persons: merge two, separate or move identities, and undo any of these at any later time.

An operation is an event, not a copy of what was before. Where an identity belongs follows from the events that still
hold: the person that it was last placed on (by the matching, a separation or a move), then where that person was
merged into, and so on. Undoing an operation takes its event out of that reckoning, so that it is exact whatever was
done since, in whatever order. Documents, accounts and consents belong to identities and follow them.

RNIV 2: only the cell merges; who, when and why are kept; two qualified identities of different INS never are one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, NotFound
from hub.registry import death_checks, deaths, distinct, identities, links, tasks, worklist
from hub.registry.distinct import Relation, Ruling
from hub.registry.tables import LinkageDecision, LinkEvent, Person, PersonOperation, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind, TaskState
from hub.registry.values import StoredIdentity
from identity.deaths import DeathState, may_be_one
from identity.status import IdentityStatus

Groups = Mapping[int, Sequence[StoredIdentity]]
Seen = Mapping[int, int]
"""The identities that an officer saw, each with its version."""


class Kind(StrEnum):
    """What an operation does."""

    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"
    UNDO = "undo"


class State(StrEnum):
    """Waiting for a second officer, done, refused by that officer, or undone since."""

    PROPOSED = "proposed"
    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"


class FourEyes(StrEnum):
    """Which operations need a second officer."""

    NONE = "none"
    QUALIFIED = "qualified"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An operation as an officer asks for it, having seen certain identities at certain versions.

    Merge: `absorbed_id` goes into `person_id`. Split: `identity_ids` of `person_id` leave for a new person. Move:
    they leave for `to_person_id`. Undo: the operation `undoes_id`. `remembers` tells both sides apart for good.
    """

    kind: Kind
    person_id: int
    absorbed_id: int | None = None
    to_person_id: int | None = None
    identity_ids: tuple[int, ...] = ()
    undoes_id: int | None = None
    task_id: int | None = None
    seen: Seen
    remembers: bool = False
    relation: Relation = Relation.OTHER
    reason: str
    staff_id: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as kept."""

    id: int
    kind: Kind
    state: State
    person_id: int
    absorbed_id: int | None
    to_person_id: int | None
    undoes_id: int | None
    task_id: int | None
    identity_ids: tuple[int, ...]
    remembers: bool
    reason: str
    proposed_by: int
    proposed_at: datetime
    approved_by: int | None
    done_at: datetime | None
    answer: str | None


class Changed(Conflict):
    """What the officer saw is no longer so; `changes` says what happened, one sentence each."""

    def __init__(self, changes: Sequence[str]) -> None:
        super().__init__("Depuis votre lecture : " + " ".join(changes) + " Relisez puis décidez de nouveau.")
        self.changes = tuple(changes)


def carry_out(session: Session, order: Order, four_eyes: FourEyes, trail: Trail, actor: Actor) -> Operation:
    """Do an operation, or propose it when a second officer is needed.

    Raise `Invalid` without a reason, `NotFound`, `Changed` when what was seen has changed, `Conflict` when it may not
    be done.
    """
    reason = worklist.cleaned_reason(order.reason)
    # Before any row: operations and automatic moves run one after the other, so none can make a cycle.
    db.serialise(session, links.LOCK)
    order = _complete(session, replace(order, reason=reason))
    _check_not_proposed(session, order)
    groups = _concerned(session, order)
    _check(session, order, groups)
    row = _keep(session, order)
    if order.kind is not Kind.UNDO and needs_two(groups, four_eyes):
        _record(session, trail, actor, "person.propose", row)
        return value(row)
    _do(session, row, order, actor)
    _record(session, trail, actor, f"person.{order.kind.value}", row)
    return value(row)


def _check_not_proposed(session: Session, order: Order) -> None:
    """Raise `Conflict` when another officer has proposed the same merge, from its task or from both persons."""
    if order.kind is Kind.MERGE and order.absorbed_id is not None:
        proposed = proposed_merge(session, (order.person_id, order.absorbed_id))
        if proposed is not None:
            raise Conflict(f"Déjà proposée : l'opération n° {proposed.id} attend un second agent.")


def approve(session: Session, operation_id: int, staff_id: int, trail: Trail, actor: Actor) -> Operation:
    """Do an operation that another officer proposed, if what that officer saw is still so."""
    row = _proposed(session, operation_id)
    if row.proposed_by == staff_id:
        raise Conflict("Vous avez proposé cette opération : un autre agent doit la valider.")
    order = _order(row)
    _check(session, order, _concerned(session, order))
    row.approved_by = staff_id
    _do(session, row, order, actor)
    if row.task_id is not None:
        _answer(session, row)
    _record(session, trail, actor, f"person.{order.kind.value}", row)
    return value(row)


def refuse(session: Session, operation_id: int, staff_id: int, answer: str, trail: Trail, actor: Actor) -> Operation:
    """Turn down a proposed operation, with a reason; its author may withdraw it so."""
    row = _proposed(session, operation_id)
    row.answer = worklist.cleaned_reason(answer)
    row.state = State.REFUSED.value
    row.done_at = db.now(session)
    if row.proposed_by != staff_id:
        row.approved_by = staff_id
    _record(session, trail, actor, "person.refuse", row)
    return value(row)


def _proposed(session: Session, operation_id: int) -> PersonOperation:
    db.serialise(session, links.LOCK)
    row = session.get(PersonOperation, operation_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("Cette opération n'existe pas.")
    if row.state != State.PROPOSED.value:
        raise Conflict("Cette opération a déjà été validée ou refusée.")
    return row


def by_id(session: Session, operation_id: int) -> Operation:
    """Return an operation; raise `NotFound`."""
    row = session.get(PersonOperation, operation_id, populate_existing=True)
    if row is None:
        raise NotFound("Cette opération n'existe pas.")
    return value(row)


def waiting(session: Session) -> list[Operation]:
    """Return the operations that wait for a second officer, oldest first."""
    query = sa.select(PersonOperation).where(PersonOperation.state == State.PROPOSED.value)
    return [value(row) for row in session.scalars(query.order_by(PersonOperation.id).limit(200))]


def proposed_on(session: Session, task_id: int) -> Operation | None:
    """Return the operation that a verdict on this task proposed and that waits for a second officer."""
    query = sa.select(PersonOperation).where(
        PersonOperation.task_id == task_id, PersonOperation.state == State.PROPOSED.value
    )
    row = session.scalar(query)
    return value(row) if row else None


def proposed_merge(session: Session, person_ids: Sequence[int]) -> Operation | None:
    """Return the merge of these two persons that waits for a second officer, if any."""
    query = sa.select(PersonOperation).where(
        PersonOperation.kind == Kind.MERGE.value,
        PersonOperation.state == State.PROPOSED.value,
        PersonOperation.person_id.in_(person_ids),
        PersonOperation.absorbed_id.in_(person_ids),
    )
    row = session.scalars(query.order_by(PersonOperation.id).limit(1)).first()
    return value(row) if row else None


def latest(session: Session, limit: int) -> list[Operation]:
    """Return the last operations that were done, refused or undone, latest first."""
    query = sa.select(PersonOperation).where(PersonOperation.state != State.PROPOSED.value)
    return [value(row) for row in session.scalars(query.order_by(PersonOperation.id.desc()).limit(limit))]


def of_identities(session: Session, identity_ids: Iterable[int]) -> list[Operation]:
    """Return the operations that moved one of these identities, latest first."""
    moved = sa.select(LinkEvent.operation_id).where(
        LinkEvent.source_identity_id.in_(list(identity_ids)), LinkEvent.operation_id.is_not(None)
    )
    query = sa.select(PersonOperation).where(PersonOperation.id.in_(moved)).order_by(PersonOperation.id.desc())
    return [value(row) for row in session.scalars(query)]


def root(session: Session, person_id: int, stop: int | None = None) -> int:
    """Return the person that a person was merged into, and that one, to the last, or to `stop` on the way."""
    met = {person_id}
    merged_into = sa.select(Person.merged_into_id).where(Person.id == sa.bindparam("id"))
    while person_id != stop and (into := session.scalar(merged_into, {"id": person_id})) is not None:
        if into in met:
            raise Conflict("Ces fusions forment une boucle : prévenez l'exploitant.")
        met.add(into)
        person_id = into
    return person_id


def order_of_merge(groups: Groups, reason: str, staff_id: int, task_id: int | None = None) -> Order:
    """Return the order to merge two persons as they are now: the surest stays, then the oldest."""
    survivor = survivor_of(groups)
    (absorbed,) = (person_id for person_id in groups if person_id != survivor)
    return Order(
        kind=Kind.MERGE,
        person_id=survivor,
        absorbed_id=absorbed,
        task_id=task_id,
        seen=seen_of(groups),
        reason=reason,
        staff_id=staff_id,
    )


def seen_of(groups: Groups) -> dict[int, int]:
    """Return the identities of persons, each with its version."""
    return {item.id: item.version for group in groups.values() for item in group}


def survivor_of(groups: Groups) -> int:
    """Choose the person that stays: best status, then the oldest (specs: RNIV, survivor of a merge)."""

    def rank(person_id: int) -> tuple[int, int]:
        best = max(identity.status.rank for identity in groups[person_id])
        return (-best, min(identity.id for identity in groups[person_id]))

    return min(groups, key=rank)


def obstacle(session: Session, left: Sequence[StoredIdentity], right: Sequence[StoredIdentity]) -> str | None:
    """Say why two sides may not be put together, even by an officer."""
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
    if _deaths_differ(session, everyone):
        return (
            "Ces deux personnes ont chacune un décès confirmé, à des dates différentes : elles ne peuvent pas être "
            "réunies. Écartez d'abord celui qui est faux."
        )
    sides = {item.id for item in left}
    apart = distinct.among(session, [item.id for item in (*left, *right)])
    if any((pair.low_id in sides) != (pair.high_id in sides) for pair in apart):
        return (
            "Il a déjà été décidé que deux de ces identités sont des personnes différentes : elles ne peuvent pas "
            "être réunies."
        )
    return None


def _deaths_differ(session: Session, group: Sequence[StoredIdentity]) -> bool:
    ids = {item.id for item in group}
    told = deaths.told_of(session, {item.person_id for item in group})
    confirmed = [
        view.told.when
        for views in told.values()
        for view in views
        if view.told.state is DeathState.CONFIRMED and view.told.identity_id in ids
    ]
    return any(not may_be_one(one, other) for one, other in combinations(confirmed, 2))


def _complete(session: Session, order: Order) -> Order:
    """Fill in what an undoing takes from the operation that it undoes."""
    if order.kind is not Kind.UNDO:
        return order
    undone = session.get(PersonOperation, order.undoes_id, with_for_update=True, populate_existing=True)
    if undone is None:
        raise NotFound("Cette opération n'existe pas.")
    if undone.state == State.UNDONE.value:
        raise Conflict("Cette opération a déjà été annulée.")
    if undone.state != State.DONE.value or undone.kind == Kind.UNDO.value:
        raise Conflict("Cette opération ne peut pas être annulée : elle n'a rien déplacé.")
    return replace(order, person_id=undone.person_id, identity_ids=tuple(undone.identity_ids))


def _concerned(session: Session, order: Order) -> dict[int, tuple[StoredIdentity, ...]]:
    """Return the identities of every person that the operation touches."""
    named = {order.person_id, order.absorbed_id, order.to_person_id} - {None}
    if order.kind is Kind.UNDO:
        named = {root(session, order.person_id)}
        places = sa.select(SourceIdentity.person_id).where(SourceIdentity.id.in_(order.identity_ids))
        named |= set(session.scalars(places))
    return identities.of_persons(session, {person_id for person_id in named if person_id is not None})


def concerned_by_undo(session: Session, operation_id: int) -> dict[int, tuple[StoredIdentity, ...]]:
    """Return the identities of every person that undoing an operation touches: what its page shows."""
    done = by_id(session, operation_id)
    order = Order(kind=Kind.UNDO, person_id=done.person_id, undoes_id=done.id, seen={}, reason="", staff_id=0)
    return _concerned(session, replace(order, identity_ids=done.identity_ids))


def undo_preview(session: Session, operation_id: int) -> dict[int, int]:
    """Return which identities would go to which person if an operation were undone now; nothing is written."""
    done = by_id(session, operation_id)
    if done.kind is Kind.MERGE:
        here = root(session, done.person_id)
        concerned = [item.id for item in identities.of_persons(session, [here]).get(here, ())]
    else:
        concerned = list(done.identity_ids)
    present = sa.select(SourceIdentity.id, SourceIdentity.person_id).where(SourceIdentity.id.in_(concerned))
    persons = dict(session.execute(present).all())
    places = _places(session, concerned, without=done)
    return {identity_id: place for identity_id, place in places.items() if place != persons[identity_id]}


def _check(session: Session, order: Order, groups: Groups) -> None:
    """Raise when the operation may not be done, or no longer on what was seen."""
    if order.kind is Kind.UNDO:
        _check_seen(order.seen, groups)
        return
    others = [person_id for person_id in (order.absorbed_id, order.to_person_id) if person_id is not None]
    if order.person_id in others:
        raise Conflict("Une personne ne peut pas être réunie à elle-même.")
    for person_id in (order.person_id, *others):
        _check_person(session, person_id, groups)
    _check_seen(order.seen, groups)
    if order.kind is Kind.MERGE:
        left, right = groups[order.person_id], groups[others[0]]
    else:
        own = {item.id for item in groups[order.person_id]}
        moved = set(order.identity_ids)
        if not moved or not moved <= own:
            raise Conflict("Les identités choisies ne sont pas toutes celles de cette personne : relisez-la.")
        if moved == own and order.kind is Kind.SPLIT:
            raise Conflict("Laissez au moins une identité à cette personne.")
        left = [item for item in groups[order.person_id] if item.id in moved]
        right = groups[others[0]] if others else ()
    reason = obstacle(session, left, right) if right else None
    if reason is not None:
        raise Conflict(reason)


def _check_person(session: Session, person_id: int, groups: Groups) -> None:
    person = session.get(Person, person_id, populate_existing=True)
    if person is None:
        raise NotFound("Cette personne n'existe pas.")
    if person.merged_into_id is not None:
        raise Conflict("Cette personne a déjà été réunie à une autre : ouvrez celle qui demeure.")
    if not groups.get(person_id):
        raise Conflict("Cette personne n'a plus aucune identité : il n'y a rien à réunir.")


def _check_seen(seen: Seen, groups: Groups) -> None:
    changes = changes_since(seen, groups)
    if changes:
        raise Changed(changes)


def changes_since(seen: Seen, groups: Groups) -> list[str]:
    """Say, one sentence each, how the identities of persons differ from those seen."""
    present = seen_of(groups)
    changes = [f"l'identité n° {number} a changé ;" for number in sorted(seen.keys() & present.keys())
               if seen[number] != present[number]]  # fmt: skip
    changes += [f"l'identité n° {number} est arrivée ;" for number in sorted(present.keys() - seen.keys())]
    changes += [f"l'identité n° {number} est partie ;" for number in sorted(seen.keys() - present.keys())]
    return [*changes[:-1], changes[-1].removesuffix(" ;") + "."] if changes else []


def needs_two(groups: Groups, four_eyes: FourEyes) -> bool:
    """Tell whether a second officer must confirm what touches these persons."""
    if four_eyes is FourEyes.NONE:
        return False
    concerned = (item for group in groups.values() for item in group)
    return four_eyes is FourEyes.ALL or any(item.status is IdentityStatus.QUALIFIED for item in concerned)


def _keep(session: Session, order: Order) -> PersonOperation:
    row = PersonOperation(
        kind=order.kind.value,
        state=State.PROPOSED.value,
        person_id=order.person_id,
        absorbed_id=order.absorbed_id,
        to_person_id=order.to_person_id,
        undoes_id=order.undoes_id,
        task_id=order.task_id,
        identity_ids=sorted(order.identity_ids),
        seen={
            "identities": {str(key): number for key, number in order.seen.items()},
            "relation": order.relation.value,
        },
        remembers=order.remembers,
        reason=order.reason,
        proposed_by=order.staff_id,
        proposed_at=db.now(session),
    )
    session.add(row)
    session.flush()  # link events name the operation
    return row


def _order(row: PersonOperation) -> Order:
    return Order(
        kind=Kind(row.kind),
        person_id=row.person_id,
        absorbed_id=row.absorbed_id,
        to_person_id=row.to_person_id,
        identity_ids=tuple(row.identity_ids),
        undoes_id=row.undoes_id,
        task_id=row.task_id,
        seen={int(key): number for key, number in row.seen["identities"].items()},
        remembers=row.remembers,
        relation=Relation(row.seen["relation"]),
        reason=row.reason,
        staff_id=row.proposed_by,
    )


def _do(session: Session, row: PersonOperation, order: Order, actor: Actor) -> None:
    row.state, row.done_at = State.DONE.value, db.now(session)
    if order.kind is Kind.MERGE:
        _merge(session, row, actor)
    elif order.kind is Kind.UNDO:
        _undo(session, row, order, actor)
    else:
        _part(session, row, order, actor)


def _merge(session: Session, row: PersonOperation, actor: Actor) -> None:
    groups = identities.of_persons(session, {row.person_id, int(row.absorbed_id or 0)})
    absorbed = session.get_one(Person, row.absorbed_id)
    absorbed.merged_into_id = row.person_id
    moved = [item.id for item in groups[absorbed.id]]
    row.identity_ids = sorted(moved)
    kept = _decision(session, row, moved[0], row.person_id, "same", actor)
    for identity in links.locked(session, moved):
        links.move(session, identity, row.person_id, kept, row.id)
    together = [item.id for group in groups.values() for item in group]
    row.seen = {**row.seen, "answered": _answer_tasks(session, row, together)}
    tasks.touch(session, together)
    # A death told of one of them is now that of all: what the others did since may contradict it.
    death_checks.examine(session, [row.person_id])


def _part(session: Session, row: PersonOperation, order: Order, actor: Actor) -> None:
    if row.to_person_id is None:
        row.to_person_id = links.new_person(session)
    stayed = [item.id for item in identities.of_persons(session, [row.person_id])[row.person_id]
              if item.id not in order.identity_ids]  # fmt: skip
    joined = [item.id for item in identities.of_persons(session, [row.to_person_id]).get(row.to_person_id, ())]
    kept = _decision(session, row, row.identity_ids[0], row.to_person_id, "different", actor)
    for identity in links.locked(session, row.identity_ids):
        links.move(session, identity, row.to_person_id, kept, row.id)
    if order.remembers:
        _tell_apart(session, row, order.identity_ids, stayed)
    task = session.get(ReviewTask, row.task_id) if row.task_id else None
    if task is not None and task.kind == TaskKind.COLLISION.value:
        lift_doubt(session, task)
    tasks.touch(session, [*order.identity_ids, *stayed, *joined])


def lift_doubt(session: Session, task: ReviewTask) -> None:
    """Let documents be seen again on the identities of a task, unless another task doubts one of them."""
    ids = {task.source_identity_id, task.candidate_identity_id}
    doubted = tasks.doubted(session, ids, but=task.id)
    for identity in links.locked(session, sorted(ids)):
        identity.held = identity.id in doubted
    session.flush()  # who is held is read next


def _undo(session: Session, row: PersonOperation, order: Order, actor: Actor) -> None:
    undone = session.get_one(PersonOperation, row.undoes_id)
    undone.state = State.UNDONE.value
    here = root(session, undone.person_id)
    if undone.kind == Kind.MERGE.value:
        session.get_one(Person, undone.absorbed_id).merged_into_id = None
        concerned = [item.id for item in identities.of_persons(session, [here]).get(here, ())]
    else:
        concerned = list(undone.identity_ids)
        if undone.remembers and undone.done_at is not None:
            distinct.forget(session, concerned, undone.done_at)
    session.flush()  # where identities belong is read from the events that still hold
    places = _places(session, concerned)
    moved = [item for item in links.locked(session, concerned) if item.person_id != places[item.id]]
    row.identity_ids = sorted(item.id for item in moved)
    if moved:
        kept = _decision(session, row, moved[0].id, places[moved[0].id], "undone", actor)
        for identity in moved:
            links.move(session, identity, places[identity.id], kept, row.id)
    _reopen_tasks(session, undone)
    if order.remembers and undone.kind == Kind.MERGE.value:
        stayed = [identity_id for identity_id in concerned if identity_id not in row.identity_ids]
        _tell_apart(session, row, row.identity_ids, stayed)
    tasks.touch(session, concerned)


def _places(session: Session, identity_ids: Sequence[int], without: Operation | None = None) -> dict[int, int]:
    """Return where identities belong by the events that hold: the last placement, then the merges after it.

    `without` is an operation to leave out of the reckoning, as if it were undone.
    """
    holds = sa.and_(
        PersonOperation.kind.in_((Kind.SPLIT.value, Kind.MOVE.value)), PersonOperation.state == State.DONE.value
    )
    if without is not None:
        holds = sa.and_(holds, PersonOperation.id != without.id)
    query = (
        sa.select(LinkEvent.source_identity_id, LinkEvent.to_person_id)
        .outerjoin(PersonOperation, PersonOperation.id == LinkEvent.operation_id)
        .where(LinkEvent.source_identity_id.in_(identity_ids), sa.or_(LinkEvent.operation_id.is_(None), holds))
        .order_by(LinkEvent.id)
    )
    placed = dict(session.execute(query).all())
    released = without.absorbed_id if without is not None and without.kind is Kind.MERGE else None
    roots = {person_id: root(session, person_id, released) for person_id in set(placed.values())}
    return {identity_id: roots[person_id] for identity_id, person_id in placed.items()}


def _tell_apart(session: Session, row: PersonOperation, left: Iterable[int], right: Iterable[int]) -> None:
    relation = Relation(row.seen["relation"])
    moment = row.done_at or db.now(session)
    distinct.keep(session, left, right, Ruling(row.proposed_by, moment, row.reason, relation))


def _decision(
    session: Session, row: PersonOperation, identity_id: int, person_id: int, outcome: str, actor: Actor
) -> LinkageDecision:
    kept = LinkageDecision(
        source_identity_id=identity_id,
        outcome=outcome,
        person_id=person_id,
        score=None,
        explanation={"operation": row.id, "task": row.task_id, "comment": row.reason},
        model_version="",
        decided_by=f"{actor.kind.value}:{actor.id}",
        decided_at=row.done_at,
    )
    session.add(kept)
    session.flush()  # link events name their decision
    return kept


def _answer_tasks(session: Session, row: PersonOperation, together: Sequence[int]) -> list[int]:
    """Close the tasks between identities that are now in one person: the same verdict answers them."""
    statement = sa.update(ReviewTask).where(
        ReviewTask.state == TaskState.OPEN.value,
        ReviewTask.kind.in_((TaskKind.DUPLICATE.value, TaskKind.MARGIN.value)),
        ReviewTask.source_identity_id.in_(together),
        ReviewTask.candidate_identity_id.in_(together),
    )
    values: dict[str, Any] = {
        "state": TaskState.SAME.value,
        "version": ReviewTask.version + 1,
        "decided_at": row.done_at,
        "decided_by": row.proposed_by,
        "comment": row.reason
        if row.task_id is None
        else f"Réunies par la décision prise sur la tâche n° {row.task_id}.",
    }
    found = session.scalars(
        statement.values(**values).returning(ReviewTask.id).execution_options(synchronize_session="fetch")
    )
    return sorted(found)


def _answer(session: Session, row: PersonOperation) -> None:
    """Close the task whose verdict proposed this operation."""
    task = session.get(ReviewTask, row.task_id, with_for_update=True, populate_existing=True)
    if task is None or task.state != TaskState.OPEN.value:
        return
    task.state = (TaskState.SAME if row.kind == Kind.MERGE.value else TaskState.DIFFERENT).value
    task.version += 1
    task.decided_at, task.decided_by, task.comment = row.done_at, row.proposed_by, row.reason
    task.claimed_by = task.claimed_until = task.deferred_until = None
    session.flush()  # the list is read next


def _reopen_tasks(session: Session, undone: PersonOperation) -> None:
    """Ask again what the undone operation had answered."""
    ids = {*undone.seen.get("answered", ()), undone.task_id} - {None}
    if not ids:
        return
    rows = list(session.scalars(sa.select(ReviewTask).where(ReviewTask.id.in_(ids)).with_for_update()))
    for task in rows:
        task.state = TaskState.OPEN.value
        task.version += 1
        task.decided_at = task.decided_by = task.comment = None
        task.claimed_by = task.claimed_until = task.deferred_until = None
        if task.kind == TaskKind.COLLISION.value:
            for identity in links.locked(session, [task.source_identity_id, task.candidate_identity_id]):
                identity.held = True
    session.flush()  # listed next


def _record(session: Session, trail: Trail, actor: Actor, action: str, row: PersonOperation) -> None:
    detail: dict[str, str | int | bool | None] = {
        "operation": row.id,
        "absorbed": row.absorbed_id,
        "to": row.to_person_id,
        "undoes": row.undoes_id,
        "task": row.task_id,
        "identities": len(row.identity_ids),
    }
    trail.record(session, Entry(actor, action, Subject("person", row.person_id), detail))


def value(row: PersonOperation) -> Operation:
    """Return a kept operation."""
    return Operation(
        row.id, Kind(row.kind), State(row.state), row.person_id, row.absorbed_id, row.to_person_id, row.undoes_id,
        row.task_id, tuple(row.identity_ids), row.remembers, row.reason, row.proposed_by, row.proposed_at,
        row.approved_by, row.done_at, row.answer,
    )  # fmt: skip
