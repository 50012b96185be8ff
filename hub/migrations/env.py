"""Alembic's environment: run by `hub.schema` on a connection it opened."""

from alembic import context

import hub.accounts.tables
import hub.audit.tables
import hub.directory.tables
import hub.documents.tables
import hub.insi.tables
import hub.linkage.tables
import hub.oidc.tables
import hub.outbox.tables
import hub.registry.tables
import hub.routing.tables
import hub.vigilance.tables  # noqa: F401 - each import adds its tables to the metadata
from hub.db import Base, described_for

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_object=described_for(connection.dialect.name),
)
with context.begin_transaction():
    context.run_migrations()
