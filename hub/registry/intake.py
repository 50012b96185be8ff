"""Receive an identity: store it in its structure's domain, link it to a person, keep the decision and its reasons.

One call is one step of the caller's transaction. The unique constraint on (domain, value) decides races between two
requests for the same number; a lock on the birth date puts two structures that send the same new patient in order,
so that the second sees the first. An identity in the company of others never joins another person by itself. When
its traits change so much that it may be somebody else, it is held (no document leaves on it) until an officer looks.
"""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict
from hub.registry import candidates, identities, links, review
from hub.registry.candidates import Candidates
from hub.registry.links import new_person
from hub.registry.tables import BlockingKey, LinkageDecision, Person, SourceIdentity, SourceIdentityRevision
from hub.registry.values import Channel, IncomingIdentity, StoredIdentity
from identity import linkage
from identity.blocking import blocking_keys
from identity.decision import FICTITIOUS, LACKS_OF_EVIDENCE, Outcome, Reason
from identity.linkage import Candidate, Decision, IdentityRecord
from identity.model import Model
from identity.status import Attribute

_KEPT_CANDIDATES = 5
_CONTACT = ("address_line", "postcode", "city", "phone", "email")
_INACTIVE = Reason("inactive", "Une identité inactive n'est pas rapprochée.")
_HELD = Reason("held", "Une identité de la personne la plus proche est retenue : un agent doit d'abord la vérifier.")
_TOLD_APART = Reason("told-apart", "Un professionnel a vu cette personne et a dit que ce n'est pas son patient.")


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
    # All numbers, then the links, then all dates, each in order: two transactions can never wait for each other.
    numbers = {(item.domain, item.value) for item in batch}
    for domain, value in sorted(numbers):
        db.serialise(session, f"number:{domain}|{value}")
    if len(numbers) < len(batch) or any(_may_move(session, item) for item in batch):
        db.serialise(session, links.LOCK)
    else:
        db.share(session, links.LOCK)
    dates = {item.traits.birth_date.iso() if item.traits.birth_date else "" for item in batch}
    for name in sorted(dates):
        db.serialise(session, f"birth:{name}")


def _may_move(session: Session, incoming: IncomingIdentity) -> bool:
    """Tell whether the number is known and something else than the contact details changes."""
    row = _find(session, incoming)
    if row is None:
        return False
    fresh = identities.columns(incoming.traits, incoming.status, incoming.attributes) | {"active": incoming.active}
    return any(getattr(row, name) != value for name, value in fresh.items() if name not in _CONTACT)


def _find(session: Session, incoming: IncomingIdentity) -> SourceIdentity | None:
    query = sa.select(SourceIdentity).where(
        SourceIdentity.domain == incoming.domain, SourceIdentity.value == incoming.value
    )
    return session.scalar(query, execution_options={"populate_existing": True})


def _receive(session: Session, incoming: IncomingIdentity, registrar: Registrar, actor: Actor) -> Intake:
    row = _find(session, incoming)
    if row is None:
        return _create(session, incoming, registrar, actor)
    return _update(session, row, incoming, registrar, actor)


def _create(session: Session, incoming: IncomingIdentity, registrar: Registrar, actor: Actor) -> Intake:
    found = Candidates((), {}, False)
    decision = Decision(Outcome.NEW, None, (), (_INACTIVE,), registrar.model.version)
    if incoming.active:
        found = candidates.find(session, blocking_keys(incoming.traits))
        decision = _decide(_record_of(incoming, "incoming"), found, registrar.model, frozenset())
        if decision.outcome is Outcome.LINK and int(decision.person_id or 0) in incoming.told_apart:
            # The professional saw that person and said no: model and human disagree, an officer settles it.
            decision = replace(decision, outcome=Outcome.REVIEW, reasons=(_TOLD_APART,))
    if decision.outcome is Outcome.LINK and decision.person_id is not None:
        person_id = int(decision.person_id)
    else:
        person_id = new_person(session)
    row = _insert(session, incoming, person_id)
    _add_keys(session, row, incoming)
    _keep_decision(session, row, None, decision, registrar.model, actor, limited=found.limited)
    if decision.outcome is Outcome.REVIEW:
        review.open_from_decision(session, row.id, decision, found.groups)
    return Intake(_value(session, row), True, False, decision)


def _decide(record: IdentityRecord, found: Candidates, model: Model, separated: frozenset[str]) -> Decision:
    """Decide; nobody joins by themselves a person of which an identity is held, as it may be somebody else's."""
    decision = linkage.decide(record, found.persons, model, separated)
    if decision.outcome is not Outcome.LINK or decision.person_id is None:
        return decision
    if any(item.held for item in found.groups[int(decision.person_id)]):
        return replace(decision, outcome=Outcome.REVIEW, reasons=(_HELD,))
    return decision


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
    _replace_keys(session, row, incoming)
    review.touch(session, [row.id])
    decision = None
    if incoming.active and any(former[name] != value for name, value in fresh.items() if name not in _CONTACT):
        decision = _relink(session, row, before, registrar, actor)
    return Intake(_value(session, row), False, True, decision)


