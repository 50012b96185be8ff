"""Look for what must not be in the index: two people in one person, one INS on two persons (RNIV 2, collisions).

Arrivals and changes are watched as they come; this looks at all that is there, for instance after another model came
into force or a file was loaded. What an officer settled once is not asked again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry
from hub.registry import candidates, identities, links, tasks
from hub.registry.intake import Registrar
from hub.registry.tables import SourceIdentity
from hub.registry.tasks import TaskKind
from hub.registry.values import StoredIdentity
from identity import linkage
from identity.decision import LACKS_OF_EVIDENCE, SHARED_INS
from identity.model import Model

BATCH = 200
"""Persons, or matricules, looked at in one transaction."""
_CERTIFIED = ("RECUP", "QUAL")


@dataclass(frozen=True, slots=True)
class Found:
    """Persons of several identities and matricules of several persons looked at, and the tasks that this opened."""

    persons: int = 0
    matricules: int = 0
    collisions: int = 0
    shared: int = 0


def check(ask: Callable[[], Registrar], actor: Actor, report: Callable[[Found], None]) -> Found:
    """Look at every person of several identities, then at every matricule that several persons carry."""
    found = Found()
    after = 0
    while True:
        with db.transaction() as session:
            ids = _persons(session, after)
            opened = _check_persons(session, ids, ask().model)
            _record(session, ask(), actor, opened, "collisions")
        if not ids:
            break
        after = ids[-1]
        found = Found(found.persons + len(ids), 0, found.collisions + opened)
        report(found)
    matricule = ""
    while True:
        with db.transaction() as session:
            shared = _matricules(session, matricule)
            opened = _check_matricules(session, shared, ask().model)
            _record(session, ask(), actor, opened, "shared")
        if not shared:
            return found
        matricule = shared[-1]
        found = Found(found.persons, found.matricules + len(shared), found.collisions, found.shared + opened)
        report(found)


def _record(session: Session, registrar: Registrar, actor: Actor, opened: int, what: str) -> None:
    if opened:
        registrar.trail.record(session, Entry(actor, "identity.check", None, {what: opened}))


def _persons(session: Session, after: int) -> list[int]:
    query = (
        sa.select(SourceIdentity.person_id)
        .where(SourceIdentity.person_id > after)
        .group_by(SourceIdentity.person_id)
        .having(sa.func.count() > 1)
        .order_by(SourceIdentity.person_id)
        .limit(BATCH)
    )
    return list(session.scalars(query))


def _check_persons(session: Session, person_ids: Sequence[int], model: Model) -> int:
    if not person_ids:
        return 0
    db.serialise(session, links.LOCK)
    opened = 0
    for group in identities.of_persons(session, person_ids).values():
        live = [item for item in group if item.active]
        opened += sum(_check_pair(session, one, other, model) for one, other in combinations(live, 2))
    return opened


def _check_pair(session: Session, one: StoredIdentity, other: StoredIdentity, model: Model) -> bool:
    pair = linkage.compare_records(one.as_record(), other.as_record(), model)
    if pair.veto is None or pair.veto in LACKS_OF_EVIDENCE:
        return False
    # "The same person in spite of it" was somebody's answer: to this task, or to the proposal that linked them.
    both = (one.id, other.id)
    if tasks.was_asked(session, TaskKind.COLLISION, both) or tasks.was_asked(session, TaskKind.DUPLICATE, both):
        return False
    for identity in links.locked(session, sorted(both)):
        identity.held = True
    tasks.open_collision(session, both, pair.score.total, [pair.veto.code])
    return True


def _matricules(session: Session, after: str) -> list[str]:
    query = (
        sa.select(SourceIdentity.ins_matricule)
        .where(SourceIdentity.ins_matricule > after, SourceIdentity.active, SourceIdentity.status.in_(_CERTIFIED))
        .group_by(SourceIdentity.ins_matricule)
        .having(sa.func.count(SourceIdentity.person_id.distinct()) > 1)
        .order_by(SourceIdentity.ins_matricule)
        .limit(BATCH)
    )
    return [matricule for matricule in session.scalars(query) if matricule is not None]


def _check_matricules(session: Session, matricules: Sequence[str], model: Model) -> int:
    if not matricules:
        return 0
    db.serialise(session, links.LOCK)
    query = sa.select(SourceIdentity).where(
        SourceIdentity.ins_matricule.in_(matricules), SourceIdentity.active, SourceIdentity.status.in_(_CERTIFIED)
    )
    holders: dict[str, dict[int, StoredIdentity]] = {}
    for item in sorted(identities.select_values(session, query), key=lambda item: item.id):
        if item.traits.ins is not None:
            holders.setdefault(item.traits.ins.matricule, {}).setdefault(item.person_id, item)
    opened = 0
    for persons in holders.values():
        for one, other in combinations(persons.values(), 2):
            opened += _ask_shared(session, one, other, model)
    return opened


def _ask_shared(session: Session, one: StoredIdentity, other: StoredIdentity, model: Model) -> bool:
    both = (one.id, other.id)
    told_apart = str(other.person_id) in candidates.separated_persons(session, [one.id])
    if told_apart or tasks.was_asked(session, TaskKind.DUPLICATE, both):
        return False
    pair = linkage.compare_records(one.as_record(), other.as_record(), model)
    reasons = [SHARED_INS.code] + ([pair.veto.code] if pair.veto else [])
    tasks.open_pair(session, both, pair.score.total, reasons)
    return True
