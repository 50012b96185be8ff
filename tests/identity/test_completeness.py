from dataclasses import replace

import pytest

from identity.completeness import given_names_agree, missing_strict_traits, warnings
from identity.status import IdentityStatus
from identity.traits import BirthDate, Sex, Traits
from tests.identity.factories import make_ins, make_traits


def test_an_empty_identity_lacks_every_strict_trait_but_sex() -> None:
    problems = missing_strict_traits(Traits())

    assert [problem.field for problem in problems] == ["birth_name", "given_names", "birth_date", "birth_place"]
    assert {problem.code for problem in problems} == {"trait-missing"}


def test_indeterminate_sex_and_unknown_place_are_accepted() -> None:
    assert missing_strict_traits(make_traits(sex=Sex.UNKNOWN, place="99999")) == ()


def test_a_partial_date_is_incomplete() -> None:
    assert [problem.field for problem in missing_strict_traits(make_traits(born="1974-12"))] == ["birth_date"]


@pytest.mark.parametrize(
    ("first", "listed", "agrees"),
    [
        ("JEAN", "JEAN CHRISTOPHE PIERRE", True),
        ("JEAN-CHRISTOPHE", "JEAN CHRISTOPHE PIERRE", True),
        ("JEAN CHRISTOPHE-PIERRE", "JEAN CHRISTOPHE PIERRE", True),
        ("PIERRE", "JEAN CHRISTOPHE PIERRE", False),
        ("JE", "JEAN", False),
        ("", "JEAN", False),
    ],
)
def test_the_first_given_name_opens_the_list(first: str, listed: str, agrees: bool) -> None:
    assert given_names_agree(first, tuple(listed.split())) is agrees


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("2840569381001", []),
        ("2845569381001", []),
        ("1840569381001", ["nir-traits"]),
        ("2830569381001", ["nir-traits"]),
        ("2840669381001", ["nir-traits"]),
        ("2840569382001", ["nir-traits"]),
    ],
    ids=["agrees", "pseudo-month", "sex", "year", "month", "place"],
)
def test_a_matricule_that_contradicts_the_traits_is_a_warning(body: str, codes: list[str]) -> None:
    found = warnings(make_traits(ins=make_ins(body)), IdentityStatus.RETRIEVED)

    assert [problem.code for problem in found] == codes
    assert all(body not in problem.message for problem in found)


def test_a_corsican_born_before_1976_agrees_with_department_20() -> None:
    traits = make_traits(born="1960-05-17", place="2A004", ins=make_ins("2600520004001"))

    assert "nir-traits" not in _codes(traits)


@pytest.mark.parametrize(
    ("place", "born", "body"),
    [
        ("92012", "1984-05-17", "2840575012001"),
        ("91182", "1960-05-17", "2600578182001"),
        ("75056", "1984-05-17", "2840575112001"),
        ("99352", "1950-05-17", "2500592352001"),
        ("69381", "1984-05-17", "2840599999001"),
    ],
    ids=["renumbered", "renumbered-in-1968", "whole-city", "algeria", "matricule-without-place"],
)
def test_another_code_of_the_same_place_agrees_with_the_matricule(place: str, born: str, body: str) -> None:
    assert "nir-traits" not in _codes(make_traits(born=born, place=place, ins=make_ins(body)))


def test_an_unknown_place_on_a_validated_identity_is_a_warning() -> None:
    traits = make_traits(place="99999")

    assert [problem.code for problem in warnings(traits, IdentityStatus.VALIDATED)] == ["cog-unknown"]
    assert warnings(traits, IdentityStatus.PROVISIONAL) == ()


def _codes(traits: Traits) -> list[str]:
    return [problem.code for problem in warnings(traits, IdentityStatus.PROVISIONAL)]


@pytest.mark.parametrize(
    ("place", "born", "code", "way_out"),
    [
        ("38700", "1984-05-17", "cog-not-found", "code postal"),
        ("99700", "1984-05-17", "cog-not-found", "99999"),
        ("2A004", "1960-05-17", "cog-not-yet", "20 jusqu'en 1975"),
        ("75012", "1985-05-17", "cog-ended", "751 et le numéro de l'arrondissement"),
        ("20004", "1990-05-17", "cog-ended", "2A ou 2B"),
        ("39089", "2022-05-17", "cog-ended", "pièce d'identité"),
        ("99115", "1995-05-17", "cog-ended", "Le pays de naissance n'existait plus"),
    ],
)
def test_a_place_that_was_not_on_the_day_of_birth_is_a_warning(
    place: str, born: str, code: str, way_out: str
) -> None:
    (problem,) = warnings(make_traits(born=born, place=place), IdentityStatus.PROVISIONAL)

    assert (problem.field, problem.code) == ("birth_place", code)
    assert way_out in problem.message
    assert place not in problem.message


@pytest.mark.parametrize("place", ["20004", "2A004", "38700", "75012", "99115"])
def test_a_place_is_no_missing_trait_whatever_its_code(place: str) -> None:
    assert missing_strict_traits(make_traits(place=place)) == ()


def test_a_place_is_told_without_a_date_when_it_was_never_right() -> None:
    assert _codes(make_traits(born=None, place="38000")) == ["cog-not-found"]
    assert _codes(make_traits(born=None, place="2A004")) == []
    assert _codes(make_traits(place=None)) == []


def test_a_presumed_date_leaves_its_margin() -> None:
    born = BirthDate(1970).completed()

    assert _codes(replace(make_traits(place="2A004"), birth_date=born)) == []
    assert _codes(replace(make_traits(place="2A004"), birth_date=BirthDate(1970, 12, 31))) == ["cog-not-yet"]


def test_the_place_that_the_matricule_bears_was_given_by_insee() -> None:
    ours = make_ins("2840575012001")

    assert _codes(make_traits(place="75012", ins=ours)) == []
    assert _codes(make_traits(place="75013", ins=ours)) == ["nir-traits", "cog-ended"]
