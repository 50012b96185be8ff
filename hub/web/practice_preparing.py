"""Prepare a sending step by step (M8): name and type, recipients, summary. Each step is kept as it is done."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import portal_accounts
from hub.accounts.portal_accounts import Account
from hub.directory import correspondents
from hub.directory.values import Correspondent, CorrespondentKind
from hub.documents import deposit
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import deaths
from hub.routing import sendings
from hub.web import practice_drafts
from hub.web.context import current_staff, runtime
from hub.web.practice_drafts import Preparing, first_missing, open_draft, prepare, steps
from hub.web.practice_space import blueprint, practice_only, structure_id
from identity.deaths import ToldDeath

_SHORTEST_SEARCH = 2


@blueprint.get("/envois/<int:sending_id>/document")
@practice_only
def sending_document(sending_id: int) -> str:
    """Ask for the document's name and type."""
    preparing = practice_drafts.read(sending_id)
    typed = {"title": preparing.document.title, "type": preparing.document.type_code or ""}
    return _document_page(preparing, typed, {})


@blueprint.post("/envois/<int:sending_id>/document")
@practice_only
def sending_document_submit(sending_id: int) -> Any:
    """Keep name and type."""
    typed = {name: request.form.get(name, "").strip() for name in ("title", "type")}
    errors = _document_errors(typed)
    if errors:
        return _document_page(practice_drafts.read(sending_id), typed, errors), 422
    with db.transaction() as session:
        preparing = prepare(session, sending_id)
        sendings.describe_document(session, preparing.draft, typed["title"], typed["type"])
    if preparing.identity is not None:
        return redirect(url_for("practice.sending_recipients", sending_id=sending_id))
    return redirect(url_for("practice.search", envoi=sending_id))


def _document_errors(typed: dict[str, str]) -> dict[str, str]:
    errors = {}
    try:
        deposit.clean_title(typed["title"])
    except Invalid as error:
        errors["title"] = error.message
    try:
        runtime().types.get(typed["type"])
    except Invalid as error:
        errors["type"] = error.message
    return errors


def _document_page(preparing: Preparing, typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "practice/sending_document.html",
        preparing=preparing,
        steps=steps(preparing, "document"),
        typed=typed,
        errors=errors,
        types=[(item.code, item.label) for item in runtime().types.ordered],
    )


@blueprint.get("/envois/<int:sending_id>/destinataires")
@practice_only
def sending_recipients(sending_id: int) -> str | Response:
    """Show who was chosen, and look for others."""
    preparing = practice_drafts.read(sending_id)
    return first_missing(preparing) or _recipients_page(preparing)


@blueprint.post("/envois/<int:sending_id>/destinataires")
@practice_only
def sending_recipients_submit(sending_id: int) -> Any:
    """Search the directory, or add or remove somebody of it."""
    if "search" in request.form:
        return _search_directory(practice_drafts.read(sending_id))
    act, kind, correspondent_id = _asked()
    with db.transaction() as session:
        draft = open_draft(session, sending_id)
        if act == "remove":
            sendings.remove_recipient(session, draft, kind, correspondent_id)
        else:
            sendings.add_recipient(session, draft, kind, correspondent_id)
    return redirect(url_for("practice.sending_recipients", sending_id=sending_id))


def _asked() -> tuple[str, CorrespondentKind, int]:
    """Read the button pressed: « add:pharmacy:12 »."""
    act, _separator, who = request.form.get("act", "").partition(":")
    kind, _separator, correspondent_id = who.partition(":")
    known = kind in {item.value for item in CorrespondentKind} and act in ("add", "remove")
    if not known or not (correspondent_id.isascii() and correspondent_id.isdigit()):
        raise NotFound(_("Ce correspondant n'est pas dans l'annuaire."))
    return act, CorrespondentKind(kind), int(correspondent_id)


def _search_directory(preparing: Preparing) -> Any:
    typed = {name: request.form.get(name, "").strip() for name in ("kind", "text")}
    if typed["kind"] not in {item.value for item in CorrespondentKind}:
        typed["kind"] = CorrespondentKind.PROFESSIONAL.value
    if len(typed["text"]) < _SHORTEST_SEARCH:
        errors = {"text": _("Écrivez au moins 2 lettres d'un nom, d'une spécialité ou d'une ville.")}
        return _recipients_page(preparing, typed, errors=errors), 422
    with db.reading() as session:
        found = correspondents.search(session, CorrespondentKind(typed["kind"]), typed["text"])
    return _recipients_page(preparing, typed, found=found)


