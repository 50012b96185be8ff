"""On PostgreSQL, an intake takes its locks and learns which of its numbers are known in one question."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# It takes locks as `hub.db.lock_all` does: the rows of `unnest` come, and lock, in the order of the arrays. Volatile,
# so that each statement in it sees what was committed while the one before waited (READ COMMITTED). Numbers of which
# none is known need no more than the other locks, which are taken at once.
_CLAIM_NUMBERS = """
    CREATE FUNCTION claim_numbers(
        names text[], domains text[], numbers text[], shared text[], alone text[]
    ) RETURNS SETOF bigint
    LANGUAGE plpgsql VOLATILE ROWS 1
    SET enable_seqscan = off SET jit = off SET max_parallel_workers_per_gather = 0
    SET plan_cache_mode = force_generic_plan
    AS $$ BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(names) AS one(name);
        RETURN QUERY SELECT id FROM source_identity
            JOIN unnest(domains, numbers) AS claimed(of_domain, of_number)
            ON source_identity.domain = of_domain AND source_identity.value = of_number;
        IF NOT FOUND THEN
            PERFORM pg_advisory_xact_lock_shared(hashtextextended(name, 0)) FROM unnest(shared) AS one(name);
            PERFORM pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(alone) AS one(name);
        END IF;
    END $$
"""


def upgrade() -> None:
    """Apply the change."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_CLAIM_NUMBERS)


def downgrade() -> None:
    """Undo the change."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION claim_numbers(text[], text[], text[], text[], text[])")
