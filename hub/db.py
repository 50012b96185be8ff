"""The database: declarative base, column types, and the two ways to open a transaction.

One database, SQLite or PostgreSQL, by `HUB_DATABASE_URL` alone. On SQLite every write transaction begins with
BEGIN IMMEDIATE (a deferred one answers "database is locked" whatever the busy timeout), in WAL, synchronous FULL.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator

from hub.config import Settings

_WRITE = "hub_write"
_POSTGRESQL = "is_postgresql"
# What SQLite maps of the file at most, by its own limit.
_MOST_MAPPED = 0x7FFF0000


class Base(DeclarativeBase):
    """Base of every table; constraints are named so that migrations can change them on both engines."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant: timestamptz on PostgreSQL, naive UTC text on SQLite. Naive values are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse naive instants; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def described_for(dialect: str) -> Callable[..., bool]:
    """Tell what an engine has as the tables describe it: not the index of keys, which each engine has its own way."""

    def is_described(item: Any, name: str, kind: str, reflected: bool, compared: Any) -> bool:
        return name != "blocking_key" and item.info.get("only", dialect) == dialect

    return is_described


# A surrogate key: 64 bits on PostgreSQL; SQLite only auto-increments INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Json = sa.JSON().with_variant(JSONB(), "postgresql")

database = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})


