"""Rows of the authorization server. Codes and tokens are stored as keyed hashes."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, BigId, Json, UtcDateTime


class SoftwareClient(Base):
    """Practice software of one structure (SMART Backend Services): its public keys and what it may do."""

    __tablename__ = "software_client"
    __table_args__ = (sa.UniqueConstraint("client_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(48))
    name: Mapped[str] = mapped_column(sa.String(120))
    organization_id: Mapped[int] = mapped_column(sa.ForeignKey("organization.id"))
    jwks: Mapped[dict[str, Any]] = mapped_column(Json)
    scopes: Mapped[str] = mapped_column(sa.String(1000))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginClient(Base):
    """An application that lets patients log in through the hub (public client, code and PKCE S256)."""

    __tablename__ = "login_client"
    __table_args__ = (sa.UniqueConstraint("client_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(48))
    name: Mapped[str] = mapped_column(sa.String(120))
    redirect_uris: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClientAssertion(Base):
    """A client assertion that was used: the unique key makes a second use impossible (RFC 7523, jti)."""

    __tablename__ = "client_assertion"

    client_id: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    jti: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class AuthorizationCode(Base):
    """A code of the authorization-code flow: sixty seconds, once."""

    __tablename__ = "authorization_code"
    __table_args__ = (sa.UniqueConstraint("code_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    client_id: Mapped[str] = mapped_column(sa.String(48))
    redirect_uri: Mapped[str] = mapped_column(sa.String(500))
    scope: Mapped[str] = mapped_column(sa.String(200))
    nonce: Mapped[str | None] = mapped_column(sa.String(500))
    code_challenge: Mapped[str] = mapped_column(sa.String(128))
    account_id: Mapped[int] = mapped_column(sa.ForeignKey("portal_account.id"))
    auth_time: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(Base):
    """An access token of practice software (client credentials) or of a patient's log-in."""

    __tablename__ = "access_token"
    __table_args__ = (sa.UniqueConstraint("token_hash"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64))
    client_id: Mapped[str] = mapped_column(sa.String(48))
    scope: Mapped[str] = mapped_column(sa.String(1000))
    account_id: Mapped[int | None] = mapped_column(sa.ForeignKey("portal_account.id"))
    code_id: Mapped[int | None] = mapped_column(sa.ForeignKey("authorization_code.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigningKey(Base):
    """A key that signs ID tokens; its private half is sealed."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    private_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
