"""Practice software gets its token with a signed assertion, and only so (SMART Backend Services, RFC 7523)."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from werkzeug.test import TestResponse

from hub import db
from hub.oidc import clients
from hub.oidc.clients import NewSoftware
from hub.oidc.tables import AccessToken, ClientAssertion, SoftwareClient
from tests import live
from tests.conformance.software import (
    Caller,
    Software,
    key_for,
    make_claims,
    patient_of,
    register,
    sign,
    token_form,
    token_of,
)
from tests.factories import make_structure
from tests.hub.registry.people import rows

YEAR = 365 * 24 * 3600


@pytest.fixture(scope="module", params=live.ENGINES)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with live.shared(request, tmp_path_factory.mktemp("shared")) as variables, live.opened(variables) as application:
        yield application


@pytest.fixture
def software(app: Flask) -> Software:
    return register(app)


def ask(client: FlaskClient, form: dict[str, str]) -> TestResponse:
    answer = client.post("/oauth/token", data=form)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def assert_refused(app: Flask, answer: TestResponse, software: Software, error: str = "invalid_client") -> None:
    assert answer.status_code in (400, 401)
    assert answer.get_json()["error"] == error
    assert "access_token" not in answer.text
    assert not rows(app, AccessToken, AccessToken.client_id == software.client_id)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_signed_assertion_is_worth_a_token_for_five_minutes(
    app: Flask, client: FlaskClient, algorithm: str
) -> None:
    software = register(app, algorithm=algorithm)

    answer = ask(client, token_form(software))

    assert answer.status_code == 200
    assert answer.headers["Pragma"] == "no-cache"
    token = answer.get_json()
    assert token["token_type"].lower() == "bearer"
    assert 0 < token["expires_in"] <= 300
    assert token["scope"] == "system/Patient.cruds"
    assert "refresh_token" not in token
    (row,) = rows(app, AccessToken, AccessToken.client_id == software.client_id)
    assert token["access_token"] not in (row.token_hash, row.scope), "only a hash of the token is kept"
    assert Caller(client, token["access_token"], software).get("/Patient/1").status_code == 404


def test_the_issuer_may_be_the_audience(client: FlaskClient, software: Software) -> None:
    """RFC 7523bis and today's libraries name the issuer; SMART names the token endpoint."""
    assertion = sign(software, make_claims(software, aud=software.base))

    assert ask(client, token_form(software, assertion)).status_code == 200


def test_the_audience_may_stand_in_a_list(client: FlaskClient, software: Software) -> None:
    assertion = sign(software, make_claims(software, aud=[f"{software.base}/oauth/token"]))

    assert ask(client, token_form(software, assertion)).status_code == 200


CLAIMS: dict[str, Callable[[int], dict[str, Any]]] = {
    "expired": lambda now: {"iat": now - 900, "exp": now - 600},
    "expires in an hour": lambda now: {"exp": now + 3600},
    "expires in a year": lambda now: {"exp": now + YEAR},
    "no expiry": lambda now: {"exp": None},
    "an expiry that is text": lambda now: {"exp": str(now + 60)},
    "an expiry that is true": lambda now: {"exp": True},
    "an endless expiry": lambda now: {"exp": 1e400},
    "issued in the future": lambda now: {"iat": now + 200},
    "an issue time that is text": lambda now: {"iat": "now"},
    "not valid yet": lambda now: {"nbf": now + 200},
    "no audience": lambda now: {"aud": None},
    "another audience": lambda now: {"aud": "https://elsewhere.example/oauth/token"},
    "an audience with a slash more": lambda now: {"aud": "http://127.0.0.1:8000/oauth/token/"},
    "no jti": lambda now: {"jti": None},
    "an empty jti": lambda now: {"jti": ""},
    "a jti that is a number": lambda now: {"jti": 7},
    "an endless jti": lambda now: {"jti": "x" * 129},
    "no issuer": lambda now: {"iss": None},
    "no subject": lambda now: {"sub": None},
    "another issuer": lambda now: {"iss": "logiciel-0000000000000000"},
    "an unknown client": lambda now: {"iss": "logiciel-0000000000000000", "sub": "logiciel-0000000000000000"},
    "a subject that is a list": lambda now: {"sub": ["a"]},
}


@pytest.mark.parametrize("case", CLAIMS)
def test_an_assertion_is_refused_when(app: Flask, client: FlaskClient, software: Software, case: str) -> None:
    assertion = sign(software, make_claims(software, **CLAIMS[case](int(time.time()))))

    assert_refused(app, ask(client, token_form(software, assertion)), software)


def test_an_assertion_serves_once(app: Flask, client: FlaskClient, software: Software) -> None:
    form = token_form(software)

    first, second = ask(client, form), ask(client, form)

    assert (first.status_code, second.get_json()["error"]) == (200, "invalid_client")
    assert len(rows(app, AccessToken, AccessToken.client_id == software.client_id)) == 1


