"""Identities whose number is new: decided in their order, then written together.

A batch reads in few queries everybody whom it may meet, and writes in few statements. In between nothing is asked of
the database, and each identity meets those of the batch before it: a batch decides as its identities one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor
from hub.db import Base
from hub.registry import decisions, filing, identities, links, tasks
from hub.registry.candidates import NOBODY, Candidates, Pool
from hub.registry.tables import LinkageDecision, LinkEvent, Person, ReviewTask, SourceIdentity
from hub.registry.values import IncomingIdentity, Intake, StoredIdentity
from identity.decision import Outcome, Reason
from identity.linkage import Decision, IdentityRecord
from identity.model import Model

_INACTIVE = Reason("inactive", "Une identité inactive n'est pas rapprochée.")
_TOLD_APART = Reason("told-apart", "Un professionnel a vu cette personne et a dit que ce n'est pas son patient.")

# In this order: each names rows of those before it.
_TABLES: tuple[type[Base], ...] = (Person, SourceIdentity, LinkageDecision, LinkEvent, ReviewTask)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new identity; what it replaces is looked up by the caller, and so is a person that somebody chose for it."""

    incoming: IncomingIdentity
    replaced_by_id: int | None = None
    chosen_person: StoredIdentity | None = None


@dataclass(frozen=True, slots=True)
class _Given:
    """The moment of a batch, and the ids that it may use."""

    moment: datetime
    persons: Sequence[int]
    identities: Sequence[int]
    decisions: Sequence[int]


def create_all(session: Session, arrivals: Sequence[Arrival], model: Model, actor: Actor) -> list[Intake]:
    """Create identities, each linked to a person of the index or of the batch, or to a new one."""
    if not arrivals:
        return []
    keys = [filing.fileable(arrival.incoming) for arrival in arrivals]
    pool = Pool(session, keys)
    given = _take_ids(session, len(arrivals))
    rows: dict[type[Base], list[dict[str, Any]]] = {table: [] for table in _TABLES}
    results = []
    for rank, (arrival, sought) in enumerate(zip(arrivals, keys, strict=True)):
        found, decision = _decide(arrival, pool, sought, model)
        identity = _place(arrival, found, decision, given, rank)
        if identity.person_id == given.persons[rank]:
            person = {"id": identity.person_id, "regional_id": identity.regional_id, "created_at": given.moment}
            rows[Person].append(person)
        filed = pool.files.file(identity.id, sought)
        pool.add(identity)
        rows[SourceIdentity].append(_columns(identity) | {"blocking_keys": filed or None})
        chosen = arrival.chosen_person is not None
        rows[LinkageDecision].append(
            {"id": given.decisions[rank]}
            | decisions.columns(
                (identity.id, identity.version),
                identity.person_id,
                decision,
                actor,
                given.moment,
                found,
                chosen=chosen,
            )
        )
        rows[LinkEvent].append(_link_event(identity, given, rank))
        rows[ReviewTask] += tasks.new_tasks(identity.id, decision, found.groups, given.moment)
        results.append(Intake(identity, True, False, decision))
    db.insert_together(session, rows)
    pool.files.keep()
    return results


def _take_ids(session: Session, count: int) -> _Given:
    """Take ids before the rows exist, so that they may name each other; PostgreSQL leaves the unused ones out."""
    if db.is_postgresql(session):
        ((moment, *ids),) = db.rows(session.connection(), _TAKE, {"count": count})
        return _Given(moment.astimezone(UTC), *ids)
    # SQLite has one writer at a time, and numbers rows after the last.
    (last,) = db.rows(session.connection(), _LAST)
    return _Given(datetime.now(UTC), *(range(number + 1, number + 1 + count) for number in last))


_TAKE = """
    SELECT clock_timestamp(),
        ARRAY(SELECT nextval('person_id_seq') FROM generate_series(1, %(count)s)),
        ARRAY(SELECT nextval('source_identity_id_seq') FROM generate_series(1, %(count)s)),
        ARRAY(SELECT nextval('linkage_decision_id_seq') FROM generate_series(1, %(count)s))
"""
_LAST = """
    SELECT (SELECT coalesce(max(id), 0) FROM person), (SELECT coalesce(max(id), 0) FROM source_identity),
        (SELECT coalesce(max(id), 0) FROM linkage_decision)
"""


def _decide(arrival: Arrival, pool: Pool, sought: frozenset[int], model: Model) -> tuple[Candidates, Decision]:
    incoming = arrival.incoming
    if arrival.chosen_person is not None:
        return NOBODY, Decision(Outcome.LINK, str(arrival.chosen_person.person_id), (), (), model.version)
    if not incoming.active:
        return NOBODY, Decision(Outcome.NEW, None, (), (_INACTIVE,), model.version)
    found = pool.find(sought, incoming.traits)
    record = IdentityRecord(
        record_id="incoming",
        domain=incoming.domain,
        traits=incoming.traits,
        status=incoming.status,
        attributes=incoming.attributes,
    )
    decision = decisions.decide(record, found, model, frozenset())
    if decision.outcome is Outcome.LINK and int(decision.person_id or 0) in incoming.told_apart:
        # The professional saw that person and said no: model and human disagree, an officer settles it.
        decision = decision.for_officer(_TOLD_APART)
    return found, decision


def _place(arrival: Arrival, found: Candidates, decision: Decision, given: _Given, rank: int) -> StoredIdentity:
    """Put the identity on the person decided, or on a new one."""
    incoming = arrival.incoming
    if arrival.chosen_person is not None:
        person_id, regional_id = arrival.chosen_person.person_id, arrival.chosen_person.regional_id
    elif decision.outcome is Outcome.LINK and decision.person_id is not None:
        person_id = int(decision.person_id)
        regional_id = found.groups[person_id][0].regional_id
    else:
        person_id, regional_id = given.persons[rank], links.new_regional_id()
    return StoredIdentity(
        id=given.identities[rank],
        organization_id=incoming.organization_id,
        domain=incoming.domain,
        value=incoming.value,
        person_id=person_id,
        regional_id=regional_id,
        traits=incoming.traits,
        status=incoming.status,
        attributes=incoming.attributes,
        active=incoming.active,
        held=False,
        replaced_by_id=arrival.replaced_by_id,
        version=1,
        created_at=given.moment,
        updated_at=given.moment,
    )


def _columns(identity: StoredIdentity) -> dict[str, Any]:
    return {
        "id": identity.id,
        "organization_id": identity.organization_id,
        "domain": identity.domain,
        "value": identity.value,
        "person_id": identity.person_id,
        "active": identity.active,
        "held": identity.held,
        "replaced_by_id": identity.replaced_by_id,
        "version": identity.version,
        "created_at": identity.created_at,
        "updated_at": identity.updated_at,
        **identities.columns(identity.traits, identity.status, identity.attributes),
    }


def _link_event(identity: StoredIdentity, given: _Given, rank: int) -> dict[str, Any]:
    return {
        "source_identity_id": identity.id,
        "from_person_id": None,
        "to_person_id": identity.person_id,
        "decision_id": given.decisions[rank],
        "moved_at": given.moment,
    }
