"""A death told by practice software over FHIR, and what the hub gives back of it to each structure."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.audit.trail import SYSTEM
from hub.errors import Conflict
from hub.registry import death_checks, deaths, identities
from hub.registry.deaths import DeathKey
from hub.registry.tables import RecordedDeath, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskState
from hub.routing import sendings
from hub.routing.values import DeliveryState
from tests import stories
from tests.conformance.software import Caller, caller, patient_of, qualified_of
from tests.factories import make_staff, parts_of
from tests.hub.registry.people import open_tasks, rows, rule_death, settle

TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def api(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


@pytest.fixture
def other(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


def person_of_both(api: Caller, other: Caller, **told: Any) -> tuple[str, str]:
    """Send one qualified patient from two structures, the first with what it says of a death; return both ids."""
    one = api.post("/Patient", qualified_of(api.software, **told)).get_json()
    two = other.post("/Patient", qualified_of(other.software)).get_json()
    return one["id"], two["id"]


def death_in(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name.startswith("deceased")}


def shown(api: Caller, resource_id: str) -> dict[str, Any]:
    """Return the death in a read, after checking that a search says the same."""
    read = death_in(api.get(f"/Patient/{resource_id}").get_json())
    found = api.get("/Patient?_id=" + resource_id).get_json()
    if found.get("resourceType") == "Bundle" and found.get("entry"):
        assert death_in(found["entry"][0]["resource"]) == read
    return read


def reasons(app: Flask) -> list[list[str]]:
    return [sorted(task.reasons) for task in rows(app, ReviewTask, ReviewTask.kind == "death")]


@pytest.mark.parametrize("when", ["2024", "2024-03", "2024-03-01"])
def test_a_death_is_taken_in_as_completely_as_it_is_said_and_given_back(app: Flask, api: Caller, when: str) -> None:
    answer = api.post("/Patient", patient_of(api.software, deceasedDateTime=when))
    again = api.post("/Patient", patient_of(api.software, deceasedDateTime=when))

    assert (answer.status_code, again.status_code) == (201, 200)
    assert death_in(answer.get_json()) == {"deceasedDateTime": when}
    assert shown(api, answer.get_json()["id"]) == {"deceasedDateTime": when}
    (row,) = rows(app, SourceIdentity)
    with app.app_context(), db.reading() as session:
        death = deaths.held(session, row.person_id)
    assert death is not None
    assert death.when.iso() == when
    assert len(rows(app, RecordedDeath)) == (0 if len(when) == 10 else 1)


def test_a_complete_date_takes_the_place_of_a_part_of_it(app: Flask, api: Caller) -> None:
    api.post("/Patient", patient_of(api.software, deceasedDateTime="2024-03"))

    answer = api.post("/Patient", patient_of(api.software, deceasedDateTime="2024-03-09"))

    assert death_in(answer.get_json()) == {"deceasedDateTime": "2024-03-09"}
    assert rows(app, RecordedDeath) == []
    assert reasons(app) == []


@pytest.mark.parametrize("then", [{}, {"deceasedBoolean": False}])
def test_a_date_without_its_day_that_is_taken_back_is_told(app: Flask, api: Caller, then: dict[str, Any]) -> None:
    api.post("/Patient", patient_of(api.software, deceasedDateTime="2024-03"))

    answer = api.post("/Patient", patient_of(api.software, **then))

    assert death_in(answer.get_json()) == {}
    assert reasons(app) == [["death-withdrawn"]]
    assert rows(app, RecordedDeath) == []


def test_a_death_without_a_date_is_asked_of_the_officers_and_stops_what_leaves(app: Flask, api: Caller) -> None:
    answer = api.post("/Patient", patient_of(api.software, deceasedBoolean=True))
    api.post("/Patient", patient_of(api.software, deceasedBoolean=True))
    (row,) = rows(app, SourceIdentity)
    structure = api.software.structure
    with app.app_context(), db.reading() as session:
        identity = identities.by_id(session, row.id)

    with pytest.raises(Conflict, match="décès"):
        stories.open_account(app, structure, make_staff(app, structure), identity)
    (task,) = open_tasks(app)
    settle(app, task, TaskState.SAME)
    resent = api.post("/Patient", patient_of(api.software, deceasedBoolean=True))
    stories.open_account(app, structure, make_staff(app, structure), identity)

    assert "death-undated" in answer.headers["X-Hub-Warnings"]
    assert death_in(answer.get_json()) == {"deceasedBoolean": True}
    assert list(task.reasons) == ["death-undated"]
    assert resent.status_code == 200
    assert open_tasks(app) == [], "what an officer settled is not asked again"


def test_a_notice_waits_for_the_answer_about_a_death_without_a_date(app: Flask, api: Caller) -> None:
    api.post("/Patient", patient_of(api.software))
    (row,) = rows(app, SourceIdentity)
    structure = api.software.structure
    member = make_staff(app, structure)
    with app.app_context(), db.reading() as session:
        identity = identities.by_id(session, row.id)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    sent = stories.send(app, structure, member, identity, copy=True)
    api.post("/Patient", patient_of(api.software, deceasedBoolean=True))

    stories.work(app, now=True)

    delivery = stories.see(app, structure, sent).deliveries[0]
    assert delivery.state is DeliveryState.QUEUED
    assert "décès est signalé sans date" in (delivery.reason or "")
    with app.app_context(), pytest.raises(Conflict), db.transaction() as session:
        sendings.send_again(session, delivery.id, structure.id, parts_of(app).trail, SYSTEM)


def test_a_death_that_a_structure_tells_is_given_to_the_others_of_the_person(
    app: Flask, api: Caller, other: Caller
) -> None:
    first, second = person_of_both(api, other, deceasedDateTime=TODAY)

    assert shown(other, second) == {"deceasedDateTime": TODAY}
    assert shown(api, first) == {"deceasedDateTime": TODAY}
    assert api.software.structure.name not in str(other.get(f"/Patient/{second}").get_json())


def test_the_official_file_is_given_back_once_confirmed_only(app: Flask, api: Caller) -> None:
    created = api.post("/Patient", patient_of(api.software))
    resource_id = created.get_json()["id"]
    with app.app_context(), db.transaction() as session:
        session.add(
            RecordedDeath(
                source_identity_id=int(resource_id), teller="file", death_date="2024-03-01", state="flagged",
                reasons=[], recorded_at=db.now(session),
            )
        )  # fmt: skip

    flagged = shown(api, resource_id)
    rule_death(app, "confirm", DeathKey.parse(f"{resource_id}:file:2024-03-01"))
    confirmed = api.get(f"/Patient/{resource_id}", If_None_Match=created.headers["ETag"])

    assert flagged == {}
    assert confirmed.status_code == 200, "a death makes no new version: it is not hidden by 304"
    assert death_in(confirmed.get_json()) == {"deceasedDateTime": "2024-03-01"}


def test_a_refuted_death_is_given_back_to_nobody(app: Flask, api: Caller) -> None:
    resource_id = api.post("/Patient", patient_of(api.software, deceasedDateTime="2024-03-01")).get_json()["id"]
    rule_death(app, "refute", DeathKey.parse(f"{resource_id}:feed:2024-03-01"))

    assert shown(api, resource_id) == {}


def test_another_date_opens_the_task_of_the_contradiction(app: Flask, api: Caller, other: Caller) -> None:
    _first, second = person_of_both(api, other, deceasedDateTime="2024-03")

    other.post("/Patient", qualified_of(other.software, deceasedDateTime="2023-11"))

    assert any("death-dates-differ" in found for found in reasons(app))
    assert shown(other, second) == {"deceasedDateTime": "2023-11"}, "each reads what it told until it is settled"


@pytest.mark.parametrize("when", ["2199", "2199-01", "2199-01-01"])
def test_a_death_to_come_silences_nobody_and_is_asked(app: Flask, api: Caller, other: Caller, when: str) -> None:
    first, second = person_of_both(api, other, deceasedDateTime=when)

    with app.app_context(), db.reading() as session:
        assert not death_checks.is_silent(session, identities.by_id(session, int(first)).person_id)
    assert reasons(app) == [["death-to-come"]]
    assert shown(other, second) == {}


def test_a_structure_that_says_the_patient_alive_contradicts_once(app: Flask, api: Caller, other: Caller) -> None:
    person_of_both(api, other, deceasedDateTime=TODAY)
    assert reasons(app) == []

    alive = qualified_of(other.software, deceasedBoolean=False)
    other.post("/Patient", alive)
    (task,) = open_tasks(app)
    settle(app, task, TaskState.SAME)
    other.post("/Patient", alive)

    assert list(task.reasons) == ["told-alive"]
    assert open_tasks(app) == []


def test_alive_contradicts_nothing_when_no_death_is_told(app: Flask, api: Caller) -> None:
    answer = api.post("/Patient", patient_of(api.software, deceasedBoolean=False))

    assert answer.status_code == 201
    assert death_in(answer.get_json()) == {}
    assert reasons(app) == []


@pytest.mark.parametrize("doubt", [{"held": True}, {"active": False}, {"attributes": "DOUT"}, {"attributes": "FICT"}])
@pytest.mark.parametrize(
    "told", [{"deceasedDateTime": "2024-03"}, {"deceasedDateTime": "2024-03-01"}, {"deceasedBoolean": True}]
)
def test_what_an_identity_in_doubt_says_of_a_death_stops_nothing_of_the_person(
    app: Flask, api: Caller, other: Caller, doubt: dict[str, Any], told: dict[str, Any]
) -> None:
    first, second = person_of_both(api, other, **told)

    with app.app_context(), db.transaction() as session:
        row = session.get_one(SourceIdentity, int(first))
        for name, value in doubt.items():
            setattr(row, name, value)

    with app.app_context(), db.reading() as session:
        assert not death_checks.is_silent(session, row.person_id)
    assert shown(other, second) == {}


def test_a_death_in_doubt_is_given_back_to_who_told_it(app: Flask, api: Caller) -> None:
    resource_id = api.post("/Patient", patient_of(api.software, deceasedDateTime="2024-03")).get_json()["id"]
    with app.app_context(), db.transaction() as session:
        session.get_one(SourceIdentity, int(resource_id)).held = True

    assert shown(api, resource_id) == {"deceasedDateTime": "2024-03"}


@pytest.mark.parametrize("then", [{}, {"deceasedBoolean": False}])
def test_a_death_without_a_date_that_is_taken_back_is_told_and_stops_nothing(
    app: Flask, api: Caller, then: dict[str, Any]
) -> None:
    api.post("/Patient", patient_of(api.software, deceasedBoolean=True))
    (before,) = open_tasks(app)

    answer = api.post("/Patient", patient_of(api.software, **then))
    api.post("/Patient", patient_of(api.software, **then))

    (row,) = rows(app, SourceIdentity)
    (after,) = open_tasks(app)
    assert death_in(answer.get_json()) == {}
    assert after.reasons == ("death-withdrawn",)
    assert after.version == before.version + 1, "a verdict on what was said before comes too late"
    with app.app_context(), db.reading() as session:
        assert not death_checks.is_silent(session, row.person_id)
