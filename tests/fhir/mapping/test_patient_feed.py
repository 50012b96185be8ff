"""What the hub accepts and refuses in the Patient of a source."""

from pathlib import Path

import pytest

from fhir import systems
from fhir.mapping.patient import parse_patient
from fhir.mapping.values import Deceased, DomainIdentifier
from fhir.outcome import FhirError
from identity.deaths import DeathDate
from identity.ins import Ins, InsOid
from identity.status import Attribute, IdentityStatus
from identity.traits import BirthDate, Sex
from tests.fhir.patients import (
    ACCEPTED,
    DOMAIN,
    body_of,
    make_birth_place,
    make_ins_identifier,
    make_ipp,
    make_matricule,
    make_official_name,
    make_patient,
    make_qualified,
    make_reliability,
)


def parse(patient):
    return parse_patient(body_of(patient), ACCEPTED)


def refused_keys(patient):
    with pytest.raises(FhirError) as refused:
        parse(patient)
    assert refused.value.status == 422
    return [issue.key for issue in refused.value.issues]


def test_a_qualified_identity_is_read_whole():
    feed = parse(make_qualified())

    assert feed.status is IdentityStatus.QUALIFIED
    assert feed.identifiers == (DomainIdentifier(DOMAIN, "IPP-0007"),)
    assert feed.traits.ins == Ins(make_matricule(), InsOid.NIR_TEST)
    assert feed.traits.birth_name == "D'AMBERT-ROY"
    assert feed.traits.given_names == ("LOUIS-MARIE", "PAUL")
    assert feed.traits.birth_date == BirthDate(1974, 12, 25)
    assert (feed.traits.sex, feed.traits.birth_place) == (Sex.MALE, "01006")
    assert (feed.active, feed.replaced_by, feed.lunar_date, feed.warnings) == (True, None, False, ())


MAIN = systems.IDENTITY_STATUS_MAIN
OLD_URL = "http://interopsante.org/fhir/StructureDefinition/FrPatientIdentReliability"


@pytest.mark.parametrize(
    ("extensions", "status", "attributes"),
    [
        pytest.param([], IdentityStatus.PROVISIONAL, set(), id="no extension"),
        pytest.param([make_reliability("PROV")], IdentityStatus.PROVISIONAL, set(), id="2.2 PROV"),
        pytest.param([make_reliability("VALI")], IdentityStatus.VALIDATED, set(), id="2.2 VALI"),
        pytest.param([make_reliability("VALI", system=MAIN)], IdentityStatus.VALIDATED, set(), id="main VALI"),
        pytest.param([make_reliability("RECUP", system=MAIN)], IdentityStatus.RETRIEVED, set(), id="main RECUP"),
        pytest.param([make_reliability("VALI", url=OLD_URL)], IdentityStatus.VALIDATED, set(), id="interopsante"),
        pytest.param(
            [make_reliability("VALI", url=systems.IDENTITY_RELIABILITY.replace("https", "http"))],
            IdentityStatus.VALIDATED,
            set(),
            id="http",
        ),
        pytest.param(
            [make_reliability("PROV"), make_reliability("DOUT")],
            IdentityStatus.PROVISIONAL,
            {Attribute.DOUBTFUL},
            id="2.2 PROV and DOUT",
        ),
        pytest.param([make_reliability("FICT")], IdentityStatus.PROVISIONAL, {Attribute.FICTITIOUS}, id="2.2 FICT"),
        pytest.param(
            [make_reliability("PROV", system=MAIN, comments=["DOUT", "HOMA"])],
            IdentityStatus.PROVISIONAL,
            {Attribute.DOUBTFUL, Attribute.HOMONYM},
            id="main comments",
        ),
        pytest.param(
            [make_reliability("VALI"), make_reliability("HOMD")],
            IdentityStatus.VALIDATED,
            {Attribute.HOMONYM},
            id="detected homonym",
        ),
    ],
)
def test_status_and_attributes_are_read_in_every_form(extensions, status, attributes):
    feed = parse(make_patient(extension=[*extensions, make_birth_place()]))

    assert (feed.status, feed.attributes) == (status, attributes)


@pytest.mark.parametrize("code", ["QUAL", "RECUP"])
def test_an_ins_is_read_with_the_statuses_of_the_main_form(code):
    feed = parse(make_qualified(extension=[make_reliability(code, system=MAIN), make_birth_place()]))

    assert (feed.status.value, feed.traits.ins.matricule) == (code, make_matricule())


