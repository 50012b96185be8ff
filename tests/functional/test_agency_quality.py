"""An officer reads the quality dashboard: each number opens its rows, is plotted, exported, and told in a letter."""

import csv
import io
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.sessions import Space
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM, Trail
from hub.directory import organizations
from hub.errors import Conflict
from hub.registry import identification, load, tasks
from hub.registry.identification import Asking
from hub.registry.load import LoadOptions
from hub.registry.tables import CorrectionRequest, ReviewTask, SourceIdentity
from hub.registry.tasks import TaskKind, TaskState
from hub.vigilance import letters, listing, quality, trends
from hub.vigilance.indicators import AGES, BY_CODE, INDICATORS, KINDS, Chapter, Indicator, Unit
from hub.vigilance.listing import Choice
from hub.vigilance.quality import Figure
from hub.vigilance.tables import QualityDay, QualityLetter
from hub.vigilance.trends import Point
from hub.web import quality_charts, quality_files, quality_words
from identity.ins import InsOid
from identity.status import IdentityStatus
from tests.factories import log_in, make_staff, make_structure, parts_of
from tests.hub.registry.people import PAUL, SOLENE, doubtful_pair, incoming, open_tasks, rows, send, settle
from tests.stories import work

ROOT = Path(__file__).parents[2]
# The generator writes no such identity, and the load refuses one without birth name or given name.
_NEVER_HERE = {"sans-nom", "sans-prenom", "taches-changed", "taches-death", "taches-margin"}


@pytest.fixture
def officer(app: Flask, client: FlaskClient) -> FlaskClient:
    """A browser in which an officer is logged in."""
    log_in(client, make_staff(app, None, "Hélène Garnier"), Space.AGENCY)
    return client


