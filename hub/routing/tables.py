"""Rows of routing."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, UtcDateTime


class Sending(Base):
    """A document on its way from a structure: prepared step by step (draft), then sent to its recipients."""

    __tablename__ = "sending"
    __table_args__ = (
        sa.Index("ix_sending_organization", "organization_id", "state", "id"),
        sa.CheckConstraint("state IN ('draft','sent','cancelled')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff_user.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    copy_to_patient: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(sa.String(10), default="draft")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SendingRecipient(Base):
    """A correspondent chosen from the directory for a sending."""

    __tablename__ = "sending_recipient"

    sending_id: Mapped[int] = mapped_column(sa.ForeignKey("sending.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    correspondent_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)


class Delivery(Base):
    """One document to one recipient by one channel, and how far it came."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("sending_id", "recipient_kind", "recipient_id"),
        sa.Index("ix_delivery_account", "account_id", "id"),
        sa.CheckConstraint("state IN ('queued','sent','failed','delivered','read')", name="state"),
        sa.CheckConstraint("channel IN ('portal','mssante')", name="channel"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sending_id: Mapped[int] = mapped_column(sa.ForeignKey("sending.id"))
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"))
    channel: Mapped[str] = mapped_column(sa.String(10))
    recipient_kind: Mapped[str] = mapped_column(sa.String(12))
    recipient_id: Mapped[int] = mapped_column(sa.BigInteger)
    recipient_name: Mapped[str] = mapped_column(sa.String(220))
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("portal_account.id"))
    state: Mapped[str] = mapped_column(sa.String(10), default="queued")
    reason: Mapped[str | None] = mapped_column(sa.String(300))
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    round: Mapped[int] = mapped_column(sa.Integer, default=1)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Notice(Base):
    """The link in a patient's e-mail about one delivery: it gives no right, it leads to the log-in (L7)."""

    __tablename__ = "notice"
    __table_args__ = (sa.UniqueConstraint("token_hash"), sa.UniqueConstraint("delivery_id", "kind"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(sa.ForeignKey("delivery.id"))
    kind: Mapped[str] = mapped_column(sa.String(12), default="first")
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    nonce: Mapped[str] = mapped_column(sa.String(43))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
