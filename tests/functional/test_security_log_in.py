"""Log-ins under attack: codes guessed at once, limits gone round, sessions kept too long, ways that lead away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import config, db
from hub.accounts.portal_accounts import Account
from hub.accounts.sessions import Space
from hub.accounts.tables import AttemptCounter, BrowserSession, Invitation, OneTimeCode, PortalAccount, StaffUser
from hub.app import create_app
from hub.db import Base, database
from hub.oidc import clients
from hub.web.context import safe_path
from tests import stories
from tests.factories import Credential, log_in, make_staff, make_structure, token_of
from tests.functional.intruders import form_token, patient_browser, same_browser, type_code, type_password
from tests.hub.registry.people import at_once, rows


@pytest.fixture
def account(app: Flask) -> Account:
    """Jeanne's active account."""
    return _account(app)


def _account(app: Flask, *, active: bool = True, **changes: Any) -> Account:
    structure = make_structure(app)
    email = changes.pop("email", stories.EMAIL)
    password = changes.pop("password", stories.PASSWORD)
    identity = stories.know(app, structure, stories.jeanne(**changes))
    account = stories.open_account(app, structure, make_staff(app, structure), identity, email)
    if active:
        stories.activate(app, account, password)
    return account


def _other(app: Flask, **more: Any) -> Account:
    return _account(
        app, birth_name="LEGRAND", given_names=("PAULE",), used_name=None, birth_place="33063",
        password="une tout autre phrase", **more,
    )  # fmt: skip


def _change(app: Flask, table: type[Base], **values: Any) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(table).values(**values))


def _wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06d}"


def _typing(browser: FlaskClient, path: str, form: dict[str, str]) -> Callable[[], TestResponse]:
    window = same_browser(browser)
    filled = {"csrf_token": form_token(window), **form}
    return lambda: window.post(path, data=filled)


def test_of_twenty_codes_guessed_at_once_five_are_read(app: Flask, client: FlaskClient, account: Account) -> None:
    type_password(client, account)
    right = stories.code_of(app, account)
    tries = [_typing(client, "/oidc/code", {"code": _wrong(right, number)}) for number in range(1, 21)]

    answers = at_once(app, *tries)

    assert [answer.status_code for answer in answers] == [403] * 20
    assert sum("Il vous reste" in answer.text for answer in answers) == 4
    assert rows(app, OneTimeCode)[0].tries_left == 0
    assert type_code(client, right).status_code == 403


def test_of_twenty_right_codes_at_once_one_opens(app: Flask, client: FlaskClient, account: Account) -> None:
    type_password(client, account)
    right = stories.code_of(app, account)

    answers = at_once(app, *[_typing(client, "/oidc/code", {"code": right}) for _ in range(20)])

    opened = [answer for answer in answers if "hub_provider=" in answer.headers.get("Set-Cookie", "")]
    assert len(opened) == 1
    assert sum(row.level == "full" for row in rows(app, BrowserSession)) == 1


def test_the_code_of_one_account_opens_no_other(app: Flask, client: FlaskClient, account: Account) -> None:
    other, thief = _other(app, email="paule@example.org"), app.test_client()
    type_password(client, account)
    type_password(thief, other, "une tout autre phrase")

    answer = type_code(thief, stories.code_of(app, account))

    assert answer.status_code == 403
    assert {row.level for row in rows(app, BrowserSession)} == {"first"}


@pytest.mark.parametrize(
    "code", ["١٢٣٤٥٦", "²²²²²²", "", "abc", "0" * 5000], ids=["arabic", "squares", "", "abc", "long"]
)
def test_a_strange_code_spends_a_try_and_breaks_nothing(
    app: Flask, client: FlaskClient, account: Account, code: str
) -> None:
    type_password(client, account)

    assert type_code(client, code).status_code == 403
    assert rows(app, OneTimeCode)[0].tries_left == 4


