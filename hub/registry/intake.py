"""Receive an identity: store it in its structure's domain, link it to a person, keep the decision and its reasons.

One call is one step of the caller's transaction. The unique constraint on (domain, value) decides races between two
requests for the same number; a lock on the birth date puts two structures that send the same new patient in order,
so that the second sees the first. An identity already linked never moves by itself to another person: when its
traits change so much that it may be somebody else, it is held (no document leaves on it) until an officer looks.
"""

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict
from hub.registry import candidates, identities, review
from hub.registry.tables import (
    BlockingKey,
    LinkageDecision,
    LinkEvent,
    Person,
    SourceIdentity,
    SourceIdentityRevision,
)
from hub.registry.values import Channel, IncomingIdentity, StoredIdentity
from identity import linkage
from identity.blocking import blocking_keys
from identity.decision import Outcome
from identity.linkage import Candidate, Decision, IdentityRecord
from identity.model import Model
from identity.status import Attribute

_KEPT_CANDIDATES = 5
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Registrar:
    """What the index needs to decide and to tell: the linkage model in force and the audit trail."""

    model: Model
    trail: Trail


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of an identity: stored, whether it is new or changed, and the decision when one was taken."""

    identity: StoredIdentity
    created: bool
    changed: bool
    decision: Decision | None


def receive(session: Session, incoming: IncomingIdentity, registrar: Registrar, actor: Actor) -> Intake:
    """Store or update a source identity and link it; record the decision and the audit event."""
    _serialise(session, [incoming])
    intake = _receive(session, incoming, registrar, actor)
    if intake.created or intake.changed:
        _record(session, intake, registrar, actor)
    return intake


def receive_all(session: Session, batch: list[IncomingIdentity], registrar: Registrar, actor: Actor) -> list[Intake]:
    """Receive a batch in one transaction; one audit event tells the whole batch."""
    _serialise(session, batch)
    results = [_receive(session, incoming, registrar, actor) for incoming in batch]
    created = sum(result.created for result in results)
    changed = sum(result.changed for result in results)
    if created or changed:
        span = {"first": results[0].identity.id, "last": results[-1].identity.id}
        detail = {"created": created, "changed": changed, "lines": len(results)} | span
        registrar.trail.record(session, Entry(actor, "identity.batch", None, detail))  # type: ignore[arg-type]
    return results


def _serialise(session: Session, batch: list[IncomingIdentity]) -> None:
    # All numbers first, then all dates, each in order: two transactions can never wait for each other.
    for name in sorted({f"number:{item.domain}|{item.value}" for item in batch}):
        db.serialise(session, name)
    dates = {item.traits.birth_date.iso() if item.traits.birth_date else "" for item in batch}
    for name in sorted(dates):
        db.serialise(session, f"birth:{name}")


def _receive(session: Session, incoming: IncomingIdentity, registrar: Registrar, actor: Actor) -> Intake:
    query = sa.select(SourceIdentity).where(
        SourceIdentity.domain == incoming.domain, SourceIdentity.value == incoming.value
    )
    row = session.scalar(query)
    if row is None:
        return _create(session, incoming, registrar, actor)
    return _update(session, row, incoming, registrar, actor)


def _create(session: Session, incoming: IncomingIdentity, registrar: Registrar, actor: Actor) -> Intake:
    keys = blocking_keys(incoming.traits)
    found = candidates.find(session, keys)
    record = _record_of(incoming, "incoming")
    decision = linkage.decide(record, found.persons, registrar.model)
    if decision.outcome is Outcome.LINK and decision.person_id is not None:
        person_id = int(decision.person_id)
    else:
        person_id = new_person(session)
    row = _insert(session, incoming, person_id)
    session.add_all(BlockingKey(key=key, source_identity_id=row.id) for key in keys)
    _keep_decision(session, row, None, decision, registrar.model, actor, limited=found.limited)
    if decision.outcome is Outcome.REVIEW:
        review.open_from_decision(session, row.id, decision, found.groups)
    return Intake(_value(session, row), True, False, decision)


def _insert(session: Session, incoming: IncomingIdentity, person_id: int) -> SourceIdentity:
    moment = db.now(session)
    row = SourceIdentity(
        organization_id=incoming.organization_id,
        domain=incoming.domain,
        value=incoming.value,
        person_id=person_id,
        active=incoming.active,
        version=1,
        created_at=moment,
        updated_at=moment,
        **identities.columns(incoming.traits, incoming.status, incoming.attributes),
    )
    row.replaced_by_id = _survivor_id(session, incoming)
    session.add(row)
    session.flush()  # the id names the identity in its keys, decision and link
    return row


def _update(
    session: Session, row: SourceIdentity, incoming: IncomingIdentity, registrar: Registrar, actor: Actor
) -> Intake:
    if row.organization_id != incoming.organization_id:
        raise Conflict("Ce numéro appartient au domaine d'une autre structure.")
    fresh = identities.columns(incoming.traits, incoming.status, incoming.attributes)
    fresh |= {"active": incoming.active, "replaced_by_id": _survivor_id(session, incoming)}
    former = {name: getattr(row, name) for name in fresh}
    if former == fresh:
        return Intake(_value(session, row), False, False, None)
    _keep_revision(session, row, former, incoming.channel)
    before = _value(session, row).as_record()
    for name, value in fresh.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = db.now(session)
    if not incoming.active or former == fresh | {name: former[name] for name in _CONTACT}:
        _replace_keys(session, row, incoming)
        return Intake(_value(session, row), False, True, None)
    _replace_keys(session, row, incoming)
    decision = _relink(session, row, incoming, before, registrar, actor)
    return Intake(_value(session, row), False, True, decision)


_CONTACT = ("address_line", "postcode", "city", "phone", "email")


def _relink(
    session: Session,
    row: SourceIdentity,
    incoming: IncomingIdentity,
    before: IdentityRecord,
    registrar: Registrar,
    actor: Actor,
) -> Decision | None:
    """Decide again after a change of traits.

    A change too large to be a correction holds the identity. An identity alone in its person may join another one.
    An identity in company stays, unless it now contradicts the others: then it leaves for a person of its own.
    """
    record = _record_of(incoming, str(row.id))
    drift = linkage.compare_records(before, record, registrar.model)
    if drift.veto is not None or drift.score.total < registrar.model.thresholds.review:
        row.held = True
        review.open_change(session, row.id, drift)
    group = [item for item in identities.of_persons(session, [row.person_id])[row.person_id] if item.id != row.id]
    others = tuple(item.as_record() for item in group if item.active)
    if others:
        company = Candidate(person_id=str(row.person_id), records=others)
        stays = linkage.decide(record, [company], registrar.model)
        conflict = bool(stays.considered) and stays.considered[0].veto is not None
        if not conflict and not row.held:
            return None
        former_person = row.person_id
        row.person_id = new_person(session)
        decision = _keep_decision(session, row, former_person, stays, registrar.model, actor, limited=False)
        review.open_from_decision(session, row.id, stays, {former_person: tuple(group)}, always=True)
        return decision
    if row.held:
        return None
    found = candidates.find(session, blocking_keys(incoming.traits), leave_out=row.id)
    separated = candidates.separated_persons(session, row.id)
    decision = linkage.decide(record, found.persons, registrar.model, separated)
    former_person = row.person_id
    if decision.outcome is Outcome.LINK and decision.person_id is not None:
        row.person_id = int(decision.person_id)
    _keep_decision(session, row, former_person, decision, registrar.model, actor, limited=found.limited)
    if decision.outcome is Outcome.REVIEW:
        review.open_from_decision(session, row.id, decision, found.groups)
    return decision


def new_person(session: Session) -> int:
    """Create an empty person and return its id."""
    regional_id = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    row = Person(regional_id=regional_id, created_at=db.now(session))
    session.add(row)
    session.flush()  # the id is what identities point at
    return row.id


def link_by_choice(
    session: Session, incoming: IncomingIdentity, person_id: int, registrar: Registrar, actor: Actor
) -> Intake:
    """Store a new identity on the person that a professional chose in a search (M1); the choice is the decision."""
    _serialise(session, [incoming])
    row = _insert(session, incoming, person_id)
    session.add_all(BlockingKey(key=key, source_identity_id=row.id) for key in blocking_keys(incoming.traits))
    decision = Decision(Outcome.LINK, str(person_id), (), (), registrar.model.version)
    _keep_decision(session, row, None, decision, registrar.model, actor, limited=False, chosen=True)
    intake = Intake(_value(session, row), True, False, decision)
    _record(session, intake, registrar, actor)
    return intake


def _keep_decision(
    session: Session,
    row: SourceIdentity,
    former_person: int | None,
    decision: Decision,
    model: Model,
    actor: Actor,
    *,
    limited: bool,
    chosen: bool = False,
) -> Decision:
    explanation = explain(decision) | {"limited": limited, "chosen": chosen}
    best = decision.considered[0].score.total if decision.considered else None
    kept = LinkageDecision(
        source_identity_id=row.id,
        outcome=decision.outcome.value,
        person_id=row.person_id,
        score=best,
        explanation=explanation,
        model_version=model.version,
        decided_by=f"{actor.kind.value}:{actor.id}",
        decided_at=db.now(session),
    )
    session.add(kept)
    session.flush()  # the link event names its decision
    if former_person != row.person_id:
        session.add(
            LinkEvent(
                source_identity_id=row.id,
                from_person_id=former_person,
                to_person_id=row.person_id,
                decision_id=kept.id,
                moved_at=kept.decided_at,
            )
        )
    return decision


def explain(decision: Decision) -> dict[str, Any]:
    """Return the decision's explanation as it is stored: the best candidates with each term of their score."""
    return {
        "reasons": [{"code": reason.code, "text": reason.text} for reason in decision.reasons],
        "considered": [
            {
                "person_id": item.person_id,
                "identity_id": item.record_id,
                "score": item.score.total,
                "probability": item.score.probability,
                "veto": item.veto.code if item.veto else None,
                "contributions": [
                    {"trait": term.trait, "level": term.level, "bits": term.bits} for term in item.score.contributions
                ],
            }
            for item in decision.considered[:_KEPT_CANDIDATES]
        ],
    }


