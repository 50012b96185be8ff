"""What a patient receives: the documents of an account, and the receipts that reading them leaves (L9).

The link is followed at each reading: document, identity, person, account. A document whose identity left the person,
was withdrawn or is held is not shown, whatever was delivered before.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub import db
from hub.accounts.tables import PortalAccount
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.directory import organizations
from hub.documents import deposit
from hub.documents.tables import Document
from hub.errors import Conflict, NotFound
from hub.registry.tables import SourceIdentity
from hub.routing.tables import Delivery
from hub.routing.values import DeliveryState


class Suspended(Conflict):
    """A document is not shown for now: officers verify the identity that it is about, or that of the account."""

    def __init__(self) -> None:
        super().__init__("Ce document est momentanément indisponible.")


@dataclass(frozen=True, slots=True)
class ReceivedView:
    """A document as its patient sees it."""

    delivery_id: int
    document: deposit.DocumentView
    sender: str
    sent_at: datetime
    read_at: datetime | None


def received(session: Session, account_id: int) -> list[ReceivedView]:
    """Return the documents delivered to an account that are still about its person, latest first.

    The link is followed at each reading: a document whose identity left the person, or is under verification,
    is not shown.
    """
    return [_received(session, *found) for found in session.execute(_received_query(account_id))]


def received_one(session: Session, account_id: int, delivery_id: int) -> ReceivedView:
    """Return one document of an account; raise `NotFound`, or `Suspended` while an identity is verified."""
    found = session.execute(_received_query(account_id).where(Delivery.id == delivery_id)).one_or_none()
    if found is not None:
        return _received(session, *found)
    if session.scalar(_suspended_query(account_id).where(Delivery.id == delivery_id)) is not None:
        raise Suspended
    raise NotFound("Ce document n'est pas dans votre espace.")


def has_suspended(session: Session, account_id: int) -> bool:
    """Tell whether something delivered to an account is not shown while officers verify an identity."""
    return session.scalar(_suspended_query(account_id).limit(1)) is not None


def _suspended_query(account_id: int) -> sa.Select[int]:
    about, own = aliased(SourceIdentity), aliased(SourceIdentity)
    is_held = sa.or_(about.held.is_(True), own.held.is_(True))
    query = _of_person(account_id, about, own).where(is_held)
    return query.with_only_columns(Delivery.id)


def _received_query(account_id: int) -> sa.Select[Delivery, Document, int]:
    about, own = aliased(SourceIdentity), aliased(SourceIdentity)
    query = _of_person(account_id, about, own).where(about.held.is_(False), own.held.is_(False))
    return query.order_by(Delivery.id.desc())


def _of_person(
    account_id: int, about: type[SourceIdentity], own: type[SourceIdentity]
) -> sa.Select[Delivery, Document, int]:
    """Choose what was delivered to an account and is about the person that it is of now."""
    return (
        sa.select(Delivery, Document, Document.organization_id)
        .join(Document, Document.id == Delivery.document_id)
        .join(about, about.id == Document.source_identity_id)
        .join(PortalAccount, PortalAccount.id == Delivery.account_id)
        .join(own, own.id == PortalAccount.source_identity_id)
        .where(
            Delivery.account_id == account_id,
            PortalAccount.state == "active",
            about.person_id == own.person_id,
        )
    )


def _received(session: Session, row: Delivery, document: Document, organization_id: int) -> ReceivedView:
    sender = organizations.by_id(session, organization_id).name
    return ReceivedView(row.id, deposit.as_value(document), sender, row.queued_at, row.read_at)


def mark_delivered(session: Session, account_id: int) -> None:
    """Note that the patient has come and seen the list: what was sent has arrived."""
    moment = db.now(session)
    shown = _received_query(account_id).with_only_columns(Delivery.id).order_by(None)
    statement = sa.update(Delivery).where(
        Delivery.id.in_(shown), Delivery.state.in_((DeliveryState.QUEUED.value, DeliveryState.SENT.value))
    )
    values = {"state": DeliveryState.DELIVERED.value, "delivered_at": moment, "reason": None, "next_try_at": None}
    session.execute(statement.values(**values).execution_options(synchronize_session=False))


def mark_read(session: Session, account_id: int, delivery_id: int, trail: Trail, actor: Actor) -> None:
    """Note the first reading by the patient (L9); record every reading in the trail."""
    item = received_one(session, account_id, delivery_id)
    moment = db.now(session)
    statement = sa.update(Delivery).where(Delivery.id == delivery_id, Delivery.read_at.is_(None))
    values = {
        "state": DeliveryState.READ.value,
        "read_at": moment,
        "delivered_at": sa.func.coalesce(Delivery.delivered_at, moment),
        "reason": None,
    }
    session.execute(statement.values(**values).execution_options(synchronize_session=False))
    detail: dict[str, str | int | bool | None] = {"delivery": delivery_id}
    trail.record(session, Entry(actor, "document.read", Subject("document", item.document.id), detail))
