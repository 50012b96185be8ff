"""Put a linkage model in force with two officers, try it before, take it back."""

from datetime import datetime
from pathlib import Path

import click

from hub import db
from hub.accounts import staff
from hub.commands.shared import OPERATOR, application, told
from hub.commands.terminal import progress
from hub.counting import counted
from hub.errors import Invalid
from hub.linkage import models, texts, trial
from hub.linkage.models import KnownModel, ModelState, Proposal
from hub.linkage.tables import LinkageModel
from hub.system_errors import said
from identity.decision import Outcome

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_BY = click.option("--by", "login", required=True, help="Log-in of the officer who answers for it.")
_STATES = {
    ModelState.PROPOSED: "proposé, attend un second officier",
    ModelState.IN_FORCE: "en vigueur",
    ModelState.REPLACED: "remplacé",
    ModelState.RETIRED: "retiré",
}
_WORDS = {Outcome.LINK: "rapprochée", Outcome.REVIEW: "à revoir", Outcome.NEW: "nouvelle personne"}


@click.command("propose")
@click.argument("file", metavar="MODEL.json", type=_FILE)
@_BY
@click.option("--reason", required=True, help="Why; kept with the model.")
@click.option("--figures", type=_FILE, help="What `hub model evaluate --json` wrote of it.")
@told
def propose(file: Path, login: str, reason: str, figures: Path | None) -> None:
    """Propose a model to the other officers. It decides nothing until one of them approves it."""
    proposal = Proposal(_text(file), reason, _text(figures) if figures else None)
    with application() as (_, parts), db.transaction() as session:
        member = staff.by_login(session, login)
        known = models.propose(session, proposal, parts.model.shipped.version, member, parts.trail, OPERATOR)
    click.echo(
        f"Modèle {known.version} proposé. Un autre officier l'approuve : hub model approve {known.version} --by …"
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        raise Invalid(f"{path.name} est refusé : ce n'est pas un texte en UTF-8.") from err
    except OSError as err:
        raise Invalid(f"{path.name} ne peut pas être lu : {said(err)}.") from err


@click.command("approve")
@click.argument("version")
@_BY
@told
def approve(version: str, login: str) -> None:
    """Put a proposed model in force, as a second officer. Processes that run take it at once."""
    with application() as (_, parts), db.transaction() as session:
        member = staff.by_login(session, login)
        models.approve(session, version, member, parts.trail, OPERATOR)
    click.echo(f"Le modèle {version} est en vigueur. Pour revenir au précédent : hub model rollback")


@click.command("dry-run")
@click.argument("version")
@click.option(
    "--sample", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="Identities to try."
)
@told
def dry_run(version: str, sample: int) -> None:
    """Decide again a sample of the index with a proposed model; keep nothing."""
    with application() as (_, parts), db.reading() as session, progress(sample, "identités", "Essai") as bar:
        present = parts.model.read()
        proposed = models.read(session, LinkageModel.version == version)
        tried = trial.try_out(session, present, proposed, sample, lambda: bar.update(1))
    click.echo(
        f"{counted(tried.tried, 'identité redécidée', 'identités redécidées')} avec {proposed.version} au lieu de "
        f"{present.version} : {counted(tried.changed, 'décision changerait', 'décisions changeraient')}. "
        "Rien n'a été écrit."
    )
    for (old, new), count in sorted(tried.outcomes.items(), key=lambda item: (-item[1], item[0])):
        if old is not new:
            click.echo(f"  {_WORDS[old]} → {_WORDS[new]} : {count}")
    if tried.other_person:
        click.echo(f"  même issue, mais avec une autre personne : {tried.other_person}")
    if tried.examples:
        click.echo(f"  identités n° {', '.join(map(str, tried.examples))}")


@click.command("refuse")
@click.argument("version")
@_BY
@click.option("--reason", required=True, help="Why; kept with the model.")
@told
def refuse(version: str, login: str, reason: str) -> None:
    """Turn down a proposed model, or withdraw one's own. Its version stays taken."""
    with application() as (_, parts), db.transaction() as session:
        member = staff.by_login(session, login)
        waiting = models.by_version(session, version)
        models.refuse(session, waiting.id, reason, member, parts.trail, OPERATOR)
    click.echo(f"Le modèle {version} n'attend plus d'approbation.")


@click.command("rollback")
@_BY
@click.option("--reason", required=True, help="Why; kept with the model.")
@told
def rollback(login: str, reason: str) -> None:
    """Take the model in force back, at once. The one before decides again."""
    with application() as (_, parts), db.transaction() as session:
        member = staff.by_login(session, login)
        done = models.roll_back(session, reason, member, parts.trail, OPERATOR)
        present = done.present.version if done.present else parts.model.shipped.version
    click.echo(f"Modèle {done.former.version} retiré ; {present} est en vigueur.")


@click.command("list")
@told
def list_models() -> None:
    """List the models proposed, in force and taken back."""
    with application() as (_, parts), db.reading() as session:
        known = models.every(session)
        ids = {one for item in known for one in (item.proposed_by, item.approved_by, item.retired_by) if one}
        names = staff.names(session, ids)
        shipped = parts.model.shipped
        former = [version for version in texts.shipped(session) if version != shipped.version]
    for item in known:
        click.secho(f"{item.version}  {_state(item)}", bold=item.state is ModelState.IN_FORCE)
        for line in _history(item, names):
            click.echo(f"    {line}")
    present = not any(item.state is ModelState.IN_FORCE for item in known)
    click.secho(f"{shipped.version}  fichier de HUB_LINKAGE_MODEL{', en vigueur' if present else ''}", bold=present)
    for version in former:
        click.echo(f"{version}  fichier précédent de HUB_LINKAGE_MODEL, gardé pour rejouer ses décisions")


def _state(item: KnownModel) -> str:
    return "refusé" if item.was_refused else _STATES[item.state]


def _history(item: KnownModel, names: dict[int, str]) -> list[str]:
    lines = [f"proposé le {_moment(item.proposed_at)} par {names[item.proposed_by]} : {item.reason}"]
    if item.approved_by and item.activated_at:
        lines.append(f"approuvé le {_moment(item.activated_at)} par {names[item.approved_by]}")
    if item.retired_by and item.retired_at:
        ended = "refusé" if item.was_refused else "retiré"
        lines.append(f"{ended} le {_moment(item.retired_at)} par {names[item.retired_by]} : {item.retired_reason}")
    return [*lines, f"empreinte {item.sha256}"]


def _moment(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y à %H:%M} UTC"
