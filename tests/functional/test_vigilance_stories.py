"""Six stories of identity vigilance, over HTTP: two practices' software sends, an officer decides."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from hub.accounts.sessions import Space
from hub.registry.tables import DistinctPair, FormerIns, ReviewTask, SourceIdentity
from tests import live
from tests.conformance.software import Caller, caller, own_number, patient_of, qualified_of
from tests.factories import log_in, make_staff, token_of
from tests.fhir.patients import (
    make_birth_place,
    make_ins_identifier,
    make_matricule,
    make_official_name,
    make_reliability,
)
from tests.hub.registry.people import rows

LILAS = [{"use": "home", "line": ["3 RUE DES LILAS"], "postalCode": "01300", "city": "BELLEY"}]
PHONE = [{"system": "phone", "value": "+33639980001"}]


class Region:
    """Two practices and an officer, on a region of their own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.one, self.other = caller(app, app.test_client()), caller(app, app.test_client())
        self.officer = app.test_client()
        log_in(self.officer, make_staff(app, None, "Hélène Garnier"), Space.AGENCY)

    def person(self, api: Caller, number: str) -> int:
        return int(self._row(api, number).person_id)

    def is_held(self, api: Caller, number: str) -> bool:
        return bool(self._row(api, number).held)

    def _row(self, api: Caller, number: str) -> Any:
        (row,) = rows(
            self.app,
            SourceIdentity,
            SourceIdentity.organization_id == api.software.structure.id,
            SourceIdentity.value == number,
        )
        return row

    def tasks(self) -> list[Any]:
        return rows(self.app, ReviewTask, ReviewTask.state == "open")

    def decide(self, task_id: int, decision: str, **more: str) -> TestResponse:
        """Open a task's page and send its form."""
        page = self.officer.get(f"/agence/taches/{task_id}").text
        version, seen = (re.search(f'name="{name}" value="([^"]*)"', page) for name in ("version", "seen"))
        assert version
        assert seen
        form = {
            "csrf_token": token_of(page),
            "version": version[1],
            "seen": seen[1],
            "decision": decision,
            "comment": "Vu avec la structure",
            **more,
        }
        return self.officer.post(f"/agence/taches/{task_id}", data=form)