def test_codes_are_sent_again_after_thirty_seconds_and_thrice_at_most(
    app: Flask, client: FlaskClient, account: Account
) -> None:
    type_password(client, account)
    form = {"csrf_token": form_token(client)}

    statuses = [client.post("/oidc/code/nouveau", data=form).status_code]
    for _ in range(3):
        _change(app, OneTimeCode, created_at=_ago(app, 31))
        statuses.append(client.post("/oidc/code/nouveau", data=form).status_code)

    assert statuses == [429, 302, 302, 429]
    assert len(rows(app, OneTimeCode)) == 3
    assert sum(row.ended_at is None for row in rows(app, OneTimeCode)) == 1


def _ago(app: Flask, seconds: float) -> Any:
    with app.app_context(), db.reading() as session:
        return db.now(session) - timedelta(seconds=seconds)


def test_five_windows_that_ask_for_a_code_at_once_get_one(app: Flask, client: FlaskClient, account: Account) -> None:
    type_password(client, account)
    _change(app, OneTimeCode, created_at=_ago(app, 31))

    answers = at_once(app, *[_typing(client, "/oidc/code/nouveau", {}) for _ in range(5)])

    assert sorted(answer.status_code for answer in answers) == [302, 429, 429, 429, 429]
    assert len(rows(app, OneTimeCode)) == 2


def _staff_form(member: Credential, **changes: str) -> dict[str, str]:
    code = pyotp.TOTP(member.totp_secret).now()
    return {"login": member.login, "password": member.password, "code": code} | changes


def test_an_authenticator_s_code_opens_one_session_of_eight_at_once(app: Flask, client: FlaskClient) -> None:
    member = make_staff(app, make_structure(app))
    form = _staff_form(member)

    answers = at_once(app, *[_typing(client, "/pratique/connexion", form) for _ in range(8)])

    assert sorted(answer.status_code for answer in answers) == [302] + [403] * 7
    assert len(rows(app, BrowserSession)) == 1


@pytest.mark.parametrize("code", ["١٢٣٤٥٦", "²²²²²²", "\x00"])
def test_a_strange_authenticator_code_breaks_nothing(app: Flask, client: FlaskClient, code: str) -> None:
    member = make_staff(app, make_structure(app))
    form = {"csrf_token": form_token(client), **_staff_form(member, code=code)}

    assert client.post("/pratique/connexion", data=form).status_code == 403


@pytest.mark.parametrize("text", ["\x00", "a\x00@example.org", "é" * 400, "a" * 100_000])
def test_a_strange_name_breaks_no_log_in(app: Flask, client: FlaskClient, text: str) -> None:
    form = {"csrf_token": form_token(client), "login": text, "email": text, "password": text, "code": text}

    statuses = {client.post(path, data=form).status_code for path in ("/pratique/connexion", "/oidc/connexion")}

    assert statuses <= {400, 403}


def test_a_name_is_tried_ten_times_from_wherever(app: Flask, client: FlaskClient) -> None:
    member = make_staff(app, make_structure(app))
    form = {"csrf_token": form_token(client), **_staff_form(member, password="pas le bon")}

    statuses = []
    for number in range(11):
        wherever = {"X-Forwarded-For": f"198.51.100.{number}"}
        spelt = member.login.upper() if number % 2 else f" {member.login} "
        statuses.append(
            client.post("/pratique/connexion", data=form | {"login": spelt}, headers=wherever).status_code
        )
    late = client.post("/pratique/connexion", data=form | {"password": member.password})

    assert statuses == [403] * 10 + [429]
    assert late.status_code == 429


def test_an_address_is_counted_whatever_the_headers_claim(app: Flask, client: FlaskClient) -> None:
    form = {"csrf_token": form_token(client), "email": "a@example.org", "password": "x"}
    client.post("/oidc/connexion", data=form)
    _change(app, AttemptCounter, count=sa.case((AttemptCounter.name.like("login-ip:%"), 100), else_=1))
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Real-Ip": "203.0.113.9", "Forwarded": "for=203.0.113.9"}

    answer = client.post("/oidc/connexion", data=form | {"email": "b@example.org"}, headers=claims)

    assert answer.status_code == 429


