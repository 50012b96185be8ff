"""While officers verify an identity: nothing of it is read, downloaded, notified or sent; then all comes back."""

import html
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts.tables import PortalAccount
from hub.config import Settings, from_mapping
from hub.errors import Conflict
from hub.outbox.tables import OutboxJob
from hub.registry import tasks
from hub.registry.tasks import TaskKind, TaskState
from hub.registry.values import StoredIdentity
from hub.routing import sendings
from hub.routing.tables import Delivery
from hub.routing.values import DeliveryState
from tests import stories
from tests.factories import make_staff, make_structure, parts_of
from tests.functional.practice_pages import rows
from tests.functional.test_patient import CONTENT, Story
from tests.hub.registry.people import open_tasks, settle
from tests.relay import Relay, running_relay

PHARMACIST = "paul.confrere@lyon.mssante.example"
CALM = "vérification administrative est en cours"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def settings(variables: dict[str, str], relay: Relay) -> Settings:
    return from_mapping(variables | {"HUB_SMTP_URL": relay.url, "HUB_MSSANTE_SMTP_URL": relay.url,
                                     "HUB_PUBLIC_URL": "http://localhost"})  # fmt: skip


@pytest.fixture
def story(app: Flask, relay: Relay) -> Story:
    """A patient who has read one document, known of two structures as one person."""
    story = Story(app, relay)
    stories.activate(app, story.account)
    return story


@pytest.fixture
def twin(app: Flask, story: Story) -> StoredIdentity:
    """The same patient as another structure knows them."""
    found = stories.know(app, make_structure(app, "Clinique du Parc"), value="IPP-9")
    assert found.person_id == story.identity.person_id
    return found


def doubt(app: Flask, one: StoredIdentity, other: StoredIdentity) -> None:
    """Ask the officers whether two identities of one person are two people."""
    with app.app_context(), db.transaction() as session:
        tasks.open_collision(session, (one.id, other.id), 0.0, ["twins"])


def answer(app: Flask, state: TaskState) -> None:
    (task,) = open_tasks(app)
    assert task.kind is TaskKind.COLLISION
    settle(app, task, state)


def addresses(story: Story) -> list[str]:
    (delivery,) = story.sent.deliveries
    path = f"/portail/documents/{delivery.id}"
    return [path, f"{path}/pages/1.png", f"{path}/fichier"]


def test_a_doubt_hides_the_documents_calmly_and_its_end_shows_them_again(
    story: Story, twin: StoredIdentity, client: FlaskClient, app: Flask
) -> None:
    link = story.link("document est disponible")
    assert "Compte rendu" in story.log_in(client, link)
    doubt(app, story.identity, twin)

    shown = html.unescape(client.get("/portail/").text)
    hidden = [client.get(path) for path in [*addresses(story), link]]
    answer(app, TaskState.SAME)
    after = client.get("/portail/").text
    again = [client.get(path).status_code for path in addresses(story)]

    assert "Compte rendu" not in shown
    assert CALM in shown
    assert "vous n'avez rien à faire" in shown
    assert [page.status_code for page in hidden] == [409, 409, 409, 302]
    for page in hidden[:3]:
        assert CALM in html.unescape(page.text)
        assert "Compte rendu" not in page.text
        assert CONTENT not in page.data
    assert "Compte rendu" in after
    assert CALM not in html.unescape(after)
    assert again == [200, 200, 200]


def test_a_link_issued_before_the_doubt_leads_to_the_message_after_the_log_in(
    story: Story, twin: StoredIdentity, client: FlaskClient, app: Flask
) -> None:
    link = story.link("document est disponible")
    doubt(app, story.identity, twin)

    page = html.unescape(story.log_in(client, link))

    assert CALM in page
    assert "Document momentanément indisponible" in page
    assert rows(app, Delivery)[0].read_at is None


def test_only_the_doubtful_documents_are_hidden(
    story: Story, twin: StoredIdentity, client: FlaskClient, app: Flask
) -> None:
    third = stories.know(app, make_structure(app, "Laboratoire"), value="IPP-7")
    story.log_in(client, "/portail/")
    doubt(app, twin, third)

    page = client.get("/portail/").text

    assert "Compte rendu" in page
    assert CALM not in html.unescape(page)


def test_when_they_are_two_people_the_documents_of_the_other_stay_away(
    story: Story, twin: StoredIdentity, client: FlaskClient, app: Flask
) -> None:
    story.log_in(client, "/portail/")
    doubt(app, story.identity, twin)

    answer(app, TaskState.DIFFERENT)

    assert "Compte rendu" in client.get("/portail/").text
    assert client.get(addresses(story)[0]).status_code == 200


def test_the_notice_waits_for_the_officer_and_leaves_by_itself(
    story: Story, twin: StoredIdentity, relay: Relay, app: Flask
) -> None:
    sent = stories.send(app, story.structure, story.member, story.identity, copy=True)
    doubt(app, story.identity, twin)
    before = len(relay.messages)
    jobs = len(rows(app, OutboxJob))

    for _ in range(20):
        stories.work(app, now=True)
    assert len(rows(app, OutboxJob)) == jobs, "one job waits, however long officers take"
    waiting = stories.see(app, story.structure, sent).deliveries[0]
    mails = len(relay.messages)
    answer(app, TaskState.SAME)
    stories.work(app, now=True)

    assert mails == before
    assert waiting.state is DeliveryState.QUEUED, "waiting for an officer is no failure"
    assert "en cours de vérification" in (waiting.reason or "")
    assert waiting.next_try_at is not None
    assert stories.see(app, story.structure, sent).deliveries[0].state is DeliveryState.SENT
    assert len(relay.messages) == before + 1


def test_what_goes_by_mssante_waits_too(story: Story, twin: StoredIdentity, relay: Relay, app: Flask) -> None:
    colleague = stories.add_colleague(app, PHARMACIST)
    sent = stories.send(app, story.structure, story.member, story.identity, colleague=colleague)
    doubt(app, story.identity, twin)

    stories.work(app, now=True)
    kept_back = relay.to(PHARMACIST)
    answer(app, TaskState.SAME)
    stories.work(app, now=True)

    assert kept_back == []
    assert len(relay.to(PHARMACIST)) == 1
    assert stories.see(app, story.structure, sent).deliveries[0].state is DeliveryState.SENT


def test_nothing_is_sent_again_or_anew_about_a_doubtful_identity(
    story: Story, twin: StoredIdentity, app: Flask
) -> None:
    sent = stories.send(app, story.structure, story.member, story.identity, copy=True)
    with app.app_context(), db.transaction() as session:
        session.get_one(Delivery, sent.deliveries[0].id).state = "failed"
    doubt(app, story.identity, twin)
    actor = stories.actor_of(story.structure, story.member)

    with app.app_context(), pytest.raises(Conflict, match="vérification"), db.transaction() as session:
        sendings.send_again(session, sent.deliveries[0].id, story.structure.id, parts_of(app).trail, actor)


def test_an_invitation_waits_while_its_identity_is_doubtful(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    identity = stories.know(app, structure)
    other = stories.know(app, make_structure(app, "Clinique du Parc"), value="IPP-9")
    stories.open_account(app, structure, make_staff(app, structure), identity)
    doubt(app, identity, other)

    stories.work(app, now=True)
    kept_back = list(relay.messages)
    answer(app, TaskState.SAME)
    stories.work(app, now=True)

    assert kept_back == []
    assert len(relay.to(stories.EMAIL)) == 1
    assert [row.state for row in rows(app, PortalAccount)] == ["invited"]
