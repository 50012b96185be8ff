"""The values that cross the boundary for a Patient: what a source feeds, and what the hub shows."""

from dataclasses import dataclass
from datetime import datetime

from fhir.outcome import Issue
from identity.deaths import DeathDate
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
class Deceased:
    """What a source says of the death of its patient: dead or not, and since when, as far as it is known.

    A complete date is in the traits too; `when` may lack its day, or its day and month, or be missing.
    """

    is_dead: bool
    when: DeathDate | None = None


@dataclass(frozen=True, slots=True)
class PatientFeed:
    """One identity as a source sent it, checked. `warnings` go back to the source with the answer.

    `deceased` is None when the source says neither that the patient is dead nor that they are not.
    """

    identifiers: tuple[DomainIdentifier, ...]
    traits: Traits
    status: IdentityStatus
    attributes: frozenset[Attribute]
    active: bool
    replaced_by: DomainIdentifier | None
    lunar_date: bool
    deceased: Deceased | None
    warnings: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class PatientView:
    """One identity as the hub shows it. `replaced_by` is the resource id of the survivor.

    `death` is the death that the hub may tell of the person; None leaves what the traits say. `is_dead` tells a death
    of which no date is known.
    """

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
    death: DeathDate | None = None
    is_dead: bool = False
