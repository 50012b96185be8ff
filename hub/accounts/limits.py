"""Limits counted in the database, shared by every process: log-ins, codes sent, assertions.

One statement inserts or increments and returns the count, so that parallel tries cannot slip through between a read
and a write.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.tables import AttemptCounter
from hub.counting import noun
from hub.errors import TooMany


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries in each `window`."""

    name: str
    most: int
    window: timedelta


LOGIN_BY_NAME = Limit("login", 10, timedelta(minutes=15))
LOGIN_BY_ADDRESS = Limit("login-ip", 100, timedelta(minutes=15))
CODES_SHORT = Limit("sms", 3, timedelta(minutes=15))
CODES_DAY = Limit("sms-day", 10, timedelta(days=1))
CODES_ALL = Limit("sms-all", 2000, timedelta(hours=1))


def count(session: Session, limit: Limit, key: str) -> None:
    """Count one try under a key (a keyed hash, never an address or a number); raise `TooMany` beyond the limit."""
    moment = db.now(session)
    name = f"{limit.name}:{key}"[:80]
    fresh = {"name": name, "window_ends": moment + limit.window, "count": 1}
    over = AttemptCounter.window_ends <= moment
    statement = (
        sa.update(AttemptCounter)
        .where(AttemptCounter.name == name)
        .values(
            count=sa.case((over, 1), else_=AttemptCounter.count + 1),
            window_ends=sa.case((over, moment + limit.window), else_=AttemptCounter.window_ends),
        )
        .returning(AttemptCounter.count, AttemptCounter.window_ends)
        .execution_options(synchronize_session=False)
    )
    counted = None
    while counted is None:
        # Between the two statements a success elsewhere may clear the counter: then it is inserted anew.
        if db.insert_once(session, AttemptCounter, fresh, ["name"]):
            return
        counted = session.execute(statement).one_or_none()
    total, ends = counted
    if total > limit.most:
        wait = max(1, int((ends - moment).total_seconds()))
        minutes = max(1, round(wait / 60))
        raise TooMany(f"Trop d'essais. Réessayez dans {minutes} {noun(minutes, 'minute', 'minutes')}.", wait)


def clear(session: Session, limit: Limit, key: str) -> None:
    """Forget the tries under a key, after a success."""
    session.execute(sa.delete(AttemptCounter).where(AttemptCounter.name == f"{limit.name}:{key}"[:80]))
