"""The keys that sign ID tokens (RS256, OpenID Connect Core 15.1), sealed in the database, made once."""

import json
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import RSAKey
from sqlalchemy.orm import Session

from hub import db
from hub.encryption import Vault
from hub.oidc.tables import SigningKey


def ensure(session: Session, vault: Vault) -> None:
    """Make a signing key when there is none in use."""
    if session.scalar(sa.select(SigningKey.kid).where(SigningKey.retired_at.is_(None)).limit(1)) is None:
        add(session, vault)


def add(session: Session, vault: Vault) -> str:
    """Make a new signing key; the newest one signs, older ones still verify until retired."""
    key = RSAKey.generate_key(2048, private=True)
    kid = key.thumbprint()[:24]
    private = key.as_dict(private=True) | {"kid": kid, "use": "sig", "alg": "RS256"}
    session.add(
        SigningKey(
            kid=kid,
            private_key=vault.seal(json.dumps(private).encode(), f"signing:{kid}"),
            public_jwk=dict(key.as_dict(private=False) | {"kid": kid, "use": "sig", "alg": "RS256"}),
            created_at=db.now(session),
        )
    )
    return kid


def signing_key(session: Session, vault: Vault) -> RSAKey:
    """Return the key that signs now."""
    query = (
        sa.select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc()).limit(1)
    )
    row = session.scalars(query).one()
    return RSAKey.import_key(json.loads(vault.open(row.private_key, f"signing:{row.kid}")))


def public_keys(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Return the JWKS that relying parties verify with."""
    rows = session.scalars(sa.select(SigningKey).where(SigningKey.retired_at.is_(None)))
    return {"keys": [row.public_jwk for row in rows]}
