"""Persons made and links moved: the two writes that both the matching and the officers make.

Whoever may move a link that exists holds the lock `LOCK` alone; whoever only adds one shares it. A person chosen as
the place of an identity can then not be emptied meanwhile.
"""

import base64
import secrets

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry.tables import LinkageDecision, LinkEvent, Person, SourceIdentity

LOCK = "links"
# Crockford's base 32, which leaves out the letters that are read as digits.
_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def new_regional_id() -> str:
    """Draw the number of a person: 16 characters that say nothing of them."""
    return base64.b32encode(secrets.token_bytes(10)).translate(_ALPHABET).decode()


def new_person(session: Session) -> int:
    """Create an empty person and return its id."""
    row = Person(regional_id=new_regional_id(), created_at=db.now(session))
    session.add(row)
    session.flush()  # the id is what identities point at
    return row.id


def keep_move(session: Session, identity_id: int, former: int | None, to: int, decision: LinkageDecision) -> None:
    """Keep the trace of a link that moved, or was made."""
    session.add(
        LinkEvent(
            source_identity_id=identity_id,
            from_person_id=former,
            to_person_id=to,
            decision_id=decision.id,
            moved_at=decision.decided_at,
        )
    )


def move(session: Session, identity: SourceIdentity, person_id: int, decision: LinkageDecision) -> None:
    """Move an identity to another person and keep the trace."""
    keep_move(session, identity.id, identity.person_id, person_id, decision)
    identity.person_id = person_id


def locked(session: Session, identity_ids: list[int]) -> list[SourceIdentity]:
    """Lock identities, in the order of their ids, and return what they hold now."""
    query = sa.select(SourceIdentity).where(SourceIdentity.id.in_(identity_ids)).order_by(SourceIdentity.id)
    return list(session.scalars(query.with_for_update().execution_options(populate_existing=True)))
