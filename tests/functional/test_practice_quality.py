"""A structure's own quality: its numbers beside the region's, its patients behind them, its letters, no more."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.audit.tables import AuditEvent
from hub.registry.tables import SourceIdentity
from hub.vigilance import letters, trends
from hub.vigilance.indicators import INDICATORS, Subject
from hub.vigilance.letters import TOLD
from hub.vigilance.tables import QualityLetter
from tests.factories import make_structure
from tests.functional.practice_pages import Desk, sit_down
from tests.hub.registry.people import PAUL, SOLENE, doubtful_pair, incoming, rows, send
from tests.identity.factories import make_traits

_LISTED = [item.code for item in INDICATORS if item.subject is Subject.IDENTITY]
_UNLISTED = [*[item.code for item in INDICATORS if item.subject is not Subject.IDENTITY][::6], "rien"]
BARE = make_traits("FOULQUIER", "ODILE", "1938-01-19", place=None)


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


def measure(app: Flask, back: int = 0) -> None:
    """Keep the numbers of a day."""
    with app.app_context(), db.transaction() as session:
        taken = trends.take(session)
        trends.keep(session, replace(taken, day=taken.day - timedelta(days=back)))


def month_of(app: Flask) -> str:
    with app.app_context(), db.reading() as session:
        return trends.day_of(db.now(session)).isoformat()[:7]


def told(desk: Desk, code: str) -> list[str]:
    """Return the cells of an indicator's row: the structure's, the region's."""
    page = html.unescape(desk.get("/pratique/qualite").text)
    row = re.search(rf'<tr role="row" id="{code}">.*?</tr>', page, re.DOTALL)
    assert row, code
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row[0], re.DOTALL)
    return [re.sub(r"<[^>]+>", "", re.sub(r'<span class="visually-hidden">.*?</span>', "", cell)) for cell in cells]


def test_a_structure_reads_its_numbers_beside_the_region_s(desk: Desk) -> None:
    send(desk.app, incoming(desk.structure, "1", BARE))
    send(desk.app, incoming(make_structure(desk.app, "Clinique du Parc"), "2", PAUL))
    send(desk.app, incoming(make_structure(desk.app, "Clinique de la Mer"), "3", SOLENE))
    measure(desk.app)

    page = html.unescape(desk.get("/pratique/qualite").text)

    assert told(desk, "identites")[:2] == ["1", "3"]
    assert told(desk, "sans-lieu")[:2] == ["100,0\u00a0%", "33,3\u00a0%"]
    assert told(desk, "sans-lieu")[2].startswith("1 sur 1")
    assert "Demandez le lieu de naissance" in page
    assert "Clinique" not in page, "no other structure is told"
    assert "FOULQUIER" not in page, "numbers only"


def test_the_region_stands_beside_what_the_letters_tell_and_nothing_else(desk: Desk) -> None:
    send(desk.app, incoming(desk.structure))
    measure(desk.app)

    assert told(desk, "taches")[:2] == ["0", "–"]
    assert told(desk, "liens-automatiques")[1] == "–"
    for item in INDICATORS:
        if item.chapter in TOLD:
            assert told(desk, item.code)[0]


def test_a_number_opens_the_structure_s_own_patients(desk: Desk) -> None:
    own = send(desk.app, incoming(desk.structure, "IPP-77", BARE)).identity
    send(desk.app, incoming(make_structure(desk.app, "Clinique du Parc"), "2", replace(PAUL, birth_place=None)))
    measure(desk.app)
    board = desk.get("/pratique/qualite").text

    page = html.unescape(desk.get("/pratique/qualite/sans-lieu/liste").text)

    assert 'href="/pratique/qualite/sans-lieu/liste"' in board
    assert 'href="/pratique/qualite/taches/liste"' not in board
    assert f'href="/pratique/patients/{own.id}"' in page
    assert "IPP-77" in page
    assert "née le 19/01/1938" in page
    assert page.count("/pratique/patients/") == 1
    assert "KERVADEC" not in page


@pytest.mark.parametrize("code", _LISTED)
def test_no_list_holds_an_identity_of_another_structure(desk: Desk, code: str) -> None:
    pair = doubtful_pair(desk.app)
    with desk.app.app_context(), db.transaction() as session:
        for side in (pair.left, pair.right):
            session.get_one(SourceIdentity, side.identity.id).held = True

    page = desk.get(f"/pratique/qualite/{code}/liste")

    assert page.status_code == 200
    assert "/pratique/patients/" not in page.text


