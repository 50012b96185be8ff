"""Jobs that leave the hub: a delivery by its channel, an invitation, a code by SMS.

Each job reads in one transaction, speaks to the outside with none open, and tells the outcome in a last one, together
with the end of the job. Run twice, it sends the same message with the same Message-ID or reference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import codes, portal_accounts
from hub.accounts.portal_accounts import Account, AccountState
from hub.accounts.tables import Invitation, OneTimeCode
from hub.audit.trail import SYSTEM, Entry, Subject, Trail
from hub.config import Settings
from hub.directory import correspondents, organizations
from hub.directory.values import CorrespondentKind
from hub.documents import deposit
from hub.documents.store import Store
from hub.documents.types import DocumentTypes
from hub.encryption import Vault, link_token
from hub.errors import NotFound
from hub.outbox import queue
from hub.outbox.queue import Job
from hub.registry import death_checks, deaths, identities, tasks
from hub.routing import notices
from hub.routing.channels import mssante, sms
from hub.routing.channels import notices as notice_mail
from hub.routing.channels.errors import Refused
from hub.routing.channels.smtp import Relay
from hub.routing.tables import Delivery, Sending
from hub.routing.values import DeliveryState, RecipientKind
from identity.deaths import DeathState

Completion = Callable[[Session], None]
_DOUBTFUL = "L'identité du patient a changé depuis l'envoi et attend une vérification : le document n'est pas parti."
_WAITING = (
    "L'identité du patient est en cours de vérification par l'agence régionale : ce qui attend partira de soi-même "
    "ensuite."
)
_DEATH = "Un décès est signalé sans date pour ce patient : l'avis attend la réponse de l'agence régionale."
_LOOK_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Exit:
    """What the channels need."""

    settings: Settings
    vault: Vault
    store: Store
    trail: Trail
    types: DocumentTypes
    sms: sms.SmsGateway

    @property
    def patient_relay(self) -> Relay:
        """The relay of patients' notices."""
        return Relay(self.settings.smtp_url, self.settings.smtp_ca_file)

    @property
    def mssante_relay(self) -> Relay:
        """The relay of the MSSanté operator."""
        return Relay(self.settings.mssante_smtp_url, self.settings.smtp_ca_file)


def _nothing(session: Session) -> None:
    return None


def deliver_portal(job: Job, way_out: Exit) -> Completion:
    """Tell a patient that a document is there."""
    delivery_id = int(job.payload["delivery_id"])
    with db.transaction() as session:
        row = session.get(Delivery, delivery_id)
        if row is None or row.account_id is None or row.state != DeliveryState.QUEUED.value:
            return _nothing
        account = _addressee(session, row, row.account_id)
        if death_checks.is_undated(session, account.person_id):
            return _later(job, _DEATH)
        if _is_doubted(session, row, account.source_identity_id):
            return _later(job)
        token = notices.token_of(session, delivery_id, way_out.settings)
        reference = f"document-{row.id}-{row.round}"
    envelope = _envelope(way_out.settings, account.email, reference, f"/d/{token}")
    notice_mail.send(way_out.patient_relay, notice_mail.DOCUMENT, envelope)
    return lambda session: _mark_sent(session, delivery_id, way_out.trail)


def _addressee(session: Session, row: Delivery, account_id: int) -> Account:
    """Return the account that a document is for; raise `Refused` when it is no longer, since the sending."""
    account = portal_accounts.by_id(session, account_id)
    if account.state is AccountState.CLOSED:
        raise Refused("L'espace santé de ce patient a été fermé depuis l'envoi.")
    if deaths.held(session, account.person_id) is not None:
        raise Refused(notices.DECEASED)
    own = identities.by_id(session, account.source_identity_id)
    document = deposit.by_id(session, row.document_id)
    about = identities.by_id(session, document.source_identity_id) if document.source_identity_id else None
    if about is None or about.person_id != own.person_id:
        raise Refused(_DOUBTFUL)
    return account