def test_a_jti_serves_once_whatever_the_rest(client: FlaskClient, software: Software) -> None:
    claims = make_claims(software)

    first = ask(client, token_form(software, sign(software, claims)))
    second = ask(client, token_form(software, sign(software, claims | {"exp": claims["exp"] + 1})))

    assert (first.status_code, second.status_code) == (200, 400)


def test_two_clients_may_use_the_same_jti(app: Flask, client: FlaskClient) -> None:
    for _ in range(2):
        software = register(app)
        assertion = sign(software, make_claims(software, jti="1"))
        assert ask(client, token_form(software, assertion)).status_code == 200


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def unsigned(software: Software) -> str:
    header = {"alg": "none", "typ": "JWT"}
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(make_claims(software)).encode())}."


def with_public_key_as_secret(software: Software) -> str:
    header = {"alg": "HS256", "kid": software.key.kid}
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(make_claims(software)).encode())}"
    return f"{signed}.{b64(hmac.digest(software.key.as_pem(private=False), signed.encode(), 'sha256'))}"


def with_algorithm(algorithm: str) -> Callable[[Software], str]:
    def build(software: Software) -> str:
        forger = replace(software, key=key_for(algorithm), algorithm=algorithm)
        return sign(forger, make_claims(software), {"kid": software.key.kid})

    return build


def tampered(software: Software) -> str:
    header, _, signature = sign(software, make_claims(software)).split(".")
    return f"{header}.{b64(json.dumps(make_claims(software, exp=int(time.time()) + 299)).encode())}.{signature}"


FORGED: dict[str, Callable[[Software], str]] = {
    "none": unsigned,
    "HS256 with the public key": with_public_key_as_secret,
    "RS256": with_algorithm("RS256"),
    "RS384 for an EC key": with_algorithm("RS384"),
    "ES256": with_algorithm("ES256"),
    "another key under the same kid": lambda software: sign(
        replace(software, key=key_for("ES384", "forger")), make_claims(software), {"kid": software.key.kid}
    ),
    "an unknown kid": lambda software: sign(software, make_claims(software), {"kid": "unknown"}),
    "tampered claims": tampered,
    "no signature": lambda software: sign(software, make_claims(software)).rpartition(".")[0] + ".",
    "not a JWT": lambda software: "bonjour",
    "empty parts": lambda software: "..",
    "claims that are no object": lambda software: f"{b64(b'{}')}.{b64(b'[]')}.x",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_assertion_is_refused(app: Flask, client: FlaskClient, software: Software, case: str) -> None:
    assert_refused(app, ask(client, token_form(software, FORGED[case](software))), software)


def test_a_client_of_rs384_is_not_impersonated_with_rs256(app: Flask, client: FlaskClient) -> None:
    software = register(app, algorithm="RS384")
    assertion = jwt.encode(
        {"alg": "RS256", "kid": software.key.kid}, make_claims(software), key_for("RS256"), algorithms=["RS256"]
    )
    own_key = type(software.key).import_key(
        {name: part for name, part in software.key.as_dict(private=True).items() if name != "alg"}
    )
    with_own_key = jwt.encode(
        {"alg": "RS256", "kid": own_key.kid}, make_claims(software), own_key, algorithms=["RS256"]
    )

    assert_refused(app, ask(client, token_form(software, assertion)), software)
    assert_refused(app, ask(client, token_form(software, with_own_key)), software)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"grant_type": None}, ("invalid_request", "unsupported_grant_type")),
        ({"grant_type": "password"}, ("unsupported_grant_type",)),
        ({"grant_type": "refresh_token"}, ("unsupported_grant_type",)),
        ({"grant_type": "authorization_code", "code": "x"}, ("unauthorized_client", "invalid_client")),
        ({"client_assertion": None}, ("invalid_client",)),
        ({"client_assertion_type": None}, ("invalid_client",)),
        ({"client_assertion_type": "urn:x"}, ("invalid_client",)),
        ({"scope": None}, ("invalid_scope",)),
        ({"scope": ""}, ("invalid_scope",)),
        ({"scope": "system/Observation.r"}, ("invalid_scope",)),
        ({"scope": "system/*.cruds"}, ("invalid_scope",)),
        ({"scope": "patient/Patient.r"}, ("invalid_scope",)),
        ({"scope": "openid"}, ("invalid_scope",)),
        ({"scope": "\x00"}, ("invalid_scope", "invalid_request")),
    ],
    ids=str,
)
def test_a_request_is_refused_that(
    app: Flask, client: FlaskClient, software: Software, changes: dict[str, Any], errors: tuple[str, ...]
) -> None:
    answer = ask(client, token_form(software, **changes))

    assert answer.get_json()["error"] in errors
    assert_refused(app, answer, software, answer.get_json()["error"])


