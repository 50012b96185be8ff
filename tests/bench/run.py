"""`make bench`: matching against Splink, the index on both engines, `POST /fhir/Patient` against a floor.

Matching is `tests.bench.matching`, the index `tests.bench.intake`. The floor of requests is `GET /health/live` of the
same server by the same clients: what HTTP and this machine cost without any work of the hub. Absolute figures belong
to the machine; ratios travel. Writes `docs/benchmarks.md`.
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx2 as httpx
import sqlalchemy as sa

from hub import schema
from tests import live, postgres
from tests.bench import febrl, intake, matching
from tests.conformance import software

CLIENTS = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """What one load gave."""

    requests: int
    per_second: float
    p50_ms: float
    p95_ms: float


def measure(requests: int, send: Callable[[httpx.Client, int], None]) -> Figure:
    """Send requests from a few clients at once; return rate and latencies."""
    numbers = itertools.count()
    times: list[float] = []
    lock = threading.Lock()

    def work() -> None:
        with httpx.Client(timeout=60) as http:
            while (number := next(numbers)) < requests:
                began = time.perf_counter()
                send(http, number)
                with lock:
                    times.append(time.perf_counter() - began)

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(work) for _ in range(CLIENTS)]
    took = time.perf_counter() - began
    for client in clients:
        client.result()
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95) - 1]
    return Figure(len(times), len(times) / took, statistics.median(times) * 1000, p95 * 1000)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Give a migrated database of each engine, durable as in production."""
    with postgres.running(durable=True) as server:
        server.execute("CREATE DATABASE bench")
        urls = {"SQLite": f"sqlite:///{folder}/bench.sqlite3", "PostgreSQL": f"{server.url}/bench"}
        for url in urls.values():
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            schema.upgrade(engine)
            engine.dispose()
        yield urls


def bench_engine(url: str, folder: Path, requests: int, seed: int) -> tuple[Figure, Figure]:
    """Measure the floor, then creations of distinct patients."""
    random = Random(seed)
    people = [_person(random) for _ in range(requests)]
    variables = live.make_variables(url, folder) | {"HUB_LOG_LEVEL": "error"}
    with live.serve(variables, workers=2) as hub:
        with live.opened(hub.variables) as app:
            feed = software.register(app)
        form = software.token_form(feed)
        token = httpx.post(f"{hub.url}/oauth/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": software.FHIR, "Prefer": "return=minimal"}

        def floor(http: httpx.Client, number: int) -> None:
            http.get(f"{hub.url}/health/live").raise_for_status()

        def create(http: httpx.Client, number: int) -> None:
            family, given, born = people[number]
            patient = software.patient_of(feed, f"B{number}", birthDate=born)
            patient["name"] = [{"use": "official", "family": family, "given": [given]}]
            answer = http.post(f"{hub.url}/fhir/Patient", content=json.dumps(patient), headers=headers)
            if answer.status_code != 201:
                raise RuntimeError(f"unexpected answer {answer.status_code}")

        measure(50, floor)
        return measure(requests, floor), measure(requests, create)


def _person(random: Random) -> tuple[str, str, str]:
    family = "".join(random.choices(intake.SYLLABLES, k=3))
    given = "".join(random.choices(intake.SYLLABLES, k=2))
    return family, given, f"{random.randint(1930, 2020)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--records", type=int, default=100_000, help="of each file that accuracy is measured on")
    parser.add_argument("--files", type=int, default=3, help="of each difficulty, each of a fresh seed")
    parser.add_argument("--speed", type=int, nargs="*", default=[100_000, 1_000_000], help="records to time")
    parser.add_argument("--identities", type=int, default=1_000_000, help="of the index that is searched")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    matched = matching.measure(options.records, options.files, options.speed)
    print("\n".join(matched), flush=True)
    foreign = febrl.measure()
    indexed = intake.measure_all(5_000, 1_000, options.identities, 2_000, options.seed)
    lines = [
        "| engine | requests | floor /s | `POST /fhir/Patient` /s | ratio to floor | p50 ms | p95 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        with databases(folder) as urls:
            for name, url in urls.items():
                floor, create = bench_engine(url, folder, options.requests, options.seed)
                ratio = create.per_second / floor.per_second
                lines.append(
                    f"| {name} | {create.requests} | {floor.per_second:.0f} | {create.per_second:.0f} | {ratio:.2f} "
                    f"| {create.p50_ms:.1f} | {create.p95_ms:.1f} |"
                )
                print(lines[-1], flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    page = live.ROOT / "docs" / "benchmarks.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text(
        "# Benchmarks\n\n"
        "Made by `make bench` (`python -m tests.bench.run`), written by it, everything in one run; absolute figures "
        "belong to the machine, ratios travel.\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} processors; PostgreSQL "
        f"with fsync, SQLite with synchronous=FULL.\n\n"
        "## Matching\n\n" + "\n".join(matched) + "\n\n"
        "Files of another world (`python -m tests.bench.febrl`): FEBRL's Australians, with their number where a "
        "telephone goes or without it.\n\n" + "\n".join(foreign) + "\n\n"
        "## Index\n\nOne process: a file loaded, identities one transaction each, searches in a large index "
        "by a process that has searched before.\n\n"
        + "\n".join(indexed)
        + f"\n\n## Requests\n\n{CLIENTS} clients, 2 server processes, seed {options.seed}; the floor is "
        "`GET /health/live`, same server, same clients, same run.\n\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
