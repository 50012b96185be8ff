"""Persons made and links moved: the two writes that both the matching and the officers make.

Whoever may move a link that exists holds the lock `LOCK` alone; whoever only adds one shares it. A person chosen as
the place of an identity can then not be emptied meanwhile.
"""

import base64
import secrets
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry.tables import LinkageDecision, LinkEvent, Person, SourceIdentity

LOCK = "links"
# Crockford's base 32, which leaves out the letters that are read as digits.
_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def number_lock(domain: str, value: str) -> str:
    """Name the lock of whoever touches the identity of a number."""
    return f"number:{domain}|{value}"


def birth_lock(born: str) -> str:
    """Name the lock of whoever may join people born on one date (ISO 8601); no date is one of them."""
    return f"birth:{born}"


def new_regional_id() -> str:
    """Draw the number of a person: 16 characters that say nothing of them."""
    return base64.b32encode(secrets.token_bytes(10)).translate(_ALPHABET).decode()


def new_person(session: Session) -> int:
    """Create an empty person and return its id."""
    row = Person(regional_id=new_regional_id(), created_at=db.now(session))
    session.add(row)
    session.flush()  # the id is what identities point at
    return row.id


def keep_move(
    session: Session,
    identity_id: int,
    former: int | None,
    to: int,
    decision: LinkageDecision,
    operation_id: int | None = None,
) -> None:
    """Keep the trace of a link that moved, or was made, by the matching or by an officer's operation."""
    session.add(
        LinkEvent(
            source_identity_id=identity_id,
            from_person_id=former,
            to_person_id=to,
            decision_id=decision.id,
            operation_id=operation_id,
            moved_at=decision.decided_at,
        )
    )


def move(
    session: Session,
    identity: SourceIdentity,
    person_id: int,
    decision: LinkageDecision,
    operation_id: int | None = None,
) -> None:
    """Move an identity to another person and keep the trace."""
    keep_move(session, identity.id, identity.person_id, person_id, decision, operation_id)
    identity.person_id = person_id


def locked(session: Session, identity_ids: list[int]) -> list[SourceIdentity]:
    """Lock identities, in the order of their ids, and return what they hold now."""
    query = sa.select(SourceIdentity).where(SourceIdentity.id.in_(identity_ids)).order_by(SourceIdentity.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))


def are_placed_by_hand(session: Session, identity_ids: Iterable[int]) -> bool:
    """Tell whether somebody chose where one of these identities is: an officer, or a professional at creation."""
    ids = list(identity_ids)
    latest = (
        sa.select(sa.func.max(LinkEvent.id))
        .where(LinkEvent.source_identity_id.in_(ids))
        .group_by(LinkEvent.source_identity_id)
    )
    query = (
        sa.select(LinkEvent.id)
        .join(LinkageDecision, LinkageDecision.id == LinkEvent.decision_id)
        .where(
            LinkEvent.id.in_(latest),
            sa.or_(
                LinkEvent.operation_id.is_not(None),
                LinkageDecision.outcome.in_(("same", "different")),
                LinkageDecision.explanation["chosen"].as_boolean(),
            ),
        )
    )
    return session.scalar(query.limit(1)) is not None
