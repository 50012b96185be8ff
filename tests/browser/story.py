"""README's story, played in a browser against a running demonstration: practice, patient, officer.

Every page is looked at once with axe at 1280 and at 320 pixels, must not scroll sideways at 320, must load nothing
from elsewhere and must leave the console empty. A folder for screenshots is optional.
"""

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.live import until

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
PASSWORD = "trois pommes et un panier"


@dataclass
class Demonstration:
    """Where a running demonstration answers and its sample documents.

    With `screenshots`, pictures are taken there: all, or the `chosen` ones (`name-width`).
    """

    hub: str
    mailbox: str
    documents: Path
    screenshots: Path | None = None
    chosen: frozenset[str] | None = None
    problems: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def messages(self) -> list[dict[str, Any]]:
        """Return what the mailbox holds, latest first."""
        found: list[dict[str, Any]] = httpx.get(f"{self.mailbox}/messages.json").json()
        return found

    def wait_for(self, recipient: str, text: str, *, sms: bool = False) -> str:
        """Return the text of the latest message for somebody that holds some words."""

        def look() -> str | None:
            for item in self.messages():
                if item["sms"] == sms and recipient in item["recipient"] and text in item["text"]:
                    return str(item["text"])
            return None

        return until(look, f"a message with « {text} »")

    def staff_code(self, login: str) -> str:
        """Return the authenticator's code of a member of staff."""
        return str(httpx.get(f"{self.mailbox}/codes.json").json()[login])

    def visit(self, context: BrowserContext) -> Page:
        """Open a page that is watched."""
        page = context.new_page()

        def note_console(message: ConsoleMessage) -> None:
            # Chromium writes a line for each refused page; a refusal is an answer, not a fault.
            if message.type == "error" and "responded with a status of 4" not in message.text:
                self.problems.append(f"console: {message.text[:200]}")

        def note_request(request: Request) -> None:
            if not request.url.startswith((self.hub, self.mailbox, "data:", "blob:")):
                self.problems.append(f"foreign request: {request.url}")

        page.on("console", note_console)
        page.on("request", note_request)
        return page

    def look(self, page: Page, name: str) -> None:
        """Check the page with axe at both widths, and take its picture when asked."""
        if name in self.seen:
            return
        self.seen.add(name)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            for violation in Axe().run(page).response["violations"]:
                targets = [" ".join(map(str, node["target"])) for node in violation["nodes"][:3]]
                self.problems.append(f"{name} at {size['width']}: {violation['id']} {targets}")
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
                self.problems.append(f"{name} at {size['width']}: the page scrolls sideways")
            picture = f"{name}-{size['width']}"
            if self.screenshots is not None and (self.chosen is None or picture in self.chosen):
                self.screenshots.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=self.screenshots / f"{picture}.png", full_page=size is NARROW)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]


