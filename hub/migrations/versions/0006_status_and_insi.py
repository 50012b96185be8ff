"""Changes of status with their evidence, former matricules, and calls to INSi."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATUSES = "('PROV','RECUP','VALI','QUAL')"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "status_change",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source_identity_id", BigId, nullable=False),
        sa.Column("from_status", sa.String(length=5), nullable=False),
        sa.Column("to_status", sa.String(length=5), nullable=False),
        sa.Column("from_attributes", sa.String(length=20), nullable=False),
        sa.Column("to_attributes", sa.String(length=20), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("evidence", sa.String(length=8), nullable=True),
        sa.Column("parent_evidence", sa.String(length=8), nullable=True),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"from_status IN {_STATUSES}", name=op.f("ck_status_change_from_status")),
        sa.CheckConstraint(f"to_status IN {_STATUSES}", name=op.f("ck_status_change_to_status")),
        sa.ForeignKeyConstraint(
            ["source_identity_id"],
            ["source_identity.id"],
            name=op.f("fk_status_change_source_identity_id_source_identity"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_change")),
    )
    op.create_index("ix_status_change_identity", "status_change", ["source_identity_id", "id"])
    op.create_table(
        "former_ins",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source_identity_id", BigId, nullable=False),
        sa.Column("matricule", sa.String(length=15), nullable=False),
        sa.Column("oid", sa.String(length=32), nullable=False),
        sa.Column("is_invalid", sa.Boolean(), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_identity_id"],
            ["source_identity.id"],
            name=op.f("fk_former_ins_source_identity_id_source_identity"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_ins")),
    )
    op.create_index("ix_former_ins_identity", "former_ins", ["source_identity_id", "id"])
    op.create_table(
        "insi_call",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source_identity_id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=2), nullable=True),
        sa.Column("answer", Json, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=24), nullable=True),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('retrieve','verify')", name=op.f("ck_insi_call_kind")),
        sa.CheckConstraint(
            "state IN ('waiting','pending','closed','accepted','refused','failed')", name=op.f("ck_insi_call_state")
        ),
        sa.ForeignKeyConstraint(
            ["source_identity_id"],
            ["source_identity.id"],
            name=op.f("fk_insi_call_source_identity_id_source_identity"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insi_call")),
    )
    op.create_index("ix_insi_call_identity", "insi_call", ["source_identity_id", "id"])
    # One question at a time about an identity: the constraint decides between two clerks.
    op.create_index(
        "ix_insi_call_waiting",
        "insi_call",
        ["source_identity_id"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Undo the change."""
    for table in ("insi_call", "former_ins", "status_change"):
        op.drop_table(table)
