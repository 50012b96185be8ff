"""The same click twice at the same instant, from two windows or two structures: one effect."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts.sessions import Space
from hub.accounts.tables import Consent, PortalAccount
from hub.app import create_app
from hub.audit.trail import SYSTEM
from hub.config import from_mapping
from hub.db import database
from hub.documents.tables import Document
from hub.outbox.tables import OutboxJob
from hub.registry import deaths
from hub.registry.tables import LinkageDecision, PersonOperation, RecordedDeath, ReviewTask, SourceIdentity
from hub.routing import sendings
from hub.routing.tables import Delivery
from tests import stories
from tests.conformance.software import Caller, caller, qualified_of
from tests.factories import log_in, make_staff, make_structure, parts_of, seen_of
from tests.functional.agency_pages import hidden, new_officer
from tests.functional.intruders import form_token, make_draft, same_browser
from tests.hub.registry.people import at_once, doubtful_pair, rows

# What was created today, or past midnight, contradicts no death of today, nor of this month.
TODAY = datetime.now(UTC).date().isoformat()
THIS_MONTH, LAST_MONTH = TODAY[:7], (date.fromisoformat(f"{TODAY[:7]}-01") - timedelta(days=1)).isoformat()[:7]
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
            sendings.set_patient(session, item, other, parts_of(app).trail, SYSTEM)
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


@pytest.fixture
def four_eyes(variables: dict[str, str]) -> Iterator[Flask]:
    """The application where every operation needs two officers."""
    application = create_app(from_mapping(variables | {"HUB_FOUR_EYES": "all"}))
    yield application
    with application.app_context():
        database.session.remove()
        database.engine.dispose()


def _proposals(app: Flask) -> list[list[tuple[int, str]]]:
    """Return the statuses of four officers who propose one merge at once, from both persons' pages and its task."""
    pair = doubtful_pair(app)
    one, other = (side.identity.person_id for side in (pair.left, pair.right))
    clicks = []
    for place, (left, right) in enumerate(((one, other), (other, one), (one, other))):
        officer = new_officer(app)
        path = f"/agence/personnes/{left}/reunion/{right}"
        seen = hidden(officer.get(path).text, "seen")
        clicks.append(_click(officer, path, seen=seen, demeure=str((one, other)[place % 2]), comment="Livret vu"))
    form = {"version": str(pair.task.version), "decision": "meme", "comment": "Livret vu"}
    clicks.append(_click(new_officer(app), f"/agence/taches/{pair.task.id}", **form))
    return at_once(app, *clicks)


def test_one_merge_proposed_four_times_at_once_waits_once(four_eyes: Flask) -> None:
    statuses = _proposals(four_eyes)

    (proposed,) = rows(four_eyes, PersonOperation)
    assert sorted(statuses) == [302, 409, 409, 409]
    assert (proposed.kind, proposed.state) == ("merge", "proposed")
    assert len({row.person_id for row in rows(four_eyes, SourceIdentity)}) == 2


def _telling(one: Caller, **told: object) -> Callable[[], int]:
    return lambda: one.post("/Patient", qualified_of(one.software, **told)).status_code


@pytest.mark.parametrize("told", [{"deceasedDateTime": TODAY}, {"deceasedDateTime": THIS_MONTH}])
def test_a_death_that_two_structures_tell_at_once_is_held_and_asks_nothing(app: Flask, told: dict[str, str]) -> None:
    callers = [caller(app, app.test_client()) for _ in range(4)]
    for one in callers:
        one.post("/Patient", qualified_of(one.software))

    answers = at_once(
        app, *(lambda one=one: one.post("/Patient", qualified_of(one.software, **told)) for one in callers)
    )

    assert [answer.status_code for answer in answers] == [200] * 4
    (person_id,) = {row.person_id for row in rows(app, SourceIdentity)}
    with app.app_context(), db.reading() as session:
        death = deaths.held(session, person_id)
    assert death is not None
    assert death.when is not None
    assert death.when.iso() == told["deceasedDateTime"]
    assert rows(app, ReviewTask) == []


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ({"deceasedBoolean": False}, ["told-alive"]),
        ({"deceasedDateTime": LAST_MONTH}, ["death-dates-differ"]),
    ],
    ids=["alive", "another date"],
)
def test_what_contradicts_a_death_from_two_structures_at_once_is_one_task(
    app: Flask, said: dict[str, object], reasons: list[str]
) -> None:
    first, *others = [caller(app, app.test_client()) for _ in range(4)]
    for one in (first, *others):
        one.post("/Patient", qualified_of(one.software))
    first.post("/Patient", qualified_of(first.software, deceasedDateTime=THIS_MONTH))

    answers = at_once(
        app, *(lambda one=one: one.post("/Patient", qualified_of(one.software, **said)) for one in others)
    )

    assert [answer.status_code for answer in answers] == [200] * 3
    (task,) = rows(app, ReviewTask)
    assert (task.kind, task.state, task.reasons) == ("death", "open", reasons)


def test_two_first_dates_that_differ_at_once_are_asked(app: Flask) -> None:
    """Neither structure sees what the other one is telling: whoever comes last must."""
    dates = (THIS_MONTH, LAST_MONTH)
    callers = [caller(app, app.test_client()) for _ in dates]
    for one in callers:
        one.post("/Patient", qualified_of(one.software))

    statuses = at_once(app, *(_telling(one, deceasedDateTime=day) for one, day in zip(callers, dates, strict=True)))

    assert statuses == [200, 200]
    (task,) = rows(app, ReviewTask)
    assert task.kind == "death"
    assert "death-dates-differ" in task.reasons


def test_an_undated_death_confirmed_and_refuted_at_once_is_settled_once(app: Flask) -> None:
    one = caller(app, app.test_client())
    identity_id = one.post("/Patient", qualified_of(one.software, deceasedBoolean=True)).get_json()["id"]
    (task,) = rows(app, ReviewTask)
    form = {"version": str(task.version), "deces": f"{identity_id}:feed:", "comment": "Vu"}
    path = f"/agence/taches/{task.id}"
    clicks = [_click(new_officer(app), path, decision=act, **form) for act in ("confirmer", "ecarter") * 2]

    statuses = at_once(app, *clicks)

    assert sorted(statuses) == [302, 409, 409, 409]
    (row,) = rows(app, RecordedDeath)
    assert row.state == ("confirmed" if statuses.index(302) % 2 == 0 else "refuted")
