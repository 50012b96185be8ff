"""The patient's space: an OIDC client of the hub's own provider, the list of documents, reading and download."""

import secrets
import unicodedata
from typing import Any, cast
from urllib.parse import quote

import httpx2 as httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Blueprint, Response, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.accounts import portal_accounts, sessions
from hub.accounts.sessions import Level, Space
from hub.audit.trail import Entry, Subject
from hub.documents import deposit, inspection
from hub.errors import Invalid, NotFound
from hub.oidc import keys
from hub.oidc.clients import PORTAL_CLIENT_ID
from hub.routing import reading
from hub.routing.reading import ReceivedView, Suspended
from hub.web import errors, provider_pages
from hub.web.context import (
    PatientAccess,
    drop_session_cookie,
    patient_access,
    runtime,
    safe_path,
    set_session_cookie,
)

blueprint = Blueprint("portal", __name__, url_prefix="/portail")


def _redirect_uri() -> str:
    return f"{runtime().settings.public_url}/portail/retour"


@blueprint.get("/connexion")
def log_in() -> BaseResponse:
    """Begin the log-in: code flow with PKCE S256, state and nonce bound to this browser."""
    verifier = secrets.token_urlsafe(48)
    state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    session["oidc"] = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "suite": safe_path(request.args.get("suite"), url_for("portal.documents")),
    }
    return redirect(
        url_for(
            "provider.authorize",
            response_type="code",
            client_id=PORTAL_CLIENT_ID,
            redirect_uri=_redirect_uri(),
            scope="openid",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
    )


@blueprint.get("/retour")
def come_back() -> BaseResponse:
    """End the log-in: check state and issuer, exchange the code, verify the ID token, open the session."""
    pending = session.pop("oidc", None)
    given = request.args.get("state", "").encode()
    state_fits = bool(pending) and secrets.compare_digest(given, pending["state"].encode())
    issuer_fits = request.args.get("iss") == runtime().settings.public_url
    if not state_fits or not issuer_fits or "code" not in request.args:
        text = _("La connexion a été interrompue ou a duré trop longtemps. Recommencez depuis votre espace santé.")
        return errors.page(400, text, _("Connexion interrompue"))
    try:
        claims = _exchange(request.args["code"], pending["verifier"], pending["nonce"])
    except (JoseError, httpx.HTTPError, KeyError, ValueError):
        return errors.page(400, _("La connexion n'a pas abouti. Recommencez."), _("Connexion interrompue"))
    with db.transaction() as transaction:
        account = portal_accounts.by_subject(transaction, str(claims["sub"]))
        token = sessions.start(transaction, runtime().settings, Space.PORTAL, account.id, Level.FULL)
    response = redirect(safe_path(pending["suite"], url_for("portal.documents")))
    set_session_cookie(cast(Response, response), Space.PORTAL, token)
    return response


def _exchange(code: str, verifier: str, nonce: str) -> dict[str, Any]:
    """Exchange the code at the token endpoint, in this process, and return the verified claims."""
    settings = runtime().settings
    application = current_app._get_current_object()  # type: ignore[attr-defined]
    # The provider is this very application: the call goes through its WSGI door, not through the network, so that a
    # server of one thread does not wait for itself.
    form = {
        "grant_type": "authorization_code",
        "client_id": PORTAL_CLIENT_ID,
        "code": code,
        "redirect_uri": _redirect_uri(),
        "code_verifier": verifier,
    }
    with httpx.Client(transport=httpx.WSGITransport(app=application)) as client:
        token = client.post(f"{settings.public_url}/oauth/token", data=form).raise_for_status().json()
    with db.reading() as session_of_keys:
        key_set = KeySet.import_key_set(keys.public_keys(session_of_keys))  # type: ignore[arg-type]
    claims = jwt.decode(token["id_token"], key_set, algorithms=["RS256"]).claims
    expected = jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "value": settings.public_url},
        aud={"essential": True, "value": PORTAL_CLIENT_ID},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        sub={"essential": True},
    )
    expected.validate(claims)
    return claims


@blueprint.post("/deconnexion")
def log_out() -> BaseResponse:
    """End the portal's session and the provider's."""
    access = patient_access()
    if access is not None:
        with db.transaction() as transaction:
            sessions.end(transaction, access.session.id)
    response = redirect(url_for("public.home"))
    drop_session_cookie(cast(Response, response), Space.PORTAL)
    provider_pages.end_session(response)
    return response


