"""Linkage models proposed and activated."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "linkage_model",
        sa.Column("id", BigId, nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("figures", Json, nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("proposed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("activated_at", UtcDateTime(), nullable=True),
        sa.Column("retired_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("retired_reason", sa.String(length=1000), nullable=True),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_linkage_model_two_persons")
        ),
        sa.CheckConstraint("(approved_by IS NULL) = (activated_at IS NULL)", name=op.f("ck_linkage_model_approved")),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff_user.id"], name=op.f("fk_linkage_model_proposed_by")),
        sa.ForeignKeyConstraint(["approved_by"], ["staff_user.id"], name=op.f("fk_linkage_model_approved_by")),
        sa.ForeignKeyConstraint(["retired_by"], ["staff_user.id"], name=op.f("fk_linkage_model_retired_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linkage_model")),
        sa.UniqueConstraint("version", name=op.f("uq_linkage_model_version")),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("linkage_model")
