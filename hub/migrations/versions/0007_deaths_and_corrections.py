"""Deaths that were told, and corrections asked of structures."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, Json, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "recorded_death",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source_identity_id", BigId, nullable=False),
        sa.Column("teller", sa.String(length=4), nullable=False),
        sa.Column("death_date", sa.String(length=10), nullable=False),
        sa.Column("place", sa.String(length=5), nullable=True),
        sa.Column("act_number", sa.String(length=20), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("load_run_id", BigId, nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("comment", sa.String(length=1000), nullable=True),
        sa.CheckConstraint("teller IN ('feed','file')", name=op.f("ck_recorded_death_teller")),
        sa.CheckConstraint(
            "state IN ('proposed','flagged','confirmed','refuted')", name=op.f("ck_recorded_death_state")
        ),
        sa.ForeignKeyConstraint(
            ["source_identity_id"],
            ["source_identity.id"],
            name=op.f("fk_recorded_death_source_identity_id_source_identity"),
        ),
        sa.ForeignKeyConstraint(
            ["load_run_id"], ["load_run.id"], name=op.f("fk_recorded_death_load_run_id_load_run")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorded_death")),
        sa.UniqueConstraint(
            "source_identity_id",
            "teller",
            "death_date",
            name=op.f("uq_recorded_death_source_identity_id_teller_death_date"),
        ),
    )
    op.create_table(
        "correction_request",
        sa.Column("id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("source_identity_id", BigId, nullable=False),
        sa.Column("task_id", BigId, nullable=True),
        sa.Column("trait", sa.String(length=12), nullable=False),
        sa.Column("message", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("answer_kind", sa.String(length=10), nullable=True),
        sa.Column("answer", sa.String(length=1000), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("corrected_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open','answered','corrected','closed')", name=op.f("ck_correction_request_state")
        ),
        sa.CheckConstraint(
            "trait IN ('birth_name','given_names','birth_date','sex','birth_place','ins','status','address',"
            "'phone','email','identity')",
            name=op.f("ck_correction_request_trait"),
        ),
        sa.CheckConstraint(
            "answer_kind IN ('corrected','right','unknown')", name=op.f("ck_correction_request_answer_kind")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_correction_request_organization_id_organization")
        ),
        sa.ForeignKeyConstraint(
            ["source_identity_id"],
            ["source_identity.id"],
            name=op.f("fk_correction_request_source_identity_id_source_identity"),
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["review_task.id"], name=op.f("fk_correction_request_task_id_review_task")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_request")),
    )
    op.create_index("ix_correction_request_structure", "correction_request", ["organization_id", "state", "asked_at"])
    op.create_index("ix_correction_request_identity", "correction_request", ["source_identity_id"])
    pending = sa.text("state <> 'closed'")
    op.create_index(
        "uq_correction_request_pending",
        "correction_request",
        ["source_identity_id", "trait"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_index("uq_correction_request_pending", "correction_request")
    op.drop_index("ix_correction_request_identity", "correction_request")
    op.drop_index("ix_correction_request_structure", "correction_request")
    op.drop_table("correction_request")
    op.drop_table("recorded_death")
