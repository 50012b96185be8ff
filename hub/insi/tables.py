"""Rows of the questions asked of INSi."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, Json, UtcDateTime


class InsiCall(Base):
    """One question about one identity, and what became of the answer.

    `waiting`: to be asked, or asked again after a failure; `pending`: answered, somebody must accept or refuse;
    `closed`: answered, nothing to decide; `failed`: no answer after all tries.
    """

    __tablename__ = "insi_call"
    __table_args__ = (
        sa.Index("ix_insi_call_identity", "source_identity_id", "id"),
        sa.Index(
            "ix_insi_call_waiting",
            "source_identity_id",
            unique=True,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.CheckConstraint("kind IN ('retrieve','verify')", name="kind"),
        sa.CheckConstraint("state IN ('waiting','pending','closed','accepted','refused','failed')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    kind: Mapped[str] = mapped_column(sa.String(8))
    state: Mapped[str] = mapped_column(sa.String(8), default="waiting")
    code: Mapped[str | None] = mapped_column(sa.String(2))
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    failures: Mapped[int] = mapped_column(sa.Integer, default=0)
    failure: Mapped[str | None] = mapped_column(sa.String(24))
    requested_by: Mapped[str] = mapped_column(sa.String(80))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(sa.String(80))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
