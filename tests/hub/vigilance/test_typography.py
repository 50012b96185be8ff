"""French typography: signs stay with their words, on pages and in letters; what a form holds is left as it is."""

import pytest

from hub.vigilance import wording
from hub.web import typography


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Score : 3 %", "Score\u00a0: 3\u00a0%"),
        ("« oui » ; non", "«\u00a0oui\u00a0»\u00a0; non"),
        ("Encore ? Oui !", "Encore\u00a0? Oui\u00a0!"),
        ("à 12 h 56", "à 12\u00a0h\u00a056"),
        ("http://hub /a :b", "http://hub /a :b"),
        ("JEAN PIERRE", "JEAN PIERRE"),
    ],
)
def test_signs_and_hours_stay_with_their_words(text: str, kept: str) -> None:
    assert wording.unbroken(text) == kept


@pytest.mark.parametrize(
    "page",
    [
        '<input value="a : b" title="« c »">',
        "<textarea>Vu : oui ?</textarea>",
        "<option>a : b</option>",
        "<code>a : b</code>",
        "<!-- a : b -->",
    ],
)
def test_what_a_form_sends_back_is_left_as_it_is(page: str) -> None:
    assert typography.page(page) == page


def test_what_is_read_between_tags_changes() -> None:
    assert typography.page("<p>Vu <b>ici</b> : oui</p>") == "<p>Vu <b>ici</b>\u00a0: oui</p>"
