"""Re-wrap every key under the active key-encryption key: documents, authenticators, signing keys, live codes."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.tables import OneTimeCode, StaffUser
from hub.documents.tables import Document
from hub.encryption import Vault
from hub.oidc.tables import SigningKey


def count(session: Session, vault: Vault) -> int:
    """Return how many keys are to be looked at."""
    stale = sa.select(sa.func.count()).select_from(Document).where(Document.kek_id != vault.active_key_id)
    total = session.scalar(stale) or 0
    for table in (StaffUser, SigningKey):
        total += session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    return total


def reseal_secrets(session: Session, vault: Vault) -> int:
    """Re-wrap the secrets kept in rows; return how many were looked at."""
    done = 0
    for member in session.scalars(sa.select(StaffUser)):
        member.totp_secret = vault.reseal(member.totp_secret, f"totp:{member.login}") or member.totp_secret
        done += 1
    for key in session.scalars(sa.select(SigningKey)):
        key.private_key = vault.reseal(key.private_key, f"signing:{key.kid}") or key.private_key
        done += 1
    live = sa.select(OneTimeCode).where(OneTimeCode.ended_at.is_(None), OneTimeCode.expires_at > db.now(session))
    for code in session.scalars(live):
        code.secret = vault.reseal(code.secret, f"code:{code.id}") or code.secret
    return done
