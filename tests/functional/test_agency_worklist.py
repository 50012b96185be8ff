"""The work list: what is chosen, counted, kept as a filter, taken and given back, put off and commented."""

import html
import re
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.audit.tables import AuditEvent
from hub.registry import tasks
from hub.registry.tables import (
    CorrectionRequest,
    RecordedDeath,
    ReviewTask,
    SavedFilter,
    TaskComment,
)
from hub.registry.tasks import TaskKind
from identity.traits import BirthDate, Sex
from tests.factories import make_structure
from tests.functional.agency_pages import REASON, decide, new_officer, open_task, send_form
from tests.hub.registry.people import (
    PAUL,
    SOLENE,
    at_once,
    crowd,
    doubtful_pair,
    incoming,
    open_tasks,
    rivals,
    rows,
    send,
    stored,
)


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


def add_alone(app: Flask, kind: TaskKind, reason: str, **traits: object) -> int:
    """Open a task about one new identity; return its id."""
    sent = send(app, incoming(make_structure(app, "Cabinet Paul"), "P-1", replace(PAUL, **traits)))  # type: ignore[arg-type]
    with app.app_context(), db.transaction() as session:
        return tasks.open_alone(session, kind, sent.identity.id, reasons=[reason])


def test_each_kind_is_counted_and_can_be_chosen(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    alone = add_alone(app, TaskKind.INS, "insi-refused")

    whole = officer.get("/agence/").text
    chosen = officer.get("/agence/?sorte=ins").text

    assert re.search(r'Doublon possible <span class="number">1<', whole)
    assert re.search(r'INS à vérifier <span class="number">1<', whole)
    assert whole.index(f"/taches/{alone}") < whole.index(f"/taches/{pair.task.id}"), "the riskier comes first"
    assert f"/taches/{alone}?sorte=ins" in chosen
    assert f"/taches/{pair.task.id}?" not in chosen


def test_an_incomplete_comparison_shows_the_nearest_persons_and_is_closed(app: Flask, officer: FlaskClient) -> None:
    sister = replace(PAUL, given_names=("PIERRETTE",), sex=Sex.FEMALE, birth_date=BirthDate(1953, 11, 2))
    known = send(app, incoming(make_structure(app), traits=sister))
    crowd(app, PAUL)
    arrived = send(app, incoming(make_structure(app, "Cabinet Paul"), "P-1", PAUL))
    ((task_id, kind),) = [(task.id, task.kind) for task in open_tasks(app)]

    work = officer.get("/agence/?sorte=limited").text
    page = open_task(officer, task_id)
    answer = decide(officer, page, task_id, "vu")

    assert kind is TaskKind.LIMITED
    assert re.search(r'Comparaison incomplète <span class="number">1<', work)
    merging = f"/agence/personnes/{arrived.identity.person_id}/reunion/"
    assert re.findall(f'href="{merging}([0-9]+)"', page) == [str(known.identity.person_id)]
    assert "PIERRETTE" in page
    assert re.search(r"deux personnes \((?:[0-9]|moins)", html.unescape(page))
    assert "Même personne" not in page
    assert answer.status_code == 302
    assert open_tasks(app) == []
    assert "Vue et réglée" in officer.get("/agence/?etat=traitees").text
    closed = open_task(officer, task_id)
    assert "Vue et réglée" in closed
    assert merging not in closed


def test_an_incomplete_comparison_near_nobody_says_so(app: Flask, officer: FlaskClient) -> None:
    crowd(app, PAUL)
    send(app, incoming(make_structure(app), traits=PAUL))
    (task,) = open_tasks(app)

    page = open_task(officer, task.id)

    assert "Personne dans l'index ne lui ressemble." in html.unescape(page)
    assert f"/agence/recherche?avec={task.left.person_id}" in page
    assert decide(officer, page, task.id, "meme").status_code == 422, "nobody to merge with"


def test_the_rivals_of_a_candidate_are_shown_and_the_next_is_announced(app: Flask, officer: FlaskClient) -> None:
    one, other, arrived = rivals(app)
    (task,) = [item for item in open_tasks(app) if item.kind is TaskKind.MARGIN]
    (rival,) = [item.identity.person_id for item in (one, other) if item.identity.id != task.right.id]

    page = open_task(officer, task.id)
    answer = decide(officer, page, task.id, "differentes")

    assert "Qui d'autre lui ressemble presque autant" in html.unescape(page)
    merging = f"/agence/personnes/{arrived.identity.person_id}/reunion/"
    assert re.findall(f'href="{merging}([0-9]+)"', page) == [str(rival)]
    shown = rows(app, AuditEvent, AuditEvent.action == "person.shown")
    assert [event.subject_id for event in shown] == [str(rival)]
    (following,) = [item for item in open_tasks(app) if item.left.id == arrived.identity.id]
    assert following.right.person_id == rival
    told = officer.get(answer.location).text
    assert re.search(rf"Une autre personne lui ressemble\s: tâche\s{following.id}\.", told)


@pytest.mark.parametrize(
    "query", ["etat=jamais", "sorte=rien", "structure=x", "structure=" + "9" * 30, "prises=1&retard=1", "page=-2"]
)
def test_a_strange_choice_is_no_error(officer: FlaskClient, query: str) -> None:
    assert officer.get(f"/agence/?{query}").status_code == 200


def test_a_filter_is_kept_under_a_name_and_forgotten_by_its_owner_only(app: Flask, officer: FlaskClient) -> None:
    other = new_officer(app, "Bruno Aubert")
    page = officer.get("/agence/?sorte=collision").text

    saved = send_form(officer, "/agence/filtres?sorte=collision&retard=1", page, name="  Urgences ")
    shown = officer.get("/agence/").text
    (row,) = rows(app, SavedFilter)
    send_form(other, f"/agence/filtres/{row.id}/oublier", other.get("/agence/").text)

    assert saved.status_code == 302
    assert 'href="/agence/?sorte=collision&amp;retard=1">Urgences</a>' in shown
    assert (row.name, len(rows(app, SavedFilter))) == ("Urgences", 1)
    send_form(officer, f"/agence/filtres/{row.id}/oublier", shown)
    assert rows(app, SavedFilter) == []


def test_a_filter_without_name_is_asked_again(officer: FlaskClient) -> None:
    answer = send_form(officer, "/agence/filtres?sorte=ins", officer.get("/agence/").text, name=" ")

    assert answer.status_code == 422
    assert "Donnez à ce filtre un nom" in answer.text
    assert 'action="/agence/filtres?sorte=ins"' in answer.text


def test_the_second_officer_sees_who_has_the_task_and_cannot_decide(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)
    other = new_officer(app, "Bruno Aubert")

    seen = open_task(other, pair.task.id)
    refused = send_form(
        other, f"/agence/taches/{pair.task.id}", seen, decision="differentes", comment=REASON, version="1"
    )

    assert "Hélène Garnier" in seen
    assert "a cette tâche jusqu'au" in seen.replace("&#39;", "'")
    assert 'name="decision"' not in seen
    assert refused.status_code == 409
    assert REASON in refused.text
    assert decide(officer, page, pair.task.id, "differentes").status_code == 302


def test_a_task_given_back_is_free_for_another(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)

    answer = send_form(officer, f"/agence/taches/{pair.task.id}/rendre", page)
    seen = open_task(new_officer(app, "Bruno Aubert"), pair.task.id)

    assert answer.status_code == 302
    assert "Vous avez cette tâche" in seen


def test_a_task_put_off_leaves_the_list_and_shows_among_the_deferred(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    answer = decide(officer, open_task(officer, pair.task.id), pair.task.id, "differer", jours="10")

    assert answer.status_code == 302
    assert "Tout est traité" in officer.get("/agence/").text
    later = officer.get("/agence/?etat=differees").text
    assert "revient le" in later
    assert rows(app, AuditEvent, AuditEvent.action == "review.defer")


@pytest.mark.parametrize("days", ["", "0", "9999", "dix"])
def test_an_impossible_delay_keeps_the_form(app: Flask, officer: FlaskClient, days: str) -> None:
    pair = doubtful_pair(app)

    answer = decide(
        officer, open_task(officer, pair.task.id), pair.task.id, "differer", "Attendre <la> pièce", jours=days
    )

    assert answer.status_code == 422
    assert "Attendre &lt;la&gt; pièce" in answer.text
    assert len(open_tasks(app)) == 1


def test_the_structure_is_asked_and_the_task_waits_for_it(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)
    side = str(pair.left.identity.id)

    answer = decide(
        officer, page, pair.task.id, "demander", "Le prénom est-il exact ?", identite=side, trait="given_names"
    )

    (asked,) = rows(app, CorrectionRequest)
    assert answer.status_code == 302
    assert (asked.source_identity_id, asked.task_id, asked.message) == (
        int(side),
        pair.task.id,
        "Le prénom est-il exact ?",
    )
    assert open_tasks(app) == []
    assert "1 demande de correction attend une réponse" in open_task(officer, pair.task.id)


@pytest.mark.parametrize("fields", [{"identite": "999"}, {"trait": "couleur"}, {"identite": ""}])
def test_a_question_to_nobody_or_about_nothing_is_refused(
    app: Flask, officer: FlaskClient, fields: dict[str, str]
) -> None:
    pair = doubtful_pair(app)
    good: dict[str, str | list[str]] = {"identite": str(pair.left.identity.id), "trait": "sex"}

    answer = decide(officer, open_task(officer, pair.task.id), pair.task.id, "demander", **good | fields)

    assert answer.status_code == 422
    assert rows(app, CorrectionRequest) == []
    assert len(open_tasks(app)) == 1


def test_a_comment_is_shown_to_the_others(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)

    answer = send_form(officer, f"/agence/taches/{pair.task.id}/commentaires", page, remarque="Appelé <le> cabinet")
    empty = send_form(officer, f"/agence/taches/{pair.task.id}/commentaires", page, remarque="  ")

    assert (answer.status_code, empty.status_code) == (302, 422)
    assert "Appelé &lt;le&gt; cabinet" in open_task(new_officer(app, "Bruno Aubert"), pair.task.id)
    assert len(rows(app, TaskComment)) == 1


def test_an_ins_task_is_closed_with_its_reason(app: Flask, officer: FlaskClient) -> None:
    task_id = add_alone(app, TaskKind.INS, "insi-refused")
    page = open_task(officer, task_id)

    answer = decide(officer, page, task_id, "vu")

    assert "Personnes différentes" not in page
    assert answer.status_code == 302
    (row,) = rows(app, ReviewTask)
    assert (row.state, row.comment) == ("same", REASON)


@pytest.mark.parametrize(("decision", "state"), [("confirmer", "confirmed"), ("ecarter", "refuted")])
def test_a_death_is_confirmed_or_set_aside(app: Flask, officer: FlaskClient, decision: str, state: str) -> None:
    task_id = add_alone(app, TaskKind.DEATH, "changed-after-death", death_date=date(2026, 3, 1))
    page = open_task(officer, task_id)
    key = re.search(r'name="deces" id="deces-1" value="([^"]+)"', page)
    assert key

    answer = decide(officer, page, task_id, decision, deces=key[1])

    assert answer.status_code == 302
    (row,) = rows(app, RecordedDeath)
    assert (row.state, row.comment) == (state, REASON)
    assert rows(app, ReviewTask)[0].state != "open"
    assert rows(app, AuditEvent, AuditEvent.action.like("death.%"))


def test_a_death_nobody_tells_is_not_found(app: Flask, officer: FlaskClient) -> None:
    task_id = add_alone(app, TaskKind.DEATH, "changed-after-death")
    page = open_task(officer, task_id)

    assert decide(officer, page, task_id, "confirmer", deces="").status_code == 422
    assert decide(officer, page, task_id, "confirmer", deces="1:file:2026-01-01").status_code == 404
    assert rows(app, ReviewTask)[0].state == "open"


def test_twins_are_told_apart_for_some_months(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)

    wrong = decide(officer, page, pair.task.id, "differentes", relation="twins", mois="douze")
    answer = decide(officer, page, pair.task.id, "differentes", relation="twins", mois="12")

    assert wrong.status_code == 422
    assert 'value="douze"' in wrong.text
    assert answer.status_code == 302
    person = officer.get(f"/agence/personnes/{pair.left.identity.person_id}").text
    assert "Jumeau connu" in person


def test_nothing_of_a_patient_is_in_an_address(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)

    pages = [officer.get("/agence/").text, open_task(officer, pair.task.id)]

    links = [link for page in pages for link in re.findall(r'(?:href|action)="([^"]+)"', page)]
    assert not [link for link in links if SOLENE.birth_name in link.upper() or "1984" in link]


@pytest.mark.parametrize("decision", ["differer", "demander"])
def test_a_task_that_changed_since_it_was_read_is_not_put_off(
    app: Flask, officer: FlaskClient, decision: str
) -> None:
    pair = doubtful_pair(app)
    page = open_task(officer, pair.task.id)
    left = stored(app, pair.left)
    changed = replace(left.traits, email="s@exemple.test")
    item = incoming(make_structure(app), left.value, changed)
    send(app, replace(item, organization_id=left.organization_id, domain=left.domain))
    fields = {"jours": "10", "identite": str(left.id), "trait": "given_names"}

    answer = decide(officer, page, pair.task.id, decision, "Attendre <la> pièce", **fields)

    assert answer.status_code == 409
    text = html.unescape(answer.text)
    assert f"l'identité n°\u00a0{left.id} a changé" in text
    assert "Attendre &lt;la&gt; pièce" in answer.text
    assert len(open_tasks(app)) == 1
    assert rows(app, TaskComment) == []
    assert rows(app, CorrectionRequest) == []


def test_two_officers_who_put_a_task_off_are_told_apart(app: Flask) -> None:
    first, second = new_officer(app), new_officer(app, "Bruno Aubert")
    pair = doubtful_pair(app)
    page = open_task(first, pair.task.id)
    send_form(first, f"/agence/taches/{pair.task.id}/rendre", page)
    other = open_task(second, pair.task.id)
    send_form(second, f"/agence/taches/{pair.task.id}/rendre", other)

    won = decide(second, other, pair.task.id, "differer", jours="10")
    late = decide(first, page, pair.task.id, "differer", "Attendre <la> pièce", jours="20")
    unread = decide(first, page, pair.task.id, "differer", jours="20", version="")

    assert (won.status_code, late.status_code, unread.status_code) == (302, 409, 409)
    assert "différée par un agent" in late.text
    assert "Attendre &lt;la&gt; pièce" in late.text
    assert len(rows(app, TaskComment)) == 1


def test_two_officers_who_put_a_task_off_at_once_make_one_delay(app: Flask) -> None:
    first, second = new_officer(app), new_officer(app, "Bruno Aubert")
    pair = doubtful_pair(app)
    page = open_task(first, pair.task.id)
    send_form(first, f"/agence/taches/{pair.task.id}/rendre", page)
    other = open_task(second, pair.task.id)
    send_form(second, f"/agence/taches/{pair.task.id}/rendre", other)

    answers = at_once(
        app,
        lambda: decide(first, page, pair.task.id, "differer", jours="10"),
        lambda: decide(second, other, pair.task.id, "differer", jours="20"),
    )

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert len(rows(app, TaskComment)) == 1


def test_a_task_decided_meanwhile_is_not_put_off_and_says_who_decided(app: Flask) -> None:
    first, second = new_officer(app), new_officer(app, "Bruno Aubert")
    pair = doubtful_pair(app)
    page = open_task(first, pair.task.id)
    send_form(first, f"/agence/taches/{pair.task.id}/rendre", page)
    decide(second, open_task(second, pair.task.id), pair.task.id, "differentes")

    answer = decide(first, page, pair.task.id, "differer", jours="10")

    assert answer.status_code == 409
    assert "déjà été traitée" in answer.text
    assert "Bruno Aubert" in answer.text


def test_a_task_taken_over_by_another_is_not_given_back_twice(app: Flask) -> None:
    first, second = new_officer(app), new_officer(app, "Bruno Aubert")
    pair = doubtful_pair(app)
    page = open_task(first, pair.task.id)
    path = f"/agence/taches/{pair.task.id}/rendre"
    send_form(first, path, page)
    open_task(second, pair.task.id)

    send_form(first, path, page)

    assert "Vous n'aviez plus la tâche" in html.unescape(first.get("/agence/").text)
    (task,) = open_tasks(app)
    assert task.claimed_by is not None


@pytest.mark.parametrize(("reason", "is_back"), [("death-withdrawn", False), ("death-undated", True)])
def test_a_task_put_off_comes_back_when_it_is_about_more(
    app: Flask, officer: FlaskClient, reason: str, is_back: bool
) -> None:
    task_id = add_alone(app, TaskKind.DEATH, "death-withdrawn")
    page = open_task(officer, task_id)
    decide(officer, page, task_id, "differer", jours="180")
    (task,) = rows(app, ReviewTask)

    with app.app_context(), db.transaction() as session:
        about = task.source_identity_id
        tasks.open_alone(session, TaskKind.DEATH, about, reasons=["death-withdrawn", reason])

    assert [task.id for task in open_tasks(app)] == ([task_id] if is_back else [])
