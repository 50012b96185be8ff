"""Rows of quality: what each indicator was on a day, monthly letters, samples of pairs and how they were read."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, UtcDateTime


class QualityDay(Base):
    """One indicator on one day (AAAA-MM-JJ, Paris), of a structure, or of the region when there is none."""

    __tablename__ = "quality_day"
    __table_args__ = (
        sa.Index("uq_quality_day_structure", "organization_id", "day", "indicator", unique=True),
        # Two NULL are never equal: the region's rows have a constraint of their own.
        sa.Index(
            "uq_quality_day_region",
            "day",
            "indicator",
            unique=True,
            sqlite_where=sa.text("organization_id IS NULL"),
            postgresql_where=sa.text("organization_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10))
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    indicator: Mapped[str] = mapped_column(sa.String(40))
    numerator: Mapped[int] = mapped_column(sa.BigInteger)
    denominator: Mapped[int | None] = mapped_column(sa.BigInteger)


class QualityLetter(Base):
    """The letter of a month (AAAA-MM) to a structure, as it was made."""

    __tablename__ = "quality_letter"
    __table_args__ = (sa.UniqueConstraint("month", "organization_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    month: Mapped[str] = mapped_column(sa.String(7))
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Sample(Base):
    """A draw of pairs to be read without knowing what was decided of them.

    `seed`, `since` and `through_id` say which pairs, in which order: the same draw comes out again.
    """

    __tablename__ = "sample"
    __table_args__ = (sa.CheckConstraint("kind IN ('links','verdicts')", name="kind"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    seed: Mapped[str] = mapped_column(sa.String(32))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    population: Mapped[int] = mapped_column(sa.BigInteger)
    size: Mapped[int] = mapped_column(sa.Integer)
    drawn_by: Mapped[int] = mapped_column(sa.BigInteger)
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SampleItem(Base):
    """One pair of a sample: as it was at `seen_at`, what was decided first and by whom, and what was read."""

    __tablename__ = "sample_item"
    __table_args__ = (
        sa.UniqueConstraint("sample_id", "rank"),
        sa.CheckConstraint("first IN ('same','different')", name="first"),
        sa.CheckConstraint("answer IN ('same','different','unsure')", name="answer"),
        # Blind means another pair of eyes.
        sa.CheckConstraint("read_by IS NULL OR first_by IS NULL OR read_by <> first_by", name="two_readers"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sample_id: Mapped[int] = mapped_column(sa.ForeignKey("sample.id"))
    rank: Mapped[int] = mapped_column(sa.Integer)
    left_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    right_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision_id: Mapped[int | None] = mapped_column(sa.ForeignKey("linkage_decision.id"))
    task_id: Mapped[int | None] = mapped_column(sa.ForeignKey("review_task.id"))
    first: Mapped[str] = mapped_column(sa.String(10))
    first_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    answer: Mapped[str | None] = mapped_column(sa.String(10))
    reason: Mapped[str | None] = mapped_column(sa.String(1000))
    read_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_task_id: Mapped[int | None] = mapped_column(sa.ForeignKey("review_task.id"))
