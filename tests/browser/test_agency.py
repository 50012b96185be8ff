"""An officer's day in a real browser: twenty tasks by keyboard, a merge undone, a collision separated, axe silent."""

import shutil
from pathlib import Path

import pyotp
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from hub import db
from hub.audit.tables import AuditEvent
from hub.registry.tables import PersonOperation, ReviewTask
from tests import live
from tests.browser import agency_region, chromium
from tests.browser.agency_region import Region
from tests.browser.story import Demonstration
from tests.functional.agency_pages import next_code

REASON = "Pièce d'identité vue par la structure."
_KEYS = {"Doublon possible": "m", "Plusieurs candidats": "d", "Collision possible": "d", "Identité modifiée": "d"}


class Day:
    """An officer at the keyboard."""

    def __init__(self, page: Page, region: Region, watched: Demonstration) -> None:
        self.page, self.region, self.watched = page, region, watched
        self.decided = 0

    def log_in(self) -> None:
        member = self.region.officer
        self.page.goto(f"{self.watched.hub}/agence/")
        self.page.get_by_label("Adresse électronique professionnelle").fill(member.login)
        self.page.get_by_label("Mot de passe").fill(member.password)
        self.page.get_by_label("Code de votre application").fill(pyotp.TOTP(member.totp_secret).now())
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name="Tâches à traiter")).to_be_visible()
        self.watched.look(self.page, "agence-liste")

    def open_first(self) -> None:
        self.page.keyboard.press("?")
        expect(self.page.get_by_text("ouvrir la tâche")).to_be_visible()
        self.page.keyboard.press("j")
        self._enter()

    def decide_all(self) -> None:
        """Decide task after task; each decision opens the next."""
        while "/taches/" in self.page.url:
            kind = self.page.locator("h1").inner_text().replace("\u00a0", " ").partition(" : ")[2]
            undated = " sans date" if self.page.locator("#date_deces").count() else ""
            self.watched.look(self.page, f"agence-{kind}{undated}")
            self._decide(kind)
            self.decided += 1

    def _decide(self, kind: str) -> None:
        self.page.keyboard.press("r")
        self.page.keyboard.type(REASON)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press(_KEYS.get(kind, "v"))
        self._enter()
        if self.page.get_by_role("heading", name="Confirmez que c'est vous").count():
            self._prove()

    def _prove(self) -> None:
        self.watched.look(self.page, "agence-preuve")
        self.page.keyboard.type(self.region.officer.password)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(next_code(self.region.officer))
        self._enter()

    def _enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def undo(self, operation_id: int) -> None:
        self.page.goto(f"{self.watched.hub}/agence/operations")
        self.watched.look(self.page, "agence-operations")
        self.page.goto(f"{self.watched.hub}/agence/operations/{operation_id}")
        self.watched.look(self.page, "agence-operation")
        self.page.keyboard.press("r")
        self.page.keyboard.type("Deux sœurs, vues ensemble.")
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("m")
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_text("est défaite")).to_be_visible()

    def look_around(self, person_id: int) -> None:
        for path, name in (
            (f"/agence/personnes/{person_id}?le=2026-01-01", "agence-personne"),
            ("/agence/recherche", "agence-recherche"),
            ("/agence/cas-faciles", "agence-cas-faciles"),
            ("/agence/?etat=traitees", "agence-traitees"),
        ):
            self.page.goto(self.watched.hub + path)
            self.watched.look(self.page, name)


def test_an_officer_settles_twenty_tasks_by_keyboard(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    variables = live.make_variables(f"sqlite:///{tmp_path}/hub.sqlite3", tmp_path)
    with live.opened(variables) as app:
        region = agency_region.seed(app)
    with live.serve(variables) as hub, chromium.running() as browser:
        watched = Demonstration(hub.url, hub.url, tmp_path)
        day = Day(watched.visit(browser.new_context(locale="fr-FR")), region, watched)
        day.log_in()
        day.open_first()
        day.decide_all()
        with live.opened(variables) as app, app.app_context(), db.reading() as session:
            (merge_id,) = session.scalars(
                sa.select(PersonOperation.id).where(PersonOperation.task_id == region.merged)
            )
            person_id = session.get_one(PersonOperation, merge_id).person_id
        day.look_around(person_id)
        day.undo(merge_id)

    with live.opened(variables) as app, app.app_context(), db.reading() as session:
        decisions = set(session.scalars(sa.select(AuditEvent.subject_id).where(AuditEvent.action == "review.decide")))
        tasks = {str(number) for number in session.scalars(sa.select(ReviewTask.id))}
        kinds = list(session.scalars(sa.select(PersonOperation.kind).order_by(PersonOperation.id)))
        actions = set(session.scalars(sa.select(AuditEvent.action)))
        reopened = session.get_one(ReviewTask, region.merged).state
        collision = session.get_one(ReviewTask, region.collision).state
    assert day.decided == 20
    assert decisions == tasks, "each decision is in the trail"
    assert (kinds.count("merge"), kinds.count("split"), kinds[-1]) == (14, 1, "undo")
    assert actions >= {"staff.proof", "person.merge", "person.split", "person.undo"}
    assert (reopened, collision) == ("open", "different")
    assert watched.problems == [], "\n".join(watched.problems)
