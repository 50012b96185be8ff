import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.blocking import MAX_KEYS, blocking_keys
from identity.traits import Traits
from tests.identity.factories import make_ins, make_traits

FULL = make_traits(
    "LE GOFF",
    "JEAN-PAUL MARC",
    "1984-05-07",
    used_name="DURAND--PETIT",
    used_given="POLO",
    ins=make_ins("1840569381001"),
    line="1 RUE NEUVE",
    postcode="69001",
    phone="0612345687",
    email="ada@b.fr",
)


def test_keys_are_bounded_signed_64_bit_integers() -> None:
    keys = blocking_keys(FULL)

    assert 10 < len(keys) <= MAX_KEYS
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_keys_do_not_change_from_one_version_to_the_next() -> None:
    # Keys are stored: changing a rule asks to compute them all again, knowingly.
    assert blocking_keys(Traits(ins=make_ins("2790351215189"))) == {5693212045466251658}


def test_nothing_known_gives_no_key() -> None:
    assert blocking_keys(Traits()) == frozenset()
    assert blocking_keys(make_traits("SANS NOM", "INCONNU", born=None, place="99999")) == frozenset()


@pytest.mark.parametrize(
    "other",
    [
        make_traits("BODRILLAR"),
        make_traits("VERDIER", used_name="BAUDRILLARD"),
        make_traits("VERDIER"),
        make_traits(given="MARTHE"),
        make_traits("SOLENE", "BAUDRILLARD"),
        make_traits(born="1985-05-17"),
        make_traits(born="1984-05-18"),
        make_traits(born="1984-06-17"),
        make_traits(born=None),
    ],
    ids=["phonetic", "used name", "surname", "given", "names swapped", "year", "day", "month", "no date"],
)
def test_one_defect_leaves_a_key_in_common(other: Traits) -> None:
    assert blocking_keys(make_traits()) & blocking_keys(other)


@pytest.mark.parametrize(
    "other",
    [
        make_traits("BODRILAR", born="1985-05-17"),
        make_traits(given="SOLANE", born="1984-05-18"),
        make_traits("VERDIER", "MARTHE"),
        make_traits("VERDIER", born="1984-05-18"),
    ],
    ids=["sound and year", "given and day", "both names", "surname and day"],
)
def test_two_defects_leave_a_key_in_common(other: Traits) -> None:
    assert blocking_keys(make_traits()) & blocking_keys(other)


def test_strangers_born_in_one_place_in_one_month_share_no_key() -> None:
    assert not blocking_keys(make_traits()) & blocking_keys(make_traits("VERDIER", "MARTHE", born="1984-05-18"))


def test_day_and_month_swapped_leave_a_key_in_common() -> None:
    first, second = (make_traits(born=born, place=None) for born in ("1984-05-07", "1984-07-05"))

    assert blocking_keys(first) & blocking_keys(second)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_gives_bounded_keys(name: str, given_names: str) -> None:
    assert len(blocking_keys(make_traits(name, given_names))) <= MAX_KEYS