def _invitation_path(app: Flask, account: Account) -> str:
    from hub.encryption import link_token
    from tests.factories import parts_of

    (row,) = rows(app, Invitation, Invitation.account_id == account.id)
    return f"/activation/{link_token(parts_of(app).settings, 'invitation', row.nonce)}"


def test_the_password_of_another_account_of_the_family_is_not_guessed_by_activating(
    app: Flask, client: FlaskClient, account: Account
) -> None:
    other = _other(app, email=account.email, active=False)
    path = _invitation_path(app, other)
    form = {"csrf_token": token_of(client.get(path).text), "password": stories.PASSWORD, "again": stories.PASSWORD}

    statuses = [client.post(path, data=form).status_code for _ in range(11)]

    assert statuses == [422] * 10 + [429]


def test_an_activation_without_its_code_leaves_the_password_as_it_was(app: Flask, client: FlaskClient) -> None:
    account = _account(app, active=False)
    path = _invitation_path(app, account)
    form = {"csrf_token": token_of(client.get(path).text)}
    for _ in range(3):
        client.post(path, data=form | {"password": stories.PASSWORD, "again": stories.PASSWORD})
    (before,) = rows(app, PortalAccount)

    answer = client.post(path, data=form | {"password": "celui du voleur", "again": "celui du voleur"})

    assert answer.status_code == 429
    assert rows(app, PortalAccount)[0].password_hash == before.password_hash


@pytest.mark.parametrize(
    ("space", "idle"), [("practice", 15), ("agency", 15), ("portal", 30)], ids=["practice", "agency", "portal"]
)
def test_a_session_ends_when_unused_and_after_twelve_hours(app: Flask, space: str, idle: int) -> None:
    path = {"practice": "/pratique/", "agency": "/agence/", "portal": "/portail/"}[space]
    if space == "portal":
        browser = patient_browser(app, _account(app))
    else:
        browser = app.test_client()
        log_in(browser, make_staff(app, make_structure(app) if space == "practice" else None), Space(space))
    assert browser.get(path).status_code == 200

    _change(app, BrowserSession, last_seen_at=_ago(app, idle * 60 - 30))
    used = browser.get(path).status_code
    _change(app, BrowserSession, last_seen_at=_ago(app, idle * 60 + 1))
    unused = browser.get(path).status_code
    _change(app, BrowserSession, last_seen_at=_ago(app, 0), expires_at=_ago(app, 1))
    old = browser.get(path).status_code

    assert (used, unused, old) == (200, 302, 302)


def test_the_second_factor_gives_a_new_token_and_ends_the_first(
    app: Flask, client: FlaskClient, account: Account
) -> None:
    type_password(client, account)
    first = client.get_cookie("hub_provider")
    assert first
    type_code(client, stories.code_of(app, account))
    second = client.get_cookie("hub_provider")
    assert second

    former, full = rows(app, BrowserSession)

    assert first.value != second.value
    assert (former.level, full.level) == ("first", "full")
    assert former.ended_at is not None
    assert full.ended_at is None


@pytest.mark.parametrize("path", ["/pratique", "/agence", "/portail"])
def test_a_log_out_ends_the_session_itself(app: Flask, path: str) -> None:
    browser = app.test_client()
    if path == "/portail":
        browser = patient_browser(app, _account(app))
    else:
        practice = path == "/pratique"
        space = Space.PRACTICE if practice else Space.AGENCY
        log_in(browser, make_staff(app, make_structure(app) if practice else None), space)
    kept = same_browser(browser)

    browser.post(f"{path}/deconnexion", data={"csrf_token": form_token(browser)})

    assert kept.get(f"{path}/").status_code == 302


