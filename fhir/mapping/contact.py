"""The complementary traits of a Patient: telephone, e-mail, home address, date of death.

They help matching and never block an identity: what cannot be read is left out with a warning.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from fhir.resources.R4B.address import Address as FhirAddress
from fhir.resources.R4B.contactpoint import ContactPoint
from fhir.resources.R4B.patient import Patient

from fhir.mapping.readings import Reading, first, remark
from fhir.outcome import Issue, IssueKind
from identity.normalise import clean_email, clean_phone
from identity.traits import Address, Traits

_PHONE_SYSTEMS = ("phone", "sms")
_PHONE_USES = ("mobile", "home", None, "temp", "work")
_EMAIL_USES = ("home", None, "mobile", "temp", "work")


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the person, where they live, when they died."""

    address: Address | None
    phone: str | None
    email: str | None
    death_date: date | None


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


def _read_death(patient: Patient) -> Reading[date | None]:
    told = str(patient.deceasedDateTime) if patient.deceasedDateTime is not None else None
    if told is not None and len(told) >= len("AAAA-MM-JJ"):
        return Reading(date.fromisoformat(told[:10]))
    if told is not None or patient.deceasedBoolean:
        text = "Le décès est signalé sans date complète : sa date n'est pas retenue."
        warning = remark(IssueKind.INCOMPLETE, text, "death-date-partial", "Patient.deceased")
        return Reading(None, (warning,))
    return Reading(None)


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
