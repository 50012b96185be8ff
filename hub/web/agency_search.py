"""Search for officers: a birth date first, then three letters (RNIV), or a regional identifier; always recorded.

Two persons found are compared to be merged: ticked together, or one with the person whose page led here (`avec`).
"""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub import db
from hub.audit.trail import Subject
from hub.errors import NotFound
from hub.registry import enrolment, identities
from hub.registry import search as index
from hub.registry.values import PersonView
from hub.vigilance import persons
from hub.web.agency_space import blueprint, ids_of, officers_only, record, structure_names
from hub.web.context import current_staff, runtime
from identity.search import normalise_search
from identity.traits import TraitError


@blueprint.get("/recherche")
@officers_only
def search() -> str:
    """Ask for a birth date and the first letters, or a regional identifier."""
    return _page()


@blueprint.post("/recherche")
@officers_only
def search_submit() -> Response | str | tuple[str, int]:
    """Show who is found, or lead to the comparison of two. Nothing typed ever shows in an address."""
    typed = {name: request.form.get(name, "").strip() for name in ("birth_date", "letters", "regional_id")}
    if typed["regional_id"]:
        return _by_number(typed)
    chosen = ids_of(request.form.getlist("personnes"))
    if "comparer" in request.form and len(chosen) == 2:
        return redirect(url_for("agency.merging", person_id=chosen[0], other_id=chosen[1]))
    try:
        criteria = normalise_search(typed["birth_date"], typed["letters"])
    except TraitError as error:
        return _page(typed=typed, errors={error.field: error.message}), 422
    with db.transaction() as session:
        result = index.search(session, criteria)
        shown = [person.person_id for person in result.persons]
        structures = structure_names(session, [item for person in result.persons for item in person.identities])
        enrolment.viewed(session, shown, runtime().registrar, current_staff().actor, letters=bool(criteria.letters))
    values = {"typed": typed, "found": result, "structures": structures, "chosen": chosen}
    if "comparer" in request.form:
        return _page(**values, errors={"personnes": _("Cochez deux personnes, ni plus ni moins.")}), 422
    return _page(**values)


def _by_number(typed: dict[str, str]) -> Response | tuple[str, int]:
    picking = _picking()
    with db.reading() as session:
        found = persons.by_regional_id(session, typed["regional_id"])
    if found is None:
        return _page(typed=typed, errors={"regional_id": _("Aucune personne n'a ce numéro régional.")}), 422
    if picking is not None:
        return redirect(url_for("agency.merging", person_id=picking.person_id, other_id=found))
    return redirect(url_for("agency.person", person_id=found))


def _picking() -> PersonView | None:
    """Return the person that another one is looked for to be compared with, if any."""
    chosen = ids_of([request.args.get("avec", "")])
    if not chosen:
        return None
    try:
        with db.reading() as session:
            return identities.person(session, persons.present_place(session, chosen[0]))
    except NotFound:
        return None


def _page(**values: Any) -> str:
    picking = _picking()
    if picking is not None:
        with db.transaction() as session:
            record(session, "person.shown", Subject("person", picking.person_id))
    usual: dict[str, Any] = {"typed": {}, "errors": {}, "found": None, "chosen": [], "picking": picking}
    return render_template("agency/search.html", **usual | values)
