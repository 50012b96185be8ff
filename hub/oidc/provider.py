"""The authorization server, on Authlib, with its gaps closed.

Two flows and no other: client credentials with a signed assertion (SMART Backend Services, RS384 or ES384) and
authorization code with PKCE S256 (OpenID Connect Core; RFC 7636, 9207, 9700). Authlib's own assertion check knows
neither RS384 nor ES384, accepts an expiry years ahead and leaves replay to a hook; its PKCE accepts `plain` and, for
confidential clients, nothing at all. The hooks run in the transaction that the endpoint opened.
"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.orm import Session

from fhir.scopes import Scope, ScopeError, parse_scopes
from hub import db
from hub.accounts import portal_accounts
from hub.config import Settings
from hub.encryption import Vault, keyed_hash, new_token
from hub.oidc import keys
from hub.oidc.tables import AccessToken, AuthorizationCode, ClientAssertion, LoginClient, SoftwareClient

CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = 300
ASSERTION_LIFE = 300
LEEWAY = 60
ACR = "urn:hub:acr:password-sms"
PATIENT_SCOPES = frozenset({"openid"})


class Client(ClientMixin):
    """A registered client, as Authlib asks about it."""

    def __init__(self, row: SoftwareClient | LoginClient) -> None:
        self.row = row
        self.is_software = isinstance(row, SoftwareClient)

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.row.client_id

    def get_default_redirect_uri(self) -> None:
        """Require the redirect address in each request."""
        return

    def get_allowed_scope(self, scope: str) -> str:
        """Return what of the asked scopes this client may have."""
        if isinstance(self.row, SoftwareClient):
            return granted_scopes(scope, self.row.scopes)
        return " ".join(part for part in (scope or "").split() if part in PATIENT_SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare exactly (RFC 9700, 4.1)."""
        return isinstance(self.row, LoginClient) and redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Refuse: no client has a secret."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Software signs assertions; applications are public and prove themselves by PKCE."""
        return method == ("private_key_jwt" if self.is_software else "none")

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow, only for applications."""
        return not self.is_software and response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """One flow for each kind of client."""
        return grant_type == ("client_credentials" if self.is_software else "authorization_code")


def granted_scopes(asked: str, allowed: str) -> str:
    """Return the asked SMART scopes that the allowed ones cover, in the order asked; an unknown one is dropped."""
    permitted = parse_scopes(allowed)
    kept = []
    for part in (asked or "").split():
        try:
            wanted = parse_scopes(part)
        except ScopeError:
            continue
        covered = all(any(_covers(scope, want) for scope in permitted) for want in wanted)
        if wanted and covered:
            kept.append(part)
    return " ".join(kept)


def _covers(allowed: Scope, asked: Scope) -> bool:
    return allowed.resource in (asked.resource, "*") and set(asked.letters) <= set(allowed.letters)


class _Assertion(JWTBearerClientAssertion):
    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, issuer: str) -> None:
        super().__init__(leeway=LEEWAY)
        # SMART names the token endpoint; RFC 7523bis and the libraries that follow it name the issuer.
        self._audiences = [f"{issuer}/oauth/token", issuer]

    def get_audiences(self) -> list[str]:
        return self._audiences

    def resolve_client_public_key(self, client: Client) -> KeySet:
        keys_of_client: Any = client.row.jwks if isinstance(client.row, SoftwareClient) else {"keys": []}
        return KeySet.import_key_set(keys_of_client)

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        """Verify signature (RS384, ES384), issuer, audience, times and single use of an assertion."""
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=["RS384", "ES384"])
        except (JoseError, ValueError) as err:
            raise InvalidClientError(description="The assertion's signature or algorithm is refused.") from err
        session: Session = db.database.session()
        now = int(db.now(session).timestamp())
        expiry, issued = token.claims.get("exp"), token.claims.get("iat")
        if not isinstance(expiry, int) or expiry > now + ASSERTION_LIFE + LEEWAY:
            raise InvalidClientError(description="The assertion must expire within five minutes.")
        if issued is not None and (not isinstance(issued, int) or issued > now + LEEWAY):
            raise InvalidClientError(description="The assertion was issued in the future.")
        self.verify_claims(token.claims)
        return token.claims

    def validate_jti(self, claims: dict[str, Any], jti: object) -> bool:
        if not isinstance(jti, str) or not 1 <= len(jti) <= 128:
            return False
        session: Session = db.database.session()
        expires = db.now(session) + timedelta(seconds=ASSERTION_LIFE + 2 * LEEWAY)
        values = {"client_id": claims["sub"], "jti": jti, "expires_at": expires}
        return db.insert_once(session, ClientAssertion, values, ["client_id", "jti"])


class _ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("private_key_jwt",)

    def validate_requested_scope(self) -> None:
        """Refuse a request of which no scope can be granted."""
        asked = self.request.payload.scope
        if not asked or not self.request.client.get_allowed_scope(asked):
            raise InvalidScopeError(description="None of the requested scopes is granted to this client.")


class _CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    settings: Settings

    def validate_requested_scope(self) -> None:
        """Want `openid`; scopes that the hub does not know are left aside (OpenID Connect Core, 3.1.2.1)."""
        if not self.request.client.get_allowed_scope(self.request.payload.scope):
            raise InvalidScopeError(description="The scope must contain openid.")

    def generate_authorization_code(self) -> str:
        return new_token()

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        session: Session = db.database.session()
        moment = db.now(session)
        session.add(
            AuthorizationCode(
                code_hash=keyed_hash(self.settings, "code", code),
                client_id=request.client.get_client_id(),
                redirect_uri=request.payload.redirect_uri,
                scope=request.client.get_allowed_scope(request.payload.scope),
                nonce=request.payload.data.get("nonce"),
                code_challenge=request.payload.data["code_challenge"],
                account_id=request.user.account_id,
                auth_time=request.user.auth_time,
                expires_at=moment + CODE_LIFE,
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> "_Code | None":
        """Take the code by one conditional UPDATE; a second use revokes the tokens of the first (RFC 6749, 4.1.2)."""
        session: Session = db.database.session()
        moment = db.now(session)
        row = session.scalar(
            sa.select(AuthorizationCode).where(
                AuthorizationCode.code_hash == keyed_hash(self.settings, "code", code),
                AuthorizationCode.client_id == client.get_client_id(),
            )
        )
        if row is None or row.expires_at <= moment:
            return None
        take = (
            sa.update(AuthorizationCode)
            .where(AuthorizationCode.id == row.id, AuthorizationCode.used_at.is_(None))
            .values(used_at=moment)
            .execution_options(synchronize_session=False)
        )
        if session.execute(take).rowcount != 1:  # type: ignore[attr-defined]
            revoke = sa.update(AccessToken).where(AccessToken.code_id == row.id, AccessToken.revoked_at.is_(None))
            session.execute(revoke.values(revoked_at=moment).execution_options(synchronize_session=False))
            return None
        return _Code(row)

    def delete_authorization_code(self, authorization_code: "_Code") -> None:
        """Keep the row: it tells a second use."""

    def authenticate_user(self, authorization_code: "_Code") -> "LoggedInPatient | None":
        session: Session = db.database.session()
        account = portal_accounts.by_id(session, authorization_code.row.account_id)
        if account.state is not portal_accounts.AccountState.ACTIVE:
            return None
        return LoggedInPatient(account.id, account.subject, authorization_code.row.auth_time)


class _Code:
    """An authorization code as Authlib asks about it."""

    def __init__(self, row: AuthorizationCode) -> None:
        self.row = row
        self.code_challenge = row.code_challenge
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return self.row.scope

    def get_nonce(self) -> str | None:
        return self.row.nonce

    def get_auth_time(self) -> int:
        return self.row.auth_time

    def get_acr(self) -> str:
        return ACR

    def get_amr(self) -> list[str]:
        return ["pwd", "otp", "sms"]


class LoggedInPatient:
    """A patient who proved both factors."""

    def __init__(self, account_id: int, subject: str, auth_time: int) -> None:
        self.account_id = account_id
        self.subject = subject
        self.auth_time = auth_time


class _S256Only(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Require a challenge, with S256 said explicitly, of every client."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.", redirect_uri=redirect_uri)
        try:
            super().validate_code_challenge(grant, redirect_uri)
        except InvalidRequestError as err:
            raise InvalidRequestError(err.description, redirect_uri=redirect_uri) from err

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """Require the verifier of every client."""
        if not grant.request.form.get("code_verifier"):
            raise InvalidRequestError("Missing 'code_verifier'")
        super().validate_code_verifier(grant, result)


class _IdToken(OpenIDCode):
    def __init__(self, settings: Settings, vault: Vault) -> None:
        super().__init__(require_nonce=False)
        self._settings = settings
        self._vault = vault

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        query = sa.select(AuthorizationCode.id).where(
            AuthorizationCode.client_id == request.payload.client_id, AuthorizationCode.nonce == nonce
        )
        return db.database.session().scalar(query) is not None

    def resolve_client_private_key(self, client: Client) -> Any:
        return keys.signing_key(db.database.session(), self._vault)

    def get_encode_header(self, client: Client) -> dict[str, str]:
        key = keys.signing_key(db.database.session(), self._vault)
        return {"alg": "RS256", "kid": key.kid or ""}

    def get_client_algorithm(self, client: Client) -> str:
        return "RS256"

    def get_client_claims(self, client: Client) -> dict[str, object]:
        return {"iss": self._settings.public_url, "aud": [client.get_client_id()]}

    def generate_user_info(self, user: LoggedInPatient, scope: str) -> UserInfo:
        return UserInfo(sub=user.subject)


class _Issuer(IssuerParameter):
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class Provider(AuthorizationServer):
    """The authorization server; every call runs in a transaction that the endpoint opened."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        super().__init__(query_client=_query_client, save_token=self._save)
        self._settings = settings
        code_grant = type("CodeGrant", (_CodeGrant,), {"settings": settings})
        self.register_client_auth_method("private_key_jwt", _Assertion(settings.public_url))
        self.register_grant(_ClientCredentials)
        self.register_grant(code_grant, [_S256Only(required=True), _IdToken(settings, vault)])
        self.register_extension(_Issuer(settings.public_url))

    def attach(self, app: Flask) -> None:
        """Fix the life of tokens and connect to Flask."""
        app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {
            "client_credentials": TOKEN_LIFE,
            "authorization_code": TOKEN_LIFE,
        }
        self.init_app(app)

    def _save(self, token: dict[str, Any], request: OAuth2Request) -> None:
        session: Session = db.database.session()
        code = request.authorization_code
        session.add(
            AccessToken(
                token_hash=keyed_hash(self._settings, "token", token["access_token"]),
                client_id=request.client.get_client_id(),
                scope=token.get("scope") or "",
                account_id=request.user.account_id if request.user else None,
                code_id=code.row.id if code else None,
                expires_at=db.now(session) + timedelta(seconds=token["expires_in"]),
            )
        )


def _query_client(client_id: str) -> Client | None:
    session: Session = db.database.session()
    software = sa.select(SoftwareClient).where(
        SoftwareClient.client_id == client_id, SoftwareClient.revoked_at.is_(None)
    )
    login = sa.select(LoginClient).where(LoginClient.client_id == client_id, LoginClient.revoked_at.is_(None))
    row = session.scalar(software) or session.scalar(login)
    return Client(row) if row is not None else None


def discovery(settings: Settings) -> dict[str, object]:
    """Return the OpenID Provider metadata (OpenID Connect Discovery 1.0, RFC 8414)."""
    base = settings.public_url
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oidc/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "userinfo_endpoint": f"{base}/oidc/userinfo",
        "jwks_uri": f"{base}/oidc/jwks",
        "scopes_supported": sorted(PATIENT_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [ACR],
        "authorization_response_iss_parameter_supported": True,
        "claims_supported": ["sub", "auth_time", "acr", "amr", "nonce"],
        "ui_locales_supported": ["fr", "en"],
    }


__all__ = ["Client", "InvalidGrantError", "LoggedInPatient", "Provider", "discovery"]
