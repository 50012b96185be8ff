import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.comparable import comparable
from identity.normalise import (
    check_birth_place,
    clean_email,
    clean_phone,
    is_landline,
    is_placeholder_name,
    match_key,
    split_given_names,
    telling_phone,
    write_name,
)
from identity.traits import TraitError
from tests.identity.factories import make_traits


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  Élodie ", "ELODIE"),
        (unicodedata.normalize("NFD", "Élodie"), "ELODIE"),
        ("Françoise", "FRANCOISE"),
        ("Lætitia", "LAETITIA"),
        ("Œuvrard", "OEUVRARD"),
        ("d’Artagnan", "D'ARTAGNAN"),
        ("D' Artagnan", "D'ARTAGNAN"),
        ("Jean–Pierre", "JEAN-PIERRE"),
        ("Muñoz", "MUNOZ"),
        ("Groß", "GROSS"),
        ("LE  GOFF", "LE GOFF"),
    ],
)
def test_a_name_is_written_by_the_rniv_rules(text: str, written: str) -> None:
    assert write_name(text, "used_given_name") == written


@pytest.mark.parametrize("text", ["MARTIN2", "MARTIN/DURAND", "J.P", "Иванов", "王", "A_B", "-MARTIN", "A''B", "'-"])
def test_a_forbidden_character_refuses_the_name_without_quoting_it(text: str) -> None:
    with pytest.raises(TraitError) as caught:
        write_name(text, "birth_name")

    assert (caught.value.field, caught.value.code) == ("birth_name", "trait-charset")
    assert text not in str(caught.value)


def test_a_double_hyphen_is_for_birth_names_only() -> None:
    assert write_name("DURAND--MARTIN", "birth_name") == "DURAND--MARTIN"
    with pytest.raises(TraitError):
        write_name("ANNE--LAURE", "given_names")


def test_a_name_over_one_hundred_characters_is_refused() -> None:
    assert write_name("A" * 100, "birth_name")
    with pytest.raises(TraitError) as caught:
        write_name("A" * 101, "birth_name")
    assert caught.value.code == "trait-length"


@given(st.text(max_size=40))
def test_writing_a_name_twice_changes_nothing(text: str) -> None:
    try:
        once = write_name(text, "birth_name")
    except TraitError:
        return

    assert write_name(once, "birth_name") == once


@pytest.mark.parametrize(
    ("text", "key"),
    [("Jean-Pierre", "JEAN PIERRE"), ("d’Île", "D ILE"), ("  LE--ROY ", "LE ROY"), ("Cœur", "COEUR")],
)
def test_hyphen_apostrophe_and_space_are_alike_in_a_match_key(text: str, key: str) -> None:
    assert match_key(text) == key


def test_given_names_are_split_at_spaces_only() -> None:
    assert split_given_names(" JEAN-PAUL  MARC ") == ("JEAN-PAUL", "MARC")
    assert split_given_names("JEAN – PIERRE MARC") == ("JEAN-PIERRE", "MARC")
    assert split_given_names("N’ GOLO JEAN") == ("N'GOLO", "JEAN")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("06 12 34 56 87", "+33612345687"),
        ("+33 (0)6.12.34.56.87", "+33612345687"),
        ("0033612345687", "+33612345687"),
        ("33612345687", "+33612345687"),
        ("0692 12 34 56", "+262692123456"),
        ("+262 692 12 34 56", "+262692123456"),
        ("0690123456", "+590690123456"),
        ("0694123456", "+594694123456"),
        ("0696123456", "+596696123456"),
        ("+32 470 12 34 56", "+32470123456"),
        ("+262 692 12 34", None),
        ("0600000000", None),
        ("0123456789", None),
        ("12", None),
        ("demander au fils", None),
    ],
)
def test_a_phone_is_written_in_e164_or_dropped(text: str, number: str | None) -> None:
    assert clean_phone(text) == number


@pytest.mark.parametrize("text", ["06 12 34 56 78", "07.12.34.56.78", "04 77 00 00 00", "+41796000000"])
def test_a_phone_that_is_typed_for_none_can_be_somebodys_and_tells_nobody_from_another(text: str) -> None:
    assert clean_phone(text) is not None
    assert telling_phone(text) is None
    assert comparable(make_traits(phone=text)).phone is None


def test_a_phone_tells_somebody() -> None:
    assert telling_phone("06 12 34 56 87") == "+33612345687"
    assert telling_phone("01 23 45 67 89") is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+33474111213", True),
        ("+33974111213", True),
        ("+262262123456", True),
        ("+590590123456", True),
        ("+33612345687", False),
        ("+33712345678", False),
        ("+262692123456", False),
        ("+262639123456", False),
        ("+32470123456", False),
        ("+1202555010", False),
    ],
)
def test_a_landline_is_told_from_a_mobile(number: str, expected: bool) -> None:
    assert is_landline(number) is expected