def test_the_trap_of_an_nss_under_the_oid_of_the_ins_is_refused():
    coding = {"system": systems.IDENTIFIER_TYPE, "code": "NH"}
    nss = make_ins_identifier(type={"coding": [coding]}, system="urn:oid:1.2.250.1.213.1.4.8")

    keys = refused_keys(make_patient(identifier=[make_ipp(), nss]))

    assert "nss-as-ins" in keys


def test_an_nss_is_never_kept():
    coding = {"system": systems.IDENTIFIER_TYPE, "code": "NH"}
    nss = make_ins_identifier(type={"coding": [coding]}, system="urn:oid:1.2.250.1.213.1.4.13")

    feed = parse(make_patient(identifier=[make_ipp(), nss]))

    assert feed.traits.ins is None
    assert feed.identifiers == (DomainIdentifier(DOMAIN, "IPP-0007"),)


def test_a_former_ins_is_left_aside():
    feed = parse(make_patient(identifier=[make_ipp(), make_ins_identifier(use="old")]))

    assert feed.traits.ins is None


@pytest.mark.parametrize(
    ("changes", "key", "expression"),
    [
        pytest.param({"value": "17412010061"}, "ins-format", "Patient.identifier[0].value", id="too short"),
        pytest.param({"value": None}, "ins-format", "Patient.identifier[0].value", id="no value"),
        pytest.param({"value": "174120100612201"}, "ins-key", "Patient.identifier[0].value", id="wrong key"),
        pytest.param({"system": None}, "ins-oid", "Patient.identifier[0].system", id="no system"),
        pytest.param({"system": "urn:oid:1.2.3"}, "ins-oid", "Patient.identifier[0].system", id="unknown OID"),
        pytest.param({"system": "https://ins.example"}, "ins-oid", "Patient.identifier[0].system", id="not an OID"),
        pytest.param(
            {"system": "urn:oid:1.2.250.1.213.1.4.8", "type": None},
            "ins-oid",
            "Patient.identifier[0].system",
            id="OID that this platform refuses",
        ),
    ],
)
def test_a_wrong_ins_is_refused(changes, key, expression):
    patient = make_qualified(identifier=[make_ins_identifier(**changes), make_ipp()])

    with pytest.raises(FhirError) as refused:
        parse(patient)

    assert refused.value.status == 422
    assert [(issue.key, issue.expression) for issue in refused.value.issues] == [(key, expression)]


def with_status(*extensions):
    return {"extension": [*extensions, make_birth_place()]}


