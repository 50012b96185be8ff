"""Migrations: down and up again on both engines, and the tables that the code believes in."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

import hub.app  # noqa: F401 - imports every table
from hub import db, schema
from hub.db import Base, described_for
from hub.registry.tables import RecordedDeath
from tests.factories import make_structure
from tests.hub.registry.people import PAUL, SOLENE, incoming, rows, send


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


def test_a_death_that_an_officer_dated_goes_back_to_the_former_schema(app: Flask, database_url: str) -> None:
    dated, undated = (
        send(app, incoming(make_structure(app), traits=traits)).identity.id for traits in (SOLENE, PAUL)
    )
    with app.app_context(), db.transaction() as session:
        for identity_id, day in ((dated, "2024-03"), (undated, None)):
            session.add(
                RecordedDeath(
                    source_identity_id=identity_id, teller="feed", state="confirmed", reasons=[],
                    recorded_at=db.now(session), completed_date=day, date_source="act" if day else None,
                )
            )  # fmt: skip
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)

    schema.downgrade(engine, "0009")
    with engine.connect() as connection:
        left = connection.execute(sa.text("SELECT source_identity_id, death_date FROM recorded_death")).all()
    schema.upgrade(engine)

    engine.dispose()
    assert [tuple(row) for row in left] == [(dated, "2024-03")]
    assert [(row.death_date, row.completed_date) for row in rows(app, RecordedDeath)] == [("2024-03", None)]
