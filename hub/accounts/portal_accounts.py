"""Portal accounts: opened by a professional with the patient's consent (M3, M4, M9), activated by the patient.

An account needs an e-mail AND a mobile. The consent is kept with its text version and digest, the signatory's
quality, the professional, the date and the channel (RGPD articles 6, 7 and 9).
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import passwords
from hub.accounts.passwords import PasswordVault
from hub.accounts.tables import Consent, Invitation, PortalAccount
from hub.audit.trail import Actor, ActorKind, Entry, Subject, Trail
from hub.config import Settings
from hub.encryption import keyed_hash, new_link_token
from hub.errors import Conflict, Invalid, NotFound
from hub.outbox import queue
from hub.registry import death_checks, deaths
from hub.registry.tables import SourceIdentity
from identity.deaths import DeathState
from identity.normalise import clean_email, clean_phone

# What a mail header and any relay take as one address (RFC 5321, dot-string; no comment, group or source route).
_MAILABLE = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
CONSENT_VERSION = "portail-2026-1"
CONSENT_TEXT = (
    "J'ai informé le patient (ou son représentant) du fonctionnement de son espace santé régional, des données qui "
    "y sont conservées et de ses droits. Il consent à son ouverture et à y recevoir ses documents."
)


DECEASED = (
    "Le décès de ce patient est signalé : aucun espace santé ne s'ouvre et aucune invitation ne part. Si c'est une "
    "erreur, prévenez l'agence régionale."
)
"""What a practice reads when it would open the account of somebody held as deceased."""


class AccountState(StrEnum):
    """Invited until the patient has proved e-mail and mobile; closed for good."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"


class Signatory(StrEnum):
    """In what quality the consent is signed (M4)."""

    HOLDER = "holder"
    PARENT = "parent"
    GUARDIAN = "guardian"
    TRUSTED = "trusted"


SIGNATORY_LABELS = {
    Signatory.HOLDER: "Titulaire (le patient lui-même)",
    Signatory.PARENT: "Parent d'un enfant mineur",
    Signatory.GUARDIAN: "Tuteur ou curateur",
    Signatory.TRUSTED: "Autre représentant désigné",
}


@dataclass(frozen=True, slots=True)
class Account:
    """A portal account as pages see it. `person_id` follows the links of the index."""

    id: int
    person_id: int
    source_identity_id: int
    email: str
    mobile: str
    state: AccountState
    subject: str
    created_at: datetime
    activated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a professional gives to open an account."""

    source_identity_id: int
    email: str
    mobile: str
    signatory: Signatory
    consented: bool
    staff_id: int
    channel: str = "face-a-face"


def check_contact(email: str, mobile: str, settings: Settings) -> tuple[str, str]:
    """Return e-mail and mobile in canonical form; raise `Invalid` naming the field."""
    address = clean_email(email)
    if address is None or not _MAILABLE.fullmatch(address):
        raise Invalid("Indiquez une adresse électronique complète, par exemple prenom.nom@exemple.fr.", "email")
    number = clean_phone(mobile)
    if number is None:
        raise Invalid("Indiquez un numéro de mobile à 10 chiffres, par exemple 06 39 98 00 00.", "mobile")
    if number.startswith("+33") and number[3:4] not in ("6", "7"):
        raise Invalid("Ce numéro n'est pas un mobile : les codes partent par SMS (06 ou 07).", "mobile")
    if not number.startswith(settings.sms_prefixes):
        raise Invalid("Les codes ne peuvent pas partir vers ce pays.", "mobile")
    return address, number


def open_account(session: Session, opening: Opening, settings: Settings, trail: Trail, actor: Actor) -> Account:
    """Open an account, keep the consent, enqueue the invitation.

    Raise `Invalid` (contact, consent) or `Conflict` when the person has an account already or is held as deceased.
    """
    email, mobile = check_contact(opening.email, opening.mobile, settings)
    if not opening.consented:
        raise Invalid("Attestez que le patient a été informé et consent à l'ouverture de son espace.", "consented")
    identity = session.get(SourceIdentity, opening.source_identity_id)
    if identity is None:
        raise NotFound("Cette identité n'existe pas.")
    if identity.held:
        raise Conflict("L'identité de ce patient est en cours de vérification par l'agence régionale.")
    if not identity.active:
        raise Conflict("Cette identité n'est plus active dans votre structure : cherchez de nouveau le patient.")
    _check_alive(session, identity.person_id)
    # One account a person: two practices that open one at once come here one after the other.
    db.serialise(session, f"account:{identity.person_id}")
    if of_person(session, identity.person_id) is not None:
        raise Conflict("Ce patient a déjà un espace santé.")
    moment = db.now(session)
    account = PortalAccount(
        source_identity_id=identity.id,
        email=email,
        mobile=mobile,
        state=AccountState.INVITED.value,
        subject=secrets.token_hex(16),
        created_by=opening.staff_id,
        created_at=moment,
    )
    session.add(account)
    session.flush()  # the id names the account in consent and invitation
    session.add(
        Consent(
            account_id=account.id,
            text_version=CONSENT_VERSION,
            text_digest=hashlib.sha256(CONSENT_TEXT.encode()).hexdigest(),
            signatory=opening.signatory.value,
            channel=opening.channel,
            staff_id=opening.staff_id,
            given_at=moment,
        )
    )
    invite(session, account.id, settings)
    detail: dict[str, str | int | bool | None] = {"consent": CONSENT_VERSION, "signatory": opening.signatory.value}
    trail.record(session, Entry(actor, "account.open", Subject("person", identity.person_id), detail))
    return _value(account, identity.person_id)


def _check_alive(session: Session, person_id: int) -> None:
    if death_checks.is_silent(session, person_id):
        raise Conflict(DECEASED)


def invite(session: Session, account_id: int, settings: Settings) -> None:
    """Make an activation link and enqueue its e-mail; earlier links stay good until they expire.

    Raise `Conflict` when the person is held as deceased.
    """
    _check_alive(session, by_id(session, account_id).person_id)
    token = new_link_token(settings, "invitation")
    moment = db.now(session)
    row = Invitation(
        account_id=account_id,
        token_hash=token.token_hash,
        nonce=token.nonce,
        created_at=moment,
        expires_at=moment + timedelta(days=settings.notice_days),
    )
    session.add(row)
    session.flush()  # the job names the invitation
    queue.enqueue(session, "mail.invitation", {"invitation_id": row.id}, dedupe_key=f"mail.invitation:{row.id}")


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An activation link: whose, and whether it still holds."""

    account: Account
    expired: bool


