"""Practice software searches its own identities (IHE PDQm ITI-78, within one structure)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import live
from tests.conformance.software import Caller, caller, patient_of, qualified_of
from tests.fhir.patients import make_matricule, make_official_name

BORN = {"birthdate": "1974-12-25"}


@pytest.fixture(scope="module", params=live.ENGINES)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with live.shared(request, tmp_path_factory.mktemp("shared")) as variables, live.opened(variables) as application:
        yield application


@pytest.fixture
def api(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


def store(api: Caller, number: str, family: str = "D'AMBERT-ROY", **changes: Any) -> str:
    """Store an identity and return its resource id."""
    patient = patient_of(api.software, number, name=[make_official_name(family=family)], **changes)
    answer = api.feed(patient, number)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def ids(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["resource"]["id"] for entry in answer.get_json().get("entry", [])]


def link(answer: TestResponse, relation: str) -> str | None:
    """Return a link of a page, as a path below /fhir."""
    found = [item["url"] for item in answer.get_json()["link"] if item["relation"] == relation]
    return found[0].partition("/fhir")[2] if found else None


def test_nobody_found_is_an_empty_searchset(api: Caller) -> None:
    bundle = api.search({"identifier": f"{api.software.domain}|NOBODY"}).get_json()

    assert (bundle["type"], bundle["total"]) == ("searchset", 0)
    assert "entry" not in bundle


def test_a_match_has_its_full_address(api: Caller) -> None:
    identity = store(api, "1")

    (entry,) = api.search({"identifier": f"{api.software.domain}|1"}).get_json()["entry"]

    assert entry["fullUrl"] == f"{api.software.base}/fhir/Patient/{identity}"
    assert entry["search"] == {"mode": "match"}
    assert entry["resource"] == api.get(f"/Patient/{identity}").get_json()


@pytest.mark.parametrize(
    "form",
    [
        {"family": "d'ambert roy"},
        {"family": "D AMB"},
        {"family:exact": "D'AMBERT-ROY"},
        {"family:contains": "roy"},
        {"family": "NOBODY,D'AMBERT"},
        {"given": "louis"},
        {"name": "paul"},
        {"family": "ambert", "name": "louis"},
        {"birthdate": "1974", "family": "D"},
        {"birthdate": "ge1974-12", "family": "D"},
        {"birthdate": "lt1975-01-01", "family": "D"},
        {"gender": "male", "family": "D"},
        {"active": "true", "family": "D"},
        {"address-city": "belley", "address-postalcode": "013", "family": "D"},
        {"telecom": "0612345687", "family": "D"},
        {"telecom": "phone|+33612345687", "family": "D"},
    ],
    ids=str,
)
def test_an_identity_is_found_by(api: Caller, form: dict[str, str]) -> None:
    address = [{"use": "home", "postalCode": "01300", "city": "BELLEY"}]
    telecom = [{"system": "phone", "value": "06 12 34 56 87"}]
    names = [make_official_name(), {"use": "usual", "family": "AMBERT"}]
    identity = api.feed(patient_of(api.software, "1", address=address, telecom=telecom, name=names), "1").get_json()[
        "id"
    ]

    assert ids(api.search(BORN | form)) == [identity]


@pytest.mark.parametrize(
    "form",
    [
        {"family": "AMBERTO"},
        {"family:exact": "d'ambert-roy"},
        {"family": "D", "given": "MARIE"},
        {"birthdate": "1974-12-26", "family": "D"},
        {"birthdate": "gt1974", "family": "D"},
        {"birthdate": "le1974-12-24", "family": "D"},
        {"gender": "female", "family": "D"},
        {"active": "false", "family": "D"},
        {"address-city": "belley", "family": "D"},
    ],
    ids=str,
)
def test_an_identity_is_not_found_by(api: Caller, form: dict[str, str]) -> None:
    store(api, "1")

    assert ids(api.search(BORN | form)) == []


def test_a_qualified_identity_is_found_by_its_ins(api: Caller) -> None:
    identity = api.feed(qualified_of(api.software, "1"), "1").get_json()["id"]

    for token in (f"urn:oid:1.2.250.1.213.1.4.10|{make_matricule()}", make_matricule()):
        assert ids(api.search({"identifier": token})) == [identity]
    assert ids(api.search({"identifier": f"urn:oid:1.2.250.1.213.1.4.8|{make_matricule()}"})) == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"family": "D"},
        {"birthdate": "1974-12-25"},
        {"gender": "male"},
        {"identifier": "urn:oid:1.2.3|"},
        {"a": "b"},
    ],
    ids=str,
)
def test_nobody_lists_people(api: Caller, form: dict[str, str]) -> None:
    answer = api.search(form)

    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["code"] == "too-costly"


def test_an_unknown_parameter_is_left_aside_unless_strict(api: Caller) -> None:
    identity = store(api, "1")
    query = f"/Patient?_id={identity}&colour=blue"

    lenient, strict = api.get(query), api.get(query, Prefer="handling=strict")

    assert ids(lenient) == [identity]
    assert link(lenient, "self") == f"/Patient?_id={identity}"
    assert strict.status_code == 400
    assert strict.get_json()["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize(
    "query",
    [
        "_id=1&family:phonetic=x",
        "_id:not=1",
        "_id=1&birthdate=25/12/1974",
        "_id=1&birthdate=1974-02-30",
        "_id=1&birthdate=ne1974",
        "_id=1&gender=femme",
        "_id=1&active=maybe",
        "_id=1&_count=-1",
        "_id=1&_count=many",
        "_id=1&_summary=true",
        "_id=1&_cursor=invented",
        "_id=1&_cursor=é",
        "_id=a b",
        "_id=1,",
        "_id=1&family=a\\b",
        "identifier=a|b|c",
        "_id=1&family=" + "x" * 300,
        "_id=1&family=a%00b",
    ],
)
def test_a_value_that_is_none_is_refused(api: Caller, query: str) -> None:
    assert api.get(f"/Patient?{query}").status_code == 400


def test_pages_follow_each_other_to_the_end(api: Caller) -> None:
    stored = [store(api, str(number)) for number in range(5)]

    answer = api.search(BORN | {"family": "D", "_count": "2"})
    pages = [ids(answer)]
    while following := link(answer, "next"):
        answer = api.get(following)
        pages.append(ids(answer))

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [identity for page in pages for identity in page] == stored
    assert answer.get_json()["total"] == 5


def test_a_page_link_serves_its_software_only(app: Flask, client: FlaskClient, api: Caller) -> None:
    for number in range(3):
        store(api, str(number))
    other = caller(app, client, structure=api.software.structure)

    following = link(api.search(BORN | {"family": "D", "_count": "1"}), "next")

    assert following
    assert api.get(following).status_code == 200
    assert other.get(following).status_code == 400


def test_the_total_alone_has_no_entry(api: Caller) -> None:
    store(api, "1")

    for form in ({"_count": "0"}, {"_summary": "count"}):
        bundle = api.search(BORN | {"family": "D"} | form).get_json()
        assert (bundle["total"], bundle.get("entry")) == (1, None)
        assert [item["relation"] for item in bundle["link"]] == ["self"]


def test_a_count_is_capped(api: Caller) -> None:
    answer = api.search(BORN | {"family": "D", "_count": "100000"})

    assert answer.status_code == 200


def test_get_and_post_find_the_same(api: Caller) -> None:
    store(api, "1")

    got = api.get("/Patient?birthdate=1974-12-25&family=D%27AMBERT")
    posted = api.search(BORN | {"family": "D'AMBERT"})

    assert got.get_json() == posted.get_json()
    assert urlsplit(link(got, "self") or "").path == "/Patient"


def test_a_search_without_a_form_takes_its_criteria_from_the_address(api: Caller) -> None:
    identity = store(api, "1")

    assert ids(api.call("POST", f"/Patient/_search?_id={identity}", None)) == [identity]


def test_a_search_form_is_a_form(api: Caller) -> None:
    answer = api.call("POST", "/Patient/_search", b'{"_id": "1"}', Content_Type="application/json")

    assert answer.status_code == 415
