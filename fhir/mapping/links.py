"""The `replaced-by` link of a Patient: the record was absorbed by another one of its domain.

IHE PIXm ITI-104, resolve duplicates. The survivor is named by a logical identifier or by a reference.
"""

from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.reference import Reference

from fhir import systems
from fhir.mapping.readings import Reading, fault
from fhir.mapping.values import DomainIdentifier
from fhir.outcome import Issue, IssueKind
from fhir.references import split_reference


def read_replaced_by(patient: Patient) -> Reading[DomainIdentifier | None]:
    """Return the survivor that the record points at; other links are left aside."""
    links = [(position, link.other) for position, link in enumerate(patient.link or ()) if link.type == "replaced-by"]
    if not links:
        return Reading(None)
    if len(links) > 1:
        text = "Une identité absorbée ne désigne qu'une seule identité survivante."
        return Reading(None, (fault(IssueKind.INVARIANT, text, "link-multiple", "Patient.link"),))
    position, other = links[0]
    issues: list[Issue] = []
    if patient.active is not False:
        text = "Une identité remplacée par une autre doit être inactive (active = false)."
        issues.append(fault(IssueKind.INVARIANT, text, "link-active", "Patient.active"))
    survivor = _survivor(other)
    if survivor is None:
        text = "Le lien doit désigner l'identité survivante par référence, ou par système et valeur."
        issues.append(fault(IssueKind.REQUIRED, text, "link-other", f"Patient.link[{position}].other"))
    return Reading(survivor, tuple(issues))


def _survivor(other: Reference) -> DomainIdentifier | None:
    identifier = other.identifier
    if identifier is not None and identifier.system and identifier.value:
        return DomainIdentifier(identifier.system.strip(), identifier.value.strip())
    parts = split_reference(other.reference or "")
    if parts is None:
        return None
    base, name, resource_id = parts
    if name != "Patient":
        return None
    return DomainIdentifier(base.rstrip("/") if base else systems.HUB_RESOURCE_ID, resource_id)


def render_replaced_by(resource_id: str) -> dict[str, object]:
    """Write the link from an absorbed record to its survivor."""
    return {"other": {"reference": f"Patient/{resource_id}"}, "type": "replaced-by"}
