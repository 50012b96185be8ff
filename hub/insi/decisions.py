"""What a person makes of INSi's answer: accept it or refuse it (RNIV 1). Nothing of it is kept once they have.

The traits of somebody whom a member did not recognise are nobody's business; those accepted are on the identity.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject
from hub.errors import Conflict, NotFound
from hub.insi import answers, calls
from hub.insi.calls import CallKind, CallState
from hub.insi.tables import InsiCall
from hub.registry import identities, status_history, statuses
from hub.registry.intake import Registrar
from hub.registry.statuses import Act
from hub.registry.values import StatusCause, StoredIdentity
from identity.evidence import Proof
from identity.transitions import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decides on an answer about an identity whose version `seen` they had in front of them."""

    identity_id: int
    call_id: int
    seen: int
    proof: Proof | None = None


def accept(session: Session, decision: Decision, registrar: Registrar, actor: Actor) -> StoredIdentity:
    """Give the identity the INS and the strict traits of the answer, by the matrix of statuses."""
    statuses.lock(session, decision.identity_id)
    row = _pending(session, decision)
    reported = answers.from_columns(row.answer or {})
    act = Act(
        identity_id=decision.identity_id,
        seen=decision.seen,
        cause=StatusCause(Event.INSI_ACCEPTED, decision.proof),
        reported=reported,
    )
    changed = statuses.apply(session, act, registrar, actor)
    status_history.keep_reported(
        session, decision.identity_id, (ins for ins in reported.former if ins != reported.ins)
    )
    _decide(session, row, CallState.ACCEPTED, registrar, actor)
    return changed


def refuse(session: Session, decision: Decision, registrar: Registrar, actor: Actor) -> StoredIdentity:
    """Set an answer aside; an INS whose verification is refused is not this patient's, and leaves the identity."""
    identity = statuses.lock(session, decision.identity_id)
    row = _pending(session, decision)
    if identity.version != decision.seen:
        raise Conflict("Cette identité vient de changer : relisez-la, puis recommencez.")
    if row.kind == CallKind.VERIFY.value:
        calls.withdraw(session, identity, Event.WRONG_PERSON, registrar, actor)
    _decide(session, row, CallState.REFUSED, registrar, actor)
    return identities.by_id(session, identity.id)


def _pending(session: Session, decision: Decision) -> InsiCall:
    row = session.get(InsiCall, decision.call_id, populate_existing=True)
    if row is None or row.source_identity_id != decision.identity_id:
        raise NotFound("Cette réponse n'existe pas.")
    if row.state != CallState.PENDING.value:
        raise Conflict("Cette réponse n'attend plus de décision : quelqu'un l'a prise, ou une autre l'a remplacée.")
    return row


def _decide(session: Session, row: InsiCall, state: CallState, registrar: Registrar, actor: Actor) -> None:
    row.state, row.answer = state.value, None
    row.decided_by, row.decided_at = calls.name_of(actor), db.now(session)
    detail: dict[str, str | int | bool | None] = {"call": row.id, "decision": state.value}
    registrar.trail.record(
        session, Entry(actor, "insi.decide", Subject("source_identity", row.source_identity_id), detail)
    )
