"""Load identities from files."""

from pathlib import Path

import click

from hub import outputs
from hub.commands.shared import OPERATOR, application, told
from hub.commands.terminal import progress, stop
from hub.config import Environment
from hub.counting import counted
from hub.errors import Invalid
from hub.registry import load, reindex
from hub.registry.load import LoadOptions, Progress
from identity.ins import InsOid


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", help="Code of the structure, in place of the column `source`.")
@click.option(
    "--rejected", type=click.Path(dir_okay=False, path_type=Path), help="Where refused lines are explained."
)
@told
def load_identities(file: Path, source: str | None, rejected: Path | None) -> None:
    """Load a CSV or Parquet FILE of identities.

    Lines are kept chunk by chunk: stopped at any point, the same command goes on where it was. Lines that cannot be
    loaded, and details left out, are explained in FILE.rejets.csv.
    """
    target = rejected or file.with_name(file.name + ".rejets.csv")
    outputs.check(target, [file])
    if target.is_file() and not load.are_explanations(target):
        raise Invalid(f"{target} existe et n'est pas un fichier d'explications : choisissez un autre nom.")
    with application() as (_, parts):
        production = parts.settings.env is Environment.PRODUCTION
        options = LoadOptions(parts.settings.accepted_oids, InsOid.NIR if production else InsOid.NIR_TEST, source)
        total = load.count_lines(file)
        if not total:
            raise Invalid("Le fichier ne contient aucune identité : il n'a qu'un en-tête.")
        with progress(total, "lignes", "Chargement") as bar:

            def report(done: Progress) -> None:
                bar.update(done.lines - bar.n)

            result = load.load(file, options, parts.registrar, OPERATOR, target, report)
    click.echo(
        f"{counted(result.lines, 'ligne lue', 'lignes lues')}, "
        f"{counted(result.accepted, 'identité chargée', 'identités chargées')}, "
        f"{counted(result.rejected, 'refusée', 'refusées')}."
    )
    if result.rejected or result.warned:
        click.echo(
            f"Explications ({result.rejected} refus, {counted(result.warned, 'remarque', 'remarques')}) : {target}"
        )
    if not result.accepted:
        stop("Aucune identité n'a été chargée. Corrigez ce que disent les explications, puis relancez la commande.")


@click.command("reindex")
@told
def reindex_identities() -> None:
    """File every identity again under the keys of this version.

    Needed after an upgrade that changed the keys, which the hub says. Stopped at any point, the same command goes on
    where it was.
    """
    with application() as _, progress(reindex.count(), "identités", "Index") as bar:
        changed = reindex.rebuild(lambda done: bar.update(done - bar.n))
    click.echo(f"Index reconstruit : {counted(changed, 'identité classée', 'identités classées')} autrement.")
