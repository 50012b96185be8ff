"""Patient search parameters and conditional criteria."""

from datetime import date

import pytest

from fhir.criteria import DateCriterion, DatePrefix, StringCriterion, StringModifier, Token
from fhir.mapping.values import DomainIdentifier
from fhir.outcome import FhirError
from fhir.search import parse_conditional, parse_patient_search

BY_ID = ("_id", "ex-1")
BIRTH = ("birthdate", "1974-12-25")


def search(*pairs, strict=False):
    return parse_patient_search(pairs, strict)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("urn:oid:1.2|A1", (Token("urn:oid:1.2", "A1"),)),
        ("A1", (Token(None, "A1"),)),
        ("|A1", (Token("", "A1"),)),
        ("urn:oid:1.2|A1,urn:oid:1.3|B2", (Token("urn:oid:1.2", "A1"), Token("urn:oid:1.3", "B2"))),
        (r"urn:oid:1.2|A\,1\|2\$3\\", (Token("urn:oid:1.2", "A,1|2$3\\"),)),
    ],
)
def test_identifier_tokens_are_read_with_their_escapes(text, tokens):
    assert search(("identifier", text)).identifiers == (tokens,)


def test_a_domain_restriction_goes_with_an_identifier():
    found = search(("identifier", "urn:oid:1.2|A1"), ("identifier", "urn:oid:1.3|,urn:oid:1.4|"))

    assert found.identifiers[1] == (Token("urn:oid:1.3", None), Token("urn:oid:1.4", None))


@pytest.mark.parametrize(
    ("text", "criterion"),
    [
        ("1974", DateCriterion(DatePrefix.EQUAL, date(1974, 1, 1), date(1974, 12, 31))),
        ("1976-02", DateCriterion(DatePrefix.EQUAL, date(1976, 2, 1), date(1976, 2, 29))),
        ("ge1974-12-25", DateCriterion(DatePrefix.AFTER_OR_EQUAL, date(1974, 12, 25), date(1974, 12, 25))),
        ("lt1974", DateCriterion(DatePrefix.BEFORE, date(1974, 1, 1), date(1974, 12, 31))),
    ],
)
def test_birth_dates_are_intervals_with_a_prefix(text, criterion):
    assert search(("family", "X"), ("birthdate", text)).birthdates == (criterion,)


def test_strings_keep_their_modifier_and_alternatives():
    found = search(BIRTH, ("family:exact", "ROY,LE ROY"), ("given:contains", "OUI"), ("family", "RO"))

    assert found.family == (StringCriterion(("ROY", "LE ROY"), StringModifier.EXACT), StringCriterion(("RO",)))
    assert found.given == (StringCriterion(("OUI",), StringModifier.CONTAINS),)


def test_the_other_criteria_are_read():
    found = search(
        BY_ID,
        ("gender", "male,unknown"),
        ("active", "true"),
        ("telecom", "phone|0612345687"),
        ("address-postalcode", "01300"),
        ("address-city", "BELLEY"),
        ("_cursor", "abc"),
    )

    assert (found.ids, found.genders, found.active) == ((("ex-1",),), (("male", "unknown"),), True)
    assert found.telecom == ((Token("phone", "0612345687"),),)
    assert (found.postalcode[0].values, found.city[0].values) == (("01300",), ("BELLEY",))
    assert found.cursor == "abc"


@pytest.mark.parametrize(("text", "count"), [("10", 10), ("50", 50), ("51", 50), ("999999", 50), ("0", 0)])
def test_count_is_capped(text, count):
    assert search(BY_ID, ("_count", text)).count == count


def test_count_is_twenty_unless_told():
    assert search(BY_ID).count == 20


def test_a_summary_of_count_asks_for_the_total_alone():
    assert search(BY_ID, ("_summary", "count")).count == 0


def test_a_lenient_search_leaves_unknown_parameters_out_of_the_self_link():
    found = search(BY_ID, ("blood-type", "A"), ("_format", "json"))

    assert (found.ignored, found.used) == (("blood-type",), (BY_ID,))


