"""Endpoints of the authorization server: token, discovery, keys, user information."""

from flask import Blueprint, Response, current_app, jsonify, request

from fhir.capability import render_smart_configuration
from hub import db
from hub.accounts import limits, portal_accounts
from hub.accounts.portal_accounts import AccountState
from hub.errors import NotFound, TooMany
from hub.oidc import keys, provider, tokens
from hub.oidc.provider import Provider
from hub.web.context import address_hash, runtime

blueprint = Blueprint("oauth", __name__)
SOFTWARE_SCOPES = ("system/Patient.cruds",)
_FAILURES = limits.Limit("token-ip", 300, limits.LOGIN_BY_ADDRESS.window)


def server() -> Provider:
    """Return the authorization server of this process."""
    return current_app.extensions["hub_provider"]


@blueprint.post("/oauth/token")
def token() -> Response:
    """Exchange a signed assertion or an authorization code for a token (RFC 6749, 4.1.3 and 4.4)."""
    with db.transaction():
        response = server().create_token_response()
    if response.status_code >= 400:
        slow = _count_failure()
        if slow is not None:
            return slow
    response.headers["Cache-Control"] = "no-store"
    return response


def _count_failure() -> Response | None:
    try:
        with db.transaction() as session:
            limits.count(session, _FAILURES, address_hash()[:40])
    except TooMany as err:
        response = jsonify({"error": "slow_down"})
        response.status_code = 429
        response.headers["Retry-After"] = str(err.retry_after)
        return response
    return None


@blueprint.get("/.well-known/openid-configuration")
@blueprint.get("/.well-known/oauth-authorization-server")
def openid_configuration() -> Response:
    """Return the provider's metadata."""
    return jsonify(provider.discovery(runtime().settings))


@blueprint.get("/fhir/.well-known/smart-configuration")
@blueprint.get("/.well-known/smart-configuration")
def smart_configuration() -> Response:
    """Return where practice software gets its token (SMART App Launch 2)."""
    return jsonify(render_smart_configuration(f"{runtime().settings.public_url}/oauth/token", SOFTWARE_SCOPES))


@blueprint.get("/oidc/jwks")
def jwks() -> Response:
    """Return the public keys of ID tokens."""
    with db.reading() as session:
        return jsonify(keys.public_keys(session))


@blueprint.route("/oidc/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """Return the subject of a patient's token (OpenID Connect Core, 5.3)."""
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    with db.reading() as session:
        account_id = None
        if kind.lower() == "bearer":
            account_id = tokens.account_of(session, bearer.strip(), runtime().settings)
        subject = None
        if account_id is not None:
            try:
                account = portal_accounts.by_id(session, account_id)
                subject = account.subject if account.state is AccountState.ACTIVE else None
            except NotFound:
                subject = None
    if subject is None:
        response = jsonify({"error": "invalid_token"})
        response.status_code = 401
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return response
    return jsonify({"sub": subject})
