"""A death told without a date, in an officer's hands: confirmed, dated, refuted; what a crafted form cannot do."""

import html
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts.portal_accounts import Account
from hub.accounts.sessions import Space
from hub.audit.tables import AuditEvent
from hub.errors import Conflict, NotFound
from hub.registry import death_checks, deaths, identities
from hub.registry.deaths import DeathKey
from hub.registry.tables import RecordedDeath, ReviewTask
from hub.registry.tasks import TaskKind
from hub.registry.values import StoredIdentity
from hub.routing import notices
from hub.routing.sendings import SentView
from hub.routing.values import DeliveryState
from identity.deaths import DeathState, Teller, ToldDeath
from tests import stories
from tests.conformance.software import Caller, caller, patient_of
from tests.factories import log_in, make_staff, make_structure
from tests.functional.agency_pages import decide, new_officer, open_task
from tests.functional.test_agency_worklist import add_alone
from tests.functional.test_fhir_deaths import death_in, person_of_both, reasons, shown
from tests.hub.registry.people import PAUL, SOLENE, doubtful_pair, incoming, open_tasks, rows, rule_death, send
from tests.hub.test_deaths_load import fixed, load, write


@pytest.fixture
def api(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


@pytest.fixture
def other(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    return new_officer(app)


UNDATED = {"deceasedBoolean": True}
MOVED = [{"system": "phone", "value": "+33639980077"}]


def tell(api: Caller, **told: Any) -> int:
    """Let a structure send its patient with what it says of a death; return the identity."""
    return int(api.post("/Patient", patient_of(api.software, **told)).get_json()["id"])


def key_of(identity_id: int) -> str:
    return str(DeathKey(identity_id, Teller.FEED, None))


def settle(officer: FlaskClient, app: Flask, decision: str, **typed: str) -> Any:
    """Decide the one open task as its page offers it."""
    (task,) = open_tasks(app)
    page = open_task(officer, task.id)
    return decide(officer, page, task.id, decision, deces=key_of(task.left.id), **typed)


def stored_identity(app: Flask, identity_id: int) -> StoredIdentity:
    with app.app_context(), db.reading() as session:
        return identities.by_id(session, identity_id)


def held(app: Flask, identity_id: int) -> ToldDeath | None:
    with app.app_context(), db.reading() as session:
        return deaths.held(session, identities.by_id(session, identity_id).person_id)


def is_silent(app: Flask, identity_id: int) -> bool:
    with app.app_context(), db.reading() as session:
        return death_checks.is_silent(session, identities.by_id(session, identity_id).person_id)


def with_a_notice(app: Flask, api: Caller) -> tuple[Account, SentView]:
    """Know a patient who has an account, and a document on its way to them."""
    identity = stored_identity(app, tell(api))
    structure = api.software.structure
    member = make_staff(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    return account, stories.send(app, structure, member, identity, copy=True)


def test_the_page_offers_the_death_without_a_date_and_where_to_write_one(
    app: Flask, api: Caller, officer: FlaskClient
) -> None:
    tell(api, **UNDATED)
    (task,) = open_tasks(app)

    page = html.unescape(open_task(officer, task.id))

    assert "Décès sans date connue, dit par sa structure" in page
    assert f'value="{key_of(task.left.id)}" checked' in page
    assert 'name="date_deces"' in page


def test_a_dated_death_asks_for_no_date(app: Flask, api: Caller, officer: FlaskClient) -> None:
    tell(api)
    tell(api, deceasedDateTime="2199-01-01")
    (task,) = open_tasks(app)

    assert 'name="date_deces"' not in open_task(officer, task.id)


def test_once_confirmed_it_holds_and_stops_what_a_dated_one_stops(
    app: Flask, api: Caller, officer: FlaskClient
) -> None:
    account, sent = with_a_notice(app, api)
    identity_id = tell(api, **UNDATED)
    stories.work(app)
    waits = stories.see(app, api.software.structure, sent).deliveries[0]

    answer = settle(officer, app, "confirmer")
    stories.work(app, now=True)

    stopped = stories.see(app, api.software.structure, sent).deliveries[0]
    death = held(app, identity_id)
    assert answer.status_code == 302
    assert waits.state is DeliveryState.QUEUED
    assert (stopped.state, stopped.reason) == (DeliveryState.FAILED, notices.DECEASED)
    assert death is not None
    assert (death.state, death.when, death.is_fact) == (DeathState.CONFIRMED, None, True)
    assert open_tasks(app) == []
    with pytest.raises(Conflict, match="décès"):
        stories.open_account(
            app, api.software.structure, make_staff(app, api.software.structure), stored_identity(app, identity_id),
            "autre@example.org",
        )  # fmt: skip
    (event,) = rows(app, AuditEvent, AuditEvent.action == "death.confirm")
    assert event.detail == {"person": account.person_id, "teller": "feed", "date_source": None}


def test_every_structure_of_the_person_reads_a_confirmed_one(
    app: Flask, api: Caller, other: Caller, officer: FlaskClient
) -> None:
    first, second = person_of_both(api, other, **UNDATED)
    before = shown(other, second)

    settle(officer, app, "confirmer")

    assert before == {}
    assert shown(api, first) == shown(other, second) == {"deceasedBoolean": True}


@pytest.mark.parametrize(
    ("typed", "when", "read"),
    [("09/03/2024", "2024-03-09", "09/03/2024"), ("3/2024", "2024-03", "03/2024"), ("2024", "2024", "2024")],
)
def test_its_date_is_completed_as_far_as_it_is_known_with_its_source(
    app: Flask, api: Caller, other: Caller, officer: FlaskClient, typed: str, when: str, read: str
) -> None:
    first, second = person_of_both(api, other, **UNDATED)

    answer = settle(officer, app, "confirmer", date_deces=typed, lue="act")

    person_id = stored_identity(app, int(first)).person_id
    page = html.unescape(officer.get(f"/agence/personnes/{person_id}").text)
    (event,) = rows(app, AuditEvent, AuditEvent.action == "death.confirm")
    assert answer.status_code == 302
    assert shown(other, second) == {"deceasedDateTime": when}
    assert f"{read} : confirmé (date lue : acte de décès, copie ou extrait)" in page.replace("\u00a0", " ")
    assert event.detail["date_source"] == "act"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"date_deces": "hier", "lue": "act"}, "Écrivez la date comme"),
        ({"date_deces": "31/02/2024", "lue": "act"}, "Cette date n'existe pas"),
        ({"date_deces": "", "lue": "act"}, "Écrivez la date comme"),
        ({"date_deces": "2024"}, "Choisissez où vous avez lu cette date."),
        ({"date_deces": "2024", "lue": "rumeur"}, "Choisissez où vous avez lu cette date."),
        ({"date_deces": "2199", "lue": "act"}, "Cette date de décès est à venir."),
        ({"date_deces": "1900", "lue": "act"}, "Cette date de décès précède la naissance."),
    ],
)
def test_a_date_that_cannot_be_is_asked_again_and_nothing_is_written(
    app: Flask, api: Caller, officer: FlaskClient, typed: dict[str, str], said: str
) -> None:
    tell(api, **UNDATED)

    answer = settle(officer, app, "confirmer", **typed)

    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert f'name="date_deces" maxlength="10" autocomplete="off" value="{typed["date_deces"]}"' in answer.text
    assert rows(app, RecordedDeath) == []
    assert len(open_tasks(app)) == 1


