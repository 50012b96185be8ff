"""Receive an identity: store it in its structure's domain, link it to a person, keep the decision and its reasons.

One call is one step of the caller's transaction. The unique constraint on (domain, value) decides races between two
requests for the same number; a lock on the birth date puts two structures that send the same new patient in order,
so that the second sees the first. New numbers are the business of `arrivals`, known ones of `changes`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict
from hub.registry import arrivals, changes, death_checks, identities, links, operations, review
from hub.registry.arrivals import Arrival
from hub.registry.operations import FourEyes, Operation
from hub.registry.tables import ReviewTask, SourceIdentity
from hub.registry.tasks import PROPOSALS, TaskKind, TaskState
from hub.registry.values import IncomingIdentity, Intake
from identity.decision import Outcome
from identity.model import Model

_Number = tuple[str, str]
_IDS_OF_NUMBERS = sa.select(SourceIdentity.id).where(
    SourceIdentity.domain == sa.bindparam("domain"),
    SourceIdentity.value.in_(sa.bindparam("values", expanding=True)),
)
_CLAIM = f"SELECT claim_numbers({', '.join(['CAST(%s AS text[])'] * 5)})"


@dataclass(frozen=True, slots=True)
class Registrar:
    """What the index decides and tells with: the model in force, the trail, and when two officers are needed."""

    model: Model
    trail: Trail
    four_eyes: FourEyes = FourEyes.NONE


def receive(session: Session, incoming: IncomingIdentity, registrar: Registrar, actor: Actor) -> Intake:
    """Store or update a source identity and link it; record the decision and the audit event."""
    known = _serialise(session, [incoming])
    (intake,) = _receive(session, [incoming], known, registrar.model, actor)
    if intake.created or intake.changed:
        _record(session, intake, registrar, actor)
    return intake


def receive_all(
    session: Session, batch: Sequence[IncomingIdentity], registrar: Registrar, actor: Actor
) -> list[Intake]:
    """Receive a batch in one transaction; one audit event tells the whole batch."""
    known = _serialise(session, batch)
    results = _receive(session, batch, known, registrar.model, actor)
    created = sum(result.created for result in results)
    changed = sum(result.changed for result in results)
    if created or changed:
        span = {"first": results[0].identity.id, "last": results[-1].identity.id}
        detail = {"created": created, "changed": changed, "lines": len(results)} | span
        registrar.trail.record(session, Entry(actor, "identity.batch", None, detail))  # type: ignore[arg-type]
    return results


def _serialise(session: Session, batch: Sequence[IncomingIdentity]) -> dict[_Number, SourceIdentity]:
    """Wait for those who touch the same identities or dates; return the identities of the batch that are known."""
    # All numbers, then the links, then all dates, each in order: two transactions can never wait for each other.
    numbers = sorted({(item.domain, item.value) for item in batch})
    births = {item.traits.birth_date.iso() if item.traits.birth_date else "" for item in batch}
    dates = [links.birth_lock(born) for born in sorted(births)]
    is_each_once = len(numbers) == len(batch)
    ids = _claim(session, numbers, dates if is_each_once else None)
    if not ids and is_each_once:
        return {}
    known = _rows(session, ids)
    moves = (changes.may_move(row, item) for item in batch if (row := known.get((item.domain, item.value))))
    if not is_each_once or any(moves):
        db.lock_all(session, [links.LOCK, *dates])
    else:
        db.lock_all(session, dates, shared=[links.LOCK])
    # A verdict may have moved them while this one waited.
    return _rows(session, ids)


def _claim(session: Session, numbers: Sequence[_Number], dates: Sequence[str] | None) -> list[int]:
    """Lock numbers and return the ids of those known; when none is, share the links and lock the dates, if given.

    On SQLite a transaction is alone already.
    """
    if not db.is_postgresql(session):
        return _ids(session, numbers)
    names = [links.number_lock(domain, value) for domain, value in numbers]
    of_numbers = [domain for domain, _ in numbers], [value for _, value in numbers]
    others = ([links.LOCK], list(dates)) if dates is not None else ([], [])
    return [identity_id for (identity_id,) in db.rows(session.connection(), _CLAIM, (names, *of_numbers, *others))]


def _ids(session: Session, numbers: Iterable[_Number]) -> list[int]:
    by_domain: dict[str, list[str]] = {}
    for domain, value in numbers:
        by_domain.setdefault(domain, []).append(value)
    ids: list[int] = []
    for domain, values in by_domain.items():
        ids += session.connection().scalars(_IDS_OF_NUMBERS, {"domain": domain, "values": values})
    return ids


def _rows(session: Session, ids: Collection[int]) -> dict[_Number, SourceIdentity]:
    if not ids:
        return {}
    query = sa.select(SourceIdentity).where(SourceIdentity.id.in_(ids)).execution_options(populate_existing=True)
    return {(row.domain, row.value): row for row in session.scalars(query)}


def _receive(
    session: Session,
    batch: Sequence[IncomingIdentity],
    known: dict[_Number, SourceIdentity],
    model: Model,
    actor: Actor,
) -> list[Intake]:
    """Create what is new and update what is known, in the order of the batch."""
    results: list[Intake] = []
    waiting: list[Arrival] = []
    met = set(known)
    for incoming in batch:
        number = (incoming.domain, incoming.value)
        if number not in met and incoming.replaced_by is None:
            waiting.append(Arrival(incoming))
            met.add(number)
            continue
        # This one may name, join or be one of those that wait.
        results += arrivals.create_all(session, waiting, model, actor)
        waiting = []
        if number in met:
            row = known.get(number) or _rows(session, _ids(session, [number]))[number]
            results.append(changes.update(session, row, incoming, model, actor))
        else:
            waiting.append(Arrival(incoming, changes.survivor_id(session, incoming)))
            met.add(number)
    results += arrivals.create_all(session, waiting, model, actor)
    # Care after a death that was told: somebody is alive, or it is somebody else.
    joined = {item.identity.person_id for item in results if item.created and _is_linked(item)}
    if joined:
        death_checks.examine(session, joined)
    return results


def _is_linked(intake: Intake) -> bool:
    return intake.decision is not None and intake.decision.outcome is Outcome.LINK


def settle(session: Session, verdict: review.Verdict, registrar: Registrar, actor: Actor) -> review.Settled:
    """Apply an officer's verdict, then ask about the next candidate of an identity that was compared with one.

    An identity that is no longer held is looked for among the others.
    """
    settled = review.decide(session, verdict, registrar.four_eyes, registrar.trail, actor)
    identity = settled.task.left
    if settled.task.kind in PROPOSALS and settled.task.state is not TaskState.OPEN:
        return replace(settled, next_task=changes.ask_next(session, identity.id, registrar.model, actor))
    if settled.task.kind is not TaskKind.CHANGED or identity.held or not identity.active:
        return settled
    company = identities.of_persons(session, [identity.person_id])[identity.person_id]
    if not any(item.active for item in company if item.id != identity.id):
        row = session.get_one(SourceIdentity, identity.id)
        changes.find_person(session, row, identity.as_record(), registrar.model, actor)
    return settled


def approve(session: Session, operation_id: int, staff_id: int, registrar: Registrar, actor: Actor) -> Operation:
    """Do an operation that another officer proposed, then ask about the next candidate if a task asked for it."""
    done = operations.approve(session, operation_id, staff_id, registrar.trail, actor)
    task = session.get(ReviewTask, done.task_id) if done.task_id is not None else None
    if task is not None and task.kind in PROPOSALS and task.source_identity_id is not None:
        changes.ask_next(session, task.source_identity_id, registrar.model, actor)
    return done


def link_by_choice(
    session: Session, incoming: IncomingIdentity, person_id: int, registrar: Registrar, actor: Actor
) -> Intake:
    """Store a new identity on the person that a professional chose in a search (M1); the choice is the decision."""
    _serialise(session, [incoming])
    group = identities.of_persons(session, [person_id]).get(person_id)
    if not group:
        raise Conflict("Cette personne vient d'être réunie à une autre : refaites la recherche.")
    arrival = Arrival(incoming, changes.survivor_id(session, incoming), group[0])
    (intake,) = arrivals.create_all(session, [arrival], registrar.model, actor)
    _record(session, intake, registrar, actor)
    return intake


def _record(session: Session, intake: Intake, registrar: Registrar, actor: Actor) -> None:
    action = "identity.create" if intake.created else "identity.update"
    outcome = intake.decision.outcome.value if intake.decision else "kept"
    detail: dict[str, str | int | bool | None] = {"person": intake.identity.person_id, "outcome": outcome}
    registrar.trail.record(session, Entry(actor, action, Subject("source_identity", intake.identity.id), detail))
