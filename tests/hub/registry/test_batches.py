"""A batch decides as its identities would one by one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.registry import intake
from hub.registry.tables import LinkageDecision, LinkEvent, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskState
from hub.registry.values import IncomingIdentity, Intake
from identity.status import Attribute
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import INS_ONE, PAUL, SOLENE, incoming, qualified, rows, send

_TWIN = replace(SOLENE, given_names=("MARINE", "MARTHE"), phone=None)


class _Undone(Exception):
    pass


def _mixed(app: Flask) -> list[IncomingIdentity]:
    """A batch whose lines link to earlier ones, to known ones, change known ones, or go to review."""
    first, second, third = make_structure(app), make_structure(app), make_structure(app)
    known = send(app, incoming(first, "known", PAUL))
    return [
        incoming(first, "1"),
        incoming(second, "1"),
        incoming(third, "twin", _TWIN),
        incoming(second, "paul", replace(PAUL, phone="+33639980009")),
        incoming(first, "known", replace(PAUL, used_name="LE GOFF")),
        incoming(third, "paul", replace(PAUL, birth_name="KERVADECK")),
        incoming(second, "apart", PAUL, told_apart=frozenset({known.identity.person_id})),
        incoming(third, "old", active=False),
        incoming(third, "test", attributes=frozenset({Attribute.FICTITIOUS})),
        qualified(third, "sure", SOLENE, INS_ONE),
        incoming(second, "1", replace(SOLENE, birth_place=None)),
        incoming(first, "gone", PAUL, active=False, replaced_by="1"),
        incoming(third, "last"),
    ]


def _told(results: Sequence[Intake]) -> list[Any]:
    """Tell what was decided with the numbers of the identities in place of ids, which differ from run to run."""
    names: dict[str, str] = {}
    people: dict[int, str] = {}
    lines = []
    for result in results:
        item = result.identity
        names[str(item.id)] = f"{item.domain}|{item.value}"
        person = people.setdefault(item.person_id, names[str(item.id)])
        decision = result.decision
        # By person, in the order of their names: between records as near as each other, ids decide.
        considered = sorted(
            (people.get(int(near.person_id), "known"), near.score.total)
            for near in (decision.considered if decision else ())
        )
        told = (decision.outcome, [reason.code for reason in decision.reasons], considered) if decision else None
        lines.append((names[str(item.id)], person, item.version, item.held, result.created, result.changed, told))
    return lines


def _tried(app: Flask, batch: Sequence[IncomingIdentity], *, together: bool) -> tuple[list[Any], dict[str, int]]:
    """Receive, tell what came of it, and undo it."""
    tables = (SourceIdentity, LinkageDecision, LinkEvent, ReviewTask)
    try:
        with app.app_context(), db.transaction() as session:
            registrar = parts_of(app).registrar
            if together:
                results = intake.receive_all(session, batch, registrar, SYSTEM)
            else:
                results = [intake.receive(session, item, registrar, SYSTEM) for item in batch]
            told = _told(results), {table.__tablename__: session.query(table).count() for table in tables}
            raise _Undone
    except _Undone:
        return told


def test_a_batch_decides_as_its_identities_one_by_one(app: Flask) -> None:
    batch = _mixed(app)

    together, alone = _tried(app, batch, together=True), _tried(app, batch, together=False)

    assert together == alone
    outcomes = {line[-1][0] for line in together[0] if line[-1]}
    assert outcomes == {"new", "link", "review"}


def test_a_line_joins_the_person_of_an_earlier_line(app: Flask) -> None:
    batch = [incoming(make_structure(app)), incoming(make_structure(app))]

    with app.app_context(), db.transaction() as session:
        first, second = intake.receive_all(session, batch, parts_of(app).registrar, SYSTEM)

    assert first.identity.person_id == second.identity.person_id
    assert [row.person_id for row in rows(app, SourceIdentity)] == [first.identity.person_id] * 2
    assert [row.from_person_id for row in rows(app, LinkEvent)] == [None, None]


def test_a_doubtful_line_opens_a_task_about_an_earlier_line(app: Flask) -> None:
    batch = [incoming(make_structure(app)), incoming(make_structure(app), "B-1", _TWIN)]

    with app.app_context(), db.transaction() as session:
        first, second = intake.receive_all(session, batch, parts_of(app).registrar, SYSTEM)

    (task,) = rows(app, ReviewTask)
    assert (task.source_identity_id, task.candidate_identity_id) == (second.identity.id, first.identity.id)
    assert (task.state, task.version) == (TaskState.OPEN, 1)


def test_the_same_number_twice_in_a_batch_is_created_then_changed(app: Flask) -> None:
    structure = make_structure(app)
    batch = [incoming(structure), incoming(structure, traits=replace(SOLENE, used_name="DUMAS"))]

    with app.app_context(), db.transaction() as session:
        first, second = intake.receive_all(session, batch, parts_of(app).registrar, SYSTEM)

    assert (first.created, second.created, second.changed) == (True, False, True)
    assert [row.used_name for row in rows(app, SourceIdentity)] == ["DUMAS"]