def test_a_date_is_not_given_to_a_refuted_death(app: Flask, api: Caller, officer: FlaskClient) -> None:
    tell(api, **UNDATED)

    assert settle(officer, app, "ecarter", date_deces="2024", lue="act").status_code == 422
    assert rows(app, RecordedDeath) == []


def test_a_dated_death_keeps_its_date(app: Flask, api: Caller, officer: FlaskClient) -> None:
    tell(api)
    identity_id = tell(api, deceasedDateTime="2199-01-01")
    (task,) = open_tasks(app)
    typed = {"deces": f"{identity_id}:feed:2199-01-01", "date_deces": "2024", "lue": "act"}

    answer = decide(officer, open_task(officer, task.id), task.id, "confirmer", **typed)

    assert answer.status_code == 422
    assert "Ce décès a déjà une date" in html.unescape(answer.text)
    assert rows(app, RecordedDeath) == []


def test_once_refuted_what_had_waited_leaves_and_it_is_not_asked_again(
    app: Flask, api: Caller, officer: FlaskClient
) -> None:
    _account, sent = with_a_notice(app, api)
    identity_id = tell(api, **UNDATED)

    answer = settle(officer, app, "ecarter")
    again = api.post("/Patient", patient_of(api.software, telecom=MOVED, **UNDATED))

    assert answer.status_code == 302
    assert again.status_code == 200
    assert held(app, identity_id) is None
    assert not is_silent(app, identity_id)
    assert death_in(again.get_json()) == {}
    assert open_tasks(app) == []
    assert stories.see(app, api.software.structure, sent).deliveries[0].state is DeliveryState.QUEUED


