"""Values of the identity index that other areas and pages see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from identity import survivorship
from identity.evidence import Proof
from identity.ins import Ins
from identity.linkage import Decision, IdentityRecord
from identity.status import Attribute, IdentityStatus
from identity.traits import Traits
from identity.transitions import Event


class Channel(StrEnum):
    """By which door an identity came."""

    FHIR = "fhir"
    FILE = "file"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class StatusCause:
    """Why a status changes when the structure's own software did not say so: the event, the evidence, a comment."""

    event: Event
    proof: Proof | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingIdentity:
    """A source identity as it arrives. `value` is the patient's number in the structure's `domain`.

    `told_apart` are persons that a professional was shown and said are not this patient.
    """

    organization_id: int
    domain: str
    value: str
    traits: Traits
    status: IdentityStatus = IdentityStatus.PROVISIONAL
    attributes: frozenset[Attribute] = frozenset()
    active: bool = True
    replaced_by: str | None = None
    told_apart: frozenset[int] = frozenset()
    channel: Channel
    cause: StatusCause | None = None


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """A source identity of the index, with the person it is linked to."""

    id: int
    organization_id: int
    domain: str
    value: str
    person_id: int
    regional_id: str
    traits: Traits
    status: IdentityStatus
    attributes: frozenset[Attribute]
    active: bool
    held: bool
    replaced_by_id: int | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def publishable_ins(self) -> Ins | None:
        """The INS that may leave the hub with this identity."""
        return survivorship.publishable_ins([self.as_record()])

    def as_record(self) -> IdentityRecord:
        """Return what the matching compares."""
        return IdentityRecord(
            record_id=str(self.id),
            domain=self.domain,
            traits=self.traits,
            status=self.status,
            attributes=self.attributes,
        )


class Member(NamedTuple):
    """An identity of a person as decisions read it by the dozen: what the matching compares, and its standing."""

    id: int
    person_id: int
    regional_id: str
    version: int
    active: bool
    held: bool
    record: IdentityRecord

    @classmethod
    def of(cls, identity: StoredIdentity) -> "Member":
        """Return an identity as a member of its person."""
        return cls(
            identity.id,
            identity.person_id,
            identity.regional_id,
            identity.version,
            identity.active,
            identity.held,
            identity.as_record(),
        )


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of an identity: stored, whether it is new or changed, and the decision when one was taken."""

    identity: StoredIdentity
    created: bool
    changed: bool
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as shown in search results: composed traits, where it is known, and whose trait each one is."""

    person_id: int
    regional_id: str
    traits: Traits
    status: IdentityStatus
    identities: tuple[StoredIdentity, ...]
    origins: Mapping[str, int]

    def known_to(self, organization_id: int) -> StoredIdentity | None:
        """Return the structure's own active identity of this person, if it has one."""
        for identity in self.identities:
            if identity.organization_id == organization_id and identity.active:
                return identity
        return None
