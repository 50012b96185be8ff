"""A source identity and a person, as linkage sees them.

RNIV 1: an identity belongs to one identification domain; a person gathers the identities of several domains.
"""

from dataclasses import dataclass, field

from identity.comparable import Comparable, reduce
from identity.status import Attribute, IdentityStatus
from identity.traits import Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRecord:
    """One source identity."""

    record_id: str
    domain: str
    traits: Traits
    status: IdentityStatus = IdentityStatus.PROVISIONAL
    attributes: frozenset[Attribute] = frozenset()
    _comparable: Comparable | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def comparable(self) -> Comparable:
        """Its traits reduced for matching: once, as a record is compared with many."""
        found = self._comparable
        if found is None:
            found = reduce(self.traits)
            object.__setattr__(self, "_comparable", found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A person that an incoming identity may belong to, with all its source identities."""

    person_id: str
    records: tuple[IdentityRecord, ...]
