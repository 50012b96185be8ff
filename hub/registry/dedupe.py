"""Deduplicate the index: find the persons that are one, ask an officer about each pair, or link where it is sure.

The region is compared as columns (`region`), then each pair across two persons is decided as online (`doubles`),
batch by batch. A batch, what it decided and the position reached are one transaction, under the locks of an intake:
an interrupted run goes on after the last batch that was kept, and a second run finds nothing new.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject
from hub.errors import Conflict
from hub.registry import changes, doubles, links, region, tasks
from hub.registry.doubles import Case, Ground, Verdict
from hub.registry.intake import Registrar
from hub.registry.region import Doubles, Pair
from hub.registry.tables import DedupeRun, SourceIdentity
from identity.bulk.engine import Report, Stage

BATCH = 100
"""Pairs settled in one transaction."""
_ACTION = "identity.dedupe"


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator chose: whether sure links are made, the pairs of one transaction, how wide to look."""

    joins: bool = False
    batch: int = BATCH
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Tasks filed, links made, pairs left out as told apart by an officer, or as asked already."""

    filed: int = 0
    linked: int = 0
    apart: int = 0
    asked: int = 0

    def add(self, verdict: Verdict) -> "Counts":
        """Count one verdict more."""
        name = _COUNTED.get(verdict.case)
        return self if name is None else replace(self, **{name: getattr(self, name) + 1})


_COUNTED = {Case.ASK: "filed", Case.LINK: "linked", Case.APART: "apart", Case.ASKED: "asked"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run found, with what it had found before it was interrupted."""

    identities: int
    examined: int
    counts: Counts
    unexamined: Mapping[str, int]
    widespread: Mapping[str, int]
    resumed: bool


@dataclass(frozen=True, slots=True)
class _Run:
    id: int
    model_version: str
    done_to: int
    counts: Counts


class _Near:
    """Which identities each one is like, both ways."""

    def __init__(self, found: Doubles) -> None:
        one = np.concatenate([found.early, found.late])
        order = np.argsort(one, kind="stable")
        self._one = one[order].tolist()
        self._other = np.concatenate([found.late, found.early])[order].tolist()

    def __call__(self, identity_id: int) -> list[int]:
        return self._other[bisect_left(self._one, identity_id) : bisect_right(self._one, identity_id)]

    def around(self, batch: Sequence[Pair]) -> list[int]:
        """Return the identities of a batch and those they are like."""
        held = {identity_id for pair in batch for identity_id in pair}
        return sorted(held.union(*map(self, held)))


def run(ask: Callable[[], Registrar], actor: Actor, options: Options, report: Report) -> Summary:
    """Deduplicate the index from where a former run stopped; raise `Conflict` when two runs meet.

    `ask` says what the index decides with now; an activation of another model ends the run.
    """
    with db.transaction() as session:
        registrar = ask()
        state = _open(session, registrar, options, actor)
    first = state.done_to
    found = region.doubles(region.read(report), first, registrar.model, report, wide=options.wide)
    near = _Near(found)
    done, total = 0, len(found.late)
    report(Stage.DECIDE, done, total)
    for batch in found.batches(options.batch):
        with db.transaction() as session:
            state = _settle(session, state, batch, near, ask(), actor, options)
        done += len(batch)
        report(Stage.DECIDE, done, total)
    with db.transaction() as session:
        _close(session, state, ask(), actor)
    left_out = found.unexamined, found.widespread
    return Summary(found.identities, found.examined, state.counts, *left_out, resumed=first > 0)


def rehearse(ask: Callable[[], Registrar], options: Options, report: Report) -> Summary:
    """Say what a whole run would do, and write nothing; a link is not seen by the batches after it."""
    with db.reading():
        model = ask().model
    found = region.doubles(region.read(report), 0, model, report, wide=options.wide)
    near = _Near(found)
    done, total = 0, len(found.late)
    counts = Counts()
    asked: set[frozenset[int]] = set()
    report(Stage.DECIDE, done, total)
    for batch in found.batches(options.batch):
        with db.reading() as session:
            ground = Ground(session, near.around(batch))
        for pair in batch:
            verdict = doubles.judge(ground, pair, near, model, joins=options.joins)
            if verdict.case in (Case.ASK, Case.LINK):
                persons = frozenset({_follow(ground, verdict), verdict.person_id})
                verdict = Verdict(Case.ASKED) if persons in asked else verdict
                asked.add(persons)
            counts = counts.add(verdict)
        done += len(batch)
        report(Stage.DECIDE, done, total)
    left_out = found.unexamined, found.widespread
    return Summary(found.identities, found.examined, counts, *left_out, resumed=False)


def _follow(ground: Ground, verdict: Verdict) -> int:
    """Let the ground know a verdict; return the person that held the identity before."""
    incoming = ground.identity(verdict.identity_id)
    former = incoming.person_id if incoming else 0
    if verdict.case is Case.LINK:
        ground.joined(verdict.identity_id, verdict.person_id)
    else:
        ground.asked(former, verdict.person_id)
    return former


