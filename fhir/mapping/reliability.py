"""The status and the attributes of an identity, in the FR Core identity-reliability extension.

FR Core 2.1 and 2.2 know PROV and VALI only (a VALI with an INS is qualified) and give attributes as further
codes of v2-0445; the main branch has the four statuses and a comment for the attributes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir.resources.R4B.extension import Extension
from fhir.resources.R4B.patient import Patient

from fhir import systems
from fhir.mapping.readings import Reading, fault, find_extensions, remark, trait_fault
from fhir.outcome import Issue, IssueKind
from identity.status import Attribute, IdentityStatus, check_attributes
from identity.traits import TraitError

EXPRESSION = f"Patient.extension('{systems.IDENTITY_RELIABILITY}')"

_ATTRIBUTES = {
    "DOUT": Attribute.DOUBTFUL,
    "FICT": Attribute.FICTITIOUS,
    "HOMA": Attribute.HOMONYM,
    "HOMD": Attribute.HOMONYM,
}
_LEVELS = frozenset(status.value for status in IdentityStatus)
# Codes of v2-0445 that say something of the file, not of the identity: the hub keeps none of them.
_MANAGEMENT = frozenset(
    {
        *("VIDE", "DOUB", "DESA", "DPOT", "DOUA", "COLP", "COLV", "FILI", "CACH", "ANOM"),
        *("IDVER", "RECD", "IDRA", "USUR", "INVA"),
    }
)


@dataclass(frozen=True, slots=True)
class Reliability:
    """The confidence that the source has in an identity."""

    status: IdentityStatus
    attributes: frozenset[Attribute]


@dataclass(frozen=True, slots=True)
class _Code:
    """A status or attribute code; whether it has the code system of the main branch, or is a comment."""

    code: str
    is_main: bool = False
    is_comment: bool = False


def read_reliability(patient: Patient, *, has_ins: bool) -> Reading[Reliability]:
    """Read status and attributes; without the extension an identity is provisional, as RNIV says."""
    codes = tuple(_codes(patient))
    levels = {each.code for each in codes if each.code in _LEVELS}
    issues = [*_unknown_codes(codes)]
    if len(levels) > 1:
        text = "Les extensions de fiabilité donnent plusieurs statuts à la même identité."
        issues.append(fault(IssueKind.INVARIANT, text, "status-conflict", EXPRESSION))
    status = _status(codes, levels, has_ins=has_ins)
    attributes = frozenset(_ATTRIBUTES[each.code] for each in codes if each.code in _ATTRIBUTES)
    try:
        check_attributes(status, attributes)
    except TraitError as err:
        issues.append(trait_fault(err, EXPRESSION))
    return Reading(Reliability(status, attributes), tuple(issues))


def _status(codes: tuple[_Code, ...], levels: set[str], *, has_ins: bool) -> IdentityStatus:
    if not levels:
        return IdentityStatus.PROVISIONAL
    status = min((IdentityStatus(level) for level in levels), key=lambda each: each.rank)
    is_old_form = not any(each.is_main for each in codes if each.code == status.value)
    if status is IdentityStatus.VALIDATED and is_old_form and has_ins:
        return IdentityStatus.QUALIFIED
    return status


def _unknown_codes(codes: tuple[_Code, ...]) -> Iterator[Issue]:
    for each in codes:
        if each.code in _MANAGEMENT or (each.is_comment and each.code not in _ATTRIBUTES):
            text = "Cet attribut de gestion n'est pas conservé par le hub."
            yield remark(IssueKind.NOT_SUPPORTED, text, "attribute-ignored", EXPRESSION)
        elif each.code not in _LEVELS and each.code not in _ATTRIBUTES:
            text = "Le statut ou l'attribut d'identité n'est pas un code connu."
            yield fault(IssueKind.CODE_INVALID, text, "status-code", EXPRESSION)


def _codes(patient: Patient) -> Iterator[_Code]:
    for extension in find_extensions(patient.extension, systems.IDENTITY_RELIABILITY_URLS):
        for part in extension.extension or ():
            if part.url == "identityStatus":
                yield from _status_codes(part)
            elif part.url == "comment" and part.valueCodeableConcept:
                codings = part.valueCodeableConcept.coding or ()
                yield from (_Code(each.code, is_comment=True) for each in codings if each.code)


def _status_codes(part: Extension) -> Iterator[_Code]:
    coding = part.valueCoding
    if coding is not None and coding.code and _is_status_system(coding.system):
        yield _Code(coding.code, is_main=coding.system in systems.IDENTITY_STATUS_MAIN_URLS)
    elif part.valueCode:
        yield _Code(part.valueCode)
    else:
        yield _Code("")


def _is_status_system(system: str | None) -> bool:
    """Accept both FR Core systems, and v2-0445 under its older addresses (interopsante, HL7 v2)."""
    return system is None or system in systems.IDENTITY_STATUS_MAIN_URLS or system.endswith("v2-0445")


def render_reliability(reliability: Reliability) -> list[dict[str, object]]:
    """Write the 2.2 form: PROV or VALI, then one more extension for each attribute."""
    is_validated = reliability.status in (IdentityStatus.VALIDATED, IdentityStatus.QUALIFIED)
    level = IdentityStatus.VALIDATED if is_validated else IdentityStatus.PROVISIONAL
    codes = [level.value, *sorted(attribute.value for attribute in reliability.attributes)]
    return [
        {
            "url": systems.IDENTITY_RELIABILITY,
            "extension": [
                {"url": "identityStatus", "valueCoding": {"system": systems.IDENTITY_STATUS_V2, "code": code}}
            ],
        }
        for code in codes
    ]
