"""Indicators of quality by day, monthly letters, and samples of pairs read again."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "quality_day",
        sa.Column("id", BigId, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("organization_id", BigId, nullable=True),
        sa.Column("indicator", sa.String(length=40), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        _named("quality_day", "organization_id", "organization"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_day")),
    )
    op.create_index("uq_quality_day_structure", "quality_day", ["organization_id", "day", "indicator"], unique=True)
    region = sa.text("organization_id IS NULL")
    op.create_index(
        "uq_quality_day_region",
        "quality_day",
        ["day", "indicator"],
        unique=True,
        sqlite_where=region,
        postgresql_where=region,
    )
    op.create_table(
        "quality_letter",
        sa.Column("id", BigId, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        _named("quality_letter", "organization_id", "organization"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_letter")),
        sa.UniqueConstraint("month", "organization_id", name=op.f("uq_quality_letter_month_organization_id")),
    )
    op.create_table(
        "sample",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("population", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("drawn_by", sa.BigInteger(), nullable=False),
        sa.Column("drawn_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('links','verdicts')", name=op.f("ck_sample_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
    )
    op.create_table(
        "sample_item",
        sa.Column("id", BigId, nullable=False),
        sa.Column("sample_id", BigId, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("left_id", BigId, nullable=False),
        sa.Column("right_id", BigId, nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("decision_id", BigId, nullable=True),
        sa.Column("task_id", BigId, nullable=True),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("first_by", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=True),
        sa.Column("read_by", sa.BigInteger(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("opened_task_id", BigId, nullable=True),
        sa.CheckConstraint("first IN ('same','different')", name=op.f("ck_sample_item_first")),
        sa.CheckConstraint("answer IN ('same','different','unsure')", name=op.f("ck_sample_item_answer")),
        sa.CheckConstraint(
            "read_by IS NULL OR first_by IS NULL OR read_by <> first_by", name=op.f("ck_sample_item_two_readers")
        ),
        _named("sample_item", "sample_id", "sample"),
        _named("sample_item", "left_id", "source_identity"),
        _named("sample_item", "right_id", "source_identity"),
        _named("sample_item", "decision_id", "linkage_decision"),
        _named("sample_item", "task_id", "review_task"),
        _named("sample_item", "opened_task_id", "review_task"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_item")),
        sa.UniqueConstraint("sample_id", "rank", name=op.f("uq_sample_item_sample_id_rank")),
    )


def _named(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    """Undo the change."""
    for table in ("sample_item", "sample", "quality_letter", "quality_day"):
        op.drop_table(table)
