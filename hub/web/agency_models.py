"""Linkage models: which one decides, those proposed, each in full, tried on the index, approved by a second officer.

An act is refused when the model in force is not the one that was on the screen.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from hub import db
from hub.accounts.staff import StaffMember
from hub.audit.trail import Actor, Subject, Trail
from hub.errors import Conflict, Invalid, Unavailable
from hub.linkage import figures, models, trial
from hub.linkage.models import KnownModel, ModelState, Proposal
from hub.linkage.tables import LinkageModel
from hub.vigilance import persons
from hub.web import agency_model_detail as detail
from hub.web import agency_proof
from hub.web.agency_space import blueprint, known, officer_names, officers_only, record, typed_text
from hub.web.context import current_staff, runtime
from identity.model import Model

SIZES = (100, 300, 1000)
_USUAL_SIZE = 300
_SECONDS = 10.0
"""After so long a trial ends with what it has tried."""
_NO_FORM: MultiDict[str, str] = MultiDict()
_STATES = {
    ModelState.PROPOSED: lazy_gettext("Attend un second officier"),
    ModelState.IN_FORCE: lazy_gettext("En vigueur"),
    ModelState.REPLACED: lazy_gettext("Remplacé"),
    ModelState.RETIRED: lazy_gettext("Retiré"),
}
_STATE_CLASSES = {
    ModelState.PROPOSED: "state-wait",
    ModelState.IN_FORCE: "state-good",
    ModelState.REPLACED: "state-neutral",
    ModelState.RETIRED: "state-bad",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Every model; `present` is None when the shipped file decides, `model` when the one in force cannot be read."""

    present: KnownModel | None
    model: Model | None
    proposed: Sequence[KnownModel]
    past: Sequence[KnownModel]
    measured: Mapping[int, figures.Measured | None]
    officers: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Detail:
    """A model ready to be shown: `known` is None for the shipped file, `layout` when it cannot be read."""

    version: str
    known: KnownModel | None
    layout: detail.Layout | None
    measured: figures.Measured | None
    is_present: bool
    """It is the model in force."""
    present: str
    """Version of the model in force."""
    fallback: str
    """Version that would decide if the one in force was taken back."""
    is_comparable: bool
    officers: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why an act on a model was not done."""

    act: str = ""
    invalid: str | None = None
    refused: str | None = None


def _waiting() -> int:
    with db.reading() as session:
        return models.count_pending(session)


@blueprint.context_processor
def _values() -> dict[str, Any]:
    # A function: only a page with the agency's layout asks the database.
    return {"proposed_models": _waiting}


@blueprint.app_template_filter("model_state")
def state_words(model: KnownModel) -> str:
    """Say where a model stands."""
    if model.was_refused:
        return _("Repris par son auteur") if model.retired_by == model.proposed_by else _("Refusé")
    return str(_STATES[model.state])


@blueprint.get("/modeles")
@officers_only
def linkage_models() -> str:
    """List the model in force, those that wait for a second officer, those replaced or taken back."""
    with db.reading() as session:
        listing = _listing(session)
    with db.transaction() as session:
        record(session, "model.list", None, waiting=len(listing.proposed))
    return _render("list", listing=listing)


def _listing(session: Session) -> Listing:
    everyone = models.every(session)
    present = next((item for item in everyone if item.state is ModelState.IN_FORCE), None)
    return Listing(
        present,
        _read(session, present),
        [item for item in everyone if item.state is ModelState.PROPOSED],
        [item for item in everyone if item.state in (ModelState.REPLACED, ModelState.RETIRED)],
        {item.id: figures.measured(item.figures) if item.figures else None for item in everyone},
        _officers(session, everyone),
    )


@blueprint.get("/modeles/fourni")
@officers_only
def shipped_model() -> str:
    """Show the model of the file of HUB_LINKAGE_MODEL."""
    return _page(None, Stopped(), _NO_FORM)


@blueprint.get("/modeles/<int:model_id>")
@officers_only
def linkage_model(model_id: int) -> str:
    """Show a model: what it weighs, its figures, how it differs from the one in force."""
    return _page(model_id, Stopped(), _NO_FORM)


@blueprint.get("/modeles/proposer")
@officers_only
def model_proposal() -> str:
    """Ask for the file of a model."""
    return _render("proposal", error=None, typed=_NO_FORM, most=models.MOST_BYTES)


@blueprint.post("/modeles/proposer")
@officers_only
def model_propose() -> Response | tuple[str, int]:
    """Keep a model for another officer to approve; nothing is kept of one that is refused."""
    try:
        text = _uploaded("model", models.MOST_BYTES)
        if text is None:
            raise Invalid(_("Choisissez le fichier du modèle, celui qu'écrit hub model train."), "model")
        proposal = Proposal(text, typed_text("reason"), _uploaded("figures", figures.MOST_BYTES))
        with db.transaction() as session:
            kept = models.propose(session, proposal, _shipped().version, *_who())
    except Invalid as error:
        return _render("proposal", error=error, typed=request.form, most=models.MOST_BYTES), 422
    except Conflict as error:
        known_already = Invalid(error.message, "model")
        return _render("proposal", error=known_already, typed=request.form, most=models.MOST_BYTES), 409
    flash(
        _("Le modèle %(version)s est proposé : un autre officier doit l'approuver.", version=kept.version), "success"
    )
    return redirect(url_for("agency.linkage_model", model_id=kept.id))


def _uploaded(name: str, most: int) -> str | None:
    """Read a text file of the form as a command would, None when there is none; raise `Invalid`."""
    file = request.files.get(name)
    if file is None or not file.filename:
        return None
    content = file.stream.read(most + 1)
    if len(content) > most:
        raise Invalid(_("Ce fichier est trop grand : %(limit)d Mo au plus.", limit=most // 1_000_000), name)
    try:
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as err:
        raise Invalid(_("Ce fichier n'est pas un texte en UTF-8 : donnez-le tel que hub l'a écrit."), name) from err


@blueprint.post("/modeles/<int:model_id>/approuver")
@officers_only
def model_approve(model_id: int) -> Response | tuple[str, int]:
    """Put a model in force that another officer proposed, if the model in force is still the one seen."""
    _check_exists(model_id)
    if "lu" not in request.form:
        missing = Stopped("approuver", invalid=_("Cochez la case pour dire que vous avez examiné ce modèle."))
        return _page(model_id, missing, request.form), 422
    if (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            version = models.pending(session, model_id).version
            models.check_in_force(session, typed_text("seen"), _shipped().version)
            models.approve(session, version, *_who())
    except Conflict as error:
        return _page(model_id, Stopped("approuver", refused=error.message), request.form), 409
    flash(_("Le modèle %(version)s est en vigueur.", version=version), "success")
    return redirect(url_for("agency.linkage_model", model_id=model_id))


@blueprint.post("/modeles/<int:model_id>/refuser")
@officers_only
def model_refuse(model_id: int) -> Response | tuple[str, int]:
    """Turn down a proposed model, or withdraw one's own."""
    _check_exists(model_id)
    try:
        with db.transaction() as session:
            refused = models.refuse(session, model_id, typed_text("answer"), *_who())
    except Invalid as error:
        return _page(model_id, Stopped("refuser", invalid=error.message), request.form), 422
    except Conflict as error:
        return _page(model_id, Stopped("refuser", refused=error.message), request.form), 409
    flash(_("Le modèle %(version)s n'attend plus d'approbation.", version=refused.version), "success")
    return redirect(url_for("agency.linkage_models"))


