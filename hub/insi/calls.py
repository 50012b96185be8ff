"""Questions to INSi about the identities of the hub, and their answers.

An answer is kept until somebody decides (`decisions`). One thing only happens by itself: an INS that INSi does not
confirm leaves its identity, and an officer is told. A question is a row first and an outbox job with
it: whoever asks may stop half-way, the worker goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import SYSTEM, Actor, Entry, Subject
from hub.errors import Invalid, NotFound
from hub.insi import answers, retrieval
from hub.insi.tables import InsiCall
from hub.insi.teleservice import Answer, AnswerCode, Failure, Teleservice
from hub.outbox import queue
from hub.registry import identities, statuses, tasks
from hub.registry.intake import Registrar
from hub.registry.statuses import Act
from hub.registry.tasks import TaskKind
from hub.registry.values import StatusCause, StoredIdentity
from identity import ins_answer
from identity.ins import Ins
from identity.ins_answer import Likeness, ReportedIdentity
from identity.status import BARRED
from identity.transitions import Event

JOB = "insi.call"
# The one who asks has this long to be answered before the worker asks in their place.
PATIENCE = timedelta(minutes=2)


class CallKind(StrEnum):
    """Look for an INS, or have one confirmed."""

    RETRIEVE = "retrieve"
    VERIFY = "verify"


class CallState(StrEnum):
    """Where a question stands; see `tables`."""

    WAITING = "waiting"
    PENDING = "pending"
    CLOSED = "closed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Call:
    """One question, as pages show it. `reported` is there only while somebody must decide."""

    id: int
    identity_id: int
    kind: CallKind
    state: CallState
    code: AnswerCode | None
    reported: ReportedIdentity | None
    failure: Failure | None
    requested_at: datetime
    answered_at: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What asks: the teleservice, if there is one, and what the index decides and tells with now."""

    teleservice: Teleservice | None
    registrar: Callable[[], Registrar]


@dataclass(frozen=True, slots=True)
class Question:
    """What a waiting call asks: the identity as it was when it was read."""

    call_id: int
    kind: CallKind
    identity: StoredIdentity

    @property
    def ins(self) -> Ins | None:
        """The INS to confirm."""
        return self.identity.traits.ins


def open_call(session: Session, identity_id: int, desk: Desk, actor: Actor, *, delay: timedelta = PATIENCE) -> int:
    """Write a question and its job: a verification when the identity has an INS; return its id.

    Raise `Invalid` when INSi may not be asked. The question that waits already is the question.
    """
    identity = statuses.lock(session, identity_id)
    waiting = sa.select(InsiCall.id).where(
        InsiCall.source_identity_id == identity_id, InsiCall.state == CallState.WAITING.value
    )
    found = session.scalar(waiting)
    if found is not None:
        return found
    _check(identity, desk)
    kind = CallKind.VERIFY if identity.traits.ins else CallKind.RETRIEVE
    moment = db.now(session)
    _supersede(session, identity_id)
    row = InsiCall(
        source_identity_id=identity_id,
        kind=kind.value,
        state=CallState.WAITING.value,
        failures=0,
        requested_by=name_of(actor),
        requested_at=moment,
    )
    session.add(row)
    session.flush()  # the job names the call
    queue.enqueue(session, JOB, {"call_id": row.id}, dedupe_key=f"{JOB}:{row.id}", delay=delay)
    entry = Entry(
        actor, "insi.request", Subject("source_identity", identity_id), {"call": row.id, "kind": kind.value}
    )
    desk.registrar().trail.record(session, entry)
    return row.id


def _check(identity: StoredIdentity, desk: Desk) -> None:
    if desk.teleservice is None:
        raise Invalid("Le téléservice INSi n'est pas réglé sur ce hub : demandez-le à l'agence régionale.")
    if not identity.active:
        raise Invalid("Cette identité n'est plus active : agissez sur celle qui la remplace.")
    if identity.attributes & BARRED:
        raise Invalid("INSi n'est pas interrogé pour une identité douteuse ou fictive : levez d'abord cette mention.")
    problems = retrieval.missing(identity.traits)
    if problems:
        raise Invalid(" ".join(problems))


def _supersede(session: Session, identity_id: int) -> None:
    """Close the answers nobody decided on: a newer question takes their place, and their traits go."""
    statement = sa.update(InsiCall).where(
        InsiCall.source_identity_id == identity_id, InsiCall.state == CallState.PENDING.value
    )
    session.execute(statement.values(state=CallState.CLOSED.value, answer=sa.null()))


def name_of(actor: Actor) -> str:
    return f"{actor.kind.value}:{actor.id}"


