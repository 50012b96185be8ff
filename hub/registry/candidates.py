"""Find the persons that an identity could be: one bounded query on blocking keys.

The identities that share most keys come first. When more than the bound share a key, the decision says so
(`candidates-limited`) and is never an automatic "new" without a trace.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import identities
from hub.registry.tables import BlockingKey, DistinctPair, SourceIdentity
from hub.registry.values import StoredIdentity
from identity.linkage import Candidate

MOST_IDENTITIES = 200


@dataclass(frozen=True, slots=True)
class Candidates:
    """Persons to compare with, and whether more shared a key than were read."""

    persons: tuple[Candidate, ...]
    groups: dict[int, tuple[StoredIdentity, ...]]
    limited: bool


def find(session: Session, keys: Iterable[int], leave_out: int | None = None) -> Candidates:
    """Return the persons of which an active source identity shares a key; `leave_out` is an identity to ignore."""
    wanted = list(keys)
    if not wanted:
        return Candidates((), {}, False)
    shared = (
        sa.select(BlockingKey.source_identity_id)
        .where(BlockingKey.key.in_(wanted))
        .group_by(BlockingKey.source_identity_id)
        .order_by(sa.func.count().desc(), BlockingKey.source_identity_id)
        .limit(MOST_IDENTITIES + 1)
    )
    found = [identity_id for identity_id in session.scalars(shared) if identity_id != leave_out]
    limited = len(found) > MOST_IDENTITIES
    person_ids = sa.select(SourceIdentity.person_id).where(SourceIdentity.id.in_(found[:MOST_IDENTITIES]))
    groups = identities.of_persons(session, set(session.scalars(person_ids))) if found else {}
    persons = []
    for person_id, group in groups.items():
        records = tuple(item.as_record() for item in group if item.active and item.id != leave_out)
        if records:
            persons.append(Candidate(person_id=str(person_id), records=records))
    return Candidates(tuple(persons), groups, limited)


def separated_persons(session: Session, identity_id: int) -> frozenset[str]:
    """Return the persons that hold an identity an officer declared distinct from this one."""
    others = sa.union_all(
        sa.select(DistinctPair.high_id).where(DistinctPair.low_id == identity_id),
        sa.select(DistinctPair.low_id).where(DistinctPair.high_id == identity_id),
    )
    query = sa.select(SourceIdentity.person_id).where(SourceIdentity.id.in_(others))
    return frozenset(str(person_id) for person_id in session.scalars(query))
