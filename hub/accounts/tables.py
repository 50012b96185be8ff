"""Rows of accounts. Tokens and codes are stored as keyed hashes or sealed, never in clear."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, UtcDateTime


class StaffUser(Base):
    """Somebody who works with the hub: in a structure (practice) or at the regional agency (officer)."""

    __tablename__ = "staff_user"
    __table_args__ = (
        sa.UniqueConstraint("login"),
        sa.CheckConstraint("role IN ('practice','officer')", name="role"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(254))
    name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(12))
    organization_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organization.id"))
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    totp_secret: Mapped[bytes] = mapped_column(sa.LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PortalAccount(Base):
    """A patient's access to the portal, opened by a structure on one of its identities of that patient.

    The person is the one that identity is linked to: when links move, the account follows its identity.
    """

    __tablename__ = "portal_account"
    __table_args__ = (
        sa.Index("ix_portal_account_email", "email"),
        sa.Index("ix_portal_account_identity", "source_identity_id"),
        sa.CheckConstraint("state IN ('invited','active','closed')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_identity_id: Mapped[int] = mapped_column(sa.ForeignKey("source_identity.id"))
    email: Mapped[str] = mapped_column(sa.String(254))
    mobile: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(8), default="invited")
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    subject: Mapped[str] = mapped_column(sa.String(32), unique=True)
    created_by: Mapped[int] = mapped_column(sa.ForeignKey("staff_user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Consent(Base):
    """The consent to open the account: its text version, who signed, who recorded it, how and when."""

    __tablename__ = "consent"
    __table_args__ = (sa.Index("ix_consent_account", "account_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("portal_account.id"))
    text_version: Mapped[str] = mapped_column(sa.String(40))
    text_digest: Mapped[str] = mapped_column(sa.String(64))
    signatory: Mapped[str] = mapped_column(sa.String(16))
    channel: Mapped[str] = mapped_column(sa.String(16))
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff_user.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(Base):
    """A link that lets its receiver activate one account.

    The token is derived from the nonce under a key outside the database; only its hash is kept.
    """

    __tablename__ = "invitation"
    __table_args__ = (sa.UniqueConstraint("token_hash"), sa.Index("ix_invitation_account", "account_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("portal_account.id"))
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    nonce: Mapped[str] = mapped_column(sa.String(43))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OneTimeCode(Base):
    """A code sent by SMS to prove that a mobile is in hand. The HOTP secret is sealed; the code is not stored."""

    __tablename__ = "one_time_code"
    __table_args__ = (sa.Index("ix_one_time_code_account", "account_id", "created_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("portal_account.id"))
    session_hash: Mapped[str] = mapped_column(sa.String(64))
    mobile_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    secret: Mapped[bytes] = mapped_column(sa.LargeBinary)
    tries_left: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BrowserSession(Base):
    """A browser that is logged in to one space (practice, agency, portal) or to the OIDC provider."""

    __tablename__ = "browser_session"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index("ix_browser_session_subject", "space", "subject_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    space: Mapped[str] = mapped_column(sa.String(10))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    level: Mapped[str] = mapped_column(sa.String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When whoever is logged in last proved again who they are, before an act that cannot wait for a doubt.
    proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AttemptCounter(Base):
    """How often something was tried in a window of time, counted by one conditional UPDATE."""

    __tablename__ = "attempt_counter"

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    window_ends: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int] = mapped_column(sa.Integer)
