"""The officers' work: operations on persons that can be undone, tasks that are claimed, deferred and commented."""

import sqlalchemy as sa
from alembic import op

from hub.db import BigId, Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('duplicate','margin','collision','changed','ins','death','limited')"
_FORMER_KINDS = "kind IN ('duplicate','changed')"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "person_operation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        *(sa.Column(name, BigId, nullable=name != "person_id") for name in _PERSONS),
        sa.Column("undoes_id", BigId, nullable=True),
        sa.Column("task_id", BigId, nullable=True),
        sa.Column("identity_ids", Json, nullable=False),
        sa.Column("seen", Json, nullable=False),
        sa.Column("remembers", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=1000), nullable=True),
        sa.CheckConstraint("kind IN ('merge','split','move','undo')", name=op.f("ck_person_operation_kind")),
        sa.CheckConstraint("state IN ('proposed','done','refused','undone')", name=op.f("ck_person_operation_state")),
        sa.CheckConstraint(
            "absorbed_id IS NULL OR absorbed_id <> person_id", name=op.f("ck_person_operation_two_persons")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> proposed_by", name=op.f("ck_person_operation_four_eyes")
        ),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_person_operation_{name}_person"))
            for name in _PERSONS
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["person_operation.id"], name=op.f("fk_person_operation_undoes_id_person_operation")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["review_task.id"], name=op.f("fk_person_operation_task_id_review_task")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_operation")),
    )
    op.create_index("ix_person_operation_person", "person_operation", ["person_id"])
    op.create_index("ix_person_operation_absorbed", "person_operation", ["absorbed_id"])
    op.create_index("ix_person_operation_state", "person_operation", ["state", "id"])
    kind = "bigint" if op.get_bind().dialect.name == "postgresql" else "integer"
    # One statement on both engines: SQLite would otherwise copy a table that all others name.
    op.execute(
        f"ALTER TABLE person ADD COLUMN merged_into_id {kind}"
        " CONSTRAINT fk_person_merged_into_id_person REFERENCES person (id)"
    )
    op.create_index("ix_person_merged_into", "person", ["merged_into_id"])
    with op.batch_alter_table("link_event") as batch:
        batch.add_column(sa.Column("operation_id", BigId, nullable=True))
        batch.create_foreign_key(
            op.f("fk_link_event_operation_id_person_operation"), "person_operation", ["operation_id"], ["id"]
        )
    op.create_index("ix_link_event_operation", "link_event", ["operation_id"])
    op.add_column("organization", sa.Column("trust", sa.SmallInteger(), nullable=False, server_default="5"))
    with op.batch_alter_table("distinct_pair") as batch:
        batch.add_column(sa.Column("relation", sa.String(length=10), nullable=True))
        batch.add_column(sa.Column("reason", sa.String(length=1000), nullable=True))
        batch.add_column(sa.Column("expires_at", UtcDateTime(), nullable=True))
    _widen_tasks()
    op.create_table(
        "task_comment",
        sa.Column("id", BigId, nullable=False),
        sa.Column("task_id", BigId, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_task_comment_task_id_review_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_comment")),
    )
    op.create_index("ix_task_comment_task", "task_comment", ["task_id"])
    op.create_table(
        "saved_filter",
        sa.Column("id", BigId, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("staff_id", "name", name=op.f("uq_saved_filter_staff_id_name")),
    )


_PERSONS = ("person_id", "absorbed_id", "to_person_id")


def _widen_tasks() -> None:
    op.drop_index("ix_review_task_open", "review_task")
    with op.batch_alter_table("review_task") as batch:
        batch.drop_constraint(op.f("ck_review_task_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_review_task_kind"), _KINDS)
        batch.drop_constraint(op.f("uq_review_task_source_identity_id_candidate_identity_id"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_review_task_source_identity_id_candidate_identity_id_kind"),
            ["source_identity_id", "candidate_identity_id", "kind"],
        )
        batch.add_column(sa.Column("detail", Json, nullable=True))
        batch.add_column(sa.Column("priority", sa.SmallInteger(), nullable=True))
        batch.add_column(sa.Column("due_at", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("deferred_until", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("claimed_by", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("claimed_until", UtcDateTime(), nullable=True))
    # What waits already has the priority and, from now on, the delay of its kind.
    task = sa.table(
        "review_task", sa.column("kind"), sa.column("priority"), sa.column("due_at"), sa.column("created_at")
    )
    priority = sa.case((task.c.kind == "changed", 2), else_=6)
    op.execute(sa.update(task).values(priority=priority, due_at=task.c.created_at))
    with op.batch_alter_table("review_task") as batch:
        batch.alter_column("priority", nullable=False)
        batch.alter_column("due_at", nullable=False)
    op.create_index("ix_review_task_list", "review_task", ["state", "priority", "created_at", "id"])
    op.create_index("ix_review_task_candidate", "review_task", ["candidate_identity_id"])


def downgrade() -> None:
    """Undo the change; tasks of kinds that the former version does not know are lost."""
    op.drop_table("saved_filter")
    op.drop_table("task_comment")
    op.execute(sa.text("UPDATE link_event SET operation_id = NULL"))
    op.drop_index("ix_link_event_operation", "link_event")
    with op.batch_alter_table("link_event") as batch:
        batch.drop_constraint(op.f("fk_link_event_operation_id_person_operation"), type_="foreignkey")
        batch.drop_column("operation_id")
    op.drop_table("person_operation")
    op.execute(sa.text(f"DELETE FROM review_task WHERE NOT ({_FORMER_KINDS})"))  # noqa: S608 - a constant
    op.drop_index("ix_review_task_list", "review_task")
    op.drop_index("ix_review_task_candidate", "review_task")
    with op.batch_alter_table("review_task") as batch:
        batch.drop_constraint(op.f("uq_review_task_source_identity_id_candidate_identity_id_kind"), type_="unique")
        batch.create_unique_constraint(
            op.f("uq_review_task_source_identity_id_candidate_identity_id"),
            ["source_identity_id", "candidate_identity_id"],
        )
        batch.drop_constraint(op.f("ck_review_task_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_review_task_kind"), _FORMER_KINDS)
        for name in ("detail", "priority", "due_at", "deferred_until", "claimed_by", "claimed_until"):
            batch.drop_column(name)
    op.create_index("ix_review_task_open", "review_task", ["state", "score"])
    with op.batch_alter_table("distinct_pair") as batch:
        batch.drop_column("relation")
        batch.drop_column("reason")
        batch.drop_column("expires_at")
    op.drop_column("organization", "trust")
    op.drop_index("ix_person_merged_into", "person")
    with op.batch_alter_table("person") as batch:
        batch.drop_column("merged_into_id")
