"""A practice sends a document step by step and follows it (M8, M9, L9, L10, D2, D5)."""

import html
import io
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.directory.values import OrganizationKind
from hub.documents.tables import Document
from hub.outbox.tables import OutboxJob
from hub.routing.tables import Delivery, Sending
from tests.factories import make_professional, make_structure, sample_pdf, seen_of, token_of
from tests.functional.practice_pages import Desk, rows, sit_down
from tests.functional.test_practice_accounts import CONTACT


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


def _set(app: Flask, **values: object) -> None:
    """Make every delivery what a worker would have made of it."""
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(Delivery).values(**values))


def test_a_document_goes_to_a_colleague_and_a_pharmacy(desk: Desk) -> None:
    doctor = make_professional(desk.app)
    pharmacy = make_structure(desk.app, "Pharmacie du Marché", OrganizationKind.PHARMACY)
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"

    found = desk.post(f"{steps}/destinataires", search="oui", kind="professional", text="kerv cardio lyon").text
    desk.post(f"{steps}/destinataires", act=f"add:professional:{doctor}")
    desk.post(f"{steps}/destinataires", act=f"add:pharmacy:{pharmacy.id}")
    summary = desk.get(f"{steps}/resume").text
    sent = desk.post(f"{steps}/resume", act="send")

    assert f'value="add:professional:{doctor}"' in found
    for shown in ("Ordonnance", "Solene TISSERAND", "15/06/1955", "Paul KERVADEC", "Pharmacie du Marché", "MSSanté"):
        assert shown in summary
    assert sent.location == steps
    assert sorted(item.recipient_kind for item in rows(desk.app, Delivery)) == ["pharmacy", "professional"]
    assert [job.kind for job in rows(desk.app, OutboxJob)] == ["deliver.mssante"] * 2
    assert "2 remises en cours" in desk.get(steps).text


def test_a_second_click_sends_nothing_more(desk: Desk) -> None:
    doctor = make_professional(desk.app)
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"
    desk.post(f"{steps}/destinataires", act=f"add:professional:{doctor}")

    answers = [desk.post(f"{steps}/resume", act="send") for _ in range(2)]

    assert [answer.location for answer in answers] == [steps, steps]
    assert len(rows(desk.app, Delivery)) == 1
    assert desk.get(f"{steps}/document").location == steps


def test_a_copy_opens_the_account_then_the_sending_goes_on(desk: Desk) -> None:
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"

    ticked = desk.post(f"{steps}/resume", act="copy", copy="oui")
    back = desk.post(ticked.location, **CONTACT)
    summary = desk.get(back.location).text
    sent = desk.post(f"{steps}/resume", act="send", copy="oui")

    assert ticked.location.endswith(f"/espace-sante?envoi={sending_id}")
    assert back.location == f"{steps}/resume"
    assert 'id="copy" name="copy" value="oui" aria-describedby="copy-aide" checked' in summary
    assert sent.location == steps
    (delivery,) = rows(desk.app, Delivery)
    assert (delivery.channel, delivery.recipient_kind) == ("portal", "patient")


def test_a_box_ticked_just_before_sending_is_shown_first(desk: Desk) -> None:
    doctor = make_professional(desk.app)
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"
    desk.post(f"{steps}/destinataires", act=f"add:professional:{doctor}")

    answer = desk.post(f"{steps}/resume", act="send", copy="oui")

    assert answer.location.endswith(f"/espace-sante?envoi={sending_id}")
    assert rows(desk.app, Delivery) == []


def test_a_copy_without_account_is_refused_with_the_way_out(desk: Desk) -> None:
    sending_id = desk.prepare()
    desk.post(f"/pratique/envois/{sending_id}/resume", act="copy", copy="oui")

    page = html.unescape(desk.get(f"/pratique/envois/{sending_id}/resume").text)

    assert "pas encore d'espace santé" in page
    assert "Ouvrir son espace santé" in page
    assert 'id="send"' not in page


def test_nobody_to_send_to_is_told(desk: Desk) -> None:
    sending_id = desk.prepare()

    page = desk.get(f"/pratique/envois/{sending_id}/resume").text
    answer = desk.post(f"/pratique/envois/{sending_id}/resume", act="send")

    assert "Choisissez au moins un destinataire" in page
    assert answer.location == f"/pratique/envois/{sending_id}/resume"
    assert rows(desk.app, Delivery) == []


def test_a_summary_asked_too_early_leads_to_the_missing_step(desk: Desk) -> None:
    sending_id = int(desk.upload().location.split("/")[3])
    steps = f"/pratique/envois/{sending_id}"

    without_type = desk.get(f"{steps}/resume").location
    desk.post(f"{steps}/document", title="Ordonnance", type="57833-6")
    without_patient = desk.get(f"{steps}/resume").location

    assert without_type == f"{steps}/document"
    assert without_patient == f"/pratique/patients?envoi={sending_id}"


def test_name_and_type_are_both_asked_for(desk: Desk) -> None:
    sending_id = int(desk.upload("compte rendu.pdf").location.split("/")[3])

    answer = desk.post(f"/pratique/envois/{sending_id}/document", title=" ", type="")

    assert answer.status_code == 422
    assert 'id="title-erreur"' in answer.text
    assert 'id="type-erreur"' in answer.text
    assert 'value="compte rendu"' in desk.get(f"/pratique/envois/{sending_id}/document").text


