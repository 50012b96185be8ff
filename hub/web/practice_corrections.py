"""Corrections that the regional agency asks of a structure: its list, one page each, the form to answer (RNIV 2)."""

from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from hub import db
from hub.audit.trail import Entry, Subject
from hub.errors import Conflict, Invalid
from hub.registry import corrections, identities
from hub.registry.corrections import Answer, AnswerKind, Correction, CorrectionState, CorrectionTrait
from hub.registry.values import StoredIdentity
from hub.web import formats
from hub.web.context import current_staff, runtime
from hub.web.practice_space import blueprint, places, practice_only, structure_id

TRAITS = {
    CorrectionTrait.BIRTH_NAME: lazy_gettext("Nom de naissance"),
    CorrectionTrait.GIVEN_NAMES: lazy_gettext("Prénoms de naissance"),
    CorrectionTrait.BIRTH_DATE: lazy_gettext("Date de naissance"),
    CorrectionTrait.SEX: lazy_gettext("Sexe"),
    CorrectionTrait.BIRTH_PLACE: lazy_gettext("Lieu de naissance"),
    CorrectionTrait.INS: lazy_gettext("Matricule INS"),
    CorrectionTrait.STATUS: lazy_gettext("Statut de l'identité"),
    CorrectionTrait.ADDRESS: lazy_gettext("Adresse"),
    CorrectionTrait.PHONE: lazy_gettext("Téléphone"),
    CorrectionTrait.EMAIL: lazy_gettext("Courriel"),
    CorrectionTrait.IDENTITY: lazy_gettext("Toute l'identité"),
}
STATES = {
    CorrectionState.OPEN: lazy_gettext("À traiter"),
    CorrectionState.ANSWERED: lazy_gettext("Réponse envoyée"),
    CorrectionState.CORRECTED: lazy_gettext("Trait modifié depuis"),
    CorrectionState.CLOSED: lazy_gettext("Close"),
}
ANSWERS = {
    AnswerKind.CORRECTED: lazy_gettext("Corrigé dans notre logiciel"),
    AnswerKind.RIGHT: lazy_gettext("Le trait est exact"),
    AnswerKind.UNKNOWN: lazy_gettext("Patient inconnu chez nous"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A request with the patient that it is about."""

    correction: Correction
    identity: StoredIdentity


@blueprint.get("/corrections")
@practice_only
def correction_list() -> str:
    """List what the agency asks, what waits first."""
    page = max(1, min(request.args.get("page", 1, type=int), 100_000))
    with db.transaction() as session:
        found = corrections.of_structure(session, structure_id(), page)
        lines = [Line(item, identities.by_id(session, item.source_identity_id)) for item in found]
        entry = Entry(current_staff().actor, "correction.list", None, {"results": len(lines)})
        runtime().trail.record(session, entry)
    return render_template(
        "practice/corrections.html",
        lines=lines,
        page=page,
        has_more=len(lines) == corrections.PAGE,
        traits=TRAITS,
        states=STATES,
    )


@blueprint.get("/corrections/<int:request_id>")
@practice_only
def correction(request_id: int) -> str:
    """Show one request: what is asked, what the hub holds, the answer or its form."""
    return _page(_read(request_id), {}, {})


@blueprint.post("/corrections/<int:request_id>")
@practice_only
def correction_answer(request_id: int) -> Any:
    """Keep the structure's answer."""
    typed = {name: request.form.get(name, "").strip() for name in ("kind", "text")}
    if typed["kind"] not in set(AnswerKind):
        return _page(_read(request_id), typed, {"kind": _("Choisissez une réponse.")}), 422
    access = current_staff()
    given = Answer(kind=AnswerKind(typed["kind"]), text=typed["text"], staff_id=access.member.id)
    try:
        with db.transaction() as session:
            corrections.answer(session, request_id, structure_id(), given, runtime().trail, access.actor)
    except Invalid as error:
        return _page(_read(request_id), typed, {error.field or "text": error.message}), 422
    except Conflict as error:
        flash(error.message, "warning")
    else:
        flash(_("Votre réponse est envoyée à l'agence régionale."), "success")
    return _after(request_id)


def _after(request_id: int) -> Response:
    return redirect(url_for("practice.correction", request_id=request_id))


def _read(request_id: int) -> Line:
    with db.transaction() as session:
        found = corrections.own_one(session, request_id, structure_id())
        identity = identities.by_id(session, found.source_identity_id)
        subject = Subject("source_identity", identity.id)
        entry = Entry(current_staff().actor, "correction.read", subject, {"request": found.id})
        runtime().trail.record(session, entry)
    return Line(found, identity)


def _page(line: Line, typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "practice/corrections_one.html",
        correction=line.correction,
        identity=line.identity,
        present=_present(line.correction.trait, line.identity),
        typed=typed,
        errors=errors,
        traits=TRAITS,
        states=STATES,
        answers=ANSWERS,
        kinds=[(kind.value, str(label)) for kind, label in ANSWERS.items()],
        most=corrections.MOST_TEXT,
    )


def _present(trait: CorrectionTrait, identity: StoredIdentity) -> str | None:
    """Write what the hub holds of the trait; None for a whole identity, which the page shows anyway."""
    traits, address = identity.traits, identity.traits.address
    where = (address.line, address.postcode, address.city) if address else ()
    written: dict[CorrectionTrait, str | None] = {
        CorrectionTrait.BIRTH_NAME: traits.birth_name,
        CorrectionTrait.GIVEN_NAMES: " ".join(traits.given_names),
        CorrectionTrait.BIRTH_DATE: formats.birth(traits.birth_date),
        CorrectionTrait.SEX: str(formats.SEX_LABELS[traits.sex]),
        CorrectionTrait.BIRTH_PLACE: places().town(traits.birth_place) if traits.birth_place else None,
        CorrectionTrait.INS: traits.ins.matricule if traits.ins else None,
        CorrectionTrait.STATUS: str(formats.STATUS_LABELS[identity.status]),
        CorrectionTrait.ADDRESS: ", ".join(part for part in where if part),
        CorrectionTrait.PHONE: formats.phone(traits.phone),
        CorrectionTrait.EMAIL: traits.email,
    }
    if trait is CorrectionTrait.IDENTITY:
        return None
    return written[trait] or _("rien")


def _waiting() -> int:
    with db.reading() as session:
        return corrections.count_open(session, structure_id())


@blueprint.context_processor
def _menu_values() -> dict[str, Any]:
    # A function: only a page with the practice's layout asks the database.
    return {"waiting_corrections": _waiting} if "staff" in g else {}
