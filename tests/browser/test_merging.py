"""Two persons chosen are merged in a real browser, with script and without; axe is silent at both widths."""

import shutil
from pathlib import Path

import pyotp
from flask import Flask
from playwright.sync_api import Page, expect

from hub import db
from hub.accounts import sessions
from hub.accounts.sessions import Level, Space
from hub.registry import tasks
from hub.registry.values import StoredIdentity
from tests import live, stories
from tests.browser import chromium
from tests.browser.story import Demonstration
from tests.factories import Credential, make_staff, make_structure, parts_of
from tests.functional.agency_pages import next_code
from tests.hub.registry.people import INS_ONE, INS_TWO, PAUL, incoming, qualified, send
from tests.identity.factories import make_traits


def _prove(page: Page, officer: Credential) -> None:
    page.get_by_label("Mot de passe").fill(officer.password)
    page.get_by_label("Code de votre application").fill(next_code(officer))
    page.get_by_role("button", name="Confirmer et continuer").click()


def _log_in(page: Page, hub: str, officer: Credential) -> None:
    page.goto(f"{hub}/agence/")
    page.get_by_label("Adresse électronique professionnelle").fill(officer.login)
    page.get_by_label("Mot de passe").fill(officer.password)
    page.get_by_label("Code de votre application").fill(pyotp.TOTP(officer.totp_secret).now())
    page.get_by_role("button", name="Se connecter").click()


def _seed(app: Flask) -> tuple[StoredIdentity, tuple[StoredIdentity, StoredIdentity]]:
    here, there = make_structure(app, "Hôpital de la Haute-Allière"), make_structure(app, "Cabinet du Moulin")
    one = send(app, incoming(here)).identity
    send(app, incoming(there, "C-1"))
    send(app, incoming(make_structure(app, "Clinique du Parc"), "P-1", PAUL))
    sure = make_traits("LE GOFF", "ANNE", "1931-01-09"), make_traits("QUERE", "YANN", "1962-05-04")
    apart = (
        send(app, qualified(here, "Q-1", sure[0], INS_ONE)).identity,
        send(app, qualified(there, "Q-2", sure[1], INS_TWO)).identity,
    )
    return one, apart


def test_an_officer_merges_two_persons_chosen(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    variables = live.make_variables(f"sqlite:///{tmp_path}/hub.sqlite3", tmp_path)
    with live.opened(variables) as app:
        one, apart = _seed(app)
        officer = make_staff(app, None, "Hélène Garnier")
    with live.serve(variables) as hub, chromium.running() as browser:
        watched = Demonstration(hub.url, hub.url, tmp_path)
        page = watched.visit(browser.new_context(locale="fr-FR"))
        _log_in(page, hub.url, officer)
        page.goto(f"{hub.url}/agence/personnes/{one.person_id}")
        watched.look(page, "fusion-personne")
        page.get_by_label("Numéro régional de l'autre personne").fill("X")
        page.get_by_role("button", name="Comparer").click()
        watched.look(page, "fusion-numero-inconnu")
        page.get_by_role("link", name="La chercher par sa date de naissance").click()
        page.get_by_label("Date de naissance").fill("02/11/1951")
        page.get_by_role("button", name="Chercher").click()
        watched.look(page, "fusion-recherche")
        page.get_by_role("link", name="Comparer").click()
        watched.look(page, "fusion-apercu")
        page.get_by_role("button", name="Réunir ces deux personnes").click()
        watched.look(page, "fusion-sans-motif")
        page.get_by_label("Motif").fill("Même carte d'identité, vue par les deux structures.")
        page.get_by_role("button", name="Réunir ces deux personnes").click()
        _prove(page, officer)
        expect(page.get_by_text("est faite.")).to_be_visible()
        page.goto(f"{hub.url}/agence/personnes/{apart[0].person_id}/reunion/{apart[1].person_id}")
        expect(page.get_by_text("INS qualifiée différente")).to_be_visible()
        watched.look(page, "fusion-interdite")
        assert watched.problems == []

        kept = page.context.storage_state()
        plain = browser.new_context(locale="fr-FR", java_script_enabled=False, storage_state=kept)
        bare = plain.new_page()
        bare.goto(f"{hub.url}/agence/personnes/{one.person_id}")
        bare.get_by_label("Numéro régional de l'autre personne").fill(apart[0].regional_id)
        bare.get_by_role("button", name="Comparer").click()
        bare.get_by_label("Motif").fill("Acte de naissance vu.")
        bare.get_by_role("button", name="Réunir ces deux personnes").click()
        expect(bare.get_by_text("est faite.")).to_be_visible()


def test_a_patient_reads_calmly_that_documents_are_being_verified(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    variables = live.make_variables(f"sqlite:///{tmp_path}/hub.sqlite3", tmp_path)
    with live.opened(variables) as app:
        structure = make_structure(app, "Cabinet du Moulin")
        member = make_staff(app, structure)
        identity = stories.know(app, structure)
        other = stories.know(app, make_structure(app, "Clinique du Parc"), value="IPP-9")
        account = stories.open_account(app, structure, member, identity)
        stories.activate(app, account)
        sent = stories.send(app, structure, member, identity, copy=True)
        with app.app_context(), db.transaction() as session:
            tasks.open_collision(session, (identity.id, other.id), 0.0, ["twins"])
            token = sessions.start(session, parts_of(app).settings, Space.PORTAL, account.id, Level.FULL)
    with live.serve(variables) as hub, chromium.running() as browser:
        watched = Demonstration(hub.url, hub.url, tmp_path)
        page = watched.visit(browser.new_context(locale="fr-FR"))
        page.context.add_cookies([{"name": "hub_portal", "value": token, "url": hub.url}])
        page.goto(f"{hub.url}/portail/")
        expect(page.get_by_text("momentanément indisponibles")).to_be_visible()
        watched.look(page, "verification-liste")
        page.goto(f"{hub.url}/portail/documents/{sent.deliveries[0].id}")
        expect(page.get_by_role("heading", name="Document momentanément indisponible")).to_be_visible()
        watched.look(page, "verification-document")

        assert watched.problems == []
