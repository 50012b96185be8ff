"""Two people in one person, one INS on two persons: what is held, asked, and never undone by the matching."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.errors import Conflict, Invalid
from hub.registry import collisions, distinct, intake, operations
from hub.registry.collisions import Found
from hub.registry.distinct import Relation
from hub.registry.intake import Registrar
from hub.registry.operations import FourEyes, State
from hub.registry.review import Settled, Verdict
from hub.registry.tables import DistinctPair, SourceIdentity
from hub.registry.tasks import Task, TaskKind, TaskState
from tests.factories import make_structure, parts_of
from tests.hub.registry import regions
from tests.hub.registry.people import (
    INS_ONE,
    INS_TWO,
    PAUL,
    SOLENE,
    incoming,
    open_tasks,
    qualified,
    rows,
    send,
    settle,
)

MARINE = replace(SOLENE, given_names=("MARINE", "MARTHE"), phone=None)


class Pair:
    """An identity of each of two structures that look alike, and the task about them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.known_at, self.arrived_at = make_structure(app), make_structure(app, "Clinique du Parc")
        self.known = send(app, incoming(self.known_at)).identity.id
        self.arrived = send(app, incoming(self.arrived_at, "B-1", MARINE)).identity.id
        (self.task,) = open_tasks(app)

    def row(self, identity_id: int) -> SourceIdentity:
        (row,) = rows(self.app, SourceIdentity, SourceIdentity.id == identity_id)
        assert isinstance(row, SourceIdentity)
        return row

    def persons(self) -> tuple[int, int]:
        return self.row(self.known).person_id, self.row(self.arrived).person_id

    def held(self) -> tuple[bool, bool]:
        return self.row(self.known).held, self.row(self.arrived).held


@pytest.fixture
def pair(app: Flask) -> Pair:
    return Pair(app)


def _verdict(app: Flask, verdict: Verdict, four_eyes: FourEyes = FourEyes.NONE) -> Settled:
    parts = parts_of(app)
    with app.app_context(), db.transaction() as session:
        registrar = Registrar(parts.model.shipped, parts.trail, four_eyes)
        return intake.settle(session, verdict, registrar, SYSTEM)


def _different(task: Task, **more: object) -> Verdict:
    return Verdict(
        task_id=task.id,
        version=task.version,
        state=TaskState.DIFFERENT,
        comment="Deux patients",
        staff_id=7,
        **more,  # type: ignore[arg-type]
    )


def _task(app: Flask, kind: TaskKind) -> Task:
    (task,) = (task for task in open_tasks(app) if task.kind is kind)
    return task


def _check(app: Flask) -> Found:
    with app.app_context():
        return collisions.check(lambda: parts_of(app).registrar, SYSTEM, lambda found: None)


def _become_another(app: Flask, pair: Pair) -> None:
    """Let an identity that an officer put with another one become somebody else's."""
    settle(app, pair.task, TaskState.SAME)
    send(app, incoming(pair.arrived_at, "B-1", PAUL))


def test_what_an_officer_put_together_is_held_and_asked_not_parted(app: Flask, pair: Pair) -> None:
    _become_another(app, pair)

    assert len(set(pair.persons())) == 1
    assert pair.held() == (True, True)
    assert {task.kind for task in open_tasks(app)} == {TaskKind.COLLISION, TaskKind.CHANGED}


def test_a_collision_is_split_by_the_officer_and_only_the_changed_side_stays_held(app: Flask, pair: Pair) -> None:
    _become_another(app, pair)

    settled = _verdict(app, _different(_task(app, TaskKind.COLLISION)))

    assert settled.operation is not None
    assert len(set(pair.persons())) == 2
    assert pair.held() == (False, True)
    assert [task.kind for task in open_tasks(app)] == [TaskKind.CHANGED]
    assert len(rows(app, DistinctPair)) == 1


def test_a_split_that_is_undone_asks_again_and_holds_again(app: Flask, pair: Pair) -> None:
    _become_another(app, pair)
    settled = _verdict(app, _different(_task(app, TaskKind.COLLISION)))
    assert settled.operation is not None

    regions.undo(app, settled.operation)

    assert len(set(pair.persons())) == 1
    assert pair.held() == (True, True)
    assert TaskKind.COLLISION in {task.kind for task in open_tasks(app)}
    assert rows(app, DistinctPair) == []


def test_one_person_after_all_lifts_the_doubt(app: Flask, pair: Pair) -> None:
    _become_another(app, pair)

    settle(app, _task(app, TaskKind.CHANGED), TaskState.SAME)
    settle(app, _task(app, TaskKind.COLLISION), TaskState.SAME)

    assert pair.held() == (False, False)
    assert len(set(pair.persons())) == 1
    assert _check(app).collisions == 0


