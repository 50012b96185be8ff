"""Speed of the index, in process, linkage included: a file loaded, identities one by one.

    python -m tests.bench.intake --persons 10000

The region is that of `data/demonstration/generate.py`; both engines are durable as in production. `measure` gives the
figures of one engine.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from hub import config, db, schema
from hub.app import create_app
from hub.audit.trail import SYSTEM
from hub.db import database
from hub.demonstration import region
from hub.directory import organizations
from hub.registry import intake, load
from hub.registry.load import LoadOptions
from hub.registry.values import IncomingIdentity
from hub.runtime import Runtime
from identity.ins import InsOid
from tests import live, postgres

OPTIONS = LoadOptions(frozenset({InsOid.NIR_TEST}), InsOid.NIR_TEST)


@dataclass(frozen=True, slots=True)
class Rates:
    """Identities a second: a file of the command line, and one transaction each."""

    lines: int
    load_per_second: float
    singles: int
    single_per_second: float
    single_p99_ms: float


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Give an empty migrated database of each engine, durable as in production."""
    with postgres.running(durable=True) as server:
        server.execute("CREATE DATABASE bench")
        urls = {"SQLite": f"sqlite:///{folder}/bench.sqlite3", "PostgreSQL": f"{server.url}/bench"}
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


def main() -> None:
    """Measure both engines and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=10_000)
    parser.add_argument("--singles", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        write_region(folder, options.persons, options.seed)
        with databases(folder) as urls:
            for name, url in urls.items():
                with opened(url, folder) as app:
                    rates = measure(folder, app.extensions["hub"], options.singles)
                print(
                    f"{name}: file {rates.load_per_second:.0f}/s ({rates.lines} lines), one by one "
                    f"{rates.single_per_second:.0f}/s, p99 {rates.single_p99_ms:.1f} ms",
                    flush=True,
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
