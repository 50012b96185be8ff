"""Every address that names something, called by whoever it does not concern: nothing is shown, nothing changes.

The matrix is made from the URL map, so that a new page is in it from its first day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from hub import db
from hub.accounts.portal_accounts import Account
from hub.accounts.sessions import Space
from hub.accounts.tables import StaffUser
from hub.audit.trail import SYSTEM
from hub.directory.values import Structure
from hub.registry import corrections, identities, operations, worklist
from hub.registry.corrections import Asking, CorrectionTrait
from hub.registry.operations import FourEyes
from hub.registry.tasks import Task
from hub.routing.tables import Delivery
from tests import stories
from tests.factories import Credential, log_in, make_staff, make_structure, parts_of, sample_pdf
from tests.functional.intruders import form_token, make_draft, patient_browser, snapshot
from tests.hub.registry.people import doubtful_pair, rows

_SPACES = ("practice", "agency", "portal")


@dataclass(frozen=True, slots=True)
class World:
    """What belongs to one structure, its patient and the agency, and the ids that lead there."""

    app: Flask
    structure: Structure
    member: Credential
    account: Account
    ids: dict[str, int]
    draft_id: int


@pytest.fixture
def world(app: Flask) -> World:
    structure = make_structure(app)
    member = make_staff(app, structure)
    identity = stories.know(app, structure)
    account = stories.open_account(app, structure, member, identity)
    stories.activate(app, account)
    sent = stories.send(app, structure, member, identity, copy=True)
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(Delivery).values(state="failed", reason="x"))
    draft_id = make_draft(app, structure, member, identity.id)
    task = doubtful_pair(app).task
    officer = make_staff(app, None)
    ids = _left_by_officers(app, officer.id, identity.id, task) | {
        "sending_id": sent.id,
        "delivery_id": sent.deliveries[0].id,
        "identity_id": identity.id,
        "person_id": identity.person_id,
        "task_id": task.id,
        "number": 1,
    }
    return World(app, structure, member, account, ids, draft_id)


def _left_by_officers(app: Flask, officer_id: int, identity_id: int, task: Task) -> dict[str, int]:
    """Have an officer propose an operation, ask for a correction and keep a filter; return the ids of these."""
    trail = parts_of(app).trail
    with app.app_context(), db.transaction() as session:
        groups = identities.of_persons(session, [task.left.person_id, task.right.person_id])
        order = operations.order_of_merge(groups, "Vu", officer_id, task.id)
        proposed = operations.carry_out(session, order, FourEyes.ALL, trail, SYSTEM)
        trait = CorrectionTrait.SEX
        asking = Asking(source_identity_id=identity_id, trait=trait, message="À revoir", officer_id=officer_id)
        asked = corrections.ask(session, asking, trail, SYSTEM)
        worklist.save_filter(session, officer_id, "Urgences", "retard=1")
        ((filter_id, _, _),) = worklist.saved_filters(session, officer_id)
    return {"operation_id": proposed.id, "request_id": asked.id, "filter_id": filter_id} | dict.fromkeys(
        ("organization_id", "sample_id", "item_id", "call_id", "indicator", "month", "model_id", "other_id"), 1
    )


def _calls(world: World) -> Iterator[tuple[str, str, str]]:
    """Give space, method and path of every address with an id; drafts are tried beside what was sent."""
    for rule in world.app.url_map.iter_rules():
        space = rule.endpoint.partition(".")[0]
        if space not in _SPACES or not rule.arguments:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for sending_id in sorted({world.ids["sending_id"], world.draft_id}):
                yield space, method, _path(world, rule, world.ids | {"sending_id": sending_id})
                if "sending_id" not in rule.arguments:
                    break


def _path(world: World, rule: Rule, ids: dict[str, int]) -> str:
    unknown = rule.arguments - ids.keys()
    assert not unknown, f"the matrix has no value for {unknown}: add one"
    with world.app.test_request_context():
        return url_for(rule.endpoint, **{name: ids[name] for name in rule.arguments})


def _forms(path: str) -> dict[str, str]:
    """Return a form that would be accepted from whoever may send it."""
    act = "send" if path.endswith("/resume") else "remove:professional:1"
    return {
        "act": act, "copy": "oui", "title": "Titre pris", "type": "57833-6", "email": "autre@example.org",
        "mobile": "06 39 98 00 09", "signatory": "holder", "channel": "face-a-face", "consented": "oui",
        "decision": "meme", "version": "1", "comment": "Pris",
    }  # fmt: skip


def _call(client: FlaskClient, method: str, path: str, token: str) -> TestResponse:
    if method == "GET":
        return client.get(path)
    return client.open(path, method=method, data={"csrf_token": token, **_forms(path)})


def _refused(answer: TestResponse) -> bool:
    if answer.status_code == 404:
        return True
    return answer.status_code == 302 and "/connexion" in answer.location


def _strangers(world: World) -> dict[str, FlaskClient]:
    """Give the browsers of whoever has no right to anything of the world."""
    app = world.app
    neighbour = make_structure(app, "Cabinet voisin")
    colleague = app.test_client()
    log_in(colleague, make_staff(app, neighbour, "Un voisin"), Space.PRACTICE)
    traits = stories.jeanne(birth_name="LEGRAND", given_names=("PAULE",), used_name=None, birth_place="33063")
    identity = stories.know(app, neighbour, traits, value="V-1")
    other = stories.open_account(app, neighbour, make_staff(app, neighbour), identity, email="paule@example.org")
    stories.activate(app, other, "une tout autre phrase")
    return {"a neighbour": colleague, "a patient": patient_browser(app, other), "nobody": app.test_client()}


def test_nothing_of_others_is_reached_through_any_address_with_an_id(world: World) -> None:
    strangers = _strangers(world)
    before = snapshot(world.app)
    calls = list(_calls(world))
    assert len(calls) > 20

    reached = []
    for who, browser in strangers.items():
        token = form_token(browser)
        for _, method, path in calls:
            answer = _call(browser, method, path, token)
            if not _refused(answer):
                reached.append((who, method, path, answer.status_code))

    assert reached == []
    assert snapshot(world.app) == before


def test_an_officer_and_a_member_do_not_enter_each_other_s_space(world: World) -> None:
    officer, member = world.app.test_client(), world.app.test_client()
    log_in(officer, make_staff(world.app, None), Space.AGENCY)
    log_in(member, world.member, Space.PRACTICE)
    for browser, own, foreign in ((officer, "agency", "practice"), (member, "practice", "agency")):
        cookie = browser.get_cookie(f"hub_{own}")
        assert cookie
        for name in (foreign, "portal", "provider"):
            browser.set_cookie(f"hub_{name}", cookie.value)
    before = snapshot(world.app)

    reached = []
    for own, browser in (("agency", officer), ("practice", member)):
        token = form_token(browser)
        for space, method, path in _calls(world):
            if space != own and not _refused(answer := _call(browser, method, path, token)):
                reached.append((own, method, path, answer.status_code))

    assert reached == []
    assert snapshot(world.app) == before


def test_the_owner_reaches_what_the_matrix_tries(world: World) -> None:
    member, patient = world.app.test_client(), patient_browser(world.app, world.account)
    log_in(member, world.member, Space.PRACTICE)
    browsers = {"practice": member, "portal": patient}

    answers = {
        path: browsers[space].get(path).status_code
        for space, method, path in _calls(world)
        if method == "GET" and space in browsers
    }

    assert answers.pop(f"/pratique/envois/{world.draft_id}") == 404
    assert answers.pop(f"/pratique/patients/{world.ids['identity_id']}/statut/ins/1") == 404, "INSi answered nothing"
    assert answers.pop("/pratique/qualite/1/liste") == 404, "no indicator has this name, and whoever asks has a list"
    assert answers.pop("/pratique/qualite/lettres/1.pdf") == 404, "no month either"
    assert [path for path, status in answers.items() if status not in (200, 302)] == []
    assert list(answers.values()).count(200) > 8


def test_ids_in_the_query_or_the_form_reach_nothing_of_others_either(world: World) -> None:
    neighbour = _strangers(world)["a neighbour"]
    token = form_token(neighbour)
    before = snapshot(world.app)
    draft, identity = world.draft_id, world.ids["identity_id"]

    form = {"csrf_token": token, "birth_date": "14/03/1946", "letters": "DUR"}
    answers = [
        neighbour.get(f"/pratique/patients?envoi={draft}"),
        neighbour.get(f"/pratique/patients/nouveau?envoi={draft}"),
        neighbour.post(f"/pratique/patients?envoi={draft}", data=form),
        neighbour.post(f"/pratique/envois/nouveau?patient={identity}",
                       data={"csrf_token": token, "file": (BytesIO(sample_pdf()), "x.pdf")}),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 4
    assert snapshot(world.app) == before


def test_only_a_person_that_a_search_showed_can_be_chosen(world: World) -> None:
    neighbour = _strangers(world)["a neighbour"]
    token, person_id = form_token(neighbour), world.ids["person_id"]
    path = f"/pratique/patients/{person_id}/choisir"
    guessed = neighbour.post(path, data={"csrf_token": token})

    found = neighbour.post(
        "/pratique/patients", data={"csrf_token": token, "birth_date": "14/03/1946", "letters": "DUR"}
    )
    chosen = neighbour.post(path, data={"csrf_token": token})

    assert guessed.status_code == 404
    assert f"/{person_id}/choisir" in found.text
    assert chosen.status_code == 302


@pytest.mark.parametrize("space", _SPACES)
def test_an_id_too_large_for_the_database_is_not_found(world: World, space: str) -> None:
    browser = world.app.test_client()
    if space == "portal":
        browser = patient_browser(world.app, world.account)
    else:
        log_in(browser, make_staff(world.app, world.structure if space == "practice" else None), Space(space))
    token = form_token(browser)
    huge = World(world.app, world.structure, world.member, world.account, dict.fromkeys(world.ids, 2**70), 2**70)

    answers = {
        (method, path): _call(browser, method, path, token).status_code
        for where, method, path in _calls(huge)
        if where == space
    }

    assert set(answers.values()) == {404}


@pytest.mark.parametrize(
    "path",
    [
        "/pratique/envois?page=99999999999999999999999",
        f"/pratique/patients?envoi={2**70}",
        f"/pratique/patients/nouveau?envoi={2**70}",
        f"/agence/?page={2**70}",
    ],
)
def test_a_huge_number_in_the_query_is_no_error(world: World, path: str) -> None:
    browser = world.app.test_client()
    log_in(browser, make_staff(world.app, world.structure), Space.PRACTICE)
    log_in(browser, make_staff(world.app, None), Space.AGENCY)

    assert browser.get(path).status_code in (200, 404)


def test_a_huge_patient_or_correspondent_is_no_error(world: World) -> None:
    browser = world.app.test_client()
    log_in(browser, world.member, Space.PRACTICE)
    token = form_token(browser)

    upload = browser.post(
        f"/pratique/envois/nouveau?patient={2**70}",
        data={"csrf_token": token, "file": (BytesIO(sample_pdf()), "x.pdf")},
    )
    added = browser.post(
        f"/pratique/envois/{world.draft_id}/destinataires",
        data={"csrf_token": token, "act": f"add:professional:{2**70}"},
    )

    assert (upload.status_code, added.status_code) == (404, 404)


def test_a_member_who_is_no_longer_active_loses_access_at_once(world: World) -> None:
    browser = world.app.test_client()
    log_in(browser, world.member, Space.PRACTICE)
    assert browser.get("/pratique/").status_code == 200
    with world.app.app_context(), db.transaction() as session:
        session.execute(sa.update(StaffUser).where(StaffUser.id == world.member.id).values(active=False))

    assert _refused(browser.get("/pratique/"))
    assert _refused(browser.get(f"/pratique/envois/{world.ids['sending_id']}"))


def test_another_structure_s_delivery_is_not_sent_again_through_an_own_sending(world: World) -> None:
    neighbour = make_structure(world.app, "Cabinet voisin")
    member = make_staff(world.app, neighbour)
    own = make_draft(world.app, neighbour, member, stories.know(world.app, neighbour, value="V-2").id)
    browser = world.app.test_client()
    log_in(browser, member, Space.PRACTICE)

    path = f"/pratique/envois/{own}/remises/{world.ids['delivery_id']}/renvoyer"
    answer = browser.post(path, data={"csrf_token": form_token(browser)})

    assert answer.status_code == 404
    assert {row.state for row in rows(world.app, Delivery)} == {"failed"}
