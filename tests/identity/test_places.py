"""What two places of birth have in common, across mergers, new départements and countries that ended."""

import csv
from pathlib import Path

import pytest

from identity.places import (
    PlaceAgreement,
    canonical_place,
    compare_places,
    department,
    former_code,
    is_former_country,
    possible_places,
    renumbered_code,
    was_colonial,
)

COG = Path(__file__).parents[2] / "data" / "cog"
SAME, CITY, COMPATIBLE = PlaceAgreement.SAME, PlaceAgreement.SAME_CITY, PlaceAgreement.COMPATIBLE
COUNTRY, DEPARTMENT = PlaceAgreement.SAME_COUNTRY, PlaceAgreement.SAME_DEPARTMENT
WITHIN, DIFFERENT = PlaceAgreement.WITHIN, PlaceAgreement.DIFFERENT

PAIRS: list[tuple[str, str, str, int | None, PlaceAgreement]] = [
    ("equal", "69381", "69381", 1984, SAME),
    ("merged into a new commune", "01126", "01033", 1950, SAME),
    ("delegated commune", "91182", "91228", 1990, SAME),
    ("two parts of one new commune", "01018", "01205", 1950, CITY),
    ("associated commune now under another one", "55273", "55386", 1990, SAME),
    ("arrondissement and city", "75112", "75056", 1984, CITY),
    ("two arrondissements", "13201", "13216", 1984, DEPARTMENT),
    ("commune merged into a city and its arrondissement", "69232", "69385", 1950, CITY),
    ("arrondissements of two cities", "69381", "13201", 1984, DIFFERENT),
    ("Ajaccio before 1976", "20004", "2A004", 1960, SAME),
    ("Bastia before 1976", "20033", "2B033", 1960, SAME),
    ("Ajaccio and Bastia in one Corsica", "20004", "20033", 1960, DEPARTMENT),
    ("the two départements of Corsica", "2A004", "2B033", 1990, DIFFERENT),
    ("Boulogne in the Seine", "75012", "92012", 1950, SAME),
    ("Boulogne in the Seine, year unknown", "75012", "92012", None, SAME),
    ("Malakoff, which changed its last digits", "75047", "92046", 1950, SAME),
    ("Aubervilliers, which changed its last digits", "75005", "93001", 1950, SAME),
    ("Meudon in Seine-et-Oise", "78400", "92048", 1950, SAME),
    ("Argenteuil in Seine-et-Oise", "78018", "95018", 1950, SAME),
    ("renumbered, then merged", "78182", "91182", 1960, SAME),
    ("renumbered, then merged, and today's commune", "78182", "91228", 1960, SAME),
    ("Boulogne in the Seine and an arrondissement", "75012", "75112", 1950, DEPARTMENT),
    ("Versailles and Évry, both in Seine-et-Oise", "78646", "78228", 1950, DEPARTMENT),
    ("suburb of Lyon once in Isère", "38447", "69290", 1950, SAME),
    ("Algiers before 1962", "91352", "99352", 1950, COUNTRY),
    ("a number of Oran that no commune bears", "92500", "99352", 1950, COUNTRY),
    ("the same number after 1962", "92500", "99352", 1990, DIFFERENT),
    ("Boulogne, or Oran in 1950", "92012", "99352", 1950, COMPATIBLE),
    ("Boulogne in 1990", "92012", "99352", 1990, DIFFERENT),
    ("Boulogne, year unknown", "92012", "99352", None, DIFFERENT),
    ("Boulogne and Bobigny, which may each be Algeria in 1950", "92012", "93008", 1950, DIFFERENT),
    ("two communes of one département that was Oran", "92012", "92050", 1950, DEPARTMENT),
    ("two départements of Algeria", "91352", "92352", 1950, COUNTRY),
    ("Algeria is not Morocco", "91352", "99350", 1950, DIFFERENT),
    ("Morocco before 1956", "95350", "99350", 1950, COUNTRY),
    ("Tunisia before 1956", "96351", "99351", 1950, COUNTRY),
    ("Dakar before independence", "98202", "99341", 1950, COUNTRY),
    ("Saint-Martin before 2007", "97127", "97801", 1990, SAME),
    ("Mamoudzou before 2011", "98511", "97611", 1990, SAME),
    ("West Germany", "99142", "99109", 1970, COUNTRY),
    ("USSR and Ukraine", "99123", "99155", 1970, COMPATIBLE),
    ("Russia and Ukraine", "99123", "99155", 2000, DIFFERENT),
    ("two heirs of the USSR", "99155", "99106", 1970, DIFFERENT),
    ("Yugoslavia and Bosnia", "99121", "99118", 1970, COMPATIBLE),
    ("Serbia and Montenegro in 2000", "99121", "99120", 2000, COMPATIBLE),
    ("Serbia and Croatia in 2000", "99121", "99119", 2000, DIFFERENT),
    ("Czechoslovakia and Slovakia", "99115", "99117", 1970, COMPATIBLE),
    ("Czechia and Slovakia", "99116", "99117", 1970, DIFFERENT),
    ("one country", "99139", "99139", 1990, COUNTRY),
    ("two countries", "99139", "99134", 1970, DIFFERENT),
    ("abroad is no département", "99139", "99350", 1950, DIFFERENT),
    ("one département", "38185", "38053", 1984, DEPARTMENT),
    ("two départements", "38185", "33063", 1984, DIFFERENT),
    ("one overseas département", "97411", "97416", 1984, DEPARTMENT),
    ("two overseas départements", "97105", "97209", 1984, DIFFERENT),
    ("two overseas territories", "98735", "98818", 1984, DIFFERENT),
    ("unknown on both sides", "99999", "99999", 1984, DIFFERENT),
    ("no place at all", "00000", "00000", 1984, DIFFERENT),
    ("France without a commune", "99100", "99100", 1984, DIFFERENT),
    ("abroad without a country", "99990", "99990", 1984, DIFFERENT),
    ("Rhône on both sides", "69000", "69000", 1984, WITHIN),
    ("Rhône and one of its communes", "69000", "69123", 1984, WITHIN),
    ("unknown in Isère", "38990", "38990", 1984, WITHIN),
    ("Corsica's south without a commune", "2A000", "2A004", 1984, WITHIN),
    ("Réunion without a commune", "97400", "97411", 1984, WITHIN),
    ("Rhône and another département", "69000", "38185", 1984, DIFFERENT),
    ("Versailles and the département that it was in", "78228", "78000", 1984, WITHIN),
    ("Tunisia without a town", "96000", "96000", 1950, COUNTRY),
    ("empty", "", "", 1984, DIFFERENT),
    ("malformed and equal", "2C004", "2C004", 1984, DIFFERENT),
    ("too short", "6938", "69381", 1984, DIFFERENT),
    ("not ASCII digits", "６９３８１", "69381", 1984, DIFFERENT),
    ("lower case", "2a004", "2A004", 1984, DIFFERENT),
]


