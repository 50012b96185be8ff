"""Who a document reaches when the identity behind it changes between its choice, its sending and its reading."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from flask import Flask

from hub import db
from hub.accounts import portal_accounts
from hub.accounts.portal_accounts import Account, Opening, Signatory
from hub.accounts.tables import PortalAccount
from hub.config import Settings, from_mapping
from hub.directory.values import Structure
from hub.documents.tables import Document
from hub.errors import Conflict, HubError, Invalid, NotFound
from hub.outbox.tables import OutboxJob
from hub.registry import intake
from hub.registry.review import Verdict
from hub.registry.tables import SourceIdentity
from hub.registry.tasks import TaskState
from hub.registry.values import Channel, IncomingIdentity, StoredIdentity
from hub.routing import reading, sendings
from hub.routing.tables import Delivery, Sending
from hub.routing.values import DeliveryState
from identity.traits import Traits
from tests import stories
from tests.factories import Credential, log_in, make_staff, make_structure, parts_of
from tests.functional.intruders import form_token, make_draft, patient_browser
from tests.hub.registry.people import open_tasks, rows, settle
from tests.relay import Relay, running_relay

SOMEBODY_ELSE = stories.jeanne(birth_name="KOVACS", given_names=("TIBOR",), used_name=None)


@pytest.fixture
def relay() -> Iterator[Relay]:
    with running_relay() as server:
        yield server


@pytest.fixture
def settings(variables: dict[str, str], relay: Relay) -> Settings:
    return from_mapping(variables | {"HUB_SMTP_URL": relay.url, "HUB_MSSANTE_SMTP_URL": relay.url})


@dataclass(frozen=True, slots=True)
class Practice:
    """A structure, its member, one patient with an active account."""

    app: Flask
    structure: Structure
    member: Credential
    identity: StoredIdentity
    account: Account


@pytest.fixture
def practice(app: Flask) -> Practice:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    stories.work(app)
    return Practice(app, structure, member, identity, account)


def _receive(practice: Practice, traits: Traits, **more: object) -> StoredIdentity:
    incoming = IncomingIdentity(
        organization_id=practice.structure.id, domain=practice.structure.domain or "", value=practice.identity.value,
        traits=traits, channel=Channel.FHIR, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    with practice.app.app_context(), db.transaction() as session:
        return intake.receive(
            session, incoming, parts_of(practice.app).registrar, stories.actor_of(practice.structure, practice.member)
        ).identity


def _shown(practice: Practice) -> list[int]:
    with practice.app.app_context(), db.reading() as session:
        return [item.delivery_id for item in reading.received(session, practice.account.id)]


def _close(practice: Practice) -> None:
    with practice.app.app_context(), db.transaction() as session:
        session.execute(sa.update(PortalAccount).values(state="closed"))


def test_a_letter_waiting_while_its_patient_becomes_somebody_else_does_not_leave(
    practice: Practice, relay: Relay
) -> None:
    colleague = stories.add_colleague(practice.app)
    sent = stories.send(practice.app, practice.structure, practice.member, practice.identity, colleague=colleague)
    _receive(practice, SOMEBODY_ELSE)

    stories.work(practice.app)

    (delivery,) = stories.see(practice.app, practice.structure, sent).deliveries
    assert delivery.state is DeliveryState.QUEUED
    assert "en cours de vérification" in (delivery.reason or "")
    assert relay.to("paul.confrere@lyon.mssante.example") == []


def test_a_notice_waiting_while_its_patient_becomes_somebody_else_does_not_leave(
    practice: Practice, relay: Relay
) -> None:
    before = len(relay.messages)
    sent = stories.send(practice.app, practice.structure, practice.member, practice.identity, copy=True)
    _receive(practice, SOMEBODY_ELSE)

    stories.work(practice.app)

    assert stories.see(practice.app, practice.structure, sent).deliveries[0].state is DeliveryState.QUEUED
    assert len(relay.messages) == before
    assert _shown(practice) == []


def test_once_the_officer_has_released_the_identity_it_leaves_by_itself(practice: Practice, relay: Relay) -> None:
    sent = stories.send(practice.app, practice.structure, practice.member, practice.identity, copy=True)
    _receive(practice, SOMEBODY_ELSE)
    stories.work(practice.app)
    (task,) = open_tasks(practice.app)
    stories.work(practice.app, now=True)
    before = stories.see(practice.app, practice.structure, sent).deliveries[0].state
    settle(practice.app, task, TaskState.SAME)

    stories.work(practice.app, now=True)

    assert before is DeliveryState.QUEUED

    assert stories.see(practice.app, practice.structure, sent).deliveries[0].state is DeliveryState.SENT


def test_a_closed_account_receives_and_reads_nothing_more(practice: Practice, relay: Relay) -> None:
    browser = patient_browser(practice.app, practice.account)
    sent = stories.send(practice.app, practice.structure, practice.member, practice.identity, copy=True)
    before = len(relay.messages)
    _close(practice)

    stories.work(practice.app)
    (delivery,) = stories.see(practice.app, practice.structure, sent).deliveries

    assert delivery.state is DeliveryState.FAILED
    assert len(relay.messages) == before
    assert _shown(practice) == []
    for path in ("", f"documents/{delivery.id}", f"documents/{delivery.id}/fichier"):
        assert browser.get(f"/portail/{path}").status_code == 302


def test_an_invitation_of_an_account_closed_meanwhile_does_not_leave(app: Flask, relay: Relay) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    account = stories.open_account(app, structure, member, stories.know(app, structure))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(PortalAccount).values(state="closed"))

    stories.work(app)

    assert relay.to(account.email) == []
    assert {job.state for job in rows(app, OutboxJob)} == {"done"}


def test_seeing_the_list_delivers_only_what_the_list_shows(practice: Practice) -> None:
    sent = stories.send(practice.app, practice.structure, practice.member, practice.identity, copy=True)
    stories.work(practice.app)
    _receive(practice, SOMEBODY_ELSE)

    patient_browser(practice.app, practice.account).get("/portail/")

    assert stories.see(practice.app, practice.structure, sent).deliveries[0].state is DeliveryState.SENT


def _attempt(practice: Practice, sending_id: int) -> HubError | None:
    try:
        with practice.app.app_context(), db.transaction() as session:
            actor = stories.actor_of(practice.structure, practice.member)
            sendings.send(session, sending_id, practice.structure.id, parts_of(practice.app).trail, actor)
    except HubError as error:
        return error
    return None


@pytest.mark.parametrize("copy", [True, False], ids=["copy", "colleague"])
def test_a_draft_about_an_identity_that_its_software_withdrew_does_not_leave(practice: Practice, copy: bool) -> None:
    draft = make_draft(practice.app, practice.structure, practice.member, practice.identity.id, copy=copy)
    _receive(practice, practice.identity.traits, active=False)

    error = _attempt(practice, draft)

    assert isinstance(error, Invalid)
    assert rows(practice.app, Delivery) == []


def test_a_draft_about_an_identity_that_is_held_leaves_no_copy(practice: Practice) -> None:
    draft = make_draft(practice.app, practice.structure, practice.member, practice.identity.id)
    _receive(practice, SOMEBODY_ELSE)

    assert isinstance(_attempt(practice, draft), Invalid)
    assert rows(practice.app, Delivery) == []


def test_a_withdrawn_identity_is_neither_chosen_nor_given_an_account(app: Flask) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    practice = Practice(app, structure, member, stories.know(app, structure), None)  # type: ignore[arg-type]
    gone = _receive(practice, practice.identity.traits, active=False)
    opening = Opening(
        source_identity_id=gone.id, email=stories.EMAIL, mobile=stories.MOBILE, signatory=Signatory.HOLDER,
        consented=True, staff_id=member.id,
    )  # fmt: skip
    parts = parts_of(app)

    with app.app_context(), pytest.raises(Conflict, match="plus active"), db.transaction() as session:
        portal_accounts.open_account(
            session, opening, parts.settings, parts.trail, stories.actor_of(structure, member)
        )
    with pytest.raises(Conflict, match="plus active"):
        make_draft(app, structure, member, gone.id)


def test_documents_follow_when_an_officer_reunites_and_leave_when_parted(practice: Practice) -> None:
    app = practice.app
    elsewhere = make_structure(app, "Clinique du Parc")
    doctor = make_staff(app, elsewhere)
    twin = stories.jeanne(given_names=("JEANNINE",), birth_place="58194", used_name=None)
    other = stories.know(app, elsewhere, twin, value="P-9")
    assert other.person_id != practice.identity.person_id
    (task,) = open_tasks(app)
    settle(app, task, TaskState.SAME)
    sent = stories.send(app, elsewhere, doctor, replace(other, person_id=practice.identity.person_id), copy=True)
    stories.work(app)
    together = _shown(practice)

    # The doctor's software corrects who it is: the identity leaves the person, and the document with it.
    incoming = IncomingIdentity(
        organization_id=elsewhere.id, domain=elsewhere.domain or "", value="P-9", traits=SOMEBODY_ELSE,
        channel=Channel.FHIR,
    )  # fmt: skip
    with app.app_context(), db.transaction() as session:
        intake.receive(session, incoming, parts_of(app).registrar, stories.actor_of(elsewhere, doctor))
    browser = patient_browser(app, practice.account)

    assert together == [sent.deliveries[0].id]
    assert _shown(practice) == []
    assert browser.get(f"/portail/documents/{sent.deliveries[0].id}").status_code == 409
    assert browser.get(f"/portail/documents/{sent.deliveries[0].id}/fichier").status_code == 409


def test_two_persons_reunited_keep_each_account_to_its_own_documents(practice: Practice) -> None:
    app = practice.app
    elsewhere = make_structure(app, "Clinique du Parc")
    doctor = make_staff(app, elsewhere)
    other = stories.know(app, elsewhere, stories.jeanne(given_names=("JEANNINE",), used_name=None), value="P-9")
    second = stories.open_account(app, elsewhere, doctor, other, email="seconde@example.org")
    stories.activate(app, second, "une tout autre phrase")
    first_sent = stories.send(app, practice.structure, practice.member, practice.identity, copy=True)
    (task,) = open_tasks(app)
    settle(app, task, TaskState.SAME)

    with app.app_context(), db.reading() as session:
        assert reading.received(session, second.id) == []
        with pytest.raises(NotFound):
            reading.received_one(session, second.id, first_sent.deliveries[0].id)
    assert len(_shown(practice)) == 1


def test_contact_details_kept_do_not_undo_what_the_software_sent_meanwhile(practice: Practice) -> None:
    from hub.registry import enrolment

    stale = practice.identity
    _receive(practice, replace(stale.traits, birth_place="69381"))
    parts = parts_of(practice.app)

    with practice.app.app_context(), db.transaction() as session:
        actor = stories.actor_of(practice.structure, practice.member)
        enrolment.keep_contact(session, stale, "neuf@example.org", "+33639980044", parts.registrar, actor)

    (row,) = rows(practice.app, SourceIdentity)
    assert (row.birth_place, row.email) == ("69381", "neuf@example.org")


def test_a_sent_document_keeps_its_patient_and_its_name(practice: Practice) -> None:
    sent = stories.send(practice.app, practice.structure, practice.member, practice.identity, copy=True)
    other = stories.know(practice.app, practice.structure, SOMEBODY_ELSE, value="IPP-2")
    browser = practice.app.test_client()
    from hub.accounts.sessions import Space

    log_in(browser, make_staff(practice.app, practice.structure), Space.PRACTICE)
    form = {"csrf_token": form_token(browser), "birth_date": "14/03/1946", "letters": "KOV"}
    browser.post("/pratique/patients", data=form)

    token = {"csrf_token": form_token(browser)}
    answers = [
        browser.post(f"/pratique/patients/{other.person_id}/choisir?envoi={sent.id}", data=token),
        browser.post(f"/pratique/envois/{sent.id}/document", data=token | {"title": "Autre", "type": "57833-6"}),
        browser.post(f"/pratique/envois/{sent.id}/abandonner", data=token),
    ]

    assert {answer.location for answer in answers} == {f"/pratique/envois/{sent.id}"}
    (document,) = rows(practice.app, Document)
    assert (document.source_identity_id, document.title) == (practice.identity.id, "Compte rendu")
    assert rows(practice.app, Sending)[0].state == "sent"


def test_an_officer_s_verdict_on_what_changed_meanwhile_reunites_nobody(practice: Practice) -> None:
    app = practice.app
    other = stories.know(app, make_structure(app), stories.jeanne(given_names=("JEANNINE",), used_name=None))
    (task,) = open_tasks(app)
    _receive(practice, replace(practice.identity.traits, birth_place="69381"))
    verdict = Verdict(task_id=task.id, version=task.version, state=TaskState.SAME, comment="Vu", staff_id=7)

    with app.app_context(), pytest.raises(Conflict), db.transaction() as session:
        intake.settle(
            session, verdict, parts_of(app).registrar, stories.actor_of(practice.structure, practice.member)
        )

    people = {row.id: row.person_id for row in rows(app, SourceIdentity)}
    assert people[other.id] != people[practice.identity.id]
