"""Care of the document store."""

from datetime import timedelta

import click

from hub import db
from hub.commands.shared import application, told
from hub.commands.terminal import progress
from hub.counting import counted
from hub.documents import deposit

_BATCH = 500


@click.command("sweep")
@click.option("--hours", default=24, show_default=True, help="Leave alone what is younger.")
@told
def sweep(hours: int) -> None:
    """Delete stored bytes that no document names: what interrupted deposits left. Nobody could read them."""
    removed = 0
    with application() as (_, parts):
        with db.reading() as session:
            before = db.now(session) - timedelta(hours=hours)
        keys = parts.store.older_than(before)
        with progress(len(keys), "objets", "Balayage") as bar:
            for start in range(0, len(keys), _BATCH):
                batch = keys[start : start + _BATCH]
                with db.reading() as session:
                    orphans = deposit.without_row(session, batch)
                for key in orphans:
                    parts.store.delete(key)
                removed += len(orphans)
                bar.update(len(batch))
    click.echo(f"{counted(removed, 'objet sans fiche supprimé', 'objets sans fiche supprimés')}.")