def test_who_leaves_a_collision_is_one_side_of_it(app: Flask, pair: Pair) -> None:
    _become_another(app, pair)
    task = _task(app, TaskKind.COLLISION)

    with pytest.raises(Invalid, match="une des deux"):
        _verdict(app, _different(task, leaving=frozenset({pair.known, pair.arrived})))

    assert pair.held() == (True, True)


def test_a_second_officer_confirms_before_anything_moves(app: Flask, pair: Pair) -> None:
    _become_another(app, pair)
    task = _task(app, TaskKind.COLLISION)

    proposed = _verdict(app, _different(task), FourEyes.ALL).operation

    assert proposed is not None
    assert proposed.state is State.PROPOSED
    assert len(set(pair.persons())) == 1
    assert pair.held() == (True, True)
    with pytest.raises(Conflict, match="déjà été traitée"):
        _verdict(app, _different(task), FourEyes.ALL)
    parts = parts_of(app)
    with pytest.raises(Conflict, match="un autre agent"), app.app_context(), db.transaction() as session:
        operations.approve(session, proposed.id, 7, parts.trail, SYSTEM)
    with app.app_context(), db.transaction() as session:
        operations.approve(session, proposed.id, 8, parts.trail, SYSTEM)
    assert len(set(pair.persons())) == 2
    assert TaskKind.COLLISION not in {task.kind for task in open_tasks(app)}


def test_a_proposal_on_what_has_changed_is_refused_and_says_what(app: Flask, pair: Pair) -> None:
    same = Verdict(task_id=pair.task.id, version=pair.task.version, state=TaskState.SAME, comment="Vu", staff_id=7)
    proposed = _verdict(app, same, FourEyes.ALL).operation
    assert proposed is not None
    send(app, incoming(pair.known_at, traits=replace(SOLENE, phone="+33639980009")))

    parts = parts_of(app)
    with pytest.raises(operations.Changed) as caught, app.app_context(), db.transaction() as session:
        operations.approve(session, proposed.id, 8, parts.trail, SYSTEM)

    assert caught.value.changes == (f"l'identité n° {pair.known} a changé.",)
    with app.app_context(), db.transaction() as session:
        operations.refuse(session, proposed.id, 8, "À relire", parts.trail, SYSTEM)
    assert [task.id for task in open_tasks(app)] == [pair.task.id]


def test_twins_told_apart_are_not_proposed_again_until_it_expires(app: Flask, pair: Pair) -> None:
    _verdict(app, _different(pair.task, relation=Relation.TWINS, months=1))
    with app.app_context(), db.reading() as session:
        (apart,) = distinct.around(session, [pair.known])
    assert apart.ruling.relation is Relation.TWINS

    send(app, incoming(pair.arrived_at, "B-1", replace(MARINE, phone="+33639980007")))
    assert open_tasks(app) == []

    with app.app_context(), db.transaction() as session:
        row = session.scalars(sa.select(DistinctPair)).one()
        row.expires_at = db.now(session)
    send(app, incoming(pair.arrived_at, "B-1", replace(MARINE, used_name="AUTRE")))
    assert [task.id for task in open_tasks(app)] == [pair.task.id]


def test_what_an_officer_parted_is_not_joined_again_by_the_matching(app: Flask) -> None:
    first, second = make_structure(app), make_structure(app, "Clinique du Parc")
    one = send(app, incoming(first)).identity
    other = send(app, incoming(second, "B-1", SOLENE)).identity
    assert one.person_id == other.person_id

    regions.part(app, one.person_id, [other.id])
    send(app, incoming(second, "B-1", replace(SOLENE, used_name="AUTRE")))

    persons = {row.person_id for row in rows(app, SourceIdentity)}
    assert len(persons) == 2
    (task,) = open_tasks(app)
    assert "automatic-proposal" in task.reasons


def test_the_check_finds_one_ins_on_two_persons_once(app: Flask) -> None:
    structure, other = make_structure(app), make_structure(app, "Clinique du Parc")
    send(app, qualified(structure, "1", SOLENE, INS_ONE))
    stranger = send(app, qualified(other, "2", PAUL, INS_TWO)).identity
    with app.app_context(), db.transaction() as session:
        session.get_one(SourceIdentity, stranger.id).ins_matricule = INS_ONE.matricule

    found = _check(app)

    assert (found.matricules, found.shared) == (1, 1)
    (task,) = open_tasks(app)
    assert "shared-ins" in task.reasons
    assert task.priority == 3
    assert _check(app).shared == 0


def test_the_check_finds_two_people_in_one_person_and_holds_them(app: Flask) -> None:
    one = send(app, incoming(make_structure(app))).identity
    other = send(app, incoming(make_structure(app, "Clinique du Parc"), "2", PAUL)).identity
    with app.app_context(), db.transaction() as session:
        session.get_one(SourceIdentity, other.id).person_id = one.person_id

    found = _check(app)

    assert (found.persons, found.collisions) == (1, 1)
    assert all(row.held for row in rows(app, SourceIdentity))
    assert _check(app).collisions == 0
