"""INSi over SOAP and mutual TLS. What goes wrong on the way becomes a failure of the answer, never an exception.

The certificate is the structure's or the region's (IGC-Santé, organisation); login and password do not exist here.
The answer is limited in size and in time, and a redirection is never followed: the traits go to one address.
"""

import ssl
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import structlog

from hub import __version__
from hub.config import Settings
from hub.errors import SettingsError
from hub.insi import envelope
from hub.insi.envelope import Sender
from hub.insi.teleservice import Answer, Failure, Query, Teleservice
from identity.ins import Ins, InsOid

MOST_BYTES = 200_000
log = structlog.get_logger()


class SoapTeleservice:
    """A client of one address. Each question is a connection of its own: they are few, and some days apart."""

    def __init__(
        self, url: str, sender: tuple[str, str], tls: ssl.SSLContext, *, seconds: float, accepted: frozenset[InsOid]
    ) -> None:
        self._url = url
        self._emitter, self._software = sender
        self._tls = tls
        self._seconds = seconds
        self._accepted = accepted

    def retrieve(self, query: Query) -> Answer:
        """Look for the person who has these traits."""
        return self._ask(envelope.SEARCH_ACTION, envelope.write_search(query, self._sender()))

    def verify(self, ins: Ins, query: Query) -> Answer:
        """Say whether this INS is that of the person who has these traits."""
        return self._ask(envelope.VERIFICATION_ACTION, envelope.write_verification(ins, query, self._sender()))

    def _sender(self) -> Sender:
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Sender(self._emitter, self._software, __version__, str(uuid.uuid4()), moment)

    def _ask(self, action: str, content: bytes) -> Answer:
        answer = self._exchange(action, content)
        # The code alone: neither the question nor the answer belongs in a log.
        log.info("insi.asked", code=answer.code, failure=answer.failure)
        return answer

    def _exchange(self, action: str, content: bytes) -> Answer:
        headers = {
            "Content-Type": f'{envelope.CONTENT_TYPE}; charset=utf-8; action="{action}"',
            # What is counted is what is read: nothing is unpacked.
            "Accept-Encoding": "identity",
        }
        deadline = time.monotonic() + self._seconds
        try:
            with (
                httpx.Client(
                    verify=self._tls, timeout=self._seconds, follow_redirects=False, trust_env=False
                ) as client,
                client.stream("POST", self._url, content=content, headers=headers) as answer,
            ):
                body = _read(answer, deadline)
                status = answer.status_code
        except httpx.TimeoutException:
            return Answer(None, None, Failure.SLOW)
        except (httpx.HTTPError, ssl.SSLError, OSError):
            return Answer(None, None, Failure.UNREACHABLE)
        if isinstance(body, Failure):
            return Answer(None, None, body)
        # A SOAP fault comes with 400 or 500, and says itself what it is.
        if status not in (200, 400, 500):
            return Answer(None, None, Failure.HTTP_STATUS)
        read = envelope.read_answer(body, self._accepted)
        if status != 200 and read.failure is not Failure.FAULT:
            return Answer(None, None, Failure.HTTP_STATUS)
        return read


def _read(answer: httpx.Response, deadline: float) -> bytes | Failure:
    """Read an answer, unless it is too long or trickles in for ever."""
    content = bytearray()
    for piece in answer.iter_raw():
        content += piece
        if len(content) > MOST_BYTES:
            return Failure.TOO_LONG
        if time.monotonic() > deadline:
            return Failure.SLOW
    return bytes(content)


def open_teleservice(settings: Settings) -> Teleservice | None:
    """Return the teleservice that the settings name, None without address; raise `SettingsError`."""
    if settings.insi_url is None:
        return None
    sender = (settings.insi_emitter, settings.insi_software)
    tls = _tls(settings.insi_ca_file, settings.insi_certificate, settings.insi_key)
    return SoapTeleservice(
        settings.insi_url, sender, tls, seconds=settings.insi_seconds, accepted=settings.accepted_oids
    )


def _tls(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as err:
        raise SettingsError(
            "HUB_INSI_CERTIFICATE, HUB_INSI_KEY ou HUB_INSI_CA_FILE est refusé : un fichier manque ou n'est pas du "
            "PEM, ou la clé n'est pas celle du certificat."
        ) from err
    return context
