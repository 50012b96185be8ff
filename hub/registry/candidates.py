"""Find the persons that an identity could be, for one or for a whole batch, in few and bounded queries.

Those who share the rarest keys come first. When a key is crowded (`hub.registry.filing`), or more identities share
keys than the bound, the decision says so: `limited` is never an automatic "new" without a trace.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import distinct, filing, identities
from hub.registry.filing import Files
from hub.registry.tables import DistinctPair, SourceIdentity
from hub.registry.values import Member, StoredIdentity
from identity.linkage import Candidate
from identity.traits import Traits

MOST_IDENTITIES = 200


@dataclass(frozen=True, slots=True)
class Candidates:
    """Persons to compare with, and whether others shared a key that were not read."""

    persons: tuple[Candidate, ...]
    groups: dict[int, tuple[Member, ...]]
    limited: bool
    widespread: frozenset[str] = frozenset()
    """Traits of the identity that too many bear to prove anything (`identity.widespread`)."""


NOBODY = Candidates((), {}, False)


class Pool:
    """Everybody whom a batch may meet, the batch's own included as they are added."""

    def __init__(self, session: Session, wanted: Collection[frozenset[int]]) -> None:
        self.files = Files(session, wanted)
        self._session = session
        self._person_of: dict[int, int] = {}
        self._groups: dict[int, tuple[Member, ...]] = {}
        self._read({identity_id for keys in wanted for identity_id in self._sharing(keys)[0]})

    def find(
        self, keys: frozenset[int], traits: Traits, leave_out: int | None = None, *, every: bool = False
    ) -> Candidates:
        """Return the persons of which an active identity shares one of the keys that these traits are sought by.

        `leave_out` is an identity to ignore. Who shares one key that many hold, and no other, is left out unless
        `every` is asked for.
        """
        left_out = self.files.widespread(keys, traits)
        widespread = frozenset(left_out.values())
        keys = keys.difference(left_out)
        if not keys:
            return replace(NOBODY, widespread=widespread)
        sharing, limited = self._sharing(keys, leave_out, every=every)
        self._read(set(sharing) - self._person_of.keys())
        groups = {person_id: self._groups[person_id] for person_id in map(self._person_of.__getitem__, sharing)}
        persons = []
        for person_id, group in groups.items():
            records = tuple(item.record for item in group if item.active and item.id != leave_out)
            if records:
                persons.append(Candidate(person_id=str(person_id), records=records))
        return Candidates(tuple(persons), groups, limited, widespread)

    def add(self, identity: StoredIdentity) -> None:
        """Let those who come later meet an identity of the batch."""
        self._person_of[identity.id] = identity.person_id
        group = self._groups.get(identity.person_id, ())
        self._groups[identity.person_id] = (*group, Member.of(identity))

    def _sharing(
        self, keys: frozenset[int], leave_out: int | None = None, *, every: bool = False
    ) -> tuple[list[int], bool]:
        found, limited = self.files.search(keys, every=every)
        others = [identity_id for identity_id in found if identity_id != leave_out]
        return others[:MOST_IDENTITIES], limited or len(others) > MOST_IDENTITIES

    def _read(self, identity_ids: set[int]) -> None:
        if not identity_ids:
            return
        for person_id, group in identities.around(self._session, identity_ids).items():
            self._groups[person_id] = group
            self._person_of.update((item.id, person_id) for item in group)


def find(session: Session, traits: Traits, leave_out: int | None = None, *, every: bool = False) -> Candidates:
    """Return the persons of which an active identity shares a key with these traits, as `Pool.find` does."""
    return Pool(session, ()).find(filing.sought(traits), traits, leave_out, every=every)


def separated_persons(session: Session, identity_ids: Collection[int]) -> frozenset[str]:
    """Return the persons that hold an identity an officer declared distinct from one of these."""
    others = sa.union_all(
        sa.select(DistinctPair.high_id).where(DistinctPair.low_id.in_(identity_ids), distinct.in_force(session)),
        sa.select(DistinctPair.low_id).where(DistinctPair.high_id.in_(identity_ids), distinct.in_force(session)),
    )
    query = sa.select(SourceIdentity.person_id).where(SourceIdentity.id.in_(others))
    return frozenset(str(person_id) for person_id in session.scalars(query))
