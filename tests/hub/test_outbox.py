"""The outbox: once enqueued with its change, claimed by one worker at a time, fenced, retried, buried."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.db import database
from hub.outbox import queue
from hub.outbox.tables import OutboxJob

LEASE = timedelta(seconds=60)


def _enqueue(app: Flask, key: str = "job:1") -> bool:
    with app.app_context(), db.transaction() as session:
        return queue.enqueue(session, "test", {"id": 1}, dedupe_key=key)


def _expire_leases(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(OutboxJob).values(leased_until=db.now(session) - timedelta(seconds=1)))


def test_a_job_is_enqueued_once(app: Flask) -> None:
    assert _enqueue(app) is True
    assert _enqueue(app) is False


def test_a_job_put_off_is_the_same_one_later_with_all_its_tries(app: Flask) -> None:
    _enqueue(app)
    with app.app_context():
        with db.transaction() as session:
            (job,) = queue.claim(session, LEASE)
            early = queue.postpone(session, job, timedelta(minutes=15))
            assert queue.finish(session, job)
            assert queue.postpone(session, job, timedelta(minutes=15))
            assert queue.claim(session, LEASE) == []
        with db.transaction() as session:
            session.execute(sa.update(OutboxJob).values(run_after=db.now(session)))
            (again,) = queue.claim(session, LEASE)
            late = queue.finish(session, job)

    assert early is False, "only one that is finished"
    assert (again.id, again.attempts) == (job.id, 1)
    assert late is False


def test_a_job_of_a_rolled_back_change_is_not_there(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(ZeroDivisionError), db.transaction() as session:
            queue.enqueue(session, "test", {}, dedupe_key="x")
            _ = 1 / 0
        with db.transaction() as session:
            assert queue.claim(session, LEASE) == []


def test_a_leased_job_is_not_claimed_again_until_its_lease_ends(app: Flask) -> None:
    _enqueue(app)
    with app.app_context():
        with db.transaction() as session:
            first = queue.claim(session, LEASE)[0]
        with db.transaction() as session:
            assert queue.claim(session, LEASE) == []
    _expire_leases(app)
    with app.app_context():
        with db.transaction() as session:
            second = queue.claim(session, LEASE)[0]
        with db.transaction() as session:
            late = queue.finish(session, first)
        with db.transaction() as session:
            held = queue.finish(session, second)

    assert (second.id, second.attempts) == (first.id, 2)
    assert late is False
    assert held is True


def test_a_failed_job_waits_longer_each_time_and_dies_in_the_end(app: Flask) -> None:
    _enqueue(app)
    waits = []
    with app.app_context():
        for _ in range(queue.MOST_ATTEMPTS):
            with db.transaction() as session:
                session.execute(sa.update(OutboxJob).values(run_after=db.now(session)))
                job = queue.claim(session, LEASE)[0]
            with db.transaction() as session:
                moment = queue.retry(session, job, "later")
                if moment is not None:
                    waits.append((moment - db.now(session)).total_seconds())
        with db.reading() as session:
            state = session.scalar(sa.select(OutboxJob.state))

    assert state == "dead"
    assert len(waits) == queue.MOST_ATTEMPTS - 1
    assert 11 <= waits[0] <= 19
    assert 2699 <= waits[-1] <= 4500


def test_parallel_workers_never_hold_the_same_job(app: Flask) -> None:
    for number in range(40):
        _enqueue(app, f"job:{number}")
    claimed: list[int] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with app.app_context():
                while True:
                    with db.transaction() as session:
                        jobs = queue.claim(session, LEASE, limit=3)
                    if not jobs:
                        break
                    claimed.extend(job.id for job in jobs)
                database.session.remove()
        except BaseException as err:
            errors.append(err)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 40


def test_a_dead_job_can_be_revived(app: Flask) -> None:
    _enqueue(app)
    with app.app_context():
        with db.transaction() as session:
            job = queue.claim(session, LEASE)[0]
            queue.bury(session, job, "no")
        with db.transaction() as session:
            assert queue.revive(session, job.id) is True
        with db.transaction() as session:
            again = queue.claim(session, LEASE)

    assert [item.id for item in again] == [job.id]
