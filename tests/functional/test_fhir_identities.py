"""Practice software creates, updates and reads its own identities (FHIR R4, IHE PIXm ITI-104)."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hub.audit.tables import AuditEvent
from hub.registry.tables import SourceIdentity
from tests import live
from tests.conformance.software import Caller, caller, own_number, patient_of, qualified_of, register, token_of
from tests.factories import make_structure
from tests.fhir.patients import make_birth_place, make_reliability
from tests.hub.registry.people import rows

ADDRESS = [{"use": "home", "line": ["3 RUE DES LILAS"], "postalCode": "01300", "city": "BELLEY"}]


@pytest.fixture(scope="module", params=live.ENGINES)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with live.shared(request, tmp_path_factory.mktemp("shared")) as variables, live.opened(variables) as application:
        yield application


@pytest.fixture
def api(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


def own_rows(app: Flask, api: Caller) -> list[Any]:
    """Return what the index holds of the caller's structure."""
    return rows(app, SourceIdentity, SourceIdentity.organization_id == api.software.structure.id)


def test_a_new_identity_is_created_with_its_place_and_version(app: Flask, api: Caller) -> None:
    answer = api.post("/Patient", patient_of(api.software))

    assert answer.status_code == 201
    resource = answer.get_json()
    assert answer.headers["Location"] == f"{api.software.base}/fhir/Patient/{resource['id']}/_history/1"
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.last_modified is not None
    assert resource["meta"]["versionId"] == "1"
    (row,) = own_rows(app, api)
    assert row.value == "IPP-1"


def test_the_same_identity_again_changes_nothing(app: Flask, api: Caller) -> None:
    created = api.post("/Patient", patient_of(api.software)).get_json()

    answer = api.post("/Patient", patient_of(api.software))

    assert answer.status_code == 200
    assert answer.headers["ETag"] == 'W/"1"'
    assert "Location" not in answer.headers
    assert answer.get_json() == created
    assert len(own_rows(app, api)) == 1


def test_a_conditional_update_creates_then_updates(app: Flask, api: Caller) -> None:
    created = api.feed(patient_of(api.software, "7"), "7")
    moved = api.feed(patient_of(api.software, "7", address=ADDRESS), "7")

    assert (created.status_code, moved.status_code) == (201, 200)
    assert moved.headers["ETag"] == 'W/"2"'
    assert moved.get_json()["address"] == ADDRESS
    assert len(own_rows(app, api)) == 1


def test_two_numbers_of_one_person_share_the_regional_identifier(app: Flask, client: FlaskClient) -> None:
    here, there = caller(app, client), caller(app, client)

    first = here.post("/Patient", qualified_of(here.software)).get_json()
    second = there.post("/Patient", qualified_of(there.software)).get_json()

    assert _regional(first) == _regional(second)


def _regional(patient: dict) -> str:
    return next(item["value"] for item in patient["identifier"] if item["type"]["coding"][0]["code"] == "RRI")


def test_an_update_names_the_version_that_it_replaces(api: Caller) -> None:
    created = api.post("/Patient", patient_of(api.software))
    resource = {**created.get_json(), "address": ADDRESS}

    answer = api.put(f"/Patient/{resource['id']}", resource, If_Match=created.headers["ETag"])

    assert answer.status_code == 200
    assert answer.headers["ETag"] == 'W/"2"'
    assert api.get(f"/Patient/{resource['id']}").get_json()["address"] == ADDRESS


@pytest.mark.parametrize(("header", "status"), [(None, 428), ('W/"2"', 412), ('W/"0"', 412), ("x", 412), ("*", 412)])
def test_an_update_of_another_version_is_refused(api: Caller, header: str | None, status: int) -> None:
    resource = api.post("/Patient", patient_of(api.software)).get_json() | {"address": ADDRESS}

    answer = api.put(f"/Patient/{resource['id']}", resource, **({"If_Match": header} if header else {}))

    assert answer.status_code == status
    assert "address" not in api.get(f"/Patient/{resource['id']}").get_json()


def test_a_stale_version_is_refused_after_a_change(api: Caller) -> None:
    created = api.post("/Patient", patient_of(api.software))
    path = f"/Patient/{created.get_json()['id']}"
    api.put(path, created.get_json() | {"address": ADDRESS}, If_Match='W/"1"')

    answer = api.put(path, created.get_json(), If_Match='W/"1"')

    assert answer.status_code == 412
    assert api.get(path).headers["ETag"] == 'W/"2"'


