"""Texts of the models that came with the hub, kept for the decisions that they took."""

import sqlalchemy as sa
from alembic import op

from hub.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "shipped_model",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_shipped_model")),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("shipped_model")
