"""Deposit the file that begins a sending (M8, D2, D5): by the form, or several one by one by its script."""

from typing import Any

from flask import g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge

from hub import db
from hub.accounts.sessions import Space
from hub.documents import deposit, inspection
from hub.documents.deposit import StoredBytes
from hub.errors import Invalid, Unavailable
from hub.registry import identities
from hub.registry.values import StoredIdentity
from hub.routing import sendings
from hub.web.context import current_staff, runtime, staff_access
from hub.web.practice_drafts import put_patient
from hub.web.practice_patients import own_identity
from hub.web.practice_space import blueprint, practice_only, structure_id


@blueprint.get("/envois/nouveau")
@practice_only
def new_sending() -> str:
    """Ask for a file."""
    return _upload_page()


@blueprint.post("/envois/nouveau")
@practice_only
def new_sending_submit() -> Any:
    """Check and store the file, and begin a draft with it. A script is answered in JSON, a form by a page."""
    patient_id = request.args.get("patient", type=int)
    identity = _read_own(patient_id) if patient_id is not None else None
    try:
        stored = _store()
    except Invalid as error:
        return _upload_refused(error.message, 422)
    except Unavailable as error:
        return _upload_refused(error.message, 503)
    with db.transaction() as session:
        sending_id = sendings.open_draft(session, stored, structure_id(), current_staff().member.id)
        if identity is not None:
            put_patient(session, sending_id, identity)
    following = url_for("practice.sending_document", sending_id=sending_id)
    return jsonify({"next": following}) if _for_script() else redirect(following)


def _read_own(patient_id: int) -> StoredIdentity:
    with db.reading() as session:
        return own_identity(identities.by_id(session, patient_id))


def _store() -> StoredBytes:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(_("Choisissez un fichier."), "file")
    parts = runtime()
    limit = parts.settings.upload_limit
    content = file.stream.read(limit + 1)
    return deposit.store_file(file.filename, content, structure_id(), parts.store, parts.vault, limit)


def _for_script() -> bool:
    return request.headers.get("Accept") == "application/json"


def _upload_refused(message: str, status: int) -> Any:
    if _for_script():
        return jsonify({"message": message}), status
    return _upload_page(message), status


def _upload_page(error: str | None = None) -> str:
    limit = runtime().settings.upload_limit
    return render_template(
        "practice/new_sending.html",
        error=error,
        limit=limit,
        accepted=inspection.ACCEPTED,
        endings=",".join(f".{ending}" for ending in inspection.ENDINGS),
        patient_id=request.args.get("patient", type=int),
    )


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(error: RequestEntityTooLarge) -> Any:
    """Say in the form itself that the file is too heavy: the request was refused before any view."""
    access = staff_access(Space.PRACTICE)
    if access is None:
        return redirect(url_for("practice.log_in"))
    g.staff = access
    limit = runtime().settings.upload_limit // 1_000_000
    message = _("Ce fichier dépasse %(limit)d Mo : réduisez-le ou envoyez-le en plusieurs fois.", limit=limit)
    return _upload_refused(message, 413)
