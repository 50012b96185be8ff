"""Strict JSON and R4 structure."""

import pytest

from fhir.outcome import FhirError, IssueKind
from fhir.parsing import load_json, validate
from tests.fhir.patients import make_patient

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "essai"}}
DOCUMENT = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"contentType": "application/pdf", "url": "Binary/b1"}}],
}
SEARCHSET = {"resourceType": "Bundle", "type": "searchset", "total": 0}
BINARY = {"resourceType": "Binary", "contentType": "application/pdf", "data": "JVBERg=="}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "ligne 1, colonne 1", id="empty"),
        pytest.param(b'{"a":1,\n "b" 2}', "ligne 2, colonne 6", id="malformed on line 2"),
        pytest.param(b'{"a":1}{}', "ligne 1, colonne 8", id="two documents"),
        pytest.param(b"\xef\xbb\xbf{}", "ligne 1", id="byte order mark"),
        pytest.param(b'{"a":"\xe9"}', "UTF-8", id="latin-1"),
        pytest.param(b'{"gender":"male","gender":"female"}', "gender", id="duplicate name"),
        pytest.param(b'{"a":{"b":1,"b":1}}', "deux fois", id="nested duplicate name"),
        pytest.param(b'{"a":NaN}', "NaN", id="NaN"),
        pytest.param(b'{"a":-Infinity}', "NaN", id="Infinity"),
        pytest.param(b'{"a":1e999}', "bornes", id="number too large"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", "bornes", id="number of 5000 digits"),
        pytest.param(b"[]", "objet JSON", id="array"),
        pytest.param(b'"Patient"', "objet JSON", id="string"),
        pytest.param(b"null", "objet JSON", id="null"),
        pytest.param(b'{"a":' * 33 + b"1" + b"}" * 33, "32 niveaux", id="33 levels"),
        pytest.param(b"[" * 200_000, "32 niveaux", id="200 000 levels"),
        pytest.param(rb'{"a":"\u0000"}', "contr\u00f4le", id="NUL"),
        pytest.param(rb'{"a":"\ud800"}', "contr\u00f4le", id="lone surrogate"),
    ],
)
def test_a_body_that_is_not_strict_json_is_refused(body, said):
    with pytest.raises(FhirError) as refused:
        load_json(body)

    assert refused.value.status == 400
    assert refused.value.issues[0].kind in (IssueKind.INVALID, IssueKind.STRUCTURE)
    assert said in refused.value.issues[0].text


def test_json_of_32_levels_is_read():
    tree = load_json(b'{"a":' * 32 + b"1" + b"}" * 32)

    assert list(tree) == ["a"]


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param(make_patient(), id="patient"),
        pytest.param({"resourceType": "Patient", "gender": "other"}, id="patient with a gender only"),
        pytest.param(make_patient(birthDate="1974-12"), id="partial date"),
        pytest.param(
            make_patient(birthDate=None, _birthDate={"extension": [{"url": "urn:x", "valueCode": "unknown"}]}),
            id="primitive with an extension only",
        ),
        pytest.param(
            make_patient(
                name=[
                    {"given": [None, "PAUL"], "_given": [{"extension": [{"url": "urn:x", "valueCode": "u"}]}, None]}
                ]
            ),
            id="null in an array with its twin",
        ),
        pytest.param(
            make_patient(
                contained=[{"resourceType": "Organization", "id": "o", "name": "CH"}],
                managingOrganization={"reference": "#o"},
            ),
            id="contained organization",
        ),
        pytest.param(make_patient(managingOrganization={"reference": "urn:uuid:0-0"}), id="urn reference"),
        pytest.param(make_patient(generalPractitioner=[{"reference": "PractitionerRole/1"}]), id="good target"),
        pytest.param(make_patient(managingOrganization={"display": "CH"}), id="reference by display"),
        pytest.param(DOCUMENT, id="document"),
        pytest.param({**OBSERVATION, "status": "corrected"}, id="observation corrected"),
        pytest.param({**OBSERVATION, "effectiveInstant": "2026-02-03T10:00:00.123+01:00"}, id="instant"),
        pytest.param(SEARCHSET, id="searchset"),
        pytest.param(BINARY, id="binary"),
    ],
)
def test_a_good_resource_passes(tree):
    model = validate(tree["resourceType"], tree)

    assert type(model).__name__ == tree["resourceType"]


