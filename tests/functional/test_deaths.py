"""After a death: no notice, invitation or code leaves; professionals still receive; a refutation lets all leave."""

import html
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts import codes
from hub.accounts.codes import CodeSender
from hub.accounts.portal_accounts import Account
from hub.accounts.tables import PortalAccount
from hub.audit.trail import SYSTEM
from hub.config import Settings, from_mapping
from hub.errors import Conflict
from hub.outbox.tables import OutboxJob
from hub.registry.deaths import DeathKey
from hub.registry.tables import RecordedDeath, ReviewTask
from hub.registry.values import StoredIdentity
from hub.routing import notices, sendings
from hub.routing.values import DeliveryState
from identity.deaths import DeathDate, DeathState, Teller
from tests import stories
from tests.factories import make_professional, make_staff, make_structure, parts_of
from tests.functional.practice_pages import Desk, rows, sit_down
from tests.functional.test_practice_accounts import CONTACT
from tests.hub.registry.people import rule_death
from tests.hub.test_deaths_load import fixed, load, write
from tests.relay import Relay, running_relay

WHEN = DeathDate(2026, 3, 1)


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def settings(variables: dict[str, str], relay: Relay) -> Settings:
    return from_mapping(variables | {"HUB_SMTP_URL": relay.url, "HUB_MSSANTE_SMTP_URL": relay.url})


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


def flag(app: Flask, identity_id: int, state: DeathState = DeathState.FLAGGED) -> None:
    """Record what a deaths file tells of an identity."""
    with app.app_context(), db.transaction() as session:
        session.add(
            RecordedDeath(
                source_identity_id=identity_id, teller="file", death_date=WHEN.iso(), state=state.value, reasons=[],
                recorded_at=db.now(session),
            )
        )  # fmt: skip


def refute(app: Flask, identity: StoredIdentity) -> int:
    """Refute the death as an officer's page does; return how many notices leave again."""
    assert rule_death(app, "refute", DeathKey(identity.id, Teller.FILE, WHEN))
    with app.app_context(), db.transaction() as session:
        return sendings.send_held_back(session, identity.person_id, parts_of(app).trail, SYSTEM)


