"""The e-mails that patients receive: fixed, neutral, with one link (L5, M10).

No name, sender, title, type or attachment: a notice on a screen or with a mail provider tells nothing of health
(RGPD articles 5 and 9). The link gives no right; it leads to the log-in.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from html import escape

from hub.counting import counted
from hub.routing.channels import smtp
from hub.routing.channels.smtp import Relay


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a notice."""

    subject: str
    opening: str
    button: str
    closing: str


DOCUMENT = Wording(
    "Un document est disponible dans votre espace santé",
    "Un nouveau document vous attend dans votre espace santé.",
    "Ouvrir mon espace santé",
    "Pour votre sécurité, un code vous sera envoyé par SMS. Ce lien est valable {validity} ; "
    "ensuite, vous retrouverez votre document en vous connectant à votre espace.",
)
INVITATION = Wording(
    "Activez votre espace santé",
    "Un espace santé a été ouvert pour vous, avec votre accord. Il reste à l'activer.",
    "Activer mon espace santé",
    "Vous choisirez un mot de passe, puis un code vous sera envoyé par SMS. Ce lien est valable {validity}.",
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """To whom a notice goes and what makes it unique: `reference` gives the same Message-ID at each try."""

    sender: str
    recipient: str
    reference: str
    link: str
    days: int
    region: str
    support: str


def send(relay: Relay, wording: Wording, envelope: Envelope) -> None:
    """Send a notice; raise `TryLater` or `Refused`."""
    smtp.send(relay, compose(wording, envelope))


def compose(wording: Wording, envelope: Envelope) -> EmailMessage:
    """Write the message: plain text, and the same in HTML with one large button."""
    closing = wording.closing.format(validity=counted(envelope.days, "jour", "jours"))
    message = EmailMessage()
    message["From"] = f"{envelope.region} <{envelope.sender}>" if envelope.region.isascii() else envelope.sender
    message["To"] = envelope.recipient
    message["Subject"] = wording.subject
    message["Message-ID"] = f"<{envelope.reference}@{envelope.sender.partition('@')[2]}>"
    message["Date"] = format_datetime(localtime())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        f"Bonjour,\n\n{wording.opening}\n\n{wording.button} :\n{envelope.link}\n\n{closing}\n\n"
        f"Une question ? {envelope.support}\n\n{envelope.region}\n"
    )
    html = (
        '<!doctype html><html lang="fr"><meta charset="utf-8"><body style="font:18px/1.5 sans-serif;color:#1b2733">'
        f"<p>Bonjour,</p><p>{escape(wording.opening)}</p>"
        f'<p><a href="{escape(envelope.link)}" style="display:inline-block;padding:14px 22px;background:#0b5c4a;'
        f'color:#fff;border-radius:8px;text-decoration:none">{escape(wording.button)}</a></p>'
        f"<p>{escape(closing)}</p><p>Une question ? {escape(envelope.support)}</p>"
        f"<p>{escape(envelope.region)}</p></body></html>"
    )
    message.add_alternative(html, subtype="html")
    return message
