"""The same click twice at the same instant, from two windows or two structures: one effect."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts.sessions import Space
from hub.accounts.tables import Consent, PortalAccount
from hub.documents.tables import Document
from hub.outbox.tables import OutboxJob
from hub.registry.tables import LinkageDecision, ReviewTask, SourceIdentity
from hub.routing import sendings
from hub.routing.tables import Delivery
from tests import stories
from tests.factories import log_in, make_staff, make_structure, parts_of, seen_of
from tests.functional.agency_pages import new_officer
from tests.functional.intruders import form_token, make_draft, same_browser
from tests.hub.registry.people import at_once, doubtful_pair, rows

CONTACT = {
    "email": stories.EMAIL, "mobile": stories.MOBILE, "signatory": "holder", "channel": "face-a-face",
    "consented": "oui",
}  # fmt: skip


def _click(browser: FlaskClient, path: str, **form: str) -> Callable[[], int]:
    window = same_browser(browser)
    filled = {"csrf_token": form_token(window), **form}
    if path.endswith("/resume"):
        filled |= seen_of(window, path)
    return lambda: window.post(path, data=filled).status_code


def _desk(app: Flask, structure: Any) -> FlaskClient:
    browser = app.test_client()
    log_in(browser, make_staff(app, structure), Space.PRACTICE)
    return browser


def test_a_document_sent_six_times_at_once_leaves_once(app: Flask) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.open_account(app, structure, member, identity)
    draft = make_draft(app, structure, member, identity.id)
    browser = _desk(app, structure)

    path = f"/pratique/envois/{draft}/resume"
    statuses = at_once(app, *[_click(browser, path, act="send", copy="oui") for _ in range(6)])

    assert statuses == [302] * 6
    assert len(rows(app, Delivery)) == 1
    assert sum(job.kind == "deliver.portal" for job in rows(app, OutboxJob)) == 1


def test_the_patient_of_a_draft_does_not_change_while_it_leaves(app: Flask) -> None:
    """Send and change the patient at the same instant: what left is about whom it names."""
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.open_account(app, structure, member, identity)
    draft = make_draft(app, structure, member, identity.id)
    traits = stories.jeanne(birth_name="KOVACS", given_names=("TIBOR",), used_name=None)
    other = stories.know(app, structure, traits, value="IPP-2")
    actor = stories.actor_of(structure, member)
    seen, left = threading.Event(), threading.Event()

    def leave() -> str:
        seen.wait(10)
        with app.app_context(), db.transaction() as session:
            sendings.send(session, draft, structure.id, parts_of(app).trail, actor)
        left.set()
        return "sent"

    def change() -> str:
        with app.app_context(), db.transaction() as session:
            item = sendings.draft(session, draft, structure.id)
            seen.set()
            # Whoever sends now must wait for this change, or this change must fail.
            left.wait(1)
            sendings.set_patient(session, item, other)
        return "changed"

    outcomes = at_once(app, leave, change)

    (document,) = rows(app, Document)
    copies = rows(app, Delivery)
    assert outcomes[1] == "changed"
    assert document.source_identity_id == other.id
    # The other patient has no account: nothing left in the name of the first one.
    assert copies == []


def test_two_structures_that_open_an_account_at_once_open_one(app: Flask) -> None:
    clicks = []
    for number in range(4):
        structure = make_structure(app, f"Cabinet {number}")
        identity = stories.know(app, structure, stories.jeanne(phone="+33639980001"))
        clicks.append(_click(_desk(app, structure), f"/pratique/patients/{identity.id}/espace-sante", **CONTACT))
    assert len({row.person_id for row in rows(app, SourceIdentity)}) == 1

    statuses = at_once(app, *clicks)

    assert sorted(statuses) == [302, 409, 409, 409]
    assert len(rows(app, PortalAccount)) == len(rows(app, Consent)) == 1


def test_a_person_chosen_six_times_at_once_becomes_one_patient(app: Flask) -> None:
    person_id = stories.know(app, make_structure(app)).person_id
    structure = make_structure(app, "Clinique du Parc")
    browser = _desk(app, structure)
    form = {"csrf_token": form_token(browser), "birth_date": "14/03/1946", "letters": "DUR"}
    browser.post("/pratique/patients", data=form)

    statuses = at_once(app, *[_click(browser, f"/pratique/patients/{person_id}/choisir") for _ in range(6)])

    assert statuses == [302] * 6
    assert len(rows(app, SourceIdentity, SourceIdentity.organization_id == structure.id)) == 1


@pytest.mark.parametrize("verdicts", [["meme"] * 4, ["meme", "differentes"] * 2], ids=["same", "opposite"])
def test_one_of_four_decisions_at_once_counts(app: Flask, verdicts: list[str]) -> None:
    task = doubtful_pair(app).task
    clicks = []
    for verdict in verdicts:
        officer = new_officer(app)
        form = {"version": str(task.version), "decision": verdict, "comment": "Vu"}
        clicks.append(_click(officer, f"/agence/taches/{task.id}", **form))
    before = len(rows(app, LinkageDecision))

    statuses = at_once(app, *clicks)

    assert sorted(statuses) == [302, 409, 409, 409]
    assert len(rows(app, LinkageDecision)) == before + 1
    assert rows(app, ReviewTask)[0].state != "open"


def test_a_failed_delivery_sent_again_six_times_at_once_is_queued_once(app: Flask) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.open_account(app, structure, member, identity)
    sent = stories.send(app, structure, member, identity, copy=True)
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(Delivery).values(state="failed"))
    browser = _desk(app, structure)

    path = f"/pratique/envois/{sent.id}/remises/{sent.deliveries[0].id}/renvoyer"
    statuses = at_once(app, *[_click(browser, path) for _ in range(6)])

    assert sorted(statuses) == [302] + [409] * 5
    assert rows(app, Delivery)[0].round == 2
    assert sum(job.kind == "deliver.portal" for job in rows(app, OutboxJob)) == 2


def test_a_draft_given_up_while_it_is_sent_does_one_of_both(app: Flask) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    stories.open_account(app, structure, member, identity)
    draft = make_draft(app, structure, member, identity.id)
    browser = _desk(app, structure)

    at_once(
        app,
        _click(browser, f"/pratique/envois/{draft}/abandonner"),
        _click(browser, f"/pratique/envois/{draft}/resume", act="send", copy="oui"),
    )

    with app.app_context(), db.reading() as session:
        state = session.scalar(sa.text("SELECT state FROM sending"))
    assert (state == "sent") == bool(rows(app, Delivery))
