"""Search for officers: a birth date first, then three letters (RNIV), or a regional identifier; always recorded."""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub import db
from hub.registry import enrolment
from hub.registry import search as index
from hub.vigilance import persons
from hub.web.agency_space import blueprint, officers_only, structure_names
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
    """Show who is found. Nothing typed ever shows in an address."""
    typed = {name: request.form.get(name, "").strip() for name in ("birth_date", "letters", "regional_id")}
    if typed["regional_id"]:
        with db.reading() as session:
            found = persons.by_regional_id(session, typed["regional_id"])
        if found is None:
            return _page(typed=typed, errors={"regional_id": _("Aucune personne n'a ce numéro régional.")}), 422
        return redirect(url_for("agency.person", person_id=found))
    try:
        criteria = normalise_search(typed["birth_date"], typed["letters"])
    except TraitError as error:
        return _page(typed=typed, errors={error.field: error.message}), 422
    with db.transaction() as session:
        result = index.search(session, criteria)
        shown = [person.person_id for person in result.persons]
        structures = structure_names(session, [item for person in result.persons for item in person.identities])
        enrolment.viewed(session, shown, runtime().registrar, current_staff().actor, letters=bool(criteria.letters))
    return _page(typed=typed, found=result, structures=structures)


def _page(**values: Any) -> str:
    return render_template("agency/search.html", **{"typed": {}, "errors": {}, "found": None} | values)
