"""Identities received: created, linked or sent to review, updated, held."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.errors import Conflict
from hub.registry import intake, links, memory, review
from hub.registry.tables import (
    LinkageDecision,
    LinkEvent,
    ReviewTask,
    SourceIdentity,
    SourceIdentityRevision,
)
from hub.registry.tasks import TaskKind, TaskState
from hub.registry.values import IncomingIdentity
from identity.decision import Outcome
from identity.status import Attribute, IdentityStatus
from identity.traits import BirthDate, Sex, Traits
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
    rows,
    send,
    settle,
    stored,
)


def test_an_unknown_identity_makes_a_new_person_and_says_why(app: Flask) -> None:
    result = send(app, incoming(make_structure(app)))

    (decision,) = rows(app, LinkageDecision)
    assert result.created
    assert decision.outcome == Outcome.NEW
    assert decision.explanation["reasons"][0]["code"] == "no-match"
    assert [event.action for event in rows(app, AuditEvent)] == ["identity.create"]


def test_the_same_patient_of_another_structure_joins_the_person(app: Flask) -> None:
    first = send(app, incoming(make_structure(app)))

    second = send(app, incoming(make_structure(app), "B-1"))

    kept = rows(app, LinkageDecision)[-1]
    assert second.identity.person_id == first.identity.person_id
    assert kept.outcome == Outcome.LINK
    (considered,) = kept.explanation["considered"]
    terms = sum(term["bits"] for term in considered["contributions"])
    assert considered["score"] == kept.score == terms + parts_of(app).model.shipped.prior


def test_a_possible_twin_goes_to_review_with_the_reason(app: Flask) -> None:
    pair = doubtful_pair(app)

    assert pair.left.identity.person_id != pair.right.identity.person_id
    assert pair.task.kind is TaskKind.DUPLICATE
    assert "twins" in pair.task.reasons
    assert rows(app, LinkageDecision)[-1].outcome == Outcome.REVIEW


def test_the_same_number_twice_changes_nothing(app: Flask) -> None:
    item = incoming(make_structure(app))
    send(app, item)

    again = send(app, item)

    assert (again.created, again.changed) == (False, False)
    assert len(rows(app, SourceIdentity)) == len(rows(app, AuditEvent)) == 1


def test_a_number_of_another_structure_is_refused(app: Flask) -> None:
    owner, other = make_structure(app), make_structure(app)
    send(app, incoming(owner))

    with pytest.raises(Conflict):
        send(app, incoming(owner, organization_id=other.id))


def test_threads_that_create_one_number_make_one_identity(app: Flask) -> None:
    item = incoming(make_structure(app))

    results = at_once(app, *[lambda: send(app, item)] * 6)

    assert sum(result.created for result in results) == 1
    assert len(rows(app, SourceIdentity)) == 1


def test_structures_that_send_one_new_patient_at_once_make_one_person(app: Flask) -> None:
    items = [incoming(make_structure(app), f"N-{number}") for number in range(5)]

    results = at_once(app, *[lambda item=item: send(app, item) for item in items])

    assert len({result.identity.person_id for result in results}) == 1


def test_an_intake_holds_the_locks_of_whoever_touches_the_same_number_or_date(app: Flask) -> None:
    item = incoming(make_structure(app))
    named = [links.number_lock(item.domain, item.value), links.birth_lock("1984-05-17")]
    held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
    with app.app_context(), db.transaction() as session:
        if not db.is_postgresql(session):
            return  # a transaction is alone there
        intake.receive(session, item, parts_of(app).registrar, SYSTEM)
        before = session.scalar(held)
        db.lock_all(session, named, shared=[links.LOCK])

        assert before == session.scalar(held) == 3


def test_crossed_batches_never_wait_for_each_other(app: Flask) -> None:
    structure = make_structure(app)
    one, two = incoming(structure, "1"), incoming(structure, "2", PAUL)

    def load(*batch: IncomingIdentity) -> int:
        with app.app_context(), db.transaction() as session:
            return len(intake.receive_all(session, list(batch), parts_of(app).registrar, SYSTEM))

    assert at_once(app, lambda: load(one, two), lambda: load(two, one), lambda: load(one, two)) == [2, 2, 2]
    assert len(rows(app, SourceIdentity)) == 2


def test_an_update_keeps_what_was_before(app: Flask) -> None:
    structure = make_structure(app)
    send(app, incoming(structure))

    result = send(app, incoming(structure, traits=replace(SOLENE, used_name="DUMAS")))

    (revision,) = rows(app, SourceIdentityRevision)
    assert (revision.version, revision.content["used_name"], revision.channel) == (1, None, "fhir")
    assert stored(app, result).version == 2


@pytest.mark.parametrize(
    "change",
    [
        {"used_name": "DUMAS"},
        {"birth_name": "BAUDRILLART"},
        {"birth_place": None},
        {"birth_date": BirthDate(1984, 5, 18)},
        {"phone": "+33639980009"},
    ],
    ids=["used name", "slip", "place dropped", "day", "phone"],
)
def test_a_correction_does_not_hold_the_identity(app: Flask, change: dict[str, object]) -> None:
    structure = make_structure(app)
    send(app, incoming(structure))

    result = send(app, incoming(structure, traits=replace(SOLENE, **change)))

    assert not stored(app, result).held
    assert open_tasks(app) == []


def test_a_poor_identity_that_is_completed_is_not_held(app: Flask) -> None:
    structure = make_structure(app)
    poor = replace(PAUL, birth_place=None, given_names=())
    send(app, incoming(structure, traits=poor))

    result = send(app, incoming(structure, traits=PAUL))

    assert not stored(app, result).held


NOBODY = replace(SOLENE, birth_name="INCONNU", given_names=("INCONNU",), birth_date=None, birth_place=None)


@pytest.mark.parametrize("after", [PAUL, NOBODY], ids=["somebody else", "emptied"])
def test_a_large_change_holds_the_identity_and_opens_a_task(app: Flask, after: Traits) -> None:
    structure = make_structure(app)
    send(app, incoming(structure))

    result = send(app, incoming(structure, traits=after))

    (task,) = open_tasks(app)
    assert stored(app, result).held
    assert task.kind is TaskKind.CHANGED
    assert "traits-changed" in task.reasons


@pytest.mark.parametrize(
    ("silence", "after"),
    [
        pytest.param(NOBODY, replace(PAUL, phone=SOLENE.phone), id="emptied"),
        pytest.param(
            replace(SOLENE, birth_date=None),
            replace(SOLENE, birth_date=BirthDate(1951, 3, 30)),
            id="no date",
        ),
        pytest.param(replace(SOLENE, given_names=()), replace(SOLENE, given_names=("LUCIE",)), id="no given name"),
    ],
)
def test_a_number_used_again_is_compared_with_what_it_last_told(app: Flask, silence: Traits, after: Traits) -> None:
    first, second = make_structure(app), make_structure(app)
    known = send(app, incoming(first))
    send(app, incoming(second, "B-1"))

    send(app, incoming(second, "B-1", silence))
    changed = send(app, incoming(second, "B-1", after))

    now = stored(app, changed)
    assert now.held
    assert now.person_id != known.identity.person_id
    (task,) = [task for task in open_tasks(app) if task.kind is TaskKind.CHANGED]
    with app.app_context(), db.reading() as session:
        shown = review.compare(session, task.id, parts_of(app).registrar.model)
    assert shown.left.traits == after
    assert memory.silent(shown.right.traits) <= memory.silent(SOLENE)


def test_another_matricule_after_a_silence_holds(app: Flask) -> None:
    structure = make_structure(app)
    send(app, qualified(structure, "1", SOLENE, INS_ONE))
    send(app, incoming(structure, traits=SOLENE))

    changed = send(app, qualified(structure, "1", SOLENE, INS_TWO))

    assert stored(app, changed).held


def test_what_was_told_before_an_officer_settled_is_forgotten(app: Flask) -> None:
    structure = make_structure(app)
    send(app, incoming(structure))
    changed = send(app, incoming(structure, traits=PAUL))
    settle(app, open_tasks(app)[0], TaskState.SAME)

    send(app, incoming(structure, traits=replace(PAUL, birth_date=None)))
    send(app, incoming(structure, traits=PAUL))

    assert not stored(app, changed).held


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({"birth_date": BirthDate(1984, 5, 27), "birth_place": "29019"}, id="day and place"),
        pytest.param({"birth_date": BirthDate(1985, 5, 17), "sex": Sex.MALE}, id="year and sex"),
    ],
)
def test_two_strict_traits_at_once_hold_the_identity(app: Flask, after: dict[str, object]) -> None:
    first, second = make_structure(app), make_structure(app)
    known = send(app, incoming(first))
    send(app, incoming(second, "B-1"))

    changed = send(app, incoming(second, "B-1", replace(SOLENE, **after)))

    now = stored(app, changed)
    assert now.held
    assert now.person_id != known.identity.person_id


def test_small_changes_one_after_another_end_with_somebody_else(app: Flask) -> None:
    first, second = make_structure(app), make_structure(app)
    known = send(app, incoming(first))
    send(app, incoming(second, "B-1"))

    moved = replace(SOLENE, birth_place="29019")

    send(app, incoming(second, "B-1", moved))
    changed = send(app, incoming(second, "B-1", replace(moved, birth_date=BirthDate(1984, 5, 27))))

    assert stored(app, changed).person_id != known.identity.person_id
    assert TaskKind.DUPLICATE in {task.kind for task in open_tasks(app)}


def test_an_identity_that_becomes_somebody_else_leaves_its_company(app: Flask) -> None:
    first, second = make_structure(app), make_structure(app)
    known = send(app, incoming(first))
    send(app, incoming(second, "B-1"))

    changed = send(app, incoming(second, "B-1", PAUL))

    assert stored(app, changed).person_id != known.identity.person_id
    event = rows(app, LinkEvent)[-1]
    assert event.from_person_id == known.identity.person_id
    assert {task.kind for task in open_tasks(app)} == {TaskKind.CHANGED, TaskKind.DUPLICATE}


def test_nobody_joins_a_person_whose_identity_is_held(app: Flask) -> None:
    structure = make_structure(app)
    send(app, incoming(structure))
    held = send(app, incoming(structure, traits=PAUL))

    arrived = send(app, incoming(make_structure(app), "B-1", PAUL))

    assert arrived.decision is not None
    assert arrived.decision.outcome is Outcome.REVIEW
    assert arrived.identity.person_id != held.identity.person_id


def test_what_an_officer_linked_stays_linked_when_its_status_rises(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.SAME)
    identity = stored(app, pair.left)
    item = incoming(
        make_structure(app),
        traits=identity.traits,
        organization_id=identity.organization_id,
        domain=identity.domain,
        status=IdentityStatus.VALIDATED,
    )

    send(app, replace(item, value=identity.value))

    assert stored(app, pair.left).person_id == stored(app, pair.right).person_id


def test_an_ins_that_contradicts_the_others_parts_the_identity(app: Flask) -> None:
    first, second = make_structure(app), make_structure(app)
    known = send(app, qualified(first, "1", SOLENE, INS_ONE))
    send(app, incoming(second, "B-1"))

    changed = send(app, qualified(second, "B-1", SOLENE, INS_TWO))

    assert stored(app, changed).person_id != known.identity.person_id
    assert "ins-conflict" in open_tasks(app)[0].reasons


def test_an_inactive_or_fictitious_identity_is_neither_linked_nor_found(app: Flask) -> None:
    structure, other = make_structure(app), make_structure(app)
    send(app, incoming(structure, "old", active=False))
    send(app, incoming(structure, "test", attributes=frozenset({Attribute.FICTITIOUS})))

    result = send(app, incoming(other))

    assert result.decision is not None
    assert result.decision.outcome is Outcome.NEW
    filed = rows(app, SourceIdentity, SourceIdentity.blocking_keys.is_not(None))
    assert [row.id for row in filed] == [result.identity.id]
    assert rows(app, ReviewTask) == []


@pytest.mark.parametrize("meanwhile", [PAUL, replace(SOLENE, given_names=("SIMONE",))], ids=["another", "a twin"])
def test_a_number_put_away_and_given_to_somebody_else_does_not_come_back_as_who_it_was(
    app: Flask, meanwhile: Traits
) -> None:
    structure = make_structure(app)
    former = send(app, incoming(structure, "A"))
    companion = send(app, incoming(make_structure(app), "B"))
    for traits in (SOLENE, meanwhile):
        send(app, incoming(structure, "A", traits, active=False))

    send(app, incoming(structure, "A", meanwhile))

    now = stored(app, former)
    assert stored(app, companion).person_id == companion.identity.person_id == former.identity.person_id
    assert (now.person_id != former.identity.person_id, now.held) == (True, True)
    assert TaskKind.CHANGED in {task.kind for task in open_tasks(app)}


def test_a_number_put_away_comes_back_to_its_person_when_nothing_changed(app: Flask) -> None:
    structure = make_structure(app)
    former = send(app, incoming(structure, "A"))
    send(app, incoming(make_structure(app), "B"))
    send(app, incoming(structure, "A", active=False))

    send(app, incoming(structure, "A"))

    assert (stored(app, former).person_id, stored(app, former).held) == (former.identity.person_id, False)
    assert open_tasks(app) == []


def test_who_comes_back_to_a_person_that_became_somebody_else_leaves_it(app: Flask) -> None:
    structure, other = make_structure(app), make_structure(app)
    first = send(app, incoming(structure, "A"))
    away = send(app, incoming(other, "B"))
    send(app, incoming(other, "B", active=False))
    send(app, incoming(structure, "A", PAUL))
    settle(app, next(task for task in open_tasks(app) if task.kind is TaskKind.CHANGED), TaskState.SAME)

    send(app, incoming(other, "B"))

    assert stored(app, away).person_id != stored(app, first).person_id


def test_an_identity_alone_joins_the_person_it_is_corrected_into(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    structure = make_structure(app)
    vague = replace(SOLENE, birth_date=None, address=None, phone=None, birth_place=None)
    former = send(app, incoming(structure, "B-1", vague))

    corrected = send(app, incoming(structure, "B-1"))

    assert former.identity.person_id != known.identity.person_id
    assert stored(app, corrected).person_id == known.identity.person_id
    event = rows(app, LinkEvent)[-1]
    assert (event.from_person_id, event.to_person_id) == (former.identity.person_id, known.identity.person_id)


def test_a_choice_of_a_person_that_is_no_more_is_refused(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.SAME)
    absorbed = pair.left.identity.person_id
    item = incoming(make_structure(app), "C-1")

    with pytest.raises(Conflict), app.app_context(), db.transaction() as session:
        intake.link_by_choice(session, item, absorbed, parts_of(app).registrar, SYSTEM)


def test_a_person_set_aside_at_creation_is_never_linked_by_itself(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    would_link = send(app, incoming(make_structure(app)))

    apart = frozenset({known.identity.person_id})
    result = send(app, incoming(make_structure(app), told_apart=apart))

    assert would_link.identity.person_id == known.identity.person_id
    assert result.identity.person_id != known.identity.person_id
    assert result.decision is not None
    assert result.decision.outcome is Outcome.REVIEW
    assert [task.reasons for task in open_tasks(app)] == [("told-apart",)]
