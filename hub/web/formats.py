"""How values read on screen: dates in full in Europe/Paris, phones in pairs, names as people write them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask import Flask
from flask_babel import get_locale, lazy_gettext, ngettext
from flask_babel import gettext as _
from markupsafe import Markup

from hub.registry.values import StoredIdentity
from hub.routing.values import DeliveryState, DeliveryView
from identity.linkage import PersonScore
from identity.status import IdentityStatus
from identity.traits import BirthDate, Sex, Traits

PARIS = ZoneInfo("Europe/Paris")
# A trait that weighs less than this says nothing to the reader.
_TOLD_BITS = 0.5
_MOST_REASONS = 4
STATUS_LABELS = {
    IdentityStatus.PROVISIONAL: lazy_gettext("Identité provisoire"),
    IdentityStatus.RETRIEVED: lazy_gettext("Identité récupérée"),
    IdentityStatus.VALIDATED: lazy_gettext("Identité validée"),
    IdentityStatus.QUALIFIED: lazy_gettext("Identité qualifiée"),
}
STATUS_HELP = {
    IdentityStatus.PROVISIONAL: lazy_gettext("Pièce d'identité et INS non vérifiées."),
    IdentityStatus.RETRIEVED: lazy_gettext("INS obtenue ; la pièce d'identité reste à vérifier."),
    IdentityStatus.VALIDATED: lazy_gettext("Pièce d'identité vérifiée ; l'INS reste à obtenir."),
    IdentityStatus.QUALIFIED: lazy_gettext("Pièce d'identité et INS vérifiées."),
}
SEX_LABELS = {
    Sex.MALE: lazy_gettext("Masculin"),
    Sex.FEMALE: lazy_gettext("Féminin"),
    Sex.UNKNOWN: lazy_gettext("Indéterminé"),
}
DELIVERY_LABELS = {
    DeliveryState.QUEUED: lazy_gettext("En attente"),
    DeliveryState.SENT: lazy_gettext("Envoyé"),
    DeliveryState.FAILED: lazy_gettext("Échec"),
    DeliveryState.DELIVERED: lazy_gettext("Reçu"),
    DeliveryState.READ: lazy_gettext("Lu"),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """A word that goes with a person: by the sex, and when it is not known as it is seen and as it is heard."""

    feminine: object
    masculine: object
    seen: object
    heard: object


_BORN = Agreement(lazy_gettext("née"), lazy_gettext("né"), lazy_gettext("né(e)"), lazy_gettext("né ou née"))
_BORN_ON = Agreement(
    lazy_gettext("Née le"), lazy_gettext("Né le"), lazy_gettext("Né(e) le"), lazy_gettext("Né ou née le")
)
_BORN_IN = Agreement(
    lazy_gettext("Née en"), lazy_gettext("Né en"), lazy_gettext("Né(e) en"), lazy_gettext("Né ou née en")
)
_DECEASED = Agreement(
    lazy_gettext("Décédée"), lazy_gettext("Décédé"), lazy_gettext("Décédé(e)"), lazy_gettext("Décédé ou décédée")
)
# A screen reader would spell the brackets of « né(e) ».
_TWICE = Markup('<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>')


def _language() -> str:
    return str(get_locale() or "fr")


def moment(value: datetime) -> str:
    """Write an instant: « mardi 3 mars 2026 à 14 h 05 »."""
    local = value.astimezone(PARIS)
    if _language() == "fr":
        number = _day_number(local)
        return format_datetime(local, f"EEEE {number} MMMM y 'à' HH 'h' mm", tzinfo=PARIS, locale="fr")
    return format_datetime(local, "EEEE d MMMM y 'at' HH:mm", tzinfo=PARIS, locale="en")


def short_moment(value: datetime) -> str:
    """Write an instant briefly: « 03/03/2026 à 14 h 05 »."""
    local = value.astimezone(PARIS)
    if _language() == "fr":
        return format_datetime(local, "dd/MM/y 'à' HH 'h' mm", tzinfo=PARIS, locale="fr")
    return format_datetime(local, "dd/MM/y 'at' HH:mm", tzinfo=PARIS, locale="en")


def day(value: date | datetime) -> str:
    """Write a day in full."""
    if isinstance(value, datetime):
        value = value.astimezone(PARIS).date()
    language = _language()
    number = _day_number(value) if language == "fr" else "d"
    return format_date(value, f"{number} MMMM y", locale=language)


def _day_number(value: date) -> str:
    """Return the pattern of a day of the month: the first is « 1er »."""
    return "'1er'" if value.day == 1 else "d"


def birth(value: BirthDate | None) -> str:
    """Write a birth date as JJ/MM/AAAA, as complete as it is known."""
    if value is None:
        return _("date de naissance inconnue")
    parts = [f"{number:02d}" for number in (value.day, value.month) if number is not None]
    written_date = "/".join([*parts, f"{value.year:04d}"])
    return _("%(date)s (présumée)", date=written_date) if value.presumed else written_date


def born(traits: Traits) -> str:
    """Say in a line when somebody was born: « née le 14/03/1946 », « né en 1955 »."""
    value = traits.birth_date
    if value is None:
        return birth(None)
    when = _("le %(day)s", day=birth(value)) if value.day is not None else _("en %(month)s", month=birth(value))
    return Markup("{} {}").format(_agreed(traits.sex, _BORN), when)


def born_label(traits: Traits) -> str:
    """Name a date of birth before it: « Née le », « Né en »."""
    value = traits.birth_date
    if value is None:
        return _("Naissance")
    return _agreed(traits.sex, _BORN_ON if value.day is not None else _BORN_IN)


def deceased(sex: Sex) -> str:
    """Say that somebody died, before the date."""
    return _agreed(sex, _DECEASED)


def _agreed(sex: Sex, words: Agreement) -> str:
    if sex is Sex.UNKNOWN:
        return _TWICE.format(words.seen, words.heard)
    return str(words.feminine if sex is Sex.FEMALE else words.masculine)


def phone(value: str | None) -> str:
    """Write a French number in pairs."""
    if not value:
        return ""
    if value.startswith("+33") and len(value) == 12:
        national = "0" + value[3:]
        return " ".join(national[index : index + 2] for index in range(0, 10, 2))
    return value


def masked_phone(ending: str) -> str:
    """Write a number of which only the last two digits show."""
    return f"•• •• •• •• {ending}"


def written(name: str | None) -> str:
    """Write a name as people do: « JEAN-PIERRE » becomes « Jean-Pierre »."""
    if not name:
        return ""
    out, start = [], True
    for character in name:
        out.append(character.upper() if start else character.lower())
        start = character in " -'"
    return "".join(out)


def person_name(traits: Traits) -> str:
    """Write who it is: first given name (the used one when known) and names, birth name told when it differs."""
    given = written(traits.used_given_name or traits.first_given_name)
    birth_name = traits.birth_name or ""
    if traits.used_name and traits.used_name != traits.birth_name:
        was = {Sex.FEMALE: _BORN.feminine, Sex.MALE: _BORN.masculine}.get(traits.sex, _BORN.seen)
        return f"{given} {traits.used_name}" + (f" ({was} {birth_name})" if birth_name else "")
    return f"{given} {birth_name}".strip()


def delivery_line(delivery: DeliveryView) -> str:
    """Say how far a delivery came, and when."""
    if delivery.state is DeliveryState.READ and delivery.read_at:
        return _("Lu le %(moment)s", moment=short_moment(delivery.read_at))
    if delivery.state is DeliveryState.DELIVERED and delivery.delivered_at:
        return _("Reçu le %(moment)s", moment=short_moment(delivery.delivered_at))
    if delivery.state is DeliveryState.SENT and delivery.sent_at:
        return _("Envoyé le %(moment)s", moment=short_moment(delivery.sent_at))
    if delivery.state is DeliveryState.QUEUED and delivery.next_try_at and delivery.next_try_at > datetime.now(UTC):
        clock = delivery.next_try_at.astimezone(PARIS)
        return _("En attente, nouvel essai à %(hours)s h %(minutes)s", hours=f"{clock:%H}", minutes=f"{clock:%M}")
    return str(DELIVERY_LABELS[delivery.state])


def size(value: int) -> str:
    """Write a number of bytes: « 1,2 Mo »."""
    if value < 1000:
        return ngettext("%(num)d octet", "%(num)d octets", value)
    if value < 1_000_000:
        return _("%(number)s ko", number=f"{value / 1000:.0f}")
    return _("%(number)s Mo", number=decimal(f"{value / 1_000_000:.1f}".removesuffix(".0")))


def reasons(assessment: PersonScore) -> tuple[str, ...]:
    """Say why a person resembles: what forbids first, then what counts most, for or against."""
    parts = sorted(assessment.score.contributions, key=lambda part: -abs(part.bits))
    told = tuple(part.text for part in parts if abs(part.bits) >= _TOLD_BITS)[:_MOST_REASONS]
    return (assessment.veto.text, *told) if assessment.veto else told


def decimal(text: str) -> str:
    """Write a decimal number with the comma of French, or the point of English."""
    return text.replace(".", ",") if _language() == "fr" else text


def attach(app: Flask) -> None:
    """Register the filters and the labels that templates use."""
    filters = (
        moment, short_moment, day, birth, born, born_label, deceased, phone, masked_phone, written, person_name,
        delivery_line, size,
    )  # fmt: skip
    for function in filters:
        app.add_template_filter(function, function.__name__)
    app.jinja_env.globals.update(
        status_label=lambda identity: str(STATUS_LABELS[_status(identity)]),
        status_help=lambda identity: str(STATUS_HELP[_status(identity)]),
        sex_label=lambda value: str(SEX_LABELS[value]),
    )


def _status(value: StoredIdentity | IdentityStatus) -> IdentityStatus:
    return value if isinstance(value, IdentityStatus) else value.status
