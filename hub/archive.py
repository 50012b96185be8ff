"""The backup file: a tar of sealed tables and of the documents as they are stored, with a sealed manifest.

Rows travel as JSON lines, so that what was saved from SQLite can be brought back into PostgreSQL and the reverse.
Every part is sealed under one data key, wrapped by the active key-encryption key; documents are sealed already.
The manifest names each part with its SHA-256: a part cut, changed or missing stops the restoration before any row is
written.
"""

import base64
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hub import schema
from hub.db import Base, UtcDateTime
from hub.documents.store import Store
from hub.documents.tables import Document
from hub.encryption import Vault, WrappedKey, open_stream, seal_stream
from hub.errors import Conflict, Invalid

FORMAT = "hub-archive-1"
ROWS = 5000
_CONTEXT = "archive"
Report = Callable[[int], object]


def size(engine: sa.Engine) -> int:
    """Return how many rows and documents a backup holds."""
    with engine.connect() as connection:
        return sum(_rows(connection, table) for table in _tables()) + _rows(connection, Document.__table__)


def _rows(connection: sa.Connection, table: sa.FromClause) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _tables() -> list[sa.Table]:
    return list(Base.metadata.sorted_tables)


def write(path: Path, engine: sa.Engine, store: Store, vault: Vault, report: Report) -> None:
    """Write the backup; a file that could not be finished is removed. `report` is told the parts as they are done."""
    key, wrapped = vault.new_key(_CONTEXT)
    partial = path.with_name(path.name + ".partiel")
    try:
        with partial.open("xb") as raw:
            os.fchmod(raw.fileno(), 0o600)
            with tarfile.open(fileobj=raw, mode="w") as tar:
                _write_parts(tar, engine, store, key, wrapped, report)
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write_parts(
    tar: tarfile.TarFile, engine: sa.Engine, store: Store, key: bytes, wrapped: WrappedKey, report: Report
) -> None:
    header = {"format": FORMAT, "kek_id": wrapped.kek_id, "key": base64.b64encode(wrapped.wrapped).decode()}
    _add(tar, "header.json", json.dumps(header).encode())
    digests: dict[str, str] = {}
    counts: dict[str, int] = {}
    with engine.connect().execution_options(**_snapshot(engine)) as connection, connection.begin():
        for table in _tables():
            counts[table.name] = 0
            for number, rows in enumerate(_pages(connection, table)):
                name = f"tables/{table.name}/{number:06d}"
                lines = "\n".join(json.dumps(_encode(table, row)) for row in rows)
                _add_sealed(tar, name, lines.encode(), key, digests)
                counts[table.name] += len(rows)
                report(len(rows))
        for (store_key,) in connection.execute(sa.select(Document.store_key).order_by(Document.id)):
            content = store.get(store_key)
            digests[store_key] = hashlib.sha256(content).hexdigest()
            _add(tar, store_key, content)
            report(1)
        revision = schema.current(connection)
    manifest = {"schema": revision, "digests": digests, "counts": counts}
    _add(tar, "manifest", seal_stream(key, json.dumps(manifest).encode(), f"{_CONTEXT}:manifest"))


def _snapshot(engine: sa.Engine) -> dict[str, Any]:
    return {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}


def _pages(connection: sa.Connection, table: sa.Table) -> Iterator[list[sa.Row[Any]]]:
    ordered = sa.select(table).order_by(*table.primary_key.columns)
    result = connection.execution_options(yield_per=ROWS).execute(ordered)
    for part in result.partitions(ROWS):
        yield list(part)


def _encode(table: sa.Table, row: sa.Row[Any]) -> list[Any]:
    out = []
    for value in row:
        if isinstance(value, datetime):
            out.append(value.isoformat())
        elif isinstance(value, bytes):
            out.append(base64.b64encode(value).decode())
        else:
            out.append(value)
    return out


def _add_sealed(tar: tarfile.TarFile, name: str, content: bytes, key: bytes, digests: dict[str, str]) -> None:
    sealed = seal_stream(key, content, f"{_CONTEXT}:{name}")
    digests[name] = hashlib.sha256(sealed).hexdigest()
    _add(tar, name, sealed)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o600
    tar.addfile(member, io.BytesIO(content))


