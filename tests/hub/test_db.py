"""Queries that go to the driver itself: plain rows, and errors as everywhere else."""

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db


def test_a_query_of_the_drivers_own_words_gives_plain_rows(app: Flask) -> None:
    with app.app_context(), db.reading() as session:
        assert db.rows(session.connection(), "SELECT 1, 'a' UNION ALL SELECT 2, NULL", ()) == [(1, "a"), (2, None)]


def test_a_query_of_sqlalchemys_words_is_written_for_each_engine(app: Flask) -> None:
    one, other = sa.bindparam("one", type_=sa.Integer), sa.bindparam("other", type_=sa.Integer)
    query = sa.select(one, sa.literal("a"), other).limit(1)

    with app.app_context(), db.reading() as session:
        assert db.rows(session.connection(), query, {"other": 2, "one": 1}) == [(1, "a", 2)]
        assert db.rows(session.connection(), query, {"one": 3, "other": 4}) == [(3, "a", 4)]


def test_a_query_that_fails_raises_as_sqlalchemy_does_and_tells_no_parameter(app: Flask) -> None:
    with app.app_context(), db.reading() as session:
        mark = "%s" if session.get_bind().dialect.name == "postgresql" else "?"
        with pytest.raises(sa.exc.DBAPIError) as refused:
            db.rows(session.connection(), f"SELECT {mark} FROM nowhere", ("DUPONT",))

        assert "DUPONT" not in str(refused.value)
        session.rollback()
        assert db.rows(session.connection(), "SELECT 3") == [(3,)]
