"""What the browser's tests share: one database, as no page depends on its engine, and one Chromium each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the address of a database of the test."""
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    return f"sqlite:///{tmp_path}/hub.sqlite3"


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Run a browser for the test."""
    with chromium.running() as found:
        yield found
