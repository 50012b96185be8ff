"""The schema: bring a database to the present version, take it back, and tell which version it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.errors import Conflict

_SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _changing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open the one transaction of a change.

    SQLite changes a table by copying it: what other rows name is away meanwhile, and is checked before the commit.
    """
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        below: Any = connection.connection.driver_connection
        was_on = below.execute("PRAGMA foreign_keys").fetchone()[0]
        below.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise Conflict("La base contient des lignes qui nomment une ligne absente.")
        finally:
            below.execute(f"PRAGMA foreign_keys = {was_on}")


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to a revision; running it again changes nothing."""
    with _changing(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the database back to a revision (`base` for an empty one)."""
    with _changing(engine) as connection:
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
