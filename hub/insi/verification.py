"""Which INS are verified again, and when: a few each night by the worker, or a whole list on order.

RNIV: stored INS are verified again every 3 to 5 years. Stopped and started again, both take up what is left: an INS
whose verification is recent enough is not asked for again, and one that waits is not asked for twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.insi.calls import CallState
from hub.insi.tables import InsiCall
from hub.registry.tables import SourceIdentity

_PAGE = 500
_OPEN = [CallState.WAITING.value, CallState.PENDING.value]


@dataclass(frozen=True, slots=True)
class Scope:
    """The INS that INSi has not answered about since a moment: everybody's or one structure's.

    `held_since` leaves out the identities that the hub has known for less long.
    """

    before: datetime
    organization_id: int | None = None
    held_since: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return what the rows of `source_identity` satisfy."""
        answered = sa.or_(InsiCall.state.in_(_OPEN), InsiCall.answered_at >= self.before)
        found: list[sa.ColumnElement[bool]] = [
            SourceIdentity.ins_matricule.is_not(None),
            SourceIdentity.active.is_(True),
            ~sa.exists().where(InsiCall.source_identity_id == SourceIdentity.id, answered),
        ]
        if self.organization_id is not None:
            found.append(SourceIdentity.organization_id == self.organization_id)
        if self.held_since is not None:
            found.append(SourceIdentity.created_at < self.held_since)
        return found


def overdue(session: Session, scope: Scope, limit: int, after_id: int = 0) -> list[int]:
    """Return ids of identities to verify, in their order."""
    query = sa.select(SourceIdentity.id).where(*scope.conditions(), SourceIdentity.id > after_id)
    return list(session.scalars(query.order_by(SourceIdentity.id).limit(limit)))


def count(session: Session, scope: Scope) -> int:
    """Return how many there are."""
    return session.scalar(sa.select(sa.func.count(SourceIdentity.id)).where(*scope.conditions())) or 0


def each(scope: Scope) -> Iterator[int]:
    """Yield them all, page by page, each read in a short transaction of its own."""
    last = 0
    while True:
        with db.reading() as session:
            page = overdue(session, scope, _PAGE, last)
        if not page:
            return
        yield from page
        last = page[-1]
