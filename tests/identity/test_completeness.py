import pytest

from identity.completeness import given_names_agree, missing_strict_traits, warnings
from identity.status import IdentityStatus
from identity.traits import Sex, Traits
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

    assert warnings(traits, IdentityStatus.QUALIFIED) == ()


def test_an_unknown_place_on_a_validated_identity_is_a_warning() -> None:
    traits = make_traits(place="99999")

    assert [problem.code for problem in warnings(traits, IdentityStatus.VALIDATED)] == ["cog-unknown"]
    assert warnings(traits, IdentityStatus.PROVISIONAL) == ()
