"""The officers' work list: chosen and in order, taken, put off, commented.

The most urgent comes first, then the oldest. Whoever opens a task takes it for a while, so that two officers do not
settle one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import tasks
from hub.registry.tables import (
    IdentificationRequest,
    PersonOperation,
    ReviewTask,
    SavedFilter,
    SourceIdentity,
    TaskComment,
)
from hub.registry.tasks import Task, TaskKind, TaskState

PAGE = 25
MOST_COMMENT = 1000
MOST_DEFERRED = 180
CLAIM = timedelta(minutes=30)
"""For how long a task is kept for the officer who opened it."""


class Moment(StrEnum):
    """Which tasks a list shows: to do now, put off until later, decided."""

    TO_DO = "a-traiter"
    DEFERRED = "differees"
    DECIDED = "traitees"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice of tasks; what is None does not choose."""

    moment: Moment = Moment.TO_DO
    kind: TaskKind | None = None
    organization_id: int | None = None
    claimed_by: int | None = None
    decided_by: int | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """What an officer wrote on a task."""

    staff_id: int
    text: str
    written_at: datetime


def listed(session: Session, choice: Filter, page: int) -> list[Task]:
    """Return one page (25) of the tasks chosen: the most urgent first, then the oldest; decided ones latest first."""
    query = _chosen(session, choice).order_by(*_order(choice)).limit(PAGE).offset(PAGE * (page - 1))
    return tasks.values(session, list(session.scalars(query)))


def count(session: Session, choice: Filter) -> int:
    """Return how many tasks are chosen."""
    return session.scalar(_chosen(session, choice).with_only_columns(sa.func.count())) or 0


def count_by_kind(session: Session, choice: Filter) -> dict[TaskKind, int]:
    """Return how many of the tasks chosen there are of each kind."""
    query = _chosen(session, choice).with_only_columns(ReviewTask.kind, sa.func.count()).group_by(ReviewTask.kind)
    found = {TaskKind(kind): number for kind, number in session.execute(query)}
    return {kind: found.get(kind, 0) for kind in TaskKind}


def count_open(session: Session) -> int:
    """Return how many tasks wait, those put off included."""
    query = sa.select(sa.func.count()).select_from(ReviewTask).where(ReviewTask.state == TaskState.OPEN.value)
    return session.scalar(query) or 0


def next_to_do(session: Session, staff_id: int, choice: Filter) -> int | None:
    """Return the first task chosen that no other officer has taken, if any."""
    free = sa.or_(
        ReviewTask.claimed_by.is_(None),
        ReviewTask.claimed_by == staff_id,
        ReviewTask.claimed_until <= db.now(session),
    )
    query = _chosen(session, choice).where(free).with_only_columns(ReviewTask.id).order_by(*_order(choice))
    return session.scalar(query.limit(1))


def _order(choice: Filter) -> tuple[Any, ...]:
    if choice.moment is Moment.DECIDED:
        return (ReviewTask.decided_at.desc(), ReviewTask.id)
    return (ReviewTask.priority, ReviewTask.created_at, ReviewTask.id)


def _chosen(session: Session, choice: Filter) -> sa.Select[ReviewTask]:
    moment = db.now(session)
    query = sa.select(ReviewTask)
    if choice.moment is Moment.DECIDED:
        query = query.where(ReviewTask.state != TaskState.OPEN.value)
    else:
        put_off = sa.and_(ReviewTask.deferred_until.is_not(None), ReviewTask.deferred_until > moment)
        query = query.where(ReviewTask.state == TaskState.OPEN.value)
        query = query.where(put_off if choice.moment is Moment.DEFERRED else sa.not_(put_off))
        # A verdict that waits for a second officer asks nothing more of the others.
        proposed = sa.select(PersonOperation.task_id).where(
            PersonOperation.state == "proposed", PersonOperation.task_id.is_not(None)
        )
        query = query.where(ReviewTask.id.not_in(proposed))
    if choice.kind is not None:
        query = query.where(ReviewTask.kind == choice.kind.value)
    if choice.claimed_by is not None:
        query = query.where(ReviewTask.claimed_by == choice.claimed_by, ReviewTask.claimed_until > moment)
    if choice.decided_by is not None:
        query = query.where(ReviewTask.decided_by == choice.decided_by)
    if choice.is_late:
        query = query.where(ReviewTask.due_at <= moment)
    if choice.organization_id is not None:
        own = sa.select(SourceIdentity.id).where(SourceIdentity.organization_id == choice.organization_id)
        asked = sa.select(IdentificationRequest.id).where(
            IdentificationRequest.organization_id == choice.organization_id
        )
        query = query.where(
            sa.or_(
                ReviewTask.source_identity_id.in_(own),
                ReviewTask.candidate_identity_id.in_(own),
                ReviewTask.identification_id.in_(asked),
            )
        )
    return query


def claim(session: Session, task_id: int, staff_id: int) -> bool:
    """Take an open task for a while, or take it for longer; tell whether this officer has it now."""
    moment = db.now(session)
    free = sa.or_(
        ReviewTask.claimed_by.is_(None), ReviewTask.claimed_by == staff_id, ReviewTask.claimed_until <= moment
    )
    statement = sa.update(ReviewTask).where(ReviewTask.id == task_id, ReviewTask.state == TaskState.OPEN.value, free)
    # Not a new version: what an officer sees of the task does not change by being taken.
    found = session.execute(
        statement.values(claimed_by=staff_id, claimed_until=moment + CLAIM)
        .returning(ReviewTask.id)
        .execution_options(synchronize_session="fetch")
    )
    return found.first() is not None


