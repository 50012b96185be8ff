"""Speed of the index, in process, linkage included: a file loaded, identities one by one, searches in a large index.

    python -m tests.bench.intake --persons 10000 --identities 1000000

The region is that of `data/demonstration/generate.py`; the large index is filled with invented people who share
names, dates and places about as people do. Both engines are durable as in production. `measure` and `measure_search`
give the figures of one engine.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask

from hub import config, db, schema
from hub.app import create_app
from hub.audit.trail import SYSTEM
from hub.db import database
from hub.demonstration import region
from hub.directory import organizations
from hub.directory.organizations import NewStructure
from hub.directory.values import Structure
from hub.registry import candidates, filing, intake, load
from hub.registry import identities as stored
from hub.registry.load import LoadOptions
from hub.registry.tables import CrowdedKey, KeyIndex, Person, SourceIdentity
from hub.registry.values import IncomingIdentity
from hub.runtime import Runtime
from identity import linkage
from identity.comparable import comparable
from identity.ins import InsOid
from identity.linkage import IdentityRecord
from identity.model import Model
from identity.status import IdentityStatus
from identity.traits import Address, BirthDate, Sex, Traits
from tests import live, postgres

DOMAIN = "1.2.250.1.999.9.1"
SYLLABLES = ("BA", "CO", "DU", "FE", "GI", "LA", "MO", "NI", "PE", "RO", "SU", "TA", "VI", "ZO", "LEC", "MAR", "DEN")
T = TypeVar("T")

OPTIONS = LoadOptions(frozenset({InsOid.NIR_TEST}), InsOid.NIR_TEST)


@dataclass(frozen=True, slots=True)
class Rates:
    """Identities a second: a file of the command line, and one transaction each."""

    lines: int
    load_per_second: float
    singles: int
    single_per_second: float
    single_p99_ms: float


@dataclass(frozen=True, slots=True)
class Searches:
    """A large index: bytes of its keys for a million identities, and milliseconds to find and score candidates."""

    identities: int
    keys: float
    index_mib: float
    column_mib: float
    candidates: float
    find_p50_ms: float
    find_p99_ms: float
    all_p50_ms: float
    all_p99_ms: float


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Give an empty migrated database of each engine, durable as in production."""
    with postgres.running(durable=True) as server:
        urls = {}
        for name in ("bench", "large"):
            server.execute(f"CREATE DATABASE {name}")
            urls |= {
                f"SQLite {name}": f"sqlite:///{folder}/{name}.sqlite3",
                f"PostgreSQL {name}": f"{server.url}/{name}",
            }
        for url in urls.values():
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            schema.upgrade(engine)
            engine.dispose()
        yield urls


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Flask]:
    """Give the application over a database."""
    app = create_app(config.from_mapping(live.make_variables(url, folder) | {"HUB_LOG_LEVEL": "error"}))
    with app.app_context():
        try:
            yield app
        finally:
            database.session.remove()
            database.engine.dispose()


