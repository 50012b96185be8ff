"""The civil traits of a Patient: names, birth, administrative sex.

FR Core slices officialName and usualName, extensions birth-list-given-name and birthPlace; RNIV 1 for writing.
A used name is never filled from the birth name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir.resources.R4B.humanname import HumanName
from fhir.resources.R4B.patient import Patient

from fhir import systems
from fhir.mapping.readings import Reading, fault, find_extensions, first, remark, trait_fault
from fhir.outcome import Issue, IssueKind
from identity.completeness import given_names_agree
from identity.normalise import check_birth_place, split_given_names, write_name
from identity.status import IdentityStatus
from identity.traits import BirthDate, Sex, TraitError, Traits

_OFFICIAL = "Patient.name.where(use='official')"
_USUAL = "Patient.name.where(use='usual')"

# Where each trait stands in a Patient, for the `expression` of an issue.
EXPRESSIONS = {
    "birth_name": f"{_OFFICIAL}.family",
    "given_names": f"{_OFFICIAL}.given",
    "first_given_name": f"{_OFFICIAL}.given",
    "used_name": f"{_USUAL}.family",
    "used_given_name": f"{_USUAL}.given",
    "birth_date": "Patient.birthDate",
    "sex": "Patient.gender",
    "ins": "Patient.identifier",
    "birth_place": f"Patient.extension('{systems.BIRTH_PLACE}')",
}

_SEX = {"male": Sex.MALE, "female": Sex.FEMALE, "other": Sex.UNKNOWN, "unknown": Sex.UNKNOWN}
_GENDER = {Sex.MALE: "male", Sex.FEMALE: "female", Sex.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class _Names:
    birth_name: str | None = None
    given_names: tuple[str, ...] = ()
    used_name: str | None = None
    used_given_name: str | None = None


def read_civil(patient: Patient, status: IdentityStatus, *, has_ins: bool) -> Reading[Traits]:
    """Read the civil traits; what cannot be read is left out and told."""
    names = _read_names(patient)
    birth_date = _read_birth_date(patient, status)
    birth_place = _read_birth_place(patient)
    traits = Traits(
        birth_name=names.value.birth_name,
        used_name=names.value.used_name,
        given_names=names.value.given_names,
        used_given_name=names.value.used_given_name,
        birth_date=birth_date.value,
        sex=_SEX.get(patient.gender or "", Sex.UNKNOWN),
        birth_place=birth_place.value,
    )
    gender_issues = _gender_issues(patient, has_ins=has_ins)
    return Reading(traits, (*names.issues, *birth_date.issues, *gender_issues, *birth_place.issues))


def _gender_issues(patient: Patient, *, has_ins: bool) -> Iterator[Issue]:
    if has_ins and patient.gender not in ("male", "female", "unknown"):
        text = "Avec un INS, le sexe est male, female ou unknown ; il ne peut ni manquer ni valoir other."
        yield fault(IssueKind.CODE_INVALID, text, "gender-ins", EXPRESSIONS["sex"])


def _read_names(patient: Patient) -> Reading[_Names]:
    names = patient.name or []
    officials = [name for name in names if name.use == "official"]
    official = first(officials) or first(name for name in names if name.use is None)
    usual = first(name for name in names if name.use == "usual")
    issues: list[Issue] = []
    if len(officials) > 1:
        text = "Une identité ne porte qu'un seul nom officiel."
        issues.append(fault(IssueKind.INVARIANT, text, "name-multiple", _OFFICIAL))
    birth_name = _write(official.family if official else None, "birth_name")
    given = _read_given_names(official)
    used_name = _write(usual.family if usual else None, "used_name")
    used_given = _write(first(_given_texts(usual)) if usual else None, "used_given_name")
    for reading in (birth_name, given, used_name, used_given):
        issues += reading.issues
    return Reading(_Names(birth_name.value, given.value, used_name.value, used_given.value), tuple(issues))


def _given_texts(name: HumanName) -> list[str]:
    return [text for text in name.given or () if text]


def _write(text: str | None, trait: str) -> Reading[str | None]:
    if text is None:
        return Reading(None)
    try:
        return Reading(write_name(text, trait))
    except TraitError as err:
        return Reading(None, (trait_fault(err, EXPRESSIONS[trait]),))


def _read_given_names(name: HumanName | None) -> Reading[tuple[str, ...]]:
    """Join the first given name and the list of birth given names, kept as the list is written."""
    if name is None:
        return Reading(())
    extension = first(find_extensions(name.extension, systems.BIRTH_LIST_GIVEN_NAME_URLS))
    written = [_write(text, "given_names") for text in _given_texts(name)]
    issues = tuple(issue for reading in written for issue in reading.issues)
    given = tuple(reading.value for reading in written if reading.value)
    if extension is None or extension.valueString is None or issues:
        return Reading(() if issues else given, issues)
    listed = _write(extension.valueString, "given_names")
    if listed.value is None:
        return Reading((), listed.issues)
    if not given:
        return Reading(split_given_names(listed.value))
    names = split_given_names(listed.value)
    if not given_names_agree(given[0], names):
        text = "Le premier prénom n'est pas en tête de la liste des prénoms de naissance ; la liste est retenue."
        warning = remark(IssueKind.BUSINESS_RULE, text, "given-coherence", EXPRESSIONS["given_names"])
        return Reading(names, (warning,))
    return Reading(_keep_first_whole(given[0], listed.value))


def _keep_first_whole(given: str, listed: str) -> tuple[str, ...]:
    """Split the list, keeping in one piece a first given name written with spaces (JEAN CHRISTOPHE, PIERRE)."""
    head, rest = listed[: len(given)], listed[len(given) :]
    if rest and not rest.startswith(" "):
        return split_given_names(listed)
    return (head, *split_given_names(rest))


def _read_birth_date(patient: Patient, status: IdentityStatus) -> Reading[BirthDate | None]:
    if patient.birthDate is None:
        return Reading(None)
    try:
        birth_date = BirthDate.parse(str(patient.birthDate))
    except TraitError as err:
        return Reading(None, (trait_fault(err, EXPRESSIONS["birth_date"]),))
    if birth_date.is_complete:
        is_lunar = any(find_extensions(patient.extension, systems.LUNAR_DATE_URLS))
        return Reading(replace(birth_date, presumed=is_lunar))
    if status is not IdentityStatus.PROVISIONAL:
        text = "Une date de naissance incomplète n'est admise que pour une identité provisoire."
        return Reading(None, (fault(IssueKind.VALUE, text, "date-partial", EXPRESSIONS["birth_date"]),))
    text = "La date de naissance incomplète a été complétée selon le RNIV et notée comme présumée."
    warning = remark(IssueKind.BUSINESS_RULE, text, "date-presumed", EXPRESSIONS["birth_date"])
    return Reading(birth_date.completed(), (warning,))


def _read_birth_place(patient: Patient) -> Reading[str | None]:
    place = first(find_extensions(patient.extension, systems.BIRTH_PLACE_URLS))
    address = place.valueAddress if place else None
    insee = first(find_extensions(address.extension, systems.INSEE_CODE_URLS)) if address else None
    coding = insee.valueCoding if insee else None
    if coding is None or not coding.code:
        return Reading(None)
    expression = EXPRESSIONS["birth_place"]
    if coding.system is not None and coding.system not in systems.COG_URLS:
        text = "Le lieu de naissance est codé dans la nomenclature des communes ou des pays (COG)."
        return Reading(None, (fault(IssueKind.CODE_INVALID, text, "cog-format", expression),))
    try:
        return Reading(check_birth_place(coding.code))
    except TraitError as err:
        return Reading(None, (trait_fault(err, expression),))


def render_names(traits: Traits) -> list[dict[str, object]]:
    """Write the official name, and the usual one only when a used name was given."""
    official: dict[str, object] = {"use": "official"}
    if traits.given_names:
        listed = " ".join(traits.given_names)
        official["extension"] = [{"url": systems.BIRTH_LIST_GIVEN_NAME, "valueString": listed}]
    if traits.birth_name:
        official["family"] = traits.birth_name
    if traits.first_given_name:
        official["given"] = [traits.first_given_name]
    usual: dict[str, object] = {"use": "usual"}
    if traits.used_name:
        usual["family"] = traits.used_name
    if traits.used_given_name:
        usual["given"] = [traits.used_given_name]
    return [name for name in (official, usual) if len(name) > 1]


def render_gender(sex: Sex) -> str:
    """Write the administrative gender; RNIV « indéterminé » is `unknown` in FR Core."""
    return _GENDER[sex]


def render_birth_place(code: str) -> dict[str, object]:
    """Write the birthPlace extension: a commune, or a country when the code starts with 99."""
    system = systems.COG_COUNTRY if code.startswith("99") else systems.COG_COMMUNE
    insee = {"url": systems.INSEE_CODE, "valueCoding": {"system": system, "code": code}}
    return {"url": systems.BIRTH_PLACE, "valueAddress": {"extension": [insee]}}
