"""Ask INSi about what the hub holds already, and play INSi where there is none."""

import csv
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click

from hub import db
from hub.commands.shared import OPERATOR, application, told
from hub.commands.terminal import progress, stop
from hub.config import Environment, process_environment
from hub.counting import counted, noun
from hub.directory import organizations
from hub.errors import Invalid, NotFound
from hub.insi import calls, verification
from hub.insi.calls import Desk
from hub.insi.stub import Stub, read_people
from hub.insi.teleservice import FAILURE_LABELS, Failure
from hub.insi.verification import Scope
from hub.registry import identities

# After so many failures in a row the teleservice is down: the worker asks again, there is no point in going on.
_MOST_FAILURES = 3


@dataclass
class Tally:
    """What became of the INS of a run."""

    confirmed: int = 0
    pending: int = 0
    refused: int = 0
    unasked: int = 0
    unknown: int = 0
    failed: int = 0
    failure: Failure | None = None


@click.command("verify")
@click.option(
    "--batch",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file with the columns source and record_id.",
)
@click.option("--all", "everybody", is_flag=True, help="Every INS of the index.")
@click.option("--structure", help="Every INS of one structure, by its code.")
@click.option(
    "--older-than",
    default=30,
    show_default=True,
    type=click.IntRange(min=0),
    help="Days; an INS that INSi confirmed since is left out.",
)
@told
def verify(file: Path | None, everybody: bool, structure: str | None, older_than: int) -> None:
    """Have INSi confirm INS again: those of a CSV FILE, of one structure, or all.

    Stopped at any point, the same command goes on with what INSi has not answered about. An INS that is not confirmed
    leaves its identity and an officer is told; whatever else differs waits for a member of the structure.

    Example: hub insi verify --structure moulin
    """
    if sum((file is not None, everybody, structure is not None)) != 1:
        stop("Dites ce qu'il faut vérifier : --batch FICHIER, --all ou --structure CODE.")
    with application() as (_, parts):
        if parts.teleservice is None:
            stop("HUB_INSI_URL manque : il n'y a pas de téléservice à interroger.")
        with db.reading() as session:
            organization_id = organizations.by_code(session, structure).id if structure else None
            scope = Scope(db.now(session) - timedelta(days=older_than), organization_id)
            total = _lines(file) if file else verification.count(session, scope)
        tally = Tally()
        found = _of_file(file, scope, tally) if file else verification.each(scope)
        with progress(total, "INS", "Vérification") as bar:
            for identity_id in found:
                _verify_one(identity_id, parts.desk, tally)
                bar.update(1)
                if tally.failed >= _MOST_FAILURES:
                    break
                time.sleep(1 / parts.settings.insi_per_second)
    for line in _told(tally):
        click.echo(line)
    if tally.failed:
        stop("INSi ne répond plus : ce qui attend est refait par hub worker ; relancez la commande pour la suite.")


def _lines(file: Path) -> int:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return max(sum(1 for _ in csv.reader(stream)) - 1, 0)


def _of_file(file: Path, scope: Scope, tally: Tally) -> Iterator[int]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if not {"source", "record_id"} <= set(reader.fieldnames or ()):
            raise Invalid("Le fichier a besoin des colonnes source et record_id.")
        wanted = [(line["source"] or "", line["record_id"] or "") for line in reader]
    for identity_id in _numbers(wanted, tally):
        with db.reading() as session:
            is_due = verification.overdue(session, scope, 1, identity_id - 1) == [identity_id]
        if is_due:
            yield identity_id
        else:
            tally.unasked += 1


def _numbers(wanted: Iterable[tuple[str, str]], tally: Tally) -> Iterator[int]:
    for source, record_id in wanted:
        with db.reading() as session:
            try:
                domain = organizations.by_code(session, source).domain or ""
                identity = identities.by_number(session, domain, record_id)
            except NotFound:
                identity = None
        if identity is None:
            tally.unknown += 1
        else:
            yield identity.id


def _verify_one(identity_id: int, desk: Desk, tally: Tally) -> None:
    try:
        with db.transaction() as session:
            call_id = calls.open_call(session, identity_id, desk, OPERATOR)
    except Invalid:
        tally.unasked += 1
        return
    answer = calls.ask(call_id, desk)
    if answer is not None and answer.failure is not None:
        tally.failed += 1
        tally.failure = answer.failure
        return
    tally.failed = 0
    with db.reading() as session:
        call = calls.call_about(session, identity_id, call_id)
        has_ins = identities.by_id(session, identity_id).traits.ins is not None
    if call.reported is not None:
        tally.pending += 1
    elif has_ins:
        tally.confirmed += 1
    else:
        tally.refused += 1


def _told(tally: Tally) -> Iterator[str]:
    confirmed = noun(tally.confirmed, "confirmée", "confirmées")
    refused = counted(tally.refused, "retirée", "retirées")
    yield f"{tally.confirmed} INS {confirmed}, {refused}, {tally.pending} à décider par leur structure."
    if tally.unasked:
        left = counted(tally.unasked, "laissée de côté : déjà vérifiée", "laissées de côté : déjà vérifiées")
        yield f"{left}, en attente, sans INS ou aux traits incomplets."
    if tally.unknown:
        lines = counted(tally.unknown, "ligne du fichier ne désigne", "lignes du fichier ne désignent")
        yield f"{lines} aucune identité."
    if tally.failure is not None:
        yield FAILURE_LABELS[tally.failure]


@click.command("stub")
@click.option(
    "--people",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="CSV file of invented people, such as data/demonstration/insi.csv.",
)
@click.option("--port", default=8027, show_default=True, help="Port on the loopback.")
@told
def stub(people: Path, port: int) -> None:
    """Play the INSi teleservice about invented people, for tests and demonstrations.

    Example: hub insi stub --people data/demonstration/insi.csv
    """
    if process_environment("HUB_ENV") == Environment.PRODUCTION.value:
        stop("Le téléservice de démonstration n'existe pas avec HUB_ENV=production.")
    known = read_people(people)
    running = Stub(known, port, lambda line: click.echo(line)).start()
    click.echo(f"{counted(len(known), 'personne inventée', 'personnes inventées')}. HUB_INSI_URL={running.url}")
    try:
        running.wait()
    except KeyboardInterrupt:
        running.stop()
