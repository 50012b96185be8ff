"""openid-client, a certified relying party, logs a patient in through the hub (OpenID Connect; RFC 7636, 9207)."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2 as httpx
import pytest
from flask import Flask

from hub import db
from hub.oidc import clients
from hub.oidc.tables import AccessToken, AuthorizationCode
from tests.conformance.node import Talk, talking
from tests.conformance.patients import Browser, Patient, make_patient_account
from tests.hub.registry.people import at_once, rows
from tests.live import LiveHub

BACK = "http://127.0.0.1:9/retour"


class Application:
    """The application that the patient logs in to."""

    def __init__(self, talk: Talk, client_id: str) -> None:
        self.client_id = client_id
        self._talk = talk

    def begin(self, **changes: Any) -> dict[str, str]:
        """Start a log-in; a change to None takes a parameter away."""
        begun: dict[str, str] = self._ask("begin", changes=changes)["value"]
        return begun

    def finish(self, begun: dict[str, str], back: str, **changes: Any) -> dict[str, Any]:
        """Exchange the code that the browser brought back."""
        kept = {name: begun[name] for name in ("verifier", "state", "nonce")}
        return self._ask("finish", **{"back": back, **kept, **changes})

    def user(self, token: str, subject: str) -> dict[str, Any]:
        """Ask who the token is of."""
        return self._ask("user", token=token, subject=subject)

    def metadata(self) -> dict[str, Any]:
        """Return what the library discovered."""
        found: dict[str, Any] = self._ask("metadata")["value"]
        return found

    def _ask(self, command: str, **question: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._talk.ask({"command": command, **question})
        return answer


@pytest.fixture
def application(hub: LiveHub, app: Flask) -> Iterator[Application]:
    with app.app_context(), db.transaction() as session:
        client_id = clients.register_login(session, "Application de test", (BACK,))
    with talking("openid.mjs", hub.url, client_id, BACK) as talk:
        yield Application(talk, client_id)


@pytest.fixture
def patient(app: Flask) -> Patient:
    return make_patient_account(app)


@pytest.fixture
def browser(hub: LiveHub) -> Iterator[Browser]:
    opened = Browser(hub.url)
    yield opened
    opened.close()


@pytest.fixture
def log_in(app: Flask, browser: Browser, patient: Patient) -> Callable[[str], str]:
    """Log the patient in at an address; return the address that the browser is sent back to."""
    return lambda url: browser.log_in(app, url, patient)


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_patient_logs_in(
    hub: LiveHub, application: Application, patient: Patient, log_in: Callable[[str], str]
) -> None:
    begun = application.begin()

    back = log_in(begun["url"])
    tokens = application.finish(begun, back)["value"]

    assert back.startswith(f"{BACK}?")
    assert query(back).keys() == {"code", "state", "iss"}
    assert (query(back)["state"], query(back)["iss"]) == (begun["state"], hub.url)
    claims = tokens["claims"]
    assert (claims["iss"], claims["sub"], claims["nonce"]) == (hub.url, patient.subject, begun["nonce"])
    assert claims["aud"] in (application.client_id, [application.client_id])
    assert claims["amr"] == ["pwd", "otp", "sms"]
    assert claims["acr"] == "urn:hub:acr:password-sms"
    assert claims["auth_time"] <= claims["iat"]
    assert 0 < claims["exp"] - claims["iat"] <= 3600
    assert tokens["expires_in"] <= 300
    assert "refresh_token" not in tokens
    user = application.user(tokens["access_token"], patient.subject)
    assert user["value"] == {"sub": patient.subject}
    assert claims.keys() <= {
        "iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "at_hash", "c_hash"
    }, "no trait of the patient leaves the hub"  # fmt: skip


def test_a_scope_that_the_hub_does_not_know_is_left_aside(
    application: Application, log_in: Callable[[str], str]
) -> None:
    begun = application.begin(scope="openid profile email")

    tokens = application.finish(begun, log_in(begun["url"]))["value"]

    assert tokens["scope"] == "openid"
    assert "email" not in tokens["claims"]


def test_the_discovery_is_that_of_the_hub(hub: LiveHub, application: Application) -> None:
    found = application.metadata()

    assert found["issuer"] == hub.url
    assert found["code_challenge_methods_supported"] == ["S256"]


def test_a_second_log_in_needs_no_password_and_changes_nothing(
    application: Application, browser: Browser, log_in: Callable[[str], str]
) -> None:
    log_in(application.begin()["url"])
    begun = application.begin()

    answer = browser.open(begun["url"])

    assert answer.is_redirect
    assert "claims" in application.finish(begun, answer.headers["Location"])["value"]


def test_an_application_may_ask_to_log_in_again(
    app: Flask, application: Application, browser: Browser, patient: Patient
) -> None:
    browser.log_in(app, application.begin()["url"], patient)
    begun = application.begin(prompt="login")

    page = browser.open(begun["url"])

    assert page.status_code == 200
    assert 'name="password"' in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": "short"},
        {"response_type": "token"},
        {"response_type": "id_token"},
        {"response_type": "code id_token"},
        {"scope": "profile"},
        {"scope": "system/Patient.r"},
        {"scope": None},
    ],
    ids=str,
)
def test_the_application_is_told_that_it_asks_wrongly(
    app: Flask, application: Application, browser: Browser, changes: dict[str, Any]
) -> None:
    begun = application.begin(**changes)

    answer = browser.open(begun["url"])

    assert answer.is_redirect, answer.text
    assert answer.headers["Location"].startswith(f"{BACK}?")
    told = query(answer.headers["Location"])
    assert "error" in told
    assert "code" not in told
    assert told.get("state") == begun["state"]
    assert not rows(app, AuthorizationCode, AuthorizationCode.client_id == application.client_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://127.0.0.1:9/autre"},
        {"redirect_uri": f"{BACK}/"},
        {"redirect_uri": f"{BACK}?a=b"},
        {"redirect_uri": f"{BACK}#a"},
        {"redirect_uri": "https://mechant.example/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": None},
        {"client_id": "inconnue"},
        {"client_id": None},
        {"redirect_uri": "https://mechant.example/", "code_challenge_method": "plain"},
        {"redirect_uri": "https://mechant.example/", "response_type": "token"},
    ],
    ids=str,
)
def test_a_stranger_is_never_redirected_to(
    application: Application, browser: Browser, changes: dict[str, Any]
) -> None:
    begun = application.begin()
    parts = urlsplit(begun["url"])
    asked = {name: value for name, value in {**query(begun["url"]), **changes}.items() if value is not None}

    answer = browser.open(parts._replace(query=urlencode(asked)).geturl())

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert not re.search(r'(?:href|action|src)="(?:https?:)?//mechant', answer.text)
    assert "Connexion impossible" in answer.text


def test_a_code_serves_once_and_its_token_dies_when_it_is_replayed(
    app: Flask, application: Application, patient: Patient, log_in: Callable[[str], str]
) -> None:
    begun = application.begin()
    back = log_in(begun["url"])
    token = application.finish(begun, back)["value"]["access_token"]
    assert "value" in application.user(token, patient.subject)

    replayed = application.finish(begun, back)

    assert (replayed["refused"], replayed["status"]) == ("invalid_grant", 400)
    assert "refused" in application.user(token, patient.subject)
    (row,) = rows(app, AccessToken, AccessToken.client_id == application.client_id)
    assert row.revoked_at is not None


def test_a_code_exchanged_many_times_at_once_leaves_no_live_token(
    hub: LiveHub, app: Flask, application: Application, log_in: Callable[[str], str]
) -> None:
    begun = application.begin()
    form = {
        "grant_type": "authorization_code",
        "client_id": application.client_id,
        "code": query(log_in(begun["url"]))["code"],
        "redirect_uri": BACK,
        "code_verifier": begun["verifier"],
    }

    def exchange() -> int:
        with httpx.Client(timeout=60) as client:
            return client.post(f"{hub.url}/oauth/token", data=form).status_code

    statuses = at_once(app, *[exchange] * 10)

    assert sorted(statuses) == [200] + [400] * 9
    (row,) = rows(app, AccessToken, AccessToken.client_id == application.client_id)
    assert row.revoked_at is not None


def test_a_code_is_refused_after_its_minute(
    app: Flask, application: Application, log_in: Callable[[str], str]
) -> None:
    begun = application.begin()
    back = log_in(begun["url"])
    (row,) = rows(app, AuthorizationCode, AuthorizationCode.client_id == application.client_id)
    with app.app_context(), db.transaction() as session:
        assert timedelta(0) < row.expires_at - db.now(session) <= timedelta(seconds=60)
        session.get_one(AuthorizationCode, row.id).expires_at = db.now(session)

    assert application.finish(begun, back)["refused"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [{"verifier": "x" * 43}, {"verifier": "x"}, {"path": "/autre"}],
    ids=str,
)
def test_a_code_is_refused_with_another(
    app: Flask, application: Application, log_in: Callable[[str], str], changes: dict[str, str]
) -> None:
    changes = dict(changes)
    begun = application.begin()
    # The library tells the token endpoint the address that the browser came back to.
    back = log_in(begun["url"]).replace("/retour", changes.pop("path", "/retour"))

    answer = application.finish(begun, back, **changes)

    assert answer["refused"] in ("invalid_grant", "invalid_request")
    assert not rows(app, AccessToken, AccessToken.client_id == application.client_id)


def test_a_code_is_refused_without_verifier_and_to_another_application(
    hub: LiveHub, app: Flask, application: Application, http: httpx.Client, log_in: Callable[[str], str]
) -> None:
    begun = application.begin()
    form = {
        "grant_type": "authorization_code",
        "client_id": application.client_id,
        "code": query(log_in(begun["url"]))["code"],
        "redirect_uri": BACK,
        "code_verifier": begun["verifier"],
    }
    with app.app_context(), db.transaction() as session:
        other = clients.register_login(session, "Autre", (BACK,))

    to_another = http.post(f"{hub.url}/oauth/token", data=form | {"client_id": other})
    without = http.post(f"{hub.url}/oauth/token", data={**form, "code_verifier": ""})
    software_only = http.post(f"{hub.url}/oauth/token", data=form | {"grant_type": "client_credentials"})

    assert [answer.status_code for answer in (to_another, without, software_only)] == [400, 400, 400]
    assert not rows(app, AccessToken, AccessToken.client_id.in_((application.client_id, other)))


def test_the_library_refuses_an_answer_of_another_issuer(
    application: Application, log_in: Callable[[str], str]
) -> None:
    begun = application.begin()
    back = log_in(begun["url"])
    forged = back.replace(urlencode({"iss": query(back)["iss"]}), urlencode({"iss": "https://mechant.example"}))

    assert forged != back
    assert "refused" in application.finish(begun, forged)


def test_a_wrong_password_or_code_gives_no_code(
    app: Flask, application: Application, browser: Browser, patient: Patient
) -> None:
    page = browser.open(application.begin()["url"])

    refused = browser.submit(page, email=patient.email, password="un autre mot de passe")
    second = browser.submit(page, email=patient.email, password=patient.password)
    wrong = browser.submit(second, code="000000x")

    assert (refused.status_code, wrong.status_code) == (403, 403)
    assert not rows(app, AuthorizationCode, AuthorizationCode.client_id == application.client_id)
