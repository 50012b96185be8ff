"""Cells of a file, as spreadsheets and software write them."""

import pytest

from identity.cells import code_of, date_of, email_of, phone_of, place_of


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1946-03-14", "1946-03-14"),
        (" 14/03/1946 ", "1946-03-14"),
        ("14-03-1946", "1946-03-14"),
        ("4.3.1946", "1946-03-04"),
        ("19460314", "1946-03-14"),
        ("1946-03-14T00:00:00", "1946-03-14"),
        ("1946-03-14 00:00:00.000", "1946-03-14"),
        ("14/03/1946 0:00", "1946-03-14"),
        ("1946-03-14T00:00:00Z", "1946-03-14"),
        ("00/03/1946", "1946-03"),
        ("00/00/1946", "1946"),
        ("1946-00-00", "1946"),
        ("1946", "1946"),
        # Another day in another zone: for whoever reads it next to refuse.
        ("1946-03-13T23:00:00Z", "1946-03-13T23:00:00Z"),
        ("14031946", "14031946"),
        ("14/03/46", "14/03/46"),
        ("14/03-1946", "14/03-1946"),
        ("demain", "demain"),
    ],
)
def test_a_date_is_read_as_it_is_written(text: str, date: str) -> None:
    assert date_of(text) == date


@pytest.mark.parametrize(
    ("text", "code"),
    [("1250", "01250"), (" 1250", "01250"), ("69001", "69001"), ("125", "125"), ("2A04", "2A04"), ("١٢٥٠", "١٢٥٠")],
)
def test_a_code_is_given_its_zero_back(text: str, code: str) -> None:
    assert code_of(text, 5) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("1053", "01053"), (" 5061 ", "05061"), ("5819", "5819"), ("58194", "58194"), ("2a004", "2a004")],
)
def test_a_place_is_given_its_zero_back_when_there_is_such_a_place(text: str, code: str) -> None:
    assert place_of(text) == code


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("612345679", "0612345679"),
        ("6 12 34 56 79", "0612345679"),
        ("06 12 34 56 79 / 07 12 34 56 78", "0612345679"),
        ("0612345679", "0612345679"),
        ("+33 6 12 34 56 79", "+33 6 12 34 56 79"),
        ("00336123456790712345", "00336123456790712345"),
        ("06 12 34 56 79 (mari)", "06 12 34 56 79 (mari)"),
        ("?", "?"),
    ],
)
def test_a_telephone_is_given_its_zero_back_and_the_first_of_two_is_taken(text: str, phone: str) -> None:
    assert phone_of(text) == phone


def test_a_link_to_a_mail_is_the_mail() -> None:
    assert email_of(" MailTo:Jean@a.fr ") == "Jean@a.fr"
    assert email_of("jean@a.fr") == "jean@a.fr"