def attach(app: Flask, settings: Settings) -> None:
    """Connect the application to the database its settings name."""
    url = sa.make_url(settings.database_url)
    # A failing statement is logged: its parameters are traits.
    options: dict[str, Any] = {"pool_pre_ping": True, "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            Path(url.database).expanduser().absolute().parent.mkdir(parents=True, exist_ok=True)
            url = url.set(database=str(Path(url.database).expanduser().absolute()))
        options["connect_args"] = {"timeout": 30}
    else:
        options |= {"pool_size": settings.database_pool, "max_overflow": settings.database_pool, "pool_timeout": 10}
        options["connect_args"] = {"connect_timeout": 5, "options": "-c statement_timeout=30000 -c timezone=UTC"}
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    database.init_app(app)
    with app.app_context():
        if url.get_backend_name() == "sqlite":
            _prepare_sqlite(database.engine)


def _prepare_sqlite(engine: sa.Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # 16 MiB of cache, and not 2: the inner pages of a regional index of keys stay at hand. What else is read lies
        # in the system's memory already, and is read from there without asking for it page by page.
        pragmas = (
            "journal_mode=WAL synchronous=FULL foreign_keys=ON busy_timeout=30000 cache_size=-16384 "
            f"mmap_size={_MOST_MAPPED}"
        )
        for pragma in pragmas.split():
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        immediate = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the one write transaction of a request or job; commit at the end, roll back on any exception."""
    session: Session = database.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a write transaction was opened inside another one")
    session.rollback()
    session.connection(execution_options={_WRITE: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def is_postgresql(session: Session) -> bool:
    """Tell which of the two engines a session talks to; asked at every turn, so remembered with it."""
    known: bool | None = session.info.get(_POSTGRESQL)
    if known is None:
        known = session.info[_POSTGRESQL] = session.get_bind().dialect.name == "postgresql"
    return known


def rows(
    connection: sa.Connection, statement: str | sa.Executable, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[tuple[Any, ...]]:
    """Run a statement as the driver itself does and return its rows as they come; raise SQLAlchemy's errors.

    For the few that every decision waits for: to describe the columns of a result each time takes longer than to find
    a dozen rows. A statement of SQLAlchemy's is written once for each engine; the values given are converted as their
    columns say, those of a result are not.
    """
    if not isinstance(statement, str):
        statement, parameters = _written(statement, connection.dialect).filled(parameters)
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description is not None else []
    except driver.Error as err:
        told = sa.exc.DBAPIError.instance(
            statement, None, err, driver.Error, hide_parameters=True, dialect=connection.dialect
        )
        raise told from err
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement as an engine takes it, and how the values of its parameters are converted."""

    compiled: SQLCompiler
    conversions: Mapping[str, Callable[[Any], Any]]

    def filled(self, parameters: Sequence[Any] | Mapping[str, Any]) -> tuple[str, Any]:
        values = self.compiled.construct_params(dict(parameters))
        for name, convert in self.conversions.items():
            values[name] = convert(values[name])
        order = self.compiled.positiontup
        return self.compiled.string, values if order is None else [values[name] for name in order]


@lru_cache(maxsize=64)
def _written(statement: sa.Executable, dialect: sa.Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    of_types = {name: bound.type.dialect_impl(dialect) for name, bound in compiled.binds.items()}
    conversions = {name: of_type.bind_processor(dialect) for name, of_type in of_types.items()}
    return _Written(compiled, {name: convert for name, convert in conversions.items() if convert is not None})


@contextmanager
def reading() -> Iterator[Session]:
    """Open a read transaction; nothing it changed is kept."""
    session: Session = database.session()
    session.rollback()
    try:
        yield session
    finally:
        session.rollback()


def now(session: Session) -> datetime:
    """Return the database's time, so that two hosts whose clocks differ agree on what has expired."""
    if is_postgresql(session):
        return session.execute(sa.select(sa.func.clock_timestamp())).scalar_one().astimezone(UTC)
    return datetime.now(UTC)


def serialise(session: Session, name: str) -> None:
    """Make transactions that name the same thing run one after the other until they end.

    PostgreSQL takes a transaction advisory lock; SQLite has one writer at a time already.
    """
    if is_postgresql(session):
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def lock_all(session: Session, alone: Sequence[str], shared: Sequence[str] = ()) -> None:
    """Take locks in one question: those `shared` first, then those held `alone`, each in the order given."""
    if is_postgresql(session):
        names = [*shared, *alone]
        is_shared = [True] * len(shared) + [False] * len(alone)
        session.connection().execute(_LOCK_ALL, {"names": names, "shared": is_shared})


# The rows of `unnest` come, and lock, in the order of the arrays. A void function has no value that CASE can return.
_LOCK_ALL = sa.text("""
    SELECT count(CASE WHEN shared THEN CAST(pg_advisory_xact_lock_shared(hashtextextended(name, 0)) AS text)
        ELSE CAST(pg_advisory_xact_lock(hashtextextended(name, 0)) AS text) END)
    FROM unnest(CAST(:names AS text[]), CAST(:shared AS boolean[])) AS one(name, shared)
""")


def insert_together(session: Session, added: Mapping[type[Base], Sequence[Mapping[str, Any]]]) -> None:
    """Insert rows of several tables, in the order in which they may name each other.

    PostgreSQL takes one row of each in one question. Every column that has no default of the database is given.
    """
    filled = {table: values for table, values in added.items() if values}
    connection = session.connection()
    if is_postgresql(session) and all(len(values) == 1 for values in filled.values()):
        shape = tuple((table, tuple(values[0])) for table, values in filled.items())
        named = {
            f"{table.__tablename__}_{name}": value for table, (row,) in filled.items() for name, value in row.items()
        }
        rows(connection, _insertion(shape), named)
        return
    for table, values in filled.items():
        connection.execute(_one_by_one(table), list(values))


@cache
def _one_by_one(table: type[Base]) -> sa.Insert:
    return sa.insert(table).inline()


@lru_cache(maxsize=64)
def _insertion(shape: tuple[tuple[type[Base], tuple[str, ...]], ...]) -> sa.Insert:
    """Return one statement that inserts a row of each table: all but the last as common table expressions."""
    statements = []
    for table, names in shape:
        columns = table.__table__.columns
        values = {name: sa.bindparam(f"{table.__tablename__}_{name}", type_=columns[name].type) for name in names}
        statements.append(sa.insert(table).inline().values(values))
    *others, last = statements
    return last.add_cte(*(statement.cte(f"into_{number}") for number, statement in enumerate(others)))


def insert_once(session: Session, table: type[Base], values: dict[str, Any], conflict: list[str]) -> bool:
    """Insert a row unless its unique key exists; tell whether it was inserted. The constraint decides races."""
    if is_postgresql(session):
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        statement: Any = pg_insert(table).values(**values).on_conflict_do_nothing(index_elements=conflict)
    else:
        from sqlalchemy.dialects.sqlite import insert as lite_insert

        statement = lite_insert(table).values(**values).on_conflict_do_nothing(index_elements=conflict)
    # PostgreSQL answers an insertion with its key; the count of rows is kept only when it is asked for.
    result = session.execute(statement, execution_options={"preserve_rowcount": True})
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]
