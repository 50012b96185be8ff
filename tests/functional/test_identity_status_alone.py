"""The page of an identity's status on a hub that no teleservice is connected to."""

import html

from flask import Flask
from flask.testing import FlaskClient

from tests.functional.practice_pages import sit_down


def test_the_page_says_that_there_is_no_teleservice(app: Flask, client: FlaskClient) -> None:
    desk = sit_down(app, client)
    identity_id = desk.create()

    page = html.unescape(desk.get(f"/pratique/patients/{identity_id}/statut").text)
    answer = desk.post(f"/pratique/patients/{identity_id}/statut/ins")

    assert "n'est pas relié au téléservice INSi" in page
    assert "Rechercher l'INS" not in page
    assert answer.status_code == 422
    assert "n'est pas réglé sur ce hub" in html.unescape(answer.text)
