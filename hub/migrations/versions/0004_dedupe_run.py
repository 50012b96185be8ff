"""How far a deduplication of the index came."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "dedupe_run",
        sa.Column("id", BigId, nullable=False),
        sa.Column("model_version", sa.String(length=40), nullable=False),
        sa.Column("joins", sa.Boolean(), nullable=False),
        sa.Column("done_to", sa.BigInteger(), nullable=False),
        sa.Column("filed", sa.BigInteger(), nullable=False),
        sa.Column("linked", sa.BigInteger(), nullable=False),
        sa.Column("apart", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dedupe_run")),
        sa.UniqueConstraint("model_version", "joins", name=op.f("uq_dedupe_run_model_version_joins")),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("dedupe_run")
