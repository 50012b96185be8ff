"""A practice answers the corrections that the regional agency asks of it."""

import html

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.audit.trail import SYSTEM
from hub.registry import corrections
from hub.registry.corrections import Asking, Correction, CorrectionState, CorrectionTrait
from hub.registry.tables import CorrectionRequest
from tests.factories import parts_of
from tests.functional.practice_pages import Desk, recorded, rows, sit_down

LIST = "/pratique/corrections"
MESSAGE = "L'acte de naissance porte un autre nom.\nPouvez-vous vérifier ?"


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


def ask(desk: Desk, trait: CorrectionTrait = CorrectionTrait.BIRTH_NAME, **traits: str) -> Correction:
    identity_id = desk.create(**traits)
    asking = Asking(source_identity_id=identity_id, trait=trait, message=MESSAGE, officer_id=7)
    with desk.app.app_context(), db.transaction() as session:
        return corrections.ask(session, asking, parts_of(desk.app).trail, SYSTEM)


def see(desk: Desk, path: str) -> str:
    return html.unescape(desk.get(path).text)


def test_an_empty_list_says_what_will_come(desk: Desk) -> None:
    page = see(desk, LIST)

    assert "Aucune correction ne vous est demandée" in page
    assert "corrigez dans votre logiciel" in page
    assert ">Corrections</a>" in page


def test_a_request_is_listed_counted_and_read(desk: Desk) -> None:
    item = ask(desk)

    home, listed, page = see(desk, "/pratique/"), see(desk, LIST), see(desk, f"{LIST}/{item.id}")

    assert "Corrections (1)" in home
    assert "1 demande attend votre réponse" in listed
    assert "Solene TISSERAND" in listed
    for shown in ("Nom de naissance", "TISSERAND", "L'acte de naissance porte un autre nom.<br>", "15/06/1955"):
        assert shown in page
    assert [event.detail for event in recorded(desk.app, "correction.list")] == [{"results": 1}]
    assert [event.detail for event in recorded(desk.app, "correction.read")] == [{"request": item.id}]


def test_an_answer_closes_the_form_and_tells_the_trail(desk: Desk) -> None:
    item = ask(desk)

    answer = desk.post(f"{LIST}/{item.id}", kind="right", text="Carte d'identité vue.")
    page = see(desk, f"{LIST}/{item.id}")

    assert answer.location == f"{LIST}/{item.id}"
    assert "Votre réponse est envoyée" in page
    assert "Carte d'identité vue." in page
    assert "<textarea" not in page
    assert "Toutes les demandes ont leur réponse" in see(desk, LIST)
    (event,) = recorded(desk.app, "correction.answer")
    assert event.detail == {"request": item.id, "trait": "birth_name", "state": "answered", "answer": "right"}


def test_a_second_answer_changes_nothing(desk: Desk) -> None:
    item = ask(desk)
    desk.post(f"{LIST}/{item.id}", kind="right", text="Vu.")

    answer = desk.post(f"{LIST}/{item.id}", kind="unknown", text="Autre chose.")

    assert answer.location == f"{LIST}/{item.id}"
    (row,) = rows(desk.app, CorrectionRequest)
    assert (row.answer_kind, row.answer) == ("right", "Vu.")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"text": "Vu."}, "kind"),
        ({"kind": "autre", "text": "Vu."}, "kind"),
        ({"kind": "right"}, "text"),
        ({"kind": "unknown", "text": "\x00 "}, "text"),
        ({"kind": "corrected", "text": "é" * 1001}, "text"),
    ],
    ids=["nothing chosen", "unknown choice", "no words", "no printable words", "too long"],
)
def test_a_wrong_answer_is_told_and_kept(desk: Desk, form: dict[str, str], field: str) -> None:
    item = ask(desk)

    answer = desk.post(f"{LIST}/{item.id}", **form)

    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert form.get("text", "").strip("\x00 ") in answer.text
    if form.get("kind") in ("right", "unknown", "corrected"):
        assert f'id="kind-{form["kind"]}" name="kind" value="{form["kind"]}" required checked' in answer.text
    assert rows(desk.app, CorrectionRequest)[0].state == "open"


def test_another_structure_sees_nothing(desk: Desk) -> None:
    item = ask(desk)
    neighbour = sit_down(desk.app, desk.app.test_client(), "Clinique du Parc")

    assert "Aucune correction" in see(neighbour, LIST)
    assert neighbour.get(f"{LIST}/{item.id}").status_code == 404
    assert neighbour.post(f"{LIST}/{item.id}", kind="right", text="Vu.").status_code == 404
    assert rows(desk.app, CorrectionRequest)[0].state == CorrectionState.OPEN.value


@pytest.mark.parametrize("path", ["987654", "99999999999999999999"])
def test_a_request_that_does_not_exist_is_not_found(desk: Desk, path: str) -> None:
    assert desk.get(f"{LIST}/{path}").status_code == 404


def test_nobody_reads_without_being_logged_in(desk: Desk) -> None:
    item = ask(desk)

    assert desk.app.test_client().get(f"{LIST}/{item.id}").status_code == 302


@pytest.mark.parametrize("trait", list(CorrectionTrait))
def test_each_trait_has_its_page(desk: Desk, trait: CorrectionTrait) -> None:
    item = ask(desk, trait, email="solene@exemple.fr", mobile="06 39 98 00 00")

    page = desk.get(f"{LIST}/{item.id}")

    assert page.status_code == 200
    assert ("Le hub tient de vous" in page.text) == (trait is not CorrectionTrait.IDENTITY)
