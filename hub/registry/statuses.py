"""Raise, lower or mark an identity: what happened, on which evidence, applied to what is stored.

The rule is `identity.transitions`; the change goes through `intake` like any other, so that it is versioned, filed,
compared again and told to the trail. A structure acts on its own identities only: its pages check that.
"""

from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject
from hub.errors import Conflict, Invalid
from hub.registry import identities, intake
from hub.registry.intake import Registrar
from hub.registry.values import Channel, IncomingIdentity, StatusCause, StoredIdentity
from identity import ins_answer, transitions
from identity.evidence import EvidenceError, check_proof
from identity.ins_answer import ReportedIdentity
from identity.transitions import Received, Standing, TransitionError

_PARIS = ZoneInfo("Europe/Paris")
MOST_COMMENT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody does to an identity whose version `seen` they had in front of them."""

    identity_id: int
    seen: int
    cause: StatusCause
    reported: ReportedIdentity | None = None


def apply(session: Session, act: Act, registrar: Registrar, actor: Actor) -> StoredIdentity:
    """Apply an act; raise `Invalid` when the matrix refuses it, `Conflict` when the identity changed meanwhile."""
    identity = lock(session, act.identity_id)
    if identity.version != act.seen:
        raise Conflict("Cette identité vient de changer : relisez-la, puis recommencez.")
    cause = act.cause
    try:
        if cause.proof is not None:
            check_proof(cause.proof, identity.traits.birth_date, today(session))
        moved = transitions.apply(
            Standing(identity.status, identity.attributes, identity.traits.ins, identity.active),
            cause.event,
            proof=cause.proof,
            received=_received(identity, act.reported),
        )
    except (TransitionError, EvidenceError) as err:
        raise Invalid(err.message, err.field) from err
    traits = ins_answer.with_reported(identity.traits, act.reported) if act.reported else identity.traits
    incoming = IncomingIdentity(
        organization_id=identity.organization_id,
        domain=identity.domain,
        value=identity.value,
        traits=replace(traits, ins=moved.after.ins),
        status=moved.after.status,
        attributes=moved.after.attributes,
        active=moved.after.is_active,
        channel=Channel.WEB,
        cause=cause,
    )
    changed = intake.receive(session, incoming, registrar, actor).identity
    detail: dict[str, str | int | bool | None] = {
        "event": cause.event.value,
        "from": identity.status.value,
        "to": changed.status.value,
        "evidence": cause.proof.evidence.value if cause.proof else None,
    }
    registrar.trail.record(session, Entry(actor, "identity.status", Subject("source_identity", identity.id), detail))
    return changed


def lock(session: Session, identity_id: int) -> StoredIdentity:
    """Return an identity as it is once those who change it have ended."""
    identity = identities.by_id(session, identity_id)
    db.serialise(session, f"number:{identity.domain}|{identity.value}")
    return identities.by_id(session, identity_id)


def today(session: Session) -> date:
    """Return the day it is for the people at the desk."""
    return db.now(session).astimezone(_PARIS).date()


def _received(identity: StoredIdentity, reported: ReportedIdentity | None) -> Received | None:
    if reported is None:
        return None
    return Received(reported.ins, ins_answer.overall(ins_answer.compare(identity.traits, reported.traits)))
