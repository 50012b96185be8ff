"""OperationOutcome, searchset, CapabilityStatement and SMART configuration."""

from datetime import UTC, datetime

import pytest

from fhir.bundle import render_searchset
from fhir.capability import render_capability, render_smart_configuration
from fhir.mapping.patient import render_patient
from fhir.outcome import FhirError, Issue, IssueKind, refusal, render_outcome
from fhir.parsing import validate
from tests.fhir.patients import make_view

CAPABILITY = render_capability(
    "https://hub.example/fhir", "https://hub.example/token", "0.1.0", datetime(2026, 2, 3, tzinfo=UTC)
)


def test_an_outcome_carries_key_text_and_place():
    issue = Issue("error", IssueKind.VALUE, "La clé ne correspond pas.", "ins-key", "Patient.identifier[0].value")

    written = render_outcome([issue])

    assert written["issue"] == [
        {
            "severity": "error",
            "code": "value",
            "details": {
                "coding": [{"system": "https://identity-hub.example/fhir/CodeSystem/text-key", "code": "ins-key"}],
                "text": "La clé ne correspond pas.",
            },
            "expression": ["Patient.identifier[0].value"],
        }
    ]
    validate("OperationOutcome", written)


@pytest.mark.parametrize("issues", [[], [Issue("warning", IssueKind.NOT_FOUND, "Rien.")]])
def test_an_outcome_is_valid_r4(issues):
    validate("OperationOutcome", render_outcome(issues))


def test_a_refusal_is_an_error_of_one_issue():
    error = refusal(404, IssueKind.NOT_FOUND, "Patient inconnu.", key="unknown")

    assert isinstance(error, FhirError)
    assert (error.status, error.issues) == (
        404,
        (Issue("error", IssueKind.NOT_FOUND, "Patient inconnu.", "unknown"),),
    )


def test_an_empty_searchset_has_no_entry():
    written = render_searchset(0, [], "https://hub.example/fhir/Patient?_id=1", None)

    assert "entry" not in written
    assert [link["relation"] for link in written["link"]] == ["self"]
    validate("Bundle", written)


def test_a_searchset_gives_matches_then_the_outcome_and_the_next_page():
    entries = [("https://hub.example/fhir/Patient/ex-qual", render_patient(make_view()))]
    outcome = render_outcome([Issue("warning", IssueKind.NOT_SUPPORTED, "Paramètre ignoré.")])

    written = render_searchset(12, entries, "https://hub.example/a", "https://hub.example/b", outcome)

    assert [entry["search"]["mode"] for entry in written["entry"]] == ["match", "outcome"]
    assert written["link"][1] == {"relation": "next", "url": "https://hub.example/b"}
    validate("Bundle", written)


def test_the_capability_statement_is_valid_and_tells_what_exists():
    validate("CapabilityStatement", CAPABILITY)
    patient = CAPABILITY["rest"][0]["resource"][0]

    assert {each["code"] for each in patient["interaction"]} == {"create", "read", "update", "search-type"}
    assert (patient["conditionalCreate"], patient["conditionalUpdate"]) == (False, True)
    assert CAPABILITY["date"] == "2026-02-03T00:00:00Z"


def test_the_capability_statement_points_at_the_token_endpoint():
    uris = CAPABILITY["rest"][0]["security"]["extension"][0]["extension"]

    assert uris == [{"url": "token", "valueUri": "https://hub.example/token"}]


def test_the_smart_configuration_is_for_back_end_clients():
    written = render_smart_configuration("https://hub.example/token", ["system/Patient.rs"])

    assert written["grant_types_supported"] == ["client_credentials"]
    assert written["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert written["scopes_supported"] == ["system/Patient.rs"]
