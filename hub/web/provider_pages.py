"""The pages of the OIDC provider: authorization endpoint, log-in with password and SMS code, activation.

OpenID Connect Core 3.1.2; RFC 9207, 9700. One answer for every kind of wrong e-mail or password. The session is given
a new token when the second factor succeeds. An activation proves the e-mail by its link and the mobile by the code:
until the code is accepted the account opens nothing.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from authlib.oauth2 import OAuth2Error
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import codes, limits, portal_accounts, sessions
from hub.accounts.codes import CodeSender
from hub.accounts.portal_accounts import Account, AccountState
from hub.accounts.sessions import Level, LoggedIn, Space
from hub.audit.trail import Actor, ActorKind, Entry
from hub.encryption import keyed_hash
from hub.errors import Conflict, Invalid, NotFound, TooMany
from hub.oidc.provider import LoggedInPatient
from hub.oidc.tables import LoginClient
from hub.routing import notices
from hub.web import errors
from hub.web.context import (
    address_hash,
    drop_session_cookie,
    logged_in,
    patient_access,
    request_id,
    runtime,
    safe_path,
    set_session_cookie,
)
from hub.web.oauth import server

blueprint = Blueprint("provider", __name__)


@blueprint.route("/oidc/authorize", methods=["GET"])
def authorize() -> Response | str:
    """Give a code to an application once the patient has logged in (authorization endpoint)."""
    found = logged_in(Space.PROVIDER)
    patient = _patient(found) if found is not None and found.level is Level.FULL else None
    prompts = request.args.get("prompt", "").split()
    if "login" in prompts:
        patient = None
    with db.transaction() as session:
        try:
            grant = server().get_consent_grant(end_user=patient)
        except OAuth2Error as err:
            return _refuse(err)
        except ValueError:
            # Authlib does not quote control characters or backslashes, not even in its own refusal.
            return _refused()
        if patient is not None:
            response = server().create_authorization_response(grant_user=patient, grant=grant)
            actor = Actor(ActorKind.PATIENT, str(patient.account_id), None, request_id())
            runtime().trail.record(session, Entry(actor, "patient.login"))
            return response
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "prompt"]
    return redirect(url_for("provider.log_in", suite=f"{url_for('provider.authorize')}?{urlencode(pairs)}"))


def _refuse(error: OAuth2Error) -> Response:
    # An unknown client or address never gets a redirection: it could be anybody's (RFC 9700, 4.1).
    if getattr(error, "redirect_uri", None):
        oauth_request = server().create_oauth2_request(None)
        return server().handle_error_response(oauth_request, error)
    return _refused()


def _refused() -> Response:
    text = _("L'application qui vous envoie ici a fait une demande incorrecte. Revenez à cette application.")
    return errors.page(400, text, _("Connexion impossible"))


def _patient(found: LoggedIn) -> LoggedInPatient | None:
    with db.reading() as session:
        try:
            account = portal_accounts.by_id(session, found.subject_id)
        except NotFound:
            return None
    if account.state is not AccountState.ACTIVE:
        return None
    return LoggedInPatient(account.id, account.subject, int(found.created_at.timestamp()))


def _after() -> str:
    return safe_path(request.values.get("suite"), url_for("portal.documents"))


def _allow_return(target: str) -> str | None:
    """Let the form's answer lead on to the application that asked for the log-in; return its name."""
    parts = urlsplit(target)
    if parts.path != url_for("provider.authorize"):
        return None
    query = dict(parse_qsl(parts.query))
    with db.reading() as session:
        row = session.scalar(sa.select(LoginClient).where(LoginClient.client_id == query.get("client_id", "")))
    if row is None or query.get("redirect_uri") not in row.redirect_uris:
        return None
    back = urlsplit(query["redirect_uri"])
    g.form_targets = (f"{back.scheme}://{back.netloc}",)
    return row.name


@blueprint.get("/oidc/connexion")
def log_in() -> str:
    """Ask for e-mail and password."""
    target = _after()
    return render_template(
        "provider/login.html", suite=target, application=_allow_return(target), email="", wrong=None
    )


