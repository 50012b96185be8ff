"""What every test can ask for: a fresh migrated database of each engine, settings, the application and a browser.

PostgreSQL is a private server of the test run, started once for each worker; a test that names no `database_url`
starts none.
"""

import base64
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import config, schema
from hub.app import create_app
from hub.config import Settings
from hub.db import database

# The newest PostgreSQL of the machine; `make test` installs one where there is none.
_POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
_ACCOUNT = "nobody"


def _as_server(*command: str) -> None:
    """Run a command of PostgreSQL, which refuses to run as root."""
    prefix = ["runuser", "-u", _ACCOUNT, "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _migrate(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    schema.upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server; give the address of its databases, without the name of one."""
    folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
    cluster, port = folder / "cluster", _free_port()
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _ACCOUNT)
        _as_server(str(_POSTGRES / "initdb"), "-D", str(cluster), "-U", "hub", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
        control = str(_POSTGRES / "pg_ctl")
        _as_server(control, "-D", str(cluster), "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://hub@127.0.0.1:{port}"
        finally:
            _as_server(control, "-D", str(cluster), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """Make a migrated database that each test copies."""
    _execute(f"{postgres}/postgres", "CREATE DATABASE migrated")
    _migrate(f"{postgres}/migrated")
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a migrated database file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give a fresh migrated database of each engine."""
    if request.param == "sqlite":
        path = tmp_path / "hub.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    name = f"test_{uuid.uuid4().hex}"
    _execute(f"{server}/postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"{server}/{name}"
    _execute(f"{server}/postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def variables(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The HUB_* variables of a test; a test that needs other ones changes its copy."""
    return {
        "HUB_ENV": "test",
        "HUB_PUBLIC_URL": "http://127.0.0.1:8000",
        "HUB_SECRET_KEY": "secret of the tests, long enough to sign",
        "HUB_PEPPER": "pepper of the tests, long enough to hash",
        "HUB_ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
        "HUB_DATABASE_URL": database_url,
        "HUB_STORE_URL": f"file://{tmp_path}/documents",
        "HUB_SMS_GATEWAY": "demonstration",
        "HUB_LOG_LEVEL": "warning",
        "HUB_PASSWORD_MEMORY": "1",
    }


@pytest.fixture
def settings(variables: dict[str, str]) -> Settings:
    """Settings over the fresh database."""
    return config.from_mapping(variables)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, its connections closed at the end."""
    application = create_app(settings)
    yield application
    with application.app_context():
        database.session.remove()
        database.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies."""
    return app.test_client()
