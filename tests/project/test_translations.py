"""The pages in English: every text has its translation, what is compiled is what is written, and the switch works."""

import ast
import io
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_babel import ngettext

from hub.counting import counted, noun
from hub.web import formats
from identity.traits import BirthDate, Sex, Traits

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "hub" / "translations" / "en" / "LC_MESSAGES"
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None}
_CALLED = ("_", "gettext", "lazy_gettext", "ngettext")
Forms = tuple[str, ...]


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One engine is enough: no text depends on it."""
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    return f"sqlite:///{tmp_path}/hub.sqlite3"


def forms(text: str | list[str] | tuple[str, ...]) -> Forms:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"%\(\w+\)[sd]", text)))


@pytest.fixture(scope="module")
def extracted() -> set[Forms]:
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = extract_from_dir(
        ROOT, methods, options, KEYWORDS, directory_filter=lambda path: Path(path).is_relative_to(ROOT / "hub")
    )
    return {forms(message) for _file, _line, message, _comments, _context in found}


@pytest.fixture(scope="module")
def written() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def translations(catalog: Catalog) -> dict[Forms, Forms]:
    return {forms(message.id): forms(message.string) for message in catalog if message.id}


def test_every_message_has_a_translation(extracted: set[Forms], written: Catalog) -> None:
    known = translations(written)

    assert len(extracted) > 400
    assert extracted - known.keys() == set(), "extract and update: see babel.cfg"
    assert known.keys() - extracted == set(), "messages of no page any more"
    assert [source for source, texts in known.items() if not all(texts)] == []
    assert [message.id for message in written if message.fuzzy and message.id] == []


def called_with_a_text(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CALLED:
            assert isinstance(node.args[0], ast.Constant), f"line {node.lineno}: a text that no tool can find"
            yield node.args[0].value


def test_no_wrapped_text_escapes_the_extraction(extracted: set[Forms]) -> None:
    # Babel does not look inside an f-string before Python 3.12.
    found = {message[0] for message in extracted}
    for path in (ROOT / "hub").rglob("*.py"):
        texts = set(called_with_a_text(ast.parse(path.read_text(encoding="utf-8"))))
        assert texts - found == set(), path.name


def test_placeholders_are_those_of_the_french_text(written: Catalog) -> None:
    for source, texts in translations(written).items():
        for french, english in zip(source, texts, strict=True):
            assert placeholders(english) == placeholders(french), french


def test_what_is_compiled_is_what_is_written(written: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    with (FOLDER / "messages.mo").open("rb") as file:
        committed = translations(read_mo(file))

    assert committed == translations(read_mo(compiled)), "pybabel compile -d hub/translations"


def test_the_header_names_nobody_and_no_day(written: Catalog) -> None:
    header = dict(written.mime_headers)

    assert header["POT-Creation-Date"] == header["PO-Revision-Date"] == "1970-01-01 00:00+0000"
    assert header["Last-Translator"] == "hub"
    assert header["Report-Msgid-Bugs-To"] == ""


def test_pages_are_french_first(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept-Language": "en"}).text

    assert '<html lang="fr">' in page
    assert "Ouvrir mon espace santé" in page
    assert 'href="/langue/en?suite=/" lang="en" hreflang="en">English</a>' in page


def test_pages_are_english_with_the_cookie(client: FlaskClient) -> None:
    client.set_cookie("hub_lang", "en")

    page = client.get("/").text
    missing = client.get("/nulle-part")

    assert '<html lang="en">' in page
    assert "Open my health space" in page
    assert "espace santé" not in page
    assert 'href="/langue/fr?suite=/" lang="fr" hreflang="fr">Français</a>' in page
    assert missing.status_code == 404
    assert "Page not found" in missing.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/fhir/nulle/part"), ("PUT", "/fhir/metadata")])
def test_the_api_stays_french(client: FlaskClient, method: str, path: str) -> None:
    french = client.open(path, method=method).json
    client.set_cookie("hub_lang", "en")

    assert french["resourceType"] == "OperationOutcome"
    assert client.open(path, method=method).json == french


def test_the_switch_keeps_the_language_and_comes_back(client: FlaskClient) -> None:
    answer = client.get("/langue/en?suite=/pratique/connexion?suite%3D/pratique/envois")
    cookie = client.get_cookie("hub_lang")

    assert answer.status_code == 302
    assert answer.location == "/pratique/connexion?suite=/pratique/envois"
    assert cookie is not None
    assert (cookie.value, cookie.max_age, cookie.same_site) == ("en", 365 * 24 * 3600, "Lax")
    assert cookie.http_only
    assert not cookie.secure
    assert "Professional space" in client.get(answer.location).text

    client.get("/langue/fr")
    assert "Espace professionnel" in client.get(answer.location).text


def test_the_cookie_is_secure_where_the_site_is(variables: dict[str, str], request: pytest.FixtureRequest) -> None:
    variables["HUB_PUBLIC_URL"] = "https://hub.example"
    client: FlaskClient = request.getfixturevalue("client")

    answer = client.get("/langue/en", base_url="https://hub.example")

    assert "; Secure;" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://ailleurs.example/", "//ailleurs.example", "/%5Cailleurs.example", "/%09/ailleurs", "%0A", ""],
)
def test_the_switch_leads_nowhere_else(client: FlaskClient, elsewhere: str) -> None:
    assert client.get(f"/langue/en?suite={elsewhere}").location == "/"


def test_another_language_is_no_page(client: FlaskClient) -> None:
    assert client.get("/langue/de").status_code == 404


def test_the_link_of_a_refused_form_leads_to_a_page(client: FlaskClient) -> None:
    # No form token: the pages of both are refused; only the first can also be read.
    assert 'suite=/pratique/connexion"' in client.post("/pratique/connexion").text
    assert 'suite=/"' in client.post("/pratique/deconnexion").text


@pytest.mark.parametrize(("language", "one", "many"), [("fr", [0, 1], [2, 21]), ("en", [1], [0, 2])])
def test_each_language_counts_its_own_way(app: Flask, language: str, one: list[int], many: list[int]) -> None:
    words = {"fr": ("identité", "identités"), "en": ("identity", "identities")}[language]
    template = "{{ ngettext('%(num)d identité', '%(num)d identités', number) }}"

    with app.test_request_context(headers={"Cookie": f"hub_lang={language}"}):
        for number in one + many:
            expected = f"{number} {words[number in many]}"
            assert ngettext("%(num)d identité", "%(num)d identités", number) == expected
            assert render_template_string(template, number=number) == expected


def test_what_is_counted_in_french_outside_a_page_is_too(app: Flask) -> None:
    with app.app_context():
        assert ngettext("%(num)d identité", "%(num)d identités", 0) == "0 identité"
    assert [counted(number, "lettre", "lettres") for number in (0, 1, 2)] == ["0 lettre", "1 lettre", "2 lettres"]
    assert [noun(bits, "bit", "bits") for bits in (-1.5, 1.99, -2, 3.2)] == ["bit", "bit", "bits", "bits"]


def test_no_text_of_the_code_counts_with_brackets() -> None:
    found = re.compile(r"[a-zé]\(s\)")
    for path in [*(ROOT / "hub").rglob("*.py"), *(ROOT / "hub").rglob("*.html")]:
        assert not found.search(path.read_text(encoding="utf-8").replace("http(s)", "")), path.name


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fr",
            ["03/03/2026 à 15 h 05", "Identité qualifiée", "15/06/1955 (présumée)", "1,2 Mo", "Anne NEUF (née OLD)"],
        ),
        (
            "en",
            ["03/03/2026 at 15:05", "Qualified identity", "15/06/1955 (presumed)", "1.2 MB", "Anne NEUF (born OLD)"],
        ),
    ],
)
def test_values_read_in_the_language_of_the_page(app: Flask, language: str, said: list[str]) -> None:
    instant = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)
    traits = Traits(birth_name="OLD", used_name="NEUF", given_names=("ANNE",), sex=Sex.FEMALE)

    with app.test_request_context(headers={"Cookie": f"hub_lang={language}"}):
        assert said == [
            formats.short_moment(instant),
            str(formats.STATUS_LABELS[formats.IdentityStatus.QUALIFIED]),
            formats.birth(BirthDate(1955, 6, 15, presumed=True)),
            formats.size(1_234_567),
            formats.person_name(traits),
        ]
