"""Backup and restoration: everything comes back, on the other engine too; a damaged file restores nothing."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import archive, config, db, schema
from hub.app import create_app
from hub.db import Base, database
from hub.documents.tables import Document
from hub.encryption import DecryptionError
from hub.errors import Conflict, Invalid
from tests import stories
from tests.factories import make_staff, make_structure, parts_of, sample_pdf


@pytest.fixture
def empty(variables: dict[str, str], tmp_path: Path) -> Iterator[Flask]:
    """Another installation, always SQLite, with the same keys and nothing in it."""
    elsewhere = variables | {
        "HUB_DATABASE_URL": f"sqlite:///{tmp_path}/restored.sqlite3",
        "HUB_STORE_URL": f"file://{tmp_path}/restored-documents",
    }
    application = create_app(config.from_mapping(elsewhere))
    with application.app_context():
        schema.upgrade(database.engine)
    yield application
    with application.app_context():
        database.session.remove()
        database.engine.dispose()


def _save(app: Flask, path: Path) -> None:
    parts = parts_of(app)
    with app.app_context():
        archive.write(path, database.engine, parts.store, parts.vault, lambda _: None)


def _restore(app: Flask, path: Path) -> None:
    parts = parts_of(app)
    with app.app_context():
        archive.read(path, database.engine, parts.store, parts.vault, lambda _: None)


def _rows(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    with app.app_context(), database.engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in Base.metadata.sorted_tables
        }


def _fill(app: Flask) -> bytes:
    content = sample_pdf("À garder")
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.open_account(app, structure, member, identity)
    stories.send(app, structure, member, identity, copy=True, content=content)
    return content


def test_what_was_saved_comes_back_on_the_other_engine(app: Flask, empty: Flask, tmp_path: Path) -> None:
    content = _fill(app)
    _save(app, tmp_path / "hub.sauvegarde")

    _restore(empty, tmp_path / "hub.sauvegarde")

    assert _rows(empty) == _rows(app)
    parts = parts_of(empty)
    with empty.app_context(), db.reading() as session:
        document_id = session.scalars(sa.select(Document.id)).one()
        locator = stories.deposit.locate(session, document_id)
        assert parts.trail.verify(session).breaks == ()
    assert stories.deposit.read_bytes(locator, parts.store, parts.vault) == content


def test_work_goes_on_after_a_restoration_into_the_same_engine(app: Flask, empty: Flask, tmp_path: Path) -> None:
    _fill(empty)
    _save(empty, tmp_path / "hub.sauvegarde")

    _restore(app, tmp_path / "hub.sauvegarde")
    structure = make_structure(app)

    assert stories.know(app, structure, value="AFTER").id > 0


def test_a_backup_shows_no_trait(app: Flask, tmp_path: Path) -> None:
    _fill(app)

    _save(app, tmp_path / "hub.sauvegarde")

    raw = (tmp_path / "hub.sauvegarde").read_bytes()
    assert (tmp_path / "hub.sauvegarde").stat().st_mode & 0o077 == 0
    for private in (b"DURAND", b"example.org", b"1946-03-14", b"%PDF"):
        assert private not in raw


def test_nothing_is_restored_over_something(app: Flask, tmp_path: Path) -> None:
    _fill(app)
    _save(app, tmp_path / "hub.sauvegarde")

    with pytest.raises(Conflict, match="pas vide"):
        _restore(app, tmp_path / "hub.sauvegarde")


@pytest.mark.parametrize("damage", ["flip", "cut", "missing"])
def test_a_damaged_backup_restores_nothing(app: Flask, empty: Flask, tmp_path: Path, damage: str) -> None:
    _fill(app)
    path = tmp_path / "hub.sauvegarde"
    _save(app, path)
    raw = path.read_bytes()
    if damage == "flip":
        with tarfile.open(path) as tar:
            member = next(item for item in tar if item.name.startswith("tables/source_identity/"))
        position = member.offset_data + 30
        path.write_bytes(raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :])
    elif damage == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    else:
        with tarfile.open(path) as source, tarfile.open(tmp_path / "less", "w") as target:
            for item in source:
                if not item.name.startswith("documents/"):
                    target.addfile(item, source.extractfile(item))
        path = tmp_path / "less"

    with pytest.raises((Invalid, DecryptionError)):
        _restore(empty, path)
    assert _rows(empty)["source_identity"] == []


def test_something_else_is_not_a_backup(empty: Flask, tmp_path: Path) -> None:
    path = tmp_path / "photo.tar"
    path.write_text(json.dumps({"format": "other"}))

    with pytest.raises(Invalid, match="sauvegarde"):
        archive.count(path)
