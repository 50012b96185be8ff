"""Queries that go to the driver itself: plain rows, and errors as everywhere else."""

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db


def test_a_query_of_the_drivers_own_words_gives_plain_rows(app: Flask) -> None:
    with app.app_context(), db.reading() as session:
        assert db.rows(session, "SELECT 1, 'a' UNION ALL SELECT 2, NULL", ()) == [(1, "a"), (2, None)]


def test_a_query_that_fails_raises_as_sqlalchemy_does_and_tells_no_parameter(app: Flask) -> None:
    with app.app_context(), db.reading() as session:
        mark = "%s" if session.get_bind().dialect.name == "postgresql" else "?"
        with pytest.raises(sa.exc.DBAPIError) as refused:
            db.rows(session, f"SELECT {mark} FROM nowhere", ("DUPONT",))

        assert "DUPONT" not in str(refused.value)
        session.rollback()
        assert db.rows(session, "SELECT 3", ()) == [(3,)]
