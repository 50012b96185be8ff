"""What every test can ask for: a fresh migrated database of each engine, settings, the application and a browser.

PostgreSQL is a private server of the test run, started once for each worker; a test that names no `database_url`
starts none.
"""

import base64
import shutil
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
from tests import postgres as postgres_server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the project."""
    parser.addoption("--stateful-steps", type=int, default=200, help="operations played on persons, on each engine")


@pytest.fixture
def stateful_steps(request: pytest.FixtureRequest) -> int:
    """Return how many operations to play against the model."""
    return int(request.config.getoption("--stateful-steps"))


def _migrate(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    schema.upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server; give the address of its databases, without the name of one."""
    with postgres_server.running() as server:
        yield server.url


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


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