def _recipients_page(
    preparing: Preparing,
    typed: dict[str, str] | None = None,
    *,
    errors: dict[str, str] | None = None,
    found: list[Correspondent] | None = None,
) -> str:
    return render_template(
        "practice/sending_recipients.html",
        preparing=preparing,
        steps=steps(preparing, "recipients"),
        typed=typed or {"kind": CorrespondentKind.PROFESSIONAL.value, "text": ""},
        errors=errors or {},
        found=found,
        most=correspondents.MOST_RESULTS,
        chosen={(item.kind, item.id) for item in preparing.draft.recipients},
    )


@blueprint.get("/envois/<int:sending_id>/resume")
@practice_only
def sending_summary(sending_id: int) -> str | Response:
    """Show what would leave, to whom, how and why."""
    with db.reading() as session:
        preparing = prepare(session, sending_id)
        leads = first_missing(preparing)
        if leads is not None:
            return leads
        plan = sendings.preview(session, preparing.draft)
        seen = sendings.fingerprint(session, preparing.draft)
        account = _account(session, preparing)
        death = _death(session, preparing)
    return render_template(
        "practice/sending_summary.html",
        preparing=preparing,
        steps=steps(preparing, "summary"),
        plan=plan,
        seen=seen,
        account=account,
        death=death,
        type=runtime().types.get(preparing.document.type_code or ""),
    )


def _account(session: Session, preparing: Preparing) -> Account | None:
    return portal_accounts.of_person(session, preparing.identity.person_id) if preparing.identity else None


def _death(session: Session, preparing: Preparing) -> ToldDeath | None:
    return deaths.held(session, preparing.identity.person_id) if preparing.identity else None


@blueprint.post("/envois/<int:sending_id>/resume")
@practice_only
def sending_summary_submit(sending_id: int) -> Response:
    """Keep the copy's box, or send. What leaves is what the page showed: a box just changed is shown first."""
    wanted = request.form.get("copy") == "oui"
    summary = redirect(url_for("practice.sending_summary", sending_id=sending_id))
    with db.transaction() as session:
        preparing = prepare(session, sending_id)
        changed = preparing.draft.copy_to_patient != wanted
        sendings.set_copy(session, preparing.draft, wanted)
        account = _account(session, preparing)
        is_deceased = _death(session, preparing) is not None
    if changed or request.form.get("act") != "send":
        return _copy_kept(preparing, account, wanted=wanted and not is_deceased) or summary
    try:
        with db.transaction() as session:
            trail, actor, seen = runtime().trail, current_staff().actor, request.form.get("seen", "")
            plan = sendings.send(session, sending_id, structure_id(), trail, actor, seen=seen)
    except Conflict:
        return redirect(url_for("practice.sent_one", sending_id=sending_id))
    except Invalid as error:
        flash(error.message, "danger")
        return summary
    told = ngettext(
        "Document envoyé : %(num)d remise en cours.",
        "Document envoyé : %(num)d remises en cours.",
        len(plan.deliveries),
    )
    flash(told, "success")
    return redirect(url_for("practice.sent_one", sending_id=sending_id))


def _copy_kept(preparing: Preparing, account: Account | None, *, wanted: bool) -> Response | None:
    """Lead to the opening of an account when a copy is wanted and there is none (M9)."""
    if request.form.get("act") == "send":
        flash(_("Le choix de la copie a changé : vérifiez le résumé, puis envoyez."), "warning")
    if wanted and account is None and preparing.identity is not None and not preparing.identity.held:
        address = url_for("practice.open_account", identity_id=preparing.identity.id, envoi=preparing.draft.id)
        return redirect(address)
    return None


@blueprint.post("/envois/<int:sending_id>/abandonner")
@practice_only
def cancel_sending(sending_id: int) -> Response:
    """Give up a draft."""
    with db.transaction() as session:
        draft = open_draft(session, sending_id)
        sendings.cancel(session, draft, runtime().trail, current_staff().actor)
    flash(_("L'envoi est abandonné : rien n'est parti."), "success")
    return redirect(url_for("practice.home"))
