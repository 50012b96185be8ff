"""Save everything to one file and bring it back, on either engine and store."""

from pathlib import Path

import click

from hub import archive, schema
from hub.commands.shared import application, told
from hub.commands.terminal import progress, stop
from hub.db import database


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@told
def backup(file: Path) -> None:
    """Save database and documents to FILE, encrypted, from one moment of the database.

    To read it back one needs HUB_ENCRYPTION_KEYS and HUB_PEPPER: keep them elsewhere.
    """
    if file.exists():
        stop(f"{file} existe déjà : choisissez un autre nom.")
    with application() as (_, parts):
        total = archive.size(database.engine)
        with progress(total, "éléments", "Sauvegarde") as bar:
            archive.write(file, database.engine, parts.store, parts.vault, bar.update)
    click.echo(f"Sauvegarde écrite : {file}")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@told
def restore(file: Path) -> None:
    """Bring FILE back into an empty installation: SQLite or PostgreSQL, local folder or S3."""
    with application(checked=False) as (_, parts):
        schema.upgrade(database.engine)
        total = archive.count(file)
        with progress(total, "éléments", "Restauration") as bar:
            archive.read(file, database.engine, parts.store, parts.vault, bar.update)
    click.echo("Restauration terminée. Vérifiez la trace : hub audit verify")
