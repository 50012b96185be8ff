"""The quality pages in a browser: axe at 1280 and 320 pixels, no sideways scroll, a sample read without script."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, expect

from hub import db
from hub.accounts.sessions import Space
from hub.vigilance import trends
from tests import live
from tests.browser import agency_region
from tests.browser.story import Demonstration
from tests.factories import log_in, make_structure
from tests.hub.registry.people import SOLENE, incoming, send


def _seed(app: Flask) -> agency_region.Region:
    region = agency_region.seed(app)
    # Two structures that send the same traits: a link that the matching makes alone.
    for name in ("Laboratoire", "Clinique"):
        send(app, incoming(make_structure(app, name), "L-1", SOLENE))
    for back in range(3):
        with app.app_context(), db.transaction() as session:
            taken = trends.take(session)
            trends.keep(session, replace(taken, day=taken.day - timedelta(days=back)))
    return region


def test_the_quality_pages_are_accessible_and_a_sample_is_read_without_script(
    app: Flask, browser: Browser, variables: dict[str, str]
) -> None:
    region = _seed(app)
    client = app.test_client()
    log_in(client, region.officer, Space.AGENCY)
    cookie = client.get_cookie("hub_agency")
    assert cookie is not None
    with live.serve(variables) as hub:
        watched = Demonstration(hub.url, hub.url, Path())
        context = browser.new_context(locale="fr-FR", java_script_enabled=True)
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": hub.url}])
        page = watched.visit(context)
        for path, name in (
            ("/agence/qualite", "region"),
            (f"/agence/qualite/{region.hospital.id}", "structure"),
            ("/agence/qualite/taches/liste", "liste-taches"),
            ("/agence/qualite/sans-contact/liste", "liste-vide"),
            ("/agence/qualite/identites/liste", "liste-identites"),
            ("/agence/qualite/personnes/liste", "liste-personnes"),
            ("/agence/qualite/taches/evolution", "evolution"),
            ("/agence/qualite/lettres", "lettres"),
            ("/agence/qualite/lectures", "lectures"),
        ):
            page.goto(f"{hub.url}{path}")
            expect(page.locator("h1")).to_be_visible()
            watched.look(page, name)

        plain = browser.new_context(locale="fr-FR", java_script_enabled=False)
        plain.add_cookies([{"name": cookie.key, "value": cookie.value, "url": hub.url}])
        reader = plain.new_page()
        reader.goto(f"{hub.url}/agence/qualite/lectures")
        reader.get_by_label("Nombre de paires").fill("1")
        reader.get_by_role("button", name="Tirer au hasard").click()
        reader.get_by_role("link", name="Lire une paire").click()
        pair = reader.url
        reader.get_by_label("Impossible à dire").check()
        reader.get_by_role("button", name="Garder ma réponse").click()
        expect(reader.get_by_text("Indiquez le motif")).to_be_visible()
        page.goto(pair)
        watched.look(page, "paire")
        reader.get_by_label("Motif").fill("Adresse et date concordent")
        reader.get_by_label("Même personne").check()
        reader.get_by_role("button", name="Garder ma réponse").click()
        expect(reader.get_by_text("Taux de faux liens")).to_be_visible()
        page.goto(reader.url)
        watched.look(page, "echantillon")
        context.close()
        plain.close()

    assert watched.problems == []
