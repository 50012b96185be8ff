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
    __table_args__ = (sa.UniqueConstraint("regional_id"), sa.Index("ix_person_merged_into", "merged_into_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    regional_id: Mapped[str] = mapped_column(sa.String(16))
    # Where a merge put its identities: nobody is linked to such a person until the merge is undone.
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
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
    __table_args__ = (sa.Index("ix_linkage_decision_identity", "source_identity_id"),)

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
    """A link that moved: from which person to which, by which decision, and by which operation of an officer."""

    __tablename__ = "link_event"
    __table_args__ = (
        sa.Index("ix_link_event_identity", "source_identity_id"),
        sa.Index("ix_link_event_operation", "operation_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    from_person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    to_person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    decision_id: Mapped[int] = mapped_column(sa.ForeignKey("linkage_decision.id"))
    operation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person_operation.id"))
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonOperation(Base):
    """What an officer did to persons: a merge, a separation, a move, or the undoing of one of these.

    The order of the ids is the order in which they were done. `person_id` is the survivor of a merge, the person that
    a separation or a move took identities from. `seen` is what its author saw: identities and their versions.
    """

    __tablename__ = "person_operation"
    __table_args__ = (
        sa.Index("ix_person_operation_person", "person_id"),
        sa.Index("ix_person_operation_absorbed", "absorbed_id"),
        sa.Index("ix_person_operation_state", "state", "id"),
        sa.CheckConstraint("kind IN ('merge','split','move','undo')", name="kind"),
        sa.CheckConstraint("state IN ('proposed','done','refused','undone')", name="state"),
        sa.CheckConstraint("absorbed_id IS NULL OR absorbed_id <> person_id", name="two_persons"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="four_eyes"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(10))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    absorbed_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    to_person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    undoes_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person_operation.id"))
    task_id: Mapped[int | None] = mapped_column(sa.ForeignKey("review_task.id"))
    identity_ids: Mapped[list[int]] = mapped_column(Json)
    seen: Mapped[dict[str, Any]] = mapped_column(Json)
    remembers: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(sa.String(1000))
    proposed_by: Mapped[int] = mapped_column(sa.BigInteger)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(sa.String(1000))


class ReviewTask(Base):
    """Something that an officer must settle: a pair of source identities to compare, or one identity to look at.

    A task about one identity (changed, INS, death, limited) names it twice. One about a document names no identity,
    but the request that says what is read on it. `priority` is 1 for the most urgent.
    """

    __tablename__ = "review_task"
    __table_args__ = (
        sa.UniqueConstraint("source_identity_id", "candidate_identity_id", "kind"),
        sa.Index("ix_review_task_list", "state", "priority", "created_at", "id"),
        sa.Index("ix_review_task_candidate", "candidate_identity_id"),
        sa.CheckConstraint("state IN ('open','same','different')", name="state"),
        sa.UniqueConstraint("identification_id"),
        sa.CheckConstraint(
            "kind IN ('duplicate','margin','collision','changed','ins','death','limited','document')", name="kind"
        ),
        sa.CheckConstraint(
            "(identification_id IS NULL) = (source_identity_id IS NOT NULL AND candidate_identity_id IS NOT NULL)",
            name="subject",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10), default="duplicate")
    # NULL for a document: whoever reads tasks of any kind goes through `tasks.values`.
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), nullable=True)
    candidate_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), nullable=True)
    identification_id: Mapped[int | None] = mapped_column(sa.ForeignKey("identification_request.id"))
    score: Mapped[float] = mapped_column(sa.Float)
    reasons: Mapped[list[str]] = mapped_column(Json)
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)
    priority: Mapped[int] = mapped_column(sa.SmallInteger)
    state: Mapped[str] = mapped_column(sa.String(10), default="open")
    version: Mapped[int] = mapped_column(sa.Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deferred_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    comment: Mapped[str | None] = mapped_column(sa.String(1000))


class IdentificationRequest(Base):
    """What a structure reads on a document of which it cannot tell the patient, and what an officer answers.

    `content` holds the traits read, as the columns of a source identity. `answer_identity_id` is an identity of the
    person designated, so that the answer follows the links.
    """

    __tablename__ = "identification_request"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open','answered','withdrawn')", name="state"),
        sa.CheckConstraint("answer_kind IN ('found','unknown','unclear')", name="answer_kind"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    message: Mapped[str | None] = mapped_column(sa.String(1000))
    state: Mapped[str] = mapped_column(sa.String(10))
    asked_by: Mapped[int] = mapped_column(sa.BigInteger)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_kind: Mapped[str | None] = mapped_column(sa.String(10))
    answer: Mapped[str | None] = mapped_column(sa.String(1000))
    answer_identity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("source_identity.id"))
    answered_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TaskComment(Base):
    """What an officer wrote on a task for the others."""

    __tablename__ = "task_comment"
    __table_args__ = (sa.Index("ix_task_comment_task", "task_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    task_id: Mapped[int] = mapped_column(sa.ForeignKey("review_task.id"))
    staff_id: Mapped[int] = mapped_column(sa.BigInteger)
    text: Mapped[str] = mapped_column(sa.String(1000))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SavedFilter(Base):
    """A choice of tasks that an officer named, to come back to it."""

    __tablename__ = "saved_filter"
    __table_args__ = (sa.UniqueConstraint("staff_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    staff_id: Mapped[int] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.String(60))
    query: Mapped[str] = mapped_column(sa.String(300))


class DistinctPair(Base):
    """Two source identities that an officer declared to be two persons: not linked nor proposed until it expires."""

    __tablename__ = "distinct_pair"

    low_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), primary_key=True)
    high_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"), primary_key=True)
    decided_by: Mapped[int] = mapped_column(sa.BigInteger)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    relation: Mapped[str | None] = mapped_column(sa.String(10))
    reason: Mapped[str | None] = mapped_column(sa.String(1000))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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


class StatusChange(Base):
    """A status or attribute that changed: by which event, on which evidence, who did it and when."""

    __tablename__ = "status_change"
    __table_args__ = (
        sa.Index("ix_status_change_identity", "source_identity_id", "id"),
        sa.CheckConstraint("from_status IN ('PROV','RECUP','VALI','QUAL')", name="from_status"),
        sa.CheckConstraint("to_status IN ('PROV','RECUP','VALI','QUAL')", name="to_status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    from_status: Mapped[str] = mapped_column(sa.String(5))
    to_status: Mapped[str] = mapped_column(sa.String(5))
    from_attributes: Mapped[str] = mapped_column(sa.String(20))
    to_attributes: Mapped[str] = mapped_column(sa.String(20))
    event: Mapped[str] = mapped_column(sa.String(24))
    evidence: Mapped[str | None] = mapped_column(sa.String(8))
    parent_evidence: Mapped[str | None] = mapped_column(sa.String(8))
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[str] = mapped_column(sa.String(64))
    comment: Mapped[str | None] = mapped_column(sa.String(1000))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FormerIns(Base):
    """A matricule that an identity no longer holds, or that INSi says the person had before (INSHISTO).

    `is_invalid` tells one that was taken away from one that was replaced: only the second is the person's own.
    """

    __tablename__ = "former_ins"
    __table_args__ = (sa.Index("ix_former_ins_identity", "source_identity_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    matricule: Mapped[str] = mapped_column(sa.String(15))
    oid: Mapped[str] = mapped_column(sa.String(32))
    is_invalid: Mapped[bool]
    event: Mapped[str] = mapped_column(sa.String(24))
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecordedDeath(Base):
    """A death told of one source identity: by a file, or by the identity's own feed once an officer settled it.

    It follows the links of its identity. What a feed tells is in `source_identity.death_date` until then. `reasons`
    are the codes of what keeps a proposed one from being sure. A death told without a date has no `death_date`;
    `completed_date` is the one that an officer gave it, and `date_source` says where they read it.
    """

    __tablename__ = "recorded_death"
    __table_args__ = (
        sa.UniqueConstraint("source_identity_id", "teller", "death_date"),
        # The constraint above takes two missing dates for two different ones.
        sa.Index(
            "uq_recorded_death_undated",
            "source_identity_id",
            "teller",
            unique=True,
            sqlite_where=sa.text("death_date IS NULL"),
            postgresql_where=sa.text("death_date IS NULL"),
        ),
        sa.CheckConstraint("teller IN ('feed','file')", name="teller"),
        sa.CheckConstraint("state IN ('proposed','flagged','confirmed','refuted')", name="state"),
        sa.CheckConstraint(
            "date_source IN ('act','certificate','structure','file','family','other')", name="date_source"
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    teller: Mapped[str] = mapped_column(sa.String(4))
    death_date: Mapped[str | None] = mapped_column(sa.String(10))
    completed_date: Mapped[str | None] = mapped_column(sa.String(10))
    date_source: Mapped[str | None] = mapped_column(sa.String(11))
    place: Mapped[str | None] = mapped_column(sa.String(5))
    act_number: Mapped[str | None] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(10))
    reasons: Mapped[list[str]] = mapped_column(Json)
    load_run_id: Mapped[int | None] = mapped_column(sa.ForeignKey("load_run.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    comment: Mapped[str | None] = mapped_column(sa.String(1000))


class CorrectionRequest(Base):
    """What an officer asks of the structure that produced a wrong trait, and what became of it.

    `answer_kind`, `answer` and who gave it stay when the request is opened again, until the next answer.
    """

    __tablename__ = "correction_request"
    __table_args__ = (
        sa.Index("ix_correction_request_structure", "organization_id", "state", "asked_at"),
        sa.Index("ix_correction_request_identity", "source_identity_id"),
        # Two officers who ask the same thing at once ask it once.
        sa.Index(
            "uq_correction_request_pending",
            "source_identity_id",
            "trait",
            unique=True,
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        ),
        sa.CheckConstraint("state IN ('open','answered','corrected','closed')", name="state"),
        sa.CheckConstraint(
            "trait IN ('birth_name','given_names','birth_date','sex','birth_place','ins','status','address',"
            "'phone','email','identity')",
            name="trait",
        ),
        sa.CheckConstraint("answer_kind IN ('corrected','right','unknown')", name="answer_kind"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    task_id: Mapped[int | None] = mapped_column(sa.ForeignKey("review_task.id"))
    trait: Mapped[str] = mapped_column(sa.String(12))
    message: Mapped[str] = mapped_column(sa.String(1000))
    state: Mapped[str] = mapped_column(sa.String(10))
    asked_by: Mapped[int] = mapped_column(sa.BigInteger)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_kind: Mapped[str | None] = mapped_column(sa.String(10))
    answer: Mapped[str | None] = mapped_column(sa.String(1000))
    answered_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    corrected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
