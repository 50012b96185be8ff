"""Pairs of identities that an officer said are two people: kept with who, when and why, respected until they expire.

Twins and homonyms come back at each change of one of them; once told apart they are not proposed again (RNIV 2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry.tables import DistinctPair


class Relation(StrEnum):
    """What two people who look like one are to each other."""

    TWINS = "twins"
    HOMONYMS = "homonyms"
    RELATIVES = "relatives"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who said that two identities are two people, why, and until when it holds (None: for good)."""

    staff_id: int
    moment: datetime
    reason: str
    relation: Relation = Relation.OTHER
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Apart:
    """A pair told apart."""

    low_id: int
    high_id: int
    ruling: Ruling


def in_force(session: Session) -> sa.ColumnElement[bool]:
    """Choose the pairs that are told apart now."""
    return sa.or_(DistinctPair.expires_at.is_(None), DistinctPair.expires_at > db.now(session))


def keep(session: Session, left: Iterable[int], right: Iterable[int], ruling: Ruling) -> None:
    """Tell each identity on the left apart from each on the right; a pair told apart before takes the new ruling."""
    columns = {
        "decided_by": ruling.staff_id,
        "decided_at": ruling.moment,
        "relation": ruling.relation.value,
        "reason": ruling.reason,
        "expires_at": ruling.expires_at,
    }
    for low, high in sorted({(min(pair), max(pair)) for pair in product(left, right) if pair[0] != pair[1]}):
        pair = {"low_id": low, "high_id": high}
        if not db.insert_once(session, DistinctPair, pair | columns, ["low_id", "high_id"]):
            about = sa.update(DistinctPair).where(DistinctPair.low_id == low, DistinctPair.high_id == high)
            session.execute(about.values(**columns).execution_options(synchronize_session=False))


def forget(session: Session, identity_ids: Sequence[int], moment: datetime) -> None:
    """Take back what was ruled on these identities at a moment, as its decision was undone."""
    statement = sa.delete(DistinctPair).where(
        DistinctPair.decided_at == moment,
        sa.or_(DistinctPair.low_id.in_(identity_ids), DistinctPair.high_id.in_(identity_ids)),
    )
    session.execute(statement.execution_options(synchronize_session=False))


def among(session: Session, identity_ids: Iterable[int]) -> list[Apart]:
    """Return the pairs in force of which both identities are given."""
    ids = sorted(set(identity_ids))
    query = sa.select(DistinctPair).where(
        DistinctPair.low_id.in_(ids), DistinctPair.high_id.in_(ids), in_force(session)
    )
    return [_value(row) for row in session.scalars(query)]


def around(session: Session, identity_ids: Iterable[int]) -> list[Apart]:
    """Return the pairs in force of which at least one identity is given."""
    ids = sorted(set(identity_ids))
    about = sa.or_(DistinctPair.low_id.in_(ids), DistinctPair.high_id.in_(ids))
    return [_value(row) for row in session.scalars(sa.select(DistinctPair).where(about, in_force(session)))]


def _value(row: DistinctPair) -> Apart:
    relation = Relation(row.relation) if row.relation else Relation.OTHER
    ruling = Ruling(row.decided_by, row.decided_at, row.reason or "", relation, row.expires_at)
    return Apart(row.low_id, row.high_id, ruling)
