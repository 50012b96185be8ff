"""The audit trail: append-only, chained, and a change is seen wherever it is made."""

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from hub import db
from hub.audit.tables import AuditEvent, AuditHead
from hub.audit.trail import SYSTEM, Actor, ActorKind, Entry, Subject
from tests.factories import parts_of


def _record(app: Flask, count: int, organization: int | None = None) -> None:
    trail = parts_of(app).trail
    actor = Actor(ActorKind.STAFF, "7", organization)
    with app.app_context(), db.transaction() as session:
        for number in range(count):
            trail.record(session, Entry(actor, "person.shown", Subject("person", number), {"letters": True}))


def test_an_untouched_trail_verifies(app: Flask) -> None:
    _record(app, 3)
    _record(app, 2, organization=5)

    with app.app_context(), db.reading() as session:
        result = parts_of(app).trail.verify(session)

    assert result.breaks == ()
    assert result.events == 5


def test_the_database_refuses_to_change_or_delete_an_event(app: Flask) -> None:
    _record(app, 1)

    for statement in (sa.update(AuditEvent).values(action="x"), sa.delete(AuditEvent)):
        with app.app_context(), pytest.raises(DBAPIError, match="append-only"), db.transaction() as session:
            session.execute(statement)


@pytest.mark.parametrize(
    "tampering",
    [
        pytest.param("UPDATE audit_event SET action = 'identity.read' WHERE sequence = 2", id="changed"),
        pytest.param("DELETE FROM audit_event WHERE sequence = 2", id="removed"),
        pytest.param("DELETE FROM audit_event WHERE sequence = 3", id="last removed"),
        pytest.param("UPDATE audit_event SET sequence = 9 WHERE sequence = 3", id="renumbered"),
        pytest.param("UPDATE audit_head SET sequence = 2 WHERE chain = 0", id="head moved back"),
    ],
)
def test_tampering_behind_the_triggers_is_found(app: Flask, tampering: str) -> None:
    _record(app, 3)
    with app.app_context(), db.transaction() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sa.text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        else:
            session.execute(sa.text("DROP TRIGGER audit_event_no_update"))
            session.execute(sa.text("DROP TRIGGER audit_event_no_delete"))
        session.execute(sa.text(tampering))

    with app.app_context(), db.reading() as session:
        result = parts_of(app).trail.verify(session)

    assert len(result.breaks) == 1


def test_a_forged_event_without_the_key_is_found(app: Flask) -> None:
    _record(app, 1)
    with app.app_context(), db.transaction() as session:
        head = session.get_one(AuditHead, 0)
        forged = AuditEvent(
            chain=0, sequence=2, recorded_at=db.now(session), actor_kind="staff", actor_id="1", action="x",
            detail={}, previous=head.digest, digest="0" * 64,
        )  # fmt: skip
        session.add(forged)
        head.sequence, head.digest = 2, forged.digest

    with app.app_context(), db.reading() as session:
        assert len(parts_of(app).trail.verify(session).breaks) == 1


def test_an_event_goes_with_its_transaction(app: Flask) -> None:
    trail = parts_of(app).trail

    with app.app_context():
        with pytest.raises(ZeroDivisionError), db.transaction() as session:
            trail.record(session, Entry(SYSTEM, "x"))
            _ = 1 / 0
        with db.reading() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0