@pytest.mark.parametrize(
    ("allowed", "asked", "granted"),
    [
        ("system/Patient.rs", "system/Patient.rs", "system/Patient.rs"),
        ("system/Patient.cruds", "system/Patient.r", "system/Patient.r"),
        ("system/Patient.rs", "system/Patient.read", "system/Patient.read"),
        ("system/Patient.rs", "system/Patient.cruds system/Patient.r", "system/Patient.r"),
        ("system/Patient.rs", "system/Patient.r system/Observation.r launch", "system/Patient.r"),
        ("system/*.cruds", "system/Patient.cruds", "system/Patient.cruds"),
    ],
)
def test_no_more_is_granted_than_was_registered(
    app: Flask, client: FlaskClient, allowed: str, asked: str, granted: str
) -> None:
    software = register(app, scopes=allowed)

    answer = ask(client, token_form(software, scope=asked))

    assert (answer.status_code, answer.get_json()["scope"]) == (200, granted)


def test_a_secret_is_no_way_in(app: Flask, client: FlaskClient, software: Software) -> None:
    form = {"grant_type": "client_credentials", "scope": software.scopes, "client_id": software.client_id}
    basic = "Basic " + base64.b64encode(f"{software.client_id}:x".encode()).decode()

    in_form = ask(client, form | {"client_secret": "x"})
    nothing = ask(client, form)
    header = client.post("/oauth/token", data=form, headers={"Authorization": basic})

    for answer in (in_form, nothing, header):
        assert_refused(app, answer, software)


def test_a_revoked_client_gets_no_token_and_its_tokens_die(
    app: Flask, client: FlaskClient, software: Software
) -> None:
    api = Caller(client, token_of(client, software), software)
    assert api.get("/Patient/1").status_code == 404

    with app.app_context(), db.transaction() as session:
        clients.revoke_software(session, software.client_id)

    assert api.get("/Patient/1").status_code == 401
    assert ask(client, token_form(software)).get_json()["error"] == "invalid_client"


def change_token(app: Flask, software: Software, **values: Any) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(AccessToken).where(AccessToken.client_id == software.client_id).values(**values))


@pytest.mark.parametrize("column", ["expires_at", "revoked_at"])
def test_an_old_or_revoked_token_opens_nothing(
    app: Flask, client: FlaskClient, software: Software, column: str
) -> None:
    api = Caller(client, token_of(client, software), software)
    with app.app_context(), db.reading() as session:
        before = db.now(session) - timedelta(seconds=1)

    change_token(app, software, **{column: before})

    answer = api.post("/Patient", patient_of(software))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_of_software_is_no_log_in(client: FlaskClient, software: Software) -> None:
    token = token_of(client, software)

    answer = client.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert "error" in answer.headers["WWW-Authenticate"]


def test_used_assertions_are_remembered_beyond_their_life(
    app: Flask, client: FlaskClient, software: Software
) -> None:
    claims = make_claims(software, jti="kept", exp=int(time.time()) + 355)

    answer = ask(client, token_form(software, sign(software, claims)))

    assert answer.status_code == 200
    (row,) = rows(app, ClientAssertion, ClientAssertion.client_id == software.client_id)
    assert row.expires_at.timestamp() > claims["exp"] + 60


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_token_endpoint_takes_posts_only(client: FlaskClient, method: str) -> None:
    answer = client.open("/oauth/token", method=method)

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.is_json


def test_the_discovery_tells_the_truth(client: FlaskClient, software: Software) -> None:
    found = client.get("/.well-known/openid-configuration").get_json()

    assert found["issuer"] == software.base
    assert found["token_endpoint"] == f"{software.base}/oauth/token"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert set(found["grant_types_supported"]) == {"authorization_code", "client_credentials"}
    assert set(found["token_endpoint_auth_signing_alg_values_supported"]) == {"RS384", "ES384"}
    assert found["authorization_response_iss_parameter_supported"] is True
    assert client.get("/.well-known/oauth-authorization-server").get_json() == found
    for name in ("authorization_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert client.get(found[name].removeprefix(software.base)).status_code != 404


def test_the_smart_configuration_leads_to_the_token(client: FlaskClient, software: Software) -> None:
    found = client.get("/fhir/.well-known/smart-configuration").get_json()

    assert found["token_endpoint"] == f"{software.base}/oauth/token"
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert found["grant_types_supported"] == ["client_credentials"]
    assert "system/Patient.cruds" in found["scopes_supported"]
    assert {"client-confidential-asymmetric", "permission-v2"} <= set(found["capabilities"])


@pytest.mark.parametrize("name", ["RS384", "ES384"])
def test_a_private_key_is_not_registered(app: Flask, name: str) -> None:
    structure = make_structure(app)
    new = NewSoftware(
        name="X", organization_id=structure.id, scopes="system/Patient.r",
        jwks={"keys": [key_for(name).as_dict(private=True)]},
    )  # fmt: skip

    with app.app_context(), pytest.raises(Exception, match="privée"), db.transaction() as session:
        clients.register_software(session, new)
    assert not rows(app, SoftwareClient, SoftwareClient.organization_id == structure.id)
