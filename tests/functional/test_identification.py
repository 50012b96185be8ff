"""A document of which a practice cannot tell the patient: asked, answered by an officer, chosen by the practice."""

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.accounts.sessions import Space
from hub.audit.tables import AuditEvent
from hub.documents.tables import Document
from hub.registry.tables import IdentificationRequest, ReviewTask
from hub.registry.tasks import TaskKind
from tests.factories import log_in, make_staff, make_structure
from tests.functional.agency_pages import REASON, decide, new_officer, open_task, send_form
from tests.hub.registry.people import SOLENE, doubtful_pair, incoming, open_tasks, rows, send
from tests.stories import begin_sending

_READ = {"birth_name": SOLENE.birth_name, "given_names": "Solène", "birth_date": "", "message": "Lyon, mars"}
_TITLE = "Compte rendu secret"


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    return new_officer(app)


@pytest.fixture
def practice(app: Flask, client: FlaskClient) -> FlaskClient:
    """A browser of a practice, which has a document ready whose patient it cannot tell."""
    structure = make_structure(app, "Cabinet Demande")
    member = make_staff(app, structure)
    log_in(client, member, Space.PRACTICE)
    begin_sending(app, structure, member, _TITLE)
    return client


def _ask(practice: FlaskClient, **typed: str) -> str:
    path = "/pratique/envois/1/identification"
    again = practice.get(f"{path}?encore=oui").text
    assert send_form(practice, path, again, **(_READ | typed)).status_code == 302
    return practice.get(path).text


def test_the_person_designated_is_chosen_by_the_practice(
    app: Flask, practice: FlaskClient, officer: FlaskClient
) -> None:
    known = send(app, incoming(make_structure(app)))
    search = practice.get("/pratique/patients?envoi=1").text
    asked = _ask(practice)

    (task,) = open_tasks(app)
    listed = officer.get("/agence/?sorte=document").text
    page = open_task(officer, task.id)
    nobody = decide(officer, page, task.id, "designer")
    answer = decide(officer, page, task.id, "designer", personne=str(known.identity.person_id))
    home = practice.get("/pratique/").text
    read = practice.get("/pratique/envois/1/identification").text
    chosen = send_form(practice, f"/pratique/patients/{known.identity.person_id}/choisir?envoi=1", read)

    assert "/pratique/envois/1/identification" in search
    assert "Un officier d'identitovigilance cherche." in html.unescape(asked)
    assert task.kind is TaskKind.DOCUMENT
    assert 'Document à identifier <span class="number">1<' in listed
    assert _TITLE not in page
    assert _TITLE not in listed
    assert "Lyon, mars" in page
    assert f'value="{known.identity.person_id}"' in page
    assert nobody.status_code == 422
    assert "Cochez la personne" in nobody.text
    assert answer.status_code == 302
    assert "L'agence a répondu" in html.unescape(home)
    assert REASON in html.unescape(read)
    assert chosen.status_code == 302
    (document,) = rows(app, Document)
    assert document.source_identity_id is not None
    assert "Personne désignée" in open_task(officer, task.id)
    assert "Répondue" in officer.get("/agence/?etat=traitees").text
    actions = {event.action for event in rows(app, AuditEvent)}
    assert {"identification.ask", "identification.answer"} <= actions
    person = officer.get(f"/agence/personnes/{known.identity.person_id}").text
    assert "désignée à une structure, pour un document" in person


@pytest.mark.parametrize(
    ("decision", "told"),
    [("introuvable", "Patient non trouvé dans l'index"), ("preciser", "d'autres précisions")],
)
def test_an_answer_without_person_lets_the_practice_ask_again(
    app: Flask, practice: FlaskClient, officer: FlaskClient, decision: str, told: str
) -> None:
    _ask(practice)
    (task,) = open_tasks(app)

    decide(officer, open_task(officer, task.id), task.id, decision)
    read = html.unescape(practice.get("/pratique/envois/1/identification").text)
    again = _ask(practice, used_name="Durand")

    assert told in read
    assert "cherche" in again
    assert [request.state for request in rows(app, IdentificationRequest)] == ["answered", "open"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"birth_name": ""}, "Écrivez au moins un nom lu"),
        ({"given_names": ""}, "Un nom seul ne suffit pas"),
        ({"birth_date": "31/02/1980"}, "date"),
        ({"birth_name": "INCONNU"}, "inconnu"),
        ({"birth_name": "D4RAND"}, "Nom de naissance"),
    ],
)
def test_what_is_too_little_or_wrong_is_told_and_nothing_is_asked(
    app: Flask, practice: FlaskClient, typed: dict[str, str], told: str
) -> None:
    path = "/pratique/envois/1/identification"
    answer = send_form(practice, path, practice.get(path).text, **(_READ | typed))

    assert answer.status_code == 422
    assert told in html.unescape(answer.text)
    assert 'value="Solène"' in answer.text or not typed.get("given_names", "x")
    assert rows(app, IdentificationRequest) == []
    assert open_tasks(app) == []


