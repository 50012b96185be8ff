"""The link of a patient's notice: made when the e-mail is first written, good for 30 days (L7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import portal_accounts
from hub.accounts.portal_accounts import Account, AccountState
from hub.accounts.tables import Invitation, PortalAccount
from hub.config import Settings
from hub.encryption import keyed_hash, link_token, new_link_token
from hub.errors import NotFound
from hub.outbox import queue
from hub.registry.tables import SourceIdentity
from hub.routing.tables import Delivery, Notice

DECEASED = (
    "Décès du patient signalé : aucun avis ne lui est envoyé. Le document reste dans son espace santé ; "
    "l'avis partira si le décès est démenti."
)
"""Why a notice was cancelled, as its sender sees it; what was cancelled so leaves when the death is refuted."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """What a notice's link leads to."""

    delivery_id: int
    account: Account
    expires_at: datetime
    expired: bool


def token_of(session: Session, delivery_id: int, settings: Settings) -> str:
    """Return the token for a delivery's first notice, making it once: a repeated e-mail holds the same link."""
    row = session.scalar(sa.select(Notice).where(Notice.delivery_id == delivery_id, Notice.kind == "first"))
    if row is not None:
        return link_token(settings, "notice", row.nonce)
    fresh = new_link_token(settings, "notice")
    moment = db.now(session)
    values = {
        "delivery_id": delivery_id,
        "kind": "first",
        "token_hash": fresh.token_hash,
        "nonce": fresh.nonce,
        "created_at": moment,
        "expires_at": moment + timedelta(days=settings.notice_days),
    }
    if not db.insert_once(session, Notice, values, ["delivery_id", "kind"]):
        return token_of(session, delivery_id, settings)
    return fresh.token


def find(session: Session, token: str, settings: Settings) -> NoticeView:
    """Return what a link leads to; raise `NotFound` for a token that was never made."""
    query = sa.select(Notice).where(Notice.token_hash == keyed_hash(settings, "notice-hash", token))
    row = session.scalar(query)
    if row is None:
        raise NotFound("Ce lien n'existe pas. Vérifiez que vous l'avez copié en entier.")
    account_id = session.scalars(sa.select(Delivery.account_id).where(Delivery.id == row.delivery_id)).one()
    if account_id is None:
        raise NotFound("Ce lien n'existe pas. Vérifiez que vous l'avez copié en entier.")
    account = portal_accounts.by_id(session, account_id)
    return NoticeView(row.delivery_id, account, row.expires_at, row.expires_at <= db.now(session))


def invite_held_back(session: Session, person_id: int) -> None:
    """Enqueue anew the invitations of a person that never left and still hold."""
    moment = db.now(session)
    query = (
        sa.select(Invitation.id)
        .join(PortalAccount, PortalAccount.id == Invitation.account_id)
        .join(SourceIdentity, SourceIdentity.id == PortalAccount.source_identity_id)
        .where(
            SourceIdentity.person_id == person_id,
            PortalAccount.state == AccountState.INVITED.value,
            Invitation.sent_at.is_(None),
            Invitation.expires_at > moment,
        )
    )
    for number in list(session.scalars(query)):
        key = f"mail.invitation:{number}:{moment.timestamp():.0f}"
        queue.enqueue(session, "mail.invitation", {"invitation_id": number}, dedupe_key=key)