@pytest.mark.parametrize(
    ("patient", "keys"),
    [
        pytest.param(make_qualified(**with_status(make_reliability("PROV"))), ["ins-not-qualified"], id="PROV"),
        pytest.param(make_qualified(**with_status()), ["ins-not-qualified"], id="no status"),
        pytest.param(
            make_qualified(**with_status(make_reliability("VALI", system=MAIN))),
            ["ins-not-qualified"],
            id="main VALI",
        ),
        pytest.param(
            make_qualified(**with_status(make_reliability("PROV"), make_reliability("DOUT"))),
            ["ins-forbidden-attribute", "ins-not-qualified"],
            id="doubtful",
        ),
        pytest.param(
            make_qualified(**with_status(make_reliability("VALI"), make_reliability("FICT"))),
            ["ins-forbidden-attribute", "status-attribute"],
            id="fictitious",
        ),
        pytest.param(
            make_patient(**with_status(make_reliability("QUAL", system=MAIN))), ["ins-missing"], id="QUAL without INS"
        ),
        pytest.param(
            make_patient(meta={"profile": [systems.PATIENT_INS_PROFILE]}, **with_status(make_reliability("VALI"))),
            ["ins-missing"],
            id="INS profile, VALI without INS",
        ),
        pytest.param(
            make_patient(**with_status(make_reliability("VALI"), make_reliability("DOUT"))),
            ["status-attribute"],
            id="VALI and DOUT",
        ),
        pytest.param(
            make_patient(**with_status(make_reliability("FICT"), make_reliability("HOMA"))),
            ["attribute-combination"],
            id="FICT and HOMA",
        ),
        pytest.param(
            make_patient(**with_status(make_reliability("PROV"), make_reliability("VALI"))),
            ["status-conflict"],
            id="two statuses",
        ),
        pytest.param(make_patient(**with_status(make_reliability("SUR"))), ["status-code"], id="unknown status"),
        pytest.param(
            make_patient(**with_status(make_reliability("VALI", system="https://x.example"))),
            ["status-code"],
            id="status of another code system",
        ),
        pytest.param(
            make_qualified(
                identifier=[make_ins_identifier(), make_ins_identifier(value=make_matricule("1741201006123"))]
            ),
            ["ins-multiple", "identifier-missing"],
            id="two INS and no IPP",
        ),
        pytest.param(make_patient(identifier=None), ["identifier-missing"], id="no identifier"),
        pytest.param(make_patient(identifier=[{"value": "1"}]), ["identifier-system"], id="IPP without system"),
        pytest.param(make_patient(identifier=[{"system": DOMAIN}]), ["identifier-value"], id="IPP without value"),
        pytest.param(
            make_patient(identifier=[{"system": "1.2.3", "value": "1"}]), ["identifier-system"], id="system not a URI"
        ),
        pytest.param(make_patient(name=None), ["trait-missing", "trait-missing"], id="no name"),
        pytest.param(make_patient(gender=None), ["trait-missing"], id="no gender"),
        pytest.param(make_patient(birthDate=None), ["trait-missing"], id="no birth date"),
        pytest.param(make_patient(extension=None), ["trait-missing"], id="no birth place"),
        pytest.param(
            make_patient(name=[make_official_name(family="DUPONT2")]), ["trait-charset"], id="digit in name"
        ),
        pytest.param(make_patient(name=[make_official_name(given=["ИВАН"])]), ["trait-charset"], id="Cyrillic"),
        pytest.param(make_patient(name=[make_official_name(listed="PAUL_1")]), ["trait-charset"], id="listed names"),
        pytest.param(
            make_patient(name=[make_official_name(), {"use": "usual", "family": "M. DUPONT"}]),
            ["trait-charset"],
            id="used name",
        ),
        pytest.param(make_patient(name=[make_official_name(family="A" * 101)]), ["trait-length"], id="101 letters"),
        pytest.param(make_patient(name=[make_official_name()] * 2), ["name-multiple"], id="two official names"),
        pytest.param(make_patient(extension=[make_birth_place("1006")]), ["cog-format"], id="COG of 4 digits"),
        pytest.param(
            make_patient(extension=[make_birth_place(system="https://postcodes.example")]),
            ["cog-format"],
            id="not COG",
        ),
        pytest.param(make_qualified(gender="other"), ["gender-ins"], id="INS and other"),
        pytest.param(make_qualified(gender=None), ["gender-ins"], id="INS and no gender"),
        pytest.param(
            make_patient(birthDate="1974", **with_status(make_reliability("VALI"))),
            ["date-partial"],
            id="partial VALI",
        ),
        pytest.param(make_patient(birthDate="1700-01-01"), ["date-range"], id="born in 1700"),
        pytest.param(
            make_patient(modifierExtension=[{"url": "urn:x", "valueBoolean": True}]), ["modifier"], id="modifier"
        ),
        pytest.param(
            make_patient(link=[{"other": {"reference": "Patient/1"}, "type": "replaced-by"}]),
            ["link-active"],
            id="replaced but active",
        ),
        pytest.param(
            make_patient(active=False, link=[{"other": {"display": "X"}, "type": "replaced-by"}]),
            ["link-other"],
            id="replaced by nobody",
        ),
        pytest.param(
            make_patient(active=False, link=[{"other": {"reference": "Patient/1"}, "type": "replaced-by"}] * 2),
            ["link-multiple"],
            id="replaced by two",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_key(patient, keys):
    # A missing trait comes after the faults: here only the named rules are broken.
    assert refused_keys(patient) == keys


def test_all_missing_traits_are_told_at_once():
    with pytest.raises(FhirError) as refused:
        parse({"resourceType": "Patient", "identifier": [make_ipp()]})

    assert {issue.key for issue in refused.value.issues} == {"trait-missing"}
    assert {issue.kind.value for issue in refused.value.issues} == {"required"}
    assert {issue.expression for issue in refused.value.issues} == {
        "Patient.name.where(use='official').family",
        "Patient.name.where(use='official').given",
        "Patient.birthDate",
        "Patient.gender",
        f"Patient.extension('{systems.BIRTH_PLACE}')",
    }


def test_a_refusal_quotes_neither_trait_nor_matricule():
    wrong = make_ins_identifier(value="174120100612201")
    patient = make_qualified(identifier=[wrong], name=[make_official_name(family="DUPONT42")], birthDate="1700-01-01")

    with pytest.raises(FhirError) as refused:
        parse(patient)

    told = repr(refused.value.issues) + str(refused.value)
    assert not any(value in told for value in ("174120100612201", "DUPONT42", "1700", "LOUIS", "01006"))


@pytest.mark.parametrize(
    ("partial", "completed"),
    [("1974", BirthDate(1974, 12, 31, presumed=True)), ("1974-06", BirthDate(1974, 6, 1, presumed=True))],
)
def test_a_partial_birth_date_of_a_provisional_identity_is_completed(partial, completed):
    feed = parse(make_patient(birthDate=partial))

    assert feed.traits.birth_date == completed
    assert feed.lunar_date
    assert [issue.key for issue in feed.warnings] == ["date-presumed"]


def test_the_lunar_date_extension_marks_a_full_date_as_presumed():
    lunar = {"url": systems.LUNAR_DATE, "valueString": "1974-00-00"}

    feed = parse(make_patient(extension=[lunar, make_birth_place()]))

    assert feed.lunar_date


@pytest.mark.parametrize(
    ("name", "given_names"),
    [
        pytest.param(make_official_name(listed=None), ("LOUIS-MARIE",), id="no list"),
        pytest.param(make_official_name(given=["Jean", "Paul"], listed=None), ("JEAN", "PAUL"), id="two given"),
        pytest.param(
            make_official_name(given=[], listed="ANNE LUCIE") | {"given": None}, ("ANNE", "LUCIE"), id="list"
        ),
        pytest.param(
            make_official_name(given=["JEAN-CHRISTOPHE"], listed="JEAN CHRISTOPHE PIERRE"),
            ("JEAN CHRISTOPHE", "PIERRE"),
            id="compound first name, list with spaces",
        ),
        pytest.param(
            make_official_name(given=["JEAN"], listed="JEAN-CHRISTOPHE PIERRE"),
            ("JEAN-CHRISTOPHE", "PIERRE"),
            id="first name that is half of the list's",
        ),
    ],
)
def test_the_list_of_given_names_is_read(name, given_names):
    name = {key: value for key, value in name.items() if value is not None}

    feed = parse(make_patient(name=[name]))

    assert feed.traits.given_names == given_names


def test_a_first_name_out_of_the_list_is_a_warning():
    feed = parse(make_patient(name=[make_official_name(given=["PIERRE"], listed="JEAN PIERRE")]))

    assert feed.traits.given_names == ("JEAN", "PIERRE")
    assert [(issue.severity, issue.key) for issue in feed.warnings] == [("warning", "given-coherence")]


def test_a_matricule_that_contradicts_the_traits_is_a_warning():
    feed = parse(make_qualified(gender="female"))

    assert [issue.key for issue in feed.warnings] == ["nir-traits"]
    assert feed.warnings[0].expression == "Patient.identifier"


def test_a_name_without_use_is_the_official_one():
    feed = parse(make_patient(name=[{"family": "Lefèvre", "given": ["Zoé"]}]))

    assert (feed.traits.birth_name, feed.traits.given_names) == ("LEFEVRE", ("ZOE",))


def test_a_used_name_is_read_and_never_invented():
    used = parse(make_patient(name=[make_official_name(), {"use": "usual", "family": "Ambert"}]))
    unused = parse(make_patient())

    assert (used.traits.used_name, used.traits.used_given_name) == ("AMBERT", None)
    assert (unused.traits.used_name, unused.traits.used_given_name) == (None, None)


@pytest.mark.parametrize(
    ("gender", "sex"), [("male", Sex.MALE), ("female", Sex.FEMALE), ("other", Sex.UNKNOWN), ("unknown", Sex.UNKNOWN)]
)
def test_gender_is_read_as_sex(gender, sex):
    assert parse(make_patient(gender=gender)).traits.sex is sex


def test_contacts_are_read_by_preferred_use():
    feed = parse(
        make_patient(
            telecom=[
                {"system": "phone", "value": "04 79 00 00 12", "use": "home"},
                {"system": "phone", "value": "06 12 34 56 87", "use": "mobile"},
                {"system": "phone", "value": "06 99 34 56 78", "use": "old"},
                {"system": "email", "value": "Louis.Ambert@Exemple.fr"},
            ],
            address=[
                {"use": "old", "city": "LYON"},
                {"use": "home", "line": ["3 rue des Lilas", "Bât. B"], "postalCode": "01300", "city": "Belley"},
            ],
            deceasedDateTime="2026-01-02T10:00:00+01:00",
        )
    )

    assert (feed.traits.phone, feed.traits.email) == ("+33612345687", "louis.ambert@exemple.fr")
    assert feed.traits.address.line == "3 rue des Lilas, Bât. B"
    assert (feed.traits.address.postcode, feed.traits.address.city) == ("01300", "Belley")
    assert feed.traits.death_date.isoformat() == "2026-01-02"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"telecom": [{"system": "phone", "value": "inconnu"}]}, "phone-format"),
        ({"telecom": [{"system": "email", "value": "inconnu"}]}, "email-format"),
        ({"deceasedBoolean": True}, "death-undated"),
        ({"deceasedDateTime": "2026"}, "death-date-partial"),
        ({"extension": [make_reliability("DESA"), make_birth_place()]}, "attribute-ignored"),
        ({"extension": [make_reliability("VALI"), make_birth_place("99999")]}, "cog-unknown"),
        ({"extension": [make_reliability("PROV"), make_birth_place("38700")]}, "cog-not-found"),
        ({"extension": [make_reliability("PROV"), make_birth_place("2A004")]}, "cog-not-yet"),
        ({"extension": [make_reliability("PROV"), make_birth_place("75012")]}, "cog-ended"),
    ],
)
def test_what_is_left_out_is_told_by_a_warning(changes, key):
    feed = parse(make_patient(**changes))

    assert [issue.key for issue in feed.warnings] == [key]