@pytest.mark.parametrize(("a", "b", "year", "expected"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_two_places_are_compared_both_ways(a: str, b: str, year: int | None, expected: PlaceAgreement) -> None:
    assert compare_places(a, b, year) is expected
    assert compare_places(b, a, year) is expected


@pytest.mark.parametrize(
    ("code", "year", "today"),
    [
        ("69381", 1984, "69381"),
        ("75112", 1984, "75112"),
        ("78182", 1960, "91228"),
        ("20004", None, "2A004"),
        ("92352", 1950, "99352"),
        ("92352", None, "99352"),
        ("92012", 1950, "92012"),
        ("95351", 1950, "95351"),
        ("99142", None, "99109"),
        ("99123", 1970, "99123"),
        ("99999", 1970, "99999"),
        ("", None, ""),
        ("nowhere", 1970, "nowhere"),
    ],
)
def test_a_place_has_a_code_of_today(code: str, year: int | None, today: str) -> None:
    assert canonical_place(code, year) == today
    assert canonical_place(today, year) == today


def test_a_code_with_two_readings_keeps_both() -> None:
    assert possible_places("92012", 1950) == {"92012", "99352"}
    assert possible_places("92012", 1990) == {"92012"}
    assert possible_places("") == frozenset()


def test_a_code_that_no_commune_bears_is_of_a_former_country_for_who_was_born_before() -> None:
    codes = ("92012", "92500", "96001", "99352", "69381", "99109", "")

    assert [code for code in codes if was_colonial(code)] == ["92500", "96001", "99352"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("69381", "69"), ("2A004", "2A"), ("97411", "974"), ("98735", "987"), ("99352", None), ("", None), ("9", None)],
)
def test_a_code_has_a_department(code: str, expected: str | None) -> None:
    assert department(code) == expected


@pytest.mark.parametrize(
    ("former", "current"), [("20004", "2A004"), ("75012", "92012"), ("78182", "91182"), ("98511", "97611")]
)
def test_a_commune_whose_departement_was_renumbered_has_two_codes(former: str, current: str) -> None:
    assert renumbered_code(former) == renumbered_code(current) == current
    assert former_code(current) == former


@pytest.mark.parametrize("code", ["69381", "01126", "91692", "99352", "99999", ""])
def test_other_codes_have_but_one(code: str) -> None:
    assert renumbered_code(code) == code
    assert former_code(code) is None


def test_algeria_under_its_own_number_is_no_commune() -> None:
    assert [code for code in ("91352", "95350", "96001", "92012", "92500", "99352") if is_former_country(code)] == [
        "91352",
        "95350",
        "96001",
    ]


def test_no_present_commune_is_taken_for_a_former_one() -> None:
    with (COG / "communes.csv").open(encoding="utf-8", newline="") as stream:
        present = {row["code"] for row in csv.DictReader(stream) if row["postcodes"]}

    assert {code: canonical_place(code, 1990) for code in present if canonical_place(code, 1990) != code} == {}


def test_every_former_code_leads_to_a_present_commune() -> None:
    with (COG / "communes.csv").open(encoding="utf-8", newline="") as stream:
        present = {row["code"] for row in csv.DictReader(stream) if row["postcodes"]}
    with (COG / "former-codes.csv").open(encoding="utf-8", newline="") as stream:
        former = [row["former"] for row in csv.DictReader(stream)]

    assert len(former) > 4000
    assert {canonical_place(code) for code in former} - present == set()
