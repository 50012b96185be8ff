"""A practice searches, chooses and creates patients (M1, M2)."""

import html

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub import db
from hub.registry.enrolment import NOTICE_VERSION
from hub.registry.tables import InformationNotice, SourceIdentity
from tests.functional.practice_pages import SOLENE, Desk, recorded, rows, sit_down


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return sit_down(app, client)


@pytest.fixture
def neighbour(app: Flask) -> Desk:
    return sit_down(app, app.test_client(), "Clinique du Parc")


@pytest.mark.parametrize("typed", ["15061955", "15/06/1955", "1955-06-15"])
def test_the_birth_date_is_read_however_it_is_written(desk: Desk, typed: str) -> None:
    desk.create()

    page = desk.post("/pratique/patients", birth_date=typed, letters="tis").text

    assert "1 personne trouvée" in page
    assert "TISSERAND" in page
    assert "Lyon 1er Arrondissement (69381)" in page
    assert "Connu de votre structure" in page


def test_what_was_typed_is_kept_beside_what_is_wrong(desk: Desk) -> None:
    answer = desk.post("/pratique/patients", birth_date="juin 55", letters="tis")

    assert answer.status_code == 422
    assert 'value="juin 55"' in answer.text
    assert 'aria-describedby="birth_date-aide birth_date-erreur"' in answer.text
    assert "JJ/MM/AAAA" in answer.text


def test_each_person_shown_is_told_to_the_trail(desk: Desk) -> None:
    desk.create()

    desk.post("/pratique/patients", birth_date="15061955", letters="")

    assert [event.detail for event in recorded(desk.app, "person.search")] == [{"results": 1, "letters": False}]
    assert len(recorded(desk.app, "person.shown")) == 1


def test_the_patient_of_another_structure_is_found_then_chosen_once(desk: Desk, neighbour: Desk) -> None:
    neighbour.create(email="solene@exemple.fr")
    (other,) = rows(desk.app, SourceIdentity)
    found = desk.post("/pratique/patients", birth_date="15061955", letters="sol").text

    first = desk.post(f"/pratique/patients/{other.person_id}/choisir")
    second = desk.post(f"/pratique/patients/{other.person_id}/choisir")

    assert "Connu de votre structure" not in found
    assert first.location == second.location
    assert len(rows(desk.app, SourceIdentity)) == 2
    assert "solene@exemple.fr" not in desk.get(first.location).text


def test_the_card_of_another_structure_s_identity_does_not_exist(desk: Desk, neighbour: Desk) -> None:
    identity_id = neighbour.create()

    assert desk.get(f"/pratique/patients/{identity_id}").status_code == 404
    assert desk.get(f"/pratique/patients/{identity_id}/espace-sante").status_code == 404


def test_a_creation_keeps_the_attestation(desk: Desk) -> None:
    identity_id = desk.create()

    (notice,) = rows(desk.app, InformationNotice)
    assert (notice.source_identity_id, notice.text_version) == (identity_id, NOTICE_VERSION)
    assert "Solène" not in desk.get(f"/pratique/patients/{identity_id}").request.url


def test_the_typed_date_goes_from_the_search_to_the_creation(desk: Desk) -> None:
    page = desk.post("/pratique/patients/nouveau", act="begin", birth_date="15061955").text

    assert 'value="15061955"' in page
    assert "à corriger" not in page


