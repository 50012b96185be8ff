"""SMS gateways. One interface; an HTTP implementation, and the demonstration's, whose SMS land in its mailbox."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

import httpx2 as httpx

from hub.config import Environment, Settings
from hub.errors import SettingsError
from hub.routing.channels import smtp
from hub.routing.channels.errors import Refused, TryLater
from hub.routing.channels.smtp import Relay

DEMONSTRATION_DOMAIN = "sms.demonstration.example"


@dataclass(frozen=True, slots=True)
class Sms:
    """A text for a number (E.164). `reference` is the same at each try, so that a gateway can drop a double."""

    number: str
    text: str
    reference: str


class SmsGateway(Protocol):
    """What sends an SMS."""

    def send(self, sms: Sms) -> None:
        """Hand the SMS over; raise `TryLater` or `Refused`."""


class HttpGateway:
    """A gateway reached by `POST` of JSON `{to, text, sender, reference}` with a bearer token.

    2xx means taken. 429, 5xx and no answer mean later (the outcome may be unknown: the reference drops doubles).
    """

    def __init__(self, url: str, token: str | None, sender: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sender = sender

    def send(self, sms: Sms) -> None:
        """Hand the SMS over; raise `TryLater` or `Refused`."""
        body = {"to": sms.number, "text": sms.text, "sender": self._sender, "reference": sms.reference}
        try:
            answer = httpx.post(self._url, json=body, headers=self._headers, timeout=10, follow_redirects=False)
        except httpx.HTTPError as err:
            raise TryLater("La passerelle SMS ne répond pas.") from err
        if answer.status_code == 429 or answer.status_code >= 500:
            raise TryLater(f"La passerelle SMS demande d'attendre (code {answer.status_code}).")
        if not answer.is_success:
            raise Refused(f"La passerelle SMS a refusé l'envoi (code {answer.status_code}).")


class DemonstrationGateway:
    """Sends each SMS as a mail to the demonstration's mailbox, over the same SMTP relay."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def send(self, sms: Sms) -> None:
        """Put the SMS into the mailbox; raise `TryLater` or `Refused`."""
        message = EmailMessage()
        message["From"] = f"sms@{DEMONSTRATION_DOMAIN}"
        message["To"] = f"{sms.number}@{DEMONSTRATION_DOMAIN}"
        message["Subject"] = "SMS"
        message["Message-ID"] = f"<{sms.reference}@{DEMONSTRATION_DOMAIN}>"
        message.set_content(sms.text)
        smtp.send(self._relay, message)


def open_gateway(settings: Settings) -> SmsGateway:
    """Return the gateway that the settings name; raise `SettingsError`."""
    if settings.sms_gateway == "demonstration":
        if settings.env is Environment.PRODUCTION:
            raise SettingsError("La passerelle SMS de démonstration n'existe pas en production.")
        return DemonstrationGateway(Relay(settings.smtp_url, settings.smtp_ca_file))
    if settings.sms_url is None:
        raise SettingsError("HUB_SMS_URL manque : la passerelle SMS a besoin d'une adresse.")
    return HttpGateway(settings.sms_url, settings.sms_token, settings.sms_sender)
