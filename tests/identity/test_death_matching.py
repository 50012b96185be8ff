"""Of whom a death of the official file is: sure, doubtful, nobody."""

from dataclasses import replace
from typing import Any

import pytest

from identity import death_matching
from identity.death_matching import Certainty, Recognition
from identity.linkage import Candidate
from identity.status import Attribute
from identity.traits import BirthDate, Sex, Traits
from tests.identity.factories import make_record, make_traits, model

DEAD = make_traits()


def person(traits: Traits, person_id: str = "p1", **more: Any) -> Candidate:
    return Candidate(person_id=person_id, records=(make_record(traits, "LGC-B", f"{person_id}-a", **more),))


def recognise(dead: Traits, *candidates: Candidate, compared_all: bool = True) -> Recognition:
    return death_matching.recognise(make_record(dead, ""), candidates, model(), compared_all=compared_all)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(DEAD, id="the same"),
        pytest.param(replace(DEAD, used_name="MOREL", phone="+33639980001"), id="with a used name"),
        pytest.param(replace(DEAD, given_names=("SOLENE",)), id="first given name only"),
    ],
)
def test_a_strict_agreement_with_one_person_is_sure(known: Traits) -> None:
    found = recognise(DEAD, person(known))

    assert found == Recognition(Certainty.SURE, "p1", "p1-a", ())


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(replace(DEAD, birth_name="BAUDRILLART"), id="birth name misspelt"),
        pytest.param(replace(DEAD, birth_date=BirthDate(1984, 5, 18)), id="another day"),
        pytest.param(replace(DEAD, birth_date=BirthDate(1984, 5, 17, presumed=True)), id="presumed date"),
        pytest.param(replace(DEAD, sex=Sex.UNKNOWN), id="sex not known"),
        pytest.param(replace(DEAD, birth_place=None), id="no place"),
        pytest.param(replace(DEAD, birth_place="99999"), id="unknown place"),
        pytest.param(replace(DEAD, birth_place="13055"), id="another place"),
        pytest.param(replace(DEAD, given_names=("SOLENE", "AGATHE")), id="another second given name"),
    ],
)
def test_anything_less_is_never_sure(known: Traits) -> None:
    assert recognise(DEAD, person(known)).certainty is not Certainty.SURE


def test_a_misspelt_name_is_asked() -> None:
    found = recognise(DEAD, person(replace(DEAD, birth_name="BAUDRILLART")))

    assert found.certainty is Certainty.DOUBTFUL
    assert "death-doubtful" in [reason.code for reason in found.reasons]


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(replace(DEAD, given_names=("MARINE", "LOUISE")), id="a twin"),
        pytest.param(make_traits("KERVADEC", "PAUL", "1951-11-02", Sex.MALE), id="somebody else"),
        pytest.param(replace(DEAD, birth_date=BirthDate(1954, 1, 3)), id="a parent"),
    ],
)
def test_a_twin_a_parent_or_a_stranger_is_nobody(known: Traits) -> None:
    assert recognise(DEAD, person(known)) == death_matching.NOBODY


def test_an_index_without_anybody_near_is_nobody() -> None:
    assert recognise(DEAD) == death_matching.NOBODY


def test_two_persons_of_the_same_traits_are_asked() -> None:
    found = recognise(DEAD, person(DEAD), person(DEAD, "p2"))

    assert found.certainty is Certainty.DOUBTFUL
    assert "death-several" in [reason.code for reason in found.reasons]


def test_a_living_twin_does_not_hinder() -> None:
    twin = replace(DEAD, given_names=("MARINE", "LOUISE"))

    assert recognise(DEAD, person(twin, "p2"), person(DEAD)).certainty is Certainty.SURE


@pytest.mark.parametrize("attribute", [Attribute.HOMONYM, Attribute.DOUBTFUL])
def test_an_identity_marked_by_its_structure_is_asked(attribute: Attribute) -> None:
    assert recognise(DEAD, person(DEAD, attributes=frozenset({attribute}))).certainty is Certainty.DOUBTFUL


def test_a_fictitious_identity_is_nobody() -> None:
    assert recognise(DEAD, person(DEAD, attributes=frozenset({Attribute.FICTITIOUS}))) == death_matching.NOBODY


def test_a_search_that_left_somebody_out_is_asked() -> None:
    assert recognise(DEAD, person(DEAD), compared_all=False).certainty is Certainty.DOUBTFUL


def test_common_names_need_two_given_names() -> None:
    common = make_traits("MARTIN", "JEAN", "1950-03-14", Sex.MALE, place="75112")
    several = replace(common, given_names=("JEAN", "PIERRE"))

    assert recognise(common, person(common)).certainty is Certainty.DOUBTFUL
    assert recognise(several, person(several)).certainty is Certainty.SURE


def test_a_birth_abroad_needs_two_given_names() -> None:
    abroad = make_traits(place="99352")
    one = replace(abroad, given_names=("SOLENE",))

    assert recognise(abroad, person(abroad)).certainty is Certainty.SURE
    assert recognise(abroad, person(one)).certainty is Certainty.DOUBTFUL


def test_a_former_code_of_the_same_commune_is_the_same_place() -> None:
    # 78228 became 91228 in 1968.
    old = make_traits(born="1950-05-17", place="78228")

    assert recognise(old, person(replace(old, birth_place="91228"))).certainty is Certainty.SURE


def test_another_identity_of_the_person_that_contradicts_is_asked_or_nobody() -> None:
    two = Candidate(
        person_id="p1",
        records=(make_record(DEAD, "LGC-B", "b"), make_record(replace(DEAD, given_names=("MARINE",)), "LGC-C", "c")),
    )

    assert recognise(DEAD, two).certainty is not Certainty.SURE
