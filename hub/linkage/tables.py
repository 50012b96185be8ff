"""Rows of the linkage models. A text is never changed nor removed: every decision can be replayed with its model."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, Json, UtcDateTime


class LinkageModel(Base):
    """A model that somebody proposed; in force from its activation until a later one, or until it is taken back."""

    __tablename__ = "linkage_model"
    __table_args__ = (
        sa.UniqueConstraint("version"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="two_persons"),
        sa.CheckConstraint("(approved_by IS NULL) = (activated_at IS NULL)", name="approved"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(40))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    text: Mapped[str] = mapped_column(sa.Text)
    figures: Mapped[dict[str, Any] | None] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(sa.String(1000))
    proposed_by: Mapped[int] = mapped_column(sa.ForeignKey("staff_user.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_user.id"))
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff_user.id"))
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_reason: Mapped[str | None] = mapped_column(sa.String(1000))


class ShippedModel(Base):
    """A model that came with the hub (HUB_LINKAGE_MODEL) and decided here, or may have."""

    __tablename__ = "shipped_model"

    version: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    text: Mapped[str] = mapped_column(sa.Text)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime)
