"""Corrections asked of structures: asked once, answered by their structure, noted when the trait changes, closed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from hub import db
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import corrections
from hub.registry.corrections import Answer, AnswerKind, Asking, Correction, CorrectionState, CorrectionTrait
from hub.registry.tables import CorrectionRequest, SourceIdentity
from hub.registry.values import Intake
from identity.status import IdentityStatus
from tests.factories import make_structure, parts_of
from tests.hub.registry.people import INS_ONE, SOLENE, at_once, incoming, qualified, rows, send

OFFICER, CLERK = 7, 12


def write(app: Flask, act: Callable[[Session], Any]) -> Any:
    with app.app_context(), db.transaction() as session:
        return act(session)


def ask(app: Flask, known: Intake, trait: CorrectionTrait = CorrectionTrait.BIRTH_NAME, **more: Any) -> Correction:
    values = {"message": "Vérifiez la pièce.", "officer_id": OFFICER} | more
    asking = Asking(source_identity_id=known.identity.id, trait=trait, **values)
    found: Correction = write(app, lambda s: corrections.ask(s, asking, parts_of(app).trail, SYSTEM))
    return found


def answer(app: Flask, item: Correction, kind: AnswerKind = AnswerKind.RIGHT, text: str = "Vu") -> Correction:
    given = Answer(kind=kind, text=text, staff_id=CLERK)
    trail = parts_of(app).trail
    found: Correction = write(
        app, lambda s: corrections.answer(s, item.id, item.organization_id, given, trail, SYSTEM)
    )
    return found


def close(app: Flask, item: Correction) -> Correction:
    found: Correction = write(app, lambda s: corrections.close(s, item.id, OFFICER, parts_of(app).trail, SYSTEM))
    return found


def reopen(app: Flask, item: Correction, message: str | None = None) -> Correction:
    found: Correction = write(
        app, lambda s: corrections.reopen(s, item.id, OFFICER, message, parts_of(app).trail, SYSTEM)
    )
    return found


def see(app: Flask, item: Correction) -> Correction:
    with app.app_context(), db.reading() as session:
        return corrections.one(session, item.id)


@pytest.fixture
def known(app: Flask) -> Intake:
    return send(app, incoming(make_structure(app)))


def test_a_request_goes_to_the_structure_of_the_identity(app: Flask, known: Intake) -> None:
    item = ask(app, known)

    assert (item.organization_id, item.state) == (known.identity.organization_id, CorrectionState.OPEN)
    assert item.due_at - item.asked_at == corrections.DUE
    (event,) = rows(app, AuditEvent, AuditEvent.action == "correction.ask")
    assert event.detail == {"request": item.id, "trait": "birth_name", "state": "open"}


@pytest.mark.parametrize("message", ["", " \n ", "é" * 1001])
def test_a_request_needs_a_message_that_fits(app: Flask, known: Intake, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        ask(app, known, message=message)

    assert caught.value.field == "message"


def test_a_request_about_nobody_is_refused(app: Flask) -> None:
    asking = Asking(source_identity_id=987_654, trait=CorrectionTrait.SEX, message="?", officer_id=OFFICER)

    with pytest.raises(NotFound):
        write(app, lambda s: corrections.ask(s, asking, parts_of(app).trail, SYSTEM))


def test_the_same_trait_is_asked_once_until_it_is_closed(app: Flask, known: Intake) -> None:
    item = ask(app, known)

    with pytest.raises(Conflict):
        ask(app, known)
    ask(app, known, CorrectionTrait.SEX)
    close(app, item)

    assert ask(app, known).id != item.id


def test_two_officers_who_ask_at_once_ask_once(app: Flask, known: Intake) -> None:
    found = at_once(app, lambda: ask(app, known), lambda: ask(app, known))

    assert sorted(type(item).__name__ for item in found) == ["Conflict", "Correction"]
    assert len(rows(app, CorrectionRequest)) == 1


def test_an_answer_is_the_structure_s_alone_and_given_once(app: Flask, known: Intake) -> None:
    item = ask(app, known)
    other = make_structure(app, "Clinique du Parc")
    given = Answer(kind=AnswerKind.RIGHT, text="Vu", staff_id=CLERK)

    with pytest.raises(NotFound):
        write(app, lambda s: corrections.answer(s, item.id, other.id, given, parts_of(app).trail, SYSTEM))
    answered = answer(app, item)
    with pytest.raises(Conflict):
        answer(app, item)

    assert answered.state is CorrectionState.ANSWERED
    assert (answered.answer_kind, answered.answer, answered.answered_by) == (AnswerKind.RIGHT, "Vu", CLERK)


@pytest.mark.parametrize("kind", [AnswerKind.RIGHT, AnswerKind.UNKNOWN])
def test_an_answer_that_changes_nothing_needs_words(app: Flask, known: Intake, kind: AnswerKind) -> None:
    item = ask(app, known)

    with pytest.raises(Invalid) as caught:
        answer(app, item, kind, " ")

    assert caught.value.field == "text"
    assert answer(app, item, AnswerKind.CORRECTED, "").answer is None


@pytest.mark.parametrize(
    ("trait", "changes", "expected"),
    [
        (CorrectionTrait.BIRTH_NAME, {"birth_name": "BAUDRILLART"}, CorrectionState.CORRECTED),
        (CorrectionTrait.BIRTH_NAME, {"phone": "+33639980099"}, CorrectionState.OPEN),
        (CorrectionTrait.PHONE, {"phone": None}, CorrectionState.CORRECTED),
        (CorrectionTrait.ADDRESS, {"address": None}, CorrectionState.CORRECTED),
        (CorrectionTrait.IDENTITY, {"given_names": ("SOLENE",)}, CorrectionState.CORRECTED),
        (CorrectionTrait.IDENTITY, {"email": "solene@exemple.fr"}, CorrectionState.OPEN),
    ],
)
def test_a_request_notes_by_itself_that_its_trait_changed(
    app: Flask, trait: CorrectionTrait, changes: dict[str, Any], expected: CorrectionState
) -> None:
    structure = make_structure(app)
    item = ask(app, send(app, incoming(structure)), trait)

    send(app, incoming(structure, traits=replace(SOLENE, **changes)))

    found = see(app, item)
    assert found.state is expected
    assert (found.corrected_at is not None) == (expected is CorrectionState.CORRECTED)


def test_an_ins_and_a_status_are_traits_like_others(app: Flask) -> None:
    structure = make_structure(app)
    known = send(app, incoming(structure))
    ins, status = ask(app, known, CorrectionTrait.INS), ask(app, known, CorrectionTrait.STATUS)

    send(app, qualified(structure, "1", SOLENE, INS_ONE))

    assert {see(app, item).state for item in (ins, status)} == {CorrectionState.CORRECTED}
    assert IdentityStatus.QUALIFIED.value == rows(app, SourceIdentity)[0].status


def test_a_closed_request_is_left_as_it_is(app: Flask) -> None:
    structure = make_structure(app)
    item = close(app, ask(app, send(app, incoming(structure))))

    send(app, incoming(structure, traits=replace(SOLENE, birth_name="BAUDRILLART")))

    assert see(app, item).state is CorrectionState.CLOSED
    with pytest.raises(Conflict):
        close(app, item)
    with pytest.raises(Conflict):
        answer(app, item)


def test_a_request_is_opened_again_with_a_new_delay_and_its_former_answer(app: Flask, known: Intake) -> None:
    item = close(app, answer(app, ask(app, known)))

    again = reopen(app, item, "Regardez l'acte de naissance.")

    assert (again.state, again.message) == (CorrectionState.OPEN, "Regardez l'acte de naissance.")
    assert again.answer == "Vu"
    assert again.closed_at is None
    with pytest.raises(Conflict):
        reopen(app, item)


def test_a_request_asked_anew_meanwhile_is_not_opened_again(app: Flask, known: Intake) -> None:
    item = close(app, ask(app, known))
    ask(app, known)

    with pytest.raises(Conflict, match="déjà demandée"):
        reopen(app, item)


def test_lists_and_counts_put_who_waits_longest_first(app: Flask, known: Intake) -> None:
    other = send(app, incoming(make_structure(app, "Clinique du Parc"), "B-1"))
    late = ask(app, known, due_at=datetime.now(UTC) - timedelta(days=1))
    answered = answer(app, ask(app, known, CorrectionTrait.SEX))
    closed = close(app, ask(app, known, CorrectionTrait.PHONE))
    theirs = ask(app, other)

    with app.app_context(), db.reading() as session:
        mine = corrections.of_structure(session, late.organization_id, 1)
        assert [item.id for item in mine] == [late.id, answered.id, closed.id]
        assert [item.is_late for item in mine] == [True, False, False]
        assert [item.id for item in corrections.pending(session, 1)] == [late.id, answered.id, theirs.id]
        assert [item.id for item in corrections.pending(session, 1, theirs.organization_id)] == [theirs.id]
        assert corrections.of_structure(session, late.organization_id, 2) == []
        assert len(corrections.of_identity(session, known.identity.id)) == 3
        assert corrections.count_open(session, late.organization_id) == 1
        assert corrections.count_open_about(session, other.identity.id) == 1
        assert corrections.count_pending(session) == {
            CorrectionState.OPEN: 2, CorrectionState.ANSWERED: 1, CorrectionState.CORRECTED: 0,
        }  # fmt: skip
        first, second = corrections.count_by_structure(session)
        assert (first.organization_id, first.open, first.late) == (late.organization_id, 1, 1)
        assert (second.organization_id, second.open, second.late) == (theirs.organization_id, 1, 0)
        assert first.oldest == late.asked_at


def test_a_message_keeps_its_lines_and_nothing_that_no_screen_shows(app: Flask, known: Intake) -> None:
    assert ask(app, known, message=" Un\r\n\x00deux\x1b ").message == "Un\ndeux"
