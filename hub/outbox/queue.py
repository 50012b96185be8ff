"""The outbox: enqueue with the change, claim under a lease, finish under a fencing token.

A job may run twice (a worker killed after the work and before `finish`): every handler must bear it. A worker whose
lease ran out cannot finish what another has taken, because the fence has moved.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.outbox.tables import OutboxJob

# Back-off: 15 s doubled each time to one hour, with jitter; 16 tries span about 12 hours, then a person looks.
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(hours=1)
MOST_ATTEMPTS = 16


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. Only the holder of the current `fence` may finish it."""

    id: int
    kind: str
    payload: dict[str, int | str]
    attempts: int
    fence: int


def enqueue(
    session: Session, kind: str, payload: dict[str, int | str], *, dedupe_key: str, delay: timedelta = timedelta()
) -> bool:
    """Write a job in the caller's transaction; return False when `dedupe_key` was enqueued before."""
    moment = db.now(session)
    values = {
        "kind": kind,
        "payload": payload,
        "dedupe_key": dedupe_key,
        "state": "ready",
        "run_after": moment + delay,
        "attempts": 0,
        "fence": 0,
        "created_at": moment,
    }
    return db.insert_once(session, OutboxJob, values, ["dedupe_key"])


def claim(session: Session, lease: timedelta, limit: int = 1) -> list[Job]:
    """Take up to `limit` due jobs, or jobs whose lease ran out, for the length of the lease."""
    moment = db.now(session)
    due = (
        sa.select(OutboxJob.id)
        .where(
            sa.or_(
                sa.and_(OutboxJob.state == "ready", OutboxJob.run_after <= moment),
                sa.and_(OutboxJob.state == "leased", OutboxJob.leased_until <= moment),
            )
        )
        .order_by(OutboxJob.run_after, OutboxJob.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(due))
    if not ids:
        return []
    statement = (
        sa.update(OutboxJob)
        .where(OutboxJob.id.in_(ids))
        .values(
            state="leased",
            attempts=OutboxJob.attempts + 1,
            fence=OutboxJob.fence + 1,
            leased_until=moment + lease,
        )
        .returning(OutboxJob.id, OutboxJob.kind, OutboxJob.payload, OutboxJob.attempts, OutboxJob.fence)
        .execution_options(synchronize_session=False)
    )
    return [Job(*row) for row in session.execute(statement)]


def finish(session: Session, job: Job) -> bool:
    """Mark a job done; return False when another worker holds it by now."""
    return _release(session, job, {"state": "done", "finished_at": db.now(session), "last_error": None})


def retry(session: Session, job: Job, error: str) -> datetime | None:
    """Give a job back for a later try; return when, or None when it was its last and it is now dead."""
    if job.attempts >= MOST_ATTEMPTS:
        bury(session, job, error)
        return None
    moment = db.now(session) + delay_after(job.attempts)
    _release(session, job, {"state": "ready", "run_after": moment, "last_error": error[:300]})
    return moment


def postpone(session: Session, job: Job, delay: timedelta) -> bool:
    """Have a job that was just finished done again later, with all its tries: it waited, nothing failed."""
    statement = (
        sa.update(OutboxJob)
        .where(OutboxJob.id == job.id, OutboxJob.fence == job.fence, OutboxJob.state == "done")
        .values(state="ready", attempts=0, run_after=db.now(session) + delay, finished_at=None)
        .execution_options(synchronize_session=False)
    )
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def bury(session: Session, job: Job, error: str) -> bool:
    """Put a job aside for a person to look at."""
    return _release(session, job, {"state": "dead", "finished_at": db.now(session), "last_error": error[:300]})


def revive(session: Session, job_id: int) -> bool:
    """Give a dead job new tries."""
    values = {"state": "ready", "attempts": 0, "run_after": db.now(session), "finished_at": None}
    statement = sa.update(OutboxJob).where(OutboxJob.id == job_id, OutboxJob.state == "dead").values(**values)
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def delay_after(attempts: int) -> timedelta:
    """Return the back-off after the given number of tries: exponential, capped, with ±25 % jitter."""
    delay = min(FIRST_DELAY * 2 ** (attempts - 1), LONGEST_DELAY)
    return delay * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, protects nothing


def _release(session: Session, job: Job, values: dict[str, object]) -> bool:
    statement = (
        sa.update(OutboxJob)
        .where(OutboxJob.id == job.id, OutboxJob.fence == job.fence, OutboxJob.state == "leased")
        .values(leased_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Backlog:
    """State of the queue: jobs by state, and seconds since the oldest due job should have run."""

    by_state: dict[str, int]
    oldest_due_seconds: float


def backlog(session: Session) -> Backlog:
    """Count jobs by state (done ones excepted) and age the oldest due one."""
    counts = dict(
        session.execute(
            sa.select(OutboxJob.state, sa.func.count()).where(OutboxJob.state != "done").group_by(OutboxJob.state)
        ).all()
    )
    oldest = session.scalar(sa.select(sa.func.min(OutboxJob.run_after)).where(OutboxJob.state == "ready"))
    age = max(0.0, (db.now(session) - oldest).total_seconds()) if oldest else 0.0
    return Backlog(counts, age)
