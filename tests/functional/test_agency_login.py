"""An officer's way in: password and authenticator, each code once, and no other role."""

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.accounts.sessions import Space
from tests.factories import log_in, make_staff, make_structure, token_of


def _try(client: FlaskClient, login: str, password: str, code: str) -> int:
    token = token_of(client.get("/agence/connexion").text)
    form = {"csrf_token": token, "login": login, "password": password, "code": code}
    return client.post("/agence/connexion", data=form).status_code


def test_an_officer_logs_in_and_comes_to_the_tasks(app: Flask, client: FlaskClient) -> None:
    log_in(client, make_staff(app, None), Space.AGENCY)

    page = client.get("/agence/")

    assert page.status_code == 200
    assert "Tout est traité" in page.text


def test_a_wrong_code_or_password_is_refused(app: Flask, client: FlaskClient) -> None:
    officer = make_staff(app, None)
    code = pyotp.TOTP(officer.totp_secret).now()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    assert _try(client, officer.login, officer.password, wrong) == 403
    assert _try(client, officer.login, "une autre phrase", code) == 403
    assert client.get("/agence/").status_code == 302


def test_a_code_serves_once(app: Flask, client: FlaskClient) -> None:
    officer = make_staff(app, None)
    code = pyotp.TOTP(officer.totp_secret).now()

    assert _try(client, officer.login, officer.password, code) == 302
    assert _try(app.test_client(), officer.login, officer.password, code) == 403


@pytest.mark.parametrize("path", ["/agence/", "/agence/?etat=traitees", "/agence/taches/1"])
def test_nobody_enters_without_a_log_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 302
    assert answer.location.startswith("/agence/connexion?suite=")


def test_a_member_of_a_practice_cannot_enter(app: Flask, client: FlaskClient) -> None:
    member = make_staff(app, make_structure(app))
    code = pyotp.TOTP(member.totp_secret).now()

    assert _try(client, member.login, member.password, code) == 403
    log_in(client, member, Space.PRACTICE)
    client.set_cookie("hub_agency", client.get_cookie("hub_practice").value)
    assert client.get("/agence/").status_code == 302


def test_a_log_out_closes_the_space(app: Flask, client: FlaskClient) -> None:
    log_in(client, make_staff(app, None), Space.AGENCY)

    client.post("/agence/deconnexion", data={"csrf_token": token_of(client.get("/agence/").text)})

    assert client.get("/agence/").status_code == 302
