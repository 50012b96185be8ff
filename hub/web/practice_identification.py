"""Ask the regional agency whose document this is, when the structure cannot tell; read what it answers.

The officers read what is typed here, never the document. Their answer is shown as a person found by a search: only
the structure chooses its patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.errors import Conflict, Invalid
from hub.registry import deaths, enrolment, identities
from hub.registry.identification import Identification
from hub.registry.values import PersonView
from hub.routing import sendings
from hub.web.context import current_staff, runtime
from hub.web.formats import PARIS
from hub.web.practice_creation import SEXES, read_name
from hub.web.practice_drafts import Preparing, open_draft, prepare, steps
from hub.web.practice_space import blueprint, practice_only
from identity.deaths import ToldDeath
from identity.normalise import split_given_names
from identity.search import normalise_search
from identity.traits import BirthDate, Sex, TraitError, Traits

_FIELDS = ("birth_name", "used_name", "given_names", "birth_date", "sex", "message")


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft, what was asked of its document, and the person that the agency designated, if any."""

    preparing: Preparing
    identification: Identification | None
    person: PersonView | None = None
    deaths: Mapping[int, ToldDeath] | None = None


@blueprint.get("/envois/<int:sending_id>/identification")
@practice_only
def identification(sending_id: int) -> str:
    """Show the form, that the agency looks for the patient, or what it answers."""
    return _page(_read(sending_id), {}, {})


@blueprint.post("/envois/<int:sending_id>/identification")
@practice_only
def identification_submit(sending_id: int) -> Any:
    """Ask the agency."""
    typed = {name: request.form.get(name, "").strip() for name in _FIELDS}
    errors: dict[str, str] = {}
    traits = _traits(typed, errors)
    if not errors:
        access = current_staff()
        try:
            with db.transaction() as session:
                draft = open_draft(session, sending_id)
                trail, actor = runtime().trail, access.actor
                sendings.ask_identification(session, draft, traits, typed["message"], access.member.id, trail, actor)
        except Invalid as error:
            errors[error.field or "message"] = error.message
        except Conflict as error:
            flash(error.message, "warning")
        else:
            flash(_("Votre demande est envoyée à l'agence régionale ; l'envoi vous attend à l'accueil."), "success")
    if errors:
        return _page(_read(sending_id), typed, {name: errors[name] for name in _FIELDS if name in errors}), 422
    return redirect(url_for("practice.identification", sending_id=sending_id))


@blueprint.post("/envois/<int:sending_id>/identification/retirer")
@practice_only
def identification_withdraw(sending_id: int) -> Response:
    """Ask no longer."""
    with db.transaction() as session:
        draft = open_draft(session, sending_id)
        sendings.withdraw_identification(session, draft, runtime().trail, current_staff().actor)
    flash(_("L'agence ne cherche plus le patient de ce document."), "success")
    return redirect(url_for("practice.search", envoi=sending_id))


def _traits(typed: dict[str, str], errors: dict[str, str]) -> Traits:
    """Read what is legible on the document: `identification.ask` says what is too little."""
    given = split_given_names(typed["given_names"])
    return Traits(
        birth_name=read_name(typed["birth_name"], "birth_name", errors),
        used_name=read_name(typed["used_name"], "used_name", errors),
        given_names=tuple(name for part in given if (name := read_name(part, "given_names", errors))),
        birth_date=_date(typed["birth_date"], errors),
        sex=SEXES.get(typed["sex"], Sex.UNKNOWN),
    )


def _date(text: str, errors: dict[str, str]) -> BirthDate | None:
    if not text:
        return None
    try:
        found = normalise_search(text, "").birth_date
    except TraitError as error:
        errors["birth_date"] = error.message
        return None
    if found.iso() > datetime.now(PARIS).date().isoformat():
        errors["birth_date"] = _("Cette date est dans l'avenir : vérifiez l'année.")
    return found


def _read(sending_id: int) -> Asked:
    with db.transaction() as session:
        preparing = prepare(session, sending_id)
        found = sendings.identification_of(session, preparing.draft)
        person = _designated(session, found)
        if person is None:
            return Asked(preparing, found)
        # As a search: whoever is shown here may be chosen.
        enrolment.viewed(session, [person.person_id], runtime().registrar, current_staff().actor, letters=False)
        return Asked(preparing, found, person, deaths.held_of(session, [person.person_id]))


def _designated(session: Session, found: Identification | None) -> PersonView | None:
    if found is None or found.answer_identity_id is None:
        return None
    return identities.person(session, identities.by_id(session, found.answer_identity_id).person_id)


def _page(asked: Asked, typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "practice/identification.html",
        asked=asked,
        preparing=asked.preparing,
        sending_id=asked.preparing.draft.id,
        steps=steps(asked.preparing, "patient"),
        persons=[asked.person] if asked.person else [],
        deaths=asked.deaths,
        again=bool(errors) or request.args.get("encore") == "oui",
        typed=typed,
        errors=errors,
    )
