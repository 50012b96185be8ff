"""Speed of the index, in process, linkage included: a file loaded, identities one by one, searches in a large index.

    python -m tests.bench.intake --persons 10000 --identities 1000000

The region is that of `data/demonstration/generate.py`; the large index holds one of its files, each identity with the
person that its truth names. Both engines are durable as in production. `measure` and `measure_search`
give the figures of one engine, each with a floor of the same run: reading the file alone, one row committed, one row
read by its number.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from flask import Flask
from pyarrow import parquet

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
from identity.traits import Traits
from tests import live, postgres
from tests.bench import matching

DOMAIN = "1.2.250.1.999.9.1"
SYLLABLES = ("BA", "CO", "DU", "FE", "GI", "LA", "MO", "NI", "PE", "RO", "SU", "TA", "VI", "ZO", "LEC", "MAR", "DEN")

OPTIONS = LoadOptions(frozenset({InsOid.NIR_TEST}), InsOid.NIR_TEST)
SOURCE = "banc"
SEARCHED = replace(OPTIONS, source=SOURCE)


@dataclass(frozen=True, slots=True)
class Rates:
    """Identities a second: a file of the command line, and one transaction each."""

    lines: int
    load_per_second: float
    read_per_second: float
    """Lines that are read and checked, and go nowhere: the floor of a file."""
    single_per_second: float
    single_p99_ms: float
    commit_per_second: float
    """Rows of two columns, each committed: the floor of identities one by one."""


@dataclass(frozen=True, slots=True)
class Searches:
    """A large index: bytes of its keys for a million identities, and milliseconds to find and score candidates."""

    identities: int
    keys: float
    index_mib: float
    column_mib: float
    candidates: float
    row_p50_ms: float
    """One row read by its number: the floor of a search."""
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
    began = time.perf_counter()
    for _ in _read(path, structures):
        pass
    read_rate = done.lines / (time.perf_counter() - began)
    singles = list(_read(folder / "singles.csv", structures))
    times = []
    for incoming in singles[:most_singles]:
        began = time.perf_counter()
        with db.transaction() as session:
            intake.receive(session, incoming, parts.registrar, SYSTEM)
        times.append(time.perf_counter() - began)
    p99 = _quantile(times, 0.99)
    return Rates(done.lines, load_rate, read_rate, len(times) / sum(times), p99, _commits(len(times)))


def _read(path: Path, structures: Mapping[str, Structure]) -> Iterator[IncomingIdentity]:
    """Read and check the lines of a file; leave out those that are refused."""
    for number, line in enumerate(load.read_lines(path), start=1):
        incoming, _ = load.read_identity(number, line, OPTIONS, structures)
        if incoming is not None:
            yield incoming


def _commits(count: int) -> float:
    """Commit so many rows one by one; return how many a second."""
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("told", sa.Text)
    floor = sa.Table("bench_floor", sa.MetaData(), *columns)
    with db.transaction() as session:
        floor.create(session.connection())
    began = time.perf_counter()
    for number in range(count):
        with db.transaction() as session:
            session.connection().execute(sa.insert(floor), {"id": number + 1, "told": "a line"})
    return count / (time.perf_counter() - began)


def fill(file: Path, truth: Path) -> list[Traits]:
    """Fill the index straight, without decisions: who is whom is what the truth says; return some of the traits."""
    table = parquet.ParquetFile(truth).read(columns=["record_id", "person_id"])
    person_of = dict(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
    numbers: dict[str, int] = {}
    holders: Counter[int] = Counter()
    kept = []
    with db.transaction() as session:
        structure = organizations.add(session, NewStructure(code=SOURCE, name="Banc", domain_oid=DOMAIN), ())
        session.add(KeyIndex(id=1, definition=filing.definition(), rebuilt_to=0))
        moment = db.now(session)
    identity_id = 0
    for batch in parquet.ParquetFile(file).iter_batches(5000):
        persons, rows = [], []
        for line in batch.to_pylist():
            cells = {name: str(cell) for name, cell in line.items() if cell is not None}
            incoming, _ = load.read_identity(0, cells, SEARCHED, {SOURCE: structure})
            if incoming is None:
                continue
            identity_id += 1
            whose = person_of[line["record_id"]]
            if whose not in numbers:
                numbers[whose] = len(numbers) + 1
                regional_id = f"{numbers[whose]:016d}"
                persons.append({"id": numbers[whose], "regional_id": regional_id, "created_at": moment})
            keys = _filed(filing.sought(incoming.traits), holders)
            holders.update(keys)
            rows.append(_row(identity_id, numbers[whose], incoming, moment, keys))
            if identity_id % 97 == 0:
                kept.append(incoming.traits)
        with db.transaction() as session:
            if persons:
                session.connection().execute(sa.insert(Person), persons)
            session.connection().execute(sa.insert(SourceIdentity), rows)
    crowded = [{"key": key, "crowded_at": moment} for key, held in holders.items() if held >= filing.MOST_HOLDERS]
    with db.transaction() as session:
        if crowded:
            session.execute(sa.insert(CrowdedKey), crowded)
    return kept


def _filed(keys: frozenset[int], holders: Counter[int]) -> list[int]:
    """Return what an identity is filed under, as `filing.Files.file` does: pairs in the place of crowded keys."""
    free = {key for key in keys if holders[key] < filing.MOST_HOLDERS}
    pairs = filing.pairs(keys - free, keys)[: filing.MOST_PAIRED]
    return sorted(free.union(key for key in pairs if holders[key] < filing.MOST_HOLDERS))


def _row(
    identity_id: int, person_id: int, incoming: IncomingIdentity, moment: datetime, keys: list[int]
) -> dict[str, Any]:
    return {
        "id": identity_id,
        "organization_id": incoming.organization_id,
        "domain": incoming.domain,
        "value": incoming.value,
        "person_id": person_id,
        "active": True,
        "held": False,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
        "blocking_keys": keys,
        **stored.columns(incoming.traits, incoming.status, frozenset()),
    }


def measure_search(file: Path, truth: Path, searches: int, seed: int, model: Model) -> Searches:
    """Fill an index, then find and score the candidates of identities that another structure would send.

    As many searches go before, unmeasured: a process that has served for a while is what users meet.
    """
    kept = fill(file, truth)
    drawn = Random(seed).sample(kept, min(2 * searches, len(kept)))
    sample = drawn[len(drawn) // 2 :]
    with db.reading() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(SourceIdentity)) or 0
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE source_identity")
    index, column = _sizes(count)
    keys, found_count = 0, 0
    row_times, found_times, all_times = [], [], []
    one = sa.select(SourceIdentity.person_id).where(SourceIdentity.id == sa.bindparam("number"))
    with db.reading() as session:
        for traits in drawn[: len(drawn) // 2]:
            found = candidates.find(session, traits)
            linkage.decide(IdentityRecord(record_id="incoming", domain="other", traits=traits), found.persons, model)
        for number, traits in enumerate(sample, start=1):
            began = time.perf_counter()
            session.connection().scalar(one, {"number": count * number // (len(sample) + 1) + 1})
            row_times.append(time.perf_counter() - began)
            comparable.cache_clear()
            began = time.perf_counter()
            sought = filing.sought(traits)
            found = candidates.Pool(session, ()).find(sought, traits)
            found_times.append(time.perf_counter() - began)
            record = IdentityRecord(record_id="incoming", domain="other", traits=traits)
            linkage.decide(record, found.persons, model)
            all_times.append(time.perf_counter() - began)
            keys += len(sought)
            found_count += len(found.persons)
    return Searches(
        count, keys / len(sample), index, column, found_count / len(sample),
        _quantile(row_times, 0.5), _quantile(found_times, 0.5), _quantile(found_times, 0.99),
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
    rates_lines = [
        "| engine | lines | file, lines/s | read only, lines/s | ratio "
        "| one by one /s | p99 ms | one row committed /s | ratio |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    search_lines = [
        "| engine | identities | keys each | index + column, MiB per million | persons found | one row read p50 ms "
        "| found p50 / p99 ms | with keys and scores p50 / p99 ms | times one row, p50 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        write_region(folder, persons, seed)
        file, truth = matching.generate(folder, seed, identities, 1.0)
        with databases(folder) as urls:
            for engine in ("SQLite", "PostgreSQL"):
                with opened(urls[f"{engine} bench"], folder) as app:
                    rates = measure(folder, app.extensions["hub"], singles)
                rates_lines.append(
                    f"| {engine} | {rates.lines} | {rates.load_per_second:.0f} | {rates.read_per_second:.0f} "
                    f"| {rates.load_per_second / rates.read_per_second:.2f} | {rates.single_per_second:.0f} "
                    f"| {rates.single_p99_ms:.1f} | {rates.commit_per_second:.0f} "
                    f"| {rates.single_per_second / rates.commit_per_second:.2f} |"
                )
                print(rates_lines[-1], flush=True)
                with opened(urls[f"{engine} large"], folder) as app:
                    large = measure_search(file, truth, searches, seed, app.extensions["hub"].registrar.model)
                search_lines.append(
                    f"| {engine} | {large.identities:,} | {large.keys:.1f} | {large.index_mib:.0f} + "
                    f"{large.column_mib:.0f} | {large.candidates:.1f} | {large.row_p50_ms:.2f} | "
                    f"{large.find_p50_ms:.2f} / {large.find_p99_ms:.2f} | {large.all_p50_ms:.2f} / "
                    f"{large.all_p99_ms:.2f} | {large.all_p50_ms / large.row_p50_ms:.1f} |"
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
