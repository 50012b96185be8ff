"""Linkage models in a browser: proposed without script, tried, approved by a second officer, taken back; axe."""

import json
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hub.accounts.sessions import Space
from tests import live
from tests.browser import agency_region, chromium
from tests.browser.story import Demonstration
from tests.factories import Credential, log_in
from tests.functional.agency_pages import next_code
from tests.hub.test_model_activation import make_figures, make_text

STRICT = {"link": 9, "review": 5, "margin": 4}


def make_changed() -> str:
    """Write a model that asks for more than the shipped one before it links."""
    levels = json.loads(make_text())["levels"]
    levels["sex"]["different"] -= 2.5
    levels["surname"]["different"] -= 1.75
    return make_text(thresholds=STRICT, levels=levels)


def enter(app: Flask, browser: Browser, url: str, member: Credential, *, script: bool = True) -> BrowserContext:
    """Open a browser in which an officer is logged in."""
    client = app.test_client()
    log_in(client, member, Space.AGENCY)
    cookie = client.get_cookie("hub_agency")
    assert cookie is not None
    context = browser.new_context(locale="fr-FR", java_script_enabled=script)
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
    return context


def propose(page: Page, url: str, folder: Path) -> None:
    """Upload a model, first a file that is none."""
    files = {"model": folder / "model.json", "figures": folder / "figures.json", "wrong": folder / "wrong.json"}
    files["model"].write_text(make_changed(), encoding="utf-8")
    files["figures"].write_text(make_figures(make_changed()), encoding="utf-8")
    files["wrong"].write_text("{}", encoding="utf-8")
    page.goto(f"{url}/agence/modeles")
    page.get_by_role("link", name="Proposer un modèle").click()
    page.get_by_label("Fichier du modèle").set_input_files(files["wrong"])
    page.get_by_label("Motif").fill("Mesuré sur trois régions")
    page.get_by_role("button", name="Proposer ce modèle").click()
    expect(page.get_by_text("ce fichier n'est pas un modèle")).to_be_visible()
    expect(page.get_by_label("Motif")).to_have_value("Mesuré sur trois régions")
    page.get_by_label("Fichier du modèle").set_input_files(files["model"])
    page.get_by_label("Fichier de ses chiffres").set_input_files(files["figures"])
    page.get_by_role("button", name="Proposer ce modèle").click()
    expect(page.get_by_text("un autre officier doit l'approuver").first).to_be_visible()


class SecondOfficer:
    """The officer who did not propose."""

    def __init__(self, page: Page, member: Credential, watched: Demonstration) -> None:
        self.page, self.member, self.watched = page, member, watched

    def look_before(self) -> None:
        for path, name in (
            ("", "modeles-vide"), ("/fourni", "modele-fourni"), ("/proposer", "modele-proposer"),
        ):  # fmt: skip
            self.page.goto(f"{self.watched.hub}/agence/modeles{path}")
            self.watched.look(self.page, name)
        self.page.get_by_role("button", name="Proposer ce modèle").click()
        expect(self.page.get_by_text("Choisissez le fichier du modèle")).to_be_visible()
        self.watched.look(self.page, "modele-refuse")

    def approve(self) -> None:
        self.page.goto(f"{self.watched.hub}/agence/modeles")
        expect(self.page.get_by_role("link", name="Modèle 1 à approuver")).to_be_visible()
        self.watched.look(self.page, "modeles")
        self.page.get_by_role("link", name="2027-1").click()
        for summary in ("Tous les poids", "Ce que deux traits pèsent"):
            self.page.locator("summary").filter(has_text=summary).click()
        self.watched.look(self.page, "modele")
        self.page.get_by_role("button", name="Essayer").click()
        expect(self.page.get_by_text("Décisions qui changent")).to_be_visible()
        self.watched.look(self.page, "modele-essai")
        self.page.get_by_role("link", name="← Modèle 2027-1").click()
        self.page.get_by_role("button", name="Mettre ce modèle en vigueur").click()
        expect(self.page.get_by_text("Cochez la case")).to_be_visible()
        self.watched.look(self.page, "modele-case")
        self.page.get_by_label("J'ai examiné").check()
        self.page.get_by_role("button", name="Mettre ce modèle en vigueur").click()
        self.page.get_by_label("Mot de passe").fill(self.member.password)
        self.page.get_by_label("Code de votre application").fill(next_code(self.member))
        self.page.get_by_role("button", name="Confirmer et continuer").click()
        expect(self.page.get_by_text("Le modèle 2027-1 est en vigueur.")).to_be_visible()

    def go_back(self) -> None:
        self.page.get_by_role("button", name="Retirer ce modèle").click()
        expect(self.page.get_by_text("Indiquez le motif")).to_be_visible()
        self.watched.look(self.page, "modele-en-vigueur")
        self.page.get_by_label("Motif du retrait").fill("Trop de tâches")
        self.page.get_by_role("button", name="Retirer ce modèle").click()
        expect(self.page.get_by_text("Le modèle 2027-1 est retiré")).to_be_visible()
        self.watched.look(self.page, "modeles-retire")


def play(app: Flask, variables: dict[str, str], folder: Path, screenshots: Path | None = None) -> list[str]:
    """Propose, try, approve, take back; return what is wrong with the pages."""
    region = agency_region.seed(app)
    with live.serve(variables) as hub, chromium.running() as browser:
        watched = Demonstration(hub.url, hub.url, folder, screenshots)
        approver = enter(app, browser, hub.url, region.second)
        second = SecondOfficer(watched.visit(approver), region.second, watched)
        second.look_before()
        author = enter(app, browser, hub.url, region.officer, script=False)
        propose(author.new_page(), hub.url, folder)
        second.approve()
        second.go_back()
        author.close()
        approver.close()
    return watched.problems


def test_a_model_is_proposed_tried_approved_by_a_second_officer_and_taken_back(
    app: Flask, variables: dict[str, str], tmp_path: Path
) -> None:
    assert play(app, variables, tmp_path) == []
