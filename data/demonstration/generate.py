"""Write the demonstration region, or one file of identities and the truth to evaluate a matching with.

    python data/demonstration/generate.py --seed 2026 --persons 2000 --out DIR
    python data/demonstration/generate.py --seed 1 --records 100000 --file IDENTITIES --truth TRUTH

Nobody in it is real. The same arguments give the same bytes; there is no clock and no network.
"""

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path
from random import Random

from defects import DEFECTS, Row
from households import draw_household, draw_junior
from people import Draw, Person, age_on
from records import Record, make_records
from region import INTAKES, STRUCTURES, Places, pharmacies, professionals, structure_rows
from story import story_json, story_persons, story_records

COLUMNS = tuple(field.name for field in fields(Row))
TRUTH_COLUMNS = ("structure", "record_id", "person_id", "household_id", "cases")
OTHER_CASES = ("twin", "father_son", "duplicate_inside")
FIRST_FREE_NUMBER = 1001
SONS_WITH_THEIR_FATHERS_NAMES = 0.025


@dataclass(frozen=True, slots=True)
class Order:
    """What region is asked for."""

    seed: int
    persons: int
    today: date
    difficulty: float


def draw_persons(order: Order, places: Places) -> Iterator[Person]:
    """Yield the persons beside those of the story, household by household."""
    draw = Draw(Random(f"{order.seed}:people"), places, order.today)
    wanted, count, household = order.persons - story_persons(), 0, 0
    while count < wanted:
        household += 1
        members = draw_household(draw, household)
        head = members[0]
        if head.sex == "M" and age_on(head.birth_date, order.today) >= 52 and _has_namesake(draw.rng):
            household += 1
            members[0] = replace(head, cases=("father_son",))
            members += draw_junior(draw, household, head)
        for member in members[: wanted - count]:
            count += 1
            yield replace(member, person_id=f"P{count:07d}")


def _has_namesake(rng: Random) -> bool:
    return rng.random() < SONS_WITH_THEIR_FATHERS_NAMES


def draw_records(order: Order, places: Places) -> dict[str, list[Record]]:
    """Return the records of each structure, by record id."""
    rng = Random(f"{order.seed}:records")
    kept: dict[str, list[Record]] = {structure.code: [] for structure in STRUCTURES}
    for person in draw_persons(order, places):
        for record in make_records(person, rng, order.difficulty):
            kept[record.row.source].append(record)
    for code, records in kept.items():
        # Numbers say nothing of who is whom.
        rng.shuffle(records)
        kept[code] = [_numbered(record, rank) for rank, record in enumerate(records, start=FIRST_FREE_NUMBER)]
    for record in story_records():
        kept[record.row.source].append(record)
    return {code: sorted(records, key=lambda record: record.row.record_id) for code, records in kept.items()}


def _numbered(record: Record, number: int) -> Record:
    intake = INTAKES[record.row.source]
    identifier = f"{intake.prefix}{number:0{intake.digits}d}"
    return replace(record, row=replace(record.row, record_id=identifier))


def write_region(order: Order, out: Path) -> None:
    """Write every file of the region into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    places = Places()
    records = draw_records(order, places)
    write_json(out / "structures.json", structure_rows())
    write_json(out / "professionals.json", [asdict(professional) for professional in professionals()])
    write_json(out / "pharmacies.json", [asdict(pharmacy) for pharmacy in pharmacies()])
    write_json(out / "story.json", story_json(places))
    for code, kept in records.items():
        write_csv(
            out / f"identities-{code}.csv",
            COLUMNS,
            ([getattr(record.row, column) for column in COLUMNS] for record in kept),
        )
    truth = (
        [code, record.row.record_id, record.person_id, record.household_id, "|".join(record.cases)]
        for code, kept in records.items()
        for record in kept
    )
    write_csv(out / "truth.csv", TRUTH_COLUMNS, truth)


def write_csv(path: Path, header: tuple[str, ...], rows: Iterator[list[str]]) -> None:
    """Write rows as UTF-8 CSV with Unix line ends."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_json(path: Path, content: object) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--today", type=date.fromisoformat, default=date(2026, 11, 1), help="day of the extract")
    parser.add_argument("--difficulty", type=float, default=1.0, help="multiplies the rates of the defects")
    parser.add_argument(
        "--list-cases",
        nargs="?",
        choices=("region", "file"),
        const="file",
        help="print the labels of the truth and stop",
    )
    region = parser.add_argument_group("a region for the demonstration")
    region.add_argument("--out", type=Path, help="folder to write")
    region.add_argument("--persons", type=int, default=2000, help="persons, those of the story included")
    sample = parser.add_argument_group("one file to evaluate a matching with")
    sample.add_argument("--file", type=Path, help="identities to write, .parquet or .csv")
    sample.add_argument("--truth", type=Path, help="who is whom, .parquet or .csv")
    sample.add_argument("--people", type=Path, help="the persons as they are, .parquet or .csv")
    sample.add_argument("--records", type=int, default=100_000, help="records of the file")
    arguments = parser.parse_args()
    if arguments.list_cases == "region":
        print("\n".join((*(defect.label for defect in DEFECTS), *OTHER_CASES)))
    elif arguments.list_cases or arguments.file is not None or arguments.truth is not None:
        write_sample(parser, arguments)
    elif arguments.out is None or arguments.persons < story_persons():
        parser.error(f"--out is needed, and at least {story_persons()} persons")
    else:
        order = Order(arguments.seed, arguments.persons, arguments.today, arguments.difficulty)
        write_region(order, arguments.out)


def write_sample(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Write an evaluation file, or print its labels."""
    # It needs pyarrow; the region for the demonstration needs only Python.
    import evaluation
    import mistakes

    if arguments.list_cases:
        print("\n".join(mistakes.labels()))
        return
    if arguments.file is None or arguments.truth is None or arguments.records < 1:
        parser.error("--file and --truth go together, with at least one record")
    evaluation.write_files(
        evaluation.FileOrder(
            seed=arguments.seed,
            records=arguments.records,
            difficulty=arguments.difficulty,
            today=arguments.today,
            file=arguments.file,
            truth=arguments.truth,
            people=arguments.people,
        )
    )


if __name__ == "__main__":
    main()
