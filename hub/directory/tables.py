"""Rows of the directory."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, UtcDateTime
from identity.survivorship import USUAL_TRUST


class Organization(Base):
    """A structure. One that feeds identities has a domain (the OID of its own patient numbers)."""

    __tablename__ = "organization"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("domain_oid"),
        sa.Index("ix_organization_search", "search_key"),
        sa.CheckConstraint("kind IN ('care','pharmacy')", name="kind"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(60))
    kind: Mapped[str] = mapped_column(sa.String(12), default="care")
    name: Mapped[str] = mapped_column(sa.String(200))
    finess: Mapped[str | None] = mapped_column(sa.String(9))
    domain_oid: Mapped[str | None] = mapped_column(sa.String(120))
    town: Mapped[str | None] = mapped_column(sa.String(120))
    mssante: Mapped[str | None] = mapped_column(sa.String(254))
    search_key: Mapped[str] = mapped_column(sa.String(320))
    # How far its identities are trusted against those of others of the same status (`identity.survivorship`).
    trust: Mapped[int] = mapped_column(sa.SmallInteger, default=USUAL_TRUST)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Professional(Base):
    """A health professional of the Annuaire Santé, by RPPS."""

    __tablename__ = "professional"
    __table_args__ = (sa.UniqueConstraint("rpps"), sa.Index("ix_professional_search", "search_key"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rpps: Mapped[str] = mapped_column(sa.String(11))
    family: Mapped[str] = mapped_column(sa.String(100))
    given: Mapped[str] = mapped_column(sa.String(100))
    profession: Mapped[str] = mapped_column(sa.String(4))
    speciality: Mapped[str | None] = mapped_column(sa.String(120))
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    town: Mapped[str | None] = mapped_column(sa.String(120))
    mssante: Mapped[str | None] = mapped_column(sa.String(254))
    search_key: Mapped[str] = mapped_column(sa.String(320))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
