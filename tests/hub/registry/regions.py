"""A small region for tests of operations: persons of several identities, placed without the matching."""

import hashlib
from collections.abc import Collection

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import SYSTEM
from hub.directory.values import Structure
from hub.registry import identities, links, operations
from hub.registry.operations import FourEyes, Kind, Operation, Order
from hub.registry.tables import LinkageDecision, LinkEvent, Person, SourceIdentity
from tests.factories import parts_of

OFFICER = 7


def place(session: Session, structure: Structure, value: str, person_id: int | None = None) -> tuple[int, int]:
    """Add an identity to a person, or to a new one, as an arrival would; return both ids."""
    moment = db.now(session)
    person_id = person_id or links.new_person(session)
    row = SourceIdentity(
        organization_id=structure.id,
        domain=structure.domain,
        value=value,
        person_id=person_id,
        created_at=moment,
        updated_at=moment,
    )
    session.add(row)
    session.flush()
    kept = LinkageDecision(
        source_identity_id=row.id,
        outcome="new",
        person_id=person_id,
        explanation={},
        model_version="",
        decided_by="system:test",
        decided_at=moment,
    )
    session.add(kept)
    session.flush()
    links.keep_move(session, row.id, None, person_id, kept)
    return row.id, person_id


def new_identity(app: Flask, structure: Structure, value: str, person_id: int | None = None) -> tuple[int, int]:
    with app.app_context(), db.transaction() as session:
        return place(session, structure, value, person_id)


def seen(session: Session, *person_ids: int | None) -> dict[int, int]:
    """Return what an officer sees of persons."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    return operations.seen_of(identities.of_persons(session, wanted))


def carry_out(session: Session, app: Flask, order: Order, four_eyes: FourEyes = FourEyes.NONE) -> Operation:
    return operations.carry_out(session, order, four_eyes, parts_of(app).trail, SYSTEM)


def merge(app: Flask, survivor: int, absorbed: int) -> Operation:
    with app.app_context(), db.transaction() as session:
        order = Order(
            kind=Kind.MERGE,
            person_id=survivor,
            absorbed_id=absorbed,
            seen=seen(session, survivor, absorbed),
            reason="Pièces vues",
            staff_id=OFFICER,
        )
        return carry_out(session, app, order)


def part(app: Flask, person_id: int, identity_ids: list[int], to_person_id: int | None = None) -> Operation:
    with app.app_context(), db.transaction() as session:
        order = Order(
            kind=Kind.SPLIT if to_person_id is None else Kind.MOVE,
            person_id=person_id,
            to_person_id=to_person_id,
            identity_ids=tuple(identity_ids),
            seen=seen(session, person_id, to_person_id),
            reason="Deux patients",
            staff_id=OFFICER,
        )
        return carry_out(session, app, order)


def undo(app: Flask, operation: Operation) -> Operation:
    with app.app_context(), db.transaction() as session:
        return carry_out(session, app, order_of_undo(session, operation))


def order_of_undo(session: Session, operation: Operation) -> Order:
    concerned = operations.concerned_by_undo(session, operation.id)
    return Order(
        kind=Kind.UNDO,
        person_id=operation.person_id,
        undoes_id=operation.id,
        seen=operations.seen_of(concerned),
        reason="Erreur",
        staff_id=OFFICER,
    )


def where(app: Flask, identity_ids: Collection[int]) -> dict[int, int]:
    """Return the person of each identity."""
    with app.app_context(), db.reading() as session:
        query = sa.select(SourceIdentity.id, SourceIdentity.person_id).where(SourceIdentity.id.in_(identity_ids))
        return dict(session.execute(query).all())


def digest(app: Flask, identity_ids: Collection[int]) -> str:
    """Return a digest of who is linked to whom, who is held, and which persons were merged into which."""
    with app.app_context(), db.reading() as session:
        identities_now = session.execute(
            sa.select(SourceIdentity.id, SourceIdentity.person_id, SourceIdentity.held, SourceIdentity.version)
            .where(SourceIdentity.id.in_(identity_ids))
            .order_by(SourceIdentity.id)
        )
        persons = sa.select(LinkEvent.to_person_id).where(LinkEvent.source_identity_id.in_(identity_ids))
        merged = session.execute(
            sa.select(Person.id, Person.merged_into_id)
            .where(Person.id.in_(persons), Person.merged_into_id.is_not(None))
            .order_by(Person.id)
        )
        state = repr(([tuple(row) for row in identities_now], [tuple(row) for row in merged]))
    return hashlib.sha256(state.encode()).hexdigest()
