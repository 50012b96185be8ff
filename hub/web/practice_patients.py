"""Find a patient in the regional index (M1), choose one, and the patient's card in the structure."""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import portal_accounts
from hub.audit.trail import Entry, Subject
from hub.errors import NotFound
from hub.registry import deaths, enrolment, identities
from hub.registry import search as index
from hub.registry.values import StoredIdentity
from hub.routing import sendings
from hub.web import practice_drafts
from hub.web.context import current_staff, runtime
from hub.web.practice_drafts import put_patient, steps
from hub.web.practice_space import (
    blueprint,
    current_sending,
    practice_only,
    registering_staff,
    structure_id,
)
from identity import completeness
from identity.search import SearchCriteria, normalise_search
from identity.traits import TraitError


@blueprint.get("/patients")
@practice_only
def search() -> str:
    """Ask for a birth date and the first letters."""
    return _search_page(current_sending())


@blueprint.post("/patients")
@practice_only
def search_submit() -> Any:
    """Show who was born that day with such a name. Nothing typed ever shows in an address."""
    typed = {name: request.form.get(name, "").strip() for name in ("birth_date", "letters")}
    try:
        criteria = normalise_search(typed["birth_date"], typed["letters"])
    except TraitError as error:
        return _search_page(current_sending(), typed=typed, errors={error.field: error.message}), 422
    return _search_page(current_sending(), typed=typed, found=_find(criteria))


def _find(criteria: SearchCriteria) -> index.Found:
    with db.transaction() as session:
        found = index.search(session, criteria)
        shown = [person.person_id for person in found.persons]
        actor = current_staff().actor
        enrolment.viewed(session, shown, runtime().registrar, actor, letters=bool(criteria.letters))
    return found


def _search_page(sending_id: int | None, **values: Any) -> str:
    """Render the search, alone or as the step of a sending."""
    if sending_id is not None:
        preparing = practice_drafts.read(sending_id)
        values |= {"preparing": preparing, "steps": steps(preparing, "patient")}
    if "found" in values:
        with db.reading() as session:
            shown = [person.person_id for person in values["found"].persons]
            values["deaths"] = deaths.held_of(session, shown)
    return render_template("practice/search.html", sending_id=sending_id, **values)


@blueprint.post("/patients/<int:person_id>/choisir")
@practice_only
def choose(person_id: int) -> Response:
    """Make a person found by search a patient of the structure, or find the one it already is."""
    sending_id = current_sending()
    with db.transaction() as session:
        actor = current_staff().actor
        identity = enrolment.choose(session, person_id, registering_staff(), runtime().registrar, actor)
        if sending_id is not None:
            put_patient(session, sending_id, identity)
    return after_patient(identity, sending_id)


def after_patient(identity: StoredIdentity, sending_id: int | None) -> Response:
    """Lead to the patient's card, or on with the sending."""
    if sending_id is None:
        return redirect(url_for("practice.patient", identity_id=identity.id))
    return redirect(url_for("practice.sending_recipients", sending_id=sending_id))


@blueprint.get("/patients/<int:identity_id>")
@practice_only
def patient(identity_id: int) -> str:
    """Show a patient of the structure: identity, portal account, documents sent."""
    with db.transaction() as session:
        identity = own_identity(identities.by_id(session, identity_id))
        account = portal_accounts.of_person(session, identity.person_id)
        sent = sendings.sent_about(session, identity.id, structure_id())
        death = deaths.held(session, identity.person_id)
        entry = Entry(current_staff().actor, "identity.read", Subject("source_identity", identity.id))
        runtime().trail.record(session, entry)
    return render_template(
        "practice/patient.html",
        identity=identity,
        account=account,
        sent=sent,
        death=death,
        missing=completeness.missing_strict_traits(identity.traits),
        warnings=completeness.warnings(identity.traits, identity.status),
    )


def own_identity(identity: StoredIdentity) -> StoredIdentity:
    """Return the identity when it is the structure's own; raise `NotFound`, as for one that does not exist."""
    if identity.organization_id != structure_id():
        raise NotFound(_("Cette identité n'existe pas."))
    return identity
