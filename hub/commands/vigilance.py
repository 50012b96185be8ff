"""Commands of identity vigilance: look at the whole index, take decisions again."""

from collections import Counter
from functools import cache, partial

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.commands.shared import OPERATOR, application, told
from hub.counting import counted, noun
from hub.errors import Conflict, HubError, Unavailable
from hub.linkage import texts
from hub.registry import collisions, history
from hub.registry.collisions import Found
from hub.registry.tables import LinkageDecision


@click.command("check")
@told
def check_identities() -> None:
    """Look at every person for identities of two people, and at every INS for a second person.

    What is found is held, so that nobody sees its documents, and asked of an officer. Running it again asks nothing
    that was asked before.
    """
    with application() as (_, parts):

        def report(found: Found) -> None:
            click.echo(f"\r{_read(found)}…", nl=False, err=True)

        found = collisions.check(lambda: parts.registrar, OPERATOR, report)
    click.echo("", err=True)
    click.echo(
        f"{counted(found.persons, 'personne', 'personnes')} de plusieurs identités : "
        f"{counted(found.collisions, 'collision', 'collisions')} à traiter. "
        f"{counted(found.matricules, 'matricule porté', 'matricules portés')} par plusieurs personnes : "
        f"{counted(found.shared, 'tâche ouverte', 'tâches ouvertes')}."
    )


def _read(found: Found) -> str:
    persons = counted(found.persons, "personne", "personnes")
    return f"{persons}, {counted(found.matricules, 'matricule lu', 'matricules lus')}"


@click.command("replay")
@click.argument("decision", type=int, required=False)
@click.option("--last", type=click.IntRange(1), default=1000, show_default=True, help="Decisions to take again.")
@told
def replay_decisions(decision: int | None, last: int) -> None:
    """Take a DECISION of the matching again, or the last ones, on what each was taken on, and compare.

    Exits with 1 when one comes out otherwise under the rules that took it; those of another version of the hub may
    have changed since, which is said.
    """
    with application(), db.reading() as session:
        model_of = cache(partial(texts.find, session))
        ids = [decision] if decision is not None else _latest(session, last)
        same, skipped, unlike = 0, Counter[str](), []
        for decision_id in ids:
            try:
                replayed = history.replay(session, decision_id, model_of)
            except (Conflict, Unavailable) as err:
                if decision is not None:
                    raise
                skipped[err.message] += 1
                continue
            same += replayed.is_same
            if not replayed.is_same:
                unlike.append(replayed)
    changed = sum(not replayed.has_same_rules for replayed in unlike)
    otherwise = f"{len(unlike)} autrement" + (f" (dont {changed} sous d'anciennes règles)" if changed else "")
    click.echo(
        f"{counted(same, 'décision rejouée', 'décisions rejouées')} à l'identique, {otherwise}, "
        f"{skipped.total()} qui ne se {noun(skipped.total(), 'rejoue', 'rejouent')} pas."
    )
    for why, count in skipped.most_common():
        click.echo(f"  {counted(count, 'décision', 'décisions')} : {why}")
    unlike.sort(key=lambda replayed: not replayed.has_same_rules)
    for replayed in unlike[:20]:
        since = "" if replayed.has_same_rules else " (anciennes règles)"
        click.echo(f"  décision n° {replayed.decision_id} : {replayed.kept} puis {replayed.again}{since}")
    if any(replayed.has_same_rules for replayed in unlike):
        raise HubError("Des décisions ne se rejouent pas à l'identique.")


def _latest(session: Session, last: int) -> list[int]:
    query = sa.select(LinkageDecision.id).order_by(LinkageDecision.id.desc()).limit(last)
    return list(session.scalars(query))
