"""Create an identity when nobody fits (M2): one form, every problem told at once, near matches before creation."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Response, flash, jsonify, render_template, request
from flask_babel import gettext as _

from hub import db
from hub.registry import enrolment
from hub.registry.places import UNKNOWN, Commune
from hub.registry.search import NearMatch, near_matches
from hub.registry.values import StoredIdentity
from hub.web import formats, practice_drafts
from hub.web.context import current_staff, runtime
from hub.web.formats import PARIS
from hub.web.practice_drafts import put_patient
from hub.web.practice_patients import after_patient
from hub.web.practice_space import (
    blueprint,
    current_sending,
    places,
    practice_only,
    registering_staff,
    structure_id,
)
from identity.cog import code_on_birth
from identity.normalise import clean_email, clean_phone, is_placeholder_name, split_given_names, write_name
from identity.search import normalise_search
from identity.traits import BirthDate, Sex, TraitError, Traits

_FIELDS = (
    "birth_name", "given_names", "used_name", "used_given_name", "birth_date", "presumed", "sex", "born", "town_code",
    "town", "country", "email", "mobile", "informed",
)  # fmt: skip
SEXES = {"M": Sex.MALE, "F": Sex.FEMALE, "U": Sex.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the form says: the traits when it can be used, else the problems by field and the communes to choose."""

    traits: Traits | None
    errors: dict[str, str]
    communes: tuple[Commune, ...] = ()


@blueprint.get("/patients/nouveau")
@practice_only
def create() -> str:
    """Ask for the traits."""
    return _form({"born": "france"})


@blueprint.post("/patients/nouveau")
@practice_only
def create_submit() -> Any:
    """Show the form again, the near matches, or create: in that order."""
    typed = {name: request.form.get(name, "").strip() for name in _FIELDS}
    act = request.form.get("act", "check")
    if act in ("begin", "edit"):
        return _form(typed | {"born": typed["born"] or "france"})
    reading = _read(typed)
    if reading.traits is None:
        return _form(typed, reading), 422
    seen = frozenset(request.form.getlist("seen")) if act == "confirm" else frozenset()
    near, identity = _create(reading.traits, seen)
    if identity is None:
        return _near_page(typed, near)
    flash(_("L'identité est créée."), "success")
    return after_patient(identity, current_sending())


def _create(traits: Traits, seen: frozenset[str]) -> tuple[list[NearMatch], StoredIdentity | None]:
    """Create unless somebody near was not shown yet: a second click finds the identity that the first one made."""
    parts, actor = runtime(), current_staff().actor
    sending_id = current_sending()
    born = traits.birth_date.iso() if traits.birth_date else ""
    with db.transaction() as session:
        db.serialise(session, f"create:{structure_id()}|{born}")
        near = near_matches(session, traits, parts.registrar.model)
        if any(str(item.person.person_id) not in seen for item in near):
            shown = [item.person.person_id for item in near]
            enrolment.viewed(session, shown, parts.registrar, actor, letters=False)
            return near, None
        apart = frozenset(item.person.person_id for item in near)
        created = enrolment.create(
            session, traits, registering_staff(), parts.registrar, actor, informed=True, told_apart=apart
        )
        if sending_id is not None:
            put_patient(session, sending_id, created.identity)
    return near, created.identity


def _read(typed: dict[str, str]) -> Reading:
    """Read every field, gathering the problems of all."""
    errors: dict[str, str] = {}
    given = tuple(
        name for part in split_given_names(typed["given_names"]) if (name := read_name(part, "given_names", errors))
    )
    if not given and "given_names" not in errors:
        errors["given_names"] = _("Écrivez au moins le premier prénom de naissance.")
    birth_name = read_name(typed["birth_name"], "birth_name", errors)
    if not birth_name and "birth_name" not in errors:
        errors["birth_name"] = _("Écrivez le nom de naissance, comme sur la pièce d'identité.")
    used_name = read_name(typed["used_name"], "used_name", errors)
    used_given_name = read_name(typed["used_given_name"], "used_given_name", errors)
    birth_date = _date(typed, errors)
    if typed["sex"] not in SEXES:
        errors["sex"] = _("Choisissez le sexe.")
    place, communes = _place(typed, errors)
    if place is not None and birth_date is not None:
        # The list is of today's communes; RNIV wants the code of the day of birth.
        place = code_on_birth(place, birth_date)
    email, phone = _contact(typed, errors)
    if typed["informed"] != "oui":
        errors["informed"] = _("Attestez que le patient a été informé et ne s'oppose pas.")
    if errors:
        # In the order of the form, whatever the order of the checks.
        return Reading(None, {name: errors[name] for name in _FIELDS if name in errors}, communes)
    traits = Traits(
        birth_name=birth_name,
        used_name=used_name,
        given_names=given,
        used_given_name=used_given_name,
        birth_date=birth_date,
        sex=SEXES[typed["sex"]],
        birth_place=place,
        phone=phone,
        email=email,
    )
    return Reading(traits, {})


