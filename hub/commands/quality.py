"""Measure quality now, and write the monthly letters to the structures."""

from pathlib import Path

import click

from hub import db
from hub.commands.shared import application, told
from hub.counting import counted
from hub.directory import organizations
from hub.vigilance import letters, trends
from hub.vigilance.letters import Issuer


@click.command("snapshot")
@told
def snapshot() -> None:
    """Measure every indicator now and keep the numbers as this day's. The worker does it each day."""
    with application():
        with db.reading() as session:
            taken = trends.take(session)
        with db.transaction() as session:
            trends.keep(session, taken)
        structures = len(taken.places) - 1
        click.echo(f"Relevé du {taken.day:%d/%m/%Y} : la région et {counted(structures, 'structure', 'structures')}.")


@click.command("letters")
@click.option("--month", required=True, help="Month, AAAA-MM.")
@click.option("--structure", "code", help="Code of one structure; all of them by default.")
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that receives one PDF for each structure.",
)
@told
def write_letters(month: str, code: str | None, folder: Path) -> None:
    """Write the letters of a month: each structure's figures beside the region's, and what to do first."""
    with application() as (_, parts), db.reading() as session:
        issuer = Issuer(parts.settings.region_name, parts.settings.support)
        chosen = organizations.by_code(session, code) if code else None
        if chosen is not None:
            made = {chosen.id: letters.write(session, month, chosen, issuer)}
        else:
            made = dict(letters.write_all(session, month, issuer))
        folder.mkdir(parents=True, exist_ok=True)
        for organization_id, content in made.items():
            name = organizations.by_id(session, organization_id).code
            (folder / f"qualite-{month}-{name}.pdf").write_bytes(content)
    click.echo(f"{counted(len(made), 'lettre', 'lettres')} dans {folder}.")