def count(path: Path) -> int:
    """Return how many parts a backup file has; raise `Invalid` when it is none."""
    try:
        with tarfile.open(path) as tar:
            return sum(1 for _ in tar)
    except (tarfile.TarError, OSError) as err:
        raise Invalid("Ce fichier n'est pas une sauvegarde du hub, ou il est incomplet.") from err


def read(path: Path, engine: sa.Engine, store: Store, vault: Vault, report: Report) -> None:
    """Bring a backup back into an empty database and store.

    Raise `Conflict` when the database holds something, `Invalid` when the file is damaged or of another version.
    """
    with engine.connect() as connection:
        if any(_rows(connection, table) for table in _tables() if table.name != "audit_head"):
            raise Conflict("La base n'est pas vide : restaurez dans une installation neuve.")
    with tarfile.open(path) as tar:
        key, manifest = _verified(tar, vault)
        # Documents first: bytes without a row are harmless, a row without its bytes is not.
        for name in (name for name in manifest["digests"] if not name.startswith("tables/")):
            store.put_again(name, _content(tar, name))
            report(1)
        with engine.connect() as connection:
            immediate = connection.execution_options(hub_write=True)
            with immediate.begin():
                if schema.current(immediate) != manifest["schema"]:
                    raise Invalid("La sauvegarde vient d'une autre version du hub : restaurez avec cette version.")
                _read_tables(tar, immediate, manifest, key, report)


def _verified(tar: tarfile.TarFile, vault: Vault) -> tuple[bytes, dict[str, Any]]:
    damaged = Invalid("La sauvegarde est abîmée ou incomplète : rien n'a été restauré.")
    try:
        header = json.loads(_content(tar, "header.json"))
        if header.get("format") != FORMAT:
            raise Invalid("Cette sauvegarde a un format que cette version ne lit pas.")
        key = vault.unwrap(WrappedKey(header["kek_id"], base64.b64decode(header["key"])), _CONTEXT)
        manifest = json.loads(open_stream(key, _content(tar, "manifest"), f"{_CONTEXT}:manifest"))
        for name, digest in manifest["digests"].items():
            if hashlib.sha256(_content(tar, name)).hexdigest() != digest:
                raise damaged
    except (KeyError, ValueError, tarfile.TarError) as err:
        raise damaged from err
    return key, manifest


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise KeyError(name)
    return stream.read()


def _read_tables(
    tar: tarfile.TarFile, connection: sa.Connection, manifest: dict[str, Any], key: bytes, report: Report
) -> None:
    names = sorted(name for name in manifest["digests"] if name.startswith("tables/"))
    connection.execute(sa.delete(Base.metadata.tables["audit_head"]))
    for table in _tables():
        later: list[dict[str, Any]] = []
        for name in names:
            if name.split("/")[1] != table.name:
                continue
            text = open_stream(key, _content(tar, name), f"{_CONTEXT}:{name}").decode()
            rows = [_decode(table, json.loads(line)) for line in text.split("\n") if line]
            later += _defer_self_references(table, rows)
            if rows:
                connection.execute(sa.insert(table), rows)
            report(1)
        for values in later:
            connection.execute(sa.update(table).where(table.c.id == values.pop("id")).values(**values))
        _advance_sequence(connection, table)


def _decode(table: sa.Table, values: list[Any]) -> dict[str, Any]:
    row = {}
    for column, value in zip(table.columns, values, strict=True):
        if value is not None and isinstance(column.type, UtcDateTime):
            value = datetime.fromisoformat(value)
        elif value is not None and isinstance(column.type, sa.LargeBinary):
            value = base64.b64decode(value)
        row[column.name] = value
    return row


def _defer_self_references(table: sa.Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    columns = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    later = []
    for row in rows:
        pending = {name: row[name] for name in columns if row[name] is not None}
        if pending:
            later.append({"id": row["id"], **pending})
            row.update(dict.fromkeys(columns))
    return later


def _advance_sequence(connection: sa.Connection, table: sa.Table) -> None:
    key = table.autoincrement_column
    if connection.dialect.name != "postgresql" or key is None or key.foreign_keys:
        return
    statement = sa.text(
        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "  # noqa: S608 - names of our own tables
        f"COALESCE((SELECT max({key.name}) FROM {table.name}), 0) + 1, false)"
    )
    connection.execute(statement)
