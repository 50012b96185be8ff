"""Blind readings: pairs drawn at random, read without the decision, and the rates that come of it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import db
from hub.accounts.sessions import Space
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.errors import Conflict
from hub.registry.tables import ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind, TaskState
from hub.vigilance import samples
from hub.vigilance.samples import Answer, Reading, Request, SampleKind
from hub.vigilance.tables import Sample, SampleItem
from tests.factories import Credential, log_in, make_staff, make_structure, parts_of, token_of
from tests.hub.registry.people import (
    SOLENE,
    doubtful_pair,
    incoming,
    open_tasks,
    rows,
    send,
    settle,
)
from tests.identity.factories import make_traits

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def member(app: Flask) -> Credential:
    """The officer who reads."""
    return make_staff(app, None, "Hélène Garnier")


@pytest.fixture
def officer(client: FlaskClient, member: Credential) -> FlaskClient:
    """A browser in which that officer is logged in."""
    log_in(client, member, Space.AGENCY)
    return client


def _links(app: Flask, count: int = 4) -> None:
    """Let two structures send the same persons: the matching links them alone."""
    one, other = make_structure(app), make_structure(app, "Clinique du Parc")
    for number in range(count):
        traits = make_traits(
            ("BAUDRILLARD", "KERVADEC", "OLLIVIER", "TANGUY")[number % 4],
            ("SOLENE", "PAUL", "YANN", "MAEL")[number % 4],
            f"19{50 + number}-0{1 + number % 9}-14",
            line=f"{number} RUE DES LILAS",
            postcode="69001",
            phone=f"+3363998{number:04d}",
        )
        send(app, incoming(one, str(number), traits))
        send(app, incoming(other, f"B{number}", traits))


def _draw(app: Flask, kind: SampleKind = SampleKind.LINKS, size: int = 10, by: int = 5) -> int:
    with app.app_context(), db.transaction() as session:
        return samples.draw(session, Request(kind, size, LONG_AGO), by, parts_of(app).trail, SYSTEM)


def _answer(app: Flask, item_id: int, answer: Answer, officer: int = 5) -> None:
    with app.app_context(), db.transaction() as session:
        samples.answer(session, Reading(item_id, answer, "Vu", officer), parts_of(app).trail, SYSTEM)


def _items(app: Flask) -> list[SampleItem]:
    return rows(app, SampleItem)


def _decided(left: int, right: int, state: str, officer: int, moment: datetime) -> ReviewTask:
    """A task that an officer settled."""
    return ReviewTask(
        kind="collision",
        source_identity_id=left,
        candidate_identity_id=right,
        score=1.0,
        reasons=[],
        priority=1,
        state=state,
        created_at=moment,
        due_at=moment,
        decided_at=moment,
        decided_by=officer,
    )


def _post(officer: FlaskClient, path: str, page: str, **form: str) -> TestResponse:
    return officer.post(path, data={"csrf_token": token_of(page), **form})


def test_the_same_seed_draws_the_same_pairs_whatever_came_since(app: Flask) -> None:
    _links(app)
    sample_id = _draw(app, size=3)
    _links(app, 2)

    with app.app_context(), db.reading() as session:
        again = samples.drawn_again(session, sample_id)

    (sample,) = rows(app, Sample)
    assert again
    assert (sample.size, sample.population, len(sample.seed)) == (3, 4, 16)
    assert [item.rank for item in _items(app)] == [1, 2, 3]


def test_another_seed_draws_another_order(app: Flask) -> None:
    _links(app)
    drawn = {_draw(app) for _ in range(8)}

    orders = {tuple(item.left_id for item in _items(app) if item.sample_id == sample_id) for sample_id in drawn}

    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


def test_a_link_chosen_by_a_professional_or_an_officer_is_not_drawn(app: Flask) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.SAME)

    with pytest.raises(Exception, match="Rien n'a été décidé"):
        _draw(app)


def test_a_link_undone_since_is_still_drawn(app: Flask) -> None:
    _links(app, 1)
    with app.app_context(), db.transaction() as session:
        session.get_one(SourceIdentity, 2).active = False

    _draw(app)

    assert len(_items(app)) == 1


def test_the_page_of_a_pair_tells_nothing_of_the_decision(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    author = make_staff(app, None, "Bernadette Première")
    settle(app, pair.task, TaskState.SAME, "Le motif de la première lecture", author.id)
    _draw(app, SampleKind.VERDICTS)
    (item,) = _items(app)

    page = officer.get(f"/agence/qualite/lectures/paires/{item.id}").text

    main = re.search(r"<main.*?<details class=\"shortcuts", page, re.DOTALL)
    assert main
    body = main[0]
    shown = re.sub(r'<span class="visually-hidden">.*?</span>|<[^>]+>', "", body)
    for trait in ("BAUDRILLARD", " ".join(SOLENE.given_names), "MARINE", "17/05/1984"):
        assert trait in shown
    score = f"{pair.task.score:.1f}"
    for secret in ("Le motif de la première", "Bernadette", "score", "Score", "bits", "Jumeaux", "réunie", "seuil",
                   score, score.replace(".", ","), f"taches/{pair.task.id}", "decision", "doublon",
                   "officier", "personnes/"):  # fmt: skip
        assert secret not in body, secret
    assert body.count('value="same"') == body.count('value="different"') == body.count('value="unsure"') == 1
    assert "checked" not in body
    assert rows(app, AuditEvent)[-1].action == "sample.show"


def test_links_are_read_one_after_the_other_with_a_reason(app: Flask, officer: FlaskClient) -> None:
    _links(app, 2)
    page = officer.get("/agence/qualite/lectures").text
    form = {"kind": "links", "since": "2020-01-01", "size": "2"}
    drawn = _post(officer, "/agence/qualite/lectures", page, **form)
    results = officer.get(drawn.location).text
    first = re.search(r"/agence/qualite/lectures/paires/\d+", results)
    assert first
    pair = officer.get(first[0]).text

    without = _post(officer, first[0], pair, answer="same", reason=" ")
    nothing = _post(officer, first[0], pair, reason="Je ne sais")
    kept = _post(officer, first[0], pair, answer="same", reason="Tout concorde")
    second = _post(officer, kept.location, officer.get(kept.location).text, answer="unsure", reason="Trop peu")

    assert "Indiquez le motif" in without.text
    assert 'value="same" checked' in without.text
    assert "Choisissez une réponse" in nothing.text
    assert (without.status_code, nothing.status_code) == (422, 422)
    assert second.location == drawn.location
    end = officer.get(drawn.location).text
    assert "0,00" in end
    assert "97,50" in end
    assert "1 paire impossible à dire" in end
    assert "Toutes les paires sont lues" in end


def test_a_link_found_false_opens_a_task(app: Flask) -> None:
    _links(app, 3)
    sample_id = _draw(app)
    items = _items(app)

    _answer(app, items[0].id, Answer.DIFFERENT)
    _answer(app, items[1].id, Answer.SAME)
    _answer(app, items[2].id, Answer.UNSURE)

    (task,) = open_tasks(app)
    assert (task.kind, task.reasons) == (TaskKind.COLLISION, ("sample-different",))
    assert {task.left.id, task.right.id} == {items[0].left_id, items[0].right_id}
    assert _items(app)[0].opened_task_id == task.id
    with app.app_context(), db.reading() as session:
        found = samples.false_links(session, sample_id)
    assert (found.hits, found.size) == (1, 2)


def test_a_link_undone_since_and_found_false_opens_nothing(app: Flask) -> None:
    _links(app, 1)
    _draw(app)
    (item,) = _items(app)
    with app.app_context(), db.transaction() as session:
        from hub.registry import links

        session.get_one(SourceIdentity, item.left_id).person_id = links.new_person(session)

    _answer(app, item.id, Answer.DIFFERENT)

    assert open_tasks(app) == []


def test_a_reader_sees_both_sides_as_they_were_decided(app: Flask, officer: FlaskClient) -> None:
    _links(app, 1)
    _draw(app)
    (item,) = _items(app)
    identity = rows(app, SourceIdentity)[0]
    later = make_traits("BAUDRILLARD", "SOLENE", "1950-01-14", line="99 AVENUE NEUVE", postcode="69001")
    structure = replace(make_structure(app), id=identity.organization_id, domain=identity.domain)
    send(app, incoming(structure, identity.value, later))

    page = officer.get(f"/agence/qualite/lectures/paires/{item.id}").text

    assert "0 RUE DES LILAS" in page
    assert "AVENUE NEUVE" not in page


def test_nobody_reads_a_pair_that_they_decided(app: Flask, officer: FlaskClient, member: Credential) -> None:
    pair = doubtful_pair(app)
    settle(app, pair.task, TaskState.DIFFERENT, officer=member.id)
    sample_id = _draw(app, SampleKind.VERDICTS, by=member.id)
    (item,) = _items(app)

    answer = officer.get(f"/agence/qualite/lectures/paires/{item.id}")

    assert answer.status_code == 302
    assert "sont pour un autre agent" in officer.get(f"/agence/qualite/lectures/{sample_id}").text
    with pytest.raises(Conflict, match="déjà décidé"):
        _answer(app, item.id, Answer.SAME, member.id)


def test_nobody_reads_a_link_about_which_they_decided(app: Flask) -> None:
    _links(app, 1)
    _draw(app)
    (item,) = _items(app)
    with app.app_context(), db.transaction() as session:
        session.add(_decided(item.right_id, item.left_id, "same", 5, db.now(session)))

    with pytest.raises(Conflict, match="déjà décidé"):
        _answer(app, item.id, Answer.SAME, 5)
    _answer(app, item.id, Answer.SAME, 6)


def test_a_pair_is_read_once(app: Flask) -> None:
    _links(app, 1)
    _draw(app)
    (item,) = _items(app)
    _answer(app, item.id, Answer.SAME, 5)

    with pytest.raises(Conflict, match="vient d'être lue"):
        _answer(app, item.id, Answer.DIFFERENT, 6)


def test_two_officers_agree_or_are_listed_for_discussion(app: Flask, officer: FlaskClient) -> None:
    _links(app)
    with app.app_context(), db.transaction() as session:
        for low in (1, 3, 5, 7):
            session.add(_decided(low, low + 1, "different", 7, db.now(session)))
    sample_id = _draw(app, SampleKind.VERDICTS)
    items = _items(app)
    assert len(items) == 4
    _answer(app, items[0].id, Answer.SAME, 8)
    for item in items[1:]:
        _answer(app, item.id, Answer.DIFFERENT, 8)

    with app.app_context(), db.reading() as session:
        found = samples.agreement(session, sample_id)
        differing = samples.disagreements(session, sample_id)
    page = officer.get(f"/agence/qualite/lectures/{sample_id}").text

    assert (found.different_same, found.different_different) == (1, len(items) - 1)
    assert [(item.item_id, item.first, item.second) for item in differing] == [
        (items[0].id, Answer.DIFFERENT, Answer.SAME)
    ]
    assert f"/agence/taches/{items[0].task_id}" in page
    assert "Kappa de Cohen" in page


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "links", "since": "", "size": "5"}, "Écrivez la date"),
        ({"kind": "links", "since": "2020-01-01", "size": "beaucoup"}, "en chiffres"),
        ({"kind": "links", "since": "2020-01-01", "size": "0"}, "Tirez de 1"),
        ({"kind": "tout", "since": "2020-01-01", "size": "5"}, "Choisissez ce qui est relu"),
        ({"kind": "verdicts", "since": "2020-01-01", "size": "5"}, "Rien n&#39;a été décidé"),
        ({"kind": "links", "since": "0001-01-01", "size": "5"}, "Écrivez la date"),
    ],
)
def test_a_draw_that_cannot_be_is_refused_with_what_to_do(
    officer: FlaskClient, form: dict[str, str], words: str
) -> None:
    answer = _post(officer, "/agence/qualite/lectures", officer.get("/agence/qualite/lectures").text, **form)

    assert answer.status_code == 422
    assert words in answer.text


def test_the_page_says_how_many_pairs_show_a_rate(officer: FlaskClient) -> None:
    page = officer.get("/agence/qualite/lectures").text

    assert "Règle de trois" in page
    assert re.search(r"1 sur 1\s000</th><td[^>]*>2\s995</td>", page)


def test_a_draw_is_made_again_from_its_page(app: Flask, officer: FlaskClient) -> None:
    _links(app)
    sample_id = _draw(app)
    page = officer.get(f"/agence/qualite/lectures/{sample_id}").text

    answer = _post(officer, f"/agence/qualite/lectures/{sample_id}/refaire", page)

    assert "les mêmes paires sortent" in officer.get(answer.location).text
    assert timedelta() < datetime.now(UTC) - rows(app, Sample)[0].drawn_at
