"""The story of a person: what arrived, changed, was linked, moved, told and decided; and who looked at it.

RNIV 2, traceability. Ids, codes and names of traits only: the values are on the page of each identity.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.audit.tables import AuditEvent
from hub.registry import deaths, distinct, identities, operations
from hub.registry.tables import LinkageDecision, LinkEvent, ReviewTask, SourceIdentityRevision, StatusChange
from hub.registry.values import StoredIdentity

_MOST = 200
_MOST_LOOKS = 50
# They change with others, or are nothing that an officer follows.
_UNTOLD = frozenset({"birth_date_presumed", "ins_oid", "replaced_by_id"})


class Happening(StrEnum):
    """What happened."""

    ARRIVED = "arrived"
    LINKED = "linked"
    MOVED = "moved"
    CHANGED = "changed"
    STATUS = "status"
    OPERATION = "operation"
    DEATH = "death"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story; `code` says more, with the words of `what`."""

    at: datetime
    what: Happening
    identity_id: int | None = None
    other_id: int | None = None
    operation_id: int | None = None
    code: str = ""
    names: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody who looked at the person or changed it, as the audit trail tells."""

    at: datetime
    actor_kind: str
    actor_id: str
    organization_id: int | None
    action: str
    subject_kind: str
    subject_id: str


def of_person(session: Session, group: Sequence[StoredIdentity]) -> tuple[Step, ...]:
    """Return the story of a person, latest first."""
    ids = [item.id for item in group]
    found = [
        *_links(session, ids),
        *_revisions(session, group),
        *_statuses(session, ids),
        *_operations(session, ids),
        *_deaths(session, group[0].person_id),
        *_apart(session, ids),
    ]
    return tuple(sorted(found, key=lambda step: step.at, reverse=True)[:_MOST])


def _links(session: Session, ids: Sequence[int]) -> Iterator[Step]:
    query = (
        sa.select(LinkEvent, LinkageDecision.outcome, LinkageDecision.decided_by)
        .join(LinkageDecision, LinkageDecision.id == LinkEvent.decision_id)
        .where(LinkEvent.source_identity_id.in_(ids), LinkEvent.operation_id.is_(None))
        .order_by(LinkEvent.id.desc())
        .limit(_MOST)
    )
    for event, outcome, who in session.execute(query):
        if event.from_person_id is not None:
            what = Happening.MOVED
        else:
            what = Happening.LINKED if outcome == "link" else Happening.ARRIVED
        yield Step(event.moved_at, what, event.source_identity_id, code=outcome, by=who)


def _revisions(session: Session, group: Sequence[StoredIdentity]) -> Iterator[Step]:
    query = (
        sa.select(SourceIdentityRevision)
        .where(SourceIdentityRevision.source_identity_id.in_([item.id for item in group]))
        .order_by(SourceIdentityRevision.source_identity_id, SourceIdentityRevision.version.desc())
    )
    after: dict[int, dict[str, Any]] = {item.id: present(item) for item in group}
    for row in session.scalars(query.limit(_MOST)):
        names = changed_names(row.content, after[row.source_identity_id])
        after[row.source_identity_id] = row.content
        if names:
            yield Step(row.replaced_at, Happening.CHANGED, row.source_identity_id, code=row.channel, names=names)


def present(item: StoredIdentity) -> dict[str, Any]:
    """Return what an identity holds now, as a revision would keep it."""
    return identities.columns(item.traits, item.status, item.attributes) | {"active": item.active}


def changed_names(former: dict[str, Any], later: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the columns that changed from one to the other."""
    both = (name for name in later if name in former and name not in _UNTOLD)
    return tuple(name for name in both if former[name] != later[name])


def _statuses(session: Session, ids: Sequence[int]) -> Iterator[Step]:
    query = sa.select(StatusChange).where(StatusChange.source_identity_id.in_(ids))
    for row in session.scalars(query.order_by(StatusChange.id.desc()).limit(_MOST)):
        who = f"{row.actor_kind}:{row.actor_id}"
        names = (row.from_status, row.to_status)
        yield Step(row.changed_at, Happening.STATUS, row.source_identity_id, code=row.event, names=names, by=who)


def _operations(session: Session, ids: Sequence[int]) -> Iterator[Step]:
    for item in operations.of_identities(session, ids):
        who = f"staff:{item.proposed_by}"
        moment = item.done_at or item.proposed_at
        yield Step(moment, Happening.OPERATION, operation_id=item.id, code=item.kind.value, by=who)


def _deaths(session: Session, person_id: int) -> Iterator[Step]:
    for view in deaths.told_of(session, [person_id]).get(person_id, ()):
        told = view.told
        yield Step(told.told_at, Happening.DEATH, told.identity_id, code=told.state.value, names=(told.teller.value,))


def _apart(session: Session, ids: Collection[int]) -> Iterator[Step]:
    for pair in distinct.around(session, ids):
        own, other = (pair.low_id, pair.high_id) if pair.low_id in ids else (pair.high_id, pair.low_id)
        ruling = pair.ruling
        who = f"staff:{ruling.staff_id}"
        yield Step(ruling.moment, Happening.APART, own, other, code=ruling.relation.value, by=who)


def looks(session: Session, group: Sequence[StoredIdentity]) -> tuple[Look, ...]:
    """Return who last looked at a person, its identities or their tasks, or changed them: 50 at most."""
    ids = [item.id for item in group]
    about = sa.select(ReviewTask.id).where(
        sa.or_(ReviewTask.source_identity_id.in_(ids), ReviewTask.candidate_identity_id.in_(ids))
    )
    subjects = {
        "person": [str(group[0].person_id)],
        "source_identity": [str(identity_id) for identity_id in ids],
        "review_task": [str(task_id) for task_id in session.scalars(about.limit(_MOST))],
    }
    named = [
        sa.and_(AuditEvent.subject_kind == kind, AuditEvent.subject_id.in_(numbers))
        for kind, numbers in subjects.items()
        if numbers
    ]
    query = sa.select(AuditEvent).where(sa.or_(*named)).order_by(AuditEvent.recorded_at.desc(), AuditEvent.id.desc())
    return tuple(
        Look(
            row.recorded_at, row.actor_kind, row.actor_id, row.organization_id, row.action, row.subject_kind or "",
            row.subject_id or "",
        )
        for row in session.scalars(query.limit(_MOST_LOOKS))
    )  # fmt: skip