def test_a_sending_begun_from_the_patient_knows_its_patient(desk: Desk) -> None:
    identity_id = desk.create()
    sending_id = int(desk.upload(query=f"?patient={identity_id}").location.split("/")[3])

    answer = desk.post(f"/pratique/envois/{sending_id}/document", title="Ordonnance", type="57833-6")

    assert answer.location == f"/pratique/envois/{sending_id}/destinataires"
    assert "Continuer avec ce patient" in desk.get(f"/pratique/patients?envoi={sending_id}").text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("", b"", "Choisissez un fichier."),
        ("vide.pdf", b"", "Ce fichier est vide"),
        ("lettre.docx", b"PK\x03\x04", "n'est pas accepté"),
        ("photo.pdf", b"\xff\xd8\xff\xe0", "ne correspond pas à son nom"),
        ("abime.pdf", b"%PDF-1.7 nothing", "abîmé"),
    ],
    ids=["none", "empty", "other-type", "wrong-name", "damaged"],
)
def test_a_refused_file_is_explained_in_the_form(desk: Desk, name: str, content: bytes, sentence: str) -> None:
    answer = desk.upload(name, content)

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert rows(desk.app, Document) == []


@pytest.mark.parametrize(("size", "status"), [(50_500_000, 422), (51_000_000, 413)], ids=["a-little", "far"])
def test_a_file_too_heavy_is_told_in_the_form(desk: Desk, size: int, status: int) -> None:
    answer = desk.upload("imagerie.pdf", b"%PDF-" + bytes(size - 5))

    assert answer.status_code == status
    assert "Ce fichier dépasse 50 Mo" in answer.text
    assert 'type="file"' in answer.text


def test_a_script_is_told_in_json(desk: Desk) -> None:
    token = token_of(desk.get("/pratique/").text)
    headers = {"Accept": "application/json"}

    def send(name: str, content: bytes) -> dict[str, str]:
        form = {"csrf_token": token, "file": (io.BytesIO(content), name)}
        found: dict[str, str] = desk.client.post("/pratique/envois/nouveau", data=form, headers=headers).get_json()
        return found

    assert send("ordonnance.pdf", sample_pdf())["next"].endswith("/document")
    assert "n'est pas accepté" in send("lettre.docx", b"PK\x03\x04")["message"]


def test_a_draft_waits_at_home_until_it_is_given_up(desk: Desk) -> None:
    sending_id = desk.begin()
    waiting = desk.get("/pratique/").text

    desk.post(f"/pratique/envois/{sending_id}/abandonner")

    assert f"/pratique/envois/{sending_id}/resume" in waiting
    assert f"/pratique/envois/{sending_id}/resume" not in desk.get("/pratique/").text
    assert [item.state for item in rows(desk.app, Sending)] == ["cancelled"]


def test_another_structure_s_sending_does_not_exist(desk: Desk) -> None:
    sending_id = desk.prepare()
    neighbour = sit_down(desk.app, desk.app.test_client(), "Clinique du Parc")

    for page in ("", "/document", "/destinataires", "/resume"):
        assert neighbour.get(f"/pratique/envois/{sending_id}{page}").status_code == 404
    assert neighbour.post(f"/pratique/envois/{sending_id}/resume", act="send").status_code == 404
    assert neighbour.post(f"/pratique/envois/{sending_id}/abandonner").status_code == 404


def test_a_reading_is_dated_to_the_sender(desk: Desk) -> None:
    sending_id = _send(desk)
    _set(desk.app, state="read", read_at=datetime(2026, 3, 3, 13, 5, tzinfo=UTC))

    page = desk.get(f"/pratique/envois/{sending_id}").text

    assert "Lu le 03/03/2026 à 14\u00a0h\u00a005" in page


def test_a_failure_rings_and_is_sent_again(desk: Desk) -> None:
    sending_id = _send(desk)
    _set(desk.app, state="failed", reason="La boîte du destinataire est pleine.")
    (delivery,) = rows(desk.app, Delivery)

    listed = desk.get("/pratique/envois?echecs=oui").text
    page = desk.get(f"/pratique/envois/{sending_id}").text
    again = f"/pratique/envois/{sending_id}/remises/{delivery.id}/renvoyer"
    answers = [desk.post(again).status_code for _ in range(2)]

    assert "1 échec" in listed
    assert f"/pratique/envois/{sending_id}" in listed
    assert "La boîte du destinataire est pleine." in page
    assert answers == [302, 409]
    assert "Aucun échec" in desk.get("/pratique/").text
    assert len(rows(desk.app, OutboxJob)) == 2


def test_the_patient_s_card_lists_what_was_sent(desk: Desk) -> None:
    _send(desk)
    (document,) = rows(desk.app, Document)

    page = desk.get(f"/pratique/patients/{document.source_identity_id}").text

    assert "Ordonnance" in page
    assert "En attente" in page


def _send(desk: Desk) -> int:
    doctor = make_professional(desk.app)
    sending_id = desk.prepare()
    desk.post(f"/pratique/envois/{sending_id}/destinataires", act=f"add:professional:{doctor}")
    assert desk.post(f"/pratique/envois/{sending_id}/resume", act="send").status_code == 302
    return sending_id


def test_what_changed_in_another_tab_is_shown_before_it_leaves(app: Flask, client: FlaskClient) -> None:
    desk = sit_down(app, client)
    sending_id = desk.prepare()
    steps = f"/pratique/envois/{sending_id}"
    seen = seen_of(client, f"{steps}/resume")
    desk.post(f"{steps}/document", title="Un autre nom", type="57833-6")

    stale = desk.post(f"{steps}/resume", act="send", **seen)

    assert stale.location == f"{steps}/resume"
    assert "a changé depuis" in client.get(stale.location).text
