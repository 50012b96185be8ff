"""The ways out, against real servers: SMTP over TLS, and an SMS gateway over HTTP."""

import json
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller

from hub.routing.channels import mssante, smtp
from hub.routing.channels.errors import Refused, TryLater
from hub.routing.channels.mssante import Letter
from hub.routing.channels.sms import HttpGateway, Sms
from hub.routing.channels.smtp import Relay as Way
from tests.relay import Relay

SMS = Sms("+33639980001", "123456 est votre code", "code-7")


def _message() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "hub@a.example", "b@b.example", "Bonjour"
    message.set_content("Bonjour")
    return message


class _Implicit(Controller):
    """Speaks TLS from the first byte, on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        smtp.smtplib.SMTP_SSL("127.0.0.1", self.port, context=_careless()).quit()


class _StartTls(Controller):
    """Asks for STARTTLS before anything else."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


def _careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(params=["smtps", "smtp+starttls"])
def tls_relay(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[tuple[Relay, str]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    relay = Relay()
    if request.param == "smtps":
        controller: Controller = _Implicit(relay, hostname="127.0.0.1", port=0, ssl_context=context)
    else:
        controller = _StartTls(relay, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True)
    controller.start()
    yield relay, f"{request.param}://127.0.0.1:{controller.port}"
    controller.stop()


def test_a_message_leaves_over_tls_to_a_server_that_is_trusted(tls_relay: tuple[Relay, str], ca_file: Path) -> None:
    relay, url = tls_relay

    smtp.send(Way(url, ca_file), _message())

    assert [message["Subject"] for message in relay.messages] == ["Bonjour"]


def test_nothing_leaves_to_a_server_whose_certificate_is_not_known(tls_relay: tuple[Relay, str]) -> None:
    relay, url = tls_relay

    with pytest.raises(TryLater, match="certificat"):
        smtp.send(Way(url), _message())
    assert relay.messages == []


def test_a_letter_outside_the_trust_space_does_not_leave() -> None:
    letter = Letter(
        sender="hub@region.mssante.example", reply_to=None, sender_name="Région", recipient="a@gmail.example",
        reference="r", subject="s", text="t", file_name="a.pdf", content_type="application/pdf", content=b"%PDF",
    )  # fmt: skip

    for recipient in ("a@gmail.example", "a@mssante.example.evil.example", "a@evilmssante.example"):
        outside = Letter(**{name: getattr(letter, name) for name in Letter.__slots__} | {"recipient": recipient})
        with pytest.raises(Refused, match="espace de confiance"):
            mssante.send(Way("smtp://127.0.0.1:9"), outside, ("mssante.example",))


class _Gateway(BaseHTTPRequestHandler):
    """An SMS gateway that answers what it is told to, and keeps what it was sent."""

    status = 202
    received: list[tuple[str | None, dict[str, str]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.headers["Authorization"], json.loads(body)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def gateway() -> Iterator[tuple[type[_Gateway], str]]:
    handler = type("Handler", (_Gateway,), {"received": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_address[1]}/sms"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_sms_is_handed_over_with_its_reference_and_token(gateway: tuple[type[_Gateway], str]) -> None:
    handler, url = gateway

    HttpGateway(url, "secret", "MaSante").send(SMS)

    (authorization, body) = handler.received[0]
    assert authorization == "Bearer secret"
    assert body == {"to": SMS.number, "text": SMS.text, "sender": "MaSante", "reference": "code-7"}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(429, TryLater, id="too many"),
        pytest.param(500, TryLater, id="broken"),
        pytest.param(503, TryLater, id="away"),
        pytest.param(400, Refused, id="bad request"),
        pytest.param(401, Refused, id="bad token"),
        pytest.param(302, Refused, id="redirection is not followed"),
    ],
)
def test_an_answer_of_the_gateway_says_whether_to_try_again(
    gateway: tuple[type[_Gateway], str], status: int, error: type[Exception]
) -> None:
    handler, url = gateway
    handler.status = status

    with pytest.raises(error) as refused:
        HttpGateway(url, None, "MaSante").send(SMS)
    assert SMS.number not in str(refused.value)


def test_a_gateway_that_does_not_answer_is_tried_later() -> None:
    with pytest.raises(TryLater):
        HttpGateway("http://127.0.0.1:9/sms", None, "MaSante").send(SMS)
