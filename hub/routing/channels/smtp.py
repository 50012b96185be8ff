"""One SMTP conversation (RFC 5321): TLS when configured, time-outs, and a plain verdict.

A 4xx answer, a refused connection or a connection lost at any point means "later"; a 5xx answer means "never". A
server that kept a message and dropped the line before answering receives it again with the same Message-ID.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub.routing.channels.errors import Refused, TryLater

TIMEOUT = 30.0
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail leaves from: `smtp://`, `smtp+starttls://` or `smtps://`, and the authorities to trust."""

    url: str
    ca_file: Path | None = None


def send(relay: Relay, message: EmailMessage) -> None:
    """Hand a message to the relay; raise `TryLater` or `Refused`."""
    try:
        with _connect(relay) as connection:
            connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as err:
        codes = [code for code, _ in err.recipients.values()]
        if all(code >= 500 for code in codes):
            raise Refused("La messagerie du destinataire refuse cette adresse.") from err
        raise TryLater("La messagerie du destinataire ne l'accepte pas pour l'instant.") from err
    except smtplib.SMTPResponseException as err:
        if err.smtp_code >= 500:
            raise Refused(f"La messagerie a refusé le message (code {err.smtp_code}).") from err
        raise TryLater(f"La messagerie demande d'attendre (code {err.smtp_code}).") from err
    except ssl.SSLCertVerificationError as err:
        raise TryLater("Le certificat du serveur de messagerie n'est pas reconnu.") from err
    except (smtplib.SMTPException, OSError) as err:
        raise TryLater("Le serveur de messagerie ne répond pas ou a coupé la ligne.") from err


def _connect(relay: Relay) -> smtplib.SMTP:
    parts = urlsplit(relay.url)
    port = parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context(cafile=str(relay.ca_file) if relay.ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    host = parts.hostname or ""
    connection: smtplib.SMTP
    if parts.scheme == "smtps":
        connection = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        if parts.scheme == "smtp+starttls":
            connection.starttls(context=context)
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        connection.close()
        raise
    return connection
