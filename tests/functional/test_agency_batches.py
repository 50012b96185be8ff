"""Easy cases decided together: none ticked beforehand, a dry run, one verdict each, a refused one stops no other."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.audit.tables import AuditEvent
from hub.registry import tasks
from hub.registry.tables import ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind
from hub.registry.values import Intake
from tests.factories import make_structure
from tests.functional.agency_pages import REASON, new_officer, send_form
from tests.hub.registry.people import PAUL, SOLENE, incoming, rows, send, stored
from tests.identity.factories import make_traits

_PEOPLE = (
    ("LEMOINE", "CLAIRE ANNE", "1960-03-04"),
    ("TANGUY", "MATHILDE", "1971-11-19"),
    ("ROUDAUT", "NOEMIE", "1988-07-27"),
)


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


def easy(app: Flask, rank: int) -> tuple[Intake, Intake, int]:
    """Make two persons that are plainly one, and the task that asks; the engine would have joined them."""
    name, given, born = _PEOPLE[rank]
    traits = make_traits(name, given, born, phone=f"+3363998000{rank}")
    other = make_traits("AUTRE", "ZOE", born)
    one, two = (
        send(app, incoming(make_structure(app), "A-1", other)),
        send(app, incoming(make_structure(app), "B-1", traits)),
    )
    with app.app_context(), db.transaction() as session:
        row = session.get_one(SourceIdentity, one.identity.id)
        row.birth_name, row.given_names, row.phone = name, given, traits.phone
        session.flush()
        tasks._open(session, TaskKind.DUPLICATE, (two.identity.id, one.identity.id), 9.0, ["score-review"], {})
    (task_id,) = [task.id for task in rows(app, ReviewTask) if task.source_identity_id == two.identity.id]
    return one, two, task_id


def boxes(page: str) -> dict[int, str]:
    """Return the boxes of a page by task: what each would send."""
    return {
        int(value.partition(":")[0]): value for value in re.findall(r'name="taches" id="[^"]+" value="([^"]+)"', page)
    }


def test_easy_cases_are_listed_with_none_ticked_and_hard_ones_left_out(app: Flask, officer: FlaskClient) -> None:
    _, _, task_id = easy(app, 0)
    send(app, incoming(make_structure(app), "H-1"))
    send(app, incoming(make_structure(app), "H-2", replace(SOLENE, given_names=("MARINE",), phone=None)))

    page = officer.get("/agence/cas-faciles").text

    assert list(boxes(page)) == [task_id]
    assert "checked" not in page[page.index('class="cards easy"') : page.index("Motif commun")]


def test_a_dry_run_says_what_each_would_do_and_does_nothing(app: Flask, officer: FlaskClient) -> None:
    one, two, task_id = easy(app, 0)
    page = officer.get("/agence/cas-faciles").text

    preview = send_form(
        officer, "/agence/cas-faciles", page, taches=boxes(page)[task_id], comment=REASON, etape="apercu"
    )

    assert preview.status_code == 200
    assert "1 identité, 0 document" in preview.text
    assert stored(app, one).person_id != stored(app, two).person_id


def test_each_is_decided_by_itself_and_a_refused_one_is_told(app: Flask, officer: FlaskClient) -> None:
    cases = [easy(app, rank) for rank in range(3)]
    page = officer.get("/agence/cas-faciles").text
    ticked = list(boxes(page).values())
    changed = stored(app, cases[1][0])
    again = incoming(make_structure(app), changed.value, PAUL)
    send(app, replace(again, organization_id=changed.organization_id, domain=changed.domain))

    done = send_form(officer, "/agence/cas-faciles", page, taches=ticked, comment=REASON, etape="appliquer")

    assert len(ticked) == 3
    assert done.status_code == 200
    together = [stored(app, one).person_id == stored(app, two).person_id for one, two, _ in cases]
    assert together == [True, False, True]
    assert "2 / 3" in done.text
    assert "Refusée" in done.text
    assert len(rows(app, AuditEvent, AuditEvent.action == "review.decide")) == 2


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"taches": []}, "Cochez au moins un cas"),
        ({"comment": " "}, "Indiquez le motif"),
        ({"taches": ["x:y"]}, "Cochez"),
    ],
    ids=["none", "no reason", "strange"],
)
def test_without_case_or_reason_the_form_is_kept(
    app: Flask, officer: FlaskClient, fields: dict[str, str | list[str]], words: str
) -> None:
    _, _, task_id = easy(app, 0)
    page = officer.get("/agence/cas-faciles").text
    form: dict[str, str | list[str]] = {"taches": boxes(page)[task_id], "comment": "Vu <ensemble>", **fields}

    answer = send_form(officer, "/agence/cas-faciles", page, **form)

    assert answer.status_code == 422
    assert words in answer.text


def test_the_decisions_ask_for_the_proof_and_keep_the_boxes(app: Flask) -> None:
    officer = new_officer(app, proven=False)
    _, _, task_id = easy(app, 0)
    page = officer.get("/agence/cas-faciles").text

    answer = send_form(
        officer, "/agence/cas-faciles", page, taches=boxes(page)[task_id], comment=REASON, etape="appliquer"
    )

    assert answer.status_code == 403
    assert f'name="taches" value="{boxes(page)[task_id]}"' in answer.text


@pytest.mark.parametrize("query", ["seuil=2", "seuil=abc", "forme=rien", "forme="])
def test_a_strange_choice_is_no_error(officer: FlaskClient, query: str) -> None:
    assert officer.get(f"/agence/cas-faciles?{query}").status_code == 200
