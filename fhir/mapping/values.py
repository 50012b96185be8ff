"""The values that cross the boundary for a Patient: what a source feeds, and what the hub shows."""

from dataclasses import dataclass
from datetime import datetime

from fhir.outcome import Issue
from identity.status import Attribute, IdentityStatus
from identity.traits import Traits


@dataclass(frozen=True, slots=True)
class DomainIdentifier:
    """An identifier in its domain: `system` is a URI, `urn:oid:` for most French sources.

    A reference to a resource of the hub has the system `fhir.systems.HUB_RESOURCE_ID`; a reference to another
    server has the base URL of that server. The value is then the resource id.
    """

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class PatientFeed:
    """One identity as a source sent it, checked. `warnings` go back to the source with the answer."""

    identifiers: tuple[DomainIdentifier, ...]
    traits: Traits
    status: IdentityStatus
    attributes: frozenset[Attribute]
    active: bool
    replaced_by: DomainIdentifier | None
    lunar_date: bool
    warnings: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class PatientView:
    """One identity as the hub shows it. `replaced_by` is the resource id of the survivor."""

    resource_id: str
    version: int
    last_updated: datetime
    domain: DomainIdentifier
    regional_id: DomainIdentifier | None
    traits: Traits
    status: IdentityStatus
    attributes: frozenset[Attribute]
    active: bool
    replaced_by: str | None
