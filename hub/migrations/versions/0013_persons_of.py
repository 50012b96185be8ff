"""On PostgreSQL, the persons of a few identities are found by a function, which is planned once for all."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Of an array the planner knows the length, and plans anew each time; of other lists it supposes far too much, and
# reads whole tables.
_PERSONS_OF = """
    CREATE FUNCTION persons_of(identities bigint[]) RETURNS SETOF bigint
    LANGUAGE plpgsql STABLE ROWS 8
    SET enable_seqscan = off SET jit = off SET max_parallel_workers_per_gather = 0
    SET plan_cache_mode = force_generic_plan
    AS $$ BEGIN RETURN QUERY
        SELECT DISTINCT person_id FROM source_identity WHERE id = ANY(identities);
    END $$
"""


def upgrade() -> None:
    """Apply the change."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_PERSONS_OF)


def downgrade() -> None:
    """Undo the change."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION persons_of(bigint[])")