def _open(session: Session, registrar: Registrar, options: Options, actor: Actor) -> _Run:
    """Take up the run that was interrupted, or begin one."""
    version, moment = registrar.model.version, db.now(session)
    values: dict[str, Any] = {"model_version": version, "joins": options.joins, "done_to": 0, "started_at": moment}
    values |= {field.name: 0 for field in fields(Counts)}
    db.insert_once(session, DedupeRun, values, ["model_version", "joins"])
    query = sa.select(DedupeRun).where(DedupeRun.model_version == version, DedupeRun.joins == options.joins)
    row = session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()
    if row.finished_at is not None:
        row.done_to, row.started_at, row.finished_at = 0, moment, None
        _keep_counts(row, Counts())
    detail: dict[str, str | int | bool | None] = {"step": "begin", "joins": options.joins, "from": row.done_to}
    registrar.trail.record(session, Entry(actor, _ACTION, Subject("dedupe_run", row.id), detail))
    return _Run(row.id, version, row.done_to, _counts(row))


def _settle(
    session: Session,
    state: _Run,
    batch: Sequence[Pair],
    near: _Near,
    registrar: Registrar,
    actor: Actor,
    options: Options,
) -> _Run:
    """Decide a batch of pairs and do what was decided."""
    row = session.get_one(DedupeRun, state.id, with_for_update=True, populate_existing=True)
    if row.done_to != state.done_to or row.finished_at is not None:
        raise Conflict("Un autre dédoublonnage de l'index est en cours.")
    if registrar.model.version != state.model_version:
        raise Conflict("Le modèle de rapprochement en vigueur vient de changer : relancez la commande.")
    _serialise(session, {identity_id for pair in batch for identity_id in pair}, moves=options.joins)
    ground = Ground(session, near.around(batch))
    before = counts = state.counts
    for pair in batch:
        verdict = doubles.judge(ground, pair, near, registrar.model, joins=options.joins)
        counts = counts.add(verdict)
        if verdict.case in (Case.ASK, Case.LINK):
            _apply(session, ground, verdict, registrar, actor)
    row.done_to = batch[-1][1]
    _keep_counts(row, counts)
    if (counts.filed, counts.linked) != (before.filed, before.linked):
        detail = {"step": "batch", "filed": counts.filed - before.filed, "linked": counts.linked - before.linked}
        span = {"first": batch[0][1], "last": batch[-1][1]}
        registrar.trail.record(session, Entry(actor, _ACTION, Subject("dedupe_run", row.id), detail | span))  # type: ignore[arg-type]
    return replace(state, done_to=row.done_to, counts=counts)


def _serialise(session: Session, identity_ids: set[int], *, moves: bool) -> None:
    """Wait for those who touch the same identities: numbers, then the links, then dates, as an intake does."""
    about = SourceIdentity.id.in_(identity_ids)
    numbers = session.execute(sa.select(SourceIdentity.domain, SourceIdentity.value).where(about)).all()
    db.lock_all(session, [links.number_lock(domain, value) for domain, value in sorted(map(tuple, numbers))])
    births = {born or "" for born in session.scalars(sa.select(SourceIdentity.birth_date).where(about))}
    dates = [links.birth_lock(born) for born in sorted(births)]
    if moves:
        db.lock_all(session, [links.LOCK, *dates])
    else:
        db.lock_all(session, dates, shared=[links.LOCK])


def _apply(session: Session, ground: Ground, verdict: Verdict, registrar: Registrar, actor: Actor) -> None:
    if verdict.decision is None or verdict.found is None:
        return
    (row,) = links.locked(session, [verdict.identity_id])
    changes.follow(session, row, verdict.decision, verdict.found, actor)
    former = _follow(ground, verdict)
    if verdict.case is Case.LINK:
        # Who compares with one of them reads again: the person is another.
        tasks.touch(session, [item.id for item in ground.group(verdict.person_id)])
        detail: dict[str, str | int | bool | None] = {"step": "link", "from": former, "person": verdict.person_id}
        registrar.trail.record(session, Entry(actor, _ACTION, Subject("source_identity", row.id), detail))


def _close(session: Session, state: _Run, registrar: Registrar, actor: Actor) -> None:
    row = session.get_one(DedupeRun, state.id, with_for_update=True, populate_existing=True)
    if row.done_to != state.done_to or row.finished_at is not None:
        raise Conflict("Un autre dédoublonnage de l'index est en cours.")
    row.finished_at = db.now(session)
    detail: dict[str, str | int | bool | None] = {"step": "end", "filed": row.filed, "linked": row.linked}
    registrar.trail.record(session, Entry(actor, _ACTION, Subject("dedupe_run", row.id), detail))


def _counts(row: DedupeRun) -> Counts:
    return Counts(row.filed, row.linked, row.apart, row.asked)


def _keep_counts(row: DedupeRun, counts: Counts) -> None:
    row.filed, row.linked, row.apart, row.asked = counts.filed, counts.linked, counts.apart, counts.asked
