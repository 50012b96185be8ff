"""Deposit a document and read it back.

The sealed bytes are written to the store first, then the row in the caller's transaction: a row always has its
bytes. Bytes whose row was never written are without key, unreadable, and swept by `hub documents sweep`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.documents import inspection
from hub.documents.store import Store
from hub.documents.tables import Document
from hub.encryption import DecryptionError, Vault, WrappedKey, open_stream, seal_stream
from hub.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """A checked file whose sealed bytes are in the store, not yet a document."""

    title: str
    content_type: str
    pages: int
    size: int
    sha256: str
    store_key: str
    key: WrappedKey


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as pages and channels see it."""

    id: int
    organization_id: int
    source_identity_id: int | None
    identification_id: int | None
    title: str
    type_code: str | None
    content_type: str
    size: int
    pages: int
    sha256: str
    created_at: datetime

    @property
    def file_name(self) -> str:
        """A name for downloads, with the ending of its type."""
        ending = {"application/pdf": "pdf", "image/jpeg": "jpg"}.get(
            self.content_type, self.content_type.partition("/")[2]
        )
        return f"{self.title}.{ending}"


def store_file(
    name: str, content: bytes, organization_id: int, store: Store, vault: Vault, limit: int
) -> StoredBytes:
    """Check a file, seal it and write it to the store; raise `Invalid` or `Unavailable`. No transaction is open."""
    inspected = inspection.inspect(name, content, limit)
    base = name.replace("\\", "/").rpartition("/")[2]
    store_key = f"documents/{organization_id}/{secrets.token_hex(20)}"
    key, wrapped = vault.new_key(_context(organization_id, store_key))
    store.put(store_key, seal_stream(key, content, _context(organization_id, store_key)))
    return StoredBytes(
        title=clean_title(base.rpartition(".")[0] or base),
        content_type=inspected.content_type,
        pages=inspected.pages,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        store_key=store_key,
        key=wrapped,
    )


def clean_title(text: str) -> str:
    """Return a title without control characters or excess; raise `Invalid` when nothing is left."""
    # A date typed as 12/03/2026 stays readable, and names no folder.
    flat = text.replace("\\", "-").replace("/", "-")
    title = " ".join("".join(c for c in flat if c.isprintable() or c.isspace()).split())[:200].strip()
    if not title:
        raise Invalid("Donnez un nom au document.", "title")
    return title


def add(session: Session, stored: StoredBytes, organization_id: int, staff_id: int) -> DocumentView:
    """Write the row of a stored file."""
    row = Document(
        organization_id=organization_id,
        title=stored.title,
        content_type=stored.content_type,
        size=stored.size,
        pages=stored.pages,
        sha256=stored.sha256,
        store_key=stored.store_key,
        kek_id=stored.key.kek_id,
        wrapped_key=stored.key.wrapped,
        deposited_by=staff_id,
        created_at=db.now(session),
    )
    session.add(row)
    session.flush()  # the caller links the document by its id
    return as_value(row)


def by_id(session: Session, document_id: int) -> DocumentView:
    """Return a document; raise `NotFound`. Who may see it is the caller's question."""
    row = session.get(Document, document_id)
    if row is None:
        raise NotFound("Ce document n'existe pas.")
    return as_value(row)


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a document's bytes are and under which key: what is needed to read them outside a transaction."""

    organization_id: int
    store_key: str
    key: WrappedKey
    sha256: str


def locate(session: Session, document_id: int) -> Locator:
    """Return what reading a document needs; raise `NotFound`."""
    row = session.get(Document, document_id)
    if row is None:
        raise NotFound("Ce document n'existe pas.")
    return Locator(row.organization_id, row.store_key, WrappedKey(row.kek_id, row.wrapped_key), row.sha256)


def read_bytes(locator: Locator, store: Store, vault: Vault) -> bytes:
    """Return the original bytes; raise `Unavailable`, or `DecryptionError` when they were altered."""
    context = _context(locator.organization_id, locator.store_key)
    content = open_stream(vault.unwrap(locator.key, context), store.get(locator.store_key), context)
    if hashlib.sha256(content).hexdigest() != locator.sha256:
        raise DecryptionError("Le document lu n'est pas celui qui a été déposé.")
    return content


def rotate(session: Session, vault: Vault, after_id: int, limit: int = 200) -> tuple[int, int]:
    """Re-wrap the keys of up to `limit` documents past `after_id`; return the last id seen and how many changed."""
    query = (
        sa.select(Document)
        .where(Document.id > after_id, Document.kek_id != vault.active_key_id)
        .order_by(Document.id)
        .limit(limit)
    )
    last, count = after_id, 0
    for row in session.scalars(query):
        context = _context(row.organization_id, row.store_key)
        fresh = vault.wrap(vault.unwrap(WrappedKey(row.kek_id, row.wrapped_key), context), context)
        row.kek_id, row.wrapped_key = fresh.kek_id, fresh.wrapped
        last, count = row.id, count + 1
    return last, count


def without_row(session: Session, store_keys: list[str]) -> list[str]:
    """Return which of the store's keys no document names: what an interrupted deposit left."""
    known = set(session.scalars(sa.select(Document.store_key).where(Document.store_key.in_(store_keys))))
    return [key for key in store_keys if key not in known]


def as_value(row: Document) -> DocumentView:
    """Make the value of a row."""
    return DocumentView(
        row.id, row.organization_id, row.source_identity_id, row.identification_id, row.title, row.type_code,
        row.content_type, row.size, row.pages, row.sha256, row.created_at,
    )  # fmt: skip


def count_of_identities(session: Session, identity_ids: Sequence[int]) -> int:
    """Return how many documents are about these identities."""
    query = sa.select(sa.func.count()).select_from(Document).where(Document.source_identity_id.in_(identity_ids))
    return session.scalar(query) or 0


def change(session: Session, document_id: int, **values: Any) -> None:
    """Set title, type, patient or request for identification of a draft document."""
    session.execute(sa.update(Document).where(Document.id == document_id).values(**values))


def _context(organization_id: int, store_key: str) -> str:
    return f"document:{organization_id}:{store_key}"
