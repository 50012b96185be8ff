"""Load the official deaths file: each death recognised in the index, flagged when sure, asked of an officer in doubt.

A chunk, what it flagged and the position reached are one transaction: an interrupted load goes on after the last
chunk that was kept. A death that was told before by another file, whatever became of it, changes nothing.
"""

import csv
import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject
from hub.errors import Conflict
from hub.registry import death_checks, deaths, deaths_file, filing
from hub.registry.candidates import Candidates, Pool
from hub.registry.death_checks import LastDocuments
from hub.registry.deaths_file import DeathLine, RawLine, Remark, Survey
from hub.registry.decisions import HELD
from hub.registry.intake import Registrar
from hub.registry.tables import LoadRun, RecordedDeath
from identity import death_matching
from identity.death_matching import Certainty, Recognition
from identity.deaths import DeathState, Teller, may_be_one
from identity.records import IdentityRecord

CHUNK = 500
_OPTIONS = "deaths"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load has come: deaths read, flagged or known already, asked of officers, refused."""

    lines: int
    flagged: int
    asked: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What a load needs beside its file. `registrar` is asked in each chunk: the model in force may change."""

    registrar: Callable[[], Registrar]
    actor: Actor
    rejected: Path
    documents: LastDocuments
    report: Callable[[Progress], None]


def load(path: Path, known: Survey, loading: Loading) -> Progress:
    """Load the file from where a former run stopped; return the totals.

    Raises `Conflict` when it was loaded already, or is being loaded.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with db.transaction() as session:
        run_id, progress = _open_run(session, digest)
        today = db.now(session).date()
    loading.report(progress)
    file = _RejectFile(loading.rejected, append=progress.lines > 0)
    with closing(deaths_file.read_lines(path, known)) as lines:
        for _ in islice(lines, progress.lines):
            pass
        while batch := list(islice(lines, CHUNK)):
            progress, remarks = _load_chunk(run_id, batch, known, today, progress, loading)
            file.write(remarks)
            loading.report(progress)
    with db.transaction() as session:
        session.get_one(LoadRun, run_id).finished_at = db.now(session)
    return progress


def _open_run(session: Session, digest: str) -> tuple[int, Progress]:
    query = sa.select(LoadRun).where(LoadRun.file_digest == digest, LoadRun.options == _OPTIONS)
    run = session.scalar(query.with_for_update())
    if run is None:
        run = LoadRun(file_digest=digest, options=_OPTIONS, started_at=db.now(session))
        run.lines_done = run.accepted = run.rejected = run.warned = 0
        session.add(run)
        session.flush()  # the id names the run
    elif run.finished_at is not None:
        raise Conflict("Ce fichier a déjà été chargé en entier ; rien n'a été changé.")
    return run.id, Progress(run.lines_done, run.accepted, run.warned, run.rejected)


def _load_chunk(
    run_id: int, batch: Sequence[RawLine], known: Survey, today: date, before: Progress, loading: Loading
) -> tuple[Progress, list[Remark]]:
    remarks: list[Remark] = []
    told: list[DeathLine] = []
    for line in batch:
        death, about_line = deaths_file.read_death(line, known, today)
        remarks += about_line
        if death is not None:
            told.append(death)
    with db.transaction() as session:
        run = session.scalars(sa.select(LoadRun).where(LoadRun.id == run_id).with_for_update()).one()
        if run.lines_done != before.lines:
            raise Conflict("Un autre chargement du même fichier est en cours.")
        flagged, asked = _recognise_all(session, run_id, told, loading)
        run.lines_done = before.lines + len(batch)
        run.accepted = before.flagged + flagged
        run.warned = before.asked + asked
        run.rejected = before.rejected + len(batch) - len(told)
        after = Progress(run.lines_done, run.accepted, run.warned, run.rejected)
    return after, remarks


def _recognise_all(session: Session, run_id: int, told: Sequence[DeathLine], loading: Loading) -> tuple[int, int]:
    """Keep what the file tells of persons of the index; return how many deaths are sure and how many are asked."""
    registrar = loading.registrar()
    keys = [filing.sought(death.traits) for death in told]
    pool = Pool(session, keys)
    flagged = asked = 0
    touched: set[int] = set()
    for death, sought in zip(told, keys, strict=True):
        found = pool.find(sought, death.traits)
        dead = IdentityRecord(record_id="", domain="", traits=death.traits)
        fit = death_matching.recognise(dead, found.persons, registrar.model, compared_all=not found.limited)
        if fit.certainty is Certainty.NOBODY:
            continue
        fit = _unless_held(fit, found)
        person_id, identity_id = int(fit.person_id or 0), int(fit.record_id or 0)
        state = _keep(session, run_id, person_id, identity_id, death, fit)
        flagged += fit.certainty is Certainty.SURE and state is not DeathState.PROPOSED
        asked += state is DeathState.PROPOSED
        if state is not None:
            touched.add(person_id)
            detail: dict[str, str | int | bool | None] = {"person": person_id, "run": run_id}
            subject = Subject("source_identity", identity_id)
            registrar.trail.record(session, Entry(loading.actor, f"death.{state.value}", subject, detail))
    death_checks.examine(session, touched, loading.documents)
    return flagged, asked


def _unless_held(fit: Recognition, found: Candidates) -> Recognition:
    """Ask about a person of which an identity may have become somebody else's."""
    if any(item.held for item in found.groups[int(fit.person_id or 0)]):
        return replace(fit, certainty=Certainty.DOUBTFUL, reasons=(*fit.reasons, HELD))
    return fit


def _keep(
    session: Session, run_id: int, person_id: int, identity_id: int, death: DeathLine, fit: Recognition
) -> DeathState | None:
    """Keep a death unless it is known; return the state in which it was kept, if it was."""
    known = [view.told for view in deaths.told_of(session, [person_id]).get(person_id, ())]
    if any(item.teller is Teller.FILE and item.when == death.when for item in known):
        return None
    reasons = [reason.code for reason in fit.reasons]
    if any(item.state is DeathState.REFUTED and may_be_one(item.when, death.when) for item in known):
        reasons.append("death-refuted")
    state = DeathState.FLAGGED if fit.certainty is Certainty.SURE and not reasons else DeathState.PROPOSED
    # One held without a date is asked: the file may be what dates it.
    held = [item.when for item in known if item.is_held and item.when is not None]
    if state is DeathState.PROPOSED and any(when.may_be(death.when) for when in held):
        return None
    session.add(
        RecordedDeath(
            source_identity_id=identity_id,
            teller=Teller.FILE.value,
            death_date=death.when.iso(),
            place=death.place,
            act_number=death.act_number,
            state=state.value,
            reasons=reasons,
            load_run_id=run_id,
            recorded_at=db.now(session),
        )
    )
    session.flush()  # the next line of the chunk may tell it again
    return state


class _RejectFile:
    """The CSV of refused lines and of what was left out; made only when there is something to tell."""

    HEADER = ("ligne", "niveau", "colonne", "code", "explication")

    def __init__(self, path: Path, *, append: bool) -> None:
        self._path = path
        if not append:
            path.unlink(missing_ok=True)

    def write(self, remarks: Sequence[Remark]) -> None:
        if not remarks:
            return
        new = not self._path.exists()
        with self._path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(self.HEADER)
            writer.writerows((item.line, item.level, item.column, item.code, item.message) for item in remarks)
