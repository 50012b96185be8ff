"""How values read on screen: dates in full in Europe/Paris, phones in pairs, names as people write them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask import Flask
from flask_babel import get_locale

from hub.registry.values import StoredIdentity
from hub.routing.values import DeliveryState, DeliveryView
from identity.status import IdentityStatus
from identity.traits import BirthDate, Sex, Traits

PARIS = ZoneInfo("Europe/Paris")
STATUS_LABELS = {
    IdentityStatus.PROVISIONAL: "Identité provisoire",
    IdentityStatus.RETRIEVED: "Identité récupérée",
    IdentityStatus.VALIDATED: "Identité validée",
    IdentityStatus.QUALIFIED: "Identité qualifiée",
}
STATUS_HELP = {
    IdentityStatus.PROVISIONAL: "Pièce d'identité et INS non vérifiées.",
    IdentityStatus.RETRIEVED: "INS obtenue ; la pièce d'identité reste à vérifier.",
    IdentityStatus.VALIDATED: "Pièce d'identité vérifiée ; l'INS reste à obtenir.",
    IdentityStatus.QUALIFIED: "Pièce d'identité et INS vérifiées.",
}
SEX_LABELS = {Sex.MALE: "Masculin", Sex.FEMALE: "Féminin", Sex.UNKNOWN: "Indéterminé"}
DELIVERY_LABELS = {
    DeliveryState.QUEUED: "En attente",
    DeliveryState.SENT: "Envoyé",
    DeliveryState.FAILED: "Échec",
    DeliveryState.DELIVERED: "Reçu",
    DeliveryState.READ: "Lu",
}


def _language() -> str:
    return str(get_locale() or "fr")


def moment(value: datetime) -> str:
    """Write an instant: « mardi 3 mars 2026 à 14 h 05 »."""
    local = value.astimezone(PARIS)
    if _language() == "fr":
        return format_datetime(local, "EEEE d MMMM y 'à' HH 'h' mm", tzinfo=PARIS, locale="fr")
    return format_datetime(local, "EEEE d MMMM y 'at' HH:mm", tzinfo=PARIS, locale="en")


def short_moment(value: datetime) -> str:
    """Write an instant briefly: « 03/03/2026 à 14 h 05 »."""
    local = value.astimezone(PARIS)
    return format_datetime(local, "dd/MM/y 'à' HH 'h' mm", tzinfo=PARIS, locale="fr")


def day(value: date | datetime) -> str:
    """Write a day in full."""
    if isinstance(value, datetime):
        value = value.astimezone(PARIS).date()
    return format_date(value, "d MMMM y", locale=_language())


def birth(value: BirthDate | None) -> str:
    """Write a birth date as JJ/MM/AAAA, as complete as it is known."""
    if value is None:
        return "date de naissance inconnue"
    parts = [f"{number:02d}" for number in (value.day, value.month) if number is not None]
    return "/".join([*parts, f"{value.year:04d}"]) + (" (présumée)" if value.presumed else "")


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
        born = {Sex.FEMALE: "née", Sex.MALE: "né"}.get(traits.sex, "né(e)")
        return f"{given} {traits.used_name}" + (f" ({born} {birth_name})" if birth_name else "")
    return f"{given} {birth_name}".strip()


def delivery_line(delivery: DeliveryView) -> str:
    """Say how far a delivery came, and when."""
    label = DELIVERY_LABELS[delivery.state]
    if delivery.state is DeliveryState.READ and delivery.read_at:
        return f"Lu le {short_moment(delivery.read_at)}"
    if delivery.state is DeliveryState.DELIVERED and delivery.delivered_at:
        return f"Reçu le {short_moment(delivery.delivered_at)}"
    if delivery.state is DeliveryState.SENT and delivery.sent_at:
        return f"Envoyé le {short_moment(delivery.sent_at)}"
    if delivery.state is DeliveryState.QUEUED and delivery.next_try_at and delivery.next_try_at > datetime.now(UTC):
        clock = delivery.next_try_at.astimezone(PARIS)
        return f"En attente, nouvel essai à {clock:%H} h {clock:%M}"
    return label


def size(value: int) -> str:
    """Write a number of bytes: « 1,2 Mo »."""
    if value < 1000:
        return f"{value} octets"
    if value < 1_000_000:
        return f"{value / 1000:.0f} ko"
    return f"{value / 1_000_000:.1f} Mo".replace(".0 ", " ").replace(".", ",")


def attach(app: Flask) -> None:
    """Register the filters and the labels that templates use."""
    filters = (moment, short_moment, day, birth, phone, masked_phone, written, person_name, delivery_line, size)
    for function in filters:
        app.add_template_filter(function, function.__name__)
    app.jinja_env.globals.update(
        status_label=lambda identity: STATUS_LABELS[_status(identity)],
        status_help=lambda identity: STATUS_HELP[_status(identity)],
        sex_label=lambda value: SEX_LABELS[value],
    )


def _status(value: StoredIdentity | IdentityStatus) -> IdentityStatus:
    return value if isinstance(value, IdentityStatus) else value.status