def test_a_parameter_without_value_is_as_if_absent():
    assert search(BY_ID, ("family", "")).used == (BY_ID,)


def test_a_strict_search_names_the_unknown_parameter():
    with pytest.raises(FhirError) as refused:
        search(BY_ID, ("blood-type", "A"), strict=True)

    assert (refused.value.status, refused.value.issues[0].kind.value) == (400, "not-supported")
    assert "blood-type" in refused.value.issues[0].text


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        (("family:phonetic", "ROY"), "not-supported"),
        (("family:", "ROY"), "not-supported"),
        (("gender:not", "male"), "not-supported"),
        (("identifier:exact", "a|b"), "not-supported"),
        (("birthdate", "25/12/1974"), "value"),
        (("birthdate", "1974-02-30"), "value"),
        (("birthdate", "xx1974"), "value"),
        (("birthdate", "ap1974"), "not-supported"),
        (("birthdate", "1974,1975"), "value"),
        (("identifier", "a|b|c"), "value"),
        (("identifier", "|"), "value"),
        (("identifier", "a|b,"), "value"),
        (("identifier", r"a|b\c"), "value"),
        (("identifier", "a|b\x00"), "value"),
        (("identifier", "a|" + "b" * 300), "value"),
        (("_id", "a b"), "value"),
        (("gender", "femme"), "value"),
        (("active", "oui"), "value"),
        (("_count", "-1"), "value"),
        (("_count", "ten"), "value"),
        (("_summary", "text"), "not-supported"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_malformed_parameter_is_refused(pair, kind, strict):
    with pytest.raises(FhirError) as refused:
        search(BY_ID, pair, strict=strict)

    assert (refused.value.status, refused.value.issues[0].kind.value) == (400, kind)
    assert "1974-02-30" not in refused.value.issues[0].text


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="nothing"),
        pytest.param([("family", "ROY")], id="family alone"),
        pytest.param([("family", "ROY"), ("given", "LOUIS")], id="names alone"),
        pytest.param([BIRTH], id="birth date alone"),
        pytest.param([BIRTH, ("gender", "male")], id="birth date and gender"),
        pytest.param([("identifier", "urn:oid:1.2|")], id="whole domain"),
        pytest.param([("identifier", "urn:oid:1.2|A,urn:oid:1.3|")], id="whole domain as an alternative"),
        pytest.param([("active", "true")], id="active"),
        pytest.param([("_count", "50")], id="count"),
    ],
)
def test_a_search_that_would_list_people_is_refused_with_advice(pairs):
    with pytest.raises(FhirError) as refused:
        search(*pairs)

    assert (refused.value.status, refused.value.issues[0].kind.value) == (400, "too-costly")
    assert "ajoutez" in refused.value.issues[0].text


@pytest.mark.parametrize("pairs", [[BY_ID], [("identifier", "a|b")], [BIRTH, ("given", "LOUIS")]])
def test_a_search_that_names_someone_is_accepted(pairs):
    assert search(*pairs).used == tuple(pairs)


def test_conditional_criteria_are_one_identifier():
    assert parse_conditional([("identifier", "urn:oid:1.2|A1")]) == DomainIdentifier("urn:oid:1.2", "A1")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ([], 412),
        ([("identifier", "")], 412),
        ([("_format", "json")], 412),
        ([("identifier", "A1")], 400),
        ([("identifier", "urn:oid:1.2|")], 400),
        ([("identifier", "|A1")], 400),
        ([("identifier", "a|1,a|2")], 400),
        ([("identifier", "a|1"), ("identifier", "a|2")], 400),
        ([("identifier", "a|1"), ("active", "true")], 400),
        ([("family", "ROY")], 400),
    ],
)
def test_other_conditional_criteria_are_refused(query, status):
    with pytest.raises(FhirError) as refused:
        parse_conditional(query)

    assert refused.value.status == status