def test_a_place_that_was_not_on_the_day_of_birth_is_kept_as_sent():
    feed = parse(make_patient(extension=[make_reliability("PROV"), make_birth_place("75012")]))

    assert feed.traits.birth_place == "75012"
    assert [(issue.severity, issue.kind.value) for issue in feed.warnings] == [("warning", "business-rule")]
    assert "75012" not in feed.warnings[0].text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"deceasedBoolean": False}, Deceased(is_dead=False)),
        ({"deceasedBoolean": True}, Deceased(is_dead=True)),
        ({"deceasedDateTime": "2026"}, Deceased(is_dead=True, when=DeathDate(2026))),
        ({"deceasedDateTime": "2026-03"}, Deceased(is_dead=True, when=DeathDate(2026, 3))),
        ({"deceasedDateTime": "2026-03-01"}, Deceased(is_dead=True, when=DeathDate(2026, 3, 1))),
        ({"deceasedDateTime": "2026-03-01T23:30:00+01:00"}, Deceased(is_dead=True, when=DeathDate(2026, 3, 1))),
        ({"deceasedDateTime": "0001"}, Deceased(is_dead=True)),
    ],
)
def test_a_death_is_read_as_completely_as_it_is_said(changes, told):
    feed = parse(make_patient(**changes))

    assert feed.deceased == told
    complete = told.when.exact_day if told and told.when else None
    assert feed.traits.death_date == complete


