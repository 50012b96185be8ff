"""Migrations: down and up again on both engines, and the tables that the code believes in."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import hub.app  # noqa: F401 - imports every table
from hub import schema
from hub.db import Base, described_for


def test_the_schema_goes_down_to_nothing_and_up_again(database_url: str) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    schema.downgrade(engine, "base")
    with engine.connect() as connection:
        left = set(sa.inspect(connection).get_table_names())
    schema.upgrade(engine)
    schema.upgrade(engine)

    with engine.connect() as connection:
        present = schema.current(connection)
        names = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    assert left <= {"alembic_version"}
    assert present == schema.latest()
    assert names >= set(Base.metadata.tables)


def test_the_migrated_database_is_what_the_code_describes(database_url: str) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": described_for(connection.dialect.name)}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, Base.metadata)

    engine.dispose()
    assert differences == []
