"""An officer lists the tasks, compares both sides, decides and is told what came of it."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.audit.tables import AuditEvent
from identity.traits import Address
from tests.factories import make_structure
from tests.functional.agency_pages import REASON, decide, new_officer, open_task
from tests.hub.registry.people import (
    INS_ONE,
    INS_TWO,
    PAUL,
    SOLENE,
    Doubtful,
    doubtful_pair,
    incoming,
    open_tasks,
    qualified,
    rows,
    send,
    stored,
)


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


def _together(app: Flask, pair: Doubtful) -> bool:
    return stored(app, pair.left).person_id == stored(app, pair.right).person_id


def test_the_list_tells_who_why_and_since_when(app: Flask, officer: FlaskClient) -> None:
    doubtful_pair(app)

    page = officer.get("/agence/").text

    for words in ("BAUDRILLARD", "Marine", "17/05/1984", "Clinique du Parc", "Jumeaux possibles", "aujourd&#39;hui"):
        assert words in page
    assert rows(app, AuditEvent)[-1].action == "review.list"


def test_a_comparison_marks_what_differs_and_is_audited(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    page = open_task(officer, pair.task.id)

    assert re.search(r"<mark>[A-Z]+<span class=\"visually-hidden\"> \(différent\)", page)
    assert "absent d&#39;un côté" in page
    assert "identique" in page
    event = rows(app, AuditEvent)[-1]
    assert (event.action, event.subject_id) == ("review.compare", str(pair.task.id))


def test_a_home_in_two_writings_is_near_as_the_score_says(app: Flask, officer: FlaskClient) -> None:
    home = Address("RESIDENCE DU PARC DES ROSES BAT B, 3 R DES LILAS", "69001", None)
    send(app, incoming(make_structure(app)))
    send(app, incoming(make_structure(app), traits=replace(SOLENE, given_names=("MARINE",), address=home)))
    (task,) = open_tasks(app)

    page = open_task(officer, task.id)

    assert "Même adresse" in page
    row = page[page.index(">Adresse<") : page.index(">Code postal<")]
    assert "proche" in row
    assert "≠" not in row


def test_given_names_that_the_score_holds_for_two_are_not_near(app: Flask, officer: FlaskClient) -> None:
    send(app, incoming(make_structure(app), traits=replace(SOLENE, given_names=("ELSA", "MARTHE"))))
    send(app, incoming(make_structure(app), traits=replace(SOLENE, given_names=("EMMA", "MARTHE"))))
    (task,) = open_tasks(app)

    page = open_task(officer, task.id)

    row = page[page.index(">Prénoms de naissance<") : page.index(">Date de naissance<")]
    assert "Prénoms différents" in page
    assert "proche" not in row


def test_the_bits_shown_add_up_to_the_total(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    page = open_task(officer, pair.task.id)

    table = page[page.index('class="table terms"') : page.index("</tfoot>")]
    found = re.findall(r">(?:<strong>)?([+−]?\d+,\d\d)<", table)
    cents = [int(bits.replace("−", "-").replace(",", "")) for bits in found]
    assert len(cents) > 8
    assert sum(cents[:-1]) == cents[-1]


def test_same_reunites_and_leads_back_to_the_list(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)
    assert "2 identités et 0 document" in page

    answer = decide(officer, page, pair.task.id, "meme")

    assert (answer.status_code, answer.location) == (302, "/agence/")
    assert _together(app, pair)
    assert "réunies sous une seule personne" in officer.get("/agence/").text
    decided = officer.get("/agence/?etat=traitees").text
    assert "Hélène Garnier" in decided
    assert REASON in decided


def test_different_parts_for_good_and_opens_the_next_task(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    structure = make_structure(app)
    send(app, incoming(structure, traits=PAUL))
    send(app, incoming(structure, traits=replace(SOLENE, birth_name="TANGUY", phone=None, address=None)))
    following = next(task for task in open_tasks(app) if task.id != pair.task.id)

    answer = decide(officer, open_task(officer, pair.task.id), pair.task.id, "differentes")

    assert answer.location == f"/agence/taches/{following.id}"
    assert not _together(app, pair)
    assert "Identité modifiée" in officer.get("/agence/").text
    assert "Avant le changement" in open_task(officer, following.id)


def test_a_decision_without_reason_changes_nothing(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    answer = decide(officer, open_task(officer, pair.task.id), pair.task.id, "meme", "  ")

    assert answer.status_code == 422
    assert "Indiquez le motif" in answer.text
    assert len(open_tasks(app)) == 1


def test_an_unknown_decision_changes_nothing_and_keeps_the_reason(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    answer = decide(officer, open_task(officer, pair.task.id), pair.task.id, "peut-etre", "Vu avec le cabinet")

    assert answer.status_code == 422
    assert "Vu avec le cabinet" in answer.text


def test_a_page_read_before_a_change_is_shown_again_with_the_reason_kept(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)
    identity = stored(app, pair.left)
    changed = incoming(make_structure(app), identity.value, replace(identity.traits, email="solene@exemple.test"))
    send(app, replace(changed, organization_id=identity.organization_id, domain=identity.domain))

    answer = decide(officer, page, pair.task.id, "meme", "Vu avec <le> cabinet")

    assert answer.status_code == 409
    assert "solene@exemple.test" in answer.text
    assert "Vu avec &lt;le&gt; cabinet" in answer.text
    assert decide(officer, answer.text, pair.task.id, "meme").status_code == 302


def test_the_slower_officer_sees_what_was_decided(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)
    decide(officer, page, pair.task.id, "differentes", "Jumelles, vues ensemble")

    answer = decide(officer, page, pair.task.id, "meme", "Une faute de frappe")

    assert answer.status_code == 409
    assert "Jumelles, vues ensemble" in answer.text
    assert "Une faute de frappe" in answer.text
    assert not _together(app, pair)


def test_two_qualified_ins_are_refused_with_the_reason(app: Flask, officer: FlaskClient) -> None:
    send(app, qualified(make_structure(app), "1", SOLENE, INS_ONE))
    send(app, qualified(make_structure(app), "2", SOLENE, INS_TWO))
    (task,) = open_tasks(app)
    page = open_task(officer, task.id)

    answer = decide(officer, page, task.id, "meme")

    assert "INS qualifiées différentes" in page
    assert re.search(r'value="meme"[^>]* disabled aria-describedby="impossible"', page)
    assert answer.status_code == 409
    assert "INS qualifiée différente" in answer.text


@pytest.mark.parametrize("task_id", [999, 2**70], ids=["unknown", "huge"])
def test_a_task_that_does_not_exist_is_not_found(officer: FlaskClient, task_id: int) -> None:
    assert officer.get(f"/agence/taches/{task_id}").status_code == 404


@pytest.mark.parametrize("page", ["0", "-3", "deux", "99999999999999999999"])
def test_a_strange_page_number_is_no_error(officer: FlaskClient, page: str) -> None:
    assert officer.get(f"/agence/?page={page}").status_code == 200
