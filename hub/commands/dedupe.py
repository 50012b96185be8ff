"""Compare a file of identities with itself: candidate pairs with score and decision, and the persons they make."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from hub.commands import unexamined
from hub.commands.stages import Stages, peak_memory
from hub.commands.terminal import stop
from hub.counting import decimal, written, written_with
from hub.deduplication import Order, Summary, run
from hub.errors import HubError
from hub.regional_file import SHOWN_LENGTH
from hub.spark.missing import SparkMissing
from hub.spark.missing import check as check_spark
from identity.bulk.engine import Report

# Spark writes folders, and replaces those that it wrote.
_OUT = click.Path(path_type=Path)


@click.command("dedupe")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--out", type=_OUT, help="Where the pairs are written (Parquet).")
@click.option("--clusters", type=_OUT, help="Where the persons are written (Parquet).")
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another linkage model.")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", help="Here, or on a Spark cluster.")
@click.option("--wide", is_flag=True, help="Compare also who shares one trait alone: slower, misses less.")
@click.option("--registry", is_flag=True, help="The index itself, in place of a file: files review tasks.")
@click.option("--link", is_flag=True, help="With --registry: link where the matching is sure, not only propose.")
@click.option("--dry-run", is_flag=True, help="With --registry: say what would be done, write nothing.")
@click.option("--batch", type=click.IntRange(1, 500), help="With --registry: pairs in one transaction (100).")
def dedupe(
    file: Path | None,
    out: Path | None,
    clusters: Path | None,
    model: Path | None,
    engine: str,
    wide: bool,
    registry: bool,
    link: bool,
    dry_run: bool,
    batch: int | None,
) -> None:
    """Find the doubles of a CSV or Parquet FILE of identities, or of the index.

    The columns are those of `hub identities load`. The file is only read and the index is left as it is: every
    candidate pair is written with its score, its probability and what would be decided, `link` or `review`.
    A file of up to 30,000 identities is always compared so, and more widely still.

    With --registry, the doubles of the index: a task for each pair of persons, which an officer settles. Stopped at
    any point, the same command goes on where it was.
    """
    if registry:
        _dedupe_registry(
            link, dry_run, batch, wide, about_a_file=bool(file or out or clusters or model or engine != "local")
        )
        return
    if file is None or out is None:
        raise click.UsageError("Donnez FILE et --out, ou --registry pour l'index.")
    if link or dry_run or batch:
        raise click.UsageError("--link, --dry-run et --batch vont avec --registry.")
    began = time.monotonic()
    order = Order(file, out, clusters, model, engine, wide)
    try:
        with _ended_by_a_signal(), Stages() as stages:
            summary = _run_on_spark(order, stages.report) if engine == "spark" else run(order, stages.report)
    except SparkMissing as err:
        stop(err.message, code=2)
    except HubError as err:
        stop(err.message)
    for line in lines(summary, time.monotonic() - began):
        click.echo(line)


@contextmanager
def _ended_by_a_signal() -> Iterator[None]:
    """Let a polite order to stop end the run as Ctrl-C does: what is half written is removed."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _dedupe_registry(link: bool, dry_run: bool, batch: int | None, wide: bool, *, about_a_file: bool) -> None:
    if about_a_file:
        raise click.UsageError("--registry lit l'index avec le modèle en vigueur : ni FILE ni ses options.")
    # Imported here: a file needs neither database nor settings.
    from hub.commands.registry_dedupe import dedupe_registry
    from hub.registry.dedupe import BATCH, Options

    dedupe_registry(Options(link, batch or BATCH, wide), dry_run=dry_run)


def _run_on_spark(order: Order, report: Report) -> Summary:
    check_spark()
    # Imported here: pyspark is an extra.
    from hub.spark import engine

    return engine.run(order, report)


def lines(summary: Summary, seconds: float) -> list[str]:
    """Say in a few sentences what was found, and what was not looked at."""
    found = [
        f"{written_with(summary.records, 'identité', 'identités')}, "
        f"{written_with(summary.pairs, 'paire comparée', 'paires comparées')}.",
        f"{written_with(summary.links, 'paire reliée', 'paires reliées')}, {written(summary.reviews)} à revoir ; "
        f"{written_with(summary.persons, 'personne', 'personnes')}.",
    ]
    if summary.torn:
        found.append(f"Lignes laissées de côté, leurs colonnes ne sont pas celles de l'en-tête : {summary.torn}.")
    if summary.unreadable:
        columns = ", ".join(
            f"{name} {written(unread.values)} ({unread.record_id[:SHOWN_LENGTH]})"
            for name, unread in summary.unreadable.items()
        )
        found.append(
            "Valeurs qui ne disent rien ou ne se lisent pas, comptées comme absentes (et le premier record_id) : "
            f"{columns}."
        )
    found += unexamined.told_widespread(summary.widespread)
    found += unexamined.told(summary.unexamined, summary.records, summary.pairs)
    rate = summary.records / seconds if seconds else 0
    memory = written(peak_memory() >> 20)
    found.append(f"{decimal(seconds, 1)} s, {written(round(rate))} identités/s, mémoire {memory} Mio au plus.")
    return found
