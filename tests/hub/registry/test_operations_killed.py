"""A process killed in the middle of a merge leaves all of it or nothing, on both databases."""

import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import config, db
from hub.audit.tables import AuditEvent
from hub.registry.tables import LinkEvent, Person, PersonOperation
from tests.factories import make_structure, parts_of
from tests.hub.registry import regions
from tests.hub.registry.killed_merge import POINTS


def _counts(app: Flask) -> tuple[int, ...]:
    """Return how many rows there are of all that a merge writes."""
    merged = sa.select(sa.func.count()).where(Person.merged_into_id.is_not(None))
    with app.app_context(), db.reading() as session:
        every = (sa.select(sa.func.count()).select_from(table) for table in (PersonOperation, LinkEvent, AuditEvent))
        return tuple(session.scalar(query) or 0 for query in (merged, *every))


@pytest.mark.parametrize("point", POINTS)
def test_a_merge_killed_on_the_way_leaves_all_or_nothing(app: Flask, variables: dict[str, str], point: str) -> None:
    structure = make_structure(app)
    left, survivor = regions.new_identity(app, structure, "1")
    right, absorbed = regions.new_identity(app, structure, "2")
    before = _counts(app)

    command = [sys.executable, "-m", "tests.hub.registry.killed_merge", point, str(survivor), str(absorbed)]
    killed = subprocess.run(command, env=config.inherited(variables), capture_output=True, check=False)

    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    now = regions.where(app, [left, right])
    if point == "after-commit":
        assert now == {left: survivor, right: survivor}
        assert _counts(app) == (1, before[1] + 1, before[2] + 1, before[3] + 1)
    else:
        assert now == {left: survivor, right: absorbed}
        assert _counts(app) == before
        # Whoever comes next does it whole.
        regions.merge(app, survivor, absorbed)
        assert regions.where(app, [left, right]) == {left: survivor, right: survivor}
    with app.app_context(), db.reading() as session:
        assert parts_of(app).trail.verify(session).breaks == ()
