"""Codes of places of birth that were not in force on the day of birth, and those of which nothing is certain."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity._cog_codes import YEAR
from identity.cog import CogFlaw, code_on_birth, find_flaw
from identity.places import COLONIAL_DEPARTMENTS, LAST_COLONIAL_YEAR, department
from identity.traits import BirthDate

COG = Path(__file__).parents[2] / "data" / "cog"
NOT_FOUND, NOT_YET, ENDED = CogFlaw.NOT_FOUND, CogFlaw.NOT_YET, CogFlaw.ENDED

CASES: list[tuple[str, str, str | None, CogFlaw | None]] = [
    # Corsica was département 20 until 31 December 1975.
    ("Ajaccio in 1960", "20004", "1960-05-17", None),
    ("Ajaccio on the last day of département 20", "20004", "1975-12-31", None),
    ("Ajaccio on the first day of 2A", "20004", "1976-01-01", ENDED),
    ("20004 in 1990", "20004", "1990-06-01", ENDED),
    ("2A004 in 1960", "2A004", "1960-05-17", NOT_YET),
    ("2A004 on the last day of département 20", "2A004", "1975-12-31", NOT_YET),
    ("2A004 on the first day of 2A", "2A004", "1976-01-01", None),
    ("2B033 in 1950", "2B033", "1950-01-01", NOT_YET),
    ("postcode of Bastia in 1990", "20200", "1990-06-01", ENDED),
    ("postcode of Furiani, no commune of département 20", "20600", "1990-06-01", NOT_FOUND),
    ("postcode of Ajaccio", "20000", "1960-06-01", NOT_FOUND),
    # Seine and Seine-et-Oise were split on 1 January 1968.
    ("Boulogne in the Seine in 1950", "75012", "1950-05-17", None),
    ("Boulogne in the Seine on its last day", "75012", "1967-12-31", None),
    ("Boulogne in the Seine in 1968", "75012", "1968-01-01", ENDED),
    ("postcode of Paris 12e in 1985", "75012", "1985-05-17", ENDED),
    ("postcode of Paris 20e in 2020", "75020", "2020-05-17", ENDED),
    ("Paris 12e", "75112", "1985-05-17", None),
    ("Paris as a whole", "75056", "1985-05-17", None),
    ("Boulogne, or Oran, in 1950", "92012", "1950-05-17", None),
    ("Boulogne, or Oran in late registers, in 1963", "92012", "1963-12-31", None),
    ("92012 in 1964: no longer Oran, not yet Boulogne", "92012", "1964-01-01", NOT_YET),
    ("92012 in 1967", "92012", "1967-12-31", NOT_YET),
    ("Boulogne in 1968", "92012", "1968-01-01", None),
    ("Argenteuil in Seine-et-Oise", "78018", "1960-05-17", None),
    ("Argenteuil under 78 in 1980", "78018", "1980-05-17", ENDED),
    ("Versailles, which kept its code", "78646", "1960-05-17", None),
    ("Versailles today", "78646", "2020-05-17", None),
    ("Les Ulis, younger than its département", "91692", "1990-05-17", None),
    ("Châteaufort, for a while in Essonne", "91143", "1968-06-01", None),
    ("Châteaufort in Essonne today", "91143", "2020-06-01", ENDED),
    # The Rhône took communes of Ain and Isère on 31 December 1967, and one in 1971.
    ("Saint-Priest in Isère", "38447", "1967-05-17", None),
    ("Saint-Priest in Isère in 1970", "38447", "1970-05-17", ENDED),
    ("Saint-Priest in the Rhône too early", "69290", "1966-05-17", NOT_YET),
    ("Saint-Priest on the day it moved", "69290", "1967-12-31", None),
    ("Colombier-Saugnieu in Isère in 1970", "38119", "1970-05-17", None),
    ("Colombier-Saugnieu in the Rhône in 1970", "69299", "1970-05-17", NOT_YET),
    ("Colombier-Saugnieu in the Rhône in 1971", "69299", "1971-05-17", None),
    ("Le Puy-Saint-Bonnet, from Deux-Sèvres to Maine-et-Loire on a day we do not know", "79224", "1980-05-17", None),
    # Arrondissements of Lyon.
    ("Lyon 8e before it existed", "69388", "1950-05-17", NOT_YET),
    ("Lyon 8e", "69388", "1959-05-17", None),
    ("Lyon 9e before it existed", "69389", "1963-05-17", NOT_YET),
    ("Lyon 9e", "69389", "1964-12-17", None),
    ("Lyon 7e has always been there", "69387", "1920-05-17", None),
    ("Lyon as a whole", "69123", "1950-05-17", None),
    ("Marseille as a whole", "13055", "1950-05-17", None),
    # North Africa.
    ("Algiers in 1950", "91352", "1950-05-17", None),
    ("Algiers under 91 in 1980", "91352", "1980-05-17", ENDED),
    ("Algeria under its present code in 1950", "99352", "1950-05-17", None),
    ("Algeria in 1980", "99352", "1980-05-17", None),
    ("a number of Oran that no commune bears", "92500", "1950-05-17", None),
    ("the same number in 1980", "92500", "1980-05-17", NOT_FOUND),
    ("Tunis in 1950", "96001", "1950-05-17", None),
    ("Tunisia under 96 in 1980", "96001", "1980-05-17", ENDED),
    ("Morocco under 95 in 1980", "95350", "1980-05-17", ENDED),
    # Overseas.
    ("Saint-Martin in Guadeloupe", "97127", "1990-05-17", None),
    ("Saint-Martin in Guadeloupe in 2015", "97127", "2015-05-17", ENDED),
    ("Saint-Martin in the year it moved", "97801", "2007-05-17", None),
    ("Saint-Barthélemy under its present code in 1990", "97701", "1990-05-17", NOT_YET),
    ("Mamoudzou before the département", "98511", "2000-05-17", None),
    ("Mamoudzou in the year of the département", "98511", "2011-05-17", None),
    ("Mamoudzou under 985 in 2020", "98511", "2020-05-17", ENDED),
    ("Mamoudzou under 976 in 2000", "97611", "2000-05-17", NOT_YET),
    ("Mamoudzou today", "97611", "2020-05-17", None),
    ("Hanoi under 985 in 1945", "98506", "1945-05-17", None),
    ("Dakar before independence", "98202", "1950-05-17", None),
    ("Dakar under 982 in 1980", "98202", "1980-05-17", ENDED),
    ("Djibouti before independence", "98406", "1976-05-17", None),
    ("Djibouti under 984 in 1990", "98406", "1990-05-17", ENDED),
    ("Kerguelen", "98412", "1990-05-17", None),
    ("Papeete", "98735", "1960-05-17", None),
    ("a postcode of La Réunion, which our tables may lack", "97440", "1990-05-17", None),
    ("the postcode of Saint-Denis de La Réunion", "97400", "1990-05-17", NOT_FOUND),
    ("a territory that there is not", "97912", "1990-05-17", NOT_FOUND),
    ("a territory that there may have been", "97912", "1950-05-17", None),
    # Communes that came to an end.
    ("Cézia, merged on 1 January 2019, the year before", "39089", "2018-12-31", None),
    ("Cézia in 2019", "39089", "2019-01-01", ENDED),
    ("Prignac-en-Médoc, merged in 2019, in 2022", "33338", "2022-05-17", ENDED),
    ("Châtillon-en-Michaille, delegated since 2019, in 2022", "01091", "2022-05-17", None),
    ("Saint-Rambert-l'Île-Barbe, merged in 1963, in 1980", "69232", "1980-05-17", None),
    ("Saint-Rambert-l'Île-Barbe in 2018", "69232", "2018-01-01", ENDED),
    ("Les Trois Lacs, gone in 2021 and back in 2023", "27676", "2021-05-17", None),
    ("a commune that may come back after our tables", "39089", f"{YEAR + 1}-05-17", None),
    # Numbers that nobody has.
    ("postcode of Grenoble", "38000", "1990-05-17", NOT_FOUND),
    ("postcode of Antibes", "06600", "1990-05-17", NOT_FOUND),
    ("postcode of La Tronche", "38700", "1990-05-17", NOT_FOUND),
    ("postcode of La Tronche, for one who may be in a later COG", "38700", f"{YEAR + 1}-05-17", None),
    ("a département that there is not", "00123", "1990-05-17", NOT_FOUND),
    ("the second code of Nice", "06488", "1990-05-17", None),
    ("the second code of Montpellier", "34999", "1990-05-17", None),
    ("the third code of Marseille", "13255", "1990-05-17", None),
    ("the second code of Paris 14e", "75214", "1990-05-17", None),
    ("the second code of Neuilly in the Seine", "75151", "1950-05-17", None),
    ("unknown commune of Isère", "38990", "1990-05-17", None),
    # Abroad.
    ("Czechoslovakia in 1970", "99115", "1970-05-17", None),
    ("Czechoslovakia on its last day", "99115", "1992-12-31", None),
    ("Czechoslovakia in 1993", "99115", "1993-01-01", ENDED),
    ("Czechia in 1970, as INSEE may write it since", "99116", "1970-05-17", None),
    ("South Sudan in 2000, as INSEE may write it since", "99349", "2000-05-17", None),
    ("Senegal before independence", "99341", "1950-05-17", None),
    ("99123 was the USSR and is Russia", "99123", "2020-05-17", None),
    ("99121 was Yugoslavia and is Serbia", "99121", "2020-05-17", None),
    ("East Germany in 1985", "99141", "1985-05-17", None),
    ("East Germany in 1991", "99141", "1991-05-17", ENDED),
    ("South Viêt Nam in 1980", "99245", "1980-05-17", ENDED),
    ("Tangier in 1950", "99325", "1950-05-17", None),
    ("Tangier in 1980", "99325", "1980-05-17", ENDED),
    ("France without its commune", "99100", "1990-05-17", None),
    ("unknown country", "99990", "1990-05-17", None),
    ("unknown place", "99999", "1990-05-17", None),
    ("a country that there is not", "99700", "1990-05-17", NOT_FOUND),
    # What is no code is another rule's affair.
    ("empty", "", "1990-05-17", None),
    ("too short", "6938", "1990-05-17", None),
    ("lower case", "2a004", "1960-05-17", None),
    ("not ASCII digits", "３８０００", "1990-05-17", None),
    # Without a date only what was never right.
    ("Ajaccio, no date", "20004", None, None),
    ("a postcode that a commune may bear one day, no date", "38700", None, None),
    ("postcode of Grenoble, no date", "38000", None, NOT_FOUND),
    # A year alone is a year.
    ("2A004 for a year", "2A004", "1975", NOT_YET),
    ("2A004 for the year after", "2A004", "1976", None),
]


@pytest.mark.parametrize(("code", "born", "flaw"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_code_is_told_wrong_when_that_is_certain(code: str, born: str | None, flaw: CogFlaw | None) -> None:
    assert find_flaw(code, BirthDate.parse(born) if born else None) is flaw


@pytest.mark.parametrize(
    ("code", "born", "flaw"),
    [
        ("2A004", "1960-12-31", NOT_YET),
        ("2A004", "1965-12-31", NOT_YET),
        ("2A004", "1966-12-31", None),
        ("20004", "1985-12-31", None),
        ("20004", "1986-12-31", ENDED),
    ],
)
def test_a_presumed_date_may_be_ten_years_wrong(code: str, born: str, flaw: CogFlaw | None) -> None:
    assert find_flaw(code, BirthDate.parse(born, presumed=True)) is flaw


def _codes(table: str) -> list[str]:
    with (COG / table).open(encoding="utf-8", newline="") as stream:
        return [row["code"] for row in csv.DictReader(stream)]


def test_every_commune_of_today_is_right_for_a_birth_of_today() -> None:
    born = BirthDate(YEAR, 1, 15)

    assert [code for code in _codes("communes.csv") if find_flaw(code, born)] == []


def test_every_country_that_stands_is_right_for_a_birth_of_any_year() -> None:
    with (COG / "countries.csv").open(encoding="utf-8", newline="") as stream:
        standing = [row["code"] for row in csv.DictReader(stream) if not row["until"]]

    births = [BirthDate(year) for year in (1930, 1960, 1990, YEAR)]
    assert [code for code in standing for born in births if find_flaw(code, born)] == []


def test_every_former_code_was_right_once() -> None:
    with (COG / "former-codes.csv").open(encoding="utf-8", newline="") as stream:
        former = [row["former"] for row in csv.DictReader(stream)]

    # Essonne took Châteaufort and Toussus-le-Noble for a while: no code of 91 is right before 1968.
    births = [BirthDate(1950), BirthDate(1969)]
    assert [code for code in former if all(find_flaw(code, born) for born in births)] == []


_FIGURES = st.text("0123456789", min_size=5, max_size=5)
_CODES = st.one_of(_FIGURES, st.sampled_from(_codes("communes.csv")), st.sampled_from(_codes("countries.csv")))


@given(_CODES, st.integers(1850, 2100), st.integers(1850, 2100))
def test_a_code_begins_and_ends_once(code: str, one: int, other: int) -> None:
    earlier, later = BirthDate(min(one, other)), BirthDate(max(one, other))

    if find_flaw(code, later) is NOT_YET:
        # North Africa had some of these numbers, nobody else.
        colonial = code[:2] in COLONIAL_DEPARTMENTS and earlier.year <= LAST_COLONIAL_YEAR
        assert find_flaw(code, earlier) is (None if colonial else NOT_YET)
    if find_flaw(code, earlier) is ENDED and later.year <= YEAR:
        assert find_flaw(code, later) is ENDED


@given(_CODES, st.integers(1860, 2090))
def test_a_presumed_date_never_tells_more_than_a_sure_one(code: str, year: int) -> None:
    flaw = find_flaw(code, BirthDate(year, 12, 31, presumed=True))

    assert flaw is None or {find_flaw(code, BirthDate(near)) for near in range(year - 10, year + 11)} == {flaw}


@given(_CODES)
def test_without_a_date_only_what_is_never_right_is_told(code: str) -> None:
    if find_flaw(code, None):
        assert all(find_flaw(code, BirthDate(year)) is NOT_FOUND for year in range(1850, 2200, 7))


@given(st.text(max_size=8), st.integers(1850, 2200))
def test_any_text_is_read(text: str, year: int) -> None:
    assert find_flaw(text, BirthDate(year)) in (None, *CogFlaw)


@pytest.mark.parametrize(
    ("commune", "born", "code"),
    [
        ("2A004", "1960-05-17", "20004"),
        ("2A004", "1975-12-31", "20004"),
        ("2A004", "1976-01-01", "2A004"),
        ("2B033", "1960-12-31", "20033"),
        ("92012", "1950-05-17", "75012"),
        ("92012", "1967-12-31", "75012"),
        ("92012", "1968-01-01", "92012"),
        ("91182", "1960-05-17", "78182"),
        ("69290", "1966-05-17", "38447"),
        ("69290", "1967-05-17", "69290"),
        ("97801", "2000-05-17", "97127"),
        ("97611", "2000-05-17", "98511"),
        ("91692", "1960-05-17", "91692"),
        ("69389", "1950-05-17", "69389"),
        ("78646", "1950-05-17", "78646"),
        ("75112", "1950-05-17", "75112"),
        ("99116", "1970-05-17", "99116"),
        ("99999", "1970-05-17", "99999"),
    ],
)
def test_a_commune_picked_by_name_gets_the_code_of_the_day_of_birth(commune: str, born: str, code: str) -> None:
    assert code_on_birth(commune, BirthDate.parse(born)) == code


def test_a_code_that_a_commune_gets_is_never_told_wrong() -> None:
    births = [BirthDate(year, 6, 15) for year in (1940, 1964, 1967, 1970, 1975, 1980, 2000, 2008, 2020)]
    changed = [
        (code, given, born)
        for code in _codes("communes.csv")
        for born in births
        if (given := code_on_birth(code, born)) != code
    ]

    assert len({code for code, _, _ in changed}) > 800
    assert [case for case in changed if find_flaw(case[1], case[2])] == []
    assert {department(given) for _, given, _ in changed} == {"01", "20", "38", "75", "78", "971", "985"}
