"""Open a patient's portal account from the practice (M3, M4, M9), and send its invitation again."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import portal_accounts
from hub.accounts.portal_accounts import SIGNATORY_LABELS, AccountState, Opening, Signatory
from hub.audit.trail import Entry, Subject
from hub.errors import Conflict, Invalid
from hub.registry import death_checks, enrolment, identities
from hub.registry.values import StoredIdentity
from hub.web.context import current_staff, runtime
from hub.web.practice_patients import own_identity
from hub.web.practice_space import blueprint, current_sending, practice_only

# How the consent was gathered; the keys are kept with it.
_CHANNELS = {
    "face-a-face": lazy_gettext("En face à face"),
    "telephone": lazy_gettext("Au téléphone"),
    "teleconsult": lazy_gettext("En téléconsultation"),
}
_ANY_EMAIL, _ANY_MOBILE = "patient@exemple.fr", "+33639980000"


@blueprint.get("/patients/<int:identity_id>/espace-sante")
@practice_only
def open_account(identity_id: int) -> str:
    """Ask for the contact details, the signatory and the attestation."""
    identity = _read(identity_id)
    typed = {
        "email": identity.traits.email or "",
        "mobile": identity.traits.phone or "",
        "signatory": Signatory.HOLDER.value,
        "channel": "face-a-face",
    }
    return _page(identity, typed, {})


@blueprint.post("/patients/<int:identity_id>/espace-sante")
@practice_only
def open_account_submit(identity_id: int) -> Any:
    """Open the account and remember the contact details for the structure alone (L11)."""
    names = ("email", "mobile", "signatory", "channel", "consented")
    typed = {name: request.form.get(name, "").strip() for name in names}
    identity = _read(identity_id)
    errors = _check(typed)
    if errors:
        return _page(identity, typed, errors), 422
    try:
        _open(identity_id, typed)
    except Conflict as error:
        return _page(identity, typed, {}, error.message), 409
    flash(_("L'espace santé est ouvert : l'invitation part par courriel."), "success")
    return _after(identity_id)


def _check(typed: dict[str, str]) -> dict[str, str]:
    """Return every problem of the form by field, so that all can be mended at once."""
    errors = {}
    # One at a time beside a value that is right: the check names only the first field that is wrong.
    for email, mobile in ((typed["email"], _ANY_MOBILE), (_ANY_EMAIL, typed["mobile"])):
        try:
            portal_accounts.check_contact(email, mobile, runtime().settings)
        except Invalid as error:
            errors[error.field or "email"] = error.message
    if typed["signatory"] not in {item.value for item in Signatory}:
        errors["signatory"] = _("Indiquez qui donne son consentement.")
    if typed["channel"] not in _CHANNELS:
        errors["channel"] = _("Indiquez comment le consentement a été recueilli.")
    if typed["consented"] != "oui":
        errors["consented"] = _("Attestez que le patient a été informé et consent à l'ouverture de son espace.")
    return errors


def _open(identity_id: int, typed: dict[str, str]) -> None:
    access = current_staff()
    opening = Opening(
        source_identity_id=identity_id,
        email=typed["email"],
        mobile=typed["mobile"],
        signatory=Signatory(typed["signatory"]),
        consented=typed["consented"] == "oui",
        staff_id=access.member.id,
        channel=typed["channel"],
    )
    parts = runtime()
    with db.transaction() as session:
        identity = own_identity(identities.by_id(session, identity_id))
        account = portal_accounts.open_account(session, opening, parts.settings, parts.trail, access.actor)
        enrolment.keep_contact(session, identity, account.email, account.mobile, parts.registrar, access.actor)


@blueprint.post("/patients/<int:identity_id>/invitation")
@practice_only
def invite_again(identity_id: int) -> Response:
    """Send a fresh activation link to an account that the patient has not activated."""
    access = current_staff()
    with db.transaction() as session:
        identity = own_identity(identities.by_id(session, identity_id))
        account = portal_accounts.of_person(session, identity.person_id)
        if account is None or account.state is not AccountState.INVITED:
            raise Conflict(_("Il n'y a pas d'invitation en attente pour ce patient."))
        portal_accounts.invite(session, account.id, runtime().settings)
        entry = Entry(access.actor, "account.invite_again", Subject("person", identity.person_id))
        runtime().trail.record(session, entry)
    flash(_("Une nouvelle invitation part par courriel."), "success")
    return _after(identity_id)


def _read(identity_id: int) -> StoredIdentity:
    """Return the patient about whom the form is, and tell the trail: its contact details are shown."""
    with db.transaction() as session:
        identity = own_identity(identities.by_id(session, identity_id))
        entry = Entry(current_staff().actor, "identity.read", Subject("source_identity", identity.id))
        runtime().trail.record(session, entry)
    return identity


def _page(
    identity: StoredIdentity, typed: dict[str, str], errors: dict[str, str], conflict: str | None = None
) -> str:
    with db.reading() as session:
        account = portal_accounts.of_person(session, identity.person_id)
        is_deceased = death_checks.is_silent(session, identity.person_id)
    return render_template(
        "practice/open_account.html",
        identity=identity,
        account=account,
        deceased=portal_accounts.DECEASED if is_deceased else None,
        typed=typed,
        errors=errors,
        conflict=conflict,
        sending_id=current_sending(),
        signatories=[(item.value, label) for item, label in SIGNATORY_LABELS.items()],
        channels=[(key, str(label)) for key, label in _CHANNELS.items()],
        consent_text=portal_accounts.CONSENT_TEXT,
    )


def _after(identity_id: int) -> Response:
    sending_id = current_sending()
    if sending_id is None:
        return redirect(url_for("practice.patient", identity_id=identity_id))
    return redirect(url_for("practice.sending_summary", sending_id=sending_id))
