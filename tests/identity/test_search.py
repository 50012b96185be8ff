import pytest

from identity.search import normalise_search
from identity.traits import BirthDate, TraitError


@pytest.mark.parametrize("text", ["15061955", "15/06/1955", "15-06-1955", "1955-06-15", " 15.06.1955 "])
def test_a_birth_date_is_read_in_every_usual_form(text: str) -> None:
    assert normalise_search(text, "").birth_date == BirthDate(1955, 6, 15)


@pytest.mark.parametrize(
    ("letters", "kept"),
    [("", ""), ("d", "D"), ("Élo", "ELO"), ("MARTIN", "MAR"), ("d'Artagnan", "D A"), ("LE", "LE")],
)
def test_three_letters_are_kept_at_most(letters: str, kept: str) -> None:
    assert normalise_search("15061955", letters).letters == kept


@pytest.mark.parametrize("text", ["1955", "31/02/1955", "06/1955", "15/13/1955", ""])
def test_an_incomplete_or_impossible_date_is_refused(text: str) -> None:
    with pytest.raises(TraitError) as caught:
        normalise_search(text, "MAR")
    assert caught.value.field == "birth_date"


def test_digits_are_not_letters() -> None:
    with pytest.raises(TraitError):
        normalise_search("15061955", "12")
