"""Values of the directory."""

from dataclasses import dataclass
from enum import StrEnum


class OrganizationKind(StrEnum):
    """What a structure is to the hub: it cares for patients, or dispenses."""

    CARE = "care"
    PHARMACY = "pharmacy"


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure as the rest of the hub sees it. `domain` is the FHIR system of its own patient numbers."""

    id: int
    code: str
    kind: OrganizationKind
    name: str
    finess: str | None
    domain: str | None
    town: str | None
    mssante: str | None


class CorrespondentKind(StrEnum):
    """What a correspondent of the directory is."""

    PROFESSIONAL = "professional"
    PHARMACY = "pharmacy"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody a document can be sent to: only known with a MSSanté address of the trust space."""

    kind: CorrespondentKind
    id: int
    name: str
    detail: str
    address: str