WRONG = [
    # The coverage matrix of wrong inputs.
    ("gender femme", make_patient(gender="femme"), "Patient.gender", "code-invalid"),
    ("date 15/06/1955", make_patient(birthDate="15/06/1955"), "Patient.birthDate", "value"),
    ("unknown field", make_patient(foo="x"), "Patient.foo", "structure"),
    ("name not an array", make_patient(name={"family": "X"}), "Patient.name", "structure"),
    ("link without other", make_patient(link=[{"type": "refer"}]), "Patient.link[0].other", "required"),
    (
        "document without content",
        {"resourceType": "DocumentReference", "status": "current"},
        "DocumentReference.content",
        "required",
    ),
    ("empty string", make_patient(name=[{"family": ""}]), "Patient.name[0].family", "value"),
    ("pat-1", make_patient(contact=[{"gender": "male"}]), "Patient.contact[0]", "invariant"),
    (
        "two deceased",
        make_patient(deceasedBoolean=True, deceasedDateTime="2020-01-01"),
        "Patient.deceased",
        "structure",
    ),
    ("true as a string", make_patient(active="true"), "Patient.active", "value"),
    ("negative total", {**SEARCHSET, "total": -1}, "Bundle.total", "value"),
    (
        "observation without status",
        {"resourceType": "Observation", "code": {"text": "x"}},
        "Observation.status",
        "required",
    ),
    ("bad base64", {**BINARY, "data": "@@@"}, "Binary.data", "value"),
    ("base64 of a wrong length", {**BINARY, "data": "JVBERg="}, "Binary.data", "value"),
    ("id with spaces", make_patient(id="a b"), "Patient.id", "value"),
    (
        "document about a medication",
        {**DOCUMENT, "subject": {"reference": "Medication/1"}},
        "DocumentReference.subject.reference",
        "value",
    ),
    (
        "empty attachment",
        {**DOCUMENT, "content": [{"attachment": {}}]},
        "DocumentReference.content[0].attachment",
        "structure",
    ),
    # Beyond the matrix.
    ("empty array", make_patient(telecom=[]), "Patient.telecom", "structure"),
    ("null", make_patient() | {"gender": None}, "Patient.gender", "structure"),
    ("null in an array", make_patient(name=[None]), "Patient.name[0]", "structure"),
    ("null given without twin", make_patient(name=[{"given": [None]}]), "Patient.name[0].given", "structure"),
    ("array for one", make_patient(gender=["male"]), "Patient.gender", "structure"),
    ("string for an object", make_patient(name=["DUPONT"]), "Patient.name[0]", "structure"),
    ("number as string", make_patient(birthDate=1974), "Patient.birthDate", "value"),
    ("blank string", make_patient(name=[{"family": "  "}]), "Patient.name[0].family", "value"),
    ("id of 65", make_patient(id="a" * 65), "Patient.id", "value"),
    ("30 February", make_patient(birthDate="1974-02-30"), "Patient.birthDate", "value"),
    ("date with time", make_patient(birthDate="1974-12-25T00:00:00Z"), "Patient.birthDate", "value"),
    (
        "dateTime without zone",
        make_patient(deceasedDateTime="2020-01-01T10:00:00"),
        "Patient.deceasedDateTime",
        "value",
    ),
    ("identifier.use", make_patient(identifier=[{"use": "main"}]), "Patient.identifier[0].use", "code-invalid"),
    ("name.use", make_patient(name=[{"use": "birth"}]), "Patient.name[0].use", "code-invalid"),
    ("telecom.system", make_patient(telecom=[{"system": "tel"}]), "Patient.telecom[0].system", "code-invalid"),
    (
        "telecom.use",
        make_patient(telecom=[{"system": "phone", "use": "pro"}]),
        "Patient.telecom[0].use",
        "code-invalid",
    ),
    ("telecom without system", make_patient(telecom=[{"value": "1"}]), "Patient.telecom[0].system", "invariant"),
    ("address.use", make_patient(address=[{"use": "house"}]), "Patient.address[0].use", "code-invalid"),
    (
        "link.type",
        make_patient(link=[{"other": {"reference": "Patient/1"}, "type": "merged"}]),
        "Patient.link[0].type",
        "code-invalid",
    ),
    (
        "contact.gender",
        make_patient(contact=[{"gender": "zz", "name": {"text": "X"}}]),
        "Patient.contact[0].gender",
        "code-invalid",
    ),
    (
        "organization that is a practitioner",
        make_patient(managingOrganization={"reference": "Practitioner/1"}),
        "Patient.managingOrganization.reference",
        "value",
    ),
    (
        "stated reference type",
        make_patient(managingOrganization={"type": "Patient", "display": "x"}),
        "Patient.managingOrganization.type",
        "value",
    ),
    (
        "general practitioner that is a patient",
        make_patient(generalPractitioner=[{"reference": "https://x.example/fhir/Patient/1"}]),
        "Patient.generalPractitioner[0].reference",
        "value",
    ),
    (
        "reference that is not one",
        make_patient(managingOrganization={"reference": "CH de Belley"}),
        "Patient.managingOrganization.reference",
        "value",
    ),
    (
        "reference to an unknown type",
        make_patient(managingOrganization={"reference": "Hopital/1"}),
        "Patient.managingOrganization.reference",
        "value",
    ),
    (
        "reference to nothing contained",
        make_patient(managingOrganization={"reference": "#o"}),
        "Patient.managingOrganization.reference",
        "invariant",
    ),
    (
        "contained of an unknown type",
        make_patient(contained=[{"resourceType": "Foo", "id": "f"}]),
        "Patient.contained[0].resourceType",
        "structure",
    ),
    (
        "contained without a type",
        make_patient(contained=[{"id": "f"}]),
        "Patient.contained[0]",
        "required",
    ),
    (
        "contained that nothing cites",
        make_patient(contained=[{"resourceType": "Organization", "id": "o", "name": "CH"}]),
        "Patient.contained[0]",
        "invariant",
    ),
    (
        "entry of an unknown type",
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Foo"}}]},
        "Bundle.entry[0].resource.resourceType",
        "structure",
    ),
    (
        "entry whose resource is wrong",
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": make_patient(gender="x")}]},
        "Bundle.entry[0].resource.gender",
        "code-invalid",
    ),
    (
        "transaction entry without request",
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": make_patient()}]},
        "Bundle.entry[0].request",
        "invariant",
    ),
    (
        "total of a collection",
        {"resourceType": "Bundle", "type": "collection", "total": 1},
        "Bundle.total",
        "invariant",
    ),
    ("bundle type", {"resourceType": "Bundle", "type": "lot"}, "Bundle.type", "code-invalid"),
    (
        "extension without value",
        make_patient(extension=[{"url": "urn:x"}]),
        "Patient.extension[0]",
        "invariant",
    ),
    ("extension without url", make_patient(extension=[{"valueCode": "a"}]), "Patient.extension[0].url", "required"),
    (
        "extension with two values",
        make_patient(extension=[{"url": "urn:x", "valueCode": "a", "valueString": "b"}]),
        "Patient.extension[0].value",
        "structure",
    ),
    (
        "period that ends before it starts",
        make_patient(address=[{"city": "X", "period": {"start": "2026-01-02", "end": "2026-01-01"}}]),
        "Patient.address[0].period",
        "invariant",
    ),
    ("observation.status", {**OBSERVATION, "status": "done"}, "Observation.status", "code-invalid"),
    ("observation without code", {"resourceType": "Observation", "status": "final"}, "Observation.code", "required"),
    ("binary without contentType", {"resourceType": "Binary", "data": "AAAA"}, "Binary.contentType", "required"),
    ("document.status", {**DOCUMENT, "status": "actif"}, "DocumentReference.status", "code-invalid"),
    (
        "attachment size",
        {**DOCUMENT, "content": [{"attachment": {"size": -1}}]},
        "DocumentReference.content[0].attachment.size",
        "value",
    ),
    ("uri with a space", make_patient(identifier=[{"system": "a b"}]), "Patient.identifier[0].system", "value"),
    ("comments", make_patient(fhir_comments="x"), "Patient", "structure"),
    (
        "resourceType inside an element",
        make_patient(name=[{"resourceType": "HumanName", "family": "X"}]),
        "Patient.name[0].resourceType",
        "structure",
    ),
]


