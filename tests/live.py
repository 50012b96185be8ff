"""Serve the hub in child processes, as an operator would, for tests over real HTTP.

    with live.serve(variables) as hub:        # `hub serve` (Granian); server="gunicorn" for Gunicorn with threads
        httpx.get(f"{hub.url}/fhir/metadata")
        with live.opened(hub.variables) as app:  # the same database from this process, to arrange and to look
            ...
        with live.work(hub.variables):           # and the worker beside it
            ...

`variables` are HUB_* variables over a migrated database: the fixture `variables`, or `make_variables` where one
database serves a whole module. Each server listens on a free loopback port, which HUB_PUBLIC_URL names; `serve`
gives the hub once /health/ready says yes and stops it at the end. Nothing here waits for an amount of time: `until`
looks at a condition again and again, for so many seconds at most.
"""

import base64
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2 as httpx
import pytest
import sqlalchemy as sa
from flask import Flask

from hub import config, db
from hub.app import create_app
from hub.db import database
from hub.oidc import clients, keys

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LiveHub:
    """A hub that answers: its address, the variables it runs with, and the file of its log."""

    url: str
    variables: Mapping[str, str]
    log: Path


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Return the first value that is neither None nor False; fail when it does not come."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < deadline:
        found = look()
        if found is not None and found is not False:
            return found
        pause.wait(0.05)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def make_variables(database_url: str, folder: Path) -> dict[str, str]:
    """Return the HUB_* variables of a test hub over a database; documents lie in the folder."""
    return {
        "HUB_ENV": "test",
        "HUB_PUBLIC_URL": "http://127.0.0.1:8000",
        "HUB_SECRET_KEY": "secret of the tests, long enough to sign",
        "HUB_PEPPER": "pepper of the tests, long enough to hash",
        "HUB_ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
        "HUB_DATABASE_URL": database_url,
        "HUB_STORE_URL": f"file://{folder}/documents",
        "HUB_SMS_GATEWAY": "demonstration",
        "HUB_PASSWORD_MEMORY": "1",
        "HUB_LOG_LEVEL": "info",
    }


ENGINES = ("sqlite", "postgresql")


@contextmanager
def shared(request: pytest.FixtureRequest, folder: Path) -> Iterator[dict[str, str]]:
    """Give variables over a fresh migrated database that several tests share.

    For a fixture of module or session scope with `params=live.ENGINES`. Tests that share a database register a
    structure of their own and count nothing but their own rows.
    """
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "hub.sqlite3")
        yield make_variables(f"sqlite:///{folder}/hub.sqlite3", folder)
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    name = f"shared_{uuid.uuid4().hex}"
    _execute(f"{server}/postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield make_variables(f"{server}/{name}", folder)
    finally:
        _execute(f"{server}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@contextmanager
def opened(variables: Mapping[str, str]) -> Iterator[Flask]:
    """Give an application of this process over the same database; its connections are closed at the end."""
    app = create_app(config.from_mapping(variables))
    try:
        yield app
    finally:
        with app.app_context():
            database.session.remove()
            database.engine.dispose()


@contextmanager
def serve(variables: Mapping[str, str], server: str = "granian", workers: int = 1) -> Iterator[LiveHub]:
    """Serve the hub on a free port until the block ends; `server` is `granian` or `gunicorn`."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    there = {**variables, "HUB_PUBLIC_URL": url}
    _prepare(there)
    if server == "gunicorn":
        command = ["gunicorn", "hub.app:create()", "--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
        command += ["--threads", "8", "--no-control-socket"]
    else:
        command = ["hub", "serve", "--port", str(port), "--workers", str(workers)]
    with _running(command, there) as (process, log):

        def is_ready() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"the server stopped at once:\n{log.read_text(encoding='utf-8')}")
            try:
                return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        until(is_ready, "the server is ready")
        yield LiveHub(url, there, log)


@contextmanager
def work(variables: Mapping[str, str], concurrency: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """Run the worker beside the block, over the same database; give its process."""
    with _running(["hub", "worker", "--concurrency", str(concurrency)], variables) as (process, _):
        yield process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepare(variables: Mapping[str, str]) -> None:
    """Do what `hub init-db` does after the schema: the signing key, and the portal at this address."""
    with opened(variables) as app, app.app_context(), db.transaction() as session:
        keys.ensure(session, app.extensions["hub"].vault)
        clients.ensure_portal(session, variables["HUB_PUBLIC_URL"])


@contextmanager
def _running(command: list[str], variables: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    folder = Path(tempfile.mkdtemp(prefix="hub-live-"))
    log = folder / "log"
    try:
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=config.inherited(variables),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process, log
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
