"""Sendings: prepared step by step, sent once, followed until read (M8, L9, L10).

A draft is kept at each step, so that a lock, a crash or a detour through account creation (M9) loses nothing.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import portal_accounts
from hub.accounts.tables import PortalAccount
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.directory import correspondents
from hub.directory.values import Correspondent, CorrespondentKind
from hub.documents import deposit
from hub.documents.tables import Document
from hub.errors import Conflict, Invalid, NotFound
from hub.outbox import queue
from hub.registry import death_checks, identification, identities
from hub.registry.identification import Asking, Identification, RequestState
from hub.registry.tables import IdentificationRequest, SourceIdentity
from hub.registry.values import StoredIdentity
from hub.routing import notices, recipients
from hub.routing.tables import Delivery, Sending, SendingRecipient
from hub.routing.values import (
    ChannelName,
    DeliveryState,
    DeliveryView,
    Draft,
    PatientCopy,
    Plan,
    PlannedDelivery,
    RecipientKind,
)
from identity.traits import Traits

PAGE = 25
MOST_RECIPIENTS = 20
_INACTIVE = "Cette identité n'est plus active dans votre structure : cherchez de nouveau le patient."


def open_draft(session: Session, stored: deposit.StoredBytes, organization_id: int, staff_id: int) -> int:
    """Begin a sending with a stored file; return the sending's id."""
    document = deposit.add(session, stored, organization_id, staff_id)
    row = Sending(
        organization_id=organization_id,
        staff_id=staff_id,
        document_id=document.id,
        created_at=db.now(session),
    )
    session.add(row)
    session.flush()  # the id is the address of the next page
    return row.id


def draft(session: Session, sending_id: int, organization_id: int) -> Draft:
    """Return a draft of the structure; raise `NotFound`, or `Conflict` when it has left already.

    The draft is locked: what is changed on it next cannot change while it leaves, or after.
    """
    row = _own(session, sending_id, organization_id, locked=True)
    if row.state != "draft":
        raise Conflict("Cet envoi est déjà parti.")
    return _draft(session, row)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A sending to go on with: the document's name, when it was begun, how far its identification came if asked."""

    id: int
    title: str
    begun_at: datetime
    identification: RequestState | None


def drafts(session: Session, organization_id: int, staff_id: int) -> list[Unfinished]:
    """Return the member's unfinished sendings, latest first."""
    asked = sa.case((Document.source_identity_id.is_(None), IdentificationRequest.state))
    query = (
        sa.select(Sending.id, Document.title, Sending.created_at, asked)
        .join(Document, Document.id == Sending.document_id)
        .outerjoin(IdentificationRequest, IdentificationRequest.id == Document.identification_id)
        .where(Sending.organization_id == organization_id, Sending.staff_id == staff_id, Sending.state == "draft")
        .order_by(Sending.id.desc())
        .limit(50)
    )
    return [
        Unfinished(number, title, begun_at, RequestState(state) if state else None)
        for number, title, begun_at, state in session.execute(query)
    ]


def ask_identification(
    session: Session, item: Draft, traits: Traits, message: str, staff_id: int, trail: Trail, actor: Actor
) -> None:
    """Ask the agency whose the document is; raise `Invalid`, or `Conflict` while it is asked already."""
    asked = identification_of(session, item)
    if asked is not None and asked.state is RequestState.OPEN:
        raise Conflict("L'agence régionale cherche déjà de qui est ce document.")
    asking = Asking(organization_id=item.organization_id, traits=traits, message=message, staff_id=staff_id)
    deposit.change(session, item.document_id, identification_id=identification.ask(session, asking, trail, actor))


def identification_of(session: Session, item: Draft) -> Identification | None:
    """Return what was last asked of a draft's document, unless it was withdrawn."""
    asked = deposit.by_id(session, item.document_id).identification_id
    found = identification.one(session, asked) if asked is not None else None
    return found if found is None or found.state is not RequestState.WITHDRAWN else None


def withdraw_identification(session: Session, item: Draft, trail: Trail, actor: Actor) -> None:
    """Ask no longer whose the document is; nothing happens once the agency has answered."""
    asked = deposit.by_id(session, item.document_id).identification_id
    if asked is not None:
        identification.withdraw(session, asked, trail, actor)


def describe_document(session: Session, item: Draft, title: str, type_code: str) -> None:
    """Set the document's name and type."""
    deposit.change(session, item.document_id, title=deposit.clean_title(title), type_code=type_code)