def test_an_update_keeps_the_id_and_the_number(api: Caller) -> None:
    resource = api.post("/Patient", patient_of(api.software)).get_json()
    path = f"/Patient/{resource['id']}"

    other_id = api.put(path, {**resource, "id": "999"}, If_Match='W/"1"')
    no_id = api.put(path, patient_of(api.software), If_Match='W/"1"')
    other_number = api.put(path, patient_of(api.software, "OTHER", id=resource["id"]), If_Match='W/"1"')

    assert [answer.status_code for answer in (other_id, no_id, other_number)] == [400, 400, 422]
    assert api.get(path).headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(("preference", "kind"), [("return=minimal", None), ("return=OperationOutcome", "Outcome")])
def test_the_answer_is_as_preferred(api: Caller, preference: str, kind: str | None) -> None:
    answer = api.post("/Patient", patient_of(api.software), Prefer=preference)

    assert answer.status_code == 201
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Location"].startswith(f"{api.software.base}/fhir/Patient/")
    assert (answer.get_json()["resourceType"] if kind else answer.data) == ("OperationOutcome" if kind else b"")


def test_a_known_version_is_not_sent_again(api: Caller) -> None:
    resource = api.post("/Patient", patient_of(api.software)).get_json()

    known = api.get(f"/Patient/{resource['id']}", If_None_Match='W/"1"')
    other = api.get(f"/Patient/{resource['id']}", If_None_Match='W/"9"')

    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", 'W/"1"')
    assert (other.status_code, other.get_json()) == (200, resource)


def test_an_absorbed_identity_shows_the_one_that_replaces_it(api: Caller) -> None:
    kept = api.post("/Patient", patient_of(api.software, "KEPT")).get_json()
    link = [{"other": {"identifier": {"system": api.software.domain, "value": "KEPT"}}, "type": "replaced-by"}]

    answer = api.feed(patient_of(api.software, "GONE", active=False, link=link), "GONE")

    assert answer.status_code == 201
    assert answer.get_json()["active"] is False
    assert answer.get_json()["link"] == [{"other": {"reference": f"Patient/{kept['id']}"}, "type": "replaced-by"}]
    by_reference = [{"other": {"reference": f"Patient/{kept['id']}"}, "type": "replaced-by"}]
    again = api.feed(patient_of(api.software, "GONE", active=False, link=by_reference), "GONE")
    assert (again.status_code, again.headers["ETag"]) == (200, 'W/"1"')


def test_an_identity_cannot_be_replaced_by_an_unknown_one(app: Flask, api: Caller) -> None:
    link = [{"other": {"identifier": {"system": api.software.domain, "value": "NOBODY"}}, "type": "replaced-by"}]

    answer = api.feed(patient_of(api.software, "GONE", active=False, link=link), "GONE")

    assert answer.status_code == 409
    assert not own_rows(app, api)


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ("system/Patient.c", {"create"}),
        ("system/Patient.r", {"read"}),
        ("system/Patient.u", {"update", "feed"}),
        ("system/Patient.s", {"search", "_search"}),
        ("system/Patient.read", {"read", "search", "_search"}),
        ("system/Observation.cruds", set()),
    ],
)
def test_each_interaction_wants_its_scope(app: Flask, client: FlaskClient, scopes: str, allowed: set[str]) -> None:
    software = register(app, scopes="system/*.cruds")
    resource = Caller(client, token_of(client, software), software).post("/Patient", patient_of(software)).get_json()
    api = Caller(client, token_of(client, software, scopes), software)
    path = f"/Patient/{resource['id']}"

    answers = {
        "create": api.post("/Patient", patient_of(software)),
        "read": api.get(path),
        "update": api.put(path, resource, If_Match='W/"1"'),
        "feed": api.feed(patient_of(software), "IPP-1"),
        "search": api.get(f"/Patient?_id={resource['id']}"),
        "_search": api.search({"_id": resource["id"]}),
    }

    assert {name for name, answer in answers.items() if answer.status_code == 200} == allowed
    assert {answer.status_code for name, answer in answers.items() if name not in allowed} <= {403}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer unknown", "Basic YTpi", "Bearer " + "é" * 8])
