"""Rows of the identity index.

A source identity belongs to one structure's domain and is linked to one person. Nothing is rewritten on a link, a
merge or a separation: the link moves, and `link_event` keeps every move so that it can be undone.
"""

import struct
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from hub.db import Base, BigId, Json, UtcDateTime


def pack_key(key: int) -> bytes:
    """Write a blocking key as SQLite holds it."""
    return key.to_bytes(4, "big", signed=True)


def unpack_key(packed: bytes) -> int:
    """Read a blocking key as SQLite holds it."""
    return int.from_bytes(packed, "big", signed=True)


class KeyList(TypeDecorator[Sequence[int]]):
    """Keys of 32 bits: an array on PostgreSQL; on SQLite four bytes each, for its triggers to cut."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(ARRAY(sa.Integer()) if dialect.name == "postgresql" else sa.LargeBinary())

    def process_bind_param(self, value: Sequence[int] | None, dialect: sa.Dialect) -> Any:
        """Pack the keys on SQLite."""
        if value is None or dialect.name == "postgresql":
            return value
        return struct.pack(f">{len(value)}i", *value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Sequence[int] | None:
        """Unpack the keys on SQLite."""
        if value is None or dialect.name == "postgresql":
            return value
        return list(struct.unpack(f">{len(value) // 4}i", value))


class Person(Base):
    """A person of the region, as the set of the source identities linked to it."""

    __tablename__ = "person"
    __table_args__ = (sa.UniqueConstraint("regional_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    regional_id: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SourceIdentity(Base):
    """One patient record of one structure: its number in the structure's domain and its traits as received."""

    __tablename__ = "source_identity"
    __table_args__ = (
        sa.UniqueConstraint("domain", "value"),
        sa.Index("ix_source_identity_person", "person_id"),
        sa.Index("ix_source_identity_birth", "birth_date", "id"),
        sa.Index("ix_source_identity_ins", "ins_matricule"),
        # The pending list that `fastupdate` keeps would be read whole by each search.
        sa.Index(
            "ix_source_identity_blocking_keys",
            "blocking_keys",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            info={"only": "postgresql"},
        ),
        sa.CheckConstraint("sex IN ('M','F','U')", name="sex"),
        sa.CheckConstraint("status IN ('PROV','RECUP','VALI','QUAL')", name="status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    domain: Mapped[str] = mapped_column(sa.String(128))
    value: Mapped[str] = mapped_column(sa.String(128))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    birth_name: Mapped[str | None] = mapped_column(sa.String(100))
    used_name: Mapped[str | None] = mapped_column(sa.String(100))
    given_names: Mapped[str] = mapped_column(sa.String(200), default="")
    used_given_name: Mapped[str | None] = mapped_column(sa.String(100))
    birth_date: Mapped[str | None] = mapped_column(sa.String(10))
    birth_date_presumed: Mapped[bool] = mapped_column(default=False)
    sex: Mapped[str] = mapped_column(sa.String(1), default="U")
    birth_place: Mapped[str | None] = mapped_column(sa.String(5))
    ins_matricule: Mapped[str | None] = mapped_column(sa.String(15))
    ins_oid: Mapped[str | None] = mapped_column(sa.String(32))
    address_line: Mapped[str | None] = mapped_column(sa.String(200))
    postcode: Mapped[str | None] = mapped_column(sa.String(10))
    city: Mapped[str | None] = mapped_column(sa.String(120))
    phone: Mapped[str | None] = mapped_column(sa.String(20))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    death_date: Mapped[str | None] = mapped_column(sa.String(10))
    status: Mapped[str] = mapped_column(sa.String(5), default="PROV")
    attributes: Mapped[str] = mapped_column(sa.String(20), default="")
    active: Mapped[bool] = mapped_column(default=True)
    held: Mapped[bool] = mapped_column(default=False)
    replaced_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("source_identity.id"))
    version: Mapped[int] = mapped_column(sa.Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What it is filed under (`hub.registry.filing`); NULL when nobody may join it.
    blocking_keys: Mapped[Sequence[int] | None] = mapped_column(KeyList, deferred=True)


class SourceIdentityRevision(Base):
    """What a source identity held before a change: the history of each trait, with date and channel."""

    __tablename__ = "source_identity_revision"

    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    channel: Mapped[str] = mapped_column(sa.String(16))


class CrowdedKey(Base):
    """A blocking key that so many identities hold that no more are filed under it (`hub.registry.filing`)."""

    __tablename__ = "crowded_key"

    key: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    crowded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeyIndex(Base):
    """By which definition of the blocking keys all identities are filed, and how far a rebuilding came."""

    __tablename__ = "key_index"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    definition: Mapped[str] = mapped_column(sa.String(32))
    next_definition: Mapped[str | None] = mapped_column(sa.String(32))
    rebuilt_to: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class LinkageDecision(Base):
    """What the matching decided for a source identity, or a person in its place, and why."""

    __tablename__ = "linkage_decision"
    __table_args__ = (
        sa.Index("ix_linkage_decision_identity", "source_identity_id"),
        # Few decisions are limited: the officers' list of them reads nothing else.
        sa.Index(
            "ix_linkage_decision_limited", "id", sqlite_where=sa.text("limited"), postgresql_where=sa.text("limited")
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    outcome: Mapped[str] = mapped_column(sa.String(12))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    score: Mapped[float | None] = mapped_column(sa.Float)
    explanation: Mapped[dict[str, Any]] = mapped_column(Json)
    limited: Mapped[bool] = mapped_column(default=False)
    model_version: Mapped[str] = mapped_column(sa.String(40))
    decided_by: Mapped[str] = mapped_column(sa.String(64))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LinkEvent(Base):
    """A link that moved: from which person to which, by which decision."""

    __tablename__ = "link_event"
    __table_args__ = (sa.Index("ix_link_event_identity", "source_identity_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    from_person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    to_person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    decision_id: Mapped[int] = mapped_column(sa.ForeignKey("linkage_decision.id"))
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReviewTask(Base):
    """A pair of source identities that an officer must compare.

    `changed` is one identity against itself: its traits changed so much that it may now be somebody else.
    """

    __tablename__ = "review_task"
    __table_args__ = (
        sa.UniqueConstraint("source_identity_id", "candidate_identity_id"),
        sa.Index("ix_review_task_open", "state", "score"),
        sa.CheckConstraint("state IN ('open','same','different')", name="state"),
        sa.CheckConstraint("kind IN ('duplicate','changed')", name="kind"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10), default="duplicate")
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    candidate_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    score: Mapped[float] = mapped_column(sa.Float)
    reasons: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(sa.String(10), default="open")
    version: Mapped[int] = mapped_column(sa.Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    comment: Mapped[str | None] = mapped_column(sa.String(1000))


class DistinctPair(Base):
    """Two source identities that an officer declared to be two persons: never linked, never proposed again."""

    __tablename__ = "distinct_pair"

    low_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), primary_key=True)
    decided_by: Mapped[int] = mapped_column(sa.BigInteger)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InformationNotice(Base):
    """The patient was informed of the regional index and does not object (CSP L.1110-4), as the form stated."""

    __tablename__ = "information_notice"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    text_version: Mapped[str] = mapped_column(sa.String(40))
    staff_id: Mapped[int] = mapped_column(sa.BigInteger)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoadRun(Base):
    """A file of identities being loaded: how far it came, so that an interrupted load goes on from there."""

    __tablename__ = "load_run"
    __table_args__ = (sa.UniqueConstraint("file_digest", "options"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file_digest: Mapped[str] = mapped_column(sa.String(64))
    options: Mapped[str] = mapped_column(sa.String(200))
    lines_done: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    accepted: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    warned: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DedupeRun(Base):
    """The index being compared with itself under a model: how far it came, so that an interrupted run goes on."""

    __tablename__ = "dedupe_run"
    __table_args__ = (sa.UniqueConstraint("model_version", "joins"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_version: Mapped[str] = mapped_column(sa.String(40))
    joins: Mapped[bool]
    # Every pair of which the later identity is not after this one was settled.
    done_to: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    filed: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    linked: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    apart: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    asked: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