def test_every_problem_of_the_form_is_told_at_once(desk: Desk) -> None:
    answer = desk.post(
        "/pratique/patients/nouveau", birth_name="T1sserand", birth_date="31/02/1955", email="solene", mobile="12"
    )

    assert answer.status_code == 422
    told = ("given_names", "birth_name", "birth_date", "sex", "born", "email", "mobile", "informed")
    for field in told:
        assert f'id="{field}-erreur"' in answer.text, field
    assert f"{len(told)} informations sont à corriger" in answer.text
    assert 'value="T1sserand"' in answer.text
    assert rows(desk.app, SourceIdentity) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"birth_date": "01/01/2190"}, "birth_date"),
        ({"birth_name": "Inconnu"}, "birth_name"),
        ({"town": "Nullepart-sur-Rien"}, "town"),
        ({"town": "69001 "}, "town_code"),
        ({"born": "abroad"}, "country"),
        ({"informed": ""}, "informed"),
    ],
    ids=["future", "placeholder", "no-commune", "several-communes", "no-country", "no-attestation"],
)
def test_a_wrong_field_is_named(desk: Desk, changes: dict[str, str], field: str) -> None:
    answer = desk.post("/pratique/patients/nouveau", **(SOLENE | changes))

    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert "Une information est à corriger" in answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"town": "69001", "town_code": "69381"}, "69381"),
        ({"town": "Saint-Denis (93066)", "birth_date": "15/06/1985"}, "93066"),
        ({"town": "AJACCIO"}, "20004"),
        ({"town": "AJACCIO", "birth_date": "15/06/1985"}, "2A004"),
        ({"town": "Boulogne-Billancourt"}, "75012"),
        ({"town": "75012", "town_code": "75112", "birth_date": "15/06/1985"}, "75112"),
        ({"born": "abroad", "country": "99350"}, "99350"),
        ({"born": "unknown"}, "99999"),
    ],
    ids=[
        "chosen-in-a-list",
        "proposed",
        "typed-and-born-before-1976",
        "typed",
        "born-before-1968",
        "postcode",
        "abroad",
        "unknown",
    ],
)
def test_the_place_of_birth_becomes_its_code(desk: Desk, changes: dict[str, str], code: str) -> None:
    desk.create(**changes)

    (identity,) = rows(desk.app, SourceIdentity)
    assert identity.birth_place == code


def test_a_commune_that_only_changed_codes_is_shown_by_its_name(desk: Desk) -> None:
    page = desk.get(f"/pratique/patients/{desk.create(town='AJACCIO')}").text

    assert "Ajaccio (20004, ancien code)" in page
    assert "code du lieu de naissance" not in page


def test_a_place_that_was_not_on_the_day_of_birth_is_told_on_the_card(desk: Desk) -> None:
    identity_id = desk.create(birth_date="15/06/1985")
    with desk.app.app_context(), db.transaction() as session:
        # As a software that takes postcodes for codes would have sent it.
        session.get_one(SourceIdentity, identity_id).birth_place = "75012"

    page = html.unescape(desk.get(f"/pratique/patients/{identity_id}").text)

    assert "Le code du lieu de naissance n'existait plus le jour de la naissance" in page.replace("’", "'")
    assert "code postal" in page


def test_near_matches_come_before_a_creation(desk: Desk, neighbour: Desk) -> None:
    neighbour.create()

    answer = desk.post("/pratique/patients/nouveau", **(SOLENE | {"given_names": "Solene"}))

    page = html.unescape(answer.text)
    assert answer.status_code == 200
    assert "Est-ce l'une de ces personnes\u00a0?" in page
    assert "Nom de naissance identique" in page
    assert '<input type="hidden" name="birth_name" value="Tisserand">' in page
    assert len(rows(desk.app, SourceIdentity)) == 1


def test_a_creation_confirmed_twice_creates_once(desk: Desk, neighbour: Desk) -> None:
    neighbour.create()
    (other,) = rows(desk.app, SourceIdentity)
    form = SOLENE | {"given_names": "Solene", "act": "confirm", "seen": str(other.person_id)}
    form |= {"sex": "M", "town": "AJACCIO"}

    first = desk.post("/pratique/patients/nouveau", **form)
    second = desk.post("/pratique/patients/nouveau", **form)

    assert first.status_code == 302
    assert second.status_code == 200
    assert "Connu de votre structure" in second.text
    assert len(rows(desk.app, SourceIdentity)) == 2


def test_the_typed_traits_can_be_corrected_after_near_matches(desk: Desk) -> None:
    page = desk.post("/pratique/patients/nouveau", **(SOLENE | {"act": "edit"})).text

    assert 'value="Tisserand"' in page
    assert "Créer une identité" in page


def test_communes_are_proposed_to_whoever_is_logged_in(desk: Desk) -> None:
    found = desk.get("/pratique/communes?q=saint+den").get_json()

    assert found[0]["label"].startswith("Saint-Denis (")
    assert len(found) <= 20
    assert desk.get("/pratique/communes?q=s").get_json() == []
    assert desk.app.test_client().get("/pratique/communes?q=lyon").status_code == 302
