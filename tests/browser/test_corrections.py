"""Corrections, deaths and quality on the practice's pages: axe at 1280 and 320 pixels, keyboard, no script."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from hub import db
from hub.accounts.sessions import Space
from hub.audit.trail import SYSTEM
from hub.registry import corrections
from hub.registry.corrections import Asking, CorrectionTrait
from hub.vigilance import trends
from tests import live
from tests.browser.story import Demonstration
from tests.factories import log_in, make_professional, make_staff, make_structure, parts_of
from tests.functional.practice_pages import Desk
from tests.functional.test_deaths import flag


@pytest.fixture
def desk(app: Flask) -> Desk:
    client = app.test_client()
    structure = make_structure(app)
    log_in(client, make_staff(app, structure), Space.PRACTICE)
    return Desk(app, client, structure)


def _ask(desk: Desk, identity_id: int, trait: CorrectionTrait, message: str) -> int:
    asking = Asking(source_identity_id=identity_id, trait=trait, message=message, officer_id=7)
    with desk.app.app_context(), db.transaction() as session:
        return corrections.ask(session, asking, parts_of(desk.app).trail, SYSTEM).id


def _measure(desk: Desk) -> None:
    with desk.app.app_context(), db.transaction() as session:
        trends.keep(session, trends.take(session))


def test_the_pages_are_accessible_and_answer_without_script(
    desk: Desk, browser: Browser, variables: dict[str, str]
) -> None:
    sending_id = desk.prepare()
    desk.post(f"/pratique/envois/{sending_id}/destinataires", act=f"add:professional:{make_professional(desk.app)}")
    identity_id = 1
    with live.serve(variables) as hub:
        demonstration = Demonstration(hub.url, hub.url, Path())
        context = browser.new_context(locale="fr-FR")
        cookie = desk.client.get_cookie("hub_practice")
        assert cookie is not None
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": hub.url}])
        page = demonstration.visit(context)

        page.goto(f"{hub.url}/pratique/corrections")
        expect(page.get_by_text("Aucune correction ne vous est demandée")).to_be_visible()
        demonstration.look(page, "corrections-vide")
        request_id = _ask(desk, identity_id, CorrectionTrait.BIRTH_NAME, "Vérifiez l'acte.\n" + "é" * 200)
        _ask(desk, identity_id, CorrectionTrait.IDENTITY, "Est-ce bien cette patiente ?")
        page.reload()
        demonstration.look(page, "corrections")
        page.goto(f"{hub.url}/pratique/corrections/{request_id}")
        demonstration.look(page, "correction")
        page.get_by_role("button", name="Envoyer la réponse").click()
        expect(page.get_by_role("alert")).to_contain_text("Une information est à corriger")
        demonstration.look(page, "correction-erreur")

        page.goto(f"{hub.url}/pratique/qualite")
        expect(page.get_by_text("Aucun chiffre encore.")).to_be_visible()
        demonstration.look(page, "qualite-vide")
        _measure(desk)
        page.reload()
        expect(page.get_by_role("link", name="Identités actives, voir la liste")).to_be_visible()
        demonstration.look(page, "qualite")
        page.get_by_role("link", name="Identités actives, voir la liste").click()
        expect(page.get_by_role("heading", name="Identités actives")).to_be_visible()
        demonstration.look(page, "qualite-liste")

        flag(desk.app, identity_id)
        page.goto(f"{hub.url}/pratique/patients/{identity_id}")
        expect(page.get_by_text("Décédée le 1er mars 2026")).to_be_visible()
        demonstration.look(page, "patient-decede")
        page.goto(f"{hub.url}/pratique/envois/{sending_id}/resume")
        expect(page.get_by_text("aucun avis ne partira au patient")).to_be_visible()
        demonstration.look(page, "resume-decede")

        plain = browser.new_context(locale="fr-FR", java_script_enabled=False)
        plain.add_cookies([{"name": cookie.key, "value": cookie.value, "url": hub.url}])
        without = plain.new_page()
        without.goto(f"{hub.url}/pratique/corrections/{request_id}")
        without.get_by_label("Le trait est exact").focus()
        without.keyboard.press("Space")
        without.get_by_label("Précisions").fill("Carte d'identité vue.")
        without.get_by_role("button", name="Envoyer la réponse").press("Enter")
        expect(without.get_by_text("Votre réponse est envoyée")).to_be_visible()

    assert demonstration.problems == []
