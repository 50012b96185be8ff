"""Write an evaluation file: the identities of a region in one file, and the truth about them in another.

The same arguments give the same bytes. Families are drawn one after the other and forgotten; only
the columns of the file stay in memory. Rows are shuffled, so that neighbours in it are strangers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from fact_mistakes import Facts
from geography import REGIONS, Geography
from mistakes import DOUBLES, Clerks
from people import age_on
from population import Person, Population
from sources import Sources, draw_sources
from writing import COLUMNS, Entry

BATCH = 20_000
MOST_RECORDS = 6


@dataclass(frozen=True, slots=True)
class FileOrder:
    """What evaluation file is asked for; without a people file, none is written."""

    seed: int
    records: int
    difficulty: float
    today: date
    file: Path
    truth: Path
    people: Path | None = None


def draw_entries(order: FileOrder) -> Iterator[Entry]:
    """Yield the records asked for, person by person."""
    region = Random(f"{order.seed}:region").choice(REGIONS)
    geography = Geography(region)
    population = Population(Random(f"{order.seed}:population"), geography, order.today)
    facts = Facts(geography, population, order.today)
    rng = Random(f"{order.seed}:records")
    sources = Sources(draw_sources(rng, geography, order.records, order.difficulty))
    clerks = Clerks(facts, order.difficulty, rng)
    written = 0
    while written < order.records:
        for person in population.draw_family():
            age = age_on(person.born, order.today)
            known_to = sources.draw(rng, person, age)
            for source in known_to:
                yield clerks.write(person, source, age)
                written += 1
            if len(known_to) < MOST_RECORDS and rng.random() < DOUBLES * order.difficulty**0.5:
                yield clerks.write(person, known_to[-1], age, again=True)
                written += 1


def write_files(order: FileOrder) -> None:
    """Write the file of identities, the truth and, when asked for, the persons as they are."""
    identities, truth, people = _tables(order)
    # Numbers and places in the file say nothing of who is whom.
    ranks = list(range(identities.num_rows))
    Random(f"{order.seed}:order").shuffle(ranks)
    numbers = pa.array([str(rank) for rank in range(order.records)])
    kept = pa.array(ranks, pa.int64())
    for table, path in ((identities, order.file), (truth, order.truth)):
        shuffled = table.take(kept).slice(0, order.records)
        write_table(shuffled.add_column(0, "record_id", numbers), path)
    if order.people is not None:
        write_table(people, order.people)


def _tables(order: FileOrder) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return identities and truth, without numbers, and the persons."""
    fields = COLUMNS[2:]
    batches: list[tuple[pa.Table, pa.Table]] = []
    people: dict[str, list[object]] = {name: [] for name in PEOPLE}
    entries = draw_entries(order)
    last = 0
    remaining = order.records
    while remaining > 0:
        chunk = [entry for _, entry in zip(range(min(BATCH, remaining)), entries, strict=False)]
        remaining -= len(chunk)
        columns = {"source": pa.array([entry.source.code for entry in chunk])}
        columns |= {
            name: pa.array([getattr(entry.row, name) or None for entry in chunk], pa.string()) for name in fields
        }
        truth = {
            "person_id": pa.array([entry.person.number for entry in chunk], pa.int64()),
            "household_id": pa.array([entry.person.household for entry in chunk], pa.int64()),
            "case": pa.array([",".join(dict.fromkeys(entry.labels)) for entry in chunk]),
        }
        batches.append((pa.table(columns), pa.table(truth)))
        if order.people is not None:
            for entry in chunk:
                if entry.person.number != last:
                    last = entry.person.number
                    _describe(entry.person, people)
    identities, truths = zip(*batches, strict=True)
    return pa.concat_tables(identities).combine_chunks(), pa.concat_tables(truths).combine_chunks(), pa.table(people)


PEOPLE = (
    "person_id", "household_id", "sex", "birth_family", "used_family", "former_used_family", "given_names",
    "used_given", "birth_date", "birth_place", "ins", "origin", "cases",
)  # fmt: skip


def _describe(person: Person, people: dict[str, list[object]]) -> None:
    values = (
        person.number,
        person.household,
        person.sex,
        person.family,
        person.used_family,
        person.former_used,
        " ".join(person.given),
        person.used_given,
        person.born.isoformat(),
        person.place,
        person.ins,
        person.origin,
        ",".join(person.cases),
    )
    for name, value in zip(PEOPLE, values, strict=True):
        people[name].append(value)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet, or as CSV when the name ends so."""
    if path.suffix == ".csv":
        pa_csv.write_csv(table, path, pa_csv.WriteOptions(quoting_style="needed"))
    else:
        pq.write_table(table, path, compression="zstd")