def _keep_revision(session: Session, row: SourceIdentity, former: dict[str, Any], channel: Channel) -> None:
    session.add(
        SourceIdentityRevision(
            source_identity_id=row.id,
            version=row.version,
            content=former,
            replaced_at=db.now(session),
            channel=channel.value,
        )
    )


def _replace_keys(session: Session, row: SourceIdentity, incoming: IncomingIdentity) -> None:
    session.execute(sa.delete(BlockingKey).where(BlockingKey.source_identity_id == row.id))
    if incoming.active and Attribute.FICTITIOUS not in incoming.attributes:
        session.add_all(BlockingKey(key=key, source_identity_id=row.id) for key in blocking_keys(incoming.traits))
    session.flush()  # candidates are searched next


def _survivor_id(session: Session, incoming: IncomingIdentity) -> int | None:
    if incoming.replaced_by is None:
        return None
    survivor = identities.by_number(session, incoming.domain, incoming.replaced_by)
    if survivor is None:
        raise Conflict("L'identité qui remplace celle-ci n'est pas connue dans votre domaine : envoyez-la d'abord.")
    return survivor.id


def _record_of(incoming: IncomingIdentity, record_id: str) -> IdentityRecord:
    return IdentityRecord(
        record_id=record_id,
        domain=incoming.domain,
        traits=incoming.traits,
        status=incoming.status,
        attributes=incoming.attributes,
    )


def _value(session: Session, row: SourceIdentity) -> StoredIdentity:
    regional_id = session.scalars(sa.select(Person.regional_id).where(Person.id == row.person_id)).one()
    return identities.as_value(row, regional_id)


def _record(session: Session, intake: Intake, registrar: Registrar, actor: Actor) -> None:
    action = "identity.create" if intake.created else "identity.update"
    outcome = intake.decision.outcome.value if intake.decision else "kept"
    detail: dict[str, str | int | bool | None] = {"person": intake.identity.person_id, "outcome": outcome}
    registrar.trail.record(session, Entry(actor, action, Subject("source_identity", intake.identity.id), detail))
