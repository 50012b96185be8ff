"""The status of an identity with a keyboard, a narrow screen, axe, and no JavaScript: evidence, INSi, acceptance."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from hub.insi.stub import Stub, read_people
from tests import live, stories
from tests.browser.story import NARROW, Demonstration
from tests.factories import Credential, make_staff, make_structure
from tests.live import LiveHub

PEOPLE = live.ROOT / "data" / "demonstration" / "insi.csv"


@pytest.fixture
def stub() -> Iterator[Stub]:
    running = Stub(read_people(PEOPLE)).start()
    yield running
    running.stop()


@pytest.fixture
def variables(sqlite_template: Path, stub: Stub, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "hub.sqlite3").write_bytes(sqlite_template.read_bytes())
    return live.make_variables(f"sqlite:///{tmp_path}/hub.sqlite3", tmp_path) | {"HUB_INSI_URL": stub.url}


def arrange(hub: LiveHub) -> tuple[Credential, int]:
    """Register a member and a patient whose place of birth INSi knows better."""
    with live.opened(hub.variables) as app:
        structure = make_structure(app)
        patient = stories.know(app, structure, stories.jeanne(birth_place="69381"))
        return make_staff(app, structure), patient.id


def log_in(page: Page, hub: LiveHub, member: Credential) -> None:
    page.goto(f"{hub.url}/pratique/connexion")
    page.locator("#login").fill(member.login)
    page.locator("#password").fill(member.password)
    page.locator("#code").fill(pyotp.TOTP(member.totp_secret).now())
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{hub.url}/pratique/")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_identity_is_qualified_from_the_page(
    variables: dict[str, str], browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    with live.serve(variables) as hub:
        member, patient = arrange(hub)
        watch = Demonstration(hub.url, hub.url, tmp_path)
        context = browser.new_context(java_script_enabled=scripts, locale="fr-FR", viewport=NARROW)  # type: ignore[arg-type]
        page = watch.visit(context)

        def look(name: str) -> None:
            if scripts:
                watch.look(page, name)

        log_in(page, hub, member)
        page.goto(f"{hub.url}/pratique/patients/{patient}")
        page.get_by_role("link", name="Statut de l'identité et INS").click()
        look("statut")
        page.get_by_role("button", name="Enregistrer le justificatif").click()
        expect(page.get_by_role("alert")).to_contain_text("Choisissez le justificatif")
        look("statut-refuse")
        page.get_by_label("Passeport").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_contain_text("Identité validée")
        page.get_by_role("button", name="Rechercher l'INS").click()
        expect(page.get_by_role("heading", name="Réponse d'INSi")).to_be_visible()
        expect(page.get_by_role("table")).to_contain_text("Différent")
        look("reponse")
        page.get_by_label("Passeport").check()
        page.get_by_role("button", name="Accepter").click()
        expect(page.get_by_role("main")).to_contain_text("Identité qualifiée")
        look("statut-qualifie")

        assert watch.problems == []