def _is_doubted(session: Session, row: Delivery, account_identity_id: int | None = None) -> bool:
    """Tell whether officers have to say first whose document it is, or whose account.

    Raise `Refused` when they said that it is somebody else's: then nothing leaves before its structure has acted.
    """
    about = deposit.by_id(session, row.document_id).source_identity_id
    ids = {number for number in (about, account_identity_id) if number is not None}
    held = {number for number in ids if identities.by_id(session, number).held}
    if held and not tasks.doubted(session, held):
        raise Refused(_DOUBTFUL)
    return bool(held)


def _later(job: Job, why: str = _WAITING) -> Completion:
    """Do a job again later, as often as officers take to answer: it is no failed try."""

    def complete(session: Session) -> None:
        queue.postpone(session, job, _LOOK_AGAIN)
        tell_retry(session, job, why, db.now(session) + _LOOK_AGAIN)

    return complete


def deliver_mssante(job: Job, way_out: Exit) -> Completion:
    """Send a document to a professional or a pharmacy."""
    delivery_id = int(job.payload["delivery_id"])
    with db.reading() as session:
        row = session.get(Delivery, delivery_id)
        if row is None or row.state != DeliveryState.QUEUED.value:
            return _nothing
        if _is_doubted(session, row):
            return _later(job)
        letter_without_content = _letter(session, row, way_out)
        locator = deposit.locate(session, row.document_id)
    letter = letter_without_content(deposit.read_bytes(locator, way_out.store, way_out.vault))
    mssante.send(way_out.mssante_relay, letter, way_out.settings.mssante_domains)
    return lambda session: _mark_sent(session, delivery_id, way_out.trail)


def _letter(session: Session, row: Delivery, way_out: Exit) -> Callable[[bytes], mssante.Letter]:
    sending = session.get_one(Sending, row.sending_id)
    structure = organizations.by_id(session, sending.organization_id)
    kind = {
        RecipientKind.PROFESSIONAL: CorrespondentKind.PROFESSIONAL,
        RecipientKind.PHARMACY: CorrespondentKind.PHARMACY,
    }[RecipientKind(row.recipient_kind)]
    recipient = correspondents.find(session, kind, row.recipient_id)
    document = deposit.by_id(session, row.document_id)
    if document.source_identity_id is None or document.type_code is None:
        raise NotFound("Ce document n'a ni patient ni type.")
    traits = identities.by_id(session, document.source_identity_id).traits
    label = way_out.types.get(document.type_code).label
    born = traits.birth_date
    day = f"{born.day:02d}/{born.month:02d}/{born.year}" if born and born.day and born.month else ""
    whose = " ".join(part for part in (traits.birth_name, traits.first_given_name, day) if part)
    reference = f"delivery-{row.id}-{row.round}"

    def complete(content: bytes) -> mssante.Letter:
        return mssante.Letter(
            sender=way_out.settings.mssante_from,
            reply_to=structure.mssante,
            sender_name=structure.name,
            recipient=recipient.address,
            reference=reference,
            subject=f"{label[:40]} {whose}",
            text=(
                f"Bonjour,\n\nVeuillez trouver ci-joint un document adressé par {structure.name} "
                f"au sujet de : {whose}.\n\nType de document : {label}\n"
            ),
            file_name=document.file_name,
            content_type=document.content_type,
            content=content,
        )

    return complete