def find_invitation(session: Session, token: str, settings: Settings) -> InvitationView | None:
    """Return what an activation link leads to, or None for a token that was never made."""
    query = sa.select(Invitation).where(Invitation.token_hash == keyed_hash(settings, "invitation-hash", token))
    row = session.scalar(query)
    if row is None:
        return None
    return InvitationView(by_id(session, row.account_id), row.expires_at <= db.now(session))


def of_person(session: Session, person_id: int) -> Account | None:
    """Return the person's open account, if any: the one opened on any identity now linked to the person."""
    query = (
        sa.select(PortalAccount, SourceIdentity.person_id)
        .join(SourceIdentity, SourceIdentity.id == PortalAccount.source_identity_id)
        .where(
            SourceIdentity.person_id == person_id,
            SourceIdentity.held.is_(False),
            PortalAccount.state != AccountState.CLOSED.value,
        )
        .order_by(PortalAccount.id)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return _value(*found) if found else None


def by_id(session: Session, account_id: int) -> Account:
    """Return an account; raise `NotFound`."""
    query = (
        sa.select(PortalAccount, SourceIdentity.person_id)
        .join(SourceIdentity, SourceIdentity.id == PortalAccount.source_identity_id)
        .where(PortalAccount.id == account_id)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound("Cet espace santé n'existe pas.")
    return _value(*found)


def by_subject(session: Session, subject: str) -> Account:
    """Return the account of an OIDC subject; raise `NotFound`."""
    account_id = session.scalar(sa.select(PortalAccount.id).where(PortalAccount.subject == subject))
    if account_id is None:
        raise NotFound("Cet espace santé n'existe pas.")
    return by_id(session, account_id)


def choose_password(session: Session, account_id: int, password: str, hasher: PasswordVault) -> None:
    """Set the password of an account that is not active yet; the mobile's code will make it active.

    A family often shares one e-mail: two accounts of one address may not share a password, or the log-in could not
    tell them apart. Raise `Conflict` when it is active, or when the person's death is confirmed.
    """
    row = session.scalars(sa.select(PortalAccount).where(PortalAccount.id == account_id).with_for_update()).one()
    if row.state != AccountState.INVITED.value:
        raise Conflict("Votre espace est déjà activé : connectez-vous avec votre mot de passe.")
    death = deaths.held(session, by_id(session, account_id).person_id)
    if death is not None and death.state is DeathState.CONFIRMED:
        raise Conflict("Cet espace ne peut pas être activé : adressez-vous à votre agence régionale de santé.")
    passwords.check_new(password, around=row.email)
    for other in _by_email(session, row.email):
        if other.id != row.id and hasher.verify(other.password_hash, password):
            raise Invalid("Choisissez un autre mot de passe.", "password")
    row.password_hash = hasher.make_hash(password)


def check_password(session: Session, email: str, password: str, hasher: PasswordVault) -> Account | None:
    """Return the account whose e-mail and password fit, or None; takes as long when there is none."""
    address = clean_email(email) or ""
    rows = _by_email(session, address)
    fitting = [row for row in rows if hasher.verify(row.password_hash, password)]
    if not rows:
        hasher.verify(None, password)
    return by_id(session, fitting[0].id) if len(fitting) == 1 else None


def activate(session: Session, account_id: int, trail: Trail) -> bool:
    """Make an invited account active once its mobile has answered; tell whether it changed."""
    statement = (
        sa.update(PortalAccount)
        .where(
            PortalAccount.id == account_id,
            PortalAccount.state == AccountState.INVITED.value,
            PortalAccount.password_hash.is_not(None),
        )
        .values(state=AccountState.ACTIVE.value, activated_at=db.now(session))
        .execution_options(synchronize_session=False)
    )
    changed = bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    if changed:
        account = by_id(session, account_id)
        actor = _patient(account)
        trail.record(session, Entry(actor, "account.activate", Subject("person", account.person_id)))
    return changed


def _patient(account: Account) -> Actor:
    return Actor(ActorKind.PATIENT, str(account.id))


def _by_email(session: Session, email: str) -> list[PortalAccount]:
    query = (
        sa.select(PortalAccount)
        .where(PortalAccount.email == email, PortalAccount.state != AccountState.CLOSED.value)
        .order_by(PortalAccount.id)
        .limit(8)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _value(row: PortalAccount, person_id: int) -> Account:
    return Account(
        row.id, person_id, row.source_identity_id, row.email, row.mobile, AccountState(row.state), row.subject,
        row.created_at, row.activated_at,
    )  # fmt: skip
