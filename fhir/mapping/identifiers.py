"""The identifiers of a Patient: those of the source's domain, and the INS.

FR Core slices of Patient.identifier; identity-vigilance rules on the OID of an INS. A social-security number
(NSS, type NH) is never read as an INS, even under the OID that FR Core 2.1 wrongly gave to both.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fhir.resources.R4B.identifier import Identifier
from fhir.resources.R4B.patient import Patient

from fhir import systems
from fhir.mapping.readings import Reading, fault, rule_fault
from fhir.mapping.values import DomainIdentifier
from fhir.outcome import Issue, IssueKind
from identity.ins import Ins, InsError, InsOid, parse_ins

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+", re.ASCII)
_INS_TYPES = {
    InsOid.NIR: "INS-NIR",
    InsOid.NIA: "INS-NIA",
    InsOid.NIR_TEST: "INS-NIR-TEST",
    InsOid.NIR_DEMO: "INS-NIR-DEMO",
}
_INS_TYPE_CODES = frozenset(_INS_TYPES.values())
_INS_OIDS = frozenset(oid.value for oid in InsOid)
# National numbers that are neither an INS nor an identifier of the source: the hub does not keep them.
_UNKEPT_TYPES = frozenset({"NH", "INS-C", "NDP", "RRI"})
_UNKEPT_OIDS = systems.NSS_OIDS | {systems.INS_C_OID, systems.NDP_OID}


@dataclass(frozen=True, slots=True)
class PatientIdentifiers:
    """What the identifiers say. `claims_ins` is true for a malformed INS too."""

    domain: tuple[DomainIdentifier, ...]
    ins: Ins | None
    claims_ins: bool


def read_identifiers(patient: Patient, accepted_oids: frozenset[InsOid]) -> Reading[PatientIdentifiers]:
    """Sort the identifiers, check the INS, and want at least one identifier of the source's own domain."""
    issues: list[Issue] = []
    domain: list[DomainIdentifier] = []
    found: list[Ins] = []
    claims = False
    for position, identifier in enumerate(patient.identifier or ()):
        path = f"Patient.identifier[{position}]"
        if _is_ins(identifier):
            if identifier.use == "old":
                continue
            claims = True
            ins = _read_ins(identifier, accepted_oids, path)
            found += [ins.value] if ins.value else []
            issues += ins.issues
        elif not _is_unkept(identifier):
            own = _read_domain(identifier, path)
            domain += [own.value] if own.value else []
            issues += own.issues
    issues += _set_issues(domain, found, has_faults=bool(issues))
    kept = tuple(dict.fromkeys(domain))
    return Reading(PatientIdentifiers(kept, found[0] if found else None, claims), tuple(issues))


def _set_issues(domain: list[DomainIdentifier], found: Iterable[Ins], *, has_faults: bool) -> Iterator[Issue]:
    if len(set(found)) > 1:
        text = "Une identité ne porte qu'un seul matricule INS en vigueur."
        yield fault(IssueKind.INVARIANT, text, "ins-multiple", "Patient.identifier")
    if not domain and not has_faults:
        text = "L'identité doit porter un identifiant de son domaine (IPP), avec son système."
        yield fault(IssueKind.REQUIRED, text, "identifier-missing", "Patient.identifier")


def _type_codes(identifier: Identifier) -> frozenset[str]:
    codings = (identifier.type.coding if identifier.type else None) or ()
    return frozenset(coding.code for coding in codings if coding.code)


def _oid(identifier: Identifier) -> str | None:
    return systems.bare_oid(identifier.system) if identifier.system else None


def _is_ins(identifier: Identifier) -> bool:
    return _oid(identifier) in _INS_OIDS or bool(_type_codes(identifier) & _INS_TYPE_CODES)


def _is_unkept(identifier: Identifier) -> bool:
    return _oid(identifier) in _UNKEPT_OIDS or bool(_type_codes(identifier) & _UNKEPT_TYPES)


def _read_ins(identifier: Identifier, accepted: frozenset[InsOid], path: str) -> Reading[Ins | None]:
    if "NH" in _type_codes(identifier):
        text = "Un numéro de sécurité sociale (type NH) ne se transmet pas sous l'OID d'un INS."
        return Reading(None, (fault(IssueKind.CODE_INVALID, text, "nss-as-ins", f"{path}.system"),))
    if not identifier.system:
        text = "Un matricule INS doit être accompagné de l'OID de son autorité."
        return Reading(None, (fault(IssueKind.CODE_INVALID, text, "ins-oid", f"{path}.system"),))
    try:
        ins = parse_ins(identifier.value or "", identifier.system)
    except InsError as err:
        element = "system" if err.code == "ins-oid" else "value"
        return Reading(None, (rule_fault(err.code, err.message, f"{path}.{element}"),))
    if ins.oid not in accepted:
        text = "Cette plateforme n'accepte pas l'autorité (OID) de cet INS."
        return Reading(None, (fault(IssueKind.CODE_INVALID, text, "ins-oid", f"{path}.system"),))
    return Reading(ins)


def _read_domain(identifier: Identifier, path: str) -> Reading[DomainIdentifier | None]:
    system, value = (identifier.system or "").strip(), (identifier.value or "").strip()
    issues = [
        fault(IssueKind.REQUIRED, "Un identifiant doit porter un système et une valeur.", key, f"{path}.{element}")
        for element, text, key in (("system", system, "identifier-system"), ("value", value, "identifier-value"))
        if not text
    ]
    if system and not _URI.fullmatch(system):
        text = "Le système d'un identifiant est un URI (urn:oid:… ou https://…)."
        issues.append(fault(IssueKind.VALUE, text, "identifier-system", f"{path}.system"))
    return Reading(None, tuple(issues)) if issues else Reading(DomainIdentifier(system, value))


def render_ins(ins: Ins) -> dict[str, object]:
    """Write the official identifier of a qualified identity."""
    coding = {"system": systems.FR_IDENTIFIER_TYPE, "code": _INS_TYPES[ins.oid]}
    system = systems.oid_urn(ins.oid.value)
    return {"use": "official", "type": {"coding": [coding]}, "system": system, "value": ins.matricule}


def render_identifier(identifier: DomainIdentifier, *, use: str, type_code: str) -> dict[str, object]:
    """Write a local (`PI`) or regional (`RRI`) identifier."""
    coding = {"system": systems.IDENTIFIER_TYPE, "code": type_code}
    return {"use": use, "type": {"coding": [coding]}, "system": identifier.system, "value": identifier.value}
