"""A person in full and the officers' search; each look is in the trail."""

import html
import re
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.app import create_app
from hub.audit.tables import AuditEvent
from hub.audit.trail import Actor, ActorKind
from hub.config import from_mapping
from hub.db import database
from hub.registry import intake
from hub.registry.deaths import DeathKey
from hub.registry.tables import Person, PersonOperation, SourceIdentity
from hub.registry.tasks import TaskKind
from hub.registry.values import StoredIdentity
from tests.factories import make_structure, parts_of
from tests.functional.agency_pages import REASON, decide, hidden, new_officer, open_task, send_form
from tests.hub.registry.people import (
    INS_ONE,
    INS_TWO,
    PAUL,
    SOLENE,
    at_once,
    doubtful_pair,
    incoming,
    open_tasks,
    qualified,
    rows,
    rule_death,
    send,
    stored,
)
from tests.identity.factories import make_traits


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


def test_a_person_is_found_by_birth_date_and_letters_and_the_look_is_kept(app: Flask, officer: FlaskClient) -> None:
    person_id = send(app, incoming(make_structure(app))).identity.person_id
    page = officer.get("/agence/recherche").text

    found = send_form(officer, "/agence/recherche", page, birth_date="17/05/1984", letters="bau")

    assert f"/agence/personnes/{person_id}" in found.text
    assert rows(app, AuditEvent, AuditEvent.action == "person.shown", AuditEvent.subject_id == str(person_id))


def test_a_person_is_found_by_the_regional_identifier(app: Flask, officer: FlaskClient) -> None:
    identity = send(app, incoming(make_structure(app))).identity
    page = officer.get("/agence/recherche").text

    found = send_form(officer, "/agence/recherche", page, regional_id=f" {identity.regional_id.lower()} ")
    unknown = send_form(officer, "/agence/recherche", page, regional_id="X")

    assert found.location == f"/agence/personnes/{identity.person_id}"
    assert unknown.status_code == 422


@pytest.mark.parametrize("birth_date", ["", "demain", "31/02/1990"])
def test_a_search_without_a_date_says_how_to_write_it(officer: FlaskClient, birth_date: str) -> None:
    page = officer.get("/agence/recherche").text

    answer = send_form(officer, "/agence/recherche", page, birth_date=birth_date, letters="DUR")

    assert answer.status_code == 422
    assert 'value="DUR"' in answer.text


def test_the_graph_and_the_table_carry_the_same_ties(app: Flask, officer: FlaskClient) -> None:
    for number in range(3):
        identity = send(app, incoming(make_structure(app), f"A-{number}")).identity

    page = officer.get(f"/agence/personnes/{identity.person_id}").text

    lines = re.findall(r'<line class="tie', page)
    table = page[page.index("Liens entre les identités") :]
    table = table[: table.index("</table>")]
    assert len(lines) == table.count("Rapprochement automatique") == 2
    assert re.search(r"[+]\d+,\d", table)