@pytest.fixture(scope="module")
def region_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's own files, of a small region."""
    folder = tmp_path_factory.mktemp("region")
    script = ROOT / "data" / "demonstration" / "generate.py"
    command = [sys.executable, str(script), "--seed", "7", "--persons", "300", "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def region(app: Flask, region_files: Path, tmp_path: Path) -> Flask:
    """The demonstration region loaded, some of its tasks decided, some deferred or late."""
    from hub.demonstration import region as demonstration

    parts = parts_of(app)
    options = LoadOptions(parts.settings.accepted_oids, InsOid.NIR_TEST)
    with app.app_context():
        demonstration.register_directory(region_files, parts)
        for path in sorted(region_files.glob("identities-*.csv")):
            load.load(path, options, parts.registrar, SYSTEM, tmp_path / path.name, lambda done: None)
    for number, task in enumerate(open_tasks(app)[:8]):
        # Two qualified INS, for one, forbid « same », and a decision changes other tasks: then the pair stays.
        with suppress(Conflict):
            settle(app, task, TaskState.SAME if number % 2 else TaskState.DIFFERENT, officer=9)
    with app.app_context(), db.transaction() as session:
        _trouble(session, parts.trail)
    return app


def _trouble(session: Session, trail: Trail) -> None:
    """Give the region one of every trouble that an indicator counts, and tasks of all ages."""
    moment = db.now(session)
    identities = session.scalars(sa.select(SourceIdentity).order_by(SourceIdentity.id)).all()
    for number, row in enumerate(identities):
        if number % 11 == 0:
            row.phone = row.email = row.address_line = None
        row.held = number % 23 == 0
        row.active = number % 29 != 0
        row.birth_date = (row.birth_date or "")[:4] if number % 31 == 0 else row.birth_date
        row.attributes = {0: "DOUT", 1: "FICT"}.get(number % 37, row.attributes)
        row.sex = "U" if number % 41 == 0 else row.sex
        row.birth_date_presumed = number % 19 == 0
        row.status = "RECUP" if number % 43 == 0 else row.status
    for one, other in pairwise(identities[:40]):
        tasks.open_collision(session, (one.id, other.id), 0.0, [])
    for one, other in pairwise(identities[80:100]):
        if one.person_id != other.person_id:
            tasks.open_pair(session, (one.id, other.id), 0.0, [])
    for item in identities[40:50]:
        tasks.open_alone(session, TaskKind.INS, item.id, reasons=["ins-refused"])
    for item in identities[50:60]:
        tasks.open_alone(session, TaskKind.LIMITED, item.id, reasons=["candidates-limited"])
    for item in identities[60:70]:
        asking = Asking(organization_id=item.organization_id, traits=SOLENE, message="", staff_id=3)
        asked = identification.ask(session, asking, trail, SYSTEM)
    identification.withdraw(session, asked, trail, SYSTEM)
    for number, task in enumerate(session.scalars(sa.select(ReviewTask).order_by(ReviewTask.id))):
        task.created_at = moment - timedelta(days=number % 45, minutes=5)
        task.due_at = task.created_at + timedelta(days=20)
    session.add(
        CorrectionRequest(
            organization_id=identities[0].organization_id,
            source_identity_id=identities[0].id,
            trait="sex",
            message="Sexe à vérifier",
            state="open",
            asked_by=9,
            asked_at=moment,
            due_at=moment + timedelta(days=15),
        )
    )


def _structures(app: Flask) -> list[int]:
    with app.app_context(), db.reading() as session:
        return sorted(item.id for item in organizations.all_with_domain(session).values())


def test_the_numbers_equal_the_rows_behind_them_on_the_demonstration_region(region: Flask) -> None:
    with region.app_context(), db.reading() as session:
        moment = db.now(session)
        places = quality.measure(session, moment)
        wrong = []
        for place, figures in places.items():
            for figure in figures.values():
                choice = Choice(figure.indicator, moment, place)
                behind = list(listing.every(session, choice))
                numbers = {figure.rows, len(behind), len({row.id for row in behind}), listing.count(session, choice)}
                if len(numbers) != 1:
                    wrong.append((place, figure.indicator.code, numbers))

    region_figures = places[None]
    assert wrong == []
    assert len(places) > 5
    counted = {code for code, figure in region_figures.items() if figure.numerator}
    assert counted >= {item.code for item in INDICATORS if item.is_kept} - _NEVER_HERE


def test_the_numbers_are_those_of_a_count_by_hand(region: Flask) -> None:
    with region.app_context(), db.reading() as session:
        moment = db.now(session)
        found = quality.measure(session, moment)[None]
        by_hand = {
            code: session.scalar(sa.text(f"SELECT count(*) FROM source_identity i WHERE active AND {condition}"))
            for code, condition in {
                "identites": "1 = 1",
                "statut-qual": "status = 'QUAL'",
                "sans-lieu": "(birth_place IS NULL OR birth_place IN ('', '99999'))",
                "sans-contact": "coalesce(phone, '') || coalesce(email, '') || coalesce(address_line, '') = ''",
                "doublons": "id > (SELECT min(o.id) FROM source_identity o WHERE o.active "
                "AND o.person_id = i.person_id AND o.organization_id = i.organization_id)",
            }.items()
        }
        by_hand["personnes"] = session.scalar(
            sa.text("SELECT count(*) FROM (SELECT DISTINCT person_id FROM source_identity WHERE active) AS one")
        )
        seconds = sorted(
            (row.decided_at - row.created_at).total_seconds()
            for row in session.scalars(sa.select(ReviewTask).where(ReviewTask.state != "open"))
            if row.decided_at
        )

    assert {code: found[code].numerator for code in by_hand} == by_hand
    assert found["delai-median"].numerator == round(seconds[(len(seconds) + 1) // 2 - 1])
    assert {found[f"statut-{item.value.lower()}"].denominator for item in IdentityStatus} == {by_hand["identites"]}


def test_statuses_and_ages_add_up(region: Flask) -> None:
    with region.app_context(), db.reading() as session:
        places = quality.measure(session, db.now(session))

    for figures in places.values():
        statuses = sum(figures[f"statut-{item.value.lower()}"].numerator for item in IdentityStatus)
        ages = sum(figures[f"taches-age-{code}"].numerator for code in ("0-2", "3-7", "8-30", "31"))
        kinds = sum(figures[item.code].numerator for item in INDICATORS if not item.is_kept)
        assert statuses == figures["identites"].numerator
        assert ages == kinds == figures["taches"].numerator
    one = [figures["identites"].numerator for place, figures in places.items() if place is not None]
    assert sum(one) == places[None]["identites"].numerator


def test_each_number_on_the_page_is_the_total_of_the_list_it_opens(region: Flask, officer: FlaskClient) -> None:
    pages = ["/agence/qualite", f"/agence/qualite/{_structures(region)[0]}"]

    for page in pages:
        text = officer.get(page).text
        links = set(re.findall(r'<a href="(/agence/qualite/[a-z0-9-]+/liste[^"]*)">([^<]+)<span', text))
        assert len(links) > 30, page
        for link, shown in sorted(links)[::3]:
            listed = officer.get(link.replace("&amp;", "&")).text
            total = re.search(r"data-total>(\d+)", listed)
            assert total, link
            assert listed.count("data-row=") == min(int(total[1]), listing.PAGE)
            if shown.strip().isdigit():
                assert shown.strip() == total[1], link


def _exported(officer: FlaskClient, path: str) -> list[dict[str, str]]:
    header, *found = _csv(officer.get(path).data)
    return [dict(zip(header, row, strict=True)) for row in found]


def _of_place(region: Flask) -> dict[str, str]:
    """Return what an address needs to ask for a structure, by the code that files give it."""
    with region.app_context(), db.reading() as session:
        found = organizations.all_with_domain(session).values()
        return {"": ""} | {item.code: f"?structure={item.id}" for item in found}


def _behind(indicator: Indicator, rows: list[dict[str, str]], among: int) -> tuple[int, float | None]:
    """Work a number out from the rows of its file: how many, and what they make."""
    if indicator.unit is Unit.COUNT:
        return len(rows), float(len(rows))
    if indicator.unit is Unit.SHARE:
        return len(rows), 100 * len(rows) / among if among else None
    hours = sorted(float(row["délai en heures"].replace(",", ".")) for row in rows)
    half = 0.5 if indicator.unit is Unit.MEDIAN else 0.9
    return len(rows), next((hour for place, hour in enumerate(hours, 1) if place >= half * len(hours)), None)


def test_every_number_of_every_structure_is_made_of_the_rows_of_its_file(region: Flask, officer: FlaskClient) -> None:
    places, wrong = _of_place(region), []

    for told in _exported(officer, "/agence/qualite/export.csv"):
        item = BY_CODE[told["indicateur"]]
        among = int(told["dénominateur"] or 0)
        path = f"/agence/qualite/{item.code}/liste"
        place = places[told["code structure"]]
        count, value = _behind(item, _exported(officer, f"{path}.csv{place}"), among)
        made = None if value is None else pytest.approx(value, abs=0.01)
        shown = re.search(r"data-total>(\d+)", officer.get(path + place).text) if count else None
        total = int(shown[1]) if shown else 0
        stated = float(told["valeur"].replace(",", ".")) if told["valeur"] else None
        rows_told = among if item.unit.is_delay else int(told["numérateur"])
        if not (rows_told == count == total and stated == made):
            wrong.append((told, count, total, value))

    assert wrong == []
    assert len(places) > 5


def test_what_a_day_keeps_is_what_the_dashboard_says(region: Flask, officer: FlaskClient) -> None:
    _snapshot(region)
    places, numbers = _of_place(region), ("numérateur", "dénominateur", "valeur", "unité")

    for told in _exported(officer, "/agence/qualite/export.csv"):
        path = f"/agence/qualite/{told['indicateur']}/evolution.csv{places[told['code structure']]}"
        if BY_CODE[told["indicateur"]].is_kept:
            (day,) = _exported(officer, path)
            assert [day[name] for name in numbers] == [told[name] for name in numbers], path
        else:
            assert officer.get(path).status_code == 404


def test_a_list_shows_who_and_why_and_is_audited(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app)
    send(app, incoming(structure, "IPP-7", replace(SOLENE, birth_place=None)))

    page = officer.get("/agence/qualite/sans-lieu/liste").text

    for words in ("BAUDRILLARD", "IPP-7", "Cabinet des Lilas", "Identité provisoire", "Sans lieu de naissance"):
        assert words in page
    event = rows(app, AuditEvent)[-1]
    assert (event.action, event.detail["indicator"], event.detail["shown"]) == ("quality.list", "sans-lieu", 1)


def test_a_structure_sees_its_own_rows_and_a_task_of_two_counts_for_both(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    ids = [pair.left.identity.organization_id, pair.right.identity.organization_id]
    send(app, incoming(make_structure(app, "Cabinet Paul"), "9", PAUL))

    with app.app_context(), db.reading() as session:
        places = quality.measure(session, db.now(session))

    assert [places[place]["doublons-proposes"].numerator for place in (None, *ids)] == [1, 1, 1]
    page = officer.get(f"/agence/qualite/doublons-proposes/liste?structure={ids[0]}").text
    assert page.count("data-row=") == 1
    assert "Cabinet des Lilas" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/agence/qualite/inconnu/liste", 404),
        ("/agence/qualite/doublons/liste?structure=999999", 404),
        ("/agence/qualite/doublons/liste?structure=99999999999999999999999", 404),
        ("/agence/qualite/999999", 404),
        ("/agence/qualite/doublons/liste?page=-1", 200),
        ("/agence/qualite/inconnu/evolution", 404),
        ("/agence/qualite/lectures/99", 404),
        ("/agence/qualite/lectures/paires/99", 404),
        ("/agence/qualite?structure=-1", 404),
        ("/agence/qualite?structure=abc", 200),
        ("/agence/qualite?tri=inconnu", 200),
        ("/agence/qualite?tri=doublons&tri=%00", 200),
        ("/agence/qualite/99999999999999999999", 404),
        ("/agence/qualite/export.csv?structure=99999999999999999999", 404),
        ("/agence/qualite/inconnu/liste.csv", 404),
        ("/agence/qualite/doublons/liste.csv?structure=-5", 404),
        ("/agence/qualite/doublons/liste?page=99999999999999999999", 200),
        ("/agence/qualite/doublons/liste?page=1.5&structure=%F0%9F%98%80", 200),
        ("/agence/qualite/taches-duplicate-0-2/evolution", 404),
        ("/agence/qualite/taches-duplicate-0-2/evolution.csv", 404),
        ("/agence/qualite/doublons/evolution.csv?structure=99999999999999999999", 404),
        ("/agence/qualite/%00/liste", 404),
        ("/agence/qualite/lettres/2026-10/1.pdf", 404),
        ("/agence/qualite/lettres/2026-10/99999999999999999999.pdf", 404),
        ("/agence/qualite/lectures/99999999999999999999", 404),
        ("/agence/qualite/lectures/paires/99999999999999999999", 404),
    ],
)
def test_strange_addresses_are_no_fault(officer: FlaskClient, path: str, status: int) -> None:
    assert officer.get(path).status_code == status


@pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-02-30", "octobre", "%00", "9999-99", "２０２６-10"])
def test_a_strange_month_is_refused_with_words(app: Flask, officer: FlaskClient, month: str) -> None:
    structure = make_structure(app)

    answer = officer.get(f"/agence/qualite/lettres/{month}/{structure.id}.pdf")

    assert answer.status_code == 422
    assert "Écrivez le mois" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/agence/qualite", "/agence/qualite/export.csv", "/agence/qualite/doublons/liste", "/agence/qualite/lettres",
     "/agence/qualite/doublons/liste.csv", "/agence/qualite/doublons/evolution", "/agence/qualite/lectures"],
)  # fmt: skip
def test_only_officers_enter(app: Flask, client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 302

    log_in(client, make_staff(app, make_structure(app)), Space.PRACTICE)

    assert "/agence/connexion" in client.get(path).location


def _csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_figures_are_exported_with_their_structures(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app, "=HYPERLINK(1)")
    send(app, incoming(structure, "1"))

    answer = officer.get("/agence/qualite/export.csv")

    header, *found = _csv(answer.data)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert tuple(header) == quality_files.FIGURES
    assert [structure.code, "'=HYPERLINK(1)", "identites", "Identités actives", "1", "", "1", "nombre"] in found
    assert ["", "Région", "statut-prov", "Identités provisoires", "1", "1", "100", "%"] in found
    assert len(found) == 2 * len(INDICATORS)
    assert rows(app, AuditEvent)[-1].action == "quality.export"


def test_a_list_is_exported_without_traits_or_ins(region: Flask, officer: FlaskClient) -> None:
    answer = officer.get("/agence/qualite/statut-qual/liste.csv")

    header, *found = _csv(answer.data)
    with region.app_context(), db.reading() as session:
        secrets = session.execute(
            sa.text("SELECT ins_matricule, birth_name, phone FROM source_identity WHERE status = 'QUAL'")
        ).all()
        total = quality.measure(session, db.now(session))[None]["statut-qual"].numerator
    assert tuple(header) == quality_files.ROWS
    assert len(found) == total > 10
    assert {row[3] for row in found} == {"QUAL"}
    cells = {cell for row in found for cell in row}
    for matricule, name, phone in secrets:
        assert not cells & {matricule, name, phone}
        assert matricule not in answer.text


@pytest.mark.parametrize("cell", ["=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert quality_files.safe(cell).startswith("'")


@pytest.mark.parametrize("cell", ["IPP-7", "2026-10-01", "", "Hôpital"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert quality_files.safe(cell) == cell


def _days(app: Flask) -> list[Any]:
    return rows(app, QualityDay)


def _snapshot(app: Flask, back: int = 0) -> None:
    with app.app_context(), db.transaction() as session:
        taken = trends.take(session)
        trends.keep(session, replace(taken, day=taken.day - timedelta(days=back)))


def test_a_day_is_kept_once_however_often_it_is_measured(app: Flask) -> None:
    structure = make_structure(app)
    send(app, incoming(structure, "1"))
    _snapshot(app)
    first = len(_days(app))
    send(app, incoming(structure, "2", PAUL))

    _snapshot(app)

    assert len(_days(app)) == first == 2 * sum(item.is_kept for item in INDICATORS)
    kept = {(row.organization_id, row.indicator): row.numerator for row in _days(app)}
    assert kept[None, "identites"] == kept[structure.id, "identites"] == 2


def test_the_worker_measures_each_day_once(app: Flask) -> None:
    send(app, incoming(make_structure(app)))
    with app.app_context(), db.transaction() as session:
        proposed = [trends.propose(session), trends.propose(session)]

    assert proposed == [True, False]
    assert work(app) == 1
    assert {row.indicator for row in _days(app)} >= {"identites", "delai-90"}


def test_old_days_leave_the_last_of_each_month(app: Flask) -> None:
    send(app, incoming(make_structure(app)))
    for back in (500, 499, 470, 469, 30):
        _snapshot(app, back)

    _snapshot(app)

    days = sorted({row.day for row in _days(app)})
    months = [day[:7] for day in days]
    assert len(days) < 6
    assert len(set(months[:-2])) == len(months[:-2])


def test_the_structures_are_sorted_by_what_is_to_watch(app: Flask, officer: FlaskClient) -> None:
    good, bad, empty = (make_structure(app, name) for name in ("A sans défaut", "B sans lieu", "C vide"))
    send(app, incoming(good, "1"))
    send(app, incoming(bad, "2", replace(PAUL, phone=None)))

    def order(query: str) -> list[int]:
        table = officer.get(f"/agence/qualite{query}").text.split('id="structures"')[1]
        return [int(found) for found in re.findall(r'<a href="/agence/qualite/(\d+)">', table)]

    assert order("") == [good.id, bad.id, empty.id]
    assert order("?tri=sans-contact") == [bad.id, good.id, empty.id]


def _points(indicator: Indicator, numbers: list[int], among: int | None) -> list[Point]:
    first = date(2026, 10, 1)
    return [Point(first + timedelta(days=day), Figure(indicator, one, among)) for day, one in enumerate(numbers)]


@pytest.mark.parametrize(
    ("code", "numbers", "among", "levels"),
    [
        ("taches", [0, 0], None, ["0", "1", "2"]),
        ("taches", [3, 5], None, ["0", "3", "6"]),
        ("taches", [1100, 1300], None, ["0", "1\u00a0000", "2\u00a0000"]),
        ("doublons", [1, 1], 400, ["0", "0,2\u00a0%", "0,4\u00a0%"]),
        ("statut-qual", [99, 100], 100, ["0", "50\u00a0%", "100\u00a0%"]),
        ("delai-median", [3600 * 5, 3600 * 7], 3, ["0", "4\u00a0h", "8\u00a0h"]),
        ("delai-median", [3600 * 24 * 5, 3600 * 24 * 6], 3, ["0", "3\u00a0jours", "6\u00a0jours"]),
    ],
)
def test_the_levels_of_a_drawing_are_round_and_hold_every_day(
    code: str, numbers: list[int], among: int | None, levels: list[str]
) -> None:
    drawn = quality_charts.chart(_points(BY_CODE[code], numbers, among), quality_charts.CARD)

    assert drawn is not None
    assert [tick.label for tick in drawn.up] == levels
    assert all(drawn.up[2].at <= y <= drawn.bottom for _, y in drawn.points)
    assert all(drawn.left <= x <= drawn.right for x, _ in drawn.points)


def test_a_day_with_nothing_to_share_is_not_drawn(app: Flask) -> None:
    points = [*_points(BY_CODE["doublons"], [0], 0), *_points(BY_CODE["doublons"], [1, 2], 100)[1:]]

    drawn = quality_charts.chart(points)

    assert drawn is not None
    assert len(drawn.points) == 1
    assert drawn.words.startswith("Le 02/10/2026 : 2,0")


def test_every_indicator_speaks_english_too(app: Flask) -> None:
    alike = {"Volumes", "Corrections"}
    with app.test_request_context(), force_locale("en"):
        told = {item.label: quality_words.label(item) for item in INDICATORS}
        told |= {words: quality_words.text(words) for item in INDICATORS for words in (item.meaning, item.computed)}
        told |= {
            words: quality_words.text(words) for words in (*Chapter, *KINDS.values(), *(age.label for age in AGES))
        }
        assert quality_words.delay(timedelta(days=3)) == "3\u00a0days"
        assert quality_words.month("2026-10") == "October 2026"

    sentences = {french: english for french, english in told.items() if french not in alike}
    assert {french for french, english in sentences.items() if french == english} == set()
    assert {english for english in told.values() if re.search(r"\b(les|des|une|identités|jours)\b", english)} == set()


def test_the_drawing_says_what_the_table_says(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app)
    _snapshot(app, 2)
    send(app, incoming(structure, "1"))
    _snapshot(app, 1)
    send(app, incoming(structure, "2", PAUL))
    _snapshot(app)

    page = officer.get("/agence/qualite/identites/evolution").text

    assert page.count('<circle class="dot"') == 3
    values = re.findall(r'<td role="cell" class="number">(\d+)</td>', page)
    assert values == ["2", "1", "0"]
    assert "De 0 le " in page
    assert "à 2 le " in page
    assert "<script" not in page.split("<main", 1)[1]
    assert " style=" not in page


def _text(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        pages = []
        for page in document:
            text = page.get_textpage()
            pages.append(text.get_text_bounded())
            text.close()
            page.close()
        return "\n".join(pages).replace("\r\n", "\n")


def _month(app: Flask) -> str:
    with app.app_context(), db.reading() as session:
        return trends.day_of(db.now(session)).isoformat()[:7]


def test_a_letter_tells_the_kept_figures_and_no_patient(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app, "Cabinet de l'Œuvre")
    send(app, incoming(structure, "IPP-7", replace(SOLENE, birth_place=None)))
    send(app, incoming(make_structure(app), "2", PAUL))
    _snapshot(app)
    assert "Cabinet de l&#39;Œuvre" in officer.get("/agence/qualite/lettres").text

    answer = officer.get(f"/agence/qualite/lettres/{_month(app)}/{structure.id}.pdf")

    text = _text(answer.data)
    assert answer.mimetype == "application/pdf"
    for words in ("Qualité des identités", "Cabinet de l'Œuvre", "À faire d'abord", "Sans lieu de naissance",
                  "100,0", "50,0", "Demandez le lieu de naissance"):  # fmt: skip
        assert words in text
    for secret in ("BAUDRILLARD", "IPP-7", "SOLENE", "KERVADEC", SOLENE.phone or ""):
        assert secret not in text
    assert rows(app, AuditEvent)[-1].action == "quality.letter"


def test_a_letter_says_its_title_its_language_and_its_structure(app: Flask) -> None:
    from pypdf import PdfReader

    structure = make_structure(app)
    send(app, incoming(structure))
    _snapshot(app)
    with app.app_context(), db.reading() as session:
        issuer = letters.Issuer("Région", "01 99 00 12 34")
        content = letters.write(session, _month(app), structure, issuer)
        again = letters.write(session, _month(app), structure, issuer)

    document = PdfReader(io.BytesIO(content))
    root = document.trailer["/Root"]
    tags: list[str] = []

    def walk(node: Any) -> None:
        node = node.get_object()
        tags.append(str(node["/S"]))
        below = node["/K"]
        if isinstance(below, list):
            for item in below:
                walk(item)

    walk(root["/StructTreeRoot"]["/K"][0])
    assert content == again
    assert root["/Lang"] == "fr-FR"
    assert root["/MarkInfo"]["/Marked"]
    assert document.metadata
    assert "Cabinet des Lilas" in str(document.metadata.title)
    assert tags[:4] == ["/Document", "/P", "/H1", "/P"]
    assert {"/H2", "/L", "/LI", "/LBody", "/Table", "/TR", "/TH", "/TD"} <= set(tags)
    assert all("/FontFile2" in str(font) for font in _fonts(document))


def _fonts(document: Any) -> list[Any]:
    found = []
    for page in document.pages:
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object().get("/FontDescriptor")
            if descriptor is not None:
                found.append(dict(descriptor.get_object()))
    return found


def test_letters_of_last_month_are_made_once_and_stay(app: Flask) -> None:
    structure = make_structure(app)
    send(app, incoming(structure))
    with app.app_context(), db.transaction() as session:
        assert not letters.propose(session)
    before = letters.month_before(_month(app))
    with app.app_context(), db.reading() as session:
        today = trends.day_of(db.now(session))
    _snapshot(app, today.day)
    with app.app_context(), db.transaction() as session:
        proposed = [letters.propose(session), letters.propose(session)]

    assert proposed == [True, False]
    assert work(app) == 1
    (letter,) = rows(app, QualityLetter)
    assert (letter.month, letter.organization_id) == (before, structure.id)


def test_a_month_without_figures_is_refused(app: Flask, officer: FlaskClient) -> None:
    structure = make_structure(app)

    answer = officer.get(f"/agence/qualite/lettres/2020-01/{structure.id}.pdf")

    assert answer.status_code == 422
    assert "Aucun relevé en janvier 2020" in answer.text


def test_what_comes_first_in_a_letter_is_what_cannot_wait() -> None:
    def figure(item: Indicator, number: int) -> Figure:
        return Figure(item, number, 100 if item.unit.value == "share" else None)

    numbers = {"sans-sexe": 50, "sans-lieu": 20, "collisions": 1, "corrections": 2, "statut-qual": 10}
    own = {code: figure(BY_CODE[code], number) for code, number in numbers.items()}
    whole = {code: figure(BY_CODE[code], 10) for code in own}

    found = letters.first_things(own, whole)

    assert [figure.indicator.label for figure in found] == [
        "Demandes de correction en cours",
        "Collisions en cours d'examen",
        "Sexe inconnu ou indéterminé",
        "Sans lieu de naissance",
    ]
