"""What contradicts the deaths told, raised as the officers' tasks (RNIV 2).

Looked at when an identity changes, when a document leaves, after a deaths file, and by `hub deaths check`, which also
sees what no event told: identities created since, persons that officers put together.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.registry import deaths, identities, tasks
from hub.registry.deaths import DeathKey, DeathView
from hub.registry.tables import LinkageDecision, RecordedDeath, ReviewTask, SourceIdentity, SourceIdentityRevision
from hub.registry.tasks import Task, TaskKind, TaskState
from hub.registry.values import Channel, StoredIdentity
from identity import death_matching
from identity import deaths as rule
from identity.deaths import Activity, ActivityKind, Contradiction, DeathState, Teller, ToldDeath

# A change of these alone says nothing of somebody alive: files are closed after a death.
_OFFICE = frozenset({"death_date", "active", "replaced_by_id", "status", "attributes", "birth_date_presumed"})

UNDATED = "death-undated"
"""A structure says that its patient is dead, and not when."""
TOLD_ALIVE = "told-alive"
"""A structure says that its patient is not dead."""

LastDocuments = Callable[[Session, Collection[int]], Mapping[int, datetime]]
"""When the last document about each identity left: known to an area above this one."""


def no_documents(session: Session, identity_ids: Collection[int]) -> Mapping[int, datetime]:
    """Know of no document."""
    return {}


def of_person(session: Session, person_id: int, documents: LastDocuments = no_documents) -> tuple[Contradiction, ...]:
    """Return what contradicts now the death held of a person."""
    views = deaths.told_of(session, [person_id])
    told = {person_id: [view.told for view in views.get(person_id, ())]}
    groups = identities.of_persons(session, [person_id])
    return _contradictions(session, told, groups, documents).get(person_id, ())


def examine(session: Session, person_ids: Collection[int], documents: LastDocuments = no_documents) -> int:
    """Open the tasks that the deaths told of these persons call for; return how many tasks were opened or changed."""
    views = deaths.told_of(session, person_ids)
    if not views:
        return 0
    groups = identities.of_persons(session, views)
    told = {person_id: [view.told for view in found] for person_id, found in views.items()}
    against = _contradictions(session, told, groups, documents)
    opened = 0
    for person_id, found in views.items():
        asked: dict[int, list[tuple[str, datetime]]] = {}
        for item in against.get(person_id, ()):
            asked.setdefault(item.identity_id, []).append((item.reason.code, item.since))
        for view in found:
            if view.told.state is DeathState.PROPOSED:
                since = view.told.told_at
                codes = asked.setdefault(view.told.identity_id, [])
                codes += [(code, since) for code in (death_matching.DOUBTFUL.code, *view.reasons)]
        opened += sum(_ask(session, identity_id, reasons) for identity_id, reasons in asked.items())
    return opened


def persons_after(session: Session, person_id: int, limit: int) -> list[int]:
    """Return the next persons of whom a death is told, in the order of their ids."""
    recorded = sa.select(RecordedDeath.source_identity_id)
    told = sa.or_(SourceIdentity.death_date.is_not(None), SourceIdentity.id.in_(recorded))
    query = sa.select(SourceIdentity.person_id).where(SourceIdentity.person_id > person_id, told)
    return list(session.scalars(query.distinct().order_by(SourceIdentity.person_id).limit(limit)))


def after_change(session: Session, row: SourceIdentity, former_death: str | None) -> None:
    """Look at a person again after one of its identities changed; a death that a feed takes back is told."""
    if former_death is not None and row.death_date is None and row.active:
        _ask(session, row.id, [(rule.WITHDRAWN.code, row.updated_at)])
    examine(session, [row.person_id])


def note_document(session: Session, identity_id: int, person_id: int) -> None:
    """Look at a person of whom a document leaves now."""
    moment = db.now(session)
    examine(session, [person_id], lambda _session, _ids: {identity_id: moment})


def note_code(session: Session, person_id: int) -> None:
    """Tell the officers that somebody wants to enter the portal of a person held as deceased."""
    death = deaths.held(session, person_id)
    if death is not None:
        _ask(session, death.identity_id, [(rule.CODE_AFTER.code, db.now(session))])


def note_alive(session: Session, identity: StoredIdentity) -> None:
    """Tell the officers that a structure says alive somebody held as deceased, once for each version it sends."""
    death = deaths.held(session, identity.person_id)
    if death is not None:
        _ask(session, death.identity_id, [(TOLD_ALIVE, identity.updated_at)])


def ask(session: Session, identity_id: int, code: str, since: datetime) -> None:
    """Ask the officers about the death of an identity, unless they are asked so already or settled it since."""
    _ask(session, identity_id, [(code, since)])


def take_back_undated(session: Session, identity_id: int) -> bool:
    """Leave the question of a death without a date, which is told no more; tell whether officers still had it.

    One that an officer confirmed stays; they are told once that its structure tells it no more.
    """
    task = session.scalar(_of_identity(identity_id))
    if task is None:
        return False
    if task.state == TaskState.OPEN.value and UNDATED in task.reasons:
        reasons = [code for code in task.reasons if code != UNDATED]
        tasks.open_alone(session, TaskKind.DEATH, identity_id, reasons=[*reasons, rule.WITHDRAWN.code])
        return True
    if rule.WITHDRAWN.code not in task.reasons and _settled_undated(session, identity_id) is DeathState.CONFIRMED:
        _ask(session, identity_id, [(rule.WITHDRAWN.code, db.now(session))])
    return False


def ask_undated(session: Session, identity: StoredIdentity) -> None:
    """Ask the officers about a death told without a date, unless they settled it."""
    if _settled_undated(session, identity.id) is None:
        _ask(session, identity.id, [(UNDATED, identity.updated_at)])


def undated_since(session: Session, identity_id: int) -> datetime | None:
    """Return since when an identity is told dead without a date, which was not taken back; None when it is not."""
    task = session.scalar(_of_identity(identity_id))
    return task.created_at if task is not None and UNDATED in task.reasons else None


def asked_in(session: Session, task: Task) -> tuple[DeathView, ...]:
    """Return the deaths that an officer may settle in a task: those told of its person, with or without a date."""
    identity = task.left
    views = deaths.told_of(session, [identity.person_id]).get(identity.person_id, ())
    key = DeathKey(identity.id, Teller.FEED, None)
    if UNDATED not in task.reasons or any(view.key == key for view in views):
        return views
    told = ToldDeath(identity.id, Teller.FEED, None, DeathState.PROPOSED, task.created_at)
    return (DeathView(key, told, identity.organization_id), *views)


def _settled_undated(session: Session, identity_id: int) -> DeathState | None:
    """Return how officers settled the death that an identity is told to be dead of without a date, if they did."""
    query = sa.select(RecordedDeath.state).where(
        RecordedDeath.source_identity_id == identity_id,
        RecordedDeath.teller == Teller.FEED.value,
        RecordedDeath.death_date.is_(None),
    )
    state = session.scalar(query)
    return DeathState(state) if state is not None else None


def was_told(session: Session, identity: StoredIdentity) -> bool:
    """Tell whether anything is or was told of a death of this identity or of its person."""
    both = (identity.id, identity.id)
    return bool(deaths.told_of(session, [identity.person_id])) or tasks.was_asked(session, TaskKind.DEATH, both)


def is_silent(session: Session, person_id: int) -> bool:
    """Tell whether nothing new may be sent to a person: held as deceased, or said so without a date, not settled."""
    return deaths.held(session, person_id) is not None or is_undated(session, person_id)


def is_undated(session: Session, person_id: int) -> bool:
    """Tell whether officers still have to settle a death that a structure told of this person without a date."""
    own = sa.select(SourceIdentity.id).where(SourceIdentity.person_id == person_id, deaths.BELIEVED)
    return bool(undated(session, own))


def undated(session: Session, identity_ids: Collection[int] | sa.Select[int]) -> set[int]:
    """Return which of these identities were told dead without a date, which officers still have to settle."""
    query = sa.select(ReviewTask.source_identity_id, ReviewTask.reasons).where(
        ReviewTask.source_identity_id.in_(identity_ids),
        ReviewTask.kind == TaskKind.DEATH.value,
        ReviewTask.state == TaskState.OPEN.value,
    )
    return {identity_id for identity_id, reasons in session.execute(query) if UNDATED in reasons}


def _ask(session: Session, identity_id: int, reasons: Sequence[tuple[str, datetime]]) -> bool:
    """Open the task of an identity unless it says so already, or an officer settled it since; tell whether it did."""
    # Two feeds, or a feed and a document, may tell it at once: one task.
    db.serialise(session, f"death:{identity_id}")
    task = session.scalar(_of_identity(identity_id))
    kept: list[str] = []
    fresh = [code for code, _ in reasons]
    if task is not None and task.state == TaskState.OPEN.value:
        kept = task.reasons
    elif task is not None and task.decided_at is not None:
        fresh = [code for code, since in reasons if since > task.decided_at]
    if set(fresh) <= set(kept):
        return False
    tasks.open_alone(session, TaskKind.DEATH, identity_id, reasons=list(dict.fromkeys([*kept, *fresh])))
    return True


def _of_identity(identity_id: int) -> sa.Select[ReviewTask]:
    return sa.select(ReviewTask).where(
        ReviewTask.source_identity_id == identity_id,
        ReviewTask.candidate_identity_id == identity_id,
        ReviewTask.kind == TaskKind.DEATH.value,
    )


def _contradictions(
    session: Session,
    told: Mapping[int, Sequence[ToldDeath]],
    groups: Mapping[int, Sequence[StoredIdentity]],
    documents: LastDocuments,
) -> dict[int, tuple[Contradiction, ...]]:
    dead = [person_id for person_id, found in told.items() if rule.is_deceased(found) or rule.is_asked(found)]
    members = {item.id: item for person_id in dead for item in groups.get(person_id, ())}
    activities = _activities(session, members, documents)
    found = {}
    for person_id in dead:
        group = groups.get(person_id, ())
        births = [item.traits.birth_date for item in group if item.traits.birth_date is not None]
        done = [activity for item in group for activity in activities.get(item.id, ())]
        found[person_id] = rule.contradictions(told[person_id], births, done)
    return found


def _activities(
    session: Session, members: Mapping[int, StoredIdentity], documents: LastDocuments
) -> dict[int, list[Activity]]:
    """Return what was done about each identity: its creation, its latest change of traits, its last document."""
    if not members:
        return {}
    found: dict[int, list[Activity]] = {}
    for identity_id in _made_by_care(session, members):
        created = Activity(identity_id, ActivityKind.CREATED, members[identity_id].created_at)
        found.setdefault(identity_id, []).append(created)
    for identity_id, moment in _changed(session, members).items():
        found.setdefault(identity_id, []).append(Activity(identity_id, ActivityKind.CHANGED, moment))
    for identity_id, moment in documents(session, members.keys()).items():
        found.setdefault(identity_id, []).append(Activity(identity_id, ActivityKind.DOCUMENT, moment))
    return found


def _made_by_care(session: Session, members: Iterable[int]) -> list[int]:
    """Return the identities that a structure sent or typed: those of a file that the agency loads say nothing."""
    first = (
        sa.select(sa.func.min(LinkageDecision.id))
        .where(LinkageDecision.source_identity_id.in_(list(members)))
        .group_by(LinkageDecision.source_identity_id)
    )
    query = sa.select(LinkageDecision.source_identity_id).where(
        LinkageDecision.id.in_(first), LinkageDecision.decided_by.not_like("system:%")
    )
    return list(session.scalars(query))


def _changed(session: Session, members: Mapping[int, StoredIdentity]) -> dict[int, datetime]:
    """Return when a structure last changed more than the death or the state of each identity."""
    query = (
        sa.select(SourceIdentityRevision)
        .where(SourceIdentityRevision.source_identity_id.in_(list(members)))
        .order_by(SourceIdentityRevision.source_identity_id, SourceIdentityRevision.version.desc())
    )
    found: dict[int, datetime] = {}
    after: dict[int, Mapping[str, Any]] = {}
    for row in session.scalars(query):
        identity_id = row.source_identity_id
        if identity_id in found:
            continue
        item = members[identity_id]
        next_one = after.get(identity_id) or identities.columns(item.traits, item.status, item.attributes)
        after[identity_id] = row.content
        both = (name for name in next_one if name in row.content and name not in _OFFICE)
        differs = any(row.content[name] != next_one[name] for name in both)
        if differs and row.channel != Channel.FILE.value:
            found[identity_id] = row.replaced_at
    return found
