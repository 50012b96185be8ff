"""Browser sessions, kept by the server: a random token in a cookie, its keyed hash in a row.

OWASP ASVS 5.0, 7: idle time 15 minutes for staff and 30 for patients, 12 hours at most, a new token at each change of
level, ended at log-out. An act of great consequence asks for the proof of identity anew (7.5), good for 10 minutes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.tables import BrowserSession
from hub.config import Settings
from hub.encryption import keyed_hash, new_token

LONGEST = timedelta(hours=12)
PROOF = timedelta(minutes=10)
"""For how long a proof given again is good."""


class Space(StrEnum):
    """A part of the site with a log-in of its own."""

    PRACTICE = "practice"
    AGENCY = "agency"
    PORTAL = "portal"
    PROVIDER = "provider"


IDLE = {
    Space.PRACTICE: timedelta(minutes=15),
    Space.AGENCY: timedelta(minutes=15),
    Space.PORTAL: timedelta(minutes=30),
    Space.PROVIDER: timedelta(minutes=30),
}


class Level(StrEnum):
    """How far a log-in has come: password only, or both factors."""

    FIRST = "first"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A live session: who, how far, since when."""

    id: int
    token_hash: str
    space: Space
    subject_id: int
    level: Level
    created_at: datetime
    is_proven: bool
    """Whoever it is proved it again less than 10 minutes ago."""


def start(session: Session, settings: Settings, space: Space, subject_id: int, level: Level) -> str:
    """Open a session and return the token for its cookie."""
    token = new_token()
    moment = db.now(session)
    session.add(
        BrowserSession(
            token_hash=keyed_hash(settings, "session", token),
            space=space.value,
            subject_id=subject_id,
            level=level.value,
            created_at=moment,
            last_seen_at=moment,
            expires_at=moment + LONGEST,
        )
    )
    return token


def find(session: Session, settings: Settings, space: Space, token: str) -> LoggedIn | None:
    """Return the live session of a cookie and note that it was used, or None."""
    moment = db.now(session)
    query = sa.select(BrowserSession).where(
        BrowserSession.token_hash == keyed_hash(settings, "session", token),
        BrowserSession.space == space.value,
        BrowserSession.ended_at.is_(None),
        BrowserSession.expires_at > moment,
        BrowserSession.last_seen_at > moment - IDLE[space],
    )
    row = session.scalar(query)
    if row is None:
        return None
    is_proven = row.proven_at is not None and row.proven_at > moment - PROOF
    return LoggedIn(row.id, row.token_hash, space, row.subject_id, Level(row.level), row.created_at, is_proven)


def prove(session: Session, session_id: int) -> None:
    """Note that whoever is logged in proved again who they are."""
    statement = sa.update(BrowserSession).where(BrowserSession.id == session_id, BrowserSession.ended_at.is_(None))
    session.execute(statement.values(proven_at=db.now(session)).execution_options(synchronize_session=False))


def touch(session: Session, session_id: int) -> None:
    """Note that the session was used; at most once a minute, so that reading pages rarely writes."""
    moment = db.now(session)
    statement = sa.update(BrowserSession).where(
        BrowserSession.id == session_id, BrowserSession.last_seen_at < moment - timedelta(minutes=1)
    )
    session.execute(statement.values(last_seen_at=moment).execution_options(synchronize_session=False))


def end(session: Session, session_id: int) -> None:
    """End a session for good."""
    statement = sa.update(BrowserSession).where(BrowserSession.id == session_id, BrowserSession.ended_at.is_(None))
    session.execute(statement.values(ended_at=db.now(session)).execution_options(synchronize_session=False))


def end_all(session: Session, space: Space, subject_id: int) -> None:
    """End every session of somebody in one space."""
    statement = sa.update(BrowserSession).where(
        BrowserSession.space == space.value,
        BrowserSession.subject_id == subject_id,
        BrowserSession.ended_at.is_(None),
    )
    session.execute(statement.values(ended_at=db.now(session)).execution_options(synchronize_session=False))
