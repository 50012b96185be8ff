"""A hub over HTTP for every test of this folder: Granian over SQLite, Gunicorn over PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx2 as httpx
import pytest
from flask import Flask

from tests import live
from tests.live import LiveHub

_SERVERS = {"sqlite": ("granian", 1), "postgresql": ("gunicorn", 2)}


@pytest.fixture(scope="session", params=live.ENGINES)
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """A served hub: threads of one process over SQLite, of two over PostgreSQL."""
    server, workers = _SERVERS[request.param]
    with ExitStack() as stack:
        variables = stack.enter_context(live.shared(request, tmp_path_factory.mktemp("live")))
        yield stack.enter_context(live.serve(variables, server, workers))


@pytest.fixture
def app(hub: LiveHub) -> Iterator[Flask]:
    """An application of this process over the same database, to arrange and to look."""
    with live.opened(hub.variables) as application:
        yield application


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A plain HTTP client that follows nothing."""
    with httpx.Client(timeout=30) as client:
        yield client
