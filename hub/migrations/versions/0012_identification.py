"""Documents of which a structure cannot tell the patient: what it asks, and the officers' tasks about it."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, Json, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FORMER = "kind IN ('duplicate','margin','collision','changed','ins','death','limited')"
_KINDS = "kind IN ('duplicate','margin','collision','changed','ins','death','limited','document')"
_SUBJECT = "(identification_id IS NULL) = (source_identity_id IS NOT NULL AND candidate_identity_id IS NOT NULL)"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "identification_request",
        sa.Column("id", BigId, nullable=False),
        sa.Column("organization_id", BigId, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("message", sa.String(length=1000), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answer_kind", sa.String(length=10), nullable=True),
        sa.Column("answer", sa.String(length=1000), nullable=True),
        sa.Column("answer_identity_id", BigId, nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('open','answered','withdrawn')", name=op.f("ck_identification_request_state")),
        sa.CheckConstraint(
            "answer_kind IN ('found','unknown','unclear')", name=op.f("ck_identification_request_answer_kind")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_identification_request_organization_id_organization"),
        ),
        sa.ForeignKeyConstraint(
            ["answer_identity_id"],
            ["source_identity.id"],
            name=op.f("fk_identification_request_answer_identity_id_source_identity"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identification_request")),
    )
    with op.batch_alter_table("review_task") as batch:
        batch.alter_column("source_identity_id", existing_type=BigId, nullable=True)
        batch.alter_column("candidate_identity_id", existing_type=BigId, nullable=True)
        batch.add_column(sa.Column("identification_id", BigId, nullable=True))
        batch.create_foreign_key(
            op.f("fk_review_task_identification_id_identification_request"),
            "identification_request",
            ["identification_id"],
            ["id"],
        )
        batch.create_unique_constraint(op.f("uq_review_task_identification_id"), ["identification_id"])
        batch.drop_constraint(op.f("ck_review_task_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_review_task_kind"), _KINDS)
        batch.create_check_constraint(op.f("ck_review_task_subject"), _SUBJECT)
    with op.batch_alter_table("document") as batch:
        batch.add_column(sa.Column("identification_id", BigId, nullable=True))
        batch.create_foreign_key(
            op.f("fk_document_identification_id_identification_request"),
            "identification_request",
            ["identification_id"],
            ["id"],
        )


def downgrade() -> None:
    """Undo the change: what was asked of documents, and the tasks about them, are lost."""
    with op.batch_alter_table("document") as batch:
        batch.drop_constraint(op.f("fk_document_identification_id_identification_request"), type_="foreignkey")
        batch.drop_column("identification_id")
    task, comment = (
        sa.table("review_task", sa.column("id"), sa.column("kind")),
        sa.table("task_comment", sa.column("task_id")),
    )
    gone = sa.select(task.c.id).where(task.c.kind == "document")
    op.execute(sa.delete(comment).where(comment.c.task_id.in_(gone)))
    op.execute(sa.delete(task).where(task.c.kind == "document"))
    with op.batch_alter_table("review_task") as batch:
        batch.drop_constraint(op.f("ck_review_task_subject"), type_="check")
        batch.drop_constraint(op.f("ck_review_task_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_review_task_kind"), _FORMER)
        batch.drop_constraint(op.f("uq_review_task_identification_id"), type_="unique")
        batch.drop_constraint(op.f("fk_review_task_identification_id_identification_request"), type_="foreignkey")
        batch.drop_column("identification_id")
        batch.alter_column("candidate_identity_id", existing_type=BigId, nullable=False)
        batch.alter_column("source_identity_id", existing_type=BigId, nullable=False)
    op.drop_table("identification_request")
