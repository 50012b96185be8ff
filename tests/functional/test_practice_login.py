"""A practice's member logs in and out."""

from flask import Flask
from flask.testing import FlaskClient

from hub.accounts.sessions import Space
from tests.factories import log_in, make_staff, make_structure


def test_a_practice_page_leads_to_the_log_in_and_back(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/pratique/envois?echecs=oui")

    assert answer.status_code == 302
    assert answer.location == "/pratique/connexion?suite=/pratique/envois?echecs%3Doui"


def test_a_member_logs_in_with_password_and_code(app: Flask, client: FlaskClient) -> None:
    member = make_staff(app, make_structure(app, "Cabinet des Lilas"))

    log_in(client, member, Space.PRACTICE)

    assert "Cabinet des Lilas" in client.get("/pratique/").text