@pytest.fixture(params=live.ENGINES)
def region(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with live.shared(request, tmp_path_factory.mktemp("shared")) as variables, live.opened(variables) as application:
        yield Region(application)


def _sent(api: Caller, number: str, **changes: object) -> dict[str, Any]:
    answer = api.feed(patient_of(api.software, number, **changes), number)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def _name(family: str, *given: str, used: str | None = None) -> list[dict[str, Any]]:
    official = make_official_name(family, given[:1], " ".join(given))
    return [official, {"use": "usual", "family": used}] if used else [official]


def test_two_twins_are_two_people_and_are_asked_once(region: Region) -> None:
    born = {"birthDate": "2015-03-08", "address": LILAS, "telecom": PHONE}
    _sent(region.one, "T-1", name=_name("AMBERT", "LOUIS", "PAUL"), **born)
    _sent(region.other, "T-2", name=_name("AMBERT", "LOUP", "PAUL"), **born)
    assert region.person(region.one, "T-1") != region.person(region.other, "T-2")
    (task,) = region.tasks()

    answer = region.decide(task.id, "differentes", relation="twins")

    assert answer.status_code == 302
    (pair,) = rows(region.app, DistinctPair)
    assert pair.relation == "twins"
    _sent(region.other, "T-2", name=_name("AMBERT", "LOUP", "PAUL", "MARC"), **born)
    assert region.tasks() == []
    assert region.person(region.one, "T-1") != region.person(region.other, "T-2")


def test_a_father_and_his_son_of_the_same_name_stay_two(region: Region) -> None:
    home = {"name": _name("DURAND", "JEAN", "PIERRE"), "address": LILAS, "telecom": PHONE}

    _sent(region.one, "1", birthDate="1950-02-11", **home)
    _sent(region.other, "2", birthDate="1978-09-30", **home)
    _sent(region.other, "3", birthDate="1978-09-30", **home)

    assert region.person(region.one, "1") != region.person(region.other, "2")
    assert region.person(region.other, "2") == region.person(region.other, "3")


def test_a_married_name_in_the_place_of_the_birth_name_is_one_woman(region: Region) -> None:
    her = {"gender": "female", "birthDate": "1961-07-19", "address": LILAS, "telecom": PHONE}
    _sent(region.one, "1", name=_name("LEROY", "FRANCOISE", "MARIE", used="MARTINEAU"), **her)

    _sent(region.other, "2", name=_name("MARTINEAU", "FRANCOISE", "MARIE"), **her)
    for task in region.tasks():
        assert region.decide(task.id, "meme").status_code == 302

    assert region.person(region.one, "1") == region.person(region.other, "2")
    shown = region.other.get(f"/Patient?identifier={region.other.software.domain}|2").get_json()
    assert shown["total"] == 1


def test_a_provisional_number_that_became_final_is_kept_as_the_former_one(region: Region) -> None:
    provisional = make_matricule("7741201006122")

    def patient(matricule: str | None) -> dict[str, Any]:
        identifiers = [make_ins_identifier(**({"value": matricule} if matricule else {}))]
        return qualified_of(region.one.software, identifier=[*identifiers, own_number(region.one.software)])

    assert region.one.feed(patient(provisional), "IPP-1").status_code == 201
    before = region.person(region.one, "IPP-1")
    answer = region.one.feed(patient(None), "IPP-1")

    assert answer.status_code == 200
    numbers = {item["value"] for item in answer.get_json()["identifier"]}
    assert make_matricule() in numbers
    assert provisional not in {
        item["value"] for item in answer.get_json()["identifier"] if item.get("use") == "official"
    }
    (former,) = rows(region.app, FormerIns)
    assert former.matricule == provisional
    assert region.person(region.one, "IPP-1") == before


def test_a_stolen_identity_is_held_then_parted(region: Region) -> None:
    owner = qualified_of(region.one.software, address=LILAS, telecom=PHONE)
    assert region.one.feed(owner, "IPP-1").status_code == 201
    thief = qualified_of(region.other.software, "9", address=LILAS, telecom=PHONE)
    assert region.other.feed(thief, "9").status_code == 201
    assert region.person(region.one, "IPP-1") == region.person(region.other, "9")

    # The clinic finds out who the patient really is, and keeps the number for him.
    real = {
        "name": _name("KERVADEC", "YANN"),
        "birthDate": "1990-06-01",
        "extension": [make_reliability("PROV"), make_birth_place("29019")],
    }
    _sent(region.other, "9", **real)

    assert region.is_held(region.other, "9")
    assert not region.is_held(region.one, "IPP-1")
    assert region.person(region.one, "IPP-1") != region.person(region.other, "9")
    kinds = {task.kind for task in region.tasks()}
    assert "changed" in kinds
    for task in region.tasks():
        if task.kind == "changed":
            assert region.decide(task.id, "differentes").status_code == 302
    assert region.is_held(region.other, "9")


def test_a_newborn_without_given_name_meets_nobody_by_chance(region: Region) -> None:
    born = {"birthDate": "2026-10-02", "gender": "female", "address": LILAS, "telecom": PHONE}
    mother = {"birthDate": "1995-01-20", "gender": "female", "address": LILAS, "telecom": PHONE}
    _sent(region.one, "M", name=_name("AMBERT", "CLAIRE"), **mother)
    _sent(region.one, "B-1", name=[make_official_name("AMBERT", ("SANS PRENOM",), None)], **born)
    _sent(region.other, "B-2", name=[make_official_name("AMBERT", ("SANS PRENOM",), None)], **born)

    persons = {region.person(region.one, "M"), region.person(region.one, "B-1"), region.person(region.other, "B-2")}
    assert len(persons) == 3

    _sent(region.one, "B-1", name=_name("AMBERT", "ROSE", "CLAIRE"), **born)
    _sent(region.other, "B-2", name=_name("AMBERT", "ROSE", "CLAIRE"), **born)
    for task in region.tasks():
        region.decide(task.id, "meme")

    assert region.person(region.one, "B-1") == region.person(region.other, "B-2")
    assert region.person(region.one, "M") != region.person(region.one, "B-1")
    assert not region.is_held(region.one, "B-1")
