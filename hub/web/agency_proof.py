"""Ask an officer again who they are before an act of great consequence; what they had typed is not lost.

OWASP ASVS 5.0, 7.5: password and authenticator again before a merge, a separation, a move, an undoing, an approval;
good for 10 minutes in this browser.
"""

from flask import render_template, request
from flask_babel import gettext as _

from hub import db
from hub.accounts import sessions, staff
from hub.accounts.staff import Credentials, Role
from hub.audit.trail import Entry
from hub.encryption import keyed_hash
from hub.errors import TooMany
from hub.web.context import StaffAccess, address_hash, current_staff, runtime

_OWN = ("csrf_token", "preuve_mot_de_passe", "preuve_code")


def demand() -> tuple[str, int] | None:
    """Return the page that asks for the proof, or None when it was given."""
    access = current_staff()
    if access.session.is_proven:
        return None
    if "preuve_mot_de_passe" not in request.form:
        return _page(None), 403
    try:
        if _is_right(access):
            return None
    except TooMany as error:
        return _page(error.message), 429
    wrong = _("Mot de passe ou code incorrect. Un code ne sert qu'une fois : attendez le suivant, puis réessayez.")
    return _page(wrong), 403


def _is_right(access: StaffAccess) -> bool:
    login = access.member.login
    credentials = Credentials(
        login,
        request.form.get("preuve_mot_de_passe", ""),
        request.form.get("preuve_code", ""),
        address_hash(),
        keyed_hash(runtime().settings, "login", login.lower()),
    )
    with db.transaction() as session:
        staff.count_try(session, credentials)
    with db.reading() as session:
        staff_id = staff.check_password(session, credentials, Role.OFFICER, runtime().passwords)
    with db.transaction() as session:
        member = staff.log_in(session, staff_id, credentials, runtime().vault)
        action = "staff.proof_refused" if member is None else "staff.proof"
        runtime().trail.record(session, Entry(access.actor, action))
        if member is not None:
            sessions.prove(session, access.session.id)
    return member is not None


def _page(wrong: str | None) -> str:
    kept = [(name, text) for name, text in request.form.items(multi=True) if name not in _OWN]
    return render_template("agency/proof.html", kept=kept, wrong=wrong)