def release(session: Session, task_id: int, staff_id: int) -> bool:
    """Give a task back to the others; tell whether this officer still had it, for nothing happens otherwise."""
    statement = sa.update(ReviewTask).where(ReviewTask.id == task_id, ReviewTask.claimed_by == staff_id)
    found = session.execute(
        statement.values(claimed_by=None, claimed_until=None)
        .returning(ReviewTask.id)
        .execution_options(synchronize_session="fetch")
    )
    return found.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """What an officer puts off, seen at `version`, for how many days and why."""

    task_id: int
    version: int
    days: int
    reason: str
    staff_id: int


def defer(session: Session, deferral: Deferral, trail: Trail, actor: Actor) -> None:
    """Put a task off for some days, with a reason that is kept as a comment.

    Raise `Invalid` for a delay or a reason that cannot be kept, `NotFound`, and `Conflict`, which says what happened,
    when another officer was faster or the task is no longer what its author saw.
    """
    if not 1 <= deferral.days <= MOST_DEFERRED:
        raise Invalid(f"Choisissez un délai de 1 à {MOST_DEFERRED} jours.", "days")
    row = locked(session, deferral.task_id)
    check_free(session, row, deferral.staff_id)
    _check_seen(session, row, deferral.version)
    comment(session, row.id, deferral.staff_id, deferral.reason)
    row.deferred_until = db.now(session) + timedelta(days=deferral.days)
    row.claimed_by = row.claimed_until = None
    row.version += 1
    trail.record(session, Entry(actor, "review.defer", Subject("review_task", row.id), {"days": deferral.days}))


def _check_seen(session: Session, row: ReviewTask, version: int) -> None:
    """Raise `Conflict`, saying what happened, when an open task is no longer the one that was seen."""
    proposed = sa.select(PersonOperation.id).where(
        PersonOperation.task_id == row.id, PersonOperation.state == "proposed"
    )
    if session.scalar(proposed.limit(1)) is not None:
        raise Conflict("Une décision prise sur cette tâche attend un second agent : elle ne se diffère plus.")
    if row.version == version:
        return
    if row.deferred_until is not None and row.deferred_until > db.now(session):
        raise Conflict("Cette tâche vient d'être différée par un agent : lisez son commentaire, puis décidez.")
    raise Conflict("Cette tâche a changé pendant votre lecture : relisez-la, puis décidez.")


def comment(session: Session, task_id: int, staff_id: int, text: str) -> None:
    """Write a comment on a task, whatever became of it; raise `Invalid` when it says nothing or too much."""
    session.add(
        TaskComment(task_id=task_id, staff_id=staff_id, text=cleaned_reason(text), written_at=db.now(session))
    )


def comments(session: Session, task_id: int) -> list[Comment]:
    """Return the comments of a task, oldest first."""
    query = sa.select(TaskComment).where(TaskComment.task_id == task_id).order_by(TaskComment.id)
    return [Comment(row.staff_id, row.text, row.written_at) for row in session.scalars(query)]


def cleaned_reason(text: str) -> str:
    """Return a reason without the blanks around it; raise `Invalid` when there is none or it is too long."""
    reason = text.strip()
    if not reason:
        raise Invalid("Indiquez le motif de votre décision.", "comment")
    if len(reason) > MOST_COMMENT:
        raise Invalid(f"Le motif dépasse {MOST_COMMENT} caractères : raccourcissez-le.", "comment")
    return reason


def locked(session: Session, task_id: int) -> ReviewTask:
    """Lock an open task; raise `NotFound`, or `Conflict` when it was settled."""
    row = session.get(ReviewTask, task_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("Cette tâche n'existe pas.")
    if row.state != TaskState.OPEN.value:
        raise Conflict("Cette tâche a déjà été traitée.")
    return row


def check_free(session: Session, row: ReviewTask, staff_id: int) -> None:
    """Raise `Conflict` when another officer has taken the task."""
    is_taken = row.claimed_by not in (None, staff_id)
    if is_taken and row.claimed_until is not None and row.claimed_until > db.now(session):
        raise Conflict("Un autre agent a pris cette tâche : elle se libère dès qu'il la rend, ou après 30 minutes.")


def save_filter(session: Session, staff_id: int, name: str, query: str) -> None:
    """Keep a choice of tasks under a name; the same name takes the new choice."""
    title = name.strip()
    if not title or len(title) > 60:
        raise Invalid("Donnez à ce filtre un nom de 60 caractères au plus.", "name")
    row = session.scalar(sa.select(SavedFilter).where(SavedFilter.staff_id == staff_id, SavedFilter.name == title))
    if row is None:
        values = {"staff_id": staff_id, "name": title, "query": query[:300]}
        db.insert_once(session, SavedFilter, values, ["staff_id", "name"])
    else:
        row.query = query[:300]


def saved_filters(session: Session, staff_id: int) -> list[tuple[int, str, str]]:
    """Return an officer's filters by name: id, name, what they choose."""
    query = sa.select(SavedFilter).where(SavedFilter.staff_id == staff_id).order_by(SavedFilter.name)
    return [(row.id, row.name, row.query) for row in session.scalars(query)]


def drop_filter(session: Session, staff_id: int, filter_id: int) -> None:
    """Forget a filter of this officer; nothing happens when it is not theirs."""
    session.execute(sa.delete(SavedFilter).where(SavedFilter.id == filter_id, SavedFilter.staff_id == staff_id))
