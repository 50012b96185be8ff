"""Log-in and log-out of staff, the same for practices and agency: password and authenticator code."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from hub import db
from hub.accounts import sessions, staff
from hub.accounts.sessions import Level, Space
from hub.accounts.staff import Credentials, Role
from hub.audit.trail import Actor, ActorKind, Entry
from hub.encryption import keyed_hash
from hub.web.context import (
    address_hash,
    drop_session_cookie,
    logged_in,
    request_id,
    runtime,
    safe_path,
    set_session_cookie,
)


def add_login(blueprint: Blueprint, space: Space, role: Role, home: str) -> None:
    """Give a blueprint its `log_in` and `log_out` views; `home` is the endpoint shown after the log-in."""

    @blueprint.get("/connexion")
    def log_in() -> str:
        return render_template("staff/login.html", space=space.value, login="", wrong=None)

    @blueprint.post("/connexion")
    def log_in_submit() -> str | Response | tuple[str, int]:
        login = request.form.get("login", "").strip()
        credentials = Credentials(
            login,
            request.form.get("password", ""),
            request.form.get("code", ""),
            address_hash(),
            keyed_hash(runtime().settings, "login", login.lower()),
        )
        with db.transaction() as session:
            staff.count_try(session, credentials)
        with db.reading() as session:
            staff_id = staff.check_password(session, credentials, role, runtime().passwords)
        with db.transaction() as session:
            member = staff.log_in(session, staff_id, credentials, runtime().vault)
            if member is None:
                actor = Actor(ActorKind.STAFF, "inconnu", None, request_id())
                runtime().trail.record(session, Entry(actor, "staff.login_refused"))
                token = None
            else:
                token = sessions.start(session, runtime().settings, space, member.id, Level.FULL)
                actor = Actor(ActorKind.STAFF, str(member.id), member.organization_id, request_id())
                runtime().trail.record(session, Entry(actor, "staff.login"))
        if token is None:
            wrong = _(
                "Identifiant, mot de passe ou code incorrect. Un code ne sert qu'une fois : attendez le suivant, "
                "puis réessayez."
            )
            return render_template("staff/login.html", space=space.value, login=login, wrong=wrong), 403
        response = redirect(safe_path(request.args.get("suite"), url_for(home)))
        set_session_cookie(response, space, token)  # type: ignore[arg-type]
        return response

    @blueprint.post("/deconnexion")
    def log_out() -> Response:
        found = logged_in(space)
        if found is not None:
            with db.transaction() as session:
                sessions.end(session, found.id)
        flash(_("Vous êtes déconnecté."), "success")
        response = redirect(url_for(f"{space.value}.log_in"))
        drop_session_cookie(response, space)  # type: ignore[arg-type]
        return response
