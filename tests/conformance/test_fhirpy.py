"""fhirpy, a Python client, works with the hub."""

import json
from typing import Any

import fhirpy
import httpx2 as httpx
import pytest
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound
from flask import Flask

from tests.conformance import gate
from tests.conformance.software import Software, patient_of, register, token_form
from tests.live import LiveHub

ADDRESS = [{"use": "home", "city": "BELLEY"}]


@pytest.fixture(params=["ES384", "RS384"])
def software(request: pytest.FixtureRequest, app: Flask) -> Software:
    return register(app, algorithm=request.param)


@pytest.fixture
def authorization(software: Software, http: httpx.Client) -> str:
    answer = http.post(f"{software.base}/oauth/token", data=token_form(software))
    assert answer.status_code == 200, answer.text
    return f"Bearer {answer.json()['access_token']}"


@pytest.fixture
def fhir(hub: LiveHub, authorization: str) -> fhirpy.SyncFHIRClient:
    return fhirpy.SyncFHIRClient(f"{hub.url}/fhir", authorization=authorization)


def create(fhir: fhirpy.SyncFHIRClient, software: Software, number: str) -> Any:
    resource = fhir.resource("Patient", **patient_of(software, number))
    resource.save()
    gate.check(resource.serialize())
    return resource


def test_it_creates_reads_and_searches(fhir: fhirpy.SyncFHIRClient, software: Software) -> None:
    stored = create(fhir, software, "1")

    read = fhir.reference("Patient", stored.id).to_resource()
    by_number = fhir.resources("Patient").search(identifier=f"{software.domain}|1").fetch()
    by_name = fhir.resources("Patient").search(birthdate="1974-12-25", family="d'ambert").first()
    missing = fhir.resources("Patient").search(identifier=f"{software.domain}|2").first()

    assert read.serialize() == stored.serialize()
    assert [item.id for item in by_number] == [stored.id] == [by_name.id]
    assert missing is None


def test_it_follows_every_page(fhir: fhirpy.SyncFHIRClient, software: Software) -> None:
    stored = [create(fhir, software, str(number)).id for number in range(5)]

    found = fhir.resources("Patient").search(birthdate="1974-12-25", family="D").limit(2).fetch_all()
    total = fhir.resources("Patient").search(birthdate="1974-12-25", family="D").count()

    assert [item.id for item in found] == stored
    assert total == 5


def test_it_updates_by_number(fhir: fhirpy.SyncFHIRClient, software: Software) -> None:
    numbered = fhir.resources("Patient").search(identifier=f"{software.domain}|1")

    created, is_new = numbered.update(fhir.resource("Patient", **patient_of(software, "1")))
    changed, is_new_again = numbered.update(fhir.resource("Patient", **patient_of(software, "1", address=ADDRESS)))

    assert (is_new, is_new_again) == (True, False)
    assert (changed.id, changed["meta"]["versionId"]) == (created.id, "2")
    gate.check(changed.serialize())


def test_it_updates_the_version_that_it_read(hub: LiveHub, authorization: str, software: Software) -> None:
    fhir = fhirpy.SyncFHIRClient(f"{hub.url}/fhir", authorization=authorization)
    stored = create(fhir, software, "1")
    careful = fhirpy.SyncFHIRClient(
        f"{hub.url}/fhir", authorization=authorization, extra_headers={"If-Match": 'W/"1"'}
    )
    change = careful.resource("Patient", **{**stored.serialize(), "address": ADDRESS})

    change.save()
    with pytest.raises(MultipleResourcesFound) as stale:  # what fhirpy makes of any 412
        careful.resource("Patient", **stored.serialize()).save()
    with pytest.raises(OperationOutcome) as without:
        stored.save()

    assert change["meta"]["versionId"] == "2"
    assert json.loads(str(stale.value))["issue"][0]["code"] == "conflict"
    assert _code(without.value) == "required"


def test_it_understands_refusals(fhir: fhirpy.SyncFHIRClient, software: Software) -> None:
    with pytest.raises(ResourceNotFound):
        fhir.reference("Patient", "999999999").to_resource()
    with pytest.raises(OperationOutcome) as invalid:
        fhir.resource("Patient", **patient_of(software, "1", gender="femme")).save()
    with pytest.raises(OperationOutcome) as broad:
        fhir.resources("Patient").search(family="D").fetch()

    assert _code(invalid.value) == "code-invalid"
    assert _code(broad.value) == "too-costly"


def _code(error: OperationOutcome) -> str:
    gate.check(error.resource)
    code: str = error.resource["issue"][0]["code"]
    return code
