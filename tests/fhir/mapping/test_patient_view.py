"""What the hub shows: FR Core 2.2 Patients, checked both ways against golden files."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from fhir import systems
from fhir.mapping.patient import parse_patient, render_patient
from fhir.mapping.values import DomainIdentifier
from fhir.parsing import validate
from identity.deaths import DeathDate
from identity.ins import Ins, InsOid
from identity.status import Attribute, IdentityStatus
from identity.traits import BirthDate, Sex, Traits
from tests.fhir.patients import ACCEPTED, body_of, make_full_traits, make_matricule, make_traits, make_view

GOLDEN = Path(__file__).parent.parent / "golden"

VIEWS = {
    "qualified": make_view(),
    "doubtful": make_view(
        resource_id="ex-prov",
        domain=DomainIdentifier("urn:oid:1.2.250.1.999.1.2", "U-55120"),
        traits=Traits(
            birth_name="INCONNUE",
            given_names=("MARIE",),
            birth_date=BirthDate(1970, 12, 31),
            sex=Sex.FEMALE,
            birth_place="99999",
        ),
        status=IdentityStatus.PROVISIONAL,
        attributes=frozenset({Attribute.DOUBTFUL}),
    ),
    "born-abroad": make_view(
        resource_id="ex-foreign",
        traits=Traits(
            birth_name="BEN SALAH",
            given_names=("KARIM",),
            used_name="BENSALAH",
            used_given_name="KARIM",
            birth_date=BirthDate(1990, 7, 14),
            sex=Sex.MALE,
            birth_place="99352",
            ins=Ins(make_matricule("1900799352001"), InsOid.NIR_TEST),
        ),
    ),
    "complete": make_view(
        resource_id="ex-complete",
        traits=make_full_traits(ins=None),
        status=IdentityStatus.VALIDATED,
        regional_id=DomainIdentifier("urn:oid:1.2.250.1.999.9", "R-1"),
    ),
    "absorbed": make_view(
        resource_id="ex-absorbed",
        traits=make_traits(ins=None),
        status=IdentityStatus.PROVISIONAL,
        active=False,
        replaced_by="ex-qual",
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_written_as_its_golden_file(name):
    written = render_patient(VIEWS[name])

    assert written == json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", VIEWS)
def test_a_golden_file_is_read_back_as_its_view(name):
    view = VIEWS[name]

    feed = parse_patient((GOLDEN / f"{name}.json").read_bytes(), ACCEPTED)

    assert feed.traits == view.traits
    assert (feed.status, feed.attributes, feed.active) == (view.status, view.attributes, view.active)
    assert feed.identifiers == (view.domain,)
    survivor = DomainIdentifier(systems.HUB_RESOURCE_ID, view.replaced_by) if view.replaced_by else None
    assert feed.replaced_by == survivor


@pytest.mark.parametrize("status", [IdentityStatus.PROVISIONAL, IdentityStatus.RETRIEVED, IdentityStatus.VALIDATED])
def test_an_ins_leaves_with_a_qualified_identity_only(status):
    written = render_patient(make_view(status=status))

    assert make_matricule() not in json.dumps(written)
    assert written["meta"]["profile"] == [systems.PATIENT_PROFILE]


def test_a_qualified_identity_has_one_official_identifier():
    written = render_patient(make_view(regional_id=DomainIdentifier("urn:oid:1.2.250.1.999.9", "R-1")))

    assert written["meta"]["profile"] == [systems.PATIENT_INS_PROFILE]
    assert [identifier["use"] for identifier in written["identifier"]] == ["official", "usual", "secondary"]


def test_a_qualified_identity_whose_ins_is_withheld_is_a_plain_patient():
    written = render_patient(make_view(traits=make_traits(ins=None)))

    assert written["meta"]["profile"] == [systems.PATIENT_PROFILE]


def test_the_instant_is_in_utc():
    paris = timezone(timedelta(hours=1))

    written = render_patient(make_view(last_updated=datetime(2026, 2, 3, 0, 30, 0, 5000, tzinfo=paris)))

    assert written["meta"]["lastUpdated"] == "2026-02-02T23:30:00.005Z"


@pytest.mark.parametrize("view", [make_view(traits=Traits()), make_view(traits=make_full_traits()), *VIEWS.values()])
def test_what_is_written_is_valid_r4(view):
    validate("Patient", render_patient(view))


def test_absent_traits_leave_no_empty_element():
    written = render_patient(make_view(traits=Traits(), last_updated=datetime(2026, 1, 1, tzinfo=UTC)))

    assert {"name", "telecom", "birthDate", "address", "link", "deceasedDateTime"}.isdisjoint(written)


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"traits": Traits(death_date=date(2026, 1, 2))}, {"deceasedDateTime": "2026-01-02"}),
        ({"traits": Traits(), "death": DeathDate(2026, 3)}, {"deceasedDateTime": "2026-03"}),
        ({"traits": Traits(), "is_dead": True}, {"deceasedBoolean": True}),
        ({"traits": Traits(), "death": DeathDate(2026), "is_dead": True}, {"deceasedDateTime": "2026"}),
        ({"traits": Traits()}, {}),
    ],
)
def test_a_death_is_written_as_completely_as_it_is_known(changes, written):
    resource = render_patient(make_view(**changes))

    assert {name: value for name, value in resource.items() if name.startswith("deceased")} == written
    validate("Patient", resource)


def test_all_traits_survive_the_round_trip():
    traits = make_full_traits()

    feed = parse_patient(body_of(render_patient(make_view(traits=traits))), ACCEPTED)

    assert feed.traits == traits
