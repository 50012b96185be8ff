"""Merge two persons, and die by SIGKILL at a named point: run by `test_operations_killed`.

    python -m tests.hub.registry.killed_merge POINT SURVIVOR ABSORBED

The point is reached by watching what is sent to the database: the code that merges knows nothing of it. The hub's
settings come from the environment, as those of any of its processes.
"""

import os
import signal
import sys
from typing import Any
from unittest import mock

import sqlalchemy as sa

from hub import config, db
from hub.app import create_app
from hub.db import database
from tests.hub.registry import regions

STATEMENTS = {
    "operation-kept": "INSERT INTO person_operation",
    "person-merged": "UPDATE person ",
    "link-kept": "INSERT INTO link_event",
    "identity-moved": "UPDATE source_identity",
    "audited": "INSERT INTO audit_event",
}
POINTS = (*STATEMENTS, "before-commit", "after-commit")


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str, survivor: int, absorbed: int) -> None:
    """Merge, and die on the way."""
    app = create_app(config.read_environment())
    with app.app_context():
        engine = database.engine
    if point in STATEMENTS:
        written, run = STATEMENTS[point], db.rows

        @sa.event.listens_for(engine, "after_cursor_execute")
        def watch(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if written in statement:  # PostgreSQL's begins with what the statement writes besides
                _die()

        def watched(connection: Any, statement: Any, *parameters: Any) -> Any:
            found = run(connection, statement, *parameters)
            watch(connection, None, str(statement))
            return found

        # It goes to the driver, past the events of SQLAlchemy.
        mock.patch.object(db, "rows", watched).start()

    elif point == "before-commit":
        sa.event.listen(engine, "commit", _die)
    regions.merge(app, survivor, absorbed)
    _die()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
