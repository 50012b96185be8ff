"""Deaths told without a date, which an officer settled, and the date that they gave them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SOURCES = "date_source IN ('act','certificate','structure','file','family','other')"


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("recorded_death") as batch:
        batch.alter_column("death_date", existing_type=sa.String(length=10), nullable=True)
        batch.add_column(sa.Column("completed_date", sa.String(length=10), nullable=True))
        batch.add_column(sa.Column("date_source", sa.String(length=11), nullable=True))
        batch.create_check_constraint(op.f("ck_recorded_death_date_source"), _SOURCES)
    undated = sa.text("death_date IS NULL")
    op.create_index(
        "uq_recorded_death_undated",
        "recorded_death",
        ["source_identity_id", "teller"],
        unique=True,
        sqlite_where=undated,
        postgresql_where=undated,
    )


def downgrade() -> None:
    """Undo the change: what an officer settled of a death without a date is lost, unless they gave it one."""
    op.drop_index("uq_recorded_death_undated", "recorded_death")
    death = sa.table(
        "recorded_death", *map(sa.column, ("id", "source_identity_id", "teller", "death_date", "completed_date"))
    )
    other = death.alias()
    is_known = sa.exists().where(
        other.c.source_identity_id == death.c.source_identity_id,
        other.c.teller == death.c.teller,
        other.c.death_date == death.c.completed_date,
    )
    op.execute(
        sa.update(death).where(death.c.death_date.is_(None), ~is_known).values(death_date=death.c.completed_date)
    )
    op.execute(sa.delete(death).where(death.c.death_date.is_(None)))
    with op.batch_alter_table("recorded_death") as batch:
        batch.drop_constraint(op.f("ck_recorded_death_date_source"), type_="check")
        batch.drop_column("date_source")
        batch.drop_column("completed_date")
        batch.alter_column("death_date", existing_type=sa.String(length=10), nullable=False)
