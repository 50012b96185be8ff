"""A real SMTP server for tests, that can be told to refuse, to ask for patience, or to drop the line after DATA."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Relay:
    """What was received, and how to answer.

    `ok`; `later` (451); `never` (554); `drop` (kept, then cut); `hold` (kept, no answer until `released` is set).
    """

    mode: str = "ok"
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    holding: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer as the mode says."""
        if self.mode == "later":
            return "451 4.3.0 come back later"
        if self.mode == "never":
            return "554 5.7.1 not here"
        with self.lock:
            message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
            self.messages.append(message)  # type: ignore[arg-type]
            self.recipients += envelope.rcpt_tos
        if self.mode == "drop":
            server.transport.close()
        if self.mode == "hold":
            self.holding.set()
            await asyncio.get_running_loop().run_in_executor(None, self.released.wait, 30)
        return "250 OK"

    @property
    def url(self) -> str:
        """The HUB_SMTP_URL of this relay."""
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, recipient: str) -> list[EmailMessage]:
        """Return the messages for a recipient."""
        with self.lock:
            return [item for item, who in zip(self.messages, self.recipients, strict=True) if who == recipient]


class _AnyPort(Controller):
    """A controller that lets the system choose a free port."""

    def _trigger_server(self) -> None:
        sockets = self.server.sockets  # type: ignore[union-attr]
        self.port = sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running_relay() -> Iterator[Relay]:
    """Serve a relay on a free loopback port."""
    relay = Relay()
    controller = _AnyPort(relay, hostname="127.0.0.1", port=0)
    controller.start()
    relay.port = controller.port
    try:
        yield relay
    finally:
        controller.stop()
