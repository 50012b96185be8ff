"""Deaths: load the official file, look for what contradicts those that are told."""

from pathlib import Path

import click

from hub import db
from hub.commands.shared import OPERATOR, application, told
from hub.commands.terminal import progress
from hub.counting import counted, noun
from hub.registry import death_checks, deaths_file, deaths_load
from hub.registry.deaths_load import Loading, Progress
from hub.routing import sendings

_PERSONS = 200


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rejected", type=click.Path(dir_okay=False, path_type=Path), help="Where refused lines are explained."
)
@told
def load_deaths(file: Path, rejected: Path | None) -> None:
    """Load the deaths FILE of INSEE: fixed-width text or CSV.

    A death that is surely one person's is flagged: no notice leaves for them any more. In doubt an officer is asked.
    Lines are kept chunk by chunk: stopped at any point, the same command goes on where it was. Lines that cannot be
    read, and details left out, are explained in FILE.rejets.csv.
    """
    target = rejected or file.with_name(file.name + ".rejets.csv")
    known = deaths_file.survey(file)
    with application() as (_, parts), progress(known.lines, "décès", "Chargement") as bar:

        def report(done: Progress) -> None:
            bar.update(done.lines - bar.n)

        loading = Loading(
            registrar=lambda: parts.registrar,
            actor=OPERATOR,
            rejected=target,
            documents=sendings.last_sent,
            report=report,
        )
        result = deaths_load.load(file, known, loading)
    nobody = result.lines - result.flagged - result.asked - result.rejected
    click.echo(
        f"{result.lines} décès {noun(result.lines, 'lu', 'lus')}, {counted(result.flagged, 'signalé', 'signalés')}, "
        f"{result.asked} à vérifier par un officier, {nobody} sans personne correspondante ou déjà "
        f"{noun(nobody, 'connu', 'connus')}, {counted(result.rejected, 'ligne refusée', 'lignes refusées')}."
    )
    if target.exists():
        click.echo(f"Explications : {target}")


@click.command("check")
@told
def check_deaths() -> None:
    """Look at every person of whom a death is told, and ask officers about what contradicts it.

    To run each night: it sees identities created since, documents sent, persons put together.
    """
    opened = seen = after = 0
    with application():
        while True:
            with db.transaction() as session:
                persons = death_checks.persons_after(session, after, _PERSONS)
                opened += death_checks.examine(session, persons, sendings.last_sent)
            if not persons:
                break
            after, seen = persons[-1], seen + len(persons)
    click.echo(
        f"{counted(seen, 'personne regardée', 'personnes regardées')}, "
        f"{counted(opened, 'tâche ouverte ou complétée', 'tâches ouvertes ou complétées')}."
    )