def set_patient(session: Session, item: Draft, identity: StoredIdentity, trail: Trail, actor: Actor) -> None:
    """Say whose document it is: one of the structure's own identities. It is asked of nobody any more."""
    if identity.organization_id != item.organization_id:
        raise Conflict("Cette identité n'est pas celle de votre structure.")
    if not identity.active:
        raise Conflict(_INACTIVE)
    deposit.change(session, item.document_id, source_identity_id=identity.id)
    withdraw_identification(session, item, trail, actor)


def add_recipient(session: Session, item: Draft, kind: CorrespondentKind, correspondent_id: int) -> None:
    """Add a correspondent of the directory; adding twice changes nothing."""
    correspondents.find(session, kind, correspondent_id)
    if len(item.recipients) >= MOST_RECIPIENTS:
        raise Invalid(f"Un envoi compte au plus {MOST_RECIPIENTS} destinataires.", "recipient")
    values = {"sending_id": item.id, "kind": kind.value, "correspondent_id": correspondent_id}
    db.insert_once(session, SendingRecipient, values, ["sending_id", "kind", "correspondent_id"])


def remove_recipient(session: Session, item: Draft, kind: CorrespondentKind, correspondent_id: int) -> None:
    """Remove a correspondent; removing twice changes nothing."""
    session.execute(
        sa.delete(SendingRecipient).where(
            SendingRecipient.sending_id == item.id,
            SendingRecipient.kind == kind.value,
            SendingRecipient.correspondent_id == correspondent_id,
        )
    )


def set_copy(session: Session, item: Draft, wanted: bool) -> None:
    """Tick or untick "copie au patient"."""
    session.execute(sa.update(Sending).where(Sending.id == item.id).values(copy_to_patient=wanted))


def cancel(session: Session, item: Draft, trail: Trail, actor: Actor) -> None:
    """Give up a draft; its document is kept, unsent, until the retention rules remove it."""
    session.execute(
        sa.update(Sending).where(Sending.id == item.id, Sending.state == "draft").values(state="cancelled")
    )
    withdraw_identification(session, item, trail, actor)
    trail.record(session, Entry(actor, "sending.cancel", Subject("sending", item.id)))


def preview(session: Session, item: Draft) -> Plan:
    """Return what sending this draft would do now; raise `Invalid` without a patient."""
    document = deposit.by_id(session, item.document_id)
    if document.source_identity_id is None:
        raise Invalid("Choisissez d'abord le patient.", "patient")
    identity = identities.by_id(session, document.source_identity_id)
    patient = _patient_copy(session, identity) if item.copy_to_patient else None
    is_deceased = death_checks.is_silent(session, identity.person_id)
    return recipients.plan(item.recipients, patient, identity_held=identity.held, is_deceased=is_deceased)


