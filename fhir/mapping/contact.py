"""The complementary traits of a Patient: telephone, e-mail, home address, date of death.

They help matching and never block an identity: what cannot be read is left out with a warning.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fhir.resources.R4B.address import Address as FhirAddress
from fhir.resources.R4B.contactpoint import ContactPoint
from fhir.resources.R4B.patient import Patient

from fhir.mapping.readings import Reading, first, remark
from fhir.mapping.values import Deceased
from fhir.outcome import Issue, IssueKind
from identity.deaths import DeathDate
from identity.normalise import clean_email, clean_phone
from identity.traits import Address, TraitError, Traits

_PHONE_SYSTEMS = ("phone", "sms")
_PHONE_USES = ("mobile", "home", None, "temp", "work")
_EMAIL_USES = ("home", None, "mobile", "temp", "work")


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the person, where they live, whether they died."""

    address: Address | None
    phone: str | None
    email: str | None
    deceased: Deceased | None


def read_contact(patient: Patient) -> Reading[Contact]:
    """Read the complementary traits, the first usable one of each kind by preferred use."""
    points = [point for point in patient.telecom or () if point.use != "old" and point.value]
    phones = _by_use((point for point in points if point.system in _PHONE_SYSTEMS), _PHONE_USES)
    emails = _by_use((point for point in points if point.system == "email"), _EMAIL_USES)
    phone = first(cleaned for each in phones if (cleaned := clean_phone(each.value or "")))
    email = first(cleaned for each in emails if (cleaned := clean_email(each.value or "")))
    death = _read_death(patient)
    issues = [*death.issues]
    if phones and phone is None:
        issues.append(_unread("Le numéro de téléphone n'a pas été compris et n'est pas retenu.", "phone-format"))
    if emails and email is None:
        issues.append(_unread("L'adresse électronique n'a pas été comprise et n'est pas retenue.", "email-format"))
    return Reading(Contact(_read_address(patient), phone, email, death.value), tuple(issues))


def _by_use(points: Iterable[ContactPoint], uses: tuple[str | None, ...]) -> list[ContactPoint]:
    return sorted(points, key=lambda point: uses.index(point.use) if point.use in uses else len(uses))


def _unread(text: str, key: str) -> Issue:
    return remark(IssueKind.VALUE, text, key, "Patient.telecom")


def _read_address(patient: Patient) -> Address | None:
    usable = [each for each in patient.address or () if each.use in ("home", None) and each.type != "postal"]
    chosen = first(each for each in usable if each.use == "home") or first(usable)
    return _address(chosen) if chosen else None


def _address(chosen: FhirAddress) -> Address | None:
    lines = [line.strip() for line in chosen.line or () if line and line.strip()]
    line = ", ".join(lines) or chosen.text
    if not (line or chosen.postalCode or chosen.city):
        return None
    return Address(line, chosen.postalCode, chosen.city)


def _read_death(patient: Patient) -> Reading[Deceased | None]:
    if patient.deceasedDateTime is not None:
        return _read_death_date(str(patient.deceasedDateTime)[: len("AAAA-MM-JJ")])
    if patient.deceasedBoolean is None:
        return Reading(None)
    if not patient.deceasedBoolean:
        return Reading(Deceased(is_dead=False))
    text = "Le décès est signalé sans date : il est demandé à un officier d'identitovigilance ; envoyez sa date."
    return Reading(Deceased(is_dead=True), (_about_death(text, "death-undated"),))


def _read_death_date(text: str) -> Reading[Deceased | None]:
    try:
        when = DeathDate.parse(text)
    except TraitError as err:
        return Reading(Deceased(is_dead=True), (_about_death(err.message, "death-undated"),))
    if when.exact_day is not None:
        return Reading(Deceased(is_dead=True, when=when))
    words = "Le décès est signalé sans date complète : il est retenu tel quel."
    return Reading(Deceased(is_dead=True, when=when), (_about_death(words, "death-date-partial"),))


def _about_death(text: str, key: str) -> Issue:
    return remark(IssueKind.INCOMPLETE, text, key, "Patient.deceased")


def render_telecom(traits: Traits) -> list[dict[str, object]]:
    """Write the telephone and the e-mail address that are known."""
    known = (("phone", traits.phone), ("email", traits.email))
    return [{"system": system, "value": value} for system, value in known if value]


def render_address(address: Address) -> dict[str, object]:
    """Write the home address."""
    rendered: dict[str, object] = {"use": "home"}
    if address.line:
        rendered["line"] = [address.line]
    if address.city:
        rendered["city"] = address.city
    if address.postcode:
        rendered["postalCode"] = address.postcode
    return rendered
