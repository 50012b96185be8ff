"""Blocking keys beside the identity, inverted by the database; crowded keys; decisions that were limited."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Where each key of a packed list begins: a trigger of SQLite has no loop, and blobs are cut from 1. An identity has
# 64 keys at most (`hub.registry.filing`).
_STARTS = str([4 * rank + 1 for rank in range(64)])
_INSERT = """
    INSERT OR IGNORE INTO blocking_key SELECT substr(NEW.blocking_keys, start.value, 4), NEW.id
    FROM json_each('STARTS') AS start WHERE start.value < length(NEW.blocking_keys)
""".replace("STARTS", _STARTS)
_DELETE = """
    DELETE FROM blocking_key WHERE source_identity_id = OLD.id AND key IN (
        SELECT substr(OLD.blocking_keys, start.value, 4)
        FROM json_each('STARTS') AS start WHERE start.value < length(OLD.blocking_keys)
    )
""".replace("STARTS", _STARTS)
# The planner cannot know that keys are rare: left to itself it reads the whole table, or compiles and forks for a
# search of less than a millisecond.
_FILED_UNDER = """
    CREATE FUNCTION filed_under(wanted integer[]) RETURNS TABLE (key integer, identity_id bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET jit = off SET max_parallel_workers_per_gather = 0
    SET plan_cache_mode = force_generic_plan
    AS $$ BEGIN RETURN QUERY
        SELECT one.key, identity.id FROM unnest(wanted) AS one(key)
        JOIN source_identity AS identity ON identity.blocking_keys @> ARRAY[one.key];
    END $$
"""


def upgrade() -> None:
    """Apply the change. Identities are filed by `hub identities reindex`, which knows the keys."""
    op.drop_table("blocking_key")
    op.create_table(
        "crowded_key",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("crowded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_crowded_key")),
    )
    op.create_table(
        "key_index",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", sa.String(length=32), nullable=False),
        sa.Column("next_definition", sa.String(length=32), nullable=True),
        sa.Column("rebuilt_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_index")),
    )
    op.add_column("linkage_decision", sa.Column("limited", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_linkage_decision_limited",
        "linkage_decision",
        ["id"],
        sqlite_where=sa.text("limited"),
        postgresql_where=sa.text("limited"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("source_identity", sa.Column("blocking_keys", postgresql.ARRAY(sa.Integer()), nullable=True))
        op.create_index(
            "ix_source_identity_blocking_keys",
            "source_identity",
            ["blocking_keys"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
        op.execute(_FILED_UNDER)
        return
    op.add_column("source_identity", sa.Column("blocking_keys", sa.LargeBinary(), nullable=True))
    op.execute(
        "CREATE TABLE blocking_key (key BLOB NOT NULL, source_identity_id INTEGER NOT NULL, "
        "PRIMARY KEY (key, source_identity_id)) WITHOUT ROWID"
    )
    op.execute(
        "CREATE TRIGGER source_identity_filed AFTER INSERT ON source_identity "
        f"WHEN NEW.blocking_keys IS NOT NULL BEGIN {_INSERT}; END"
    )
    op.execute(
        "CREATE TRIGGER source_identity_refiled AFTER UPDATE OF blocking_keys ON source_identity "
        f"WHEN NEW.blocking_keys IS NOT OLD.blocking_keys BEGIN {_DELETE}; {_INSERT}; END"
    )
    op.execute(f"CREATE TRIGGER source_identity_unfiled AFTER DELETE ON source_identity BEGIN {_DELETE}; END")


def downgrade() -> None:
    """Undo the change; the keys are not brought back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION filed_under(integer[])")
        op.drop_index("ix_source_identity_blocking_keys", "source_identity")
    else:
        for name in ("source_identity_filed", "source_identity_refiled", "source_identity_unfiled"):
            op.execute(f"DROP TRIGGER {name}")
        op.drop_table("blocking_key")
    op.execute("ALTER TABLE source_identity DROP COLUMN blocking_keys")
    op.drop_index("ix_linkage_decision_limited", "linkage_decision")
    op.execute("ALTER TABLE linkage_decision DROP COLUMN limited")
    op.drop_table("key_index")
    op.drop_table("crowded_key")
    op.create_table(
        "blocking_key",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "source_identity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["source_identity_id"], ["source_identity.id"], name=op.f("fk_blocking_key_source_identity_id")
        ),
        sa.PrimaryKeyConstraint("key", "source_identity_id", name=op.f("pk_blocking_key")),
    )
    op.create_index("ix_blocking_key_identity", "blocking_key", ["source_identity_id"])
