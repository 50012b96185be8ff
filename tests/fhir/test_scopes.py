"""SMART scopes of back-end systems."""

import pytest

from fhir.scopes import Scope, ScopeError, allows, parse_scopes


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("system/Patient.rs", Scope("Patient", "rs")),
        ("system/Patient.cruds", Scope("Patient", "cruds")),
        ("system/Patient.read", Scope("Patient", "rs")),
        ("system/Patient.write", Scope("Patient", "cud")),
        ("system/Patient.*", Scope("Patient", "cruds")),
        ("system/*.r", Scope("*", "r")),
    ],
)
def test_a_scope_is_read(text, scope):
    assert parse_scopes(text) == {scope}


def test_several_scopes_are_read():
    assert parse_scopes("system/Patient.rs  system/Binary.c") == {Scope("Patient", "rs"), Scope("Binary", "c")}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "openid",
        "user/Patient.rs",
        "system/Patient",
        "system/Patient.",
        "system/Patient.sr",
        "system/Patient.rr",
        "system/Patient.x",
        "system/Patient.READ",
        "system/Hopital.rs",
        "system/HumanName.rs",
        "system/Patient.rs?_id=1",
        "system/Patient.rs system/Patient.zz",
    ],
)
def test_an_unknown_scope_is_refused(text):
    with pytest.raises(ScopeError):
        parse_scopes(text)


@pytest.mark.parametrize(
    ("text", "resource", "letter", "allowed"),
    [
        ("system/Patient.rs", "Patient", "r", True),
        ("system/Patient.rs", "Patient", "u", False),
        ("system/Patient.rs", "Observation", "r", False),
        ("system/*.r", "Observation", "r", True),
        ("system/Patient.r system/Patient.u", "Patient", "u", True),
    ],
)
def test_a_right_is_given_by_a_scope_of_that_resource(text, resource, letter, allowed):
    assert allows(parse_scopes(text), resource, letter) is allowed