@blueprint.post("/oidc/connexion")
def log_in_submit() -> Response | str | tuple[str, int]:
    """Check e-mail and password; send the code."""
    target = _after()
    application = _allow_return(target)
    email = request.form.get("email", "").strip()
    login_hash = _login_hash(email)
    with db.transaction() as session:
        limits.count(session, limits.LOGIN_BY_ADDRESS, address_hash()[:40])
        limits.count(session, limits.LOGIN_BY_NAME, login_hash)
    with db.reading() as session:
        account = portal_accounts.check_password(
            session, email, request.form.get("password", ""), runtime().passwords
        )
    if account is None:
        with db.transaction() as session:
            actor = Actor(ActorKind.PATIENT, "inconnu", None, request_id())
            runtime().trail.record(session, Entry(actor, "patient.login_refused"))
        wrong = _("Adresse électronique ou mot de passe incorrect. Vérifiez les deux, puis réessayez.")
        page = render_template("provider/login.html", suite=target, application=application, email=email, wrong=wrong)
        return page, 403
    with db.transaction() as session:
        limits.clear(session, limits.LOGIN_BY_NAME, login_hash)
    return _first_factor_done(account, target)


def _first_factor_done(account: Account, target: str) -> Response:
    with db.transaction() as session:
        token = _send_code(session, account)
    return _ask_code(token, target)


def _send_code(session: Session, account: Account) -> str:
    """Open a session that has only its first factor, and send its code."""
    token = sessions.start(session, runtime().settings, Space.PROVIDER, account.id, Level.FIRST)
    codes.issue(session, account.id, _sender(account, keyed_hash(runtime().settings, "session", token)))
    return token


def _ask_code(token: str, target: str) -> Response:
    response = redirect(url_for("provider.code", suite=target))
    set_session_cookie(response, Space.PROVIDER, token)  # type: ignore[arg-type]
    return response


def _sender(account: Account, session_hash: str) -> CodeSender:
    settings = runtime().settings
    return CodeSender(runtime().vault, keyed_hash(settings, "mobile", account.mobile), session_hash)


@blueprint.get("/oidc/code")
def code() -> Response | str:
    """Ask for the code that was sent by SMS."""
    found = logged_in(Space.PROVIDER)
    target = _after()
    if found is None:
        return redirect(url_for("provider.log_in", suite=target))
    if found.level is Level.FULL:
        return redirect(target)
    return _code_page(found, target, None)


def _code_page(found: LoggedIn, target: str, wrong: str | None) -> str:
    _allow_return(target)
    with db.reading() as session:
        challenge = codes.current(session, found.subject_id, found.token_hash)
        left = int((challenge.expires_at - db.now(session)).total_seconds()) if challenge else 0
        wait = int((challenge.resend_at - db.now(session)).total_seconds()) if challenge else 0
    return render_template(
        "provider/code.html",
        suite=target,
        challenge=challenge,
        seconds_left=left,
        resend_in=max(0, wait),
        wrong=wrong,
    )


@blueprint.post("/oidc/code")
def code_submit() -> Response | str | tuple[str, int]:
    """Check the code; the session becomes a full one, under a new token."""
    found = logged_in(Space.PROVIDER)
    target = _after()
    if found is None:
        return redirect(url_for("provider.log_in", suite=target))
    if found.level is Level.FULL:
        return redirect(target)
    with db.transaction() as session:
        typed = request.form.get("code", "")
        attempt = codes.verify(session, found.subject_id, found.token_hash, typed, runtime().vault)
        token = _second_factor_done(session, found) if attempt.accepted else None
    if token is None:
        if attempt.expired or attempt.tries_left == 0:
            wrong = _("Ce code n'est plus valable. Demandez un nouveau code.")
        else:
            wrong = ngettext(
                "Code incorrect. Il vous reste un seul essai.",
                "Code incorrect. Il vous reste %(num)d essais.",
                attempt.tries_left,
            )
        return _code_page(found, target, wrong), 403
    response = redirect(target)
    set_session_cookie(response, Space.PROVIDER, token)  # type: ignore[arg-type]
    return response


def _second_factor_done(session: Session, found: LoggedIn) -> str:
    sessions.end(session, found.id)
    portal_accounts.activate(session, found.subject_id, runtime().trail)
    return sessions.start(session, runtime().settings, Space.PROVIDER, found.subject_id, Level.FULL)