@pytest.mark.parametrize("code", _UNLISTED)
def test_what_compares_identities_of_others_has_no_list(desk: Desk, code: str) -> None:
    doubtful_pair(desk.app)

    assert desk.get(f"/pratique/qualite/{code}/liste").status_code == 404


def test_the_pages_of_a_list_follow_each_other(desk: Desk) -> None:
    for number in range(51):
        send(desk.app, incoming(desk.structure, str(number), BARE))

    first = desk.get("/pratique/qualite/identites/liste").text
    second = desk.get("/pratique/qualite/identites/liste?page=2").text

    assert first.count('href="/pratique/patients/') == 50
    assert "page=2" in first
    assert second.count('href="/pratique/patients/') == 1
    assert "page=3" not in second


def test_a_structure_downloads_its_own_letters(desk: Desk) -> None:
    other = make_structure(desk.app, "Clinique du Parc")
    send(desk.app, incoming(desk.structure))
    send(desk.app, incoming(other, "2", PAUL))
    measure(desk.app, back=40)
    measure(desk.app)
    month = month_of(desk.app)
    with desk.app.app_context(), db.transaction() as session:
        (before,) = [item for item in letters.months_of(session, desk.structure.id) if item != month]
        letters.keep(session, before, desk.structure.id, b"%PDF-1.4 telle quelle")
        letters.keep(session, before, other.id, b"%PDF-1.4 d'une autre")

    page = desk.get("/pratique/qualite").text
    kept = desk.get(f"/pratique/qualite/lettres/{before}.pdf")
    present = desk.get(f"/pratique/qualite/lettres/{month}.pdf")

    assert f'href="/pratique/qualite/lettres/{before}.pdf"' in page
    assert "mois en cours" in page
    assert kept.data == b"%PDF-1.4 telle quelle"
    assert kept.headers["Content-Disposition"] == f'attachment; filename="qualite-{before}-{desk.structure.code}.pdf"'
    assert present.data.startswith(b"%PDF")
    assert len(rows(desk.app, QualityLetter)) == 2, "the letter of a month that is not over is not kept"


@pytest.mark.parametrize("month", ["2020-01", "1", "2026-13", "..%2f"])
def test_a_month_without_a_letter_is_not_found(desk: Desk, month: str) -> None:
    send(desk.app, incoming(make_structure(desk.app, "Clinique du Parc"), "2", PAUL))
    measure(desk.app)

    assert desk.get(f"/pratique/qualite/lettres/{month}.pdf").status_code == 404
    assert desk.get(f"/pratique/qualite/lettres/{month_of(desk.app)}.pdf").status_code == 404


def test_before_the_first_measure_the_page_says_so(desk: Desk) -> None:
    page = html.unescape(desk.get("/pratique/qualite").text)

    assert "Aucun chiffre encore." in page
    assert "Aucune lettre encore" in page


def test_each_reading_is_in_the_trail(desk: Desk) -> None:
    send(desk.app, incoming(desk.structure, "1", BARE))
    measure(desk.app)
    month = month_of(desk.app)

    for path in ("/pratique/qualite", "/pratique/qualite/sans-lieu/liste", f"/pratique/qualite/lettres/{month}.pdf"):
        desk.get(path)

    found = rows(desk.app, AuditEvent, AuditEvent.action.like("quality.%"))
    assert [(event.action, event.subject_kind, event.subject_id, event.organization_id) for event in found] == [
        (action, "organization", str(desk.structure.id), desk.structure.id)
        for action in ("quality.dashboard", "quality.list", "quality.letter")
    ]
    assert found[1].detail == {"indicator": "sans-lieu", "page": 1, "shown": 1}
    assert found[2].detail == {"month": month}


def test_the_page_speaks_english_too(desk: Desk) -> None:
    send(desk.app, incoming(desk.structure, "1", BARE))
    measure(desk.app)
    desk.client.set_cookie("hub_lang", "en")

    page = html.unescape(desk.get("/pratique/qualite").text)

    assert "Quality of identities" in page
    assert "Nothing is urgent. Thank you for your vigilance." in page
    assert "Without place of birth" in page
