"""What commands share: the application made from the environment, errors as one sentence."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from flask import Flask
from sqlalchemy.exc import DBAPIError, OperationalError

from hub import schema
from hub.app import create_app
from hub.audit.trail import Actor, ActorKind
from hub.commands.terminal import stop
from hub.config import read_environment
from hub.db import database
from hub.errors import HubError
from hub.linkage import texts
from hub.runtime import Runtime

P = ParamSpec("P")
R = TypeVar("R")
OPERATOR = Actor(ActorKind.SYSTEM, "hub-cli")


def told(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the hub's errors into a sentence for the operator, without a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HubError as err:
            stop(err.message)
        except (OperationalError, DBAPIError) as err:
            stop(f"La base de données n'a pas répondu comme attendu ({type(err).__name__}). Voyez HUB_DATABASE_URL.")

    return run


@contextmanager
def application(*, checked: bool = True) -> Iterator[tuple[Flask, Runtime]]:
    """Make the application and enter its context; refuse a database whose schema is not of this version."""
    app = create_app(read_environment())
    parts: Runtime = app.extensions["hub"]
    with app.app_context():
        try:
            if checked:
                check_schema()
                texts.keep(parts.model)
            yield app, parts
        finally:
            database.session.remove()
            database.engine.dispose()


def check_schema() -> None:
    """End the command unless the database has the schema of this version."""
    with database.engine.connect() as connection:
        present = schema.current(connection)
    if present != schema.latest():
        stop("La base n'a pas le schéma de cette version. Lancez : hub init-db")
