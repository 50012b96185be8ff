"""When the member of staff behind a session last proved again who they are."""

import sqlalchemy as sa
from alembic import op

from hub.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    # Added and taken away in one statement each: SQLite would otherwise copy the table.
    op.add_column("browser_session", sa.Column("proven_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Undo the change."""
    op.drop_column("browser_session", "proven_at")
