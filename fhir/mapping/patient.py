"""Patient, in and out: a source's feed becomes a `PatientFeed`, a `PatientView` becomes FR Core JSON.

FR Core 2.1, 2.2 and main on input, 2.2 on output; IHE PIXm ITI-104 for the feed. Whatever breaks a rule is told
in one answer, 422, with one issue for each fault.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date

from fhir.resources.R4B.patient import Patient

from fhir import systems
from fhir.mapping.civil import EXPRESSIONS, read_civil, render_birth_place, render_gender, render_names
from fhir.mapping.contact import read_contact, render_address, render_telecom
from fhir.mapping.identifiers import PatientIdentifiers, read_identifiers, render_identifier, render_ins
from fhir.mapping.links import read_replaced_by, render_replaced_by
from fhir.mapping.readings import fault, remark, rule_fault
from fhir.mapping.reliability import EXPRESSION as RELIABILITY
from fhir.mapping.reliability import Reliability, read_reliability, render_reliability
from fhir.mapping.values import Deceased, DomainIdentifier, PatientFeed, PatientView
from fhir.outcome import FhirError, Issue, IssueKind
from fhir.parsing import load_json, validate
from identity.completeness import Problem, missing_strict_traits, warnings
from identity.ins import Ins, InsOid
from identity.records import IdentityRecord
from identity.status import Attribute, IdentityStatus
from identity.survivorship import publishable_ins
from identity.traits import Traits

__all__ = ["DomainIdentifier", "PatientFeed", "PatientView", "parse_patient", "read_patient", "render_patient"]


def parse_patient(body: bytes, accepted_oids: frozenset[InsOid]) -> PatientFeed:
    """Read the body of a feed; raise `FhirError`, 400 when it is not R4 and 422 when it breaks a rule."""
    resource = validate("Patient", load_json(body))
    if not isinstance(resource, Patient):
        raise TypeError("validate() returned another resource than the one asked for")
    return read_patient(resource, accepted_oids)


def read_patient(patient: Patient, accepted_oids: frozenset[InsOid]) -> PatientFeed:
    """Read a valid R4 Patient by the rules of RNIV and FR Core."""
    identifiers = read_identifiers(patient, accepted_oids)
    has_ins = identifiers.value.claims_ins
    reliability = read_reliability(patient, has_ins=has_ins)
    civil = read_civil(patient, reliability.value.status, has_ins=has_ins)
    contact = read_contact(patient)
    replaced_by = read_replaced_by(patient)
    traits = replace(
        civil.value,
        ins=identifiers.value.ins,
        address=contact.value.address,
        phone=contact.value.phone,
        email=contact.value.email,
        death_date=_death_day(contact.value.deceased),
    )
    issues = [
        *_modifier_issues(patient),
        *identifiers.issues,
        *_ins_issues(patient, identifiers.value, reliability.value),
        *reliability.issues,
        *civil.issues,
        *contact.issues,
        *replaced_by.issues,
    ]
    if replaced_by.value is None:
        # An absorbed record only says who survived: it need not be complete any more.
        issues += _missing_traits(
            patient, traits, {issue.expression for issue in issues if issue.severity == "error"}
        )
    errors = [issue for issue in issues if issue.severity == "error"]
    if errors:
        raise FhirError(422, errors)
    return PatientFeed(
        identifiers=identifiers.value.domain,
        traits=traits,
        status=reliability.value.status,
        attributes=reliability.value.attributes,
        active=patient.active is not False,
        replaced_by=replaced_by.value,
        deceased=contact.value.deceased,
        lunar_date=traits.birth_date is not None and traits.birth_date.presumed,
        warnings=(*issues, *_rule_warnings(traits, reliability.value.status)),
    )


def _death_day(deceased: Deceased | None) -> date | None:
    return deceased.when.exact_day if deceased is not None and deceased.when is not None else None


def _modifier_issues(patient: Patient) -> Iterator[Issue]:
    text = "Le hub ne comprend pas cet élément, qui change le sens de la ressource."
    if patient.modifierExtension:
        yield fault(IssueKind.NOT_SUPPORTED, text, "modifier", "Patient.modifierExtension")
    if patient.implicitRules:
        yield fault(IssueKind.NOT_SUPPORTED, text, "modifier", "Patient.implicitRules")


def _ins_issues(patient: Patient, identifiers: PatientIdentifiers, reliability: Reliability) -> Iterator[Issue]:
    """An INS travels with a retrieved or qualified identity only, and never with a doubtful or fictitious one."""
    status = reliability.status
    profiles = {str(profile) for profile in (patient.meta.profile if patient.meta else None) or ()}
    claims_profile = not profiles.isdisjoint(systems.PATIENT_INS_PROFILE_URLS)
    if identifiers.claims_ins:
        if reliability.attributes & {Attribute.DOUBTFUL, Attribute.FICTITIOUS}:
            text = "Une identité douteuse ou fictive ne porte pas d'INS."
            yield fault(IssueKind.BUSINESS_RULE, text, "ins-forbidden-attribute", RELIABILITY)
        if not status.carries_ins:
            text = "Un INS ne se transmet qu'avec une identité qualifiée (ou récupérée)."
            yield fault(IssueKind.BUSINESS_RULE, text, "ins-not-qualified", RELIABILITY)
    elif status is IdentityStatus.QUALIFIED or (claims_profile and status is IdentityStatus.VALIDATED):
        text = "Une identité qualifiée doit porter son INS (matricule et OID)."
        yield fault(IssueKind.INVARIANT, text, "ins-missing", "Patient.identifier")


def _missing_traits(patient: Patient, traits: Traits, faulty: set[str | None]) -> Iterator[Issue]:
    """Tell the strict traits that are absent, but not those that are present and faulty."""
    problems = [*missing_strict_traits(traits)]
    if patient.gender is None:
        # Sex has no missing value in `Traits`: only the resource tells it from an indeterminate sex.
        problems.append(Problem("sex", "trait-missing", "Le sexe manque : indiquez unknown s'il est indéterminé."))
    for problem in problems:
        expression = EXPRESSIONS.get(problem.field, "Patient")
        if expression not in faulty:
            yield rule_fault(problem.code, problem.message, expression)


def _rule_warnings(traits: Traits, status: IdentityStatus) -> Iterator[Issue]:
    for problem in warnings(traits, status):
        expression = EXPRESSIONS.get(problem.field, "Patient")
        yield remark(IssueKind.BUSINESS_RULE, problem.message, problem.code, expression)


def render_patient(view: PatientView) -> dict[str, object]:
    """Write a Patient in the FR Core 2.2 form; the INS leaves the hub with a qualified identity only."""
    traits = view.traits
    ins = _publishable_ins(view)
    profile = systems.PATIENT_INS_PROFILE if ins else systems.PATIENT_PROFILE
    rendered: dict[str, object] = {
        "resourceType": "Patient",
        "id": view.resource_id,
        "meta": {
            "versionId": str(view.version),
            "lastUpdated": _instant(view),
            "profile": [profile],
        },
        "extension": render_reliability(Reliability(view.status, view.attributes))
        + ([render_birth_place(traits.birth_place)] if traits.birth_place else []),
        "identifier": _render_identifiers(view, ins),
        "active": view.active,
        "name": render_names(traits),
        "telecom": render_telecom(traits),
        "gender": render_gender(traits.sex),
        "birthDate": traits.birth_date.iso() if traits.birth_date else None,
        **_render_death(view),
        "address": [render_address(traits.address)] if traits.address else [],
        "link": [render_replaced_by(view.replaced_by)] if view.replaced_by else [],
    }
    # FHIR JSON has no null and no empty array: an element that has nothing to say is left out.
    return {name: element for name, element in rendered.items() if element is not None and element != []}


def _render_death(view: PatientView) -> dict[str, object]:
    if view.death is not None:
        return {"deceasedDateTime": view.death.iso()}
    if view.traits.death_date is not None:
        return {"deceasedDateTime": view.traits.death_date.isoformat()}
    return {"deceasedBoolean": True} if view.is_dead else {}


def _publishable_ins(view: PatientView) -> Ins | None:
    record = IdentityRecord(
        record_id=view.resource_id,
        domain=view.domain.system,
        traits=view.traits,
        status=view.status,
        attributes=view.attributes,
    )
    return publishable_ins([record])


def _render_identifiers(view: PatientView, ins: Ins | None) -> list[dict[str, object]]:
    rendered = []
    if ins is not None:
        rendered.append(render_ins(ins))
    use = "usual" if view.active else "old"
    rendered.append(render_identifier(view.domain, use=use, type_code="PI"))
    if view.regional_id is not None:
        rendered.append(render_identifier(view.regional_id, use="secondary", type_code="RRI"))
    return rendered


def _instant(view: PatientView) -> str:
    moment = view.last_updated.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