def question_of(session: Session, call_id: int) -> Question | None:
    """Return what a call asks, None when it was answered."""
    row = session.get(InsiCall, call_id)
    if row is None or row.state != CallState.WAITING.value:
        return None
    return Question(row.id, CallKind(row.kind), identities.by_id(session, row.source_identity_id))


def put(question: Question, desk: Desk) -> Answer:
    """Ask INSi, with no transaction open."""
    if desk.teleservice is None:
        return Answer(None, None, Failure.OFF)
    if question.kind is CallKind.RETRIEVE:
        return retrieval.retrieve(desk.teleservice, question.identity.traits)
    if question.ins is None:
        return Answer(AnswerCode.NOBODY)
    return retrieval.verify(desk.teleservice, question.ins, question.identity.traits)


def ask(call_id: int, desk: Desk) -> Answer | None:
    """Ask a waiting question and keep its answer; None when somebody else had it answered."""
    with db.transaction() as session:
        question = question_of(session, call_id)
    if question is None:
        return None
    answer = put(question, desk)
    with db.transaction() as session:
        keep(session, question, answer, desk)
    return answer


def keep(session: Session, question: Question, answer: Answer, desk: Desk) -> None:
    """Keep an answer. The second of two to the same question changes nothing."""
    identity = statuses.lock(session, question.identity.id)
    row = session.get_one(InsiCall, question.call_id, populate_existing=True)
    if row.state != CallState.WAITING.value:
        return
    if answer.code is None:
        row.failures += 1
        row.failure = answer.failure.value if answer.failure else None
        return
    row.code, row.failure, row.answered_at = answer.code.value, None, db.now(session)
    row.state = CallState.CLOSED.value
    if identity.attributes & BARRED or not identity.active:
        # Doubted while INSi thought: its answer is nobody's any more.
        pass
    elif answer.reported is not None and not _confirms(identity, answer.reported):
        row.state, row.answer = CallState.PENDING.value, answers.to_columns(answer.reported)
    elif (
        answer.code is AnswerCode.NOBODY and question.kind is CallKind.VERIFY and identity.traits.ins == question.ins
    ):
        withdraw(session, identity, Event.INSI_REFUSED, desk.registrar(), SYSTEM)
    detail: dict[str, str | int | bool | None] = {"call": row.id, "code": row.code, "state": row.state}
    entry = Entry(SYSTEM, "insi.answer", Subject("source_identity", identity.id), detail)
    desk.registrar().trail.record(session, entry)


def _confirms(identity: StoredIdentity, reported: ReportedIdentity) -> bool:
    """Tell whether the answer says what the identity says already."""
    if identity.traits.ins != reported.ins:
        return False
    return likeness_of(identity, reported) is not Likeness.DIFFERENT


def likeness_of(identity: StoredIdentity, reported: ReportedIdentity) -> Likeness:
    """Tell how the five traits resemble the identity's."""
    return ins_answer.overall(ins_answer.compare(identity.traits, reported.traits))


def withdraw(session: Session, identity: StoredIdentity, event: Event, registrar: Registrar, actor: Actor) -> None:
    """Take the INS away, and ask an officer to look."""
    if identity.traits.ins is None:
        return
    statuses.apply(
        session, Act(identity_id=identity.id, seen=identity.version, cause=StatusCause(event)), registrar, actor
    )
    detail = {"from": identity.status.value}
    tasks.open_alone(session, TaskKind.INS, identity.id, reasons=[event.value], detail=detail)


def give_up(session: Session, call_id: int) -> None:
    """End a question that no try could have answered; it can be asked anew."""
    row = session.get_one(InsiCall, call_id)
    if row.state == CallState.WAITING.value:
        row.state = CallState.FAILED.value


def calls_about(session: Session, identity_id: int) -> list[Call]:
    """Return the questions asked about an identity, the latest first."""
    query = sa.select(InsiCall).where(InsiCall.source_identity_id == identity_id).order_by(InsiCall.id.desc())
    return [_value(row) for row in session.scalars(query.limit(20))]


def call_about(session: Session, identity_id: int, call_id: int) -> Call:
    """Return one question about an identity; raise `NotFound`."""
    row = session.get(InsiCall, call_id)
    if row is None or row.source_identity_id != identity_id:
        raise NotFound("Cette réponse n'existe pas.")
    return _value(row)


def _value(row: InsiCall) -> Call:
    return Call(
        id=row.id,
        identity_id=row.source_identity_id,
        kind=CallKind(row.kind),
        state=CallState(row.state),
        code=AnswerCode(row.code) if row.code else None,
        reported=answers.from_columns(row.answer) if row.answer else None,
        failure=Failure(row.failure) if row.failure else None,
        requested_at=row.requested_at,
        answered_at=row.answered_at,
        decided_at=row.decided_at,
    )
