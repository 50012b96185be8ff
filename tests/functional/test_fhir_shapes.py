"""Every shape in which the hub emits a resource passes the gate, and the gate refuses what is wrong."""

import copy
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir import systems
from fhir.mapping.patient import render_patient
from fhir.outcome import Issue, IssueKind, render_outcome
from hub.oidc import provider
from identity.ins import Ins, InsOid
from identity.status import Attribute, IdentityStatus
from identity.traits import Address, BirthDate, Sex
from tests.conformance import gate
from tests.conformance.software import Caller, caller, patient_of, qualified_of, register
from tests.factories import parts_of
from tests.fhir.patients import make_birth_place, make_full_traits, make_official_name, make_reliability, make_view

VIEWS = {
    "qualified": make_view(),
    "complete": make_view(traits=make_full_traits()),
    "validated": make_view(status=IdentityStatus.VALIDATED, traits=make_full_traits(ins=None)),
    "retrieved": make_view(status=IdentityStatus.RETRIEVED),
    "provisional": make_view(status=IdentityStatus.PROVISIONAL),
    "doubtful": make_view(status=IdentityStatus.PROVISIONAL, attributes=frozenset({Attribute.DOUBTFUL})),
    "fictitious": make_view(status=IdentityStatus.PROVISIONAL, attributes=frozenset({Attribute.FICTITIOUS})),
    "used name only": make_view(traits=make_full_traits(used_given_name=None)),
    "used given name only": make_view(traits=make_full_traits(used_name=None)),
    "town only": make_view(traits=make_full_traits(address=Address(None, None, "BELLEY"))),
    "postcode only": make_view(traits=make_full_traits(address=Address(None, "01300", None))),
    "line only": make_view(traits=make_full_traits(address=Address("3 RUE DES LILAS", None, None))),
    "absorbed": make_view(active=False, replaced_by="12"),
    "absorbed, empty": make_view(
        active=False,
        replaced_by="12",
        traits=make_full_traits(
            birth_name=None, given_names=(), used_name=None, used_given_name=None, birth_date=None, birth_place=None,
            ins=None, address=None, phone=None, email=None, death_date=None, sex=Sex.UNKNOWN,
        ),
        status=IdentityStatus.PROVISIONAL,
    ),
    "inactive": make_view(active=False),
    "born abroad": make_view(traits=make_full_traits(birth_place="99352")),
    "presumed date": make_view(
        status=IdentityStatus.PROVISIONAL, traits=make_full_traits(birth_date=BirthDate(1974, 12, 31, presumed=True))
    ),
    "female": make_view(traits=make_full_traits(sex=Sex.FEMALE)),
    "demonstration INS": make_view(
        traits=make_full_traits(ins=Ins(make_full_traits().ins.matricule, InsOid.NIR_DEMO))
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", VIEWS)
def test_a_patient_is_valid_in_every_shape(shape: str) -> None:
    gate.check(render_patient(VIEWS[shape]))


@pytest.mark.parametrize("severity", ["fatal", "error", "warning", "information"])
@pytest.mark.parametrize("kind", IssueKind)
def test_an_outcome_is_valid_with_every_code(kind: IssueKind, severity: Any) -> None:
    gate.check(render_outcome([Issue(severity, kind, "Texte.", "key", "Patient.name"), Issue(severity, kind, "T.")]))
    gate.check(render_outcome([]))


@pytest.fixture
def api(app: Flask, client: FlaskClient) -> Caller:
    return caller(app, client)


def test_what_was_stored_comes_back_valid(api: Caller) -> None:
    rich = {
        "name": [make_official_name(), {"use": "usual", "family": "AMBERT", "given": ["LOUIS"]}],
        "telecom": [{"system": "phone", "value": "0612345687"}, {"system": "email", "value": "louis@exemple.fr"}],
        "address": [{"use": "home", "city": "BELLEY"}],
        "deceasedDateTime": "2026-01-02",
    }
    shapes = [
        qualified_of(api.software, "Q", **rich),
        patient_of(api.software, "P"),
        patient_of(api.software, "Y", birthDate="1974"),
        patient_of(
            api.software, "D", extension=[make_reliability("PROV"), make_reliability("DOUT"), make_birth_place()]
        ),
        patient_of(api.software, "F", extension=[make_reliability("PROV"), make_birth_place("99352")]),
        patient_of(api.software, "U", gender="unknown"),
    ]
    answers = [api.post("/Patient", shape) for shape in shapes]
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    created = [answer.get_json() for answer in answers]
    gone = {"active": False, "link": [{"other": {"reference": f"Patient/{created[0]['id']}"}, "type": "replaced-by"}]}
    absorbed = api.post("/Patient", patient_of(api.software, "G", name=None, birthDate=None, gender=None, **gone))

    assert absorbed.status_code == 201, absorbed.text
    for patient in (*created, absorbed.get_json()):
        answer = api.get(f"/Patient/{patient['id']}")
        assert answer.get_json() == patient
        again = api.put(f"/Patient/{patient['id']}", patient, If_Match=answer.headers["ETag"])
        assert again.status_code == 200, again.text
    assert created[0]["meta"]["profile"] == [systems.PATIENT_INS_PROFILE]
    assert created[0]["deceasedDateTime"] == "2026-01-02"


def test_the_capability_statement_is_valid_and_true(app: Flask, client: FlaskClient) -> None:
    statement = Caller(client, None, register(app)).get("/metadata").get_json()

    assert statement["implementation"]["url"] == f"{parts_of(app).settings.public_url}/fhir"
    (patient,) = statement["rest"][0]["resource"]
    assert {item["code"] for item in patient["interaction"]} == {"create", "read", "update", "search-type"}
    assert patient["conditionalUpdate"] is True
    names = {item["name"] for item in patient["searchParam"]}
    assert {"_id", "identifier", "family", "given", "birthdate", "gender", "active", "telecom"} <= names
    (token,) = statement["rest"][0]["security"]["extension"][0]["extension"]
    assert token["valueUri"] == provider.discovery(parts_of(app).settings)["token_endpoint"]


def wrong(**changes: Any) -> dict[str, Any]:
    patient = copy.deepcopy(render_patient(make_view()))
    return {name: value for name, value in {**patient, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    "resource",
    [
        wrong(gender="femme"),
        wrong(birthDate="15/06/1955"),
        wrong(colour="blue"),
        wrong(name={"family": "X"}),
        wrong(link=[{"type": "replaced-by"}]),
        wrong(language=""),
        wrong(contact=[{"gender": "male"}]),
        wrong(deceasedBoolean=True, deceasedDateTime="2020-01-01"),
        wrong(active="true"),
        wrong(photo=[{"data": "!"}]),
        wrong(id="a b"),
        wrong(managingOrganization={"reference": "Medication/1"}),
        wrong(photo=[{}]),
        {"resourceType": "Bundle", "type": "searchset", "total": -1},
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": wrong(gender="femme")}]},
        {"resourceType": "OperationOutcome", "issue": [{"severity": "bad", "code": "invalid"}]},
        {"resourceType": "OperationOutcome"},
        {"resourceType": "CapabilityStatement"},
        {"resourceType": "Observation"},
    ],
    ids=lambda resource: re.sub(r"\W+", "-", str(resource))[-40:],
)
def test_the_gate_refuses(resource: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        gate.check(resource)
