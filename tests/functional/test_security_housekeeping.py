"""What has served its time is removed, once an hour for all workers, and nothing else."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db, housekeeping, worker
from hub.accounts import limits, sessions
from hub.accounts.sessions import Level, Space
from hub.accounts.tables import AttemptCounter, BrowserSession, Invitation, OneTimeCode
from hub.audit.tables import AuditEvent
from hub.db import Base
from hub.oidc.tables import AccessToken, AuthorizationCode, ClientAssertion
from hub.outbox import queue
from hub.outbox.tables import OutboxJob
from hub.routing.tables import Delivery
from tests import live, stories
from tests.factories import make_staff, make_structure, parts_of
from tests.functional.intruders import type_password
from tests.hub.registry.people import at_once, rows

PURGED = (BrowserSession, OneTimeCode, ClientAssertion, AccessToken, AuthorizationCode, AttemptCounter)


@pytest.fixture
def used(app: Flask) -> datetime:
    """A hub after some use, with one row of each kind; give the time it was."""
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    stories.send(app, structure, member, identity, copy=True)
    type_password(app.test_client(), account)
    with app.app_context(), db.transaction() as session:
        moment = db.now(session)
        code = AuthorizationCode(
            code_hash="c", client_id="portail", redirect_uri="https://a", scope="openid", code_challenge="x",
            account_id=account.id, auth_time=1, expires_at=moment + timedelta(minutes=1),
        )  # fmt: skip
        session.add(code)
        session.flush()
        session.add(
            AccessToken(
                token_hash="t", client_id="portail", scope="openid", account_id=account.id, code_id=code.id,
                expires_at=moment + timedelta(minutes=5),
            )
        )  # fmt: skip
        session.add(ClientAssertion(client_id="a", jti="j", expires_at=moment + timedelta(minutes=5)))
        sessions.start(session, parts_of(app).settings, Space.PRACTICE, member.id, Level.FULL)
        limits.count(session, limits.LOGIN_BY_NAME, "x")
    return moment


def _age(app: Flask, age: timedelta) -> None:
    """Move every instant of the rows that may go into the past."""
    with app.app_context(), db.transaction() as session:
        for table in (*PURGED, OutboxJob, Invitation):
            for column in sa.inspect(table).columns:
                if isinstance(column.type, db.UtcDateTime):
                    for row in session.scalars(sa.select(table)):
                        present = getattr(row, column.key)
                        if present is not None:
                            setattr(row, column.key, present - age)


def _sweep(app: Flask) -> None:
    with app.app_context():
        with db.transaction() as session:
            housekeeping.propose(session)
        while worker.work_once(parts_of(app)):
            pass


def _counts(app: Flask, *tables: type[Base]) -> list[int]:
    return [len(rows(app, table)) for table in tables]


def test_what_is_in_use_stays(app: Flask, used: datetime) -> None:
    before = _counts(app, *PURGED)
    assert min(before) > 0

    _sweep(app)

    assert _counts(app, *PURGED) == before


def test_what_has_served_its_time_goes(app: Flask, used: datetime) -> None:
    kept = _counts(app, AuditEvent, Delivery, Invitation)
    _age(app, timedelta(days=3))

    _sweep(app)

    assert _counts(app, *PURGED) == [0] * len(PURGED)
    assert _counts(app, Delivery, Invitation) == kept[1:]
    assert len(rows(app, AuditEvent)) >= kept[0]


def test_a_used_code_is_remembered_for_a_day(app: Flask, used: datetime) -> None:
    _age(app, timedelta(hours=23))

    _sweep(app)

    assert _counts(app, AuthorizationCode, AccessToken, OneTimeCode) == [1, 1, 1]


@pytest.mark.parametrize(("state", "stays"), [("done", False), ("dead", True), ("ready", True)])
def test_only_jobs_done_long_ago_go(app: Flask, state: str, stays: bool) -> None:
    with app.app_context(), db.transaction() as session:
        queue.enqueue(session, "unknown", {}, dedupe_key="one", delay=timedelta(days=60))
        old = db.now(session) - timedelta(days=31)
        session.execute(sa.update(OutboxJob).values(state=state, finished_at=old, created_at=old))

    _sweep(app)

    assert ("one" in {job.dedupe_key for job in rows(app, OutboxJob)}) is stays


def test_more_rows_than_a_batch_all_go(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        old = db.now(session) - timedelta(days=1)
        session.execute(
            sa.insert(AttemptCounter),
            [{"name": str(number), "window_ends": old, "count": 1} for number in range(4100)],
        )

    _sweep(app)

    assert rows(app, AttemptCounter) == []


def test_workers_that_propose_at_once_enqueue_one_job_an_hour(app: Flask) -> None:
    def propose() -> bool:
        with app.app_context(), db.transaction() as session:
            return housekeeping.propose(session)

    outcomes = at_once(app, *[propose] * 6)

    # Two when the hour turned in between.
    assert 1 <= outcomes.count(True) <= 2
    assert outcomes.count(True) == len(rows(app, OutboxJob))


def test_a_worker_does_it_by_itself(app: Flask, used: datetime) -> None:
    _age(app, timedelta(days=3))
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(app, parts_of(app), 2, stop))

    thread.start()
    try:
        live.until(lambda: not rows(app, BrowserSession), "the sessions are gone")
    finally:
        stop.set()
        thread.join()

    assert sum(job.kind == housekeeping.KIND for job in rows(app, OutboxJob)) in (1, 2)