def test_a_confirmed_one_refuted_later_lets_what_it_had_stopped_leave(
    app: Flask, api: Caller, officer: FlaskClient
) -> None:
    _account, sent = with_a_notice(app, api)
    tell(api, **UNDATED)
    settle(officer, app, "confirmer")
    stories.work(app, now=True)
    api.post("/Patient", patient_of(api.software))

    asked = reasons(app)
    answer = settle(officer, app, "ecarter")

    assert asked == [["death-withdrawn"]]
    assert answer.status_code == 302
    assert stories.see(app, api.software.structure, sent).deliveries[0].state is DeliveryState.QUEUED


def test_a_confirmed_one_is_not_asked_again_when_it_is_told_again_or_no_more_twice(
    app: Flask, api: Caller, officer: FlaskClient
) -> None:
    identity_id = tell(api, **UNDATED)
    settle(officer, app, "confirmer")

    tell(api, telecom=MOVED, **UNDATED)
    told_again = open_tasks(app)
    tell(api)
    settle(officer, app, "vu")
    tell(api)

    assert told_again == []
    assert open_tasks(app) == [], "that the structure tells it no more was said once"
    assert held(app, identity_id) is not None


def test_seen_without_an_answer_it_is_held_no_more(app: Flask, api: Caller, officer: FlaskClient) -> None:
    identity_id = tell(api, **UNDATED)

    settle(officer, app, "vu")

    assert not is_silent(app, identity_id)
    assert rows(app, RecordedDeath) == []


def test_a_date_told_later_is_asked_and_takes_its_place(app: Flask, api: Caller, officer: FlaskClient) -> None:
    identity_id = tell(api, **UNDATED)
    settle(officer, app, "confirmer")

    tell(api, deceasedDateTime="2024-03-09")
    asked = reasons(app)
    (task,) = open_tasks(app)
    page = open_task(officer, task.id)
    decide(officer, page, task.id, "confirmer", deces=f"{identity_id}:feed:2024-03-09")

    death = held(app, identity_id)
    assert asked == [["death-dated-since"]]
    assert death is not None
    assert (death.state, death.when and death.when.iso()) == (DeathState.CONFIRMED, "2024-03-09")
    assert open_tasks(app) == []


def test_a_completed_date_and_another_one_that_differs_are_not_both_confirmed(
    app: Flask, api: Caller, officer: FlaskClient
) -> None:
    identity_id = tell(api, **UNDATED)
    settle(officer, app, "confirmer", date_deces="03/2024", lue="family")

    tell(api, deceasedDateTime="2023-11-02")

    assert reasons(app) == [["death-dates-differ"]]
    with pytest.raises(Conflict, match="autre date"):
        rule_death(app, "confirm", DeathKey.parse(f"{identity_id}:feed:2023-11-02"))


@pytest.mark.parametrize("decision", ["confirmer", "ecarter"])
def test_a_line_of_the_file_about_it_is_asked(app: Flask, officer: FlaskClient, tmp_path: Any, decision: str) -> None:
    result = send(app, incoming(make_structure(app)))
    with app.app_context(), db.transaction() as session:
        death_checks.ask_undated(session, result.identity)
    settle(officer, app, decision)

    load(app, write(tmp_path / "deces.txt", fixed()))

    (found,) = reasons(app)
    assert {"confirmer": "death-dated-since", "ecarter": "death-refuted"}[decision] in found


