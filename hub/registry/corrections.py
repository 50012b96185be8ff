"""Corrections asked of the structure that produced a wrong trait, followed until an officer closes them (RNIV 2).

The hub never rewrites what a structure sent: the structure corrects its own software, which sends the identity again.
The request then notes by itself that the trait changed. Only that structure and the officers see it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry.tables import CorrectionRequest, SourceIdentity

PAGE = 25
MOST_TEXT = 1000
DUE = timedelta(days=15)
"""How long a structure has to answer, unless the officer says otherwise."""


class CorrectionTrait(StrEnum):
    """What is asked to be corrected; `IDENTITY` when the whole identity is in doubt."""

    BIRTH_NAME = "birth_name"
    GIVEN_NAMES = "given_names"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    BIRTH_PLACE = "birth_place"
    INS = "ins"
    STATUS = "status"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    IDENTITY = "identity"


class CorrectionState(StrEnum):
    """Open until the structure answers or corrects; closed by an officer, who may open it again."""

    OPEN = "open"
    ANSWERED = "answered"
    CORRECTED = "corrected"
    CLOSED = "closed"


class AnswerKind(StrEnum):
    """What the structure answers."""

    CORRECTED = "corrected"
    RIGHT = "right"
    UNKNOWN = "unknown"


_COLUMNS = {
    CorrectionTrait.BIRTH_NAME: ("birth_name",),
    CorrectionTrait.GIVEN_NAMES: ("given_names",),
    CorrectionTrait.BIRTH_DATE: ("birth_date",),
    CorrectionTrait.SEX: ("sex",),
    CorrectionTrait.BIRTH_PLACE: ("birth_place",),
    CorrectionTrait.INS: ("ins_matricule", "ins_oid"),
    CorrectionTrait.STATUS: ("status", "attributes"),
    CorrectionTrait.ADDRESS: ("address_line", "postcode", "city"),
    CorrectionTrait.PHONE: ("phone",),
    CorrectionTrait.EMAIL: ("email",),
    CorrectionTrait.IDENTITY: (
        "birth_name", "used_name", "given_names", "used_given_name", "birth_date", "sex", "birth_place",
        "ins_matricule", "active",
    ),
}  # fmt: skip
_PENDING = (CorrectionState.OPEN.value, CorrectionState.ANSWERED.value, CorrectionState.CORRECTED.value)
_NONE = "Cette demande de correction n'existe pas."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an officer asks. `due_at` is in 15 days unless given; `task_id` is the task it came from."""

    source_identity_id: int
    trait: CorrectionTrait
    message: str
    officer_id: int
    task_id: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a member of the structure answers."""

    kind: AnswerKind
    text: str
    staff_id: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A request as pages show it. `is_late` is as of the moment it was read."""

    id: int
    organization_id: int
    source_identity_id: int
    task_id: int | None
    trait: CorrectionTrait
    message: str
    state: CorrectionState
    asked_by: int
    asked_at: datetime
    due_at: datetime
    is_late: bool
    answer_kind: AnswerKind | None
    answer: str | None
    answered_by: int | None
    answered_at: datetime | None
    corrected_at: datetime | None
    closed_by: int | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class StructureCount:
    """How many requests wait for a structure, how many are late, and since when the oldest waits."""

    organization_id: int
    open: int
    late: int
    oldest: datetime


def clean_text(text: str, field: str, empty: str) -> str:
    """Return a text written in a form, without what no screen shows; raise `Invalid` when it is empty or too long."""
    kept = "".join(c for c in text.replace("\r\n", "\n") if c == "\n" or c.isprintable()).strip()
    if not kept:
        raise Invalid(empty, field)
    if len(kept) > MOST_TEXT:
        raise Invalid(f"Ce texte dépasse {MOST_TEXT} caractères.", field)
    return kept


def ask(session: Session, asking: Asking, trail: Trail, actor: Actor) -> Correction:
    """Ask a structure to correct a trait of its identity.

    Raise `NotFound` for an unknown identity, `Invalid` without a message, `Conflict` when it is asked already.
    """
    organization_id = session.scalar(
        sa.select(SourceIdentity.organization_id).where(SourceIdentity.id == asking.source_identity_id)
    )
    if organization_id is None:
        raise NotFound("Cette identité n'existe pas.")
    message = clean_text(asking.message, "message", "Écrivez à la structure ce qui est à vérifier, et pourquoi.")
    db.serialise(session, f"correction:{asking.source_identity_id}")
    pending = sa.select(CorrectionRequest.id).where(
        CorrectionRequest.source_identity_id == asking.source_identity_id,
        CorrectionRequest.trait == asking.trait.value,
        CorrectionRequest.state.in_(_PENDING),
    )
    if session.scalar(pending) is not None:
        raise Conflict("Cette correction est déjà demandée : suivez la demande en cours.")
    moment = db.now(session)
    row = CorrectionRequest(
        organization_id=organization_id,
        source_identity_id=asking.source_identity_id,
        task_id=asking.task_id,
        trait=asking.trait.value,
        message=message,
        state=CorrectionState.OPEN.value,
        asked_by=asking.officer_id,
        asked_at=moment,
        due_at=asking.due_at or moment + DUE,
    )
    session.add(row)
    session.flush()  # the id is the address of its page
    _record(session, row, "correction.ask", trail, actor)
    return _value(row, moment)


