"""A practice raises, doubts and completes an identity: evidence, INSi's answer, history."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.audit.tables import AuditEvent
from hub.insi.stub import Behaviour, Stub, read_people
from hub.insi.tables import InsiCall
from hub.registry.tables import FormerIns, ReviewTask, SourceIdentity, SourceIdentityRevision, StatusChange
from identity.evidence import Evidence
from identity.ins import InsOid, nir_key
from tests import stories
from tests.functional.practice_pages import Desk, recorded, rows, sit_down

PEOPLE = Path(__file__).parents[2] / "data" / "demonstration" / "insi.csv"
MATRICULE = "2550669381992" + nir_key("2550669381992")
OTHER = "2840569381993" + nir_key("2840569381993")


@pytest.fixture
def stub() -> Iterator[Stub]:
    running = Stub(read_people(PEOPLE)).start()
    yield running
    running.stop()


@pytest.fixture
def variables(variables: dict[str, str], stub: Stub) -> dict[str, str]:
    return variables | {"HUB_INSI_URL": stub.url, "HUB_INSI_SECONDS": "2"}


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


def page_of(desk: Desk, identity_id: int) -> str:
    return html.unescape(desk.get(f"/pratique/patients/{identity_id}/statut").text)


def act(desk: Desk, identity_id: int, path: str, **form: str) -> TestResponse:
    """Fill in a form of the page, with the version that it shows."""
    found = re.search(r'name="version" value="(\d+)"', page_of(desk, identity_id))
    version = {"version": found[1]} if found else {}
    return desk.post(f"/pratique/patients/{identity_id}/statut/{path}", **(version | form))


def search(desk: Desk, identity_id: int) -> str:
    """Ask INSi; return the path of its answer, which waits for a decision."""
    answer = act(desk, identity_id, "ins")
    assert answer.status_code == 302
    assert "/statut/ins/" in answer.location, html.unescape(desk.get(answer.location).text)
    return answer.location.partition("/statut/")[2]


def stored(desk: Desk, identity_id: int) -> SourceIdentity:
    (row,) = rows(desk.app, SourceIdentity, SourceIdentity.id == identity_id)
    return row


def qualified(desk: Desk, **changes: str) -> int:
    """Create somebody whom INSi knows, and qualify them."""
    identity_id = desk.create(**changes)
    assert act(desk, identity_id, search(desk, identity_id), decision="accept").status_code == 302
    assert act(desk, identity_id, "justificatif", evidence="PA").status_code == 302
    return identity_id


def test_a_card_says_what_is_missing_and_chooses_no_evidence(desk: Desk) -> None:
    identity_id = desk.create()

    page = page_of(desk, identity_id)

    assert "Identité provisoire" in page
    assert "La pièce d'identité reste à vérifier." in page
    assert "L'INS reste à obtenir." in page
    radios = re.findall(r'<input[^>]*name="evidence"[^>]*>', page)
    assert len(radios) == len([item for item in Evidence if not item.is_for_minors])
    assert not any("checked" in radio for radio in radios)


def test_evidence_is_recorded_with_who_and_when(desk: Desk) -> None:
    identity_id = desk.create()

    answer = act(desk, identity_id, "justificatif", evidence="PA")

    assert answer.location == f"/pratique/patients/{identity_id}/statut"
    page = page_of(desk, identity_id)
    assert "Identité validée" in page
    assert "Passeport" in page
    assert "Claire Martin" in page
    (change,) = rows(desk.app, StatusChange)
    assert (change.from_status, change.to_status, change.event, change.evidence) == (
        "PROV", "VALI", "evidence-checked", "PA",
    )  # fmt: skip
    (event,) = recorded(desk.app, "identity.status")
    assert event.detail == {"event": "evidence-checked", "from": "PROV", "to": "VALI", "evidence": "PA"}
    (revision,) = rows(desk.app, SourceIdentityRevision)
    assert revision.content["status"] == "PROV"


def test_no_evidence_chosen_is_told_and_nothing_is_recorded(desk: Desk) -> None:
    identity_id = desk.create()

    answer = act(desk, identity_id, "justificatif")

    assert answer.status_code == 422
    assert 'id="evidence-erreur"' in answer.text
    assert rows(desk.app, StatusChange) == []


def test_a_child_is_proved_with_a_parent_and_the_choice_is_kept(desk: Desk) -> None:
    identity_id = desk.create(birth_date="15/06/2018")

    alone = act(desk, identity_id, "justificatif", evidence="LE")
    together = act(desk, identity_id, "justificatif", evidence="LE", parent="CN")

    assert alone.status_code == 422
    assert 'id="parent-erreur"' in alone.text
    assert re.search(r'value="LE" checked', alone.text)
    assert together.status_code == 302
    (change,) = rows(desk.app, StatusChange)
    assert (change.evidence, change.parent_evidence) == ("LE", "CN")


def test_an_answer_is_compared_then_accepted_then_qualified(desk: Desk, stub: Stub) -> None:
    identity_id = desk.create()

    path = search(desk, identity_id)
    shown = desk.get(f"/pratique/patients/{identity_id}/statut/{path}").text
    before = stored(desk, identity_id)
    act(desk, identity_id, path, decision="accept")
    retrieved = stored(desk, identity_id)
    hidden = page_of(desk, identity_id)
    act(desk, identity_id, "justificatif", evidence="CN")

    assert "Identique" in shown
    assert MATRICULE not in shown + hidden
    assert (before.status, before.ins_matricule) == ("PROV", None)
    assert (retrieved.status, retrieved.ins_matricule, retrieved.ins_oid) == ("RECUP", MATRICULE, InsOid.NIR_TEST)
    assert stored(desk, identity_id).status == "QUAL"
    assert f"{MATRICULE} (NIR)" in page_of(desk, identity_id)
    (call,) = rows(desk.app, InsiCall)
    assert (call.state, call.answer) == ("accepted", None)
    assert stub.asked == 1


def test_a_validated_identity_is_qualified_with_insi_s_writing(desk: Desk) -> None:
    identity_id = desk.create(given_names="Solène")
    act(desk, identity_id, "justificatif", evidence="PA")

    act(desk, identity_id, search(desk, identity_id), decision="accept")

    row = stored(desk, identity_id)
    assert (row.status, row.given_names) == ("QUAL", "SOLENE MARTHE")


def test_traits_that_differ_from_checked_ones_want_the_evidence_again(desk: Desk) -> None:
    identity_id = desk.create(town="AJACCIO")
    act(desk, identity_id, "justificatif", evidence="PA")
    path = search(desk, identity_id)

    page = desk.get(f"/pratique/patients/{identity_id}/statut/{path}").text
    bare = act(desk, identity_id, path, decision="accept")
    status = stored(desk, identity_id).status
    again = act(desk, identity_id, path, decision="accept", evidence="PA")

    assert "Différent" in page
    assert bare.status_code == 422
    assert 'id="evidence-erreur"' in bare.text
    assert status == "VALI"
    assert again.status_code == 302
    row = stored(desk, identity_id)
    assert (row.status, row.birth_place) == ("QUAL", "69381")


def test_a_refused_answer_leaves_nothing_behind(desk: Desk) -> None:
    identity_id = desk.create()
    path = search(desk, identity_id)

    act(desk, identity_id, path, decision="refuse")

    row = stored(desk, identity_id)
    assert (row.status, row.ins_matricule) == ("PROV", None)
    (call,) = rows(desk.app, InsiCall)
    assert (call.state, call.answer) == ("refused", None)
    assert desk.get(f"/pratique/patients/{identity_id}/statut/{path}").status_code == 409


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], "INSi ne trouve personne"),
        (["TISSERAND", "TISSERAND"], "INSi trouve plusieurs personnes"),
    ],
    ids=["nobody", "several"],
)
def test_nobody_and_several_change_nothing(desk: Desk, stub: Stub, people: list[str], said: str) -> None:
    known = next(person for person in stub.people if person.birth_name == "TISSERAND")
    stub.people = [known for _ in people]
    identity_id = desk.create()

    answer = act(desk, identity_id, "ins")

    assert said in html.unescape(desk.get(answer.location).text)
    assert stored(desk, identity_id).status == "PROV"
    # The other given names, then the place: three questions at most, and nobody is chosen.
    assert stub.asked == (3 if people else 1)


def test_a_failure_never_blocks_and_is_asked_again_by_the_worker(desk: Desk, stub: Stub) -> None:
    known = next(person for person in stub.people if person.birth_name == "TISSERAND")
    stub.people = [replace(known, behaviour=Behaviour.FAULT)]
    identity_id = desk.create()

    answer = act(desk, identity_id, "ins")
    told = html.unescape(desk.get(answer.location).text)
    stub.people = [known]
    stories.work(desk.app, now=True)
    stories.work(desk.app, now=True)

    assert "les soins continuent sans INS" in told
    assert "INSi a répondu" in page_of(desk, identity_id)
    (call,) = rows(desk.app, InsiCall)
    assert (call.state, call.code, call.failures) == ("pending", "00", 1)


def test_a_doubt_takes_the_ins_away_and_keeps_it_in_the_past(desk: Desk) -> None:
    identity_id = qualified(desk)

    unexplained = act(desk, identity_id, "mention", event="doubt-raised")
    act(desk, identity_id, "mention", event="doubt-raised", comment="La photo ne ressemble pas.")

    assert unexplained.status_code == 422
    row = stored(desk, identity_id)
    assert (row.status, row.attributes, row.ins_matricule) == ("PROV", "DOUT", None)
    (former,) = rows(desk.app, FormerIns)
    assert (former.matricule, former.is_invalid, former.event) == (MATRICULE, True, "doubt-raised")
    page = page_of(desk, identity_id)
    assert "Identité douteuse" in page
    assert MATRICULE not in page
    assert act(desk, identity_id, "ins").status_code == 422
    evidence = desk.post(
        f"/pratique/patients/{identity_id}/statut/justificatif", evidence="PA", version=str(row.version)
    )
    assert evidence.status_code == 422
    assert act(desk, identity_id, "mention", event="doubt-lifted").status_code == 302
    assert stored(desk, identity_id).attributes == ""


@pytest.mark.parametrize(
    ("first", "second"),
    [("doubt-raised", "fictitious-set"), ("fictitious-set", "homonym-set"), ("homonym-set", "fictitious-set")],
)
def test_combinations_are_refused_in_words(desk: Desk, first: str, second: str) -> None:
    identity_id = desk.create()
    act(desk, identity_id, "mention", event=first, comment="Essai")

    answer = act(desk, identity_id, "mention", event=second, comment="Essai")

    assert answer.status_code == 422
    assert "ne se combine avec aucun attribut" in html.unescape(answer.text)
    assert re.search(r">Essai</textarea>", answer.text)


@pytest.mark.parametrize("event", ["", "insi-accepted", "insi-refused", "carte-vitale-app", "absorbed", "n'importe"])
def test_a_form_can_say_only_what_the_page_offers(desk: Desk, event: str) -> None:
    identity_id = desk.create()

    assert act(desk, identity_id, "mention", event=event, comment="Essai").status_code == 422
    assert rows(desk.app, StatusChange) == []


def test_an_ins_that_is_not_confirmed_leaves_and_an_officer_is_told(desk: Desk, stub: Stub) -> None:
    identity_id = qualified(desk)
    stub.people = []

    answer = act(desk, identity_id, "ins")

    assert "elle a été retirée" in html.unescape(desk.get(answer.location).text)
    row = stored(desk, identity_id)
    assert (row.status, row.ins_matricule) == ("VALI", None)
    (former,) = rows(desk.app, FormerIns)
    assert (former.matricule, former.is_invalid) == (MATRICULE, True)
    (task,) = rows(desk.app, ReviewTask, ReviewTask.kind == "ins")
    assert (task.source_identity_id, task.reasons) == (identity_id, ["insi-refused"])
    assert MATRICULE not in str(task.detail)


def test_a_new_number_waits_for_somebody_and_the_old_one_is_kept(desk: Desk, stub: Stub) -> None:
    identity_id = qualified(desk)
    known = next(person for person in stub.people if person.birth_name == "TISSERAND")
    other = next(person for person in stub.people if person.birth_name == "BAUDRILLARD")
    stub.people = [replace(known, ins=other.ins, former=(known.ins,))]

    path = search(desk, identity_id)
    held = stored(desk, identity_id).ins_matricule
    page = html.unescape(desk.get(f"/pratique/patients/{identity_id}/statut/{path}").text)
    act(desk, identity_id, path, decision="accept")

    assert held == MATRICULE
    assert "nouveau matricule" in page
    row = stored(desk, identity_id)
    assert (row.status, row.ins_matricule) == ("QUAL", OTHER)
    (former,) = rows(desk.app, FormerIns)
    assert (former.matricule, former.is_invalid, former.event) == (MATRICULE, False, "insi-accepted")


def test_a_refused_verification_withdraws_the_ins(desk: Desk, stub: Stub) -> None:
    identity_id = qualified(desk)
    known = next(person for person in stub.people if person.birth_name == "TISSERAND")
    stub.people = [replace(known, birth_name="TISSERANT")]

    act(desk, identity_id, search(desk, identity_id), decision="refuse")

    row = stored(desk, identity_id)
    assert (row.status, row.ins_matricule) == ("PROV", None)
    assert [task.reasons for task in rows(desk.app, ReviewTask, ReviewTask.kind == "ins")] == [["wrong-person"]]


def test_two_members_do_not_decide_on_what_the_other_changed(desk: Desk) -> None:
    identity_id = desk.create()
    path = f"/pratique/patients/{identity_id}/statut/justificatif"
    act(desk, identity_id, "mention", event="homonym-set")

    late = desk.post(path, evidence="PA", version="1")
    torn = desk.post(path, evidence="PA")

    assert late.status_code == 409
    assert torn.status_code == 409
    assert stored(desk, identity_id).status == "PROV"


def test_the_pages_of_another_structure_s_patient_do_not_exist(desk: Desk) -> None:
    neighbour = sit_down(desk.app, desk.app.test_client(), "Clinique du Parc")
    identity_id = neighbour.create()
    path = search(neighbour, identity_id)
    base = f"/pratique/patients/{identity_id}/statut"

    answers = [desk.get(base), desk.get(f"{base}/{path}")]
    forms = {"evidence": "PA", "event": "homonym-set", "decision": "accept", "version": "1"}
    answers += [desk.post(f"{base}/{end}", **forms) for end in ("justificatif", "mention", "ins", path)]
    answers += [desk.post(f"{base}/{end}") for end in ("justificatif", "mention", path)]

    assert {answer.status_code for answer in answers} == {404}
    assert stored(neighbour, identity_id).status == "PROV"
    own = desk.create(birth_name="Santucci", given_names="Ange", birth_date="12/05/1985", sex="M", town="AJACCIO")
    assert desk.get(f"/pratique/patients/{own}/statut/{path}").status_code == 404


def test_nobody_reaches_the_page_without_the_role(desk: Desk) -> None:
    identity_id = desk.create()

    answer = desk.app.test_client().get(f"/pratique/patients/{identity_id}/statut")

    assert answer.status_code == 302
    assert answer.location.startswith("/pratique/connexion")


def test_every_act_is_in_the_trail_without_a_matricule(desk: Desk) -> None:
    identity_id = qualified(desk)

    told = rows(desk.app, AuditEvent)
    actions = {event.action for event in told if event.subject_id == str(identity_id)}
    assert {"identity.status", "insi.request", "insi.answer", "insi.decide", "identity.read"} <= actions
    assert MATRICULE not in str([event.detail for event in told])
