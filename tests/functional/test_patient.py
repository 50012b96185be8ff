"""The patient's way: link, activation, OIDC log-in with a code by SMS, reading; and every way that must stay shut."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import db
from hub.accounts.portal_accounts import Account
from hub.accounts.tables import BrowserSession, Invitation, OneTimeCode
from hub.config import Settings, from_mapping
from hub.directory.values import Structure
from hub.routing.sendings import SentView
from hub.routing.tables import Notice
from hub.routing.values import DeliveryState
from tests import stories
from tests.factories import Credential, make_staff, make_structure, sample_pdf, token_of
from tests.relay import Relay, running_relay

CONTENT = sample_pdf("Votre compte rendu")


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def settings(variables: dict[str, str], relay: Relay) -> Settings:
    return from_mapping(variables | {"HUB_SMTP_URL": relay.url, "HUB_PUBLIC_URL": "http://localhost"})


class Story:
    """A document sent to a patient whose account was just opened."""

    def __init__(self, app: Flask, relay: Relay) -> None:
        self.app = app
        self.relay = relay
        self.structure: Structure = make_structure(app)
        self.member: Credential = make_staff(app, self.structure)
        self.identity = stories.know(app, self.structure)
        self.account: Account = stories.open_account(app, self.structure, self.member, self.identity)
        self.sent: SentView = stories.send(
            app, self.structure, self.member, self.identity, copy=True, content=CONTENT
        )
        stories.work(app)

    def link(self, subject: str) -> str:
        """Return the path of the link in the last e-mail about something."""
        bodies = [
            message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            for message in self.relay.to(self.account.email)
            if subject in message["Subject"]
        ]
        found = re.search(r"http://localhost(/\S+)", bodies[-1])
        assert found
        return found[1]

    def log_in(self, client: FlaskClient, path: str) -> str:
        """Follow a path to the log-in, type password and code, and return the last page."""
        page = client.get(path, follow_redirects=True)
        form = _form(page.text) | {"email": self.account.email, "password": stories.PASSWORD}
        page = client.post("/oidc/connexion", data=form, follow_redirects=True)
        assert "Tapez le code" in page.text, page.text
        form = _form(page.text) | {"code": stories.code_of(self.app, self.account)}
        return _follow(client, client.post("/oidc/code", data=form)).text


def _follow(client: FlaskClient, answer: TestResponse) -> TestResponse:
    """Follow redirections as a browser does, also back to an address it came through."""
    for _ in range(10):
        if answer.status_code not in (302, 303):
            break
        answer = client.get(answer.headers["Location"])
    return answer


def _form(page: str) -> dict[str, str]:
    found = re.search(r'name="suite" value="([^"]*)"', page)
    return {"csrf_token": token_of(page), "suite": found[1].replace("&amp;", "&") if found else ""}


@pytest.fixture
def story(app: Flask, relay: Relay) -> Story:
    return Story(app, relay)


def test_from_the_notice_a_new_patient_activates_and_reads_the_document(story: Story, client: FlaskClient) -> None:
    path = story.link("document")
    page = client.get(path)
    form = _form(page.text) | {"password": stories.PASSWORD, "again": stories.PASSWORD}
    page = client.post(path, data=form, follow_redirects=True)
    assert "Tapez le code" in page.text
    form = _form(page.text) | {"code": stories.code_of(story.app, story.account)}

    page = _follow(client, client.post("/oidc/code", data=form))

    assert page.status_code == 200
    assert "Compte rendu de consultation" in page.text
    image = client.get(re.findall(r'src="(/portail/documents/\d+/pages/1\.png)"', page.text)[0])
    assert image.data.startswith(b"\x89PNG")
    file = client.get(re.findall(r'href="(/portail/documents/\d+/fichier)"', page.text)[0])
    assert file.data == CONTENT
    assert "attachment" in file.headers["Content-Disposition"]
    (delivery,) = stories.see(story.app, story.structure, story.sent).deliveries
    assert delivery.state is DeliveryState.READ
    assert delivery.read_at is not None


def test_an_active_patient_lands_on_that_document_after_the_log_in(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)

    page = story.log_in(client, story.link("document"))

    assert "Compte rendu de consultation" in page
    assert story.structure.name in page


def test_the_list_shows_what_is_to_read(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)

    page = story.log_in(client, "/portail/")

    assert "1 document à lire" in page
    assert stories.see(story.app, story.structure, story.sent).deliveries[0].state is DeliveryState.DELIVERED


def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_ends_it(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)
    page = client.get("/portail/", follow_redirects=True)
    form = _form(page.text) | {"email": story.account.email, "password": stories.PASSWORD}
    page = client.post("/oidc/connexion", data=form, follow_redirects=True)
    right = stories.code_of(story.app, story.account)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"

    texts = []
    for _ in range(5):
        answer = client.post("/oidc/code", data=_form(page.text) | {"code": wrong})
        assert answer.status_code == 403
        texts.append(answer.text)
    late = client.post("/oidc/code", data=_form(page.text) | {"code": right})

    assert "Il vous reste 4 essais" in texts[0]
    assert "un seul essai" in texts[3]
    assert late.status_code == 403
    assert "plus valable" in late.text


def test_a_code_serves_once_and_only_in_the_browser_that_asked(story: Story, client: FlaskClient, app: Flask) -> None:
    stories.activate(story.app, story.account)
    page = client.get("/portail/", follow_redirects=True)
    form = _form(page.text) | {"email": story.account.email, "password": stories.PASSWORD}
    page = client.post("/oidc/connexion", data=form, follow_redirects=True)
    code = stories.code_of(story.app, story.account)
    other = app.test_client()
    start = other.get("/portail/", follow_redirects=True)
    stolen = other.post("/oidc/code", data=_form(start.text) | {"code": code})

    first = client.post("/oidc/code", data=_form(page.text) | {"code": code})
    with app.app_context(), db.reading() as session:
        ended = session.scalar(sa.select(OneTimeCode.ended_at).order_by(OneTimeCode.id.desc()).limit(1))

    assert "/oidc/connexion" in stolen.headers.get("Location", "")
    assert first.status_code == 302
    assert ended is not None


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)
    page = client.get("/oidc/connexion")

    known = client.post(
        "/oidc/connexion", data=_form(page.text) | {"email": story.account.email, "password": "pas le bon du tout"}
    )
    unknown = client.post(
        "/oidc/connexion", data=_form(page.text) | {"email": "personne@example.org", "password": "pas le bon du tout"}
    )

    assert known.status_code == unknown.status_code == 403
    strip = re.compile(r'name="csrf_token" value="[^"]*"|value="[^"]*@example.org"')
    assert strip.sub("", known.text) == strip.sub("", unknown.text)


def test_too_many_log_ins_are_slowed_down(story: Story, client: FlaskClient) -> None:
    page = client.get("/oidc/connexion")
    form = _form(page.text) | {"email": "personne@example.org", "password": "pas le bon du tout"}

    answers = [client.post("/oidc/connexion", data=form) for _ in range(11)]

    assert {answer.status_code for answer in answers[:10]} == {403}
    assert answers[10].status_code == 429
    assert "Retry-After" in answers[10].headers


def _expire(app: Flask, table: type[Notice] | type[Invitation]) -> None:
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(table).values(expires_at=db.now(session) - timedelta(seconds=1)))


def test_an_expired_link_explains_and_leads_to_the_log_in(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)
    _expire(story.app, Notice)

    page = client.get(story.link("document"))

    assert page.status_code == 410
    assert "a expiré" in page.text
    assert 'href="/portail/"' in page.text


def test_an_expired_invitation_activates_nothing(story: Story, client: FlaskClient) -> None:
    path = story.link("Activez")
    page = client.get(path)
    _expire(story.app, Invitation)

    late = client.post(path, data=_form(page.text) | {"password": stories.PASSWORD, "again": stories.PASSWORD})

    assert late.status_code == 410


def test_the_link_of_somebody_else_shows_nothing(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)
    traits = stories.jeanne(birth_name="LEGRAND", given_names=("PAULE",), used_name=None, birth_place="33063")
    other = stories.know(story.app, story.structure, traits, value="IPP-2")
    second = stories.open_account(story.app, story.structure, story.member, other, email="paule@example.org")
    stories.activate(story.app, second, "une tout autre phrase")
    page = client.get("/portail/", follow_redirects=True)
    form = _form(page.text) | {"email": "paule@example.org", "password": "une tout autre phrase"}
    page = client.post("/oidc/connexion", data=form, follow_redirects=True)
    form = _form(page.text) | {"code": stories.code_of(story.app, second)}
    client.post("/oidc/code", data=form, follow_redirects=True)

    page = client.get(story.link("document"))
    direct = client.get(f"/portail/documents/{story.sent.deliveries[0].id}")
    image = client.get(f"/portail/documents/{story.sent.deliveries[0].id}/pages/1.png")
    file = client.get(f"/portail/documents/{story.sent.deliveries[0].id}/fichier")

    assert page.status_code == 403
    assert "autre personne" in page.text
    assert "DURAND" not in page.text
    assert {direct.status_code, image.status_code, file.status_code} == {404}


def test_without_the_mobile_an_activated_password_opens_nothing(story: Story, client: FlaskClient) -> None:
    path = story.link("Activez")
    page = client.get(path)
    client.post(path, data=_form(page.text) | {"password": stories.PASSWORD, "again": stories.PASSWORD})

    portal = client.get("/portail/", follow_redirects=True)

    assert "Connexion à votre espace santé" in portal.text
    with story.app.app_context(), db.reading() as session:
        levels = set(session.scalars(sa.select(BrowserSession.level)))
    assert levels == {"first"}


def test_documents_leave_the_portal_while_the_identity_may_be_another_s(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)
    story.log_in(client, "/portail/")
    stories.know(
        story.app, story.structure, stories.jeanne(birth_name="KOVACS", given_names=("TIBOR",), used_name=None)
    )

    page = client.get("/portail/")
    document = client.get(f"/portail/documents/{story.sent.deliveries[0].id}")

    assert "Compte rendu" not in page.text
    assert document.status_code == 409
    assert "momentanément indisponible" in document.text
    assert "Compte rendu" not in document.text


def test_logging_out_ends_the_session_everywhere(story: Story, client: FlaskClient) -> None:
    stories.activate(story.app, story.account)
    page = story.log_in(client, "/portail/")

    client.post("/portail/deconnexion", data={"csrf_token": token_of(page)})

    assert "Connexion à votre espace santé" in client.get("/portail/", follow_redirects=True).text


def test_a_form_from_another_site_is_refused(story: Story, client: FlaskClient) -> None:
    page = client.get("/oidc/connexion")
    form = _form(page.text) | {"email": story.account.email, "password": stories.PASSWORD}

    other_site = client.post("/oidc/connexion", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    no_token = client.post("/oidc/connexion", data={"email": "a@example.org", "password": "x"})

    assert other_site.status_code == 403
    assert no_token.status_code == 400
    assert "Page périmée" in no_token.text


def test_a_short_password_and_two_different_ones_are_explained(story: Story, client: FlaskClient) -> None:
    path = story.link("Activez")
    page = client.get(path)

    short = client.post(path, data=_form(page.text) | {"password": "court", "again": "court"})
    different = client.post(path, data=_form(page.text) | {"password": stories.PASSWORD, "again": "autre chose"})

    assert short.status_code == different.status_code == 422
    assert "au moins 12 caractères" in short.text
    assert "ne sont pas les mêmes" in different.text