def send_invitation(job: Job, way_out: Exit) -> Completion:
    """Send the activation link of an account."""
    invitation_id = int(job.payload["invitation_id"])
    with db.reading() as session:
        row = session.get(Invitation, invitation_id)
        if row is None or row.sent_at is not None or row.expires_at <= db.now(session):
            return _nothing
        account = portal_accounts.by_id(session, row.account_id)
        if account.state is not AccountState.INVITED or deaths.held(session, account.person_id) is not None:
            return _nothing
        if identities.by_id(session, account.source_identity_id).held:
            return _later(job)
        if death_checks.is_undated(session, account.person_id):
            return _later(job, _DEATH)
        token = link_token(way_out.settings, "invitation", row.nonce)
    envelope = _envelope(way_out.settings, account.email, f"invitation-{invitation_id}", f"/activation/{token}")
    notice_mail.send(way_out.patient_relay, notice_mail.INVITATION, envelope)

    def complete(session: Session) -> None:
        session.get_one(Invitation, invitation_id).sent_at = db.now(session)

    return complete


def send_code(job: Job, way_out: Exit) -> Completion:
    """Send a one-time code; one that expired meanwhile is not sent.

    Officers are told of who asks for one after their death was told: they may well be alive. Once the death is
    confirmed, none leaves.
    """
    code_id = int(job.payload["code_id"])
    with db.reading() as session:
        row = session.get(OneTimeCode, code_id)
        person_id = portal_accounts.by_id(session, row.account_id).person_id if row else None
        death = deaths.held(session, person_id) if person_id is not None else None
        if death is not None and death.state is DeathState.CONFIRMED:
            return _tell_of_code(person_id)
        found = codes.code_to_send(session, code_id, way_out.vault)
    if found is None:
        return _nothing
    number, code = found
    host = way_out.settings.public_url.partition("://")[2].partition(":")[0]
    text = f"{code} est votre code de connexion, valable 5 minutes. Ne le donnez à personne.\n\n@{host} #{code}"
    way_out.sms.send(sms.Sms(number, text, f"code-{code_id}"))

    def complete(session: Session) -> None:
        codes.mark_sent(session, code_id)
        if death is not None:
            _tell_of_code(person_id)(session)

    return complete


def _tell_of_code(person_id: int | None) -> Completion:
    return lambda session: death_checks.note_code(session, person_id or 0)


HANDLERS: dict[str, Callable[[Job, Exit], Completion]] = {
    "deliver.portal": deliver_portal,
    "deliver.mssante": deliver_mssante,
    "mail.invitation": send_invitation,
    "sms.code": send_code,
}


def tell_retry(session: Session, job: Job, reason: str, next_try: datetime) -> None:
    """Show the sender that a delivery waits, why, and when it is tried again."""
    _update(session, job, {"reason": reason[:300], "next_try_at": next_try})


def tell_failure(session: Session, job: Job, reason: str, trail: Trail) -> None:
    """Show the sender that a delivery failed and why."""
    if _update(session, job, {"state": DeliveryState.FAILED.value, "reason": reason[:300], "next_try_at": None}):
        subject = Subject("delivery", job.payload["delivery_id"])
        trail.record(session, Entry(SYSTEM, "delivery.failed", subject))


def _update(session: Session, job: Job, values: dict[str, object]) -> bool:
    if "delivery_id" not in job.payload:
        return False
    statement = sa.update(Delivery).where(
        Delivery.id == job.payload["delivery_id"], Delivery.state == DeliveryState.QUEUED.value
    )
    done = session.execute(statement.values(**values).execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _mark_sent(session: Session, delivery_id: int, trail: Trail) -> None:
    statement = sa.update(Delivery).where(Delivery.id == delivery_id, Delivery.state == DeliveryState.QUEUED.value)
    values = {"state": DeliveryState.SENT.value, "sent_at": db.now(session), "reason": None, "next_try_at": None}
    if session.execute(statement.values(**values).execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        trail.record(session, Entry(SYSTEM, "delivery.sent", Subject("delivery", delivery_id)))


def _envelope(settings: Settings, recipient: str, reference: str, path: str) -> notice_mail.Envelope:
    return notice_mail.Envelope(
        sender=settings.mail_from,
        recipient=recipient,
        reference=reference,
        link=settings.public_url + path,
        days=settings.notice_days,
        region=settings.region_name,
        support=settings.support,
    )