def _log_in_first() -> BaseResponse:
    return redirect(url_for("portal.log_in", suite=request.path))


@blueprint.get("/")
def documents() -> BaseResponse | str:
    """List the patient's documents, latest first; filter by words of the title, type or sender."""
    access = patient_access()
    if access is None:
        return _log_in_first()
    wanted = " ".join(request.args.get("recherche", "").split())[:60]
    with db.transaction() as transaction:
        reading.mark_delivered(transaction, access.account.id)
        items = reading.received(transaction, access.account.id)
        is_suspended = reading.has_suspended(transaction, access.account.id)
        runtime().trail.record(
            transaction, Entry(access.actor, "document.list", Subject("person", access.account.person_id))
        )
    shown = [item for item in items if _matches(item, wanted)]
    return render_template(
        "portal/documents.html",
        items=[(item, _plain_type(item)) for item in shown],
        total=len(items),
        unread=sum(item.read_at is None for item in items),
        wanted=wanted,
        is_suspended=is_suspended,
    )


@blueprint.errorhandler(Suspended)
def _suspended(error: Suspended) -> BaseResponse:
    """Say that a document will come back, whatever address of it was asked for."""
    text = _(
        "Une vérification administrative est en cours. Ce document reviendra de lui-même dans votre espace ; vous "
        "n'avez rien à faire."
    )
    return errors.page(409, text, _("Document momentanément indisponible"))


def _plain_type(item: ReceivedView) -> str:
    return runtime().types.get(item.document.type_code).plain if item.document.type_code else ""


def _matches(item: ReceivedView, wanted: str) -> bool:
    text = f"{item.document.title} {_plain_type(item)} {item.sender}".casefold()
    return all(word in text for word in wanted.casefold().split())


@blueprint.get("/documents/<int:delivery_id>")
def document(delivery_id: int) -> BaseResponse | str:
    """Show a document in the page; the first time, its sender sees that it was read."""
    access = patient_access()
    if access is None:
        return _log_in_first()
    item, content = _bytes(access, delivery_id, "")
    text = _text(content) if item.document.content_type == "application/pdf" else ""
    # Read once it can be shown, not before: the sender relies on it.
    with db.transaction() as transaction:
        reading.mark_read(transaction, access.account.id, delivery_id, runtime().trail, access.actor)
    return render_template("portal/document.html", item=item, plain_type=_plain_type(item), text=text.strip())


def _text(content: bytes) -> str:
    try:
        return inspection.read_text(content)
    except Invalid:
        # Its pages cannot be read here; the file itself can still be downloaded.
        return ""


def _bytes(access: PatientAccess, delivery_id: int, action: str) -> tuple[ReceivedView, bytes]:
    with db.transaction() as transaction:
        item = reading.received_one(transaction, access.account.id, delivery_id)
        locator = deposit.locate(transaction, item.document.id)
        if action:
            entry = Entry(access.actor, action, Subject("document", item.document.id))
            runtime().trail.record(transaction, entry)
    return item, deposit.read_bytes(locator, runtime().store, runtime().vault)


@blueprint.get("/documents/<int:delivery_id>/pages/<int:number>.png")
def page_image(delivery_id: int, number: int) -> BaseResponse:
    """Return one page as an image, drawn by the server: no file of a sender runs in the patient's browser."""
    access = patient_access()
    if access is None:
        return _log_in_first()
    item, content = _bytes(access, delivery_id, "")
    if not 1 <= number <= item.document.pages:
        raise NotFound(_("Cette page n'existe pas."))
    return Response(inspection.render_page(content, number), content_type="image/png")


@blueprint.get("/documents/<int:delivery_id>/fichier")
def download(delivery_id: int) -> BaseResponse:
    """Return the original file, as an attachment that the browser does not open by itself."""
    access = patient_access()
    if access is None:
        return _log_in_first()
    item, content = _bytes(access, delivery_id, "document.download")
    response = Response(content, content_type=item.document.content_type)
    response.headers.set("Content-Disposition", "attachment", **_file_name(item.document.file_name))
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def _file_name(name: str) -> dict[str, str]:
    """Write a file's name for a header: in ASCII, and as it is (RFC 6266; a header holds no « œ »)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