def answer(
    session: Session, request_id: int, organization_id: int, given: Answer, trail: Trail, actor: Actor
) -> Correction:
    """Answer for the structure.

    Raise `NotFound` for another structure's request, `Invalid` when an answer needs words, `Conflict` once it waits
    for nothing from the structure.
    """
    row = _locked(session, request_id)
    if row.organization_id != organization_id:
        raise NotFound(_NONE)
    if row.state not in (CorrectionState.OPEN.value, CorrectionState.CORRECTED.value):
        raise Conflict("Cette demande a déjà sa réponse : l'agence régionale la regarde.")
    needed = "Dites en quelques mots ce que vous avez vérifié."
    text = given.text.strip()
    row.answer = clean_text(text, "text", needed) if text or given.kind is not AnswerKind.CORRECTED else None
    row.answer_kind = given.kind.value
    row.answered_by = given.staff_id
    row.answered_at = db.now(session)
    if row.state == CorrectionState.OPEN.value:
        row.state = CorrectionState.ANSWERED.value
    _record(session, row, "correction.answer", trail, actor)
    return _value(row, row.answered_at)


def note_change(session: Session, row: SourceIdentity, former: Mapping[str, Any]) -> None:
    """Note on the requests about an identity which of the traits asked for have changed since."""
    pending = sa.select(CorrectionRequest).where(
        CorrectionRequest.source_identity_id == row.id,
        CorrectionRequest.state.in_((CorrectionState.OPEN.value, CorrectionState.ANSWERED.value)),
    )
    for request in session.scalars(pending):
        columns = _COLUMNS[CorrectionTrait(request.trait)]
        if any(name in former and former[name] != getattr(row, name) for name in columns):
            request.state = CorrectionState.CORRECTED.value
            request.corrected_at = row.updated_at


def close(session: Session, request_id: int, officer_id: int, trail: Trail, actor: Actor) -> Correction:
    """Close a request; closing it twice raises `Conflict`."""
    row = _locked(session, request_id)
    if row.state == CorrectionState.CLOSED.value:
        raise Conflict("Cette demande est déjà close.")
    row.state = CorrectionState.CLOSED.value
    row.closed_by = officer_id
    row.closed_at = db.now(session)
    _record(session, row, "correction.close", trail, actor)
    return _value(row, row.closed_at)


def reopen(
    session: Session, request_id: int, officer_id: int, message: str | None, trail: Trail, actor: Actor
) -> Correction:
    """Ask again: the delay begins anew, and the former answer stays until the next one.

    `message` takes the place of the former one when given. Raise `Conflict` for a request that is open, or when the
    same was asked anew meanwhile.
    """
    row = _locked(session, request_id)
    if row.state == CorrectionState.OPEN.value:
        raise Conflict("Cette demande est déjà ouverte.")
    db.serialise(session, f"correction:{row.source_identity_id}")
    other = sa.select(CorrectionRequest.id).where(
        CorrectionRequest.source_identity_id == row.source_identity_id,
        CorrectionRequest.trait == row.trait,
        CorrectionRequest.state.in_(_PENDING),
        CorrectionRequest.id != row.id,
    )
    if session.scalar(other) is not None:
        raise Conflict("Cette correction est déjà demandée : suivez la demande en cours.")
    if message is not None:
        row.message = clean_text(message, "message", "Écrivez à la structure ce qui est à vérifier, et pourquoi.")
    moment = db.now(session)
    row.state = CorrectionState.OPEN.value
    row.asked_by = officer_id
    row.due_at = moment + DUE
    row.closed_by = row.closed_at = row.corrected_at = None
    _record(session, row, "correction.reopen", trail, actor)
    return _value(row, moment)


def one(session: Session, request_id: int) -> Correction:
    """Return a request, for an officer; raise `NotFound`."""
    row = session.get(CorrectionRequest, request_id)
    if row is None:
        raise NotFound(_NONE)
    return _value(row, db.now(session))


def own_one(session: Session, request_id: int, organization_id: int) -> Correction:
    """Return a request made to this structure; raise `NotFound`."""
    found = one(session, request_id)
    if found.organization_id != organization_id:
        raise NotFound(_NONE)
    return found


