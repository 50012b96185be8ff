"""Send synthetic identities to the index and settle its tasks, on a database of the test."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier
from typing import Any

import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.audit.trail import SYSTEM
from hub.db import Base, database
from hub.directory.values import Structure
from hub.registry import death_rulings, filing, identities, intake, worklist
from hub.registry.death_rulings import DeathRuling
from hub.registry.deaths import DeathKey
from hub.registry.review import Verdict
from hub.registry.tables import CrowdedKey, SourceIdentity
from hub.registry.tasks import Task, TaskState
from hub.registry.values import Channel, IncomingIdentity, Intake, StoredIdentity
from hub.registry.worklist import Filter
from identity.ins import Ins
from identity.status import IdentityStatus
from identity.traits import Traits
from tests.factories import make_structure, parts_of
from tests.identity.factories import make_ins, make_traits

INS_ONE, INS_TWO = make_ins("2840569381012"), make_ins("2840569381019")
SOLENE = make_traits(line="3 RUE DES LILAS", postcode="69001", phone="+33639980001")
PAUL = make_traits("KERVADEC", "PAUL", "1951-11-02", place="29019")


def incoming(structure: Structure, value: str = "1", traits: Traits = SOLENE, **more: Any) -> IncomingIdentity:
    assert structure.domain
    fields = {"organization_id": structure.id, "domain": structure.domain, "channel": Channel.FHIR, **more}
    return IncomingIdentity(value=value, traits=traits, **fields)


def qualified(structure: Structure, value: str, traits: Traits, ins: Ins) -> IncomingIdentity:
    return incoming(structure, value, replace(traits, ins=ins), status=IdentityStatus.QUALIFIED)


def send(app: Flask, item: IncomingIdentity) -> Intake:
    with app.app_context(), db.transaction() as session:
        return intake.receive(session, item, parts_of(app).registrar, SYSTEM)


def stored(app: Flask, result: Intake) -> StoredIdentity:
    """Return what the index holds now of an identity received."""
    with app.app_context(), db.reading() as session:
        return identities.by_id(session, result.identity.id)


def rows(app: Flask, table: type[Base], *conditions: sa.ColumnElement[bool]) -> list[Any]:
    with app.app_context(), db.reading() as session:
        found = list(session.scalars(sa.select(table).where(*conditions).order_by(*table.__table__.primary_key)))
        session.expunge_all()
        return found


def open_tasks(app: Flask) -> list[Task]:
    with app.app_context(), db.reading() as session:
        return worklist.listed(session, Filter(), 1)


def settle(app: Flask, task: Task, state: TaskState, comment: str = "Pièces vérifiées", officer: int = 7) -> Task:
    verdict = Verdict(task_id=task.id, version=task.version, state=state, comment=comment, staff_id=officer)
    with app.app_context(), db.transaction() as session:
        return intake.settle(session, verdict, parts_of(app).registrar, SYSTEM).task


def rule_death(
    app: Flask, act: str, key: DeathKey, comment: str = "Acte vu", person_id: int | None = None, **more: Any
) -> Any:
    """Confirm or refute a death of the person that has its identity now, unless another person is named."""
    with app.app_context(), db.transaction() as session:
        row = session.get(SourceIdentity, key.identity_id)
        of_person = person_id or (row.person_id if row is not None else 0)
        ruling = DeathRuling(key=key, person_id=of_person, officer_id=7, comment=comment, **more)
        return getattr(death_rulings, act)(session, ruling, parts_of(app).trail, SYSTEM)


@dataclass(frozen=True)
class Doubtful:
    """Two identities of two structures that an officer must compare, and their task."""

    left: Intake
    right: Intake
    task: Task


def doubtful_pair(app: Flask) -> Doubtful:
    """Make a new identity that looks like a known one, but for its given name: twins, or a slip."""
    known = send(app, incoming(make_structure(app)))
    twin = replace(SOLENE, given_names=("MARINE", "MARTHE"), phone=None)
    arrived = send(app, incoming(make_structure(app, "Clinique du Parc"), "B-1", twin))
    (task,) = open_tasks(app)
    return Doubtful(arrived, known, task)


def rivals(app: Flask) -> tuple[Intake, Intake, Intake]:
    """Make two people of the same traits whose INS differ, then an identity that may be either; return all three."""
    one = send(app, qualified(make_structure(app), "R-1", SOLENE, INS_ONE))
    other = send(app, qualified(make_structure(app), "R-2", SOLENE, INS_TWO))
    return one, other, send(app, incoming(make_structure(app), "R-3"))


def crowd(app: Flask, traits: Traits) -> None:
    """Make every key of these traits crowded, and every pair of them: the next search for them is limited."""
    keys = filing.sought(traits)
    with app.app_context(), db.transaction() as session:
        for key in {*keys, *filing.pairs(keys, keys)}:
            db.insert_once(session, CrowdedKey, {"key": key, "crowded_at": db.now(session)}, ["key"])


def at_once(app: Flask, *actions: Callable[[], Any]) -> list[Any]:
    """Run actions in as many threads, started together; return what each returned or raised."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return action()
        except Exception as error:
            return error
        finally:
            with app.app_context():
                database.session.remove()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))
