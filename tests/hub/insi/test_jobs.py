"""Questions by the worker and by the command: asked once, asked again when nobody answers, never twice decided."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from hub import config, db, worker
from hub.audit.trail import SYSTEM
from hub.db import database
from hub.errors import Conflict, Invalid
from hub.insi import calls, decisions, jobs, verification
from hub.insi.decisions import Decision
from hub.insi.stub import Behaviour, Someone, Stub
from hub.insi.tables import InsiCall
from hub.insi.verification import Scope
from hub.outbox import queue
from hub.outbox.tables import OutboxJob
from hub.registry.tables import ReviewTask, SourceIdentity, StatusChange
from identity.status import Attribute
from tests import live, stories
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import INS_ONE, SOLENE, at_once, incoming, qualified, rows, send, stored
from tests.identity.factories import make_ins, make_traits

SOLENE_AT_INSI = Someone(INS_ONE, "BAUDRILLARD", ("SOLENE", "MARTHE"), "1984-05-17", "F", "69381")


@pytest.fixture
def stub() -> Iterator[Stub]:
    running = Stub([SOLENE_AT_INSI]).start()
    yield running
    running.stop()


@pytest.fixture
def variables(variables: dict[str, str], stub: Stub) -> dict[str, str]:
    return variables | {"HUB_INSI_URL": stub.url, "HUB_INSI_PER_SECOND": "1000", "HUB_INSI_VERIFY_NIGHTLY": "2"}


def open_call(app: Flask, identity_id: int) -> int:
    with app.app_context(), db.transaction() as session:
        return calls.open_call(session, identity_id, parts_of(app).desk, SYSTEM)


def age(app: Flask, by: timedelta) -> None:
    """Make everything older."""
    with app.app_context(), db.transaction() as session:
        for column in (SourceIdentity.created_at, InsiCall.answered_at):
            table = column.class_
            for row in session.scalars(sa.select(table).where(column.is_not(None))):
                setattr(row, column.key, getattr(row, column.key) - by)


def test_the_worker_asks_what_nobody_waited_for(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    open_call(app, known.identity.id)

    stories.work(app, now=True)

    (call,) = rows(app, InsiCall)
    assert (call.kind, call.state, call.code) == ("retrieve", "pending", "00")
    assert stored(app, known).traits.ins is None
    assert {row.state for row in rows(app, OutboxJob)} == {"done"}
    assert INS_ONE.matricule not in str([(row.payload, row.last_error) for row in rows(app, OutboxJob)])


def test_a_question_is_one_row_however_often_it_is_opened(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))

    assert open_call(app, known.identity.id) == open_call(app, known.identity.id)
    assert len(rows(app, OutboxJob)) == 1


def test_a_job_that_runs_twice_asks_once(app: Flask, stub: Stub) -> None:
    known = send(app, incoming(make_structure(app)))
    call_id = open_call(app, known.identity.id)
    with app.app_context():
        calls.ask(call_id, parts_of(app).desk)
        calls.ask(call_id, parts_of(app).desk)

    stories.work(app, now=True)

    assert stub.asked == 1


def test_two_answers_to_one_question_are_one(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    desk = parts_of(app).desk
    call_id = open_call(app, known.identity.id)
    with app.app_context():
        with db.reading() as session:
            question = calls.question_of(session, call_id)
        assert question is not None
        answer = calls.put(question, desk)
        for said in (answer, replace(answer, code=calls.AnswerCode.NOBODY, reported=None)):
            with db.transaction() as session:
                calls.keep(session, question, said, desk)

    (call,) = rows(app, InsiCall)
    assert (call.state, call.code) == ("pending", "00")


def test_a_failure_is_retried_with_patience_then_shown(app: Flask, stub: Stub) -> None:
    stub.people = [replace(SOLENE_AT_INSI, behaviour=Behaviour.ERROR)]
    known = send(app, incoming(make_structure(app)))
    open_call(app, known.identity.id)

    for _ in range(queue.MOST_ATTEMPTS):
        stories.work(app, now=True)

    (call,) = rows(app, InsiCall)
    assert (call.state, call.failure, call.failures) == ("failed", "http-status", queue.MOST_ATTEMPTS - 1)
    assert open_call(app, known.identity.id) != call.id


def test_an_answer_about_somebody_doubted_meanwhile_is_nobody_s(app: Flask) -> None:
    structure = make_structure(app)
    known = send(app, incoming(structure))
    open_call(app, known.identity.id)
    send(app, incoming(structure, attributes=frozenset({Attribute.DOUBTFUL})))

    stories.work(app, now=True)

    (call,) = rows(app, InsiCall)
    assert (call.state, call.answer) == ("closed", None)


def test_what_insi_may_not_be_asked_is_told(app: Flask) -> None:
    structure = make_structure(app)
    doubtful = send(app, incoming(structure, attributes=frozenset({Attribute.DOUBTFUL})))
    poor = send(app, incoming(structure, "2", make_traits(birth_name=None, used_name="PIETRI")))

    for known, said in ((doubtful, "douteuse"), (poor, "nom de naissance")):
        with pytest.raises(Invalid, match=said):
            open_call(app, known.identity.id)
    assert rows(app, InsiCall) == []


def test_a_night_verifies_a_few_of_the_oldest_and_takes_up_the_rest(app: Flask, stub: Stub) -> None:
    structure = make_structure(app)
    bodies = ["2840569381012", "2840569381019", "2840569381022"]
    for number, body in enumerate(bodies):
        given = ("SOLENE", "MARTHE", "LUCE")[number]
        send(app, qualified(structure, str(number), replace(SOLENE, given_names=(given,)), make_ins(body)))
    night = queue.Job(1, jobs.NIGHTLY, {}, 1, 1)
    parts = parts_of(app)
    asked = []
    with app.app_context():
        jobs.verify_some(night, parts.desk, parts.settings)
    asked.append(len(rows(app, InsiCall)))
    age(app, timedelta(days=1200))
    for _ in range(3):
        with app.app_context():
            jobs.verify_some(night, parts.desk, parts.settings)
        asked.append(len(rows(app, InsiCall)))

    # None is old enough; then two; then the last one; then they all wait.
    assert asked == [0, 2, 3, 3]


def test_a_night_is_proposed_once_and_at_night(app: Flask) -> None:
    settings = parts_of(app).settings
    with app.app_context():
        if database.engine.dialect.name == "postgresql":
            pytest.skip("the server has its own clock")
        proposed = []
        for moment in ("2026-11-23T12:00", "2026-11-24T02:00", "2026-11-24T03:00", "2026-11-25T02:00"):
            at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
            with time_machine.travel(at, tick=False), db.transaction() as session:
                proposed.append(jobs.propose_night(session, settings))

    assert proposed == [False, True, False, True]


def test_the_worker_knows_both_jobs(app: Flask) -> None:
    for kind in jobs.HANDLERS:
        assert worker._work_of(queue.Job(1, kind, {"call_id": 0}, 1, 1), parts_of(app)) is not None


def hub(variables: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "hub", "insi", *arguments],
        env=config.inherited(variables),
        capture_output=True,
        text=True,
        check=False,
        cwd=live.ROOT,
    )


def test_a_list_is_verified_and_started_again_goes_on(
    app: Flask, stub: Stub, variables: dict[str, str], tmp_path: Path
) -> None:
    structure = make_structure(app)
    right = send(app, qualified(structure, "1", SOLENE, INS_ONE))
    wrong = send(app, qualified(structure, "2", replace(SOLENE, given_names=("LUCE",)), make_ins("2840569381022")))
    with (tmp_path / "liste.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(
            [("source", "record_id"), (structure.code, "1"), (structure.code, "2"), (structure.code, "3")]
        )

    first = hub(variables, "verify", "--batch", str(tmp_path / "liste.csv"))
    asked = stub.asked
    second = hub(variables, "verify", "--structure", structure.code)

    assert first.returncode == 0, first.stderr
    assert "1 INS confirmée, 1 retirée, 0 à décider" in first.stdout
    assert "1 ligne du fichier ne désigne aucune identité" in first.stdout
    assert (asked, stub.asked) == (2, 2)
    assert "0 INS confirmée," in second.stdout
    assert stored(app, right).traits.ins == INS_ONE
    assert stored(app, wrong).traits.ins is None
    assert len(rows(app, ReviewTask, ReviewTask.kind == "ins")) == 1
    assert INS_ONE.matricule not in first.stdout + first.stderr


def test_a_teleservice_that_is_down_stops_the_list(app: Flask, stub: Stub, variables: dict[str, str]) -> None:
    structure = make_structure(app)
    for number in range(4):
        send(app, qualified(structure, str(number), replace(SOLENE, given_names=("AB"[number % 2] * 3,)), INS_ONE))
    stub.people = [replace(SOLENE_AT_INSI, behaviour=Behaviour.FAULT)]

    done = hub(variables, "verify", "--all")

    assert done.returncode == 1
    assert "INSi ne répond plus" in done.stderr
    assert stub.asked == 3


@pytest.mark.parametrize("options", [[], ["--all", "--structure", "x"], ["--structure", "inconnue"]])
def test_a_command_that_makes_no_sense_says_so(app: Flask, variables: dict[str, str], options: list[str]) -> None:
    assert hub(variables, "verify", *options).returncode == 1


def test_the_stub_does_not_exist_in_production(variables: dict[str, str]) -> None:
    people = str(live.ROOT / "data" / "demonstration" / "insi.csv")

    done = hub(variables | {"HUB_ENV": "production"}, "stub", "--people", people)

    assert done.returncode == 1
    assert "HUB_ENV=production" in done.stderr


def test_the_scope_of_a_structure_is_its_own(app: Flask) -> None:
    first, second = make_structure(app), make_structure(app)
    known = send(app, qualified(first, "1", SOLENE, INS_ONE))
    with app.app_context(), db.reading() as session:
        now = db.now(session)
        assert verification.overdue(session, Scope(now, first.id), 9) == [known.identity.id]
        assert verification.count(session, Scope(now, second.id)) == 0
        assert verification.count(session, Scope(now, held_since=now - timedelta(days=1))) == 0


def test_two_clerks_who_ask_at_once_ask_one_question(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    desk = parts_of(app).desk

    def ask() -> int:
        with app.app_context(), db.transaction() as session:
            return calls.open_call(session, known.identity.id, desk, SYSTEM)

    assert len(set(at_once(app, ask, ask))) == 1
    assert len(rows(app, InsiCall)) == 1


def test_two_clerks_who_accept_at_once_accept_once(app: Flask) -> None:
    known = send(app, incoming(make_structure(app)))
    parts = parts_of(app)
    call_id = open_call(app, known.identity.id)
    with app.app_context():
        calls.ask(call_id, parts.desk)
    decision = Decision(identity_id=known.identity.id, call_id=call_id, seen=1)

    def accept() -> str:
        with app.app_context(), db.transaction() as session:
            return decisions.accept(session, decision, parts.registrar, SYSTEM).status.value

    ends = at_once(app, accept, accept)
    assert "RECUP" in ends
    assert [type(end) for end in ends if end != "RECUP"] == [Conflict]
    assert len(rows(app, StatusChange)) == 1
