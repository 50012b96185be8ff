"""The reference tables are well formed and say a few things known to be true."""

import csv
import re
from pathlib import Path

import pytest

from identity._cog_codes import COUNTRIES

DATA = Path(__file__).resolve().parents[2] / "data"
COG_FORM = re.compile(r"\d{5}|2[AB]\d{3}")


def read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("cog/communes.csv", ["code", "name", "postcodes"]),
        ("cog/countries.csv", ["code", "name", "iso3", "until"]),
        ("cog/territories.csv", ["code", "name", "until"]),
        ("reference/document-types.csv", ["code", "label", "category", "short_label", "order"]),
        ("reference/professions.csv", ["code", "label"]),
    ],
)
def test_a_table_has_its_columns_unique_codes_and_no_blank_name(name: str, columns: list[str]) -> None:
    rows = read(name)

    assert list(rows[0]) == columns
    codes = [row["code"] for row in rows]
    assert len(codes) == len(set(codes))
    assert all(row[columns[1]].strip() == row[columns[1]] != "" for row in rows)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("01004", "Ambérieu-en-Bugey"),
        ("2A004", "Ajaccio"),
        ("2B033", "Bastia"),
        ("44109", "Nantes"),
        ("75115", "Paris 15e Arrondissement"),
        ("13201", "Marseille 1er Arrondissement"),
        ("69389", "Lyon 9e Arrondissement"),
        ("97411", "Saint-Denis"),
        ("98735", "Papeete"),
    ],
)
def test_a_known_commune_has_its_code(code: str, name: str) -> None:
    communes = {row["code"]: row["name"] for row in read("cog/communes.csv")}

    assert communes[code] == name


def test_every_commune_code_and_postcode_has_its_form() -> None:
    rows = read("cog/communes.csv")

    assert len(rows) > 36_000
    assert [row for row in rows if not COG_FORM.fullmatch(row["code"]) or row["code"].startswith("99")] == []
    assert [row for row in rows if not re.fullmatch(r"(\d{5}( \d{5})*)?", row["postcodes"])] == []


@pytest.mark.parametrize(
    ("code", "name", "iso3"),
    [
        ("99352", "Algérie", "DZA"),
        ("99350", "Maroc", "MAR"),
        ("99351", "Tunisie", "TUN"),
        ("99139", "Portugal", "PRT"),
        ("99208", "Turquie", "TUR"),
        ("99397", "Comores", "COM"),
        ("99404", "États-Unis", "USA"),
    ],
)
def test_a_known_country_has_its_code(code: str, name: str, iso3: str) -> None:
    countries = {row["code"]: (row["name"], row["iso3"]) for row in read("cog/countries.csv")}

    assert countries[code] == (name, iso3)


def test_country_codes_begin_with_99_and_an_iso_code_names_one_country() -> None:
    rows = read("cog/countries.csv")

    iso3 = [row["iso3"] for row in rows if row["iso3"]]
    assert all(re.fullmatch(r"99\d{3}", row["code"]) for row in rows)
    assert all(re.fullmatch(r"[A-Z]{3}", code) for code in iso3)
    assert len(iso3) == len(set(iso3))


def test_the_codes_abroad_are_in_one_table_and_end_in_a_year() -> None:
    countries, territories = read("cog/countries.csv"), read("cog/territories.csv")

    assert {row["code"] for row in countries}.isdisjoint(row["code"] for row in territories)
    assert all(re.fullmatch(r"(19[4-9]\d)?", row["until"]) for row in [*countries, *territories])
    assert {row["code"]: row["until"] for row in countries}["99115"] == "1992"


def test_the_engine_knows_the_codes_of_the_tables() -> None:
    abroad = {word[:5]: word[6:] for word in COUNTRIES.split()}

    assert abroad == {row["code"]: row["until"] for row in [*read("cog/countries.csv"), *read("cog/territories.csv")]}


def test_the_unknown_place_of_birth_is_not_a_country() -> None:
    assert "99999" not in {row["code"] for row in read("cog/countries.csv")}


def test_document_types_are_loinc_codes_with_a_category_and_a_rank() -> None:
    rows = read("reference/document-types.csv")

    categories = {"10", "11", "31", "42", "43", "44", "45", "52", "60", "90"}
    assert all(re.fullmatch(r"\d{5}-\d", row["code"]) for row in rows)
    assert {row["category"] for row in rows} <= categories
    assert [int(row["order"]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["short_label"] for row in rows)


def test_every_table_is_described_in_the_readme() -> None:
    described = (DATA / "README.md").read_text(encoding="utf-8")

    tables = [path for folder in ("cog", "reference") for path in (DATA / folder).glob("*.csv")]
    assert tables
    assert [path.name for path in tables if path.relative_to(DATA).as_posix() not in described] == []
