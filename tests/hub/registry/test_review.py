"""What an officer's verdicts do, alone and at once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import intake, review, tasks, worklist
from hub.registry.operations import FourEyes, State
from hub.registry.review import Comparison, Verdict
from hub.registry.tables import DistinctPair, LinkageDecision, LinkEvent, ReviewTask, SourceIdentity
from hub.registry.tasks import Task, TaskKind, TaskState
from hub.registry.values import Intake
from hub.registry.worklist import Filter
from identity.decision import Outcome
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import (
    INS_ONE,
    INS_TWO,
    PAUL,
    SOLENE,
    at_once,
    doubtful_pair,
    incoming,
    open_tasks,
    qualified,
    rivals,
    rows,
    send,
    settle,
    stored,
)


def compare(app: Flask, task: Task) -> Comparison:
    with app.app_context(), db.reading() as session:
        return review.compare(session, task.id, parts_of(app).registrar.model)


def add_task(app: Flask, left: int, right: int, kind: TaskKind = TaskKind.DUPLICATE) -> Task:
    """Open a task between two identities whatever the matching thinks of them."""
    with app.app_context(), db.transaction() as session:
        tasks._open(session, kind, (left, right), 1.0, ["score-review"], {})
    return next(task for task in open_tasks(app) if {task.left.id, task.right.id} == {left, right})


def test_same_puts_both_identities_in_the_person_that_is_oldest(app: Flask) -> None:
    pair = doubtful_pair(app)

    task = settle(app, pair.task, TaskState.SAME, "  Livret de famille vu  ", officer=12)

    left, right = stored(app, pair.left), stored(app, pair.right)
    assert left.person_id == right.person_id == pair.right.identity.person_id
    assert (task.state, task.decided_by, task.comment) == (TaskState.SAME, 12, "Livret de famille vu")
    assert rows(app, AuditEvent)[-1].action == "review.decide"


def test_the_person_of_best_status_stays(app: Flask) -> None:
    old = send(app, incoming(make_structure(app)))
    sure = send(app, qualified(make_structure(app), "Q-1", replace(SOLENE, given_names=("MARINE",)), INS_ONE))
    (task,) = open_tasks(app)

    settle(app, task, TaskState.SAME)

    assert stored(app, old).person_id == sure.identity.person_id


def test_link_events_lead_back_to_the_former_person(app: Flask) -> None:
    pair = doubtful_pair(app)

    settle(app, pair.task, TaskState.SAME)

    event = rows(app, LinkEvent, LinkEvent.source_identity_id == pair.left.identity.id)[-1]
    decision = rows(app, LinkageDecision, LinkageDecision.id == event.decision_id)[0]
    assert event.from_person_id == pair.left.identity.person_id
    assert decision.explanation["task"] == pair.task.id
    assert decision.explanation["comment"] == "Pièces vérifiées"


def test_different_is_never_proposed_again(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.DIFFERENT)
    identity = stored(app, pair.left)

    changed = send(
        app,
        replace(
            incoming(make_structure(app), identity.value, replace(identity.traits, used_name="DUMAS")),
            organization_id=identity.organization_id,
            domain=identity.domain,
        ),
    )

    assert changed.decision is not None
    assert changed.decision.outcome is Outcome.NEW
    assert open_tasks(app) == []
    assert stored(app, pair.left).person_id != stored(app, pair.right).person_id


def test_two_persons_told_apart_are_not_joined_through_a_third(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.DIFFERENT)
    third = send(app, incoming(make_structure(app), "C-1"))
    task = add_task(app, third.identity.id, pair.left.identity.id)

    assert third.identity.person_id == pair.right.identity.person_id
    assert compare(app, task).obstacle
    with pytest.raises(Conflict):
        settle(app, task, TaskState.SAME)


def test_two_qualified_ins_are_never_put_together(app: Flask) -> None:
    one = send(app, qualified(make_structure(app), "1", SOLENE, INS_ONE))
    two = send(app, qualified(make_structure(app), "2", SOLENE, INS_TWO))
    (task,) = open_tasks(app)

    with pytest.raises(Conflict):
        settle(app, task, TaskState.SAME)

    assert stored(app, one).person_id != stored(app, two).person_id
    assert open_tasks(app)[0].version == task.version


@pytest.mark.parametrize("comment", ["", "   \n", "x" * 1001], ids=["none", "blank", "too long"])
def test_a_verdict_needs_a_reason(app: Flask, comment: str) -> None:
    pair = doubtful_pair(app)

    with pytest.raises(Invalid) as error:
        settle(app, pair.task, TaskState.SAME, comment)

    assert error.value.field == "comment"


def test_an_unknown_task_is_not_found(app: Flask) -> None:
    pair = doubtful_pair(app)

    with pytest.raises(NotFound):
        settle(app, replace(pair.task, id=999), TaskState.SAME)


def test_a_verdict_on_an_identity_that_changed_meanwhile_comes_too_late(app: Flask) -> None:
    pair = doubtful_pair(app)
    left = stored(app, pair.left)
    changed = replace(
        incoming(make_structure(app), left.value, replace(left.traits, phone="+33639980077")),
        organization_id=left.organization_id,
        domain=left.domain,
    )

    send(app, changed)

    with pytest.raises(Conflict):
        settle(app, pair.task, TaskState.SAME)


def test_a_verdict_on_a_person_that_grew_meanwhile_comes_too_late(app: Flask) -> None:
    pair = doubtful_pair(app)
    other = send(app, incoming(make_structure(app), "C-1", PAUL))
    seen = add_task(app, other.identity.id, pair.right.identity.id)

    settle(app, pair.task, TaskState.SAME)

    with pytest.raises(Conflict):
        settle(app, seen, TaskState.SAME)


def test_same_answers_the_other_tasks_inside_the_person(app: Flask) -> None:
    pair = doubtful_pair(app)
    third = send(app, incoming(make_structure(app), "C-1"))
    add_task(app, pair.left.identity.id, third.identity.id)

    settle(app, open_tasks(app)[0], TaskState.SAME)

    assert open_tasks(app) == []
    assert {row.state for row in rows(app, ReviewTask)} == {"same"}


def test_different_parts_identities_already_put_together(app: Flask) -> None:
    first = send(app, incoming(make_structure(app)))
    second = send(app, incoming(make_structure(app), "B-1"))
    task = add_task(app, second.identity.id, first.identity.id)

    settle(app, task, TaskState.DIFFERENT)

    assert stored(app, second).person_id != stored(app, first).person_id
    assert rows(app, LinkEvent)[-1].from_person_id == first.identity.person_id
    assert len(rows(app, DistinctPair)) == 1


def test_one_of_two_officers_wins(app: Flask) -> None:
    pair = doubtful_pair(app)

    outcomes = at_once(
        app,
        lambda: settle(app, pair.task, TaskState.SAME, officer=1),
        lambda: settle(app, pair.task, TaskState.DIFFERENT, officer=2),
    )

    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Task)]
    assert [type(outcome) for outcome in outcomes if outcome is not won] == [Conflict]
    together = stored(app, pair.left).person_id == stored(app, pair.right).person_id
    assert together is (won.state is TaskState.SAME)
    assert bool(rows(app, DistinctPair)) is not together


def test_opposite_merges_at_once_leave_no_cycle(app: Flask) -> None:
    people = [
        send(app, incoming(make_structure(app), f"P-{number}", replace(PAUL, birth_name=name)))
        for number, name in enumerate(["KERVADEC", "LEMOINE", "TANGUY", "ROUDAUT"])
    ]
    ids = [result.identity.id for result in people]
    ring = [add_task(app, left, right) for left, right in zip(ids, ids[1:] + ids[:1], strict=True)]

    outcomes = at_once(app, *[lambda task=task: settle(app, task, TaskState.SAME) for task in ring])

    assert all(isinstance(outcome, Task | Conflict) for outcome in outcomes)
    while waiting := open_tasks(app):
        settle(app, waiting[0], TaskState.SAME)
    assert len({row.person_id for row in rows(app, SourceIdentity)}) == 1


def test_an_arrival_and_a_merge_at_once_leave_nobody_behind(app: Flask) -> None:
    pair = doubtful_pair(app)
    twin = stored(app, pair.left).traits
    arrivals = [incoming(make_structure(app), f"N-{number}", twin) for number in range(4)]

    outcomes = at_once(
        app,
        lambda: settle(app, pair.task, TaskState.SAME),
        *[lambda item=item: send(app, item) for item in arrivals],
    )

    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    living = {row.person_id for row in rows(app, SourceIdentity)}
    assert pair.left.identity.person_id not in living


def held(app: Flask) -> Task:
    """Hold an identity whose traits became those of somebody else."""
    structure = make_structure(app)
    send(app, incoming(structure))
    send(app, incoming(structure, traits=PAUL))
    send(app, incoming(structure, traits=replace(PAUL, phone="+33639980055")))
    return open_tasks(app)[0]


def test_a_changed_identity_is_compared_with_what_it_was_before_it_was_held(app: Flask) -> None:
    comparison = compare(app, held(app))

    assert comparison.left.traits.birth_name == "KERVADEC"
    assert comparison.right.traits == SOLENE
    assert comparison.assessment.veto is not None
    assert comparison.assessment.veto.code != "same-domain"


def test_a_change_found_right_frees_the_identity_and_seeks_its_person(app: Flask) -> None:
    task = held(app)
    known = replace(PAUL, phone="+33639980055")
    other = make_structure(app)
    with_others = send(app, incoming(other, "B-1", known))
    for duplicate in open_tasks(app):
        if duplicate.kind is TaskKind.DUPLICATE:
            assert compare(app, duplicate).obstacle
    task = next(item for item in open_tasks(app) if item.id == task.id)

    settle(app, task, TaskState.SAME)

    identity = rows(app, SourceIdentity, SourceIdentity.id == task.left.id)[0]
    assert identity.held is False
    assert identity.person_id == with_others.identity.person_id


def test_a_change_found_wrong_keeps_the_identity_held_until_it_is_looked_at_again(app: Flask) -> None:
    task = held(app)
    settle(app, task, TaskState.DIFFERENT)
    identity = rows(app, SourceIdentity, SourceIdentity.id == task.left.id)[0]
    back = replace(
        incoming(make_structure(app), identity.value),
        organization_id=identity.organization_id,
        domain=identity.domain,
    )

    send(app, back)

    (again,) = open_tasks(app)
    assert identity.held
    assert again.id == task.id
    assert compare(app, again).left.traits == compare(app, again).right.traits == SOLENE
    settle(app, again, TaskState.SAME)
    assert not rows(app, SourceIdentity, SourceIdentity.id == task.left.id)[0].held


def only_between(app: Flask, one: Intake, others: list[Intake]) -> list[Task]:
    """Return the open tasks of an identity, each with one of these others."""
    ids = {item.identity.id for item in others}
    return [item for item in open_tasks(app) if item.left.id == one.identity.id and item.right.id in ids]


def test_who_is_not_the_nearest_is_compared_with_the_next(app: Flask) -> None:
    one, other, arrived = rivals(app)
    (first,) = only_between(app, arrived, [one, other])
    assert first.kind is TaskKind.MARGIN

    settle(app, first, TaskState.DIFFERENT)

    (second,) = only_between(app, arrived, [one, other])
    assert second.right.id != first.right.id
    assert second.kind is TaskKind.DUPLICATE  # one is left, and it is not linked without an officer
    assert stored(app, arrived).person_id == arrived.identity.person_id

    settle(app, second, TaskState.DIFFERENT)
    assert only_between(app, arrived, [one, other]) == []


def test_a_ruling_that_ran_out_is_asked_about_again(app: Flask) -> None:
    one, other, arrived = rivals(app)
    (first,) = only_between(app, arrived, [one, other])
    settle(app, first, TaskState.DIFFERENT)
    (second,) = only_between(app, arrived, [one, other])
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(DistinctPair).values(expires_at=datetime(2020, 1, 1, tzinfo=UTC)))

    settle(app, second, TaskState.DIFFERENT)

    (again,) = only_between(app, arrived, [one, other])
    assert again.id == first.id


def test_the_rival_of_a_merge_that_a_rule_keeps_apart_is_not_asked_about(app: Flask) -> None:
    one, other, arrived = rivals(app)
    (task,) = only_between(app, arrived, [one, other])

    settle(app, task, TaskState.SAME)

    assert only_between(app, arrived, [one, other]) == []


@pytest.mark.parametrize("four_eyes", list(FourEyes))
def test_a_merge_asks_about_the_next_candidate_once_it_is_done(app: Flask, four_eyes: FourEyes) -> None:
    one, other, arrived = rivals(app)
    slip = send(app, incoming(make_structure(app), "S-1", replace(SOLENE, given_names=("SOLANE", "MARTHE"))))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.delete(ReviewTask))  # never asked
    task = add_task(app, arrived.identity.id, slip.identity.id)
    verdict = Verdict(task_id=task.id, version=task.version, state=TaskState.SAME, comment="Pièces vues", staff_id=7)

    with app.app_context(), db.transaction() as session:
        registrar = replace(parts_of(app).registrar, four_eyes=four_eyes)
        settled = intake.settle(session, verdict, registrar, SYSTEM)
    if four_eyes is not FourEyes.NONE and settled.operation and settled.operation.state is State.PROPOSED:
        assert settled.next_task is None
        assert only_between(app, arrived, [one, other]) == []
        with app.app_context(), db.transaction() as session:
            intake.approve(session, settled.operation.id, 8, registrar, SYSTEM)

    (following,) = only_between(app, arrived, [one, other])
    assert following.state is TaskState.OPEN
    assert stored(app, arrived).person_id == stored(app, slip).person_id


def test_tasks_come_by_risk_then_age(app: Flask) -> None:
    people = [send(app, incoming(make_structure(app), f"P-{n}", replace(PAUL, birth_name=name))) for n, name in
              enumerate(["KERVADEC", "LEMOINE", "TANGUY"])]  # fmt: skip
    ids = [result.identity.id for result in people]
    low = add_task(app, ids[0], ids[1])
    high = add_task(app, ids[1], ids[2], TaskKind.COLLISION)
    later = add_task(app, ids[0], ids[2])

    with app.app_context(), db.reading() as session:
        assert [task.id for task in worklist.listed(session, Filter(), 1)] == [high.id, low.id, later.id]
        assert worklist.next_to_do(session, 7, Filter()) == high.id
        assert worklist.count_open(session) == 3