def of_structure(session: Session, organization_id: int, page: int) -> list[Correction]:
    """Return a page (25) of a structure's requests: open ones first, the oldest first; closed ones last."""
    rank = sa.case(
        (CorrectionRequest.state == CorrectionState.OPEN.value, 0),
        (CorrectionRequest.state == CorrectionState.CLOSED.value, 2),
        else_=1,
    )
    query = sa.select(CorrectionRequest).where(CorrectionRequest.organization_id == organization_id)
    return _page(session, query.order_by(rank, CorrectionRequest.asked_at, CorrectionRequest.id), page)


def of_identity(session: Session, identity_id: int) -> list[Correction]:
    """Return every request about an identity, the oldest first."""
    query = sa.select(CorrectionRequest).where(CorrectionRequest.source_identity_id == identity_id)
    moment = db.now(session)
    ordered = query.order_by(CorrectionRequest.asked_at, CorrectionRequest.id)
    return [_value(row, moment) for row in session.scalars(ordered)]


def pending(session: Session, page: int, organization_id: int | None = None) -> list[Correction]:
    """Return a page (25) of the requests that are not closed, of all structures or of one, the oldest first."""
    query = sa.select(CorrectionRequest).where(CorrectionRequest.state.in_(_PENDING))
    if organization_id is not None:
        query = query.where(CorrectionRequest.organization_id == organization_id)
    return _page(session, query.order_by(CorrectionRequest.asked_at, CorrectionRequest.id), page)


def count_pending(session: Session) -> dict[CorrectionState, int]:
    """Return how many requests are in each state that is not closed."""
    query = (
        sa.select(CorrectionRequest.state, sa.func.count())
        .where(CorrectionRequest.state.in_(_PENDING))
        .group_by(CorrectionRequest.state)
    )
    found = {CorrectionState(state): number for state, number in session.execute(query)}
    return {state: found.get(state, 0) for state in map(CorrectionState, _PENDING)}


def count_open(session: Session, organization_id: int) -> int:
    """Return how many requests wait for an answer of a structure."""
    return _count_open(session, CorrectionRequest.organization_id == organization_id)


def count_open_about(session: Session, identity_id: int) -> int:
    """Return how many requests about an identity wait for an answer."""
    return _count_open(session, CorrectionRequest.source_identity_id == identity_id)


def _count_open(session: Session, condition: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(CorrectionRequest)
    return session.scalar(query.where(CorrectionRequest.state == CorrectionState.OPEN.value, condition)) or 0


def count_by_structure(session: Session) -> list[StructureCount]:
    """Return, for each structure that owes an answer, how many it owes; who has waited longest first."""
    late = sa.func.sum(sa.case((CorrectionRequest.due_at <= db.now(session), 1), else_=0))
    oldest = sa.func.min(CorrectionRequest.asked_at)
    query = (
        sa.select(CorrectionRequest.organization_id, sa.func.count(), late, oldest)
        .where(CorrectionRequest.state == CorrectionState.OPEN.value)
        .group_by(CorrectionRequest.organization_id)
        .order_by(oldest, CorrectionRequest.organization_id)
    )
    return [StructureCount(*row) for row in session.execute(query)]


def _page(session: Session, query: sa.Select[CorrectionRequest], page: int) -> list[Correction]:
    moment = db.now(session)
    return [_value(row, moment) for row in session.scalars(query.limit(PAGE).offset(PAGE * (page - 1)))]


def _locked(session: Session, request_id: int) -> CorrectionRequest:
    query = sa.select(CorrectionRequest).where(CorrectionRequest.id == request_id)
    row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise NotFound(_NONE)
    return row


def _record(session: Session, row: CorrectionRequest, action: str, trail: Trail, actor: Actor) -> None:
    detail: dict[str, str | int | bool | None] = {"request": row.id, "trait": row.trait, "state": row.state}
    if row.answer_kind is not None:
        detail["answer"] = row.answer_kind
    trail.record(session, Entry(actor, action, Subject("source_identity", row.source_identity_id), detail))


def _value(row: CorrectionRequest, moment: datetime) -> Correction:
    state = CorrectionState(row.state)
    return Correction(
        row.id, row.organization_id, row.source_identity_id, row.task_id, CorrectionTrait(row.trait), row.message,
        state, row.asked_by, row.asked_at, row.due_at, state is CorrectionState.OPEN and row.due_at <= moment,
        AnswerKind(row.answer_kind) if row.answer_kind else None, row.answer, row.answered_by, row.answered_at,
        row.corrected_at, row.closed_by, row.closed_at,
    )  # fmt: skip
