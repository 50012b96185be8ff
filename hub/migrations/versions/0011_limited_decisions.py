"""Limited decisions are tasks: the list that was read by an index of its own is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.drop_index("ix_linkage_decision_limited", "linkage_decision")


def downgrade() -> None:
    """Undo the change."""
    limited = sa.text("limited")
    op.create_index(
        "ix_linkage_decision_limited", "linkage_decision", ["id"], sqlite_where=limited, postgresql_where=limited
    )