def test_a_notice_in_the_queue_does_not_leave_after_a_death(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.activate(app, stories.open_account(app, structure, member, identity))
    stories.work(app)
    before = len(relay.to(stories.EMAIL))
    colleague = stories.add_colleague(app)
    sent = stories.send(app, structure, member, identity, copy=True, colleague=colleague)

    flag(app, identity.id)
    stories.work(app)

    assert len(relay.to(stories.EMAIL)) == before
    assert len(relay.to("paul.confrere@lyon.mssante.example")) == 1
    told = {one.kind.value: one for one in stories.see(app, structure, sent).deliveries}
    assert told["professional"].state is DeliveryState.SENT
    assert (told["patient"].state, told["patient"].reason) == (DeliveryState.FAILED, notices.DECEASED)
    with app.app_context(), db.reading() as session:
        assert sendings.count_failures(session, structure.id) == 0


def test_a_refuted_death_lets_what_was_stopped_leave(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.activate(app, stories.open_account(app, structure, member, identity))
    stories.work(app)
    before = len(relay.to(stories.EMAIL))
    sent = stories.send(app, structure, member, identity, copy=True)
    flag(app, identity.id)
    stories.work(app)

    again = refute(app, identity)
    stories.work(app)

    assert again == 1
    assert len(relay.to(stories.EMAIL)) == before + 1
    assert [one.state for one in stories.see(app, structure, sent).deliveries] == [DeliveryState.SENT]


def test_a_stopped_notice_cannot_be_sent_again_by_hand(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.activate(app, stories.open_account(app, structure, member, identity))
    sent = stories.send(app, structure, member, identity, copy=True)
    flag(app, identity.id)
    stories.work(app)
    (stopped,) = stories.see(app, structure, sent).deliveries

    with app.app_context(), pytest.raises(Conflict, match="Décès"), db.transaction() as session:
        sendings.send_again(
            session, stopped.id, structure.id, parts_of(app).trail, stories.actor_of(structure, member)
        )


def test_an_invitation_waits_until_the_death_is_refuted(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    identity = stories.know(app, structure)
    stories.open_account(app, structure, make_staff(app, structure), identity)
    flag(app, identity.id)

    stories.work(app)
    stopped = len(relay.to(stories.EMAIL))
    refute(app, identity)
    stories.work(app)
    stories.work(app)

    assert stopped == 0
    assert len(relay.to(stories.EMAIL)) == 1


def _ask_code(app: Flask, account: Account) -> None:
    with app.app_context(), db.transaction() as session:
        parts = parts_of(app)
        codes.issue(session, account.id, CodeSender(parts.vault, "mobile", "session"))


@pytest.mark.parametrize(("state", "codes_sent"), [(DeathState.FLAGGED, 1), (DeathState.CONFIRMED, 0)])
def test_officers_hear_of_who_asks_for_a_code_and_none_leaves_once_confirmed(
    app: Flask, relay: Relay, state: DeathState, codes_sent: int
) -> None:
    structure = make_structure(app)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, make_staff(app, structure), identity)
    stories.activate(app, account)
    flag(app, identity.id, state)
    _ask_code(app, account)

    stories.work(app)

    assert len([message for message in relay.messages if message["Subject"] == "SMS"]) == codes_sent
    (task,) = rows(app, ReviewTask)
    assert (task.kind, task.source_identity_id, task.reasons) == ("death", identity.id, ["code-after-death"])


def test_the_sender_sees_the_death_and_no_copy_is_offered(desk: Desk) -> None:
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"
    desk.post(f"{steps}/destinataires", act=f"add:professional:{make_professional(desk.app)}")
    (identity,) = _identities(desk)
    flag(desk.app, identity)

    page = html.unescape(desk.get(f"{steps}/resume").text)
    sent = desk.post(f"{steps}/resume", act="send")

    assert "Décès signalé le 1er mars 2026 (fichier des décès de l'INSEE, à confirmer)" in page
    assert "aucun avis ne partira au patient" in page
    assert 'id="copy"' not in page
    assert sent.location == steps
    assert [job.kind for job in rows(desk.app, OutboxJob)] == ["deliver.mssante"]


def test_a_copy_ticked_before_the_death_leaves_without_the_patient(desk: Desk) -> None:
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"
    desk.post(f"{steps}/destinataires", act=f"add:professional:{make_professional(desk.app)}")
    ticked = desk.post(f"{steps}/resume", act="copy", copy="oui")
    desk.post(ticked.location, **CONTACT)
    (identity,) = _identities(desk)
    seen_before = desk.get(f"{steps}/resume").text
    flag(desk.app, identity)

    page = desk.get(f"{steps}/resume").text
    sent = desk.post(f"{steps}/resume", act="send", copy="oui")

    assert 'id="copy"' in seen_before
    assert '<input type="hidden" name="copy" value="oui">' in page
    assert sent.location == steps
    assert "deliver.portal" not in [job.kind for job in rows(desk.app, OutboxJob)]


def test_nobody_but_the_dead_to_send_to_is_told(desk: Desk) -> None:
    sending_id = desk.prepare()
    (identity,) = _identities(desk)
    flag(desk.app, identity)

    page = html.unescape(desk.get(f"/pratique/envois/{sending_id}/resume").text)

    assert "Choisissez au moins un destinataire." in page
    assert 'id="send"' not in page


@pytest.mark.parametrize("state", [DeathState.PROPOSED, DeathState.REFUTED])
def test_a_death_that_is_not_held_shows_nowhere(desk: Desk, state: DeathState) -> None:
    identity_id = desk.create()
    flag(desk.app, identity_id, state)

    card = desk.get(f"/pratique/patients/{identity_id}").text

    assert "Décédé" not in card


def test_the_card_and_the_search_say_the_death_and_who_tells_it(desk: Desk) -> None:
    identity_id = desk.create()
    flag(desk.app, identity_id)

    card = html.unescape(desk.get(f"/pratique/patients/{identity_id}").text)
    found = html.unescape(desk.post("/pratique/patients", birth_date="15061955", letters="tis").text)

    assert "Décédée le 1er mars 2026 (fichier des décès de l'INSEE, à confirmer)" in card
    assert "Ouvrir l'espace santé" not in card
    assert "Décédée le 1er mars 2026" in found


def test_which_structure_tells_the_death_is_not_told(desk: Desk) -> None:
    other = make_structure(desk.app, "Clinique de la Mémoire")
    traits = stories.jeanne(death_date=date(2026, 3, 1))
    stories.know(desk.app, other, traits)

    found = html.unescape(desk.post("/pratique/patients", birth_date="14031946", letters="dur").text)

    assert "Décédée le 1er mars 2026" in found
    assert "annoncé par une structure de soins" in found
    assert other.name not in found


def test_a_file_then_a_search_from_end_to_end(desk: Desk, tmp_path: Path) -> None:
    desk.create()
    line = fixed("TISSERAND*SOLENE MARTHE/", born="19550615", died="20260300")

    done = load(desk.app, write(tmp_path / "deces.txt", line))
    found = html.unescape(desk.post("/pratique/patients", birth_date="15061955", letters="tis").text)

    assert done.flagged == 1
    assert "Décédée en mars 2026" in found


def _identities(desk: Desk) -> list[int]:
    from hub.registry.tables import SourceIdentity

    with desk.app.app_context(), db.reading() as session:
        return list(session.scalars(sa.select(SourceIdentity.id)))


def test_an_identity_made_after_the_death_is_asked_about_at_once(app: Flask) -> None:
    first = stories.know(app, make_structure(app))
    flag(app, first.id)

    second = stories.know(app, make_structure(app), value="IPP-2")

    assert second.person_id == first.person_id
    (task,) = rows(app, ReviewTask, ReviewTask.kind == "death")
    assert task.state == "open"


def test_no_account_is_opened_for_the_dead_and_the_practice_is_told(desk: Desk) -> None:
    identity_id = desk.create()
    flag(desk.app, identity_id)
    path = f"/pratique/patients/{identity_id}/espace-sante"

    asked = html.unescape(desk.get(path).text)
    answer = desk.post(path, **CONTACT)

    assert "Le décès de ce patient est signalé" in asked
    assert 'name="consented"' not in asked
    assert answer.status_code == 409
    assert "Le décès de ce patient est signalé" in html.unescape(answer.text)
    assert rows(desk.app, PortalAccount) == []
    assert rows(desk.app, OutboxJob) == []


@pytest.mark.parametrize("state", [DeathState.PROPOSED, DeathState.REFUTED])
def test_a_death_that_is_not_held_prevents_no_account(desk: Desk, state: DeathState) -> None:
    identity_id = desk.create()
    flag(desk.app, identity_id, state)

    answer = desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)

    assert answer.status_code == 302
    assert len(rows(desk.app, PortalAccount)) == 1


def test_a_death_told_by_another_structure_of_the_person_prevents_the_account(app: Flask) -> None:
    structure = make_structure(app)
    identity = stories.know(app, structure)
    stories.know(app, make_structure(app), stories.jeanne(death_date=date(2026, 3, 1)), "IPP-2")

    with pytest.raises(Conflict, match="décès"):
        stories.open_account(app, structure, make_staff(app, structure), identity)


def test_no_invitation_is_made_again_for_the_dead(desk: Desk) -> None:
    identity_id = desk.create()
    desk.post(f"/pratique/patients/{identity_id}/espace-sante", **CONTACT)
    flag(desk.app, identity_id)

    answer = desk.post(f"/pratique/patients/{identity_id}/invitation")

    assert answer.status_code == 409
    assert "Le décès de ce patient est signalé" in html.unescape(answer.text)
    assert len(rows(desk.app, OutboxJob)) == 1


def test_a_confirmed_death_activates_no_account(app: Flask) -> None:
    structure = make_structure(app)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, make_staff(app, structure), identity)
    flag(app, identity.id, DeathState.CONFIRMED)

    with pytest.raises(Conflict, match="activé"):
        stories.activate(app, account)

    (row,) = rows(app, PortalAccount)
    assert (row.state, row.password_hash) == ("invited", None)
