"""A local mailbox: an SMTP server that keeps what it receives, and a page that shows every e-mail and SMS.

It also shows the authenticator codes of the demonstration's staff, so that nobody needs a telephone to try the hub.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pyotp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask, Response, abort, jsonify, render_template
from flask_bootstrap import Bootstrap5
from werkzeug.serving import make_server

from hub.routing.channels.sms import DEMONSTRATION_DOMAIN
from hub.web import formats


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it arrived."""

    number: int
    at: datetime
    recipient: str
    message: EmailMessage

    @property
    def is_sms(self) -> bool:
        """Tell whether it stands for an SMS."""
        return self.recipient.endswith("@" + DEMONSTRATION_DOMAIN)

    @property
    def shown_recipient(self) -> str:
        """The address, or the telephone number in pairs."""
        return formats.phone(self.recipient.partition("@")[0]) if self.is_sms else self.recipient

    @property
    def text(self) -> str:
        """The plain text."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""

    @property
    def attachments(self) -> list[str]:
        """Names of the attached files."""
        return [part.get_filename() or "sans nom" for part in self.message.iter_attachments()]


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A member of staff of the demonstration, with what is needed to log in."""

    who: str
    login: str
    password: str
    totp_secret: str
    url: str

    @property
    def code(self) -> str:
        """The authenticator's code now."""
        return pyotp.TOTP(self.totp_secret).now()


@dataclass
class Mailbox:
    """What was received, latest last; keyed by Message-ID so that a repeated message is one."""

    messages: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message for each recipient."""
        content = envelope.original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        with self.lock:
            known = {(item.message["Message-ID"], item.recipient) for item in self.messages}
            for recipient in envelope.rcpt_tos:
                if (message["Message-ID"], recipient) not in known:
                    number = len(self.messages) + 1
                    self.messages.append(Received(number, datetime.now(UTC), recipient, message))
        return "250 OK"

    def latest(self) -> list[Received]:
        """Return all messages, latest first."""
        with self.lock:
            return list(reversed(self.messages))


def create_page(mailbox: Mailbox, logins: list[DemoLogin], hub_url: str) -> Flask:
    """Make the mailbox page."""
    app = Flask("hub", root_path=None, template_folder="web/templates", static_folder="web/static")
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    Bootstrap5(app)
    app.add_template_filter(formats.phone, "phone")

    @app.after_request
    def set_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def home() -> str:
        return render_template(
            "mailbox.html",
            messages=mailbox.latest(),
            logins=logins,
            hub_url=hub_url,
            seconds=30 - int(time.time()) % 30,
        )

    @app.get("/messages.json")
    def messages() -> Response:
        return jsonify(
            [
                {"number": item.number, "recipient": item.recipient, "sms": item.is_sms, "text": item.text}
                for item in mailbox.latest()
            ]
        )

    @app.get("/codes.json")
    def codes() -> Response:
        return jsonify({item.login: item.code for item in logins})

    @app.get("/messages/<int:number>/<int:index>")
    def attachment(number: int, index: int) -> Response:
        found = [item for item in mailbox.latest() if item.number == number]
        parts = list(found[0].message.iter_attachments()) if found else []
        if index >= len(parts):
            abort(404)
        part = parts[index]
        response = Response(part.get_payload(decode=True), content_type=part.get_content_type())
        response.headers.set("Content-Disposition", "attachment", filename=part.get_filename() or "document")
        return response

    return app


@dataclass(frozen=True, slots=True)
class Running:
    """The mailbox at work: its SMTP server and its page."""

    smtp: Controller
    server: object
    thread: threading.Thread

    def stop(self) -> None:
        """End both."""
        self.smtp.stop()
        self.server.shutdown()  # type: ignore[attr-defined]
        self.thread.join()
        self.server.server_close()  # type: ignore[attr-defined]


def start(smtp_port: int, page_port: int, logins: list[DemoLogin], hub_url: str) -> Running:
    """Start the SMTP server and the page on loopback."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=smtp_port, data_size_limit=80_000_000)
    controller.start()
    server = make_server("127.0.0.1", page_port, create_page(mailbox, logins, hub_url), threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="mailbox", daemon=True)
    thread.start()
    return Running(controller, server, thread)