def test_a_merge_is_a_tie_that_leads_to_its_operation(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    decide(officer, open_task(officer, pair.task.id), pair.task.id, "meme")

    page = officer.get(f"/agence/personnes/{stored(app, pair.left).person_id}").text

    assert "Décision d'un officier" in page.replace("&#39;", "'")
    assert "opération n°\u00a01" in page


def test_the_address_of_a_merged_person_leads_to_the_one_that_stays(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    decide(officer, open_task(officer, pair.task.id), pair.task.id, "meme")

    answer = officer.get(f"/agence/personnes/{pair.left.identity.person_id}")

    assert answer.location == f"/agence/personnes/{pair.right.identity.person_id}"


def test_the_page_says_what_was_known_on_a_day(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app)
    person_id = send(app, incoming(structure)).identity.person_id
    send(app, incoming(structure, traits=replace(SOLENE, email="solene@exemple.test")))

    then = officer.get(f"/agence/personnes/{person_id}?le=2000-01-01").text
    wrong = officer.get(f"/agence/personnes/{person_id}?le=31-02")

    assert "Aucune identité n'était liée" in then.replace("&#39;", "'")
    assert wrong.status_code == 200
    assert "Cette date n'existe pas" in wrong.text.replace("&#39;", "'")
    assert "changée par" in then


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-31"])
def test_a_strange_day_is_no_error(app: Flask, officer: FlaskClient, day: str) -> None:
    person_id = send(app, incoming(make_structure(app), traits=PAUL)).identity.person_id

    assert officer.get(f"/agence/personnes/{person_id}?le={day}").status_code == 200


def test_the_person_shows_who_looked(app: Flask, officer: FlaskClient) -> None:
    person_id = send(app, incoming(make_structure(app))).identity.person_id
    officer.get(f"/agence/personnes/{person_id}")

    page = officer.get(f"/agence/personnes/{person_id}").text

    assert "fiche ouverte par un officier" in page
    assert "Hélène Garnier" in page
    assert rows(app, AuditEvent, AuditEvent.action == "person.read")


def two_persons(app: Flask) -> tuple[StoredIdentity, StoredIdentity]:
    """Send two patients that nothing brings together: one person each, no task."""
    known = send(app, incoming(make_structure(app)))
    other = send(app, incoming(make_structure(app, "Clinique du Parc"), "P-1", PAUL))
    assert open_tasks(app) == []
    return known.identity, other.identity


def merging_path(one: StoredIdentity, other: StoredIdentity) -> str:
    return f"/agence/personnes/{one.person_id}/reunion/{other.person_id}"


def merge_form(page: str, stays: StoredIdentity, **more: str) -> dict[str, str | list[str]]:
    """Return the form of the comparison as its page holds it."""
    return {"seen": hidden(page, "seen"), "demeure": str(stays.person_id), "comment": REASON, **more}


def person_of(app: Flask, identity: StoredIdentity) -> int:
    (row,) = rows(app, SourceIdentity, SourceIdentity.id == identity.id)
    return int(row.person_id)


def test_two_persons_chosen_by_number_are_compared_then_merged(app: Flask, officer: FlaskClient) -> None:
    one, other = two_persons(app)
    page = officer.get(f"/agence/personnes/{one.person_id}").text
    number = f" {other.regional_id.lower()} "

    led = send_form(officer, f"/agence/personnes/{one.person_id}/autre", page, numero=number)
    shown = officer.get(led.location).text
    still = person_of(app, other)
    done = send_form(officer, led.location, shown, **merge_form(shown, other))

    assert led.location == merging_path(one, other)
    assert "Rien n'est encore fait" in html.unescape(shown)
    assert "KERVADEC" in shown
    assert "Score expliqué" in shown
    assert "Ce que la réunion concerne" in shown
    assert still == other.person_id
    (operation,) = rows(app, PersonOperation)
    assert done.location == f"/agence/operations/{operation.id}"
    assert (operation.kind, operation.person_id, operation.absorbed_id) == ("merge", other.person_id, one.person_id)
    assert operation.reason == REASON
    assert person_of(app, one) == person_of(app, other) == other.person_id, "the officer chose who stays"
    looked = rows(app, AuditEvent, AuditEvent.action == "person.read", AuditEvent.subject_id == str(other.person_id))
    assert looked, "seeing the other person is in the trail"


def test_the_person_of_better_evidence_stays_unless_the_officer_chooses(app: Flask, officer: FlaskClient) -> None:
    weak = send(app, incoming(make_structure(app))).identity
    sure = send(app, qualified(make_structure(app), "Q-1", PAUL, INS_ONE)).identity

    page = officer.get(merging_path(weak, sure)).text

    assert re.search(rf'value="{sure.person_id}" checked', page)
    assert not re.search(rf'value="{weak.person_id}" checked', page)


@pytest.mark.parametrize("number", ["", "X", "ABCDEFGH12345678", "éééééééééééééééé"])
def test_an_unknown_number_is_told_on_the_page_of_the_person(app: Flask, officer: FlaskClient, number: str) -> None:
    one, _other = two_persons(app)
    page = officer.get(f"/agence/personnes/{one.person_id}").text

    answer = send_form(officer, f"/agence/personnes/{one.person_id}/autre", page, numero=number)

    assert answer.status_code == 422
    assert 'id="numero-erreur"' in answer.text


def test_a_person_is_not_merged_with_itself(app: Flask, officer: FlaskClient) -> None:
    one, other = two_persons(app)
    page = officer.get(f"/agence/personnes/{one.person_id}").text
    shown = officer.get(merging_path(one, other)).text

    chosen = send_form(officer, f"/agence/personnes/{one.person_id}/autre", page, numero=one.regional_id)
    opened = officer.get(merging_path(one, one))
    forced = send_form(officer, merging_path(one, one), shown, **merge_form(shown, one))

    assert (chosen.status_code, opened.status_code, forced.status_code) == (422, 302, 409)
    assert opened.location == f"/agence/personnes/{one.person_id}"
    assert rows(app, PersonOperation) == []


def test_a_merged_person_leads_to_the_one_that_stays(app: Flask, officer: FlaskClient) -> None:
    one, other = two_persons(app)
    third = send(app, incoming(make_structure(app), "T-1", make_traits("LE GOFF", "ANNE", "1931-01-09"))).identity
    shown = officer.get(merging_path(one, other)).text
    late = officer.get(merging_path(third, one)).text
    send_form(officer, merging_path(one, other), shown, **merge_form(shown, other))
    page = officer.get(f"/agence/personnes/{third.person_id}").text

    led = send_form(officer, f"/agence/personnes/{third.person_id}/autre", page, numero=one.regional_id)
    opened = officer.get(merging_path(third, one))
    twice = send_form(officer, merging_path(one, other), shown, **merge_form(shown, other))
    stale = send_form(officer, merging_path(third, one), late, **merge_form(late, third))
    page = officer.get(f"/agence/personnes/{other.person_id}").text
    same = send_form(officer, f"/agence/personnes/{other.person_id}/autre", page, numero=one.regional_id)

    assert led.location == opened.location == merging_path(third, other)
    assert (twice.status_code, stale.status_code) == (409, 409)
    for answer in (twice, stale):
        assert f"Personne {other.regional_id}" in answer.text, "the page is that of the one that stays"
        assert "a déjà été réunie" in answer.text
    assert (same.status_code, "a déjà été réunie" in same.text) == (422, True)
    assert len(rows(app, PersonOperation)) == 1


def test_a_merge_on_what_changed_since_the_preview_says_what_and_keeps_the_form(
    app: Flask, officer: FlaskClient
) -> None:
    one, other = two_persons(app)
    shown = officer.get(merging_path(one, other)).text
    changed = incoming(make_structure(app), other.value, replace(PAUL, email="paul@exemple.test"))
    send(app, replace(changed, organization_id=other.organization_id, domain=other.domain))
    send(app, incoming(make_structure(app), "A-2"))

    answer = send_form(officer, merging_path(one, other), shown, **merge_form(shown, other, comment="Vu <avec> eux"))
    again = send_form(officer, merging_path(one, other), answer.text, **merge_form(answer.text, other))

    assert answer.status_code == 409
    text = html.unescape(answer.text)
    assert f"l'identité n°\u00a0{other.id} a changé" in text
    assert "est arrivée" in text
    assert "Vu &lt;avec&gt; eux" in answer.text
    assert re.search(rf'value="{other.person_id}" checked', answer.text), "who stays is kept as chosen"
    assert again.status_code == 302


@pytest.mark.parametrize(
    ("field", "value"), [("comment", " "), ("comment", "x" * 1001), ("demeure", "999"), ("demeure", "")]
)
def test_a_merge_needs_a_reason_and_one_that_stays(app: Flask, officer: FlaskClient, field: str, value: str) -> None:
    one, other = two_persons(app)
    shown = officer.get(merging_path(one, other)).text

    answer = send_form(officer, merging_path(one, other), shown, **merge_form(shown, one, **{field: value}))

    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert rows(app, PersonOperation) == []


def test_two_qualified_ins_that_differ_are_never_one_person(app: Flask, officer: FlaskClient) -> None:
    one = send(app, qualified(make_structure(app), "Q-1", SOLENE, INS_ONE)).identity
    other = send(app, qualified(make_structure(app), "Q-2", PAUL, INS_TWO)).identity
    shown = officer.get(merging_path(one, other)).text

    form = {"seen": f"{one.id}:1,{other.id}:1", "demeure": str(one.person_id), "comment": REASON}
    answer = send_form(officer, merging_path(one, other), shown, **form)

    assert "Impossible en l'état" in html.unescape(shown)
    assert "Réunir ces deux personnes" not in shown
    assert answer.status_code == 409
    assert "INS qualifiée différente" in answer.text
    assert person_of(app, one) != person_of(app, other)


def test_a_death_is_shown_and_two_confirmed_ones_that_differ_forbid(app: Flask, officer: FlaskClient) -> None:
    one = send(app, incoming(make_structure(app), traits=replace(SOLENE, death_date=date(2024, 3, 1)))).identity
    other = send(app, incoming(make_structure(app), "P-1", replace(PAUL, death_date=date(2025, 8, 2)))).identity
    flagged = officer.get(merging_path(one, other)).text
    for identity, when in ((one, "2024-03-01"), (other, "2025-08-02")):
        rule_death(app, "confirm", DeathKey.parse(f"{identity.id}:feed:{when}"))
    confirmed = officer.get(merging_path(one, other)).text
    form = {"seen": hidden(flagged, "seen"), "demeure": str(one.person_id), "comment": REASON}

    answer = send_form(officer, merging_path(one, other), confirmed, **form)

    assert "01/03/2024" in flagged
    assert "Impossible" not in flagged
    assert "Impossible en l'état" in html.unescape(confirmed)
    assert answer.status_code == 409
    assert person_of(app, one) != person_of(app, other)


def test_a_merge_that_a_death_contradicts_opens_its_task(app: Flask, officer: FlaskClient) -> None:
    dead = incoming(make_structure(app), traits=replace(SOLENE, death_date=date(2024, 3, 1)))
    one = send(app, dead).identity
    alive = incoming(make_structure(app), "P-1", PAUL)
    with app.app_context(), db.transaction() as session:
        software = Actor(ActorKind.SOFTWARE, "1")
        other = intake.receive(session, alive, parts_of(app).registrar, software).identity
    shown = officer.get(merging_path(one, other)).text

    send_form(officer, merging_path(one, other), shown, **merge_form(shown, one))

    assert [task.kind for task in open_tasks(app)] == [TaskKind.DEATH]


def test_a_proposed_merge_waits_for_a_second_officer_once(variables: dict[str, str]) -> None:
    application = create_app(from_mapping(variables | {"HUB_FOUR_EYES": "all"}))
    author, second = new_officer(application), new_officer(application, "Bruno Aubert")
    one, other = two_persons(application)
    shown = author.get(merging_path(one, other)).text

    proposed = send_form(author, merging_path(one, other), shown, **merge_form(shown, one))
    again = send_form(author, merging_path(one, other), shown, **merge_form(shown, one))
    before = person_of(application, other)
    page = second.get(merging_path(one, other)).text
    approved = send_form(second, f"{proposed.location}/valider", second.get(proposed.location).text)

    assert "Un second agent devra valider" in shown
    assert (again.status_code, before) == (409, other.person_id)
    assert proposed.location in page
    assert "Réunir ces deux personnes" not in page
    assert approved.status_code == 302
    assert person_of(application, one) == person_of(application, other) == one.person_id
    with application.app_context():
        database.session.remove()
        database.engine.dispose()


def test_a_merge_of_chosen_persons_asks_again_who_the_officer_is(app: Flask) -> None:
    client = new_officer(app, proven=False)
    one, other = two_persons(app)
    shown = client.get(merging_path(one, other)).text

    asked = send_form(client, merging_path(one, other), shown, **merge_form(shown, other, comment="Livret <vu>"))

    assert asked.status_code == 403
    assert hidden(asked.text, "comment") == "Livret <vu>"
    assert hidden(asked.text, "demeure") == str(other.person_id)
    assert rows(app, PersonOperation) == []


def test_two_officers_who_merge_the_same_two_crosswise_make_one_survivor(app: Flask) -> None:
    first, second = new_officer(app), new_officer(app, "Bruno Aubert")
    one, other = two_persons(app)
    pages = first.get(merging_path(one, other)).text, second.get(merging_path(other, one)).text

    answers = at_once(
        app,
        lambda: send_form(first, merging_path(one, other), pages[0], **merge_form(pages[0], one)),
        lambda: send_form(second, merging_path(other, one), pages[1], **merge_form(pages[1], other)),
    )

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert person_of(app, one) == person_of(app, other)
    assert len(rows(app, PersonOperation)) == 1
    assert [row.merged_into_id for row in rows(app, Person)].count(None) == 1


def test_two_persons_found_are_ticked_and_compared(app: Flask, officer: FlaskClient) -> None:
    one = send(app, incoming(make_structure(app))).identity
    twin = replace(SOLENE, birth_name="BAUDRY", given_names=("LUCIE",), phone=None, birth_place="13055")
    other = send(app, incoming(make_structure(app), "B-1", twin)).identity
    page = officer.get("/agence/recherche").text
    asked = {"birth_date": "17/05/1984", "letters": "bau"}
    both = [str(one.person_id), str(other.person_id)]

    found = send_form(officer, "/agence/recherche", page, **asked)
    none = send_form(officer, "/agence/recherche", found.text, **asked, comparer="oui", personnes=both[0])
    led = send_form(officer, "/agence/recherche", found.text, **asked, comparer="oui", personnes=both)

    assert "Comparer les deux personnes cochées" in found.text
    assert none.status_code == 422
    assert re.search(rf'value="{both[0]}" checked', none.text), "what was ticked stays"
    assert led.location == merging_path(one, other)


def test_the_other_person_is_looked_for_from_the_first(app: Flask, officer: FlaskClient) -> None:
    one, other = two_persons(app)
    link = f"/agence/recherche?avec={one.person_id}"
    page = officer.get(link).text

    found = send_form(officer, link, page, birth_date="02/11/1951", letters="ker").text
    by_number = send_form(officer, link, page, regional_id=other.regional_id)
    strange = officer.get("/agence/recherche?avec=999")

    assert f'href="{link}"' in officer.get(f"/agence/personnes/{one.person_id}").text
    assert one.regional_id in page
    assert merging_path(one, other) in found
    assert by_number.location == merging_path(one, other)
    assert strange.status_code == 200
    shown = rows(app, AuditEvent, AuditEvent.action == "person.shown", AuditEvent.subject_id == str(one.person_id))
    assert len(shown) == 2, "with the form, then with what was found: a name is never shown without a trace"


def test_any_two_identities_of_both_persons_can_be_compared(app: Flask, officer: FlaskClient) -> None:
    one, other = two_persons(app)
    second = send(app, incoming(make_structure(app), "A-2")).identity

    page = officer.get(f"{merging_path(one, other)}?gauche={second.id}&droite=999").text

    assert re.search(rf'<option value="{second.id}" selected', page)
    assert re.search(rf'<option value="{other.id}" selected', page)


@pytest.mark.parametrize("path", ["1/reunion/999999", "999999/reunion/1", "1/reunion/" + "9" * 25])
def test_persons_that_do_not_exist_are_not_compared(app: Flask, officer: FlaskClient, path: str) -> None:
    two_persons(app)

    assert officer.get(f"/agence/personnes/{path}").status_code == 404
