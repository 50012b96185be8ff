"""What a bearer token stands for (RFC 6750)."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from fhir.scopes import Scope, parse_scopes
from hub import db
from hub.config import Settings
from hub.encryption import keyed_hash
from hub.oidc.tables import AccessToken, SoftwareClient


@dataclass(frozen=True, slots=True)
class SoftwareAccess:
    """Practice software with a live token: which, for which structure, with which scopes."""

    client_id: str
    organization_id: int
    scopes: frozenset[Scope]


def software_of(session: Session, token: str, settings: Settings) -> SoftwareAccess | None:
    """Return whom a token was given to, or None when it is unknown, expired, revoked or not software's."""
    query = (
        sa.select(AccessToken.client_id, AccessToken.scope, SoftwareClient.organization_id)
        .join(SoftwareClient, SoftwareClient.client_id == AccessToken.client_id)
        .where(
            AccessToken.token_hash == keyed_hash(settings, "token", token),
            AccessToken.expires_at > db.now(session),
            AccessToken.revoked_at.is_(None),
            SoftwareClient.revoked_at.is_(None),
        )
    )
    found = session.execute(query).one_or_none()
    return SoftwareAccess(found[0], found[2], parse_scopes(found[1])) if found else None


def account_of(session: Session, token: str, settings: Settings) -> int | None:
    """Return the portal account that a patient's token stands for, or None."""
    query = sa.select(AccessToken.account_id).where(
        AccessToken.token_hash == keyed_hash(settings, "token", token),
        AccessToken.expires_at > db.now(session),
        AccessToken.revoked_at.is_(None),
    )
    return session.scalar(query)