def test_a_merge_is_not_forbidden_by_a_death_without_a_date(app: Flask, officer: FlaskClient) -> None:
    one = send(app, incoming(make_structure(app), traits=replace(SOLENE, death_date=date(2024, 3, 1)))).identity
    other = send(app, incoming(make_structure(app), "P-1", PAUL)).identity
    rule_death(app, "confirm", DeathKey.parse(f"{one.id}:feed:2024-03-01"))
    with app.app_context(), db.transaction() as session:
        death_checks.ask_undated(session, other)
    rule_death(app, "confirm", DeathKey.parse(key_of(other.id)))

    page = html.unescape(officer.get(f"/agence/personnes/{one.person_id}/reunion/{other.person_id}").text)

    assert "Décès sans date connue" in page
    assert "Impossible en l'état" not in page


def test_the_practice_reads_that_nobody_knows_the_date(app: Flask, api: Caller, officer: FlaskClient) -> None:
    identity_id = tell(api, **UNDATED)
    settle(officer, app, "confirmer")
    desk = app.test_client()
    log_in(desk, make_staff(app, api.software.structure), Space.PRACTICE)

    card = html.unescape(desk.get(f"/pratique/patients/{identity_id}").text)

    assert "Décédé sans date connue (confirmé par l'agence régionale)" in card


@pytest.mark.parametrize("decision", ["confirmer", "ecarter"])
@pytest.mark.parametrize("form", ["feed:2024-03-01", "feed:"])
def test_a_crafted_form_settles_no_death_of_another_person(
    app: Flask, api: Caller, officer: FlaskClient, decision: str, form: str
) -> None:
    stranger = tell(api, **({"deceasedDateTime": "2024-03-01"} if form[-1] != ":" else UNDATED))
    task_id = add_alone(app, TaskKind.DEATH, "changed-after-death")
    page = open_task(officer, task_id)
    before = rows(app, ReviewTask)

    answer = decide(officer, page, task_id, decision, deces=f"{stranger}:{form}")

    assert answer.status_code == 409
    assert "Ce décès est celui d'une autre personne" in html.unescape(answer.text)
    assert rows(app, RecordedDeath) == []
    assert [row.state for row in rows(app, ReviewTask)] == [row.state for row in before]
    assert rows(app, AuditEvent, AuditEvent.action.in_(("death.confirm", "death.refute", "review.decide"))) == []


def test_a_death_without_a_date_that_nobody_told_is_not_settled(app: Flask) -> None:
    result = send(app, incoming(make_structure(app)))

    with pytest.raises(NotFound):
        rule_death(app, "confirm", DeathKey(result.identity.id, Teller.FEED, None))


@pytest.mark.parametrize("decision", ["vu", "confirmer", "ecarter"])
def test_a_decision_that_the_page_of_a_pair_does_not_offer_moves_nobody(app: Flask, decision: str) -> None:
    """It would have merged both persons, without the proof of who decides."""
    pair = doubtful_pair(app)
    officer = new_officer(app, proven=False)
    page = open_task(officer, pair.task.id)

    answer = decide(officer, page, pair.task.id, decision, deces=key_of(pair.left.identity.id))

    left, right = (stored_identity(app, side.identity.id).person_id for side in (pair.left, pair.right))
    assert answer.status_code == 422
    assert "Choisissez une décision" in html.unescape(answer.text)
    assert left != right
    assert len(open_tasks(app)) == 1


@pytest.mark.parametrize("decision", ["meme", "differentes"])
def test_a_task_about_one_identity_takes_no_decision_of_a_pair(
    app: Flask, api: Caller, officer: FlaskClient, decision: str
) -> None:
    tell(api, **UNDATED)

    assert settle(officer, app, decision).status_code == 422
    assert len(open_tasks(app)) == 1
