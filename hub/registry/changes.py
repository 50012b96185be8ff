"""An identity that is known and changes: what it was is kept, and its link is decided again.

An identity in the company of others never joins another person by itself. When its traits change so much that it may
be somebody else, it is held (no document leaves on it) until an officer looks.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor
from hub.errors import Conflict
from hub.registry import (
    candidates,
    corrections,
    death_checks,
    decisions,
    filing,
    identities,
    links,
    memory,
    review,
    status_history,
    tasks,
)
from hub.registry.candidates import Candidates
from hub.registry.links import new_person
from hub.registry.tables import Person, SourceIdentity, SourceIdentityRevision
from hub.registry.values import Channel, IncomingIdentity, Intake, Member, StoredIdentity
from identity import linkage
from identity.decision import FICTITIOUS, LACKS_OF_EVIDENCE, Outcome, Reason, is_contradicted
from identity.linkage import Candidate, Decision, IdentityRecord
from identity.model import Model

_CONTACT = ("address_line", "postcode", "city", "phone", "email")


def may_move(row: SourceIdentity, incoming: IncomingIdentity) -> bool:
    """Tell whether something else than the contact details changes."""
    fresh = identities.columns(incoming.traits, incoming.status, incoming.attributes) | {"active": incoming.active}
    return any(getattr(row, name) != value for name, value in fresh.items() if name not in _CONTACT)


def update(session: Session, row: SourceIdentity, incoming: IncomingIdentity, model: Model, actor: Actor) -> Intake:
    """Change an identity that is known; nothing happens when it says what is known already."""
    if row.organization_id != incoming.organization_id:
        raise Conflict("Ce numéro appartient au domaine d'une autre structure.")
    fresh = identities.columns(incoming.traits, incoming.status, incoming.attributes)
    fresh |= {"active": incoming.active, "replaced_by_id": survivor_id(session, incoming)}
    former = {name: getattr(row, name) for name in fresh}
    if former == fresh:
        if incoming.cause is not None:
            # Further evidence about an identity that it changes in nothing.
            status_history.keep_change(session, row, former, incoming.cause, actor)
        return Intake(_value(session, row), False, False, None)
    before = _value(session, row).as_record() if row.active else _when_active(session, row)
    returns = not row.active
    _keep_revision(session, row, former, incoming.channel)
    for name, value in fresh.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = db.now(session)
    status_history.keep_change(session, row, former, incoming.cause, actor)
    _refile(session, row, incoming)
    tasks.touch(session, [row.id])
    decision = None
    if incoming.active and any(former[name] != value for name, value in fresh.items() if name not in _CONTACT):
        decision = _relink(session, row, before, model, actor, returns=returns)
    corrections.note_change(session, row, former)
    death_checks.after_change(session, row, former["death_date"])
    return Intake(_value(session, row), False, True, decision)


def _when_active(session: Session, row: SourceIdentity) -> IdentityRecord:
    """Return what an identity that is inactive said when it last was active; what it says when it never was.

    A number that is put away, then given to somebody else, must not come back as the person that it was.
    """
    record = _value(session, row).as_record()
    revisions = session.scalars(
        sa.select(SourceIdentityRevision.content)
        .where(SourceIdentityRevision.source_identity_id == row.id)
        .order_by(SourceIdentityRevision.version.desc())
    )
    content = next((content for content in revisions if content["active"]), None)
    return record if content is None else identities.record_of(content, record.record_id, record.domain)


def _relink(
    session: Session, row: SourceIdentity, before: IdentityRecord, model: Model, actor: Actor, *, returns: bool
) -> Decision | None:
    """Decide again after a change; `returns` tells an identity that was inactive.

    A change too large to be a correction holds the identity. An identity alone in its person may join another one.
    An identity in company stays, unless it now contradicts the others: then it leaves for a person of its own.
    """
    record = _value(session, row).as_record()
    too_far = _hold(session, row, before, record, model)
    group = [item for item in identities.of_persons(session, [row.person_id])[row.person_id] if item.id != row.id]
    others = tuple(item.as_record() for item in group if item.active)
    if not others:
        return None if row.held else find_person(session, row, record, model, actor)
    company = Candidate(person_id=str(row.person_id), records=others)
    stays = linkage.decide(record, [company], model)
    stayed = linkage.decide(before, [company], model)
    # What an officer or a professional linked in spite of a rule is not undone by a change that leaves it as it was;
    # but nobody compared the others, as they are now, with one that was away.
    contradicts = _contradiction(stays) is not None and (returns or _contradiction(stays) != _contradiction(stayed))
    if not contradicts and not (too_far and stays.outcome is not Outcome.LINK):
        return None
    if links.are_placed_by_hand(session, [row.id, *(item.id for item in group)]):
        # What a person put together, only a person parts: until then nobody sees the documents of either side.
        _collide(session, row, record, group, model)
        return None
    former_person = row.person_id
    row.person_id = new_person(session)
    near = Candidates((company,), {former_person: tuple(map(Member.of, group))}, limited=False)
    decision = decisions.keep(session, row, former_person, stays, actor, near)
    tasks.open_from_decision(session, row.id, stays, near.groups, always=True)
    return decision


def _hold(
    session: Session, row: SourceIdentity, before: IdentityRecord, record: IdentityRecord, model: Model
) -> bool:
    """Hold an identity that may have become somebody else; tell whether this change is such a one."""
    told = memory.recall(session, before, row.id, memory.silent(before.traits) - memory.silent(record.traits))
    too_far = review.is_somebody_else(review.drift(told, record, model), model)
    too_far = too_far or memory.is_emptied(before.traits, record.traits)
    if too_far or (row.held and before.traits != record.traits):
        trusted = review.trusted(session, row.id) if row.held else None
        row.held = True
        tasks.open_change(session, row.id, review.drift(trusted or told, record, model))
    return too_far


def _collide(
    session: Session, row: SourceIdentity, record: IdentityRecord, group: Sequence[StoredIdentity], model: Model
) -> None:
    """Hold an identity and those of its person that it contradicts, and ask an officer about each of these pairs."""
    for other in group:
        pair = linkage.compare_records(record, other.as_record(), model)
        if other.active and pair.veto is not None and is_contradicted(pair.veto):
            for identity in links.locked(session, [row.id, other.id]):
                identity.held = True
            tasks.open_collision(session, (row.id, other.id), pair.score.total, [pair.veto.code])


def _contradiction(decision: Decision) -> Reason | None:
    """Return the rule that the decision met, unless it only lacks evidence."""
    if FICTITIOUS in decision.reasons:
        return FICTITIOUS
    rule = decision.considered[0].veto if decision.considered else None
    return rule if is_contradicted(rule) else None


def find_person(
    session: Session, row: SourceIdentity, record: IdentityRecord, model: Model, actor: Actor
) -> Decision:
    """Look for the person of an identity that is alone in its own."""
    found = candidates.find(session, record.traits, leave_out=row.id)
    separated = candidates.separated_persons(session, [row.id])
    decision = decisions.decide(record, found, model, separated)
    if decision.outcome is Outcome.LINK and links.are_placed_by_hand(session, [row.id]):
        # Somebody put it there: only somebody may move it.
        decision = decision.for_officer(*decision.reasons, decisions.PROPOSED)
    return follow(session, row, decision, found, actor)


def follow(session: Session, row: SourceIdentity, decision: Decision, found: Candidates, actor: Actor) -> Decision:
    """Do what was decided for an identity that is alone in its person: it joins another, or an officer is asked."""
    former_person = row.person_id
    if decision.outcome is Outcome.LINK and decision.person_id is not None:
        row.person_id = int(decision.person_id)
    decisions.keep(session, row, former_person, decision, actor, found)
    tasks.open_from_decision(session, row.id, decision, found.groups)
    return decision


def ask_next(session: Session, identity_id: int, model: Model, actor: Actor) -> int | None:
    """Ask about the next person that an identity resembles, once the nearest is settled; return the task's id.

    A task names one candidate: the others would be forgotten with its answer. Nothing is linked here, however near:
    an officer has just seen that there was more than one to choose from.
    """
    row = session.get_one(SourceIdentity, identity_id, populate_existing=True)
    own = [item for item in identities.of_persons(session, [row.person_id])[row.person_id] if item.active]
    found = candidates.find(session, _value(session, row).traits, leave_out=row.id)
    settled = candidates.separated_persons(session, [item.id for item in own]) | {str(row.person_id)}
    settled |= {other.person_id for other in found.persons if _contradict(own, other, model)}
    decision = decisions.decide(_value(session, row).as_record(), found, model, settled)
    if decision.person_id is None or not row.active:
        return None
    others = [item.id for item in found.groups[int(decision.person_id)]]
    if tasks.are_compared(session, [item.id for item in own], others):
        return None
    if decision.outcome is Outcome.LINK:
        decision = decision.for_officer(*decision.reasons, decisions.PROPOSED)
    decisions.keep(session, row, row.person_id, decision, actor, found)
    return tasks.open_from_decision(session, row.id, decision, found.groups)


def _contradict(own: Sequence[StoredIdentity], other: Candidate, model: Model) -> bool:
    """Tell whether a rule forbids to put two persons together, whichever of their identities it is that it names."""
    rules = (
        linkage.compare_records(item.as_record(), record, model).veto for item in own for record in other.records
    )
    return any(rule is not None and rule not in LACKS_OF_EVIDENCE for rule in rules)


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


def _refile(session: Session, row: SourceIdentity, incoming: IncomingIdentity) -> None:
    keys = filing.fileable(incoming)
    files = filing.Files(session, [keys])
    former = frozenset(row.blocking_keys or ())
    filed = files.file(row.id, keys, former)
    if frozenset(filed) != former:
        row.blocking_keys = filed or None
    files.keep()
    session.flush()  # candidates are searched next


def survivor_id(session: Session, incoming: IncomingIdentity) -> int | None:
    """Return the identity that replaces this one in its domain, if any."""
    if incoming.replaced_by is None:
        return None
    survivor = identities.by_number(session, incoming.domain, incoming.replaced_by)
    if survivor is None:
        raise Conflict("L'identité qui remplace celle-ci n'est pas connue dans votre domaine : envoyez-la d'abord.")
    return survivor.id


def _value(session: Session, row: SourceIdentity) -> StoredIdentity:
    regional_id = session.scalars(sa.select(Person.regional_id).where(Person.id == row.person_id)).one()
    return identities.as_value(row, regional_id)
