"""The space of the identity-vigilance officers: its blueprint, its log-in, and what surrounds each of its pages."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, g, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from hub import db
from hub.accounts import staff
from hub.accounts.sessions import Space
from hub.accounts.staff import Role
from hub.audit.trail import Entry, Subject
from hub.directory import organizations
from hub.errors import NotFound
from hub.registry import operations, worklist
from hub.registry.places import Places, read_places
from hub.registry.values import StoredIdentity
from hub.registry.worklist import Filter
from hub.web import agency_words
from hub.web.context import current_staff, runtime, staff_only
from hub.web.formats import PARIS
from hub.web.staff_login import add_login
from identity.deaths import DeathDate

blueprint = Blueprint("agency", __name__, url_prefix="/agence")
add_login(blueprint, Space.AGENCY, Role.OFFICER, "agency.tasks")
officers_only = staff_only(Space.AGENCY)


def places() -> Places:
    """Return the table of places of birth."""
    return read_places(runtime().settings.data_dir)


def known(number: int) -> int:
    """Return an id of an address; raise `NotFound` for a number that no row can have."""
    if not 0 < number < 2**63:
        raise NotFound(_("Cette page n'existe pas."))
    return number


def ids_of(texts: Iterable[str]) -> list[int]:
    """Read ids from a form, once each; what is no id is left out."""
    read = (int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19)
    return list(dict.fromkeys(read))


def page_number() -> int:
    """Return the page asked for in the address, 1 when it is strange."""
    return max(1, min(request.args.get("page", 1, type=int), 100_000))


def typed_text(name: str) -> str:
    """Return a text of the form, its line ends as they are kept."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\0", "")


def structure_names(session: Session, shown: Iterable[StoredIdentity]) -> dict[int, str]:
    """Return the names of the structures of identities."""
    return names_of_structures(session, {identity.organization_id for identity in shown})


def names_of_structures(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return the names of structures."""
    return {organization_id: organizations.by_id(session, organization_id).name for organization_id in set(ids)}


def officer_names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of members of staff."""
    return staff.names(session, {staff_id for staff_id in ids if staff_id is not None})


def record(session: Session, action: str, subject: Subject | None, **detail: str | int | bool | None) -> None:
    """Note in the trail what the officer looks at or does."""
    runtime().trail.record(session, Entry(current_staff().actor, action, subject, detail))


def seen_text(seen: operations.Seen) -> str:
    """Write the identities seen, each with its version, for a form: `12:1,15:3`."""
    return ",".join(f"{key}:{seen[key]}" for key in sorted(seen))


def read_seen(text: str) -> dict[int, int]:
    """Read the identities seen back from a form; what is no such pair is left out."""
    pairs = (part.partition(":") for part in text.split(",")[:2000])
    return {int(key): int(number) for key, _sign, number in pairs if ids_of([key]) and ids_of([number])}


def _waiting() -> int:
    with db.reading() as session:
        return worklist.count(session, Filter())


def _proposed() -> int:
    with db.reading() as session:
        return len(operations.waiting(session))


@blueprint.context_processor
def _layout_values() -> dict[str, Any]:
    if "staff" not in g:
        return {}
    # Functions: only a page with the agency's layout asks the database.
    words = {"waiting": _waiting, "proposed": _proposed, "member": current_staff().member}
    return words | {"words": agency_words}


@blueprint.app_template_filter("age")
def age(since: datetime) -> str:
    """Say for how many days something has waited."""
    days = (datetime.now(UTC) - since).days
    return ngettext("%(num)d jour", "%(num)d jours", days) if days > 0 else _("aujourd'hui")


@blueprint.app_template_filter("short_day")
def short_day(moment: datetime) -> str:
    """Write a day briefly: « 03/03/2026 »."""
    return f"{moment.astimezone(PARIS):%d/%m/%Y}"


@blueprint.app_template_filter("death_day")
def death_day(when: DeathDate | None) -> str:
    """Write a death: « Décès en 03/2026 », as completely as its date is known."""
    if when is None:
        return _("Décès sans date connue")
    parts = [f"{number:02d}" for number in (when.day, when.month) if number is not None]
    written = "/".join([*parts, f"{when.year:04d}"])
    return _("Décès du %(day)s", day=written) if when.day else _("Décès en %(day)s", day=written)


@blueprint.app_template_filter("birth_town")
def birth_town(code: str | None) -> str:
    """Name a place of birth, empty when it is not known."""
    return places().town(code) if code else ""


@blueprint.app_template_test("past")
def is_past(moment: datetime | None) -> bool:
    """Tell whether a moment is behind."""
    return moment is not None and moment <= datetime.now(UTC)
