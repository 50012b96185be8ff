"""Whatever is wrong with a request, the answer is a 4xx with a valid OperationOutcome and nothing is stored.

The mutations are those that FHIR validators were seen to let through, applied to Patient.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir import systems
from hub.registry.tables import SourceIdentity
from tests import live
from tests.conformance.software import Caller, Software, caller, own_number, patient_of, qualified_of
from tests.fhir.patients import (
    make_birth_place,
    make_ins_identifier,
    make_matricule,
    make_official_name,
    make_reliability,
)
from tests.hub.registry.people import rows
from tests.traces import told

Body = Callable[[Software], Any]
PRODUCTION_OID = "urn:oid:1.2.250.1.213.1.4.8"
OTHER_DOMAIN = "urn:oid:1.2.250.1.999.77.1"
# What no answer and no line of the log may quote.
TRAITS = ("D'AMBERT", "AMBERT", "LOUIS", "1974-12", "25/12", "01006", "17412010", "IPP-1", "0612345687", "LILAS")


@pytest.fixture(scope="module", params=live.ENGINES)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with live.shared(request, tmp_path_factory.mktemp("shared")) as variables, live.opened(variables) as application:
        yield application


@pytest.fixture
def api(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


def changed(**changes: Any) -> Body:
    return lambda software: patient_of(software, **changes)


def with_ins(**changes: Any) -> Body:
    """A qualified identity whose INS is changed."""
    return lambda software: qualified_of(software, identifier=[make_ins_identifier(**changes), own_number(software)])


def text(content: bytes) -> Body:
    return lambda software: content


MALFORMED: dict[str, Body] = {
    "no body": text(b""),
    "not JSON": text(b'{"resourceType": "Patient", "name": [{"family": "D\'AMBERT"'),
    "not UTF-8": text('{"resourceType":"Patient","id":"é"}'.encode("latin-1")),
    "a list": text(b"[]"),
    "a duplicate member": text(b'{"resourceType":"Patient","gender":"male","gender":"female"}'),
    "NaN": text(b'{"resourceType":"Patient","multipleBirthInteger":NaN}'),
    "a NUL character": changed(language="fr\0"),
    "too deep": text(b'{"resourceType":"Patient","a":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    "another resource": text(b'{"resourceType":"Observation"}'),
    "no type": lambda software: {name: part for name, part in patient_of(software).items() if name != "resourceType"},
    "gender femme": changed(gender="femme"),
    "date 25/12/1974": changed(birthDate="25/12/1974"),
    "a date that is not": changed(birthDate="1974-02-30"),
    "an unknown field": changed(nationalite="FR"),
    "name is no array": changed(name=make_official_name()),
    "link without other": changed(link=[{"type": "replaced-by"}], active=False),
    "an empty string": changed(language=""),
    "an empty family": changed(name=[make_official_name(family="")]),
    "an empty array": changed(telecom=[]),
    "an empty object": changed(photo=[{}]),
    "null": lambda software: {**patient_of(software), "language": None},
    "pat-1": changed(contact=[{"gender": "male"}]),
    "two deceased": changed(deceasedBoolean=True, deceasedDateTime="2020-01-01"),
    "text as boolean": changed(active="true"),
    "number as text": changed(multipleBirthInteger="1"),
    "bad base64": changed(photo=[{"contentType": "image/png", "data": "!"}]),
    "an id with spaces": changed(id="a b"),
    "a wrong reference target": changed(managingOrganization={"reference": "Medication/1"}),
    "an extension without url": changed(extension=[{"valueString": "x"}]),
    "ref-1": changed(managingOrganization={"reference": "#nobody"}),
}
BROKEN_RULES: dict[str, Body] = {
    "no birth name": changed(name=[{"use": "official", "given": ["LOUIS-MARIE"]}]),
    "no given name": changed(name=[{"use": "official", "family": "D'AMBERT-ROY"}]),
    "no name": changed(name=None),
    "no birth date": changed(birthDate=None),
    "no sex": changed(gender=None),
    "no number": changed(identifier=None),
    "a number without system": changed(identifier=[{"value": "IPP-1"}]),
    "a number without value": changed(identifier=[{"system": OTHER_DOMAIN}]),
    "a bad INS key": with_ins(value=make_matricule()[:-2] + "00"),
    "an INS without OID": with_ins(system=None),
    "an INS under another OID": with_ins(system="urn:oid:1.2.3.4"),
    "a production INS on a test platform": with_ins(system=PRODUCTION_OID),
    "an INS on a provisional identity": lambda software: patient_of(
        software, identifier=[make_ins_identifier(), own_number(software)]
    ),
    "an INS with sex other": lambda software: qualified_of(software, gender="other"),
    "a qualified identity without INS": changed(
        meta={"profile": [systems.PATIENT_INS_PROFILE]}, extension=[make_reliability("VALI"), make_birth_place()]
    ),
    "a doubtful identity with an INS": lambda software: qualified_of(
        software, extension=[make_reliability("VALI"), make_reliability("DOUT"), make_birth_place()]
    ),
    "two INS": lambda software: qualified_of(
        software,
        identifier=[
            make_ins_identifier(),
            make_ins_identifier(value=make_matricule("1741201006123")),
            own_number(software),
        ],
    ),
    "several numbers of one domain": lambda software: patient_of(
        software, identifier=[own_number(software), own_number(software, "B")]
    ),
    "an unknown status": changed(extension=[make_reliability("XXXX"), make_birth_place()]),
    "an unknown birth place": changed(extension=[make_reliability("PROV"), make_birth_place("ABC")]),
    "a modifier extension": changed(modifierExtension=[{"url": "https://x.example", "valueBoolean": True}]),
    "implicit rules": changed(implicitRules="https://x.example"),
    "active and replaced": changed(link=[{"other": {"reference": "Patient/1"}, "type": "replaced-by"}]),
}


def assert_refused(app: Flask, api: Caller, body: Any, status: int) -> None:
    created = api.post("/Patient", body)
    updated = api.feed(body, "IPP-1")

    assert (created.status_code, updated.status_code) == (status, status), created.text
    for answer in (created, updated):
        issues = answer.get_json()["issue"]
        assert any(issue["severity"] == "error" for issue in issues)
        assert not [trait for trait in TRAITS if trait in answer.text]
    assert not rows(app, SourceIdentity, SourceIdentity.organization_id == api.software.structure.id)


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_not_fhir_is_refused(app: Flask, api: Caller, case: str) -> None:
    assert_refused(app, api, MALFORMED[case](api.software), 400)


@pytest.mark.parametrize("case", BROKEN_RULES)
def test_what_breaks_a_rule_of_identity_is_refused(app: Flask, api: Caller, case: str) -> None:
    assert_refused(app, api, BROKEN_RULES[case](api.software), 422)


def test_a_feed_into_another_domain_is_refused(app: Flask, api: Caller) -> None:
    foreign = patient_of(api.software, identifier=[{**own_number(api.software), "system": OTHER_DOMAIN}])

    created = api.post("/Patient", foreign)
    updated = api.put(f"/Patient?identifier={OTHER_DOMAIN}|IPP-1", foreign)

    assert (created.status_code, updated.status_code) == (403, 403)
    assert not rows(app, SourceIdentity, SourceIdentity.domain == OTHER_DOMAIN)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 412),
        ("?identifier=", 412),
        ("?_format=json", 412),
        ("?identifier=IPP-1", 400),
        ("?identifier={domain}|", 400),
        ("?identifier=|IPP-1", 400),
        ("?identifier={domain}|IPP-1,{domain}|B", 400),
        ("?identifier={domain}|IPP-1&identifier={domain}|B", 400),
        ("?identifier={domain}|IPP-1&family=X", 400),
        ("?family=X", 400),
        ("?identifier={domain}|ANOTHER", 400),
        ("?identifier:of-type=a|b|c", 400),
    ],
)
def test_a_conditional_update_wants_the_number_that_its_body_holds(
    app: Flask, api: Caller, query: str, status: int
) -> None:
    answer = api.put("/Patient" + query.format(domain=api.software.domain), patient_of(api.software))

    assert answer.status_code == status
    assert not rows(app, SourceIdentity, SourceIdentity.organization_id == api.software.structure.id)


@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_a_body_over_one_megabyte_is_refused(app: Flask, api: Caller, size: int) -> None:
    body = json.dumps(patient_of(api.software)).encode()
    body += b" " * (size - len(body))

    assert_refused(app, api, body, 413)


def test_a_body_of_one_megabyte_is_read(api: Caller) -> None:
    body = json.dumps(patient_of(api.software)).encode()

    assert api.post("/Patient", body + b" " * (1_000_000 - len(body))).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/fhir+xml", "", "multipart/form-data"])
def test_another_content_type_is_refused(app: Flask, api: Caller, kind: str) -> None:
    answer = api.post("/Patient", patient_of(api.software), Content_Type=kind)

    assert answer.status_code == 415
    assert not rows(app, SourceIdentity, SourceIdentity.organization_id == api.software.structure.id)


@pytest.mark.parametrize("kind", ["application/fhir+json; charset=UTF-8", "application/json; fhirVersion=4.0"])
def test_the_type_may_say_more(api: Caller, kind: str) -> None:
    assert api.post("/Patient", patient_of(api.software), Content_Type=kind).status_code == 201


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("application/fhir+xml", "", 406),
        ("text/html", "", 406),
        ("application/fhir+json;q=0", "", 406),
        ("application/fhir+json; fhirVersion=4.0", "", 201),
        ("application/json", "", 201),
        ("*/*", "", 201),
        ("text/html, */*;q=0.1", "", 201),
        ("application/fhir+xml", "?_format=json", 201),
        ("application/fhir+json", "?_format=xml", 406),
        ("*/*", "?_format=application/fhir%2Bjson", 201),
    ],
)
def test_the_answer_is_json_or_refused(api: Caller, accept: str, query: str, status: int) -> None:
    answer = api.post(f"/Patient{query}", patient_of(api.software), Accept=accept)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/Patient/1", 405),
        ("PATCH", "/Patient/1", 405),
        ("POST", "/Patient/1", 405),
        ("DELETE", "/Patient?identifier=a|b", 405),
        ("GET", "/Patient/1/_history", 404),
        ("GET", "/Observation", 404),
        ("POST", "/", 404),
        ("POST", "", 404),
        ("GET", "/Patient/1/", 404),
        ("GET", "/Patient/../metadata", 404),
        ("GET", "/Patient/" + "9" * 40, 404),
        ("GET", "/Patient/a%00b", 404),
        ("GET", "/Patient/%F0%9F%98%80", 404),
    ],
)
def test_what_is_not_served_is_told_as_fhir(api: Caller, method: str, path: str, status: int) -> None:
    body = {"resourceType": "Patient"} if method in ("POST", "PATCH") else None

    answer = api.call(method, path, body)

    assert answer.status_code == status
    assert ("Allow" in answer.headers) == (status == 405)


def test_neither_answers_nor_logs_quote_a_trait(
    capsys: pytest.CaptureFixture[str], variables: dict[str, str]
) -> None:
    with live.opened(variables | {"HUB_LOG_LEVEL": "debug"}) as app, app.test_client() as client:
        api = caller(app, client)
        telecom = [{"system": "phone", "value": "0612345687"}]
        bodies = [build(api.software) for build in (*MALFORMED.values(), *BROKEN_RULES.values())]
        answers = [api.post("/Patient", body) for body in bodies]
        answers += [api.feed(body, "IPP-1") for body in bodies]
        answers += [api.search({"family": "D'AMBERT"}), api.search({"birthdate": "1974-12-25", "IPP-1": "LOUIS"})]
        answers += [api.get("/Patient?identifier=LILAS|IPP-1|LOUIS"), api.get("/Patient/IPP-1")]
        answers += [api.put("/Patient?family=AMBERT", b"{}"), api.put("/Patient?LOUIS=1", b"{}")]
        created = api.post("/Patient", qualified_of(api.software, telecom=telecom))
        api.search({"family": "D'AMBERT", "birthdate": "1974-12-25"})

    assert created.status_code == 201
    assert {answer.status_code for answer in answers} <= {400, 404, 412, 422}
    logged = capsys.readouterr()
    assert "request.done" in logged.err
    for text in (*told(logged.err), *told(logged.out), *(answer.text for answer in answers)):
        assert not [trait for trait in TRAITS if trait in text], text
