"""One-time codes: by SMS for patients (HOTP, RFC 4226) and from an authenticator for staff (TOTP, RFC 6238).

OWASP ASVS 5.0, 6.5 and 6.6: six digits, five minutes, five tries per code counted by one conditional UPDATE, used
once, bound to the browser session that asked, one live code at a time; a TOTP step is accepted once.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import limits
from hub.accounts.tables import OneTimeCode, PortalAccount, StaffUser
from hub.encryption import Vault
from hub.errors import NotFound, TooMany
from hub.outbox import queue

LIFE = timedelta(minutes=5)
TRIES = 5
RESEND_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code on its way: until when it holds, and the last two digits of the number it went to."""

    id: int
    expires_at: datetime
    resend_at: datetime
    ends_with: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of a code typed in."""

    accepted: bool
    tries_left: int
    expired: bool = False


@dataclass(frozen=True, slots=True)
class CodeSender:
    """What issuing a code needs: the vault, and the keyed hash of the number and session."""

    vault: Vault
    mobile_hash: str
    session_hash: str


def issue(session: Session, account_id: int, sender: CodeSender) -> Challenge:
    """Make a code and enqueue its SMS; any earlier code of the account dies. Raise `TooMany`."""
    account = session.get_one(PortalAccount, account_id)
    moment = db.now(session)
    limits.count(session, limits.CODES_SHORT, sender.mobile_hash[:40])
    limits.count(session, limits.CODES_DAY, sender.mobile_hash[:40])
    limits.count(session, limits.CODES_ALL, "region")
    live = sa.update(OneTimeCode).where(OneTimeCode.account_id == account_id, OneTimeCode.ended_at.is_(None))
    session.execute(live.values(ended_at=moment).execution_options(synchronize_session=False))
    row = OneTimeCode(
        account_id=account_id,
        session_hash=sender.session_hash,
        mobile_hash=sender.mobile_hash,
        secret=b"",
        tries_left=TRIES,
        created_at=moment,
        expires_at=moment + LIFE,
    )
    session.add(row)
    session.flush()  # the id is part of what the secret is sealed to
    row.secret = sender.vault.seal(pyotp.random_base32().encode(), f"code:{row.id}")
    queue.enqueue(session, "sms.code", {"code_id": row.id}, dedupe_key=f"sms.code:{row.id}")
    return _challenge(row, account.mobile)


def current(session: Session, account_id: int, session_hash: str) -> Challenge | None:
    """Return the live code that this browser session asked for, if any."""
    moment = db.now(session)
    query = (
        sa.select(OneTimeCode)
        .where(
            OneTimeCode.account_id == account_id,
            OneTimeCode.session_hash == session_hash,
            OneTimeCode.ended_at.is_(None),
            OneTimeCode.expires_at > moment,
        )
        .order_by(OneTimeCode.id.desc())
        .limit(1)
    )
    row = session.scalar(query)
    return _challenge(row, session.get_one(PortalAccount, account_id).mobile) if row else None


def check_resend(session: Session, account_id: int, session_hash: str) -> None:
    """Raise `TooMany` while the last code is younger than 30 seconds; two requests at once come one by one."""
    db.serialise(session, f"codes:{account_id}")
    challenge = current(session, account_id, session_hash)
    if challenge is not None and db.now(session) < challenge.resend_at:
        raise TooMany("Attendez 30 secondes avant de demander un autre code.", 30)


def verify(session: Session, account_id: int, session_hash: str, typed: str, vault: Vault) -> Attempt:
    """Spend one try on the live code; accept it once."""
    moment = db.now(session)
    spend = (
        sa.update(OneTimeCode)
        .where(
            OneTimeCode.account_id == account_id,
            OneTimeCode.session_hash == session_hash,
            OneTimeCode.ended_at.is_(None),
            OneTimeCode.expires_at > moment,
            OneTimeCode.tries_left > 0,
        )
        .values(tries_left=OneTimeCode.tries_left - 1)
        .returning(OneTimeCode.id, OneTimeCode.tries_left, OneTimeCode.secret)
        .execution_options(synchronize_session=False)
    )
    spent = session.execute(spend).one_or_none()
    if spent is None:
        return Attempt(False, 0, expired=True)
    code_id, tries_left, secret = spent
    digits = _digits(typed)
    if not hmac.compare_digest(digits, _code(vault, code_id, secret)):
        return Attempt(False, tries_left)
    end = (
        sa.update(OneTimeCode)
        .where(OneTimeCode.id == code_id, OneTimeCode.ended_at.is_(None))
        .values(ended_at=moment)
        .execution_options(synchronize_session=False)
    )
    won = bool(session.execute(end).rowcount)  # type: ignore[attr-defined]
    return Attempt(won, tries_left)


def code_to_send(session: Session, code_id: int, vault: Vault) -> tuple[str, str] | None:
    """Return the number and the code of a live challenge for the worker, or None when it is over."""
    row = session.get(OneTimeCode, code_id)
    if row is None:
        raise NotFound("Ce code n'existe plus.")
    if row.ended_at is not None or row.expires_at <= db.now(session):
        return None
    return session.get_one(PortalAccount, row.account_id).mobile, _code(vault, row.id, row.secret)


def mark_sent(session: Session, code_id: int) -> None:
    """Note that the gateway took the SMS."""
    session.get_one(OneTimeCode, code_id).sent_at = db.now(session)


def _digits(typed: str) -> str:
    # ASCII only: `compare_digest` takes no other text.
    return "".join(character for character in typed if character in "0123456789")


def _code(vault: Vault, code_id: int, secret: bytes) -> str:
    return pyotp.HOTP(vault.open(secret, f"code:{code_id}").decode()).at(code_id)


def _challenge(row: OneTimeCode, mobile: str) -> Challenge:
    return Challenge(row.id, row.expires_at, row.created_at + RESEND_AFTER, mobile[-2:])


def new_totp_secret() -> str:
    """Make the base32 secret of an authenticator."""
    return pyotp.random_base32()


def totp_uri(secret: str, login: str, issuer: str) -> str:
    """Return the `otpauth://` address that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def verify_totp(session: Session, staff: StaffUser, secret: str, typed: str) -> bool:
    """Accept an authenticator's code of the current step or its neighbours, each step once (RFC 6238, 5.2)."""
    totp = pyotp.TOTP(secret)
    moment = db.now(session)
    digits = _digits(typed)
    present = int(moment.timestamp()) // totp.interval
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            statement = (
                sa.update(StaffUser)
                .where(StaffUser.id == staff.id, StaffUser.totp_last_step < step)
                .values(totp_last_step=step)
                .execution_options(synchronize_session=False)
            )
            return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    return False
