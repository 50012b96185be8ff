"""French typography: signs stay with their words, on pages and in letters; what a form holds is left as it is."""

import html
import re
import shutil
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from hub.accounts.sessions import Space
from hub.vigilance import wording
from hub.web import typography
from tests import stories
from tests.factories import log_in, make_staff, make_structure, token_of
from tests.functional.intruders import patient_browser
from tests.hub.registry.people import doubtful_pair


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Score : 3 %", "Score\u00a0: 3\u00a0%"),
        ("« oui » ; non", "«\u00a0oui\u00a0»\u00a0; non"),
        ("Encore ? Oui !", "Encore\u00a0? Oui\u00a0!"),
        ("à 12 h 56", "à 12\u00a0h\u00a056"),
        ("http://hub /a :b", "http://hub /a :b"),
        ("JEAN PIERRE", "JEAN PIERRE"),
        ("Tâche n° 258, N° 3", "Tâche n°\u00a0258, N°\u00a03"),
        ("12 ko en 30 s, 15 jours", "12\u00a0ko en 30\u00a0s, 15\u00a0jours"),
        ("0 s'il le faut, 12 sorties", "0 s'il le faut, 12 sorties"),
        ("1 000 caractères, 100 000", "1\u00a0000 caractères, 100\u00a0000"),
        ("1 84 05 69 381 000 12", "1 84 05 69 381 000 12"),
        ("06 39 98 00 01", "06 39 98 00 01"),
        ("\n    : suite", "\n    : suite"),
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
        "<pre class='document-text'>a : <b>b ?</b></pre>",
        "<pre><code>a :</code> b : c</pre>",
        "<kbd>a : b</kbd>",
        "<script>a : b</script>",
        "<STYLE>a : b</STYLE >",
        "<p title=\"5 > 3 : oui\" data-x='a ? b'></p>",
        "<textarea>jamais fermé : oui",
        '<p title="jamais fermé : oui',
        "<!-- a : b -->",
    ],
)
def test_what_a_form_sends_back_is_left_as_it_is(page: str) -> None:
    assert typography.page(page) == page


def test_what_is_read_between_tags_changes() -> None:
    assert typography.page("<p>Vu <b>ici</b> : oui</p>") == "<p>Vu <b>ici</b>\u00a0: oui</p>"


def test_a_page_is_looked_at_once_whatever_it_holds() -> None:
    """What begins a tag and never ends takes all that follows: nothing is looked at again from the next sign."""
    signs = "<" * 200_000

    assert typography.page(signs) == signs
    assert len(typography._APART.split(signs)) == 1, "a sign that begins no tag is a text"
    for opening in ("<a", "</", "<!--", "<pre>", "<textarea ", '<a "', "<a '", "<a \"'", "<script"):
        pieces = typography._APART.split(opening * 100_001)
        assert len(pieces) == 3, opening
        assert pieces[1] == opening * 100_001


def test_what_stands_for_a_tag_cannot_come_from_a_page() -> None:
    assert typography.page("a\0 :<b>c</b>") == "a\u00a0:<b>c</b>"


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One engine is enough: no text depends on it."""
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    return f"sqlite:///{tmp_path}/hub.sqlite3"


def texts_of(page: str) -> str:
    """Return what is read between the tags of a page, the fields and the code left out."""
    apart = re.sub(r"<(script|style|textarea|code|kbd|option|pre)\b.*?</\1>|<[^>]*>", "\0", page, flags=re.DOTALL)
    return html.unescape(apart)


def test_every_page_in_french_has_its_no_break_spaces(app: Flask, client: FlaskClient) -> None:
    structure = make_structure(app)
    member = make_staff(app, structure)
    account = stories.open_account(app, structure, member, stories.know(app, structure))
    stories.activate(app, account)
    browser = patient_browser(app, account)
    log_in(browser, member, Space.PRACTICE)
    log_in(browser, make_staff(app, None), Space.AGENCY)
    with app.test_request_context():
        paths = [
            url_for(rule.endpoint)
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and not rule.arguments
        ]

    pages = 0
    for path in [*paths, "/nulle-part", "/activation/inconnu"]:
        answer = browser.get(path)
        if answer.mimetype == "text/html":
            pages += 1
            texts = texts_of(answer.text)
            assert not re.search(r"[^\s\0] [:;?!»](?![\w/])|« |[nN]° |\d (?:%|Mo|ko|min|jours)(?!\w)", texts), path
            assert int(answer.headers["Content-Length"]) == len(answer.data), path

    assert pages > 25


def test_a_page_in_english_keeps_its_spaces(client: FlaskClient) -> None:
    client.set_cookie("hub_lang", "en")

    assert "\u00a0" not in client.get("/pratique/connexion").text


def test_what_a_form_shows_again_is_what_was_typed(app: Flask, client: FlaskClient) -> None:
    typed = "Vu le 3 mars : « c'est elle ! » ; n° 12 ?"
    log_in(client, make_staff(app, None), Space.AGENCY)
    task = doubtful_pair(app).task
    page = client.get(f"/agence/taches/{task.id}").text
    form = {"csrf_token": token_of(page), "comment": typed, "version": str(task.version), "decision": "differer"}

    again = html.unescape(client.post(f"/agence/taches/{task.id}", data=form | {"jours": "beaucoup"}).text)

    assert f">{typed}</textarea>" in again
