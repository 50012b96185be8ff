"""A person in full and the officers' search; each look is in the trail."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.audit.tables import AuditEvent
from tests.factories import make_structure
from tests.functional.agency_pages import decide, new_officer, open_task, send_form
from tests.hub.registry.people import PAUL, SOLENE, doubtful_pair, incoming, rows, send, stored


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


def test_a_person_is_found_by_birth_date_and_letters_and_the_look_is_kept(app: Flask, officer: FlaskClient) -> None:
    person_id = send(app, incoming(make_structure(app))).identity.person_id
    page = officer.get("/agence/recherche").text

    found = send_form(officer, "/agence/recherche", page, birth_date="17/05/1984", letters="bau")

    assert f"/agence/personnes/{person_id}" in found.text
    assert rows(app, AuditEvent, AuditEvent.action == "person.shown", AuditEvent.subject_id == str(person_id))


def test_a_person_is_found_by_the_regional_identifier(app: Flask, officer: FlaskClient) -> None:
    identity = send(app, incoming(make_structure(app))).identity
    page = officer.get("/agence/recherche").text

    found = send_form(officer, "/agence/recherche", page, regional_id=f" {identity.regional_id.lower()} ")
    unknown = send_form(officer, "/agence/recherche", page, regional_id="X")

    assert found.location == f"/agence/personnes/{identity.person_id}"
    assert unknown.status_code == 422


@pytest.mark.parametrize("birth_date", ["", "demain", "31/02/1990"])
def test_a_search_without_a_date_says_how_to_write_it(officer: FlaskClient, birth_date: str) -> None:
    page = officer.get("/agence/recherche").text

    answer = send_form(officer, "/agence/recherche", page, birth_date=birth_date, letters="DUR")

    assert answer.status_code == 422
    assert 'value="DUR"' in answer.text


def test_the_graph_and_the_table_carry_the_same_ties(app: Flask, officer: FlaskClient) -> None:
    for number in range(3):
        identity = send(app, incoming(make_structure(app), f"A-{number}")).identity

    page = officer.get(f"/agence/personnes/{identity.person_id}").text

    lines = re.findall(r'<line class="tie', page)
    table = page[page.index("Liens entre les identités") :]
    table = table[: table.index("</table>")]
    assert len(lines) == table.count("Rapprochement automatique") == 2
    assert re.search(r"[+]\d+,\d", table)


def test_a_merge_is_a_tie_that_leads_to_its_operation(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    decide(officer, open_task(officer, pair.task.id), pair.task.id, "meme")

    page = officer.get(f"/agence/personnes/{stored(app, pair.left).person_id}").text

    assert "Décision d'un officier" in page.replace("&#39;", "'")
    assert "opération n° 1" in page


def test_the_address_of_a_merged_person_leads_to_the_one_that_stays(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    decide(officer, open_task(officer, pair.task.id), pair.task.id, "meme")

    answer = officer.get(f"/agence/personnes/{pair.left.identity.person_id}")

    assert answer.location == f"/agence/personnes/{pair.right.identity.person_id}"


def test_the_page_says_what_was_known_on_a_day(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app)
    person_id = send(app, incoming(structure)).identity.person_id
    send(app, incoming(structure, traits=replace(SOLENE, email="solene@exemple.test")))

    then = officer.get(f"/agence/personnes/{person_id}?le=2000-01-01").text
    wrong = officer.get(f"/agence/personnes/{person_id}?le=31-02")

    assert "Aucune identité n'était liée" in then.replace("&#39;", "'")
    assert wrong.status_code == 200
    assert "Cette date n'existe pas" in wrong.text.replace("&#39;", "'")
    assert "changée par" in then


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-31"])
def test_a_strange_day_is_no_error(app: Flask, officer: FlaskClient, day: str) -> None:
    person_id = send(app, incoming(make_structure(app), traits=PAUL)).identity.person_id

    assert officer.get(f"/agence/personnes/{person_id}?le={day}").status_code == 200


def test_the_person_shows_who_looked(app: Flask, officer: FlaskClient) -> None:
    person_id = send(app, incoming(make_structure(app))).identity.person_id
    officer.get(f"/agence/personnes/{person_id}")

    page = officer.get(f"/agence/personnes/{person_id}").text

    assert "fiche ouverte par un officier" in page
    assert "Hélène Garnier" in page
    assert rows(app, AuditEvent, AuditEvent.action == "person.read")
