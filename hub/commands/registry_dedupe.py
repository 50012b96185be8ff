"""`hub identities dedupe --registry`: the doubles of the index itself."""

import time

import click

from hub.commands import unexamined
from hub.commands.shared import OPERATOR, application, told
from hub.commands.stages import Stages, peak_memory
from hub.counting import decimal, noun, written, written_with
from hub.registry import dedupe
from hub.registry.dedupe import Options, Summary


@told
def dedupe_registry(options: Options, *, dry_run: bool) -> None:
    """Deduplicate the index, or say what that would do, and tell what was found."""
    began = time.monotonic()
    with application() as (_, parts), Stages() as stages:
        if dry_run:
            summary = dedupe.rehearse(lambda: parts.registrar, options, stages.report)
        else:
            summary = dedupe.run(lambda: parts.registrar, OPERATOR, options, stages.report)
    for line in lines(summary, time.monotonic() - began, dry_run=dry_run):
        click.echo(line)


def lines(summary: Summary, seconds: float, *, dry_run: bool) -> list[str]:
    """Say in a few sentences what was found, done, and left out."""
    counts = summary.counts
    found = ["Essai : rien n'est écrit ; voici ce qui serait fait."] if dry_run else []
    if summary.resumed:
        found.append("Reprise après un passage interrompu ; tâches et liens comprennent ce qu'il avait fait.")
    found += [
        f"{written_with(summary.identities, 'identité lue', 'identités lues')}, "
        f"{written_with(summary.examined, 'paire examinée', 'paires examinées')}.",
        f"{written_with(counts.filed, 'tâche', 'tâches')} pour les officiers, "
        f"{written_with(counts.linked, 'lien', 'liens')}.",
        f"De côté : {written_with(counts.apart, 'paire', 'paires')} que des officiers ont "
        f"{noun(counts.apart, 'dite', 'dites')} de personnes différentes, "
        f"{written_with(counts.asked, 'qui a déjà sa tâche', 'qui ont déjà leur tâche')}.",
    ]
    found += unexamined.told_widespread(summary.widespread)
    found += unexamined.told(summary.unexamined, summary.identities, summary.examined)
    found.append(f"{decimal(seconds, 1)} s, mémoire {written(peak_memory() >> 20)} Mio au plus.")
    return found
