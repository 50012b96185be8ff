"""A document without its patient, in a browser: a practice asks, an officer answers by keyboard."""

from dataclasses import replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from hub.accounts.sessions import Space
from identity.traits import Sex
from tests import live
from tests.browser.story import Demonstration
from tests.factories import log_in, make_staff, make_structure
from tests.functional.agency_pages import new_officer
from tests.hub.registry.people import PAUL, SOLENE, crowd, incoming, send
from tests.stories import begin_sending

_REASON = "Même commune et même médecin traitant."


def _prepare(app: Flask, client: FlaskClient) -> int:
    """Log a practice in and begin a sending without patient; return its id."""
    structure = make_structure(app, "Cabinet Demande")
    member = make_staff(app, structure)
    log_in(client, member, Space.PRACTICE)
    return begin_sending(app, structure, member)


def _open(browser: Browser, demonstration: Demonstration, client: FlaskClient, name: str) -> Page:
    """Open a page with the session of a client of the test."""
    cookie = client.get_cookie(name)
    assert cookie is not None
    context = browser.new_context(locale="fr-FR")
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": demonstration.hub}])
    return demonstration.visit(context)


def test_a_document_finds_its_patient_through_the_agency(
    app: Flask, client: FlaskClient, browser: Browser, variables: dict[str, str]
) -> None:
    send(app, incoming(make_structure(app)))
    sending_id, officer = _prepare(app, client), new_officer(app)
    with live.serve(variables) as hub:
        demonstration = Demonstration(hub.url, hub.url, Path())
        practice = _open(browser, demonstration, client, "hub_practice")
        agency = _open(browser, demonstration, officer, "hub_agency")

        practice.goto(f"{hub.url}/pratique/patients?envoi={sending_id}")
        practice.get_by_role("link", name="Demandez à l'agence régionale").click()
        demonstration.look(practice, "identification")
        practice.get_by_role("button", name="Demander à l'agence").click()
        expect(practice.get_by_role("alert")).to_contain_text("Une information est à corriger")
        demonstration.look(practice, "identification-erreur")
        practice.get_by_label("Nom de naissance").fill(SOLENE.birth_name or "")
        practice.get_by_label("Prénoms").fill("Solène")
        practice.get_by_label("Précisions").fill("Adressée par le Dr Martin")
        practice.get_by_role("button", name="Demander à l'agence").click()
        expect(practice.get_by_text("Un officier d'identitovigilance cherche.")).to_be_visible()
        demonstration.look(practice, "identification-demandee")

        agency.goto(f"{hub.url}/agence/")
        demonstration.look(agency, "document-liste")
        agency.keyboard.press("j")
        agency.keyboard.press("Enter")
        expect(agency.get_by_text("Adressée par le Dr Martin")).to_be_visible()
        demonstration.look(agency, "document-tache")
        agency.keyboard.press("r")
        agency.keyboard.type(_REASON)
        agency.keyboard.press("Escape")
        agency.keyboard.press("m")
        agency.keyboard.press("Enter")
        expect(agency.get_by_role("alert")).to_contain_text("Cochez la personne")
        demonstration.look(agency, "document-erreur")
        agency.get_by_role("radio", name="Désigner").first.focus()
        agency.keyboard.press("Space")
        agency.get_by_role("button", name="Désigner cette personne").press("Enter")
        expect(agency.get_by_text("la personne est désignée à la structure")).to_be_visible()

        practice.goto(f"{hub.url}/pratique/")
        demonstration.look(practice, "accueil-reponse")
        practice.get_by_role("link", name="Lire la réponse").click()
        expect(practice.get_by_text(_REASON)).to_be_visible()
        demonstration.look(practice, "identification-reponse")
        practice.get_by_role("button", name="Choisir").click()
        expect(practice).to_have_url(f"{hub.url}/pratique/envois/{sending_id}/destinataires")

    assert demonstration.problems == []


def test_an_incomplete_comparison_is_accessible(app: Flask, browser: Browser, variables: dict[str, str]) -> None:
    send(app, incoming(make_structure(app), traits=replace(PAUL, given_names=("YVONNE",), sex=Sex.FEMALE)))
    crowd(app, PAUL)
    send(app, incoming(make_structure(app, "Clinique du Parc"), "B-1", replace(PAUL, sex=Sex.MALE)))
    officer = new_officer(app)
    with live.serve(variables) as hub:
        demonstration = Demonstration(hub.url, hub.url, Path())
        agency = _open(browser, demonstration, officer, "hub_agency")
        agency.goto(f"{hub.url}/agence/taches/1")
        demonstration.look(agency, "comparaison-incomplete")
        expect(agency.get_by_role("heading", name="Les personnes les plus proches")).to_be_visible()

    assert demonstration.problems == []
