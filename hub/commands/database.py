"""Schema, settings, keys, audit trail."""

from pathlib import Path

import click

from hub import config, db, schema
from hub.commands import rotation
from hub.commands.shared import application, told
from hub.commands.terminal import progress, stop
from hub.config import read_environment
from hub.counting import counted
from hub.db import database
from hub.documents import deposit
from hub.errors import SettingsError
from hub.linkage import texts
from hub.oidc import clients, keys


@click.command("init-db")
@told
def init_db() -> None:
    """Prepare the database, or bring it to this version. Running it again changes nothing."""
    with application(checked=False) as (_, parts):
        schema.upgrade(database.engine)
        with db.transaction() as session:
            keys.ensure(session, parts.vault)
            clients.ensure_portal(session, parts.settings.public_url)
        texts.keep(parts.model)
        click.echo(f"Base prête (schéma {schema.latest()}).")


@click.command("config")
def show_config() -> None:
    """Show every setting, its effective value (secrets masked) and what it does."""
    try:
        settings = read_environment()
    except SettingsError as err:
        stop(err.message)
    for line in config.describe(settings):
        click.secho(f"{line.variable}={line.value}", bold=True)
        click.echo(f"    {line.doc} Par défaut : {line.default or 'aucun'}.")


@click.command("rotate")
@told
def rotate_keys() -> None:
    """Wrap every stored key under the first key of HUB_ENCRYPTION_KEYS.

    Put the new key first and keep the old one behind it, restart, run this, then remove the old one. It can be
    stopped and run again; documents stay readable throughout.
    """
    with application() as (_, parts):
        with db.reading() as session:
            total = rotation.count(session, parts.vault)
        with progress(total, "clés", "Rotation") as bar:
            last = 0
            while True:
                with db.transaction() as session:
                    last, count = deposit.rotate(session, parts.vault, last)
                bar.update(count)
                if not count:
                    break
            with db.transaction() as session:
                bar.update(rotation.reseal_secrets(session, parts.vault))
        click.echo(f"Toutes les clés sont sous « {parts.vault.active_key_id} ».")


@click.command("verify")
@click.option(
    "--anchor", type=click.Path(dir_okay=False, path_type=Path), help="Write the heads of the chains there."
)
@told
def verify_audit(anchor: Path | None) -> None:
    """Read the whole trail and check that nothing was changed, removed or inserted."""
    with application() as (_, parts), db.reading() as session:
        result = parts.trail.verify(session)
    for broken in result.breaks:
        click.secho(f"RUPTURE {broken}", fg="red", err=True)
    lines = [f"{chain} {digest or '-'}" for chain, digest in sorted(result.heads.items())]
    if anchor:
        anchor.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if result.breaks:
        stop(f"La trace est rompue ({counted(len(result.breaks), 'chaîne', 'chaînes')}).")
    click.echo(f"La trace est intacte : {counted(result.events, 'événement', 'événements')}.")