def test_without_a_live_token_nothing_is_told(app: Flask, client: FlaskClient, authorization: str) -> None:
    api = Caller(client, None, register(app))

    for answer in (api.get("/Patient/1", Authorization=authorization), api.search({"_id": "1"})):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_structure_neither_sees_nor_writes_the_identities_of_another(app: Flask, client: FlaskClient) -> None:
    here, there = caller(app, client), caller(app, client)
    theirs = there.post("/Patient", patient_of(there.software)).get_json()
    path = f"/Patient/{theirs['id']}"

    read = here.get(path)
    update = here.put(path, {**theirs, "address": ADDRESS}, If_Match='W/"1"')
    feed = here.put(f"/Patient?identifier={there.software.domain}|IPP-1", patient_of(there.software))
    create = here.post("/Patient", patient_of(there.software, "NEW"))
    found = here.search({"_id": theirs["id"]})
    by_number = here.search({"identifier": f"{there.software.domain}|IPP-1"})

    statuses = [answer.status_code for answer in (read, update, feed, create)]
    assert statuses == [404, 404, 403, 403]
    assert (found.get_json()["total"], by_number.get_json()["total"]) == (0, 0)
    missing = here.get("/Patient/999999")
    assert missing.get_json() == read.get_json(), "an identity of another structure looks like one that never was"
    assert there.get(path).get_json() == theirs


def test_two_softwares_of_one_structure_share_its_identities(app: Flask, client: FlaskClient) -> None:
    structure = make_structure(app)
    one, two = caller(app, client, structure=structure), caller(app, client, structure=structure)

    created = one.post("/Patient", patient_of(one.software)).get_json()

    assert two.get(f"/Patient/{created['id']}").status_code == 200


def test_the_regional_identifier_that_a_source_sends_back_is_not_its_number(api: Caller) -> None:
    created = api.post("/Patient", patient_of(api.software)).get_json()

    answer = api.put(f"/Patient/{created['id']}", created, If_Match='W/"1"')

    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')


def test_what_software_does_is_in_the_audit_trail(app: Flask, api: Caller) -> None:
    created = api.post("/Patient", patient_of(api.software), X_Request_Id="demande-7")
    api.get(f"/Patient/{created.get_json()['id']}")
    api.search({"_id": created.get_json()["id"]})

    own = AuditEvent.organization_id == api.software.structure.id
    events = rows(app, AuditEvent, AuditEvent.action.startswith("identity."), own)
    assert created.headers["X-Request-Id"] == "demande-7"
    assert events[0].request_id == "demande-7"
    actions = [event.action for event in sorted(events, key=lambda event: event.sequence)]
    assert actions == ["identity.create", "identity.read", "identity.search", "identity.shown"]


def test_remarks_on_an_accepted_identity_travel_by_key(api: Caller) -> None:
    telecom = [{"system": "phone", "value": "pas un numéro"}]

    answer = api.post("/Patient", patient_of(api.software, telecom=telecom))

    assert answer.status_code == 201
    assert "phone-format" in answer.headers["X-Hub-Warnings"]
    assert "telecom" not in answer.get_json()


def test_a_place_that_was_not_on_the_day_of_birth_is_told_to_the_software(api: Caller) -> None:
    body = patient_of(api.software, birthDate="1985-05-17")
    body["extension"] = [make_reliability("PROV"), make_birth_place("75012")]

    answer = api.post("/Patient", body, Prefer="return=OperationOutcome")

    assert answer.status_code == 201
    assert answer.headers["X-Hub-Warnings"] == "cog-ended"
    warning = next(issue for issue in answer.get_json()["issue"] if issue["severity"] == "warning")
    assert "code postal" in warning["details"]["text"]
    assert "75012" not in str(warning)


def test_a_number_of_another_domain_beside_the_own_one_is_left_aside(app: Flask, api: Caller) -> None:
    foreign = {**own_number(api.software), "system": "urn:oid:1.2.250.1.999.3.7", "value": "X"}

    answer = api.post("/Patient", patient_of(api.software, identifier=[foreign, own_number(api.software)]))

    assert answer.status_code == 201
    assert [row.value for row in own_rows(app, api)] == ["IPP-1"]