def read_name(text: str, field: str, errors: dict[str, str]) -> str | None:
    """Return a name as RNIV writes it, None when nothing is written; keep the problem under its field."""
    if not text:
        return None
    try:
        name = write_name(text, field)
    except TraitError as error:
        errors[field] = error.message
        return None
    if is_placeholder_name(name):
        errors[field] = _("Ce mot veut dire « inconnu » : relevez le nom sur la pièce d'identité.")
    return name


def _date(typed: dict[str, str], errors: dict[str, str]) -> BirthDate | None:
    try:
        found = normalise_search(typed["birth_date"], "").birth_date
    except TraitError as error:
        errors["birth_date"] = error.message
        return None
    if found.iso() > datetime.now(PARIS).date().isoformat():
        errors["birth_date"] = _("Cette date est dans l'avenir : vérifiez l'année.")
    return replace(found, presumed=typed["presumed"] == "oui")


def _place(typed: dict[str, str], errors: dict[str, str]) -> tuple[str | None, tuple[Commune, ...]]:
    """Read the place of birth; several communes of one name or postcode are given back to choose from."""
    if typed["born"] == "unknown":
        return UNKNOWN, ()
    if typed["born"] == "abroad":
        if typed["country"] in places().country_names:
            return typed["country"], ()
        errors["country"] = _("Choisissez le pays de naissance.")
        return None, ()
    if typed["born"] != "france":
        errors["born"] = _("Indiquez où le patient est né, ou que ce n'est pas connu.")
        return None, ()
    found = places().find_commune(typed["town"])
    picked = [item for item in found if item.code == typed["town_code"]] or found
    if len(picked) == 1:
        return picked[0].code, tuple(found) if len(found) > 1 else ()
    if found:
        errors["town_code"] = _("Plusieurs communes correspondent : choisissez la bonne.")
        return None, tuple(found)
    errors["town"] = _("Aucune commune ne correspond : écrivez son nom en entier, ou son code postal.")
    return None, ()


def _contact(typed: dict[str, str], errors: dict[str, str]) -> tuple[str | None, str | None]:
    email = clean_email(typed["email"]) if typed["email"] else None
    if typed["email"] and email is None:
        errors["email"] = _("Écrivez une adresse complète, par exemple prenom.nom@exemple.fr, ou laissez vide.")
    phone = clean_phone(typed["mobile"]) if typed["mobile"] else None
    if typed["mobile"] and phone is None:
        errors["mobile"] = _("Écrivez un numéro à 10 chiffres, par exemple 06 39 98 00 00, ou laissez vide.")
    return email, phone


def _form(typed: dict[str, str], reading: Reading | None = None) -> str:
    return render_template(
        "practice/create.html",
        typed=typed,
        errors=reading.errors if reading else {},
        communes=[(item.code, item.label) for item in reading.communes] if reading else [],
        countries=[(item.code, item.name) for item in places().countries],
        notice_text=enrolment.NOTICE_TEXT,
        **_around(),
    )


def _near_page(typed: dict[str, str], near: list[NearMatch]) -> str:
    reasons = {item.person.person_id: formats.reasons(item.assessment) for item in near}
    return render_template("practice/near_matches.html", typed=typed, near=near, reasons=reasons, **_around())


def _around() -> dict[str, Any]:
    """Return what shows that the page is a step of a sending, when it is one."""
    sending_id = current_sending()
    if sending_id is None:
        return {"sending_id": None}
    preparing = practice_drafts.read(sending_id)
    return {"sending_id": sending_id, "steps": practice_drafts.steps(preparing, "patient")}


@blueprint.get("/communes")
@practice_only
def communes() -> Response:
    """Propose communes while somebody types."""
    found = places().search_communes(request.args.get("q", "")[:100])
    return jsonify([{"label": item.label, "postcodes": " ".join(item.postcodes[:3])} for item in found])