def write_region(folder: Path, persons: int, seed: int) -> None:
    """Write the invented region, and one file of all its identities but a tenth, which comes one by one."""
    script = live.ROOT / "data" / "demonstration" / "generate.py"
    command = [sys.executable, str(script), "--seed", str(seed), "--persons", str(persons), "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    lines = []
    for path in sorted(folder.glob("identities-*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            lines += list(csv.DictReader(stream))
    singles = lines[::10]
    files = {"load.csv": [line for rank, line in enumerate(lines) if rank % 10], "singles.csv": singles}
    for name, kept in files.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(lines[0]))
            writer.writeheader()
            writer.writerows(kept)


def measure(folder: Path, parts: Runtime, most_singles: int) -> Rates:
    """Load the region's file, then receive the rest one by one."""
    region.register_directory(folder, parts)
    with db.reading() as session:
        structures = organizations.all_with_domain(session)
    path = folder / "load.csv"
    began = time.perf_counter()
    done = load.load(path, OPTIONS, parts.registrar, SYSTEM, folder / "rejets.csv", lambda _: None)
    load_rate = done.lines / (time.perf_counter() - began)
    singles: list[IncomingIdentity] = []
    for number, line in enumerate(load.read_lines(folder / "singles.csv"), start=1):
        incoming, _ = load.read_identity(number, line, OPTIONS, structures)
        if incoming is not None:
            singles.append(incoming)
    times = []
    for incoming in singles[:most_singles]:
        began = time.perf_counter()
        with db.transaction() as session:
            intake.receive(session, incoming, parts.registrar, SYSTEM)
        times.append(time.perf_counter() - began)
    p99 = sorted(times)[int(len(times) * 0.99) - 1] * 1000
    return Rates(done.lines, load_rate, len(times), len(times) / sum(times), p99)


class People:
    """Invented people: one to four identities each, a tenth of them with a defect."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        folder = live.ROOT / "data"
        with (folder / "cog" / "communes.csv").open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["postcodes"]]
        self._places = [(row["code"], row["postcodes"].split()[0]) for row in self._random.sample(rows, 3000)]
        self._surnames = [
            "".join(self._random.choices(SYLLABLES, k=self._random.randint(2, 4))) for _ in range(30_000)
        ]
        self._given = ["".join(self._random.choices(SYLLABLES, k=self._random.randint(2, 3))) for _ in range(2_000)]

    def _of(self, items: list[T]) -> T:
        """Draw one: the first are the frequent ones."""
        return items[int(len(items) * self._random.random() ** 3)]

    def draw(self) -> list[Traits]:
        """Draw a person, as several structures know them."""
        random = self._random
        place, postcode = self._of(self._places)
        traits = Traits(
            birth_name=self._of(self._surnames),
            given_names=tuple(self._of(self._given) for _ in range(random.randint(1, 2))),
            birth_date=BirthDate(random.randint(1930, 2024), random.randint(1, 12), random.randint(1, 28)),
            sex=random.choice((Sex.MALE, Sex.FEMALE)),
            birth_place=place,
            address=Address(f"{random.randint(1, 99)} RUE DES LILAS", postcode, None),
            phone=f"+336{random.randint(0, 99_999_999):08d}" if random.random() < 0.7 else None,
        )
        return [self._known(traits) for _ in range(random.choice((1, 1, 2, 2, 3, 4)))]

    def _known(self, traits: Traits) -> Traits:
        chance = self._random.random()
        if chance < 0.05:
            return replace(traits, birth_name=(traits.birth_name or "")[:-1])
        if chance < 0.1:
            return replace(traits, phone=None, address=None)
        return traits


def fill(count: int, seed: int) -> list[Traits]:
    """Fill the index straight, without decisions; return some of the traits that it holds."""
    people, kept = People(seed), []
    holders: Counter[int] = Counter()
    with db.transaction() as session:
        structure = organizations.add(session, NewStructure(code="bench", name="Banc", domain_oid=DOMAIN), ())
        session.add(KeyIndex(id=1, definition=filing.definition(), rebuilt_to=0))
        moment = db.now(session)
    identity_id = person_id = 0
    while identity_id < count:
        persons, identities_ = [], []
        while len(identities_) < 5000 and identity_id < count:
            person_id += 1
            persons.append({"id": person_id, "regional_id": f"{person_id:016d}", "created_at": moment})
            for traits in people.draw():
                identity_id += 1
                keys = [key for key in filing.sought(traits) if holders[key] < filing.MOST_HOLDERS]
                holders.update(keys)
                identities_.append(_row(identity_id, person_id, structure, moment, traits, sorted(keys)))
                if identity_id % 97 == 0:
                    kept.append(traits)
        with db.transaction() as session:
            session.connection().execute(sa.insert(Person), persons)
            session.connection().execute(sa.insert(SourceIdentity), identities_)
    crowded = [{"key": key, "crowded_at": moment} for key, held in holders.items() if held >= filing.MOST_HOLDERS]
    with db.transaction() as session:
        if crowded:
            session.execute(sa.insert(CrowdedKey), crowded)
    return kept


def _row(
    identity_id: int, person_id: int, structure: Structure, moment: datetime, traits: Traits, keys: list[int]
) -> dict[str, Any]:
    return {
        "id": identity_id,
        "organization_id": structure.id,
        "domain": structure.domain,
        "value": f"B{identity_id}",
        "person_id": person_id,
        "active": True,
        "held": False,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
        "blocking_keys": keys,
        **stored.columns(traits, IdentityStatus.PROVISIONAL, frozenset()),
    }


def measure_search(count: int, searches: int, seed: int, model: Model) -> Searches:
    """Fill an index, then find and score the candidates of identities that another structure would send."""
    sample = Random(seed).sample(fill(count, seed), searches)
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE source_identity")
    index, column = _sizes(count)
    keys, found_count = 0, 0
    found_times, all_times = [], []
    with db.reading() as session:
        for traits in sample:
            comparable.cache_clear()
            began = time.perf_counter()
            sought = filing.sought(traits)
            found = candidates.find(session, sought)
            found_times.append(time.perf_counter() - began)
            record = IdentityRecord(record_id="incoming", domain="other", traits=traits)
            linkage.decide(record, found.persons, model)
            all_times.append(time.perf_counter() - began)
            keys += len(sought)
            found_count += len(found.persons)
    return Searches(
        count, keys / searches, index, column, found_count / searches,
        _quantile(found_times, 0.5), _quantile(found_times, 0.99),
        _quantile(all_times, 0.5), _quantile(all_times, 0.99),
    )  # fmt: skip


def _quantile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share) - 1] * 1000


def _sizes(count: int) -> tuple[float, float]:
    """Return MiB for a million identities: what inverts the keys, and the keys beside the identities."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            index = connection.scalar(sa.text("SELECT pg_relation_size('ix_source_identity_blocking_keys')"))
            column = connection.scalar(sa.text("SELECT sum(pg_column_size(blocking_keys)) FROM source_identity"))
        else:
            index = connection.scalar(sa.text("SELECT sum(pgsize) FROM dbstat WHERE name = 'blocking_key'"))
            column = connection.scalar(sa.text("SELECT sum(length(blocking_keys)) FROM source_identity"))
    return float(index) / count * 1e6 / 2**20, float(column) / count * 1e6 / 2**20


def measure_all(persons: int, singles: int, identities: int, searches: int, seed: int) -> list[str]:
    """Measure both engines; return the lines of two tables."""
    rates_lines = ["| engine | lines | file, lines/s | one by one /s | p99 ms |", "|---|---|---|---|---|"]
    search_lines = [
        "| engine | identities | keys each | index + column, MiB per million | persons found | found p50 / p99 ms "
        "| with keys and scores p50 / p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        write_region(folder, persons, seed)
        with databases(folder) as urls:
            for engine in ("SQLite", "PostgreSQL"):
                with opened(urls[f"{engine} bench"], folder) as app:
                    rates = measure(folder, app.extensions["hub"], singles)
                rates_lines.append(
                    f"| {engine} | {rates.lines} | {rates.load_per_second:.0f} | {rates.single_per_second:.0f} "
                    f"| {rates.single_p99_ms:.1f} |"
                )
                print(rates_lines[-1], flush=True)
                with opened(urls[f"{engine} large"], folder) as app:
                    large = measure_search(identities, searches, seed, app.extensions["hub"].registrar.model)
                search_lines.append(
                    f"| {engine} | {large.identities:,} | {large.keys:.1f} | {large.index_mib:.0f} + "
                    f"{large.column_mib:.0f} | {large.candidates:.1f} | {large.find_p50_ms:.2f} / "
                    f"{large.find_p99_ms:.2f} | {large.all_p50_ms:.2f} / {large.all_p99_ms:.2f} |"
                )
                print(search_lines[-1], flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [*rates_lines, "", *search_lines]


def main() -> None:
    """Measure both engines and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--singles", type=int, default=1_000)
    parser.add_argument("--identities", type=int, default=100_000, help="of the large index")
    parser.add_argument("--searches", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    measure_all(options.persons, options.singles, options.identities, options.searches, options.seed)


if __name__ == "__main__":
    main()