@dataclass
class Story:
    """The steps in order; each leaves what the next needs."""

    demonstration: Demonstration
    browser: Browser
    practice: Page = field(init=False)
    patient: Page = field(init=False)
    officer: Page = field(init=False)
    code: str = field(init=False)

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """Return each step with what it shows."""
        return [
            ("the front page leads to three spaces", self.front_page),
            ("a secretary logs in with password and code", self.secretary_logs_in),
            ("a document is dropped and typed", self.document_is_dropped),
            ("the patient is found by birth date and three letters", self.patient_is_found),
            ("a colleague and a pharmacy are chosen in the directory", self.recipients_are_chosen),
            ("copy to the patient opens the account, then the sending goes on", self.account_is_opened),
            ("the document is sent", self.document_is_sent),
            ("colleague and pharmacy receive it by MSSanté", self.correspondents_receive),
            ("the patient's e-mail tells nothing of health", self.notice_is_neutral),
            ("the patient activates the account", self.patient_activates),
            ("the patient types the code received by SMS and reads the document", self.patient_reads),
            ("the patient downloads the very file", self.patient_downloads),
            ("the patient finds the document in the list", self.patient_lists),
            ("the practice sees when it was read", self.practice_sees_read),
            ("a new patient is created after near matches were shown", self.identity_is_created),
            ("an officer logs in and sees the work list", self.officer_logs_in),
            ("the officer compares two identities and decides", self.officer_decides),
            ("the mailbox shows every message", self.mailbox_shows),
            ("an unknown page and an unknown link explain themselves", self.unknown_pages),
            ("no accessibility violation, no foreign request, no console error", self.nothing_wrong),
        ]

    def front_page(self) -> None:
        page = self.demonstration.visit(self.browser.new_context(locale="fr-FR"))
        page.goto(self.demonstration.hub)
        expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
        self.demonstration.look(page, "accueil")
        page.context.close()

    def _staff(self, path: str, login: str, name: str) -> Page:
        page = self.demonstration.visit(self.browser.new_context(locale="fr-FR"))
        page.goto(self.demonstration.hub + path)
        self.demonstration.look(page, name)
        page.get_by_label("Adresse électronique professionnelle").fill(login)
        page.get_by_label("Mot de passe").fill("Trois tilleuls en fleurs")
        self.code = self.demonstration.staff_code(login)
        page.get_by_label("Code de votre application").fill(self.code)
        page.get_by_role("button", name="Se connecter").click()
        return page

    def secretary_logs_in(self) -> None:
        self.practice = self._staff("/pratique/", "secretariat@tilleuls.example", "connexion-professionnel")
        expect(self.practice.get_by_role("link", name="Envoyer un document").first).to_be_visible()
        self.demonstration.look(self.practice, "pratique-accueil")

    def document_is_dropped(self) -> None:
        page = self.practice
        page.get_by_role("link", name="Envoyer un document").first.click()
        self.demonstration.look(page, "envoi-document")
        page.get_by_label("Fichier à envoyer").set_input_files(self._document())
        page.wait_for_url(re.compile(r"/envois/\d+/document"), timeout=15_000)
        self.demonstration.look(page, "envoi-type")
        page.get_by_label("Type de document").select_option("11488-4")
        page.get_by_role("button", name="Continuer").click()

    def _document(self) -> Path:
        return self.demonstration.documents / "compte-rendu-consultation.pdf"

    def patient_is_found(self) -> None:
        page = self.practice
        page.get_by_label("Date de naissance").fill("14/03/1946")
        page.get_by_label("3 premières lettres").fill("DUR")
        page.get_by_role("button", name="Chercher", exact=True).click()
        self.demonstration.look(page, "envoi-patient")
        page.get_by_role("button", name=re.compile("Choisir.*MOREL")).first.click()

    def recipients_are_chosen(self) -> None:
        page = self.practice
        for kind, words in (("Un professionnel", "marchais"), ("Une pharmacie", "pharmacie")):
            page.get_by_label(kind).check()
            page.get_by_label("Nom, spécialité, ville ou numéro RPPS").fill(words)
            page.get_by_role("button", name="Chercher", exact=True).click()
            page.get_by_role("button", name=re.compile("^Ajouter")).first.click()
        self.demonstration.look(page, "envoi-destinataires")
        page.get_by_role("link", name="Continuer", exact=True).click()

    def account_is_opened(self) -> None:
        page = self.practice
        self.demonstration.look(page, "envoi-resume")
        # A click, not a check: ticking the box leaves the page at once.
        page.get_by_label("Copie au patient").click()
        page.wait_for_url(re.compile("espace-sante"), timeout=10_000)
        self.demonstration.look(page, "espace-sante-ouvrir")
        page.get_by_label("Accessible par").select_option("holder")
        page.get_by_label("Courriel").fill("jeanne.morel@example.org")
        page.get_by_label("Téléphone mobile").fill("06 39 98 99 01")
        page.get_by_label(re.compile("J'ai informé le patient")).check()
        page.get_by_role("button", name="Ouvrir l'espace et inviter").click()
        expect(page.get_by_label("Copie au patient")).to_be_checked()
        self.demonstration.look(page, "envoi-resume-copie")

    def document_is_sent(self) -> None:
        page = self.practice
        page.get_by_role("button", name="Envoyer", exact=True).click()
        page.wait_for_url(re.compile(r"/envois/\d+$"), timeout=10_000)
        expect(page.get_by_text("MARCHAIS").first).to_be_visible()

    def correspondents_receive(self) -> None:
        self.demonstration.wait_for("mssante.example", "document adressé par")
        until(
            lambda: sum("mssante.example" in item["recipient"] for item in self.demonstration.messages()) == 2,
            "two letters by MSSanté",
        )

    def notice_is_neutral(self) -> None:
        text = self.demonstration.wait_for("jeanne.morel@example.org", "nouveau document")
        for private in ("MOREL", "DURAND", "Jeanne", "Tilleuls", "consultation", "1946"):
            assert private not in text, f"the notice holds « {private} »"

    def patient_activates(self) -> None:
        text = self.demonstration.wait_for("jeanne.morel@example.org", "nouveau document")
        link = re.search(r"http\S+/d/\S+", text)
        assert link
        self.patient = self.demonstration.visit(self.browser.new_context(locale="fr-FR", accept_downloads=True))
        self.patient.goto(link[0])
        self.demonstration.look(self.patient, "patient-activation")
        self.patient.get_by_label("Choisissez un mot de passe").fill(PASSWORD)
        self.patient.get_by_label("Tapez-le une seconde fois").fill(PASSWORD)
        self.patient.get_by_role("button", name="Continuer").click()
        expect(self.patient.get_by_role("heading", name="Tapez le code reçu par SMS")).to_be_visible()
        self.demonstration.look(self.patient, "patient-code")

    def patient_reads(self) -> None:
        text = self.demonstration.wait_for("+33639989901", "code de connexion", sms=True)
        self.patient.get_by_label("Code à 6 chiffres").fill(text[:6])
        self.patient.wait_for_url(re.compile(r"/portail/documents/\d+$"), timeout=15_000)
        picture = self.patient.get_by_role("img", name=re.compile("Page 1"))
        expect(picture).to_be_visible()
        for image in self.patient.locator("img:not([loading=lazy])").all():
            until(lambda image=image: image.evaluate("it => it.complete && it.naturalWidth > 0"), "a page drawn")
        shown = Image.open(io.BytesIO(picture.screenshot())).convert("L").getextrema()
        assert shown[0] != shown[1], "the page of the document is blank"
        # To take the picture of one page has scrolled down to it.
        self.patient.evaluate("scrollTo(0, 0)")
        self.demonstration.look(self.patient, "patient-document")

    def patient_downloads(self) -> None:
        with self.patient.expect_download() as download:
            self.patient.get_by_role("link", name=re.compile("Télécharger")).click()
        got = hashlib.sha256(Path(download.value.path()).read_bytes()).hexdigest()
        assert got == hashlib.sha256(self._document().read_bytes()).hexdigest()

    def patient_lists(self) -> None:
        self.patient.get_by_role("link", name="Mes documents", exact=True).click()
        expect(self.patient.get_by_role("link", name="Compte rendu de consultation")).to_be_visible()
        expect(self.patient.get_by_text("Lu", exact=True)).to_be_visible()
        self.demonstration.look(self.patient, "patient-documents")

    def practice_sees_read(self) -> None:
        self.practice.reload()
        expect(self.practice.get_by_text(re.compile(r"Lu le \d\d/\d\d/\d{4}")).first).to_be_visible()
        self.demonstration.look(self.practice, "envoi-suivi")
        self.practice.get_by_role("link", name="Envois", exact=True).click()
        self.demonstration.look(self.practice, "envois")

    def identity_is_created(self) -> None:
        page = self.practice
        page.get_by_role("link", name="Patients", exact=True).click()
        page.get_by_label("Date de naissance").fill("14031946")
        page.get_by_label("3 premières lettres").fill("ZZZ")
        page.get_by_role("button", name="Chercher", exact=True).click()
        page.get_by_role("button", name=re.compile("créer une identité", re.IGNORECASE)).click()
        self.demonstration.look(page, "identite-creer")
        page.get_by_label("Nom de naissance", exact=False).first.fill("DURAND")
        page.get_by_label("Prénoms de naissance").fill("JEANNE SIMONE")
        page.get_by_label("Féminin").check()
        page.get_by_label("Inconnu").check()
        page.get_by_label(re.compile("J'ai informé le patient")).check()
        page.get_by_role("button", name="Créer l'identité").click()
        expect(page.get_by_text("MOREL").first).to_be_visible()
        self.demonstration.look(page, "identite-proches")
        page.get_by_role("button", name=re.compile("Aucune de ces personnes")).click()
        expect(page.get_by_text("Identité provisoire").first).to_be_visible()
        self.demonstration.look(page, "patient-fiche")

    def officer_logs_in(self) -> None:
        self.officer = self._staff("/agence/", "identito@agence.example", "connexion-agence")
        expect(self.officer.get_by_role("heading", name="Tâches à traiter")).to_be_visible()
        self.demonstration.look(self.officer, "agence-taches")

    def officer_decides(self) -> None:
        page = self.officer
        for number in range(1, 30):
            page.goto(f"{self.demonstration.hub}/agence/?page={number}")
            row = page.get_by_role("row").filter(has_text="12/05/1971").filter(has_text="13/05/1971")
            if row.count():
                break
        row.get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="Votre décision")).to_be_visible()
        self.demonstration.look(page, "agence-comparaison")
        page.get_by_label("Motif de la décision").fill("Pièce d'identité vérifiée auprès de l'hôpital.")
        page.get_by_role("button", name=re.compile("Même personne")).click()
        self._prove(page)
        page.goto(self.demonstration.hub + "/agence/?etat=traitees")
        expect(page.get_by_text("Pièce d'identité vérifiée auprès de l'hôpital.")).to_be_visible()
        self.demonstration.look(page, "agence-traitees")

    def _prove(self, page: Page) -> None:
        """Give password and code again: a code serves once, so the next one is waited for."""
        self.demonstration.look(page, "agence-preuve")
        page.get_by_label("Mot de passe").fill("Trois tilleuls en fleurs")

        def next_code() -> str | None:
            code = self.demonstration.staff_code("identito@agence.example")
            return code if code != self.code else None

        page.get_by_label("Code de votre application").fill(until(next_code, "the next code", 40))
        page.get_by_role("button", name="Confirmer et continuer").click()

    def mailbox_shows(self) -> None:
        page = self.demonstration.visit(self.browser.new_context(locale="fr-FR"))
        page.goto(self.demonstration.mailbox)
        expect(page.get_by_text("SMS", exact=True).first).to_be_visible()
        self.demonstration.look(page, "boite")
        page.context.close()

    def unknown_pages(self) -> None:
        page = self.demonstration.visit(self.browser.new_context(locale="fr-FR"))
        for path, words, name in (
            ("/rien", "Page introuvable", "page-introuvable"),
            ("/d/inconnu", "Ce lien n'existe pas", "lien-inconnu"),
        ):
            answer = page.goto(self.demonstration.hub + path)
            assert answer is not None
            assert answer.status == 404
            expect(page.get_by_text(words).first).to_be_visible()
            self.demonstration.look(page, name)
        page.context.close()

    def nothing_wrong(self) -> None:
        assert self.demonstration.problems == [], "\n".join(self.demonstration.problems)
