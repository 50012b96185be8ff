"""Deliveries through a real SMTP conversation: sent, refused, put off, cut after DATA; never lost, never leaking."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.config import Settings, from_mapping
from hub.outbox.tables import OutboxJob
from hub.routing import sendings
from hub.routing.values import DeliveryState
from tests import stories
from tests.factories import make_staff, make_structure, parts_of, sample_pdf
from tests.relay import Relay, running_relay

COLLEAGUE = "paul.confrere@lyon.mssante.example"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def settings(variables: dict[str, str], relay: Relay) -> Settings:
    return from_mapping(variables | {"HUB_SMTP_URL": relay.url, "HUB_MSSANTE_SMTP_URL": relay.url})


def _states(view: sendings.SentView) -> list[DeliveryState]:
    return [delivery.state for delivery in view.deliveries]


def test_a_colleague_receives_the_document_and_the_patient_a_neutral_notice(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    content = sample_pdf("Résultat confidentiel")

    sent = stories.send(
        app, structure, member, identity, copy=True, colleague=stories.add_colleague(app), content=content
    )
    stories.work(app)

    assert _states(stories.see(app, structure, sent)) == [DeliveryState.SENT, DeliveryState.SENT]
    (letter,) = relay.to(COLLEAGUE)
    (attached,) = letter.iter_attachments()
    assert attached.get_content() == content
    assert "DURAND" in letter["Subject"]
    notice = relay.to(stories.EMAIL)[-1]
    assert list(notice.iter_attachments()) == []
    text = str(notice)
    assert len(text) < 20_000
    for private in ("DURAND", "MOREL", "Jeanne", "JEANNE", "Compte rendu", structure.name, "1946"):
        assert private not in text
    assert "/d/" in notice.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_relay_that_asks_for_patience_is_tried_again_and_the_sender_sees_why(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    relay.mode = "later"

    sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))
    stories.work(app)
    (waiting,) = stories.see(app, structure, sent).deliveries
    relay.mode = "ok"
    stories.work(app, now=True)

    assert waiting.state is DeliveryState.QUEUED
    assert "451" in (waiting.reason or "")
    assert waiting.next_try_at is not None
    assert _states(stories.see(app, structure, sent)) == [DeliveryState.SENT]
    assert len(relay.to(COLLEAGUE)) == 1


def test_a_refusal_for_good_fails_at_once_and_can_be_sent_again(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    relay.mode = "never"

    sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))
    stories.work(app)
    (failed,) = stories.see(app, structure, sent).deliveries
    relay.mode = "ok"
    with app.app_context(), db.transaction() as session:
        failures = sendings.count_failures(session, structure.id)
        actor = stories.actor_of(structure, member)
        sendings.send_again(session, failed.id, structure.id, parts_of(app).trail, actor)
    stories.work(app)

    assert failed.state is DeliveryState.FAILED
    assert "554" in (failed.reason or "")
    assert failures == 1
    assert _states(stories.see(app, structure, sent)) == [DeliveryState.SENT]


def test_a_line_cut_after_data_is_repeated_with_the_same_message_id(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    relay.mode = "drop"

    sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))
    stories.work(app)
    relay.mode = "ok"
    stories.work(app, now=True)

    received = relay.to(COLLEAGUE)
    assert _states(stories.see(app, structure, sent)) == [DeliveryState.SENT]
    assert len(received) == 2
    assert len({message["Message-ID"] for message in received}) == 1


def test_no_relay_at_all_keeps_the_delivery_waiting(app: Flask, relay: Relay, variables: dict[str, str]) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))
    relay.mode = "later"

    stories.work(app)

    (waiting,) = stories.see(app, structure, sent).deliveries
    assert waiting.state is DeliveryState.QUEUED
    with app.app_context(), db.reading() as session:
        assert session.scalar(sa.select(OutboxJob.state).where(OutboxJob.kind == "deliver.mssante")) == "ready"


def test_a_second_click_on_send_sends_nothing_more(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app))

    with app.app_context(), pytest.raises(stories.sendings.Conflict), db.transaction() as session:
        actor = stories.actor_of(structure, member)
        sendings.send(session, sent.id, structure.id, parts_of(app).trail, actor)
    stories.work(app)

    assert len(relay.to(COLLEAGUE)) == 1


def test_a_job_done_twice_sends_the_same_notice_link(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.activate(app, stories.open_account(app, structure, member, identity))
    stories.send(app, structure, member, identity, copy=True)
    relay.mode = "drop"

    stories.work(app)
    relay.mode = "ok"
    stories.work(app, now=True)

    bodies = [
        message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        for message in relay.to(stories.EMAIL)
        if "document" in message["Subject"]
    ]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_an_identity_under_verification_sends_nothing_to_a_portal(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.activate(app, stories.open_account(app, structure, member, identity))
    stories.know(app, structure, stories.jeanne(birth_name="KOVACS", given_names=("TIBOR",), used_name=None))

    with pytest.raises(stories.sendings.Invalid, match="vérification"):
        stories.send(app, structure, member, identity, copy=True)


def test_what_is_stored_is_not_readable_and_what_is_read_is_what_was_deposited(
    app: Flask, settings: Settings
) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    content = sample_pdf("Secret")

    sent = stories.send(app, structure, member, identity, colleague=stories.add_colleague(app), content=content)

    folder = settings.store_url.removeprefix("file://")
    from pathlib import Path

    (stored,) = [path for path in Path(folder).rglob("*") if path.is_file()]
    assert b"%PDF" not in stored.read_bytes()
    parts = parts_of(app)
    with app.app_context(), db.reading() as session:
        locator = stories.deposit.locate(session, sent.document.id)
    assert stories.deposit.read_bytes(locator, parts.store, parts.vault) == content
