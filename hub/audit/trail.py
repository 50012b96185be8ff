"""Record and verify the audit trail: who did what, on whose data, when.

Each event carries the HMAC-SHA256 of itself and of the event before it, in the same transaction as what it tells.
The key is derived from the pepper, outside the database, so that whoever can write rows cannot forge a chain. The
trail is split into 16 chains by structure: structures do not wait for each other. The chain head of each is what
`hub audit verify` prints, to be kept elsewhere as an anchor (CNIL, logging recommendation of 2021).
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.tables import AuditEvent, AuditHead

CHAINS = 16

_HEAD = (
    sa.select(AuditHead.sequence, AuditHead.digest)
    .where(AuditHead.chain == sa.bindparam("of_chain"))
    .with_for_update()
)
# PostgreSQL: the lock and the time in one question, the event and the new head (`_APPEND`) in another.
_HEAD_AND_TIME = _HEAD.add_columns(sa.func.clock_timestamp())
# What a digest is made of, in this order for ever: a chain is verified from its first event.
_SEALED = (
    "chain", "sequence", "recorded_at", "actor_kind", "actor_id", "organization_id", "action", "subject_kind",
    "subject_id", "detail", "request_id", "previous",
)  # fmt: skip
_WRITTEN = (*_SEALED, "digest")
_MOMENT = _SEALED.index("recorded_at")
_ADD = (
    sa.insert(AuditEvent)
    .inline()
    .values({name: sa.bindparam(f"new_{name}", type_=AuditEvent.__table__.columns[name].type) for name in _WRITTEN})
)
_ADVANCE = (
    sa.update(AuditHead)
    .where(AuditHead.chain == sa.bindparam("new_chain"))
    .values(sequence=sa.bindparam("new_sequence"), digest=sa.bindparam("new_digest"))
)
_APPEND = _ADVANCE.add_cte(_ADD.cte("added"))


class ActorKind(StrEnum):
    """Who acts."""

    SOFTWARE = "software"
    STAFF = "staff"
    PATIENT = "patient"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: kind, id, and the structure they act for."""

    kind: ActorKind
    id: str
    organization_id: int | None = None
    request_id: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM, "hub")


@dataclass(frozen=True, slots=True)
class Subject:
    """What the action was on: kind (`person`, `source_identity`, `document`…) and id."""

    kind: str
    id: int | str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event to record. `detail` holds ids, codes and counts only."""

    actor: Actor
    action: str
    subject: Subject | None = None
    detail: dict[str, str | int | bool | None] = field(default_factory=dict)


class Trail:
    """Writes and verifies the chains with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def record(self, session: Session, entry: Entry) -> None:
        """Append one event to its chain; the row lock on the chain's head is held until the commit."""
        chain = (entry.actor.organization_id or 0) % CHAINS
        connection = session.connection()
        sequence, last, moment = self._head(connection, chain)
        event = {
            "chain": chain,
            "sequence": sequence + 1,
            "recorded_at": moment,
            "actor_kind": entry.actor.kind.value,
            "actor_id": entry.actor.id,
            "organization_id": entry.actor.organization_id,
            "action": entry.action,
            "subject_kind": entry.subject.kind if entry.subject else None,
            "subject_id": str(entry.subject.id) if entry.subject else None,
            "detail": dict(entry.detail),
            "request_id": entry.actor.request_id,
            "previous": last,
        }
        event["digest"] = self._digest(event)
        written = {f"new_{name}": value for name, value in event.items()}
        for statement in (_APPEND,) if connection.dialect.name == "postgresql" else (_ADD, _ADVANCE):
            db.rows(connection, statement, written)

    def _head(self, connection: sa.Connection, chain: int) -> tuple[int, str, datetime]:
        """Lock a chain; return its last link and the database's time after the lock."""
        if connection.dialect.name == "postgresql":
            ((sequence, digest, moment),) = db.rows(connection, _HEAD_AND_TIME, {"of_chain": chain})
            return sequence, digest, moment.astimezone(UTC)
        ((sequence, digest),) = db.rows(connection, _HEAD, {"of_chain": chain})
        return sequence, digest, datetime.now(UTC)

    def verify(self, session: Session) -> "Verification":
        """Read every chain from its first event; report the first break of each."""
        breaks: list[str] = []
        heads: dict[int, str] = {}
        count = 0
        for head in session.scalars(sa.select(AuditHead).order_by(AuditHead.chain)):
            previous, sequence = "", 0
            broken = None
            for event in _events(session, head.chain):
                count += 1
                sequence += 1
                if broken is None and event.sequence != sequence:
                    broken = f"chaîne {head.chain} : l'événement {sequence} manque"
                elif broken is None and (event.previous != previous or event.digest != self._digest(_columns(event))):
                    broken = f"chaîne {head.chain} : l'événement {event.sequence} a été modifié"
                previous, sequence = event.digest, event.sequence
            if broken is None and (head.sequence != sequence or head.digest != previous):
                broken = f"chaîne {head.chain} : les derniers événements manquent"
            if broken:
                breaks.append(broken)
            heads[head.chain] = head.digest
        return Verification(count, tuple(breaks), heads)

    def _digest(self, event: Mapping[str, Any]) -> str:
        """Seal an event, given its columns, the digest of the event before it included."""
        content = [event[name] for name in _SEALED]
        content[_MOMENT] = event["recorded_at"].isoformat(timespec="microseconds")
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def was_seen(session: Session, actor: Actor, action: str, subject: Subject, within: timedelta) -> bool:
    """Tell whether the actor did this to the subject lately."""
    query = sa.select(AuditEvent.id).where(
        AuditEvent.subject_kind == subject.kind,
        AuditEvent.subject_id == str(subject.id),
        AuditEvent.actor_kind == actor.kind.value,
        AuditEvent.actor_id == actor.id,
        AuditEvent.action == action,
        AuditEvent.recorded_at > db.now(session) - within,
    )
    return session.scalar(query.limit(1)) is not None


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of reading the trail: events read, breaks found, digest at the head of each chain."""

    events: int
    breaks: tuple[str, ...]
    heads: dict[int, str]


def _events(session: Session, chain: int) -> Iterator[AuditEvent]:
    query = sa.select(AuditEvent).where(AuditEvent.chain == chain).order_by(AuditEvent.sequence)
    yield from session.scalars(query.execution_options(yield_per=1000))


def _columns(event: AuditEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _WRITTEN}
