"""The rows behind a number, chosen by the indicator's own condition: by page for a screen, all of them for a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import identities, tasks
from hub.registry.tables import CorrectionRequest, LinkageDecision, Person, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind, TaskState
from hub.registry.values import StoredIdentity
from hub.vigilance.indicators import Indicator, Subject, rows
from hub.vigilance.quality import by_structure, key_of

PAGE = 50
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row behind a number: what it is about, why it is there, since when, and the task to open if there is one.

    `id` is the row's own: of an identity, a person, a task, a decision or a request.
    """

    id: int
    identity: StoredIdentity | None = None
    other: StoredIdentity | None = None
    regional_id: str | None = None
    identities: int | None = None
    kind: TaskKind | None = None
    reasons: tuple[str, ...] = ()
    task_id: int | None = None
    since: datetime | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    trait: str | None = None

    @property
    def waited(self) -> timedelta | None:
        """Return how long it took to decide."""
        return self.decided_at - self.since if self.decided_at and self.since else None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows: an indicator at a moment, of one structure or of the region (None)."""

    indicator: Indicator
    moment: datetime
    organization_id: int | None = None


def count(session: Session, choice: Choice) -> int:
    """Return how many rows there are."""
    return session.scalar(sa.select(sa.func.count()).select_from(_ids(choice).subquery())) or 0


def page(session: Session, choice: Choice, number: int) -> list[Listed]:
    """Return one page (50) of the rows, in the order of their ids."""
    key = key_of(choice.indicator.subject)
    ids = session.scalars(_ids(choice).order_by(key).limit(PAGE).offset(PAGE * (number - 1)))
    return _read(session, choice, list(ids))


def every(session: Session, choice: Choice) -> Iterator[Listed]:
    """Yield all the rows, in the order of their ids."""
    key = key_of(choice.indicator.subject)
    after = 0
    while ids := list(session.scalars(_ids(choice).where(key > after).order_by(key).limit(_AT_ONCE))):
        yield from _read(session, choice, ids)
        after = ids[-1]


def _ids(choice: Choice) -> sa.Select[Any]:
    subject = choice.indicator.subject
    query: sa.Select[Any] = sa.select(key_of(subject)).where(rows(choice.indicator, choice.moment))
    if choice.organization_id is not None:
        place, joined = by_structure(subject, choice.moment)
        query = joined(query).where(place == choice.organization_id)
    return query.distinct() if subject is Subject.PERSON else query


def _read(session: Session, choice: Choice, ids: Sequence[int]) -> list[Listed]:
    subject = choice.indicator.subject
    if subject is Subject.IDENTITY:
        return _of_identities(session, ids)
    if subject is Subject.PERSON:
        return _of_persons(session, choice, ids)
    if subject in (Subject.TASK, Subject.VERDICT):
        return _of_tasks(session, ids)
    return _of_decisions(session, ids) if subject is Subject.MATCHING else _of_corrections(session, ids)


def _known(session: Session, ids: set[int]) -> dict[int, StoredIdentity]:
    query = sa.select(SourceIdentity).where(SourceIdentity.id.in_(ids))
    return {item.id: item for item in identities.select_values(session, query)}


def _of_identities(session: Session, ids: Sequence[int]) -> list[Listed]:
    known = _known(session, set(ids))
    doubts: dict[int, ReviewTask] = {}
    query = sa.select(ReviewTask).where(
        ReviewTask.state == TaskState.OPEN.value,
        sa.or_(ReviewTask.source_identity_id.in_(ids), ReviewTask.candidate_identity_id.in_(ids)),
    )
    # The most urgent comes last, and stays.
    for task in session.scalars(query.order_by(ReviewTask.priority.desc(), ReviewTask.id.desc())):
        doubts |= {task.source_identity_id: task, task.candidate_identity_id: task}
    return [
        Listed(
            id=identity_id,
            identity=known[identity_id],
            regional_id=known[identity_id].regional_id,
            kind=TaskKind(doubts[identity_id].kind) if identity_id in doubts else None,
            task_id=doubts[identity_id].id if identity_id in doubts else None,
            since=known[identity_id].updated_at,
        )
        for identity_id in ids
    ]


def _of_persons(session: Session, choice: Choice, ids: Sequence[int]) -> list[Listed]:
    number = sa.func.count().label("number")
    query = (
        sa.select(Person.id, Person.regional_id, number, sa.func.min(SourceIdentity.created_at))
        .join(SourceIdentity, SourceIdentity.person_id == Person.id)
        .where(rows(choice.indicator, choice.moment), Person.id.in_(ids))
        .group_by(Person.id, Person.regional_id)
        .order_by(Person.id)
    )
    if choice.organization_id is not None:
        query = query.where(SourceIdentity.organization_id == choice.organization_id)
    return [
        Listed(id=person_id, regional_id=regional_id, identities=many, since=since)
        for person_id, regional_id, many, since in session.execute(query)
    ]


def _of_tasks(session: Session, ids: Sequence[int]) -> list[Listed]:
    found = list(session.scalars(sa.select(ReviewTask).where(ReviewTask.id.in_(ids)).order_by(ReviewTask.id)))
    return [
        Listed(
            id=item.id,
            identity=item.left,
            other=None if item.concerns_one else item.right,
            kind=item.kind,
            reasons=item.reasons,
            task_id=item.id,
            since=item.created_at,
            due_at=item.due_at,
            decided_at=item.decided_at,
        )
        for item in tasks.values(session, found)
    ]


def _of_decisions(session: Session, ids: Sequence[int]) -> list[Listed]:
    columns = (LinkageDecision.id, LinkageDecision.source_identity_id, LinkageDecision.decided_at)
    query = sa.select(*columns).where(LinkageDecision.id.in_(ids)).order_by(LinkageDecision.id)
    found = session.execute(query).all()
    known = _known(session, {row.source_identity_id for row in found})
    return [
        Listed(
            id=row.id,
            identity=known[row.source_identity_id],
            regional_id=known[row.source_identity_id].regional_id,
            since=row.decided_at,
        )
        for row in found
    ]


def _of_corrections(session: Session, ids: Sequence[int]) -> list[Listed]:
    query = sa.select(CorrectionRequest).where(CorrectionRequest.id.in_(ids)).order_by(CorrectionRequest.id)
    found = list(session.scalars(query))
    known = _known(session, {row.source_identity_id for row in found})
    return [
        Listed(
            id=row.id,
            identity=known[row.source_identity_id],
            task_id=row.task_id,
            since=row.asked_at,
            due_at=row.due_at,
            trait=row.trait,
        )
        for row in found
    ]