@pytest.mark.parametrize(
    ("text", "address"),
    [(" A.B@Exemple.FR ", "a.b@exemple.fr"), ("sans", None), ("a@b", None), ("inconnu@x.fr", None)],
)
def test_an_email_is_lower_cased_or_dropped(text: str, address: str | None) -> None:
    assert clean_email(text) == address


@pytest.mark.parametrize("number", ["0102030405", "06 06 06 06 06", "+33 6 01 02 03 04", "0123456789", "0000000000"])
def test_what_is_typed_for_a_telephone_that_is_not_known_is_none(number: str) -> None:
    assert clean_phone(number) is None


@pytest.mark.parametrize(
    "address",
    [
        "accueil@ehpad.example", "secretariat@cabinet.example", "nc@nc.fr", "tutelle12@udaf29.example",
        "jeanne@ehpad-les-lilas.example",
    ],
)  # fmt: skip
def test_an_address_that_many_read_or_that_is_none_is_nobodys(address: str) -> None:
    assert comparable(make_traits(email=address)).email is None


@pytest.mark.parametrize("role", ["curatelle", "curatelles", "tutelles", "udaf", "ehpad"])
def test_a_guardians_address_is_nobodys_and_says_that_there_is_one(role: str) -> None:
    reduced = comparable(make_traits(email=f"{role}.3@bureau.example"))

    assert (reduced.email, reduced.has_guardian) == (None, True)


@pytest.mark.parametrize("name", ["TEST", "DOUBLON", "Ne pas utiliser", "ACCOUCHEMENT SECRET"])
def test_a_dummy_confirms_nothing_and_may_be_a_name(name: str) -> None:
    reduced = comparable(make_traits(birth_name=name))

    assert (reduced.birth, reduced.used) == (None, None)
    assert not is_placeholder_name(name)


@pytest.mark.parametrize(("born", "tells"), [("1900-01-01", False), ("1899-12-30", False), ("1902-01-01", True)])
def test_the_date_of_software_that_knows_none_tells_nothing(born: str, tells: bool) -> None:
    assert (comparable(make_traits(born=born)).birth_date is not None) is tells


def test_an_address_that_many_read_still_reaches_them() -> None:
    assert clean_email("accueil@ehpad.example") == "accueil@ehpad.example"


@pytest.mark.parametrize("code", ["69381", "2A004", "2B033", "99352", "99999", "97411"])
def test_a_cog_code_is_accepted(code: str) -> None:
    assert check_birth_place(code) == code


@pytest.mark.parametrize("code", ["6938", "2C004", "69 381", "Lyon", "693811", "2a004", "\u0661\u0662345"])
def test_anything_else_is_not_a_cog_code(code: str) -> None:
    with pytest.raises(TraitError) as caught:
        check_birth_place(code)
    assert caught.value.code == "cog-format"


@pytest.mark.parametrize(
    "name",
    ["SANS NOM", "sans prénom", "SDF", "NN", "à préciser", "INCONNUE", "X", "XX", "Non renseigné", "né sous X"],
)
def test_placeholders_are_recognised_and_never_compared(name: str) -> None:
    reduced = comparable(make_traits(birth_name=name))

    assert is_placeholder_name(name)
    assert (reduced.birth, reduced.used) == (None, None)


@pytest.mark.parametrize(
    "given",
    [
        "NON RENSEIGNE", "À PRÉCISER", "A-RENSEIGNER", "SANS PRENOM CONNU", "NE SOUS X", "PRENOM NON COMMUNIQUE",
        "FILLE DE CLAIRE", "THI", "VAN",
    ],
)  # fmt: skip
def test_words_that_say_that_there_is_no_given_name_are_none(given: str) -> None:
    reduced = comparable(make_traits(given=given, used_given=given))

    assert (reduced.head, reduced.used_head) == (None, None)
    assert not any(reduced.words)


@pytest.mark.parametrize("given", ["NONA", "A MARIE", "SANSONE", "ARNAUD NON", "THI HOA", "VAN-HUNG", "VANESSA"])
def test_given_names_that_open_like_these_words_stay(given: str) -> None:
    assert comparable(make_traits(given=given)).head is not None


@pytest.mark.parametrize("name", ["MARTIN", "XAVIER", "SANSON", "BENOIT"])
def test_real_names_are_not_placeholders(name: str) -> None:
    assert not is_placeholder_name(name)


@pytest.mark.parametrize(
    ("born", "fictitious"), [("1970-01-01", True), ("1970-12-31", True), ("1970", True), ("1970-05-02", False)]
)
def test_dates_completed_by_rule_are_flagged(born: str, fictitious: bool) -> None:
    assert comparable(make_traits(born=born)).date_is_fictitious is fictitious
