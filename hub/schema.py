"""The schema: bring a database to the present version, take it back, and tell which version it has."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to a revision; running it again changes nothing."""
    with engine.connect() as connection, connection.begin():
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the database back to a revision (`base` for an empty one)."""
    with engine.connect() as connection, connection.begin():
        command.downgrade(_config(connection), revision)


def current(connection: sa.Connection) -> str | None:
    """Return the revision that the database has, or None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def latest() -> str | None:
    """Return the newest revision of this version of the hub."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def generate(engine: sa.Engine, message: str) -> None:
    """Write a migration from the difference between tables and database (for developers)."""
    with engine.connect() as connection, connection.begin():
        command.revision(_config(connection), message=message, autogenerate=True)