def test_behind_tls_every_cookie_is_bound_to_the_host(variables: dict[str, str]) -> None:
    settings = config.from_mapping(variables | {"HUB_PUBLIC_URL": "https://hub.example"})
    app = create_app(settings)
    browser = app.test_client()
    member = make_staff(app, make_structure(app))
    page = browser.get("/pratique/connexion", base_url="https://hub.example")
    form = {"csrf_token": token_of(page.text), **_staff_form(member)}
    answer = browser.post("/pratique/connexion", data=form, base_url="https://hub.example")
    with app.app_context():
        database.session.remove()
        database.engine.dispose()

    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-hub_form", "__Host-hub_practice"}
    for cookie in cookies:
        attributes = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
        assert not any(part.startswith("Domain") for part in attributes)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")


ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example",
    "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example",
    "\t//evil.example", " //evil.example", "/\x00/evil.example", "/x\r\nSet-Cookie: a=b", "//evil.example/%2f..",
    "evil.example", "/\u2028/evil.example", "/\x1f/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_an_address_that_leads_away_is_left_aside(target: str) -> None:
    assert safe_path(target, "/ici") == "/ici"


@pytest.mark.parametrize(
    "target", ["/portail/", "/pratique/envois/7?page=2", "/oidc/authorize?redirect_uri=https://a"]
)
def test_a_path_of_the_site_is_kept(target: str) -> None:
    assert safe_path(target, "/ici") == target


def test_nobody_is_led_away_after_a_log_in(app: Flask, client: FlaskClient, account: Account) -> None:
    type_password(client, account)
    type_code(client, stories.code_of(app, account))

    places = [client.get("/oidc/code", query_string={"suite": target}).location for target in ELSEWHERE]

    assert set(places) == {"/portail/"}


def test_a_member_is_not_led_away_after_the_log_in(app: Flask, client: FlaskClient) -> None:
    member = make_staff(app, make_structure(app))
    places = []
    for target in ELSEWHERE:
        _change(app, StaffUser, totp_last_step=0)
        form = {"csrf_token": form_token(client), **_staff_form(member)}
        answer = client.post("/pratique/connexion", query_string={"suite": target}, data=form)
        places.append((answer.status_code, answer.location))

    assert set(places) == {(302, "/pratique/")}


REGISTERED = "https://app.example/retour"
STRANGE_RETURNS = [
    "https://app.example/retour/", "https://app.example/Retour", "https://app.example/retour?x=1",
    "https://app.example/retour#x", "https://app.example:443/retour", "https://app.example@evil.example/retour",
    "https://evil.example/https://app.example/retour", "https://app.example/retour/../autre", "//app.example/retour",
    "https://app.example\\@evil.example/retour", "https://app.example/retour%00", "https://app.example/ret\tour",
    "javascript:alert(1)", "",
]  # fmt: skip


@pytest.mark.parametrize("uri", STRANGE_RETURNS)
def test_a_return_address_is_compared_to_the_letter(app: Flask, client: FlaskClient, uri: str) -> None:
    with app.app_context(), db.transaction() as session:
        client_id = clients.register_login(session, "Application", (REGISTERED,))
    asked = {
        "response_type": "code", "client_id": client_id, "redirect_uri": uri, "scope": "openid", "state": "s",
        "code_challenge": "x" * 43, "code_challenge_method": "S256",
    }  # fmt: skip

    answer = client.get("/oidc/authorize", query_string=asked)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_silent_log_in_is_refused_to_whoever_is_not_logged_in(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), db.transaction() as session:
        client_id = clients.register_login(session, "Application", (REGISTERED,))
    asked = {
        "response_type": "code", "client_id": client_id, "redirect_uri": REGISTERED, "scope": "openid", "state": "s",
        "code_challenge": "x" * 43, "code_challenge_method": "S256", "prompt": "none",
    }  # fmt: skip

    answer = client.get("/oidc/authorize", query_string=asked)

    assert answer.location.startswith(REGISTERED + "?")
    assert "error=login_required" in answer.location
    assert "code=" not in answer.location


@pytest.mark.parametrize("query", [{"state": "é"}, {"state": "\x00"}, {}, {"state": "x", "iss": "x", "code": "x"}])
def test_a_return_that_nobody_asked_for_opens_nothing(client: FlaskClient, query: dict[str, str]) -> None:
    client.get("/portail/connexion")

    answer = client.get("/portail/retour", query_string=query)

    assert answer.status_code == 400
    assert client.get_cookie("hub_portal") is None