@blueprint.post("/modeles/<int:model_id>/retirer")
@officers_only
def model_roll_back(model_id: int) -> Response | tuple[str, int]:
    """Take the model in force back: the one before decides again, at once."""
    _check_exists(model_id)
    if typed_text("comment").strip() and (asked := agency_proof.demand()) is not None:
        return asked
    try:
        with db.transaction() as session:
            former = models.by_id(session, model_id).version
            models.check_in_force(session, former, _shipped().version)
            done = models.roll_back(session, typed_text("comment"), *_who())
    except Invalid as error:
        return _page(model_id, Stopped("retirer", invalid=error.message), request.form), 422
    except Conflict as error:
        return _page(model_id, Stopped("retirer", refused=error.message), request.form), 409
    present = done.present.version if done.present else _shipped().version
    flash(_("Le modèle %(former)s est retiré ; %(present)s décide.", former=former, present=present), "success")
    return redirect(url_for("agency.linkage_models"))


@blueprint.get("/modeles/fourni/essai", defaults={"model_id": None})
@blueprint.get("/modeles/<int:model_id>/essai")
@officers_only
def model_trial(model_id: int | None) -> str | Response:
    """Decide a sample of the index again with a model, for a few seconds at most; keep nothing."""
    size = max(1, min(request.args.get("identites", _USUAL_SIZE, type=int), max(SIZES)))
    with db.reading() as session:
        chosen = models.by_id(session, known(model_id)) if model_id is not None else None
        proposed, present = _read(session, chosen), runtime().model.read()
        if proposed is None:
            raise Conflict(_("Ce modèle ne peut pas être essayé : cette version du hub ne le lit pas."))
        if proposed.version == present.version:
            return redirect(url_for("agency.linkage_models"))
        deadline = time.monotonic() + _SECONDS
        tried = trial.try_out(session, present, proposed, size, lambda: None, lambda: time.monotonic() > deadline)
        numbers = persons.regional_ids(session, _persons(tried))
    with db.transaction() as session:
        subject = Subject("linkage_model", chosen.id) if chosen else None
        record(session, "model.try", subject, version=proposed.version, tried=tried.tried, changed=tried.changed)
    return _render(
        "trial",
        tried=tried,
        found=detail.trial_words(tried),
        known=chosen,
        version=proposed.version,
        present=present.version,
        regional_ids=numbers,
        size=size,
    )


