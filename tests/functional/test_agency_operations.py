"""Merge with the proof asked again, undo, separate, move, and the second officer's opinion."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.accounts.sessions import Space
from hub.accounts.tables import PortalAccount
from hub.app import create_app
from hub.audit.tables import AuditEvent
from hub.config import from_mapping
from hub.db import database
from hub.documents.tables import Document
from hub.registry import tasks
from hub.registry.tables import DistinctPair, PersonOperation
from hub.registry.values import Intake
from hub.routing.tables import Delivery, Sending
from tests.factories import log_in, make_staff, make_structure, token_of
from tests.functional.agency_pages import (
    REASON,
    decide,
    hidden,
    new_officer,
    next_code,
    open_task,
    send_form,
)
from tests.hub.registry.people import PAUL, SOLENE, doubtful_pair, incoming, open_tasks, rows, send, stored


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


@pytest.fixture
def four_eyes(variables: dict[str, str]) -> Iterator[Flask]:
    """The application where every operation needs two officers."""
    application = create_app(from_mapping(variables | {"HUB_FOUR_EYES": "all"}))
    yield application
    with application.app_context():
        database.session.remove()
        database.engine.dispose()


def merged(app: Flask, officer: FlaskClient) -> tuple[Intake, Intake]:
    """Have an officer merge a doubtful pair."""
    pair = doubtful_pair(app)
    assert decide(officer, open_task(officer, pair.task.id), pair.task.id, "meme").status_code == 302
    return pair.left, pair.right


def _document(about: Intake, staff_id: int, moment: datetime) -> Document:
    return Document(
        organization_id=about.identity.organization_id, source_identity_id=about.identity.id,
        title="Résultat secret", type_code="11488-4", content_type="application/pdf", size=1, pages=1,
        sha256="0" * 64, store_key="documents/1", kek_id="k1", wrapped_key=b"x", deposited_by=staff_id,
        created_at=moment,
    )  # fmt: skip


def is_together(app: Flask, pair: tuple[Intake, Intake]) -> bool:
    """Tell whether both identities are of one person."""
    return len({stored(app, item).person_id for item in pair}) == 1


def two_of_one(app: Flask) -> tuple[Intake, Intake]:
    """Send the same patient from two structures: one person."""
    pair = send(app, incoming(make_structure(app), "A-1")), send(app, incoming(make_structure(app), "B-1"))
    assert is_together(app, pair)
    return pair


def test_a_merge_asks_again_who_the_officer_is_and_loses_nothing(app: Flask) -> None:
    pair = doubtful_pair(app)
    member = make_staff(app, None)
    client = app.test_client()
    log_in(client, member, Space.AGENCY)
    page = open_task(client, pair.task.id)

    asked = decide(client, page, pair.task.id, "meme", "Livret <vu>\navec le cabinet")

    assert asked.status_code == 403
    assert "Confirmez que c'est vous" in asked.text
    kept = {name: hidden(asked.text, name) for name in ("comment", "version", "seen", "decision")}
    assert kept["comment"] == "Livret <vu>\navec le cabinet"
    path = f"/agence/taches/{pair.task.id}"
    wrong = send_form(client, path, asked.text, **kept, preuve_mot_de_passe="non", preuve_code="000000")
    assert (wrong.status_code, hidden(wrong.text, "comment")) == (403, kept["comment"])
    proof = {"preuve_mot_de_passe": member.password, "preuve_code": next_code(member)}
    done = send_form(client, path, wrong.text, **kept, **proof)
    assert done.status_code == 302
    assert is_together(app, (pair.left, pair.right))
    assert [event.action for event in rows(app, AuditEvent) if "proof" in event.action] == [
        "staff.proof_refused",
        "staff.proof",
    ]


def test_another_session_of_the_same_officer_is_asked_too(app: Flask) -> None:
    new_officer(app)
    pair = doubtful_pair(app)
    other = new_officer(app, proven=False)

    assert decide(other, open_task(other, pair.task.id), pair.task.id, "meme").status_code == 403
    assert len(open_tasks(app)) == 1


def test_the_preview_counts_what_the_merge_makes(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    author = make_staff(app, make_structure(app))
    with app.app_context(), db.transaction() as session:
        session.add(_document(pair.left, author.id, db.now(session)))
    page = open_task(officer, pair.task.id)

    decide(officer, page, pair.task.id, "meme")

    preview = page[page.index("Ce qu'elle réunira en tout") :]
    counts = re.findall(r"<dd>(\d+)", preview)[:2]
    person = stored(app, pair.left).person_id
    after = officer.get(f"/agence/personnes/{person}").text
    assert counts == ["2", "1"]
    assert re.search(r"Identités <span class=\"muted\">\(2\)", after)
    assert re.search(r"Documents <span class=\"muted\">\(1\)", after)
    assert "Résultat secret" not in page + after


def test_a_merge_is_undone_from_its_page_and_remembered(app: Flask, officer: FlaskClient) -> None:
    pair = merged(app, officer)
    (operation,) = rows(app, PersonOperation)
    page = officer.get(f"/agence/operations/{operation.id}").text
    path = f"/agence/operations/{operation.id}/defaire"

    missing = send_form(officer, path, page, seen=hidden(page, "seen"), comment=" ")
    answer = send_form(
        officer, path, page, seen=hidden(page, "seen"), comment=REASON, retenir="oui", relation="twins", relue="oui"
    )

    assert "Reviendrait à" in page
    assert missing.status_code == 422
    assert answer.status_code == 302
    assert not is_together(app, pair)
    assert [row.relation for row in rows(app, DistinctPair)] == ["twins"]
    assert "Défaite" in officer.get(f"/agence/operations/{operation.id}").text
    again = send_form(officer, path, page, seen=hidden(page, "seen"), comment=REASON)
    assert again.status_code == 409


def test_the_deliveries_made_in_between_are_listed_with_who_opened_them(app: Flask, officer: FlaskClient) -> None:
    left, right = merged(app, officer)
    (operation,) = rows(app, PersonOperation)
    author = make_staff(app, make_structure(app))
    with app.app_context(), db.transaction() as session:
        moment = db.now(session)
        account = PortalAccount(
            source_identity_id=left.identity.id, email="s@example.org", mobile="+33639980001", state="active",
            subject="s" * 32, created_by=author.id, created_at=moment,
        )  # fmt: skip
        document = _document(right, author.id, moment)
        session.add_all([account, document])
        session.flush()
        sending = Sending(
            organization_id=document.organization_id, staff_id=author.id, document_id=document.id, state="sent",
            created_at=moment, sent_at=moment,
        )  # fmt: skip
        session.add(sending)
        session.flush()
        session.add(
            Delivery(
                sending_id=sending.id, document_id=document.id, channel="portal", recipient_kind="patient",
                recipient_id=account.id, recipient_name="Solène", account_id=account.id, state="read",
                queued_at=moment, read_at=moment,
            )
        )  # fmt: skip

    page = officer.get(f"/agence/operations/{operation.id}").text

    table = page[page.index("Remises faites depuis") : page.index("Motif de l'annulation")]
    assert "espace santé de l'autre personne" in table
    assert "lue le" in table
    assert "patient" in table
    assert "Résultat secret" not in page
    assert "Solène" not in table


def test_an_undoing_on_something_that_changed_says_what_and_keeps_the_reason(
    app: Flask, officer: FlaskClient
) -> None:
    pair = merged(app, officer)
    (operation,) = rows(app, PersonOperation)
    page = officer.get(f"/agence/operations/{operation.id}").text
    left = stored(app, pair[0])
    changed = incoming(make_structure(app), left.value, replace(left.traits, email="s@exemple.test"))
    send(app, replace(changed, organization_id=left.organization_id, domain=left.domain))

    path = f"/agence/operations/{operation.id}/defaire"
    answer = send_form(officer, path, page, seen=hidden(page, "seen"), comment="Deux <soeurs>", relue="oui")

    assert answer.status_code == 409
    assert f"l&#39;identité n°\u00a0{left.id} a changé" in answer.text
    assert "Deux &lt;soeurs&gt;" in answer.text
    assert 'name="retenir" value="oui" checked' not in answer.text, "the box stays as it was left"
    assert is_together(app, pair)


def test_identities_are_separated_after_a_preview(app: Flask, officer: FlaskClient) -> None:
    pair = two_of_one(app)
    person_id = pair[0].identity.person_id
    page = officer.get(f"/agence/personnes/{person_id}").text
    path = f"/agence/personnes/{person_id}/operation"
    chosen = {"identites": str(pair[1].identity.id), "cible": "nouvelle", "seen": hidden(page, "seen")}

    none = send_form(officer, path, page, seen=hidden(page, "seen"), cible="nouvelle")
    preview = send_form(officer, path, page, etape="apercu", **chosen)
    still = is_together(app, pair)
    final = chosen | {"seen": hidden(preview.text, "seen"), "etape": "appliquer", "retenir": "oui"}
    missing = send_form(officer, path, preview.text, **final, comment="")
    answer = send_form(officer, path, preview.text, **final, comment=REASON, relation="homonyms")

    assert none.status_code == 422
    assert (preview.status_code, still) == (200, True)
    assert "Rien n'est encore fait" in preview.text
    assert missing.status_code == 422
    assert answer.status_code == 302
    assert not is_together(app, pair)
    assert rows(app, AuditEvent, AuditEvent.action == "person.split")
    assert "Homonyme connu" in officer.get(f"/agence/personnes/{person_id}").text


def test_identities_are_moved_to_a_person_named_by_its_number(app: Flask, officer: FlaskClient) -> None:
    pair = two_of_one(app)
    target = send(app, incoming(make_structure(app), "C-1", PAUL)).identity
    person_id = pair[0].identity.person_id
    page = officer.get(f"/agence/personnes/{person_id}").text
    path = f"/agence/personnes/{person_id}/operation"
    chosen = {"identites": str(pair[1].identity.id), "cible": "autre", "seen": hidden(page, "seen")}

    unknown = send_form(officer, path, page, **chosen, vers="ABCDEFGH12345678")
    preview = send_form(officer, path, page, **chosen, vers=target.regional_id.lower())
    final = chosen | {"seen": hidden(preview.text, "seen"), "vers": target.regional_id, "etape": "appliquer"}
    answer = send_form(officer, path, preview.text, **final, comment=REASON)

    assert unknown.status_code == 422
    assert answer.status_code == 302
    assert stored(app, pair[1]).person_id == target.person_id


def test_a_separation_on_something_that_changed_keeps_the_form(app: Flask, officer: FlaskClient) -> None:
    pair = two_of_one(app)
    person_id = pair[0].identity.person_id
    page = officer.get(f"/agence/personnes/{person_id}").text
    send(app, incoming(make_structure(app), "C-1"))
    form = {"identites": str(pair[1].identity.id), "cible": "nouvelle", "seen": hidden(page, "seen")}

    answer = send_form(
        officer, f"/agence/personnes/{person_id}/operation", page, **form, etape="appliquer", comment="Deux patients"
    )

    assert answer.status_code == 409
    assert "est arrivée" in answer.text
    assert re.search(rf'name="identites" value="{pair[1].identity.id}" checked', answer.text)
    assert 'name="comment" value="Deux patients"' in answer.text


def test_a_collision_is_separated_by_the_identities_that_leave(app: Flask, officer: FlaskClient) -> None:
    pair = two_of_one(app)
    with app.app_context(), db.transaction() as session:
        ids = (pair[0].identity.id, pair[1].identity.id)
        task_id = tasks.open_collision(session, ids, -5.0, ["twins"])
    page = open_task(officer, task_id)

    both = decide(officer, page, task_id, "differentes", partent=[str(number) for number in ids])
    answer = decide(officer, page, task_id, "differentes", partent=[str(ids[1])], relation="twins")

    assert "Identités qui partent" in page
    assert both.status_code == 422
    assert answer.status_code == 302
    assert not is_together(app, pair)


def test_a_proposal_waits_for_another_officer_than_its_author(four_eyes: Flask) -> None:
    author, second = new_officer(four_eyes), new_officer(four_eyes, "Bruno Aubert")
    pair = doubtful_pair(four_eyes)

    decided = decide(author, open_task(author, pair.task.id), pair.task.id, "meme")
    (operation,) = rows(four_eyes, PersonOperation)
    listed = author.get("/agence/").text
    own = author.get(f"/agence/operations/{operation.id}").text
    path = f"/agence/operations/{operation.id}/valider"

    assert decided.status_code == 302
    assert "attend un second agent" in listed
    assert open_tasks(four_eyes) == [], "a verdict that waits asks nothing more"
    assert "En attente d'un second agent" in open_task(second, pair.task.id)
    assert "Valider l'opération" not in own
    assert send_form(author, path, own).status_code == 409
    assert not is_together(four_eyes, (pair.left, pair.right))
    waiting = second.get("/agence/operations").text
    assert f"/agence/operations/{operation.id}" in waiting
    page = second.get(f"/agence/operations/{operation.id}").text
    assert send_form(second, path, page).status_code == 302
    assert is_together(four_eyes, (pair.left, pair.right))


def test_a_refusal_needs_a_reason_and_gives_the_task_back(four_eyes: Flask) -> None:
    author, second = new_officer(four_eyes), new_officer(four_eyes, "Bruno Aubert")
    pair = doubtful_pair(four_eyes)
    decide(author, open_task(author, pair.task.id), pair.task.id, "meme")
    (operation,) = rows(four_eyes, PersonOperation)
    page = second.get(f"/agence/operations/{operation.id}").text
    path = f"/agence/operations/{operation.id}/refuser"

    empty = send_form(second, path, page, answer="")
    answer = send_form(second, path, page, answer="Pièce périmée")

    assert empty.status_code == 422
    assert answer.status_code == 302
    assert [task.id for task in open_tasks(four_eyes)] == [pair.task.id]
    assert "Pièce périmée" in author.get(f"/agence/operations/{operation.id}").text


@pytest.mark.parametrize(
    "path", ["/operations/999", "/personnes/999", "/operations/" + "9" * 25, "/personnes/" + "9" * 25]
)
def test_what_does_not_exist_is_not_found(officer: FlaskClient, path: str) -> None:
    assert officer.get(f"/agence{path}").status_code == 404


@pytest.mark.parametrize("path", ["/operations/999/valider", "/operations/999/refuser", "/operations/999/defaire"])
def test_acts_on_what_does_not_exist_are_not_found(officer: FlaskClient, path: str) -> None:
    page = officer.get("/agence/").text

    assert send_form(officer, f"/agence{path}", page, comment=REASON, answer=REASON).status_code == 404


@pytest.mark.parametrize("path", ["/", "/operations", "/recherche", "/cas-faciles", "/personnes/1"])
def test_no_page_opens_to_a_practice(app: Flask, client: FlaskClient, path: str) -> None:
    log_in(client, make_staff(app, make_structure(app)), Space.PRACTICE)
    cookie = client.get_cookie("hub_practice")
    assert cookie
    client.set_cookie("hub_agency", cookie.value)

    assert client.get(f"/agence{path}").status_code == 302
    assert token_of(client.get("/agence/connexion").text)


def test_the_surname_of_the_merged_is_in_no_trail(app: Flask, officer: FlaskClient) -> None:
    merged(app, officer)

    written = " ".join(str(event.detail) + event.action for event in rows(app, AuditEvent))
    assert SOLENE.birth_name not in written