@pytest.mark.parametrize(
    ("tree", "expression", "kind"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_a_wrong_resource_is_refused_at_its_element(tree, expression, kind):
    with pytest.raises(FhirError) as refused:
        validate(tree["resourceType"], tree)

    assert refused.value.status == 400
    assert (expression, kind) in {(issue.expression, issue.kind.value) for issue in refused.value.issues}


@pytest.mark.parametrize("tree", [{"resourceType": "Observation"}, {"id": "x"}, {"resourceType": 3}, {}])
def test_another_resource_than_the_one_expected_is_refused(tree):
    with pytest.raises(FhirError) as refused:
        validate("Patient", tree)

    assert refused.value.status == 400
    assert refused.value.issues[0].text == "Ce point d'entrée attend une ressource Patient."


def test_all_faults_are_told_at_once():
    tree = make_patient(gender="femme", birthDate="hier", foo=1)

    with pytest.raises(FhirError) as refused:
        validate("Patient", tree)

    assert {issue.expression for issue in refused.value.issues} == {
        "Patient.gender",
        "Patient.birthDate",
        "Patient.foo",
    }


def test_a_refusal_never_quotes_the_value():
    tree = make_patient(birthDate="SECRET1", gender="SECRET2", name=[{"SECRET 3": "SECRET4"}])

    with pytest.raises(FhirError) as refused:
        validate("Patient", tree)

    assert "SECRET" not in repr(refused.value.issues) + str(refused.value)