@blueprint.post("/oidc/code/nouveau")
def code_again() -> Response | tuple[str, int]:
    """Send another code; the former one dies."""
    found = logged_in(Space.PROVIDER)
    target = _after()
    if found is None or found.level is Level.FULL:
        return redirect(url_for("provider.log_in", suite=target))
    try:
        with db.transaction() as session:
            codes.check_resend(session, found.subject_id, found.token_hash)
            account = portal_accounts.by_id(session, found.subject_id)
            codes.issue(session, account.id, _sender(account, found.token_hash))
    except TooMany as err:
        return _code_page(found, target, err.message), 429
    flash(_("Un nouveau code vient de partir par SMS."), "success")
    return redirect(url_for("provider.code", suite=target))


@blueprint.post("/oidc/deconnexion")
def log_out() -> Response:
    """End the provider's session."""
    response = redirect(url_for("public.home"))
    end_session(response)
    return response


def end_session(response: Response) -> None:
    """End the provider's session of this browser."""
    found = logged_in(Space.PROVIDER)
    if found is not None:
        with db.transaction() as session:
            sessions.end(session, found.id)
    drop_session_cookie(response, Space.PROVIDER)  # type: ignore[arg-type]


@blueprint.get("/activation/<token>")
def activation(token: str) -> Response | str | tuple[str, int]:
    """Open an invitation: choose a password, or go to the log-in when the account is active."""
    with db.reading() as session:
        found = portal_accounts.find_invitation(session, token, runtime().settings)
    if found is None:
        raise NotFound(_("Ce lien n'existe pas. Vérifiez que vous l'avez copié en entier."))
    if found.account.state is not AccountState.INVITED:
        return redirect(url_for("portal.documents"))
    if found.expired:
        return _expired(invited=True)
    return render_template("provider/activate.html", error=None)


@blueprint.post("/activation/<token>")
def activation_submit(token: str) -> Response | str | tuple[str, int]:
    """Keep the chosen password and send the code."""
    with db.reading() as session:
        found = portal_accounts.find_invitation(session, token, runtime().settings)
    if found is None:
        raise NotFound(_("Ce lien n'existe pas. Vérifiez que vous l'avez copié en entier."))
    if found.expired:
        return _expired(invited=True)
    return _activate(found.account, url_for("portal.documents"))


@blueprint.get("/d/<token>")
def notice(token: str) -> Response | str | tuple[str, int]:
    """Follow the link of a document's notice: to that document, by way of activation or log-in."""
    with db.reading() as session:
        found = notices.find(session, token, runtime().settings)
    invited = found.account.state is AccountState.INVITED
    if found.expired:
        return _expired(invited=invited)
    present = patient_access()
    if present is not None and present.account.id != found.account.id:
        return render_template("provider/link_other.html"), 403
    if invited:
        return render_template("provider/activate.html", error=None)
    return redirect(url_for("portal.document", delivery_id=found.delivery_id))


@blueprint.post("/d/<token>")
def notice_submit(token: str) -> Response | str | tuple[str, int]:
    """Activate the account from a document's notice, then go on to the document."""
    with db.reading() as session:
        found = notices.find(session, token, runtime().settings)
    if found.expired:
        return _expired(invited=found.account.state is AccountState.INVITED)
    return _activate(found.account, url_for("portal.document", delivery_id=found.delivery_id))


def _expired(*, invited: bool) -> tuple[str, int]:
    return render_template("provider/link_expired.html", invited=invited, days=runtime().settings.notice_days), 410


def _activate(account: Account, target: str) -> Response | tuple[str, int]:
    password = request.form.get("password", "")
    try:
        if password != request.form.get("again", ""):
            raise Invalid(_("Les deux mots de passe ne sont pas les mêmes."), "again")
        # A refused password may be that of another account of the same address: the tries are those of its log-in.
        with db.transaction() as session:
            limits.count(session, limits.LOGIN_BY_NAME, _login_hash(account.email))
        with db.transaction() as session:
            portal_accounts.choose_password(session, account.id, password, runtime().passwords)
            token = _send_code(session, account)
    except Invalid as err:
        return render_template("provider/activate.html", error=err), 422
    except Conflict as err:
        flash(err.message, "info")
        return redirect(target)
    return _ask_code(token, target)


def _login_hash(email: str) -> str:
    return keyed_hash(runtime().settings, "login", email.lower())[:40]