def test_a_second_click_asks_once(app: Flask, practice: FlaskClient) -> None:
    _ask(practice)
    path = "/pratique/envois/1/identification"
    form = practice.get("/pratique/envois/1/identification?encore=oui").text

    send_form(practice, path, form, **_READ)

    assert len(rows(app, IdentificationRequest)) == 1
    assert len(open_tasks(app)) == 1


@pytest.mark.parametrize("act", ["identification/retirer", "abandonner"])
def test_a_request_no_longer_needed_closes_its_task(
    app: Flask, practice: FlaskClient, officer: FlaskClient, act: str
) -> None:
    _ask(practice)
    (task,) = open_tasks(app)
    page = open_task(officer, task.id)

    send_form(practice, f"/pratique/envois/1/{act}", practice.get("/pratique/").text)
    late = decide(officer, page, task.id, "introuvable")

    assert late.status_code == 409
    assert open_tasks(app) == []
    assert [request.state for request in rows(app, IdentificationRequest)] == ["withdrawn"]
    assert "Demande retirée" in open_task(officer, task.id)
    assert "Retirée" in officer.get("/agence/?etat=traitees").text


def test_a_patient_chosen_meanwhile_withdraws_the_request(app: Flask, practice: FlaskClient) -> None:
    _ask(practice)
    known = send(app, incoming(make_structure(app)))
    born = SOLENE.birth_date
    assert born
    page = practice.get("/pratique/patients?envoi=1").text
    found = send_form(practice, "/pratique/patients?envoi=1", page, birth_date=born.iso(), letters="").text
    send_form(practice, f"/pratique/patients/{known.identity.person_id}/choisir?envoi=1", found)

    assert open_tasks(app) == []
    assert [request.state for request in rows(app, IdentificationRequest)] == ["withdrawn"]


def test_a_decision_on_identities_is_refused_on_a_document(
    app: Flask, practice: FlaskClient, officer: FlaskClient
) -> None:
    _ask(practice)
    (task,) = open_tasks(app)
    page = open_task(officer, task.id)

    for decision in ("meme", "differentes", "vu", "confirmer", "demander"):
        assert decide(officer, page, task.id, decision, identite="0", trait="sex").status_code in (404, 422), decision
    assert decide(officer, page, task.id, "designer", personne="999").status_code == 422
    assert decide(officer, page, task.id, "designer", numero="AAAA").status_code == 422
    assert [row.state for row in rows(app, ReviewTask)] == ["open"]


def test_an_answer_to_a_document_is_refused_on_another_task(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    assert decide(officer, open_task(officer, pair.task.id), pair.task.id, "introuvable").status_code == 422
    assert [row.state for row in rows(app, ReviewTask)] == ["open"]


def test_another_structure_reads_nothing_of_a_request(app: Flask, practice: FlaskClient) -> None:
    _ask(practice)
    other = app.test_client()
    log_in(other, make_staff(app, make_structure(app, "Cabinet Voisin")), Space.PRACTICE)

    assert other.get("/pratique/envois/1/identification").status_code == 404
    path = "/pratique/envois/1/identification"
    assert send_form(other, path, other.get("/pratique/").text, **_READ).status_code == 404


def test_a_document_is_put_off_commented_filtered_and_counted(
    app: Flask, practice: FlaskClient, officer: FlaskClient
) -> None:
    _ask(practice)
    (task,) = open_tasks(app)
    page = open_task(officer, task.id)
    structure = task.left.organization_id

    mine = officer.get(f"/agence/?structure={structure}").text
    others = officer.get(f"/agence/?structure={make_structure(app, 'Ailleurs').id}").text
    send_form(officer, f"/agence/taches/{task.id}/commentaires", page, remarque="Appelé le cabinet.")
    region = officer.get("/agence/qualite/taches/liste").text
    put_off = decide(officer, page, task.id, "differer", jours="3")

    assert f"/taches/{task.id}?" in mine
    assert f"/taches/{task.id}?" not in others
    assert re.search(rf'data-row="{task.id}"', region), region[:500]
    assert put_off.status_code == 302
    assert f"/taches/{task.id}?" in officer.get("/agence/?etat=differees").text
