"""A document to a professional or a pharmacy, by MSSanté: a mail with the PDF, between boxes of the trust space.

Référentiel socle MSSanté #2: stable Message-ID (ECO.2.2.1), UTF-8 (ECO.2.2.3), Reply-To to a box that people read
(ECO.2.2.5). The IHE_XDM archive and its headers come with the routing step. Addresses come from the directory only.
"""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, localtime

from hub.routing.channels import smtp
from hub.routing.channels.errors import Refused
from hub.routing.channels.smtp import Relay


@dataclass(frozen=True, slots=True)
class Letter:
    """What leaves: sender box, box to answer to, recipient, subject, text and the document."""

    sender: str
    reply_to: str | None
    sender_name: str
    recipient: str
    reference: str
    subject: str
    text: str
    file_name: str
    content_type: str
    content: bytes


def send(relay: Relay, letter: Letter, trusted_domains: tuple[str, ...]) -> None:
    """Send a letter; raise `Refused` for an address outside the trust space, else as SMTP does."""
    domain = letter.recipient.rpartition("@")[2].lower()
    if not any(domain == trusted or domain.endswith("." + trusted) for trusted in trusted_domains):
        raise Refused("L'adresse du destinataire n'est pas dans l'espace de confiance MSSanté.")
    smtp.send(relay, compose(letter))


def compose(letter: Letter) -> EmailMessage:
    """Write the message."""
    message = EmailMessage()
    message["From"] = formataddr((letter.sender_name, letter.sender))
    if letter.reply_to:
        message["Reply-To"] = letter.reply_to
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{letter.reference}@{letter.sender.partition('@')[2]}>"
    message["Date"] = format_datetime(localtime())
    message.set_content(letter.text)
    main, _, sub = letter.content_type.partition("/")
    message.add_attachment(letter.content, maintype=main, subtype=sub, filename=letter.file_name)
    return message
