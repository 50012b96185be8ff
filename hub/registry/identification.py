"""Documents of which a structure cannot tell the patient: what is read on them, and whom an officer recognises.

The structure writes the traits that it reads; the document itself is never shown to the officers (RNIV 2: the cell
sees traits). The answer is a proposal: the structure chooses the patient, and only that makes a link.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import identities, tasks, worklist
from hub.registry.corrections import clean_text
from hub.registry.tables import IdentificationRequest, ReviewTask
from hub.registry.tasks import TaskState
from identity.status import IdentityStatus
from identity.traits import Traits

_NONE = "Cette demande d'identification n'existe pas."
_WITHDRAWN = "La structure a retiré sa demande."


class RequestState(StrEnum):
    """Open until an officer answers, or the structure no longer needs an answer."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class AnswerKind(StrEnum):
    """What an officer answers: that person; nobody of the index; more must be read or asked first."""

    FOUND = "found"
    UNKNOWN = "unknown"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a structure asks: the traits read on the document, what else is written there, who asks."""

    organization_id: int
    traits: Traits
    message: str
    staff_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an officer answers on a task seen at `version`; `identity_id` is one of the person found."""

    task_id: int
    version: int
    kind: AnswerKind
    text: str
    staff_id: int
    identity_id: int | None = None


@dataclass(frozen=True, slots=True)
class Identification:
    """A request as pages show it."""

    id: int
    organization_id: int
    traits: Traits
    message: str | None
    state: RequestState
    asked_at: datetime
    answer_kind: AnswerKind | None
    answer: str | None
    answer_identity_id: int | None
    answered_at: datetime | None


def ask(session: Session, asking: Asking, trail: Trail, actor: Actor) -> int:
    """Ask the officers whose document it is; return the request's id. Raise `Invalid` when too little was read."""
    traits = asking.traits
    if not (traits.birth_name or traits.used_name):
        raise Invalid("Écrivez au moins un nom lu sur le document.", "birth_name")
    if not traits.given_names and traits.birth_date is None:
        raise Invalid("Un nom seul ne suffit pas : ajoutez un prénom ou une date de naissance.", "given_names")
    message = clean_text(asking.message, "message", "") if asking.message.strip() else None
    request = IdentificationRequest(
        organization_id=asking.organization_id,
        content=identities.columns(traits, IdentityStatus.PROVISIONAL, frozenset()),
        message=message,
        state=RequestState.OPEN.value,
        asked_by=asking.staff_id,
        asked_at=db.now(session),
    )
    session.add(request)
    session.flush()  # the task names it
    task_id = tasks.open_document(session, request)
    subject = Subject("identification_request", request.id)
    trail.record(session, Entry(actor, "identification.ask", subject, {"task": task_id}))
    return request.id


def one(session: Session, request_id: int) -> Identification:
    """Return a request; raise `NotFound`. Who may see it is the caller's question."""
    row = session.get(IdentificationRequest, request_id, populate_existing=True)
    if row is None:
        raise NotFound(_NONE)
    return _value(row)


def answer(session: Session, given: Answer, trail: Trail, actor: Actor) -> None:
    """Answer a structure, which closes the task.

    Raise `NotFound`, `Invalid` without words or without the person found, `Conflict` when another officer was faster
    or the task is no longer what its author saw.
    """
    text = worklist.cleaned_reason(given.text)
    if (given.kind is AnswerKind.FOUND) != (given.identity_id is not None):
        raise Invalid("Désignez la personne, ou répondez qu'elle n'est pas trouvée.", "personne")
    task = worklist.locked(session, given.task_id)
    if task.identification_id is None:
        raise Invalid("Cette tâche n'est pas une demande d'identification.", "decision")
    worklist.check_free(session, task, given.staff_id)
    if task.version != given.version:
        raise Conflict("Cette tâche a changé pendant votre lecture : relisez-la, puis décidez.")
    moment = db.now(session)
    request = session.get_one(IdentificationRequest, task.identification_id, with_for_update=True)
    request.state = RequestState.ANSWERED.value
    request.answer_kind, request.answer = given.kind.value, text
    request.answer_identity_id = given.identity_id
    request.answered_by, request.answered_at = given.staff_id, moment
    _close(
        task, TaskState.SAME if given.kind is AnswerKind.FOUND else TaskState.DIFFERENT, moment, given.staff_id, text
    )
    session.flush()  # the list is read next
    detail: dict[str, str | int | bool | None] = {"answer": given.kind.value, "task": task.id, "request": request.id}
    # On whoever is named to a structure, so that their own trail tells it.
    named = Subject("source_identity", given.identity_id) if given.identity_id is not None else None
    entry = Entry(actor, "identification.answer", named or Subject("review_task", task.id), detail)
    trail.record(session, entry)


def withdraw(session: Session, request_id: int, trail: Trail, actor: Actor) -> None:
    """Close a request that waits and its task; nothing happens to one that was answered or withdrawn."""
    # The task first, as an officer who answers.
    query = sa.select(ReviewTask).where(ReviewTask.identification_id == request_id).with_for_update()
    task = session.scalar(query.execution_options(populate_existing=True))
    request = session.get(IdentificationRequest, request_id, with_for_update=True, populate_existing=True)
    if task is None or request is None or request.state != RequestState.OPEN.value:
        return
    request.state = RequestState.WITHDRAWN.value
    _close(task, TaskState.DIFFERENT, db.now(session), None, _WITHDRAWN)
    session.flush()  # the list is read next
    trail.record(session, Entry(actor, "identification.withdraw", Subject("identification_request", request_id)))


def _close(task: ReviewTask, state: TaskState, moment: datetime, staff_id: int | None, text: str) -> None:
    task.state = state.value
    task.version += 1
    task.decided_at, task.decided_by, task.comment = moment, staff_id, text
    task.claimed_by = task.claimed_until = task.deferred_until = None


def _value(row: IdentificationRequest) -> Identification:
    return Identification(
        row.id, row.organization_id, identities.record_of(row.content, "0", "").traits, row.message,
        RequestState(row.state), row.asked_at, AnswerKind(row.answer_kind) if row.answer_kind else None, row.answer,
        row.answer_identity_id, row.answered_at,
    )  # fmt: skip