@pytest.mark.parametrize(
    ("other", "survivor"),
    [
        pytest.param(
            {"identifier": {"system": DOMAIN, "value": "IPP-1"}}, DomainIdentifier(DOMAIN, "IPP-1"), id="identifier"
        ),
        pytest.param(
            {"reference": "Patient/ex-1"}, DomainIdentifier(systems.HUB_RESOURCE_ID, "ex-1"), id="relative reference"
        ),
        pytest.param(
            {"reference": "https://hub.example/fhir/Patient/ex-1"},
            DomainIdentifier("https://hub.example/fhir", "ex-1"),
            id="absolute reference",
        ),
    ],
)
def test_an_absorbed_record_names_its_survivor_and_needs_no_traits(other, survivor):
    patient = make_patient(active=False, link=[{"other": other, "type": "replaced-by"}], name=None, birthDate=None)

    feed = parse(patient)

    assert (feed.active, feed.replaced_by) == (False, survivor)


def test_other_links_are_left_aside():
    feed = parse(make_patient(link=[{"other": {"reference": "Patient/1"}, "type": "seealso"}]))

    assert feed.replaced_by is None


def test_a_body_that_is_not_fhir_is_a_400():
    with pytest.raises(FhirError) as refused:
        parse(make_patient(gender="femme"))

    assert refused.value.status == 400


GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize(
    ("name", "used_name"), [("received-2.2-qualified", None), ("received-main-born-abroad", "BENSALAH")]
)
def test_both_forms_of_a_qualified_identity_are_read(name, used_name):
    feed = parse_patient((GOLDEN / f"{name}.json").read_bytes(), ACCEPTED)

    assert feed.status is IdentityStatus.QUALIFIED
    assert feed.traits.ins is not None
    assert feed.traits.used_name == used_name


def test_the_main_form_of_a_doubtful_identity_lacks_only_its_birth_place():
    with pytest.raises(FhirError) as refused:
        parse_patient((GOLDEN / "received-main-doubtful.json").read_bytes(), ACCEPTED)

    assert [issue.expression for issue in refused.value.issues] == [f"Patient.extension('{systems.BIRTH_PLACE}')"]