def fingerprint(session: Session, item: Draft) -> str:
    """Return a digest of all that sending this draft would do: only what the summary showed may leave."""
    document = deposit.by_id(session, item.document_id)
    identity = identities.by_id(session, document.source_identity_id) if document.source_identity_id else None
    told = [
        document.sha256,
        document.title,
        document.type_code,
        (identity.id, identity.version, identity.person_id) if identity else None,
        [(entry.kind, entry.id, entry.address) for entry in item.recipients],
        [(entry.kind, entry.recipient_id, entry.channel) for entry in preview(session, item).deliveries],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def send(
    session: Session, sending_id: int, organization_id: int, trail: Trail, actor: Actor, *, seen: str | None = None
) -> Plan:
    """Send a draft: one delivery and one job for each recipient, in the caller's transaction.

    `seen` is the fingerprint of the summary that the sender had before their eyes. Raise `Invalid` when something is
    missing or is no longer what was seen, `Conflict` when it has left already (a second click sends nothing).
    """
    query = sa.select(Sending).where(Sending.id == sending_id).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None or row.organization_id != organization_id:
        raise NotFound("Cet envoi n'existe pas.")
    if row.state != "draft":
        raise Conflict("Cet envoi est déjà parti.")
    item = _draft(session, row)
    document = deposit.by_id(session, item.document_id)
    if document.source_identity_id is None:
        raise Invalid("Choisissez d'abord le patient.", "patient")
    if document.type_code is None:
        raise Invalid("Choisissez d'abord le type du document.", "type")
    identity = identities.by_id(session, document.source_identity_id)
    if not identity.active:
        raise Invalid(_INACTIVE, "patient")
    if seen is not None and seen != fingerprint(session, item):
        raise Invalid("L'envoi a changé depuis que cette page s'est affichée : vérifiez-le, puis envoyez.", "seen")
    planned = preview(session, item)
    if planned.refusals:
        raise Invalid(planned.refusals[0].message, planned.refusals[0].code)
    for delivery in planned.deliveries:
        _queue(session, row, delivery)
    row.state = "sent"
    row.sent_at = db.now(session)
    death_checks.note_document(session, identity.id, identity.person_id)
    detail: dict[str, str | int | bool | None] = {
        "document": document.id,
        "identity": document.source_identity_id,
        "deliveries": len(planned.deliveries),
        "copy": item.copy_to_patient,
    }
    trail.record(session, Entry(actor, "sending.send", Subject("sending", row.id), detail))
    return planned


def _queue(session: Session, sending: Sending, planned: PlannedDelivery) -> None:
    row = Delivery(
        sending_id=sending.id,
        document_id=sending.document_id,
        channel=planned.channel.value,
        recipient_kind=planned.kind.value,
        recipient_id=planned.recipient_id,
        recipient_name=planned.name[:220],
        account_id=planned.account_id,
        queued_at=db.now(session),
    )
    session.add(row)
    session.flush()  # the job names the delivery
    queue.enqueue(session, f"deliver.{row.channel}", {"delivery_id": row.id}, dedupe_key=f"deliver:{row.id}:1")


def send_again(session: Session, delivery_id: int, organization_id: int, trail: Trail, actor: Actor) -> None:
    """Queue a failed delivery anew (L10); raise `Conflict` unless it failed."""
    query = (
        sa.select(Delivery)
        .join(Sending, Sending.id == Delivery.sending_id)
        .where(Delivery.id == delivery_id, Sending.organization_id == organization_id)
        .with_for_update(of=Delivery)
    )
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("Cette remise n'existe pas.")
    if row.state != DeliveryState.FAILED.value:
        raise Conflict("Cette remise n'est pas en échec : il n'y a rien à renvoyer.")
    if row.account_id is not None:
        account = portal_accounts.by_id(session, row.account_id)
        if death_checks.is_silent(session, account.person_id):
            raise Conflict(notices.DECEASED)
    about = deposit.by_id(session, row.document_id).source_identity_id
    if about is not None and identities.by_id(session, about).held:
        raise Conflict(recipients.HELD.message)
    _queue_again(session, row)
    trail.record(session, Entry(actor, "delivery.again", Subject("delivery", row.id)))


def _queue_again(session: Session, row: Delivery) -> None:
    row.state = DeliveryState.QUEUED.value
    row.reason = None
    row.round += 1
    row.queued_at = db.now(session)
    key = f"deliver:{row.id}:{row.round}"
    queue.enqueue(session, f"deliver.{row.channel}", {"delivery_id": row.id}, dedupe_key=key)


def send_held_back(session: Session, person_id: int, trail: Trail, actor: Actor) -> int:
    """Queue anew the notices and invitations that a death stopped, once it was refuted; return how many notices."""
    notices.invite_held_back(session, person_id)
    own = (
        sa.select(PortalAccount.id)
        .join(SourceIdentity, SourceIdentity.id == PortalAccount.source_identity_id)
        .where(SourceIdentity.person_id == person_id)
    )
    query = sa.select(Delivery).where(
        Delivery.account_id.in_(own),
        Delivery.state == DeliveryState.FAILED.value,
        Delivery.reason == notices.DECEASED,
    )
    rows = list(session.scalars(query.order_by(Delivery.id).with_for_update()))
    for row in rows:
        _queue_again(session, row)
        trail.record(session, Entry(actor, "delivery.again", Subject("delivery", row.id)))
    return len(rows)


def last_sent(session: Session, identity_ids: Collection[int]) -> Mapping[int, datetime]:
    """Return when the last document about each identity left."""
    query = (
        sa.select(Document.source_identity_id, sa.func.max(Sending.sent_at))
        .join(Sending, Sending.document_id == Document.id)
        .where(Document.source_identity_id.in_(identity_ids), Sending.sent_at.is_not(None))
        .group_by(Document.source_identity_id)
    )
    return {identity_id: moment for identity_id, moment in session.execute(query) if identity_id and moment}


@dataclass(frozen=True, slots=True)
class SentView:
    """A sending as listed: its document, whose it is, and each delivery."""

    id: int
    document: deposit.DocumentView
    identity: StoredIdentity
    staff_id: int
    sent_at: datetime
    deliveries: tuple[DeliveryView, ...]

    @property
    def has_failure(self) -> bool:
        """Tell whether a delivery failed."""
        return any(item.state is DeliveryState.FAILED for item in self.deliveries)


def sent(session: Session, organization_id: int, page: int, *, failed_only: bool = False) -> list[SentView]:
    """Return a page (25) of the structure's sendings, latest first."""
    query = sa.select(Sending).where(Sending.organization_id == organization_id, Sending.state == "sent")
    if failed_only:
        query = query.where(Sending.id.in_(sa.select(Delivery.sending_id).where(Delivery.state == "failed")))
    rows = session.scalars(query.order_by(Sending.id.desc()).limit(PAGE).offset(PAGE * (page - 1)))
    return [_sent(session, row) for row in rows]


def sent_about(session: Session, identity_id: int, organization_id: int) -> list[SentView]:
    """Return the last sendings (25) of the structure about one of its patients, latest first."""
    query = (
        sa.select(Sending)
        .join(Document, Document.id == Sending.document_id)
        .where(
            Sending.organization_id == organization_id,
            Sending.state == "sent",
            Document.source_identity_id == identity_id,
        )
        .order_by(Sending.id.desc())
        .limit(PAGE)
    )
    return [_sent(session, row) for row in session.scalars(query)]


def sent_one(session: Session, sending_id: int, organization_id: int) -> SentView:
    """Return one sending of the structure; raise `NotFound`."""
    row = _own(session, sending_id, organization_id)
    if row.state != "sent":
        raise NotFound("Cet envoi n'existe pas.")
    return _sent(session, row)


def count_failures(session: Session, organization_id: int) -> int:
    """Return how many deliveries of the structure failed and wait for somebody (the bell, L10).

    Nobody can do anything about a notice that a death stopped: it is shown with its sending only.
    """
    query = (
        sa.select(sa.func.count())
        .select_from(Delivery)
        .join(Sending, Sending.id == Delivery.sending_id)
        .where(
            Sending.organization_id == organization_id,
            Delivery.state == DeliveryState.FAILED.value,
            Delivery.reason.is_distinct_from(notices.DECEASED),
        )
    )
    return session.scalar(query) or 0


def _own(session: Session, sending_id: int, organization_id: int, *, locked: bool = False) -> Sending:
    row = session.get(Sending, sending_id, with_for_update=locked or None, populate_existing=locked)
    if row is None or row.organization_id != organization_id:
        raise NotFound("Cet envoi n'existe pas.")
    return row


def _draft(session: Session, row: Sending) -> Draft:
    chosen = session.scalars(
        sa.select(SendingRecipient)
        .where(SendingRecipient.sending_id == row.id)
        .order_by(SendingRecipient.kind.desc(), SendingRecipient.correspondent_id)
    )
    found = (correspondents.still_there(session, CorrespondentKind(i.kind), i.correspondent_id) for i in chosen)
    people: list[Correspondent] = [item for item in found if item is not None]
    return Draft(row.id, row.organization_id, row.document_id, row.copy_to_patient, tuple(people))


def _patient_copy(session: Session, identity: StoredIdentity) -> PatientCopy:
    account = portal_accounts.of_person(session, identity.person_id)
    name = " ".join(part for part in (identity.traits.first_given_name, identity.traits.birth_name) if part)
    return PatientCopy(account.id if account else None, name)


def _sent(session: Session, row: Sending) -> SentView:
    document = deposit.by_id(session, row.document_id)
    if document.source_identity_id is None or row.sent_at is None:
        raise NotFound("Cet envoi n'existe pas.")
    found = session.scalars(sa.select(Delivery).where(Delivery.sending_id == row.id).order_by(Delivery.id))
    identity = identities.by_id(session, document.source_identity_id)
    return SentView(row.id, document, identity, row.staff_id, row.sent_at, tuple(map(delivery_view, found)))


def delivery_view(row: Delivery) -> DeliveryView:
    """Make the value of a row."""
    return DeliveryView(
        row.id, ChannelName(row.channel), RecipientKind(row.recipient_kind), row.recipient_name,
        DeliveryState(row.state), row.reason, row.next_try_at, row.queued_at, row.sent_at, row.delivered_at,
        row.read_at,
    )  # fmt: skip
