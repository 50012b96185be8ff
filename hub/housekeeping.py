"""Remove what has served its time: ended sessions, used codes, tokens and assertions, counters, jobs done long ago.

One job an hour for all workers: each proposes it, and the outbox's unique key keeps the first. Nothing that a person
may still ask for goes: documents, links of notices, the audit trail and jobs that failed stay.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.tables import AttemptCounter, BrowserSession, OneTimeCode
from hub.db import Base
from hub.oidc.tables import AccessToken, AuthorizationCode, ClientAssertion
from hub.outbox import queue
from hub.outbox.queue import Job
from hub.outbox.tables import OutboxJob

KIND = "housekeeping"
# A day more than they live: a second use is told apart from an unknown one, a job in back-off still finds its row.
KEPT = timedelta(days=1)
JOBS_KEPT = timedelta(days=30)
_BATCH = 2000
log = structlog.get_logger()


def propose(session: Session) -> bool:
    """Enqueue this hour's job unless another worker did; tell whether it was enqueued."""
    hour = f"{db.now(session):%Y-%m-%dT%H}"
    return queue.enqueue(session, KIND, {}, dedupe_key=f"{KIND}:{hour}")


def sweep(job: Job, way_out: object) -> Callable[[Session], None]:
    """Do the job: purge in short transactions, so that nobody waits for it."""
    count = 0
    while removed := _purge_batch():
        count += removed
    log.info("housekeeping.done", count=count)
    return lambda session: None


def _purge_batch() -> int:
    with db.transaction() as session:
        return sum(_remove(session, table, over) for table, over in _over(db.now(session)))


def _over(moment: datetime) -> list[tuple[type[Base], sa.ColumnElement[bool]]]:
    """Name what may go, tokens before the codes that they come from."""
    old = moment - KEPT
    in_use = sa.exists().where(AccessToken.code_id == AuthorizationCode.id)
    return [
        # Every space ends an idle session within the hour, whatever its last minute.
        (BrowserSession, sa.or_(BrowserSession.last_seen_at < old, BrowserSession.ended_at < old)),
        (OneTimeCode, OneTimeCode.expires_at < old),
        (ClientAssertion, ClientAssertion.expires_at < moment),
        (AccessToken, AccessToken.expires_at < old),
        (AuthorizationCode, sa.and_(AuthorizationCode.expires_at < old, ~in_use)),
        (AttemptCounter, AttemptCounter.window_ends < moment),
        (OutboxJob, sa.and_(OutboxJob.state == "done", OutboxJob.finished_at < moment - JOBS_KEPT)),
    ]


def _remove(session: Session, table: type[Base], over: sa.ColumnElement[bool]) -> int:
    keys = list(sa.inspect(table).primary_key)
    some = sa.select(*keys).where(over).limit(_BATCH)
    statement = sa.delete(table).where(sa.tuple_(*keys).in_(some))
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]
