"""Staff: registration by the command line, log-in with password and authenticator (PGSSI-S, two factors)."""

import re
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import codes, limits, passwords
from hub.accounts.passwords import PasswordVault
from hub.accounts.tables import StaffUser
from hub.encryption import Vault
from hub.errors import Conflict, Invalid, NotFound

_LOGIN = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,180}")


class Role(StrEnum):
    """What somebody may do: work in a structure, or watch over identities for the region."""

    PRACTICE = "practice"
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A member of staff, as pages see them."""

    id: int
    login: str
    name: str
    role: Role
    organization_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaff:
    """Somebody to register; an officer has no structure, a member of a practice has one."""

    login: str
    name: str
    role: Role
    organization_id: int | None
    password: str
    totp_secret: str


def add(session: Session, new: NewStaff, vault: Vault, hasher: PasswordVault) -> StaffMember:
    """Register somebody; raise `Invalid` or `Conflict` (log-in taken)."""
    login = new.login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Invalid("L'identifiant est une adresse électronique.", "login")
    if (new.role is Role.PRACTICE) != (new.organization_id is not None):
        raise Invalid("Un membre d'un cabinet a une structure ; un officier de l'agence n'en a pas.", "organization")
    values = {
        "login": login,
        "name": new.name.strip(),
        "role": new.role.value,
        "organization_id": new.organization_id,
        "password_hash": hasher.make_hash(passwords.check_new(new.password, around=login)),
        "totp_secret": vault.seal(new.totp_secret.encode(), f"totp:{login}"),
        "totp_last_step": 0,
        "active": True,
        "created_at": db.now(session),
    }
    if not db.insert_once(session, StaffUser, values, ["login"]):
        raise Conflict("Quelqu'un utilise déjà cet identifiant.")
    return _value(session.scalars(sa.select(StaffUser).where(StaffUser.login == login)).one())


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody typed to log in; `address_hash` is the keyed hash of the browser's address."""

    login: str
    password: str
    code: str
    address_hash: str
    login_hash: str


def count_try(session: Session, credentials: Credentials) -> None:
    """Count the try before anything is checked; raise `TooMany`. Committed whatever comes next."""
    limits.count(session, limits.LOGIN_BY_ADDRESS, credentials.address_hash[:40])
    limits.count(session, limits.LOGIN_BY_NAME, credentials.login_hash[:40])


def check_password(session: Session, credentials: Credentials, role: Role, hasher: PasswordVault) -> int | None:
    """Return the id of the active member whose password fits, or None. Takes long: call it in a reading."""
    row = session.scalar(sa.select(StaffUser).where(StaffUser.login == credentials.login.strip().lower()))
    fits = hasher.verify(row.password_hash if row else None, credentials.password)
    return row.id if row is not None and fits and row.active and row.role == role.value else None


def log_in(session: Session, staff_id: int | None, credentials: Credentials, vault: Vault) -> StaffMember | None:
    """Return the member whose code fits too, or None: one answer for every kind of mistake."""
    row = session.get(StaffUser, staff_id) if staff_id is not None else None
    if row is None or not row.active:
        return None
    secret = vault.open(row.totp_secret, f"totp:{row.login}").decode()
    if not codes.verify_totp(session, row, secret, credentials.code):
        return None
    limits.clear(session, limits.LOGIN_BY_NAME, credentials.login_hash[:40])
    return _value(row)


def by_id(session: Session, staff_id: int) -> StaffMember:
    """Return an active member; raise `NotFound`."""
    row = session.get(StaffUser, staff_id)
    if row is None or not row.active:
        raise NotFound("Ce compte professionnel n'existe pas ou n'est plus actif.")
    return _value(row)


def by_login(session: Session, login: str) -> StaffMember:
    """Return an active member by the address they log in with; raise `NotFound`."""
    row = session.scalar(sa.select(StaffUser).where(StaffUser.login == login.strip().lower()))
    if row is None or not row.active:
        raise NotFound("Ce compte professionnel n'existe pas ou n'est plus actif.")
    return _value(row)


def names(session: Session, staff_ids: set[int]) -> dict[int, str]:
    """Return display names by id."""
    rows = session.execute(sa.select(StaffUser.id, StaffUser.name).where(StaffUser.id.in_(staff_ids)))
    return dict(rows.all())


def _value(row: StaffUser) -> StaffMember:
    return StaffMember(row.id, row.login, row.name, Role(row.role), row.organization_id)
