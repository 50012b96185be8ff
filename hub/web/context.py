"""What a request knows: the process's parts, who is logged in, and on whose behalf it acts."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, g, redirect, request, url_for
from flask_babel import gettext as _

from hub import db
from hub.accounts import portal_accounts, sessions, staff
from hub.accounts.portal_accounts import Account, AccountState
from hub.accounts.sessions import Level, LoggedIn, Space
from hub.accounts.staff import Role, StaffMember
from hub.audit.trail import Actor, ActorKind
from hub.directory import organizations
from hub.directory.values import Structure
from hub.encryption import keyed_hash
from hub.errors import NotFound
from hub.runtime import Runtime

_ROLES = {Space.PRACTICE: Role.PRACTICE, Space.AGENCY: Role.OFFICER}


def runtime() -> Runtime:
    """Return the parts of this process."""
    return cast(Runtime, current_app.extensions["hub"])


def request_id() -> str:
    """Return the id of this request: the caller's X-Request-Id when it is sane, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        sane = 0 < len(given) <= 64 and given.isascii() and given.replace("-", "").replace("_", "").isalnum()
        g.request_id = given if sane else secrets.token_hex(8)
    return cast(str, g.request_id)


def address_hash() -> str:
    """Return the keyed hash of the caller's network address, for counting tries."""
    return keyed_hash(runtime().settings, "address", request.remote_addr or "")


def cookie_name(space: Space) -> str:
    """Return the cookie of a space; `__Host-` binds it to this host where the site is served over TLS."""
    prefix = "__Host-" if runtime().settings.is_secure else ""
    return f"{prefix}hub_{space.value}"


def set_session_cookie(response: Response, space: Space, token: str) -> None:
    """Give the browser the token of a new session."""
    response.set_cookie(
        cookie_name(space), token, httponly=True, samesite="Lax", secure=runtime().settings.is_secure, path="/"
    )


def drop_session_cookie(response: Response, space: Space) -> None:
    """Take the token back."""
    response.delete_cookie(cookie_name(space), path="/", secure=runtime().settings.is_secure, samesite="Lax")


def logged_in(space: Space) -> LoggedIn | None:
    """Return the live session of this browser in a space, noting that it was used."""
    token = request.cookies.get(cookie_name(space))
    if not token:
        return None
    with db.reading() as session:
        found = sessions.find(session, runtime().settings, space, token)
    if found is not None:
        with db.transaction() as session:
            sessions.touch(session, found.id)
    return found


@dataclass(frozen=True, slots=True)
class StaffAccess:
    """A logged-in member of staff. `structure` is None for the agency's officers."""

    member: StaffMember
    structure: Structure | None
    session: LoggedIn

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit trail."""
        return Actor(ActorKind.STAFF, str(self.member.id), self.member.organization_id, request_id())

    @property
    def own_structure(self) -> Structure:
        """The structure of a practice's member."""
        if self.structure is None:
            raise NotFound(_("Cette page est celle d'une structure."))
        return self.structure


def staff_access(space: Space) -> StaffAccess | None:
    """Return who is logged in to a staff space, or None."""
    found = logged_in(space)
    if found is None or found.level is not Level.FULL:
        return None
    with db.reading() as session:
        try:
            member = staff.by_id(session, found.subject_id)
        except NotFound:
            return None
        if member.role is not _ROLES[space]:
            return None
        structure = organizations.by_id(session, member.organization_id) if member.organization_id else None
    return StaffAccess(member, structure, found)


def staff_only(space: Space) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a view reachable only by logged-in staff of a space; sets `g.staff`, else leads to the log-in."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            access = staff_access(space)
            if access is None:
                back = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for(f"{space.value}.log_in", suite=back))
            g.staff = access
            return view(*args, **kwargs)

        return guarded

    return decorate


def current_staff() -> StaffAccess:
    """Return who is logged in, inside a view that `staff_only` guards."""
    return cast(StaffAccess, g.staff)


@dataclass(frozen=True, slots=True)
class PatientAccess:
    """A patient logged in to the portal with both factors."""

    account: Account
    session: LoggedIn

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit trail."""
        return Actor(ActorKind.PATIENT, str(self.account.id), None, request_id())


def patient_access() -> PatientAccess | None:
    """Return the patient logged in to the portal, or None."""
    found = logged_in(Space.PORTAL)
    if found is None or found.level is not Level.FULL:
        return None
    with db.reading() as session:
        try:
            account = portal_accounts.by_id(session, found.subject_id)
        except NotFound:
            return None
    return PatientAccess(account, found) if account.state is AccountState.ACTIVE else None


def safe_path(target: str | None, fallback: str) -> str:
    """Return a path of this site to go back to, never another site's address."""
    # Browsers drop tabs and line ends inside an address and read a backslash as a slash.
    if not target or not target.startswith("/") or target.startswith("//"):
        return fallback
    if "\\" in target or not target.isprintable():
        return fallback
    return target
