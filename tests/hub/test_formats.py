"""How a person is told: the words that follow the sex, and both forms when it is not known."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from hub.web import formats
from identity.deaths import DeathDate
from identity.traits import BirthDate, Sex, Traits

BOTH = '<span aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One engine is enough: no text depends on it."""
    shutil.copy(sqlite_template, tmp_path / "hub.sqlite3")
    return f"sqlite:///{tmp_path}/hub.sqlite3"


def told(app: Flask, template: str, language: str = "fr", **values: object) -> str:
    with app.test_request_context(headers={"Cookie": f"hub_lang={language}"}):
        return render_template_string(template, **values)


@pytest.mark.parametrize(
    ("sex", "born", "line", "label"),
    [
        (Sex.FEMALE, BirthDate(1946, 3, 14), "née le 14/03/1946", "Née le"),
        (Sex.MALE, BirthDate(1946, 3), "né en 03/1946", "Né en"),
        (Sex.MALE, BirthDate(1946), "né en 1946", "Né en"),
        (Sex.FEMALE, BirthDate(1946, 3, 14, presumed=True), "née le 14/03/1946 (présumée)", "Née le"),
        (Sex.FEMALE, None, "date de naissance inconnue", "Naissance"),
        (
            Sex.UNKNOWN, BirthDate(1946, 3, 14), BOTH.format("né(e)", "né ou née") + " le 14/03/1946",
            BOTH.format("Né(e) le", "Né ou née le"),
        ),
    ],
)  # fmt: skip
def test_a_birth_follows_the_sex(app: Flask, sex: Sex, born: BirthDate | None, line: str, label: str) -> None:
    traits = Traits(birth_name="TISSERAND", sex=sex, birth_date=born)

    assert told(app, "{{ traits|born }}", traits=traits) == line
    assert told(app, "{{ traits|born_label }}", traits=traits) == label


@pytest.mark.parametrize(
    ("sex", "words"),
    [
        (Sex.FEMALE, "Décédée"),
        (Sex.MALE, "Décédé"),
        (Sex.UNKNOWN, BOTH.format("Décédé(e)", "Décédé ou décédée")),
    ],
)
def test_a_death_follows_the_sex(app: Flask, sex: Sex, words: str) -> None:
    assert told(app, "{{ sex|deceased }}", sex=sex) == words


@pytest.mark.parametrize("sex", list(Sex))
def test_english_has_one_word(app: Flask, sex: Sex) -> None:
    traits = Traits(birth_name="TISSERAND", sex=sex, birth_date=BirthDate(1946, 3, 14))

    line = told(app, "{{ traits|born|striptags }}", "en", traits=traits)

    assert line.replace("born", "") == (" on 14/03/1946")


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (None, "Décès sans date connue"),
        (DeathDate(2024), "Décès en 2024"),
        (DeathDate(2024, 3), "Décès en 03/2024"),
        (DeathDate.of(date(2024, 3, 9)), "Décès du 09/03/2024"),
    ],
)
def test_a_death_is_told_as_completely_as_it_is_known(app: Flask, when: DeathDate | None, words: str) -> None:
    assert told(app, "{{ when|death_day }}", when=when) == words


@pytest.mark.parametrize(("size", "words"), [(0, "0 octet"), (1, "1 octet"), (2, "2 octets"), (2000, "2 ko")])
def test_a_size_is_counted_as_french_does(app: Flask, size: int, words: str) -> None:
    with app.test_request_context():
        assert formats.size(size) == words
