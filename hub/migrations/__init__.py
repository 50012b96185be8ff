"""Database migrations (Alembic), up and down, on SQLite and PostgreSQL."""