def _persons(tried: trial.Trial) -> set[int]:
    places = [
        place for item in tried.changes for place in (item.person_id, item.before.person_id, item.after.person_id)
    ]
    return {place for place in places if place is not None}


def _page(model_id: int | None, stopped: Stopped, typed: MultiDict[str, str]) -> str:
    with db.reading() as session:
        shown = _detail(session, known(model_id) if model_id is not None else None)
    with db.transaction() as session:
        subject = Subject("linkage_model", shown.known.id) if shown.known else None
        record(session, "model.read", subject, version=shown.version)
    own = shown.known is not None and shown.known.proposed_by == current_staff().member.id
    return _render("detail", shown=shown, known=shown.known, own=own, stopped=stopped, typed=typed)


def _detail(session: Session, model_id: int | None) -> Detail:
    everyone = models.every(session)
    chosen = models.by_id(session, model_id) if model_id is not None else None
    present = next((item for item in everyone if item.state is ModelState.IN_FORCE), None)
    fallback = models.fallback(everyone)
    model, other = _read(session, chosen), _read(session, present)
    is_present = chosen.id == present.id if chosen and present else chosen is present
    compared = None if is_present else other
    return Detail(
        chosen.version if chosen else _shipped().version,
        chosen,
        detail.lay_out(model, compared) if model else None,
        figures.measured(chosen.figures) if chosen and chosen.figures else None,
        is_present,
        present.version if present else _shipped().version,
        fallback.version if fallback else _shipped().version,
        model is not None and compared is not None,
        _officers(session, [chosen] if chosen else []),
    )


def _read(session: Session, chosen: KnownModel | None) -> Model | None:
    """Return a model, the shipped one for None; None when it was altered or this version does not read it."""
    if chosen is None:
        return _shipped()
    try:
        return models.read(session, LinkageModel.id == chosen.id)
    except Unavailable:
        return None


def _shipped() -> Model:
    return runtime().model.shipped


def _who() -> tuple[StaffMember, Trail, Actor]:
    return current_staff().member, runtime().trail, current_staff().actor


def _officers(session: Session, shown: Sequence[KnownModel]) -> dict[int, str]:
    return officer_names(
        session, [who for item in shown for who in (item.proposed_by, item.approved_by, item.retired_by)]
    )


def _check_exists(model_id: int) -> None:
    """Raise `NotFound` before anything is asked of the officer."""
    with db.reading() as session:
        models.by_id(session, known(model_id))


def _render(name: str, **values: Any) -> str:
    shared = {"shipped": _shipped(), "detail": detail, "states": _STATES, "classes": _STATE_CLASSES, "sizes": SIZES}
    return render_template(f"agency/model_{name}.html", **shared, **values)
