"""The space of practices: its blueprint, its log-in, and what each of its pages shows around the content."""

from typing import Any

from flask import Blueprint, g, request
from flask_babel import gettext as _

from hub import db
from hub.accounts.sessions import Space
from hub.accounts.staff import Role
from hub.registry.enrolment import Staff
from hub.registry.places import Places, read_places
from hub.routing import sendings
from hub.web.context import current_staff, runtime, staff_only
from hub.web.staff_login import add_login

blueprint = Blueprint("practice", __name__, url_prefix="/pratique")
add_login(blueprint, Space.PRACTICE, Role.PRACTICE, "practice.home")
practice_only = staff_only(Space.PRACTICE)


def structure_id() -> int:
    """Return the id of the structure of whoever is logged in."""
    return current_staff().own_structure.id


def registering_staff() -> Staff:
    """Return whoever is logged in, as the index records them."""
    access = current_staff()
    return Staff(access.member.id, access.own_structure)


def places() -> Places:
    """Return the table of places of birth."""
    return read_places(runtime().settings.data_dir)


def current_sending() -> int | None:
    """Return the sending that this page is a step of, named by `envoi` in the address."""
    return request.args.get("envoi", type=int)


def _failures() -> int:
    with db.reading() as session:
        return sendings.count_failures(session, structure_id())


@blueprint.context_processor
def _layout_values() -> dict[str, Any]:
    if "staff" not in g:
        return {}
    # A function: only a page with the practice's layout asks the database.
    return {"own_structure": current_staff().own_structure, "member": current_staff().member, "failures": _failures}


@blueprint.app_template_filter("birth_place")
def _birth_place(code: str | None) -> str:
    return places().town(code) if code else _("lieu de naissance inconnu")