def _relink(
    session: Session, row: SourceIdentity, before: IdentityRecord, registrar: Registrar, actor: Actor
) -> Decision | None:
    """Decide again after a change.

    A change too large to be a correction holds the identity. An identity alone in its person may join another one.
    An identity in company stays, unless it now contradicts the others: then it leaves for a person of its own.
    """
    record = _value(session, row).as_record()
    too_far = _hold(session, row, before, record, registrar.model)
    group = [item for item in identities.of_persons(session, [row.person_id])[row.person_id] if item.id != row.id]
    others = tuple(item.as_record() for item in group if item.active)
    if not others:
        return None if row.held else _find_person(session, row, record, registrar, actor)
    company = Candidate(person_id=str(row.person_id), records=others)
    stays = linkage.decide(record, [company], registrar.model)
    stayed = linkage.decide(before, [company], registrar.model)
    # What an officer or a professional linked in spite of a rule is not undone by a change that leaves it as it was.
    contradicts = _contradiction(stays) is not None and _contradiction(stays) != _contradiction(stayed)
    if not contradicts and not (too_far and stays.outcome is not Outcome.LINK):
        return None
    former_person = row.person_id
    row.person_id = new_person(session)
    decision = _keep_decision(session, row, former_person, stays, registrar.model, actor, limited=False)
    review.open_from_decision(session, row.id, stays, {former_person: tuple(group)}, always=True)
    return decision


def _hold(
    session: Session, row: SourceIdentity, before: IdentityRecord, record: IdentityRecord, model: Model
) -> bool:
    """Hold an identity that may have become somebody else; tell whether this change is such a one."""
    too_far = review.is_somebody_else(review.drift(before, record, model), model)
    if too_far or (row.held and before.traits != record.traits):
        trusted = review.trusted(session, row.id) if row.held else None
        row.held = True
        review.open_change(session, row.id, review.drift(trusted or before, record, model))
    return too_far


def _contradiction(decision: Decision) -> Reason | None:
    """Return the rule that the decision met, unless it only lacks evidence."""
    if FICTITIOUS in decision.reasons:
        return FICTITIOUS
    rule = decision.considered[0].veto if decision.considered else None
    return None if rule in LACKS_OF_EVIDENCE else rule


def _find_person(
    session: Session, row: SourceIdentity, record: IdentityRecord, registrar: Registrar, actor: Actor
) -> Decision:
    """Look for the person of an identity that is alone in its own."""
    found = candidates.find(session, blocking_keys(record.traits), leave_out=row.id)
    separated = candidates.separated_persons(session, row.id)
    decision = _decide(record, found, registrar.model, separated)
    former_person = row.person_id
    if decision.outcome is Outcome.LINK and decision.person_id is not None:
        row.person_id = int(decision.person_id)
    _keep_decision(session, row, former_person, decision, registrar.model, actor, limited=found.limited)
    if decision.outcome is Outcome.REVIEW:
        review.open_from_decision(session, row.id, decision, found.groups)
    return decision


def settle(session: Session, verdict: review.Verdict, registrar: Registrar, actor: Actor) -> review.Task:
    """Apply an officer's verdict; an identity that is no longer held is then looked for among the others."""
    task = review.decide(session, verdict, registrar.trail, actor)
    identity = task.left
    if task.kind is not review.TaskKind.CHANGED or identity.held or not identity.active:
        return task
    company = identities.of_persons(session, [identity.person_id])[identity.person_id]
    if not any(item.active for item in company if item.id != identity.id):
        row = session.get_one(SourceIdentity, identity.id)
        _find_person(session, row, identity.as_record(), registrar, actor)
    return task


def link_by_choice(
    session: Session, incoming: IncomingIdentity, person_id: int, registrar: Registrar, actor: Actor
) -> Intake:
    """Store a new identity on the person that a professional chose in a search (M1); the choice is the decision."""
    _serialise(session, [incoming])
    if not identities.of_persons(session, [person_id]):
        raise Conflict("Cette personne vient d'être réunie à une autre : refaites la recherche.")
    row = _insert(session, incoming, person_id)
    _add_keys(session, row, incoming)
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
        links.keep_move(session, row.id, former_person, row.person_id, kept)
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
    _add_keys(session, row, incoming)
    session.flush()  # candidates are searched next


def _add_keys(session: Session, row: SourceIdentity, incoming: IncomingIdentity) -> None:
    if incoming.active and Attribute.FICTITIOUS not in incoming.attributes:
        session.add_all(BlockingKey(key=key, source_identity_id=row.id) for key in blocking_keys(incoming.traits))


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
