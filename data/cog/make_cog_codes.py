"""Make identity/_cog_codes.py: every COG code since 1943, and the years between which some were in force.

Codes come from the npm packages of eight COG (1 January 2018 to 2026; none was published for 2020), whose numbers of
communes are checked against INSEE's. A code that one COG holds and no later one does had ended by then. A code gone
before 2018 ended we do not know when: it is only wrong from 2018 on, unless its whole département was renumbered on
a known day (`EMPTIED`, `MOVED`). Creations are dated by hand, where the day is known; no code was created since 2018.
Countries and territories come from countries.csv and territories.csv.

    for pair in 2018=cog@0.1.0 2019=decoupage-administratif@0.8.0 2021=decoupage-administratif@1.1.1 \\
        2022=decoupage-administratif@2.3.1 2023=decoupage-administratif@3.1.1 2024=decoupage-administratif@4.0.0 \\
        2025=decoupage-administratif@5.3.0 2026=decoupage-administratif@6.0.0; do
        mkdir -p packages/${pair%%=*}
        tar xzf "$(npm pack --silent @etalab/${pair#*=})" -C packages/${pair%%=*} --strip-components=1
    done
    python data/cog/make_cog_codes.py packages
"""

import argparse
import csv
import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
# Communes of metropolitan France and of the overseas départements on 1 January, as INSEE counted them.
COMMUNES = {
    2018: 35357, 2019: 34970, 2021: 34965, 2022: 34955, 2023: 34945, 2024: 34935, 2025: 34875, 2026: 34875,
}  # fmt: skip
LIVING = {"commune-actuelle", "arrondissement-municipal", "commune-deleguee", "commune-associee"}
# INSEE gave a second code to towns of so many births that the numbers of the NIR ran out. It publishes few of them:
# every town of this size is taken for one.
LARGE_TOWN = 20_000
# Départements that lost every commune (but Paris), and those that lost some to others: the first year without them.
EMPTIED = {"20": 1976, "75": 1968}
MOVED = {"78": {"91", "92", "93", "94", "95"}, "01": {"69"}, "38": {"69"}}
# The Rhône took its communes on 31 December 1967, but Colombier-Saugnieu in 1971.
MOVED_IN, MOVED_LATE = 1968, {"38119": 1972}
# The first year of birth for which a code can be right. New départements; new arrondissements of Lyon (1959, 1964);
# communes that the Rhône took; Saint-Barthélemy and Saint-Martin (2007), Mayotte (2011), with a year of margin.
SINCE = {
    1959: {"69388"},
    1964: {"69389"},
    1967: {f"69{number}" for number in range(270, 299)},
    1971: {"69299"},
    2006: {"97701", "97801"},
    2010: {f"976{number:02d}" for number in range(1, 18)},
}
SINCE_DEPARTMENTS = {1968: {"91", "92", "93", "94", "95"}, 1976: {"2A", "2B"}}
# The codes that these left, absent from the packages of today; the first year of birth for which they are wrong.
UNTIL = {
    2009: {"97123", "97127"},
    2013: {f"985{number:02d}" for number in range(1, 18)},
}
MODULE = '''"""Codes of the COG since 1943, and the years that some were in force. Do not edit.

INSEE COG 2018 to 2026 through @etalab/cog and @etalab/decoupage-administratif, Licence Ouverte 2.0; written by
data/cog/make_cog_codes.py, which says how. « 69:1-299,381-389 » are the numbers of a département. Read by
`identity.cog`.
"""

YEAR = {year}
"""The year of the last COG read."""

KNOWN = """
{known}
"""
"""Every code that a commune, an arrondissement, an associated or delegated commune has had."""

SINCE = {{
{since}
}}
"""The first year of birth for which these codes can be right."""

UNTIL = {{
{until}
}}
"""The first year of birth for which these codes are wrong."""

LARGE = """
{large}
"""
"""Towns that may have a second code."""

COUNTRIES = """
{countries}
"""
"""Codes abroad, with the last year of birth for which they can be right when it is known."""
'''


def read_entries(packages: Path, year: int) -> list[dict[str, object]]:
    """Return the entries of one COG; stop when the package is not that of the year."""
    text = (packages / str(year) / "data" / "communes.json").read_text(encoding="utf-8")
    entries: list[dict[str, object]] = json.loads(text)
    present = [str(entry["code"]) for entry in entries if entry["type"] == "commune-actuelle"]
    counted = sum(not is_collectivity(code) for code in present)
    if counted != COMMUNES[year]:
        raise SystemExit(f"COG {year}: {counted} communes, {COMMUNES[year]} expected.")
    return entries


def is_collectivity(code: str) -> bool:
    """Tell the overseas collectivities, which INSEE does not count."""
    return code[:2] == "98" or code[:3] in ("975", "977", "978")


def split(code: str) -> tuple[str, int]:
    """Return the département and the number of a code."""
    width = 3 if code[:2] in ("97", "98") else 2
    return code[:width], int(code[width:])


def fold(codes: Iterable[str]) -> str:
    """Write codes as « département:number,first-last »."""
    numbers = defaultdict(list)
    for code in sorted(codes):
        department, number = split(code)
        numbers[department].append(number)
    return wrap(f"{department}:{','.join(runs(found))}" for department, found in numbers.items())


def runs(numbers: list[int]) -> list[str]:
    starts = [numbers[0]] + [right for left, right in pairwise(numbers) if right != left + 1]
    ends = [left for left, right in pairwise(numbers) if right != left + 1] + [numbers[-1]]
    return [str(start) if start == end else f"{start}-{end}" for start, end in zip(starts, ends, strict=True)]


def wrap(words: Iterable[str]) -> str:
    """Fill lines; a long word is cut into several of the same département."""
    parts = [part for word in words for part in shorten(word)]
    return textwrap.fill(" ".join(parts), width=117, break_long_words=False, break_on_hyphens=False)


def shorten(word: str) -> list[str]:
    department, _, rest = word.partition(":")
    numbers = rest.split(",")
    return [f"{department}:{','.join(numbers[start : start + 14])}" for start in range(0, len(numbers), 14)]


def read_endings(living: dict[int, set[str]], known: set[str], today: dict[str, str]) -> dict[int, set[str]]:
    """Return the codes by the first year of birth for which they are wrong."""
    years = sorted(living)
    endings = {year: set(codes) for year, codes in UNTIL.items()}
    given = set().union(*UNTIL.values())
    for code in known - living[years[-1]] - given:
        endings.setdefault(ending(code, living, years, today), set()).add(code)
    return endings


def ending(code: str, living: dict[int, set[str]], years: list[int], today: dict[str, str]) -> int:
    held = [year for year in years if code in living[year]]
    if held:
        return years[years.index(held[-1]) + 1]
    department, now = code[:2], today.get(code, "")[:2]
    if department in EMPTIED:
        return EMPTIED[department]
    if now in MOVED.get(department, ()):
        return MOVED_LATE.get(code, MOVED_IN)
    return years[0]


def read_today(entries: list[dict[str, object]]) -> dict[str, str]:
    """Return the commune of today by former code."""
    return {old: str(entry["code"]) for entry in entries for old in former_codes(entry)}


def former_codes(entry: dict[str, object]) -> list[str]:
    found = entry.get("anciensCodes", [])
    return [str(code) for code in found] if isinstance(found, list) else []


def read_countries() -> str:
    words = []
    for table in ("countries.csv", "territories.csv"):
        with (HERE / table).open(encoding="utf-8", newline="") as stream:
            words += [f"{row['code']}:{row['until']}".rstrip(":") for row in csv.DictReader(stream)]
    return textwrap.fill(" ".join(sorted(words)), width=117)


def quote(tables: dict[int, set[str]]) -> str:
    return "\n".join(f'    {year}: """\n{fold(codes)}\n""",' for year, codes in sorted(tables.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="folder of unpacked npm packages, one folder for each year")
    parser.add_argument("--module", type=Path, default=HERE.parents[1] / "identity" / "_cog_codes.py")
    arguments = parser.parse_args()
    entries = {year: read_entries(arguments.packages, year) for year in COMMUNES}
    living = {
        year: {str(entry["code"]) for entry in found if entry["type"] in LIVING} for year, found in entries.items()
    }
    known = {str(entry["code"]) for found in entries.values() for entry in found}
    known |= {code for found in entries.values() for entry in found for code in former_codes(entry)}
    known |= set().union(*UNTIL.values())
    last = max(COMMUNES)
    today = read_today(entries[last])
    since = {year: set(codes) for year, codes in SINCE.items()}
    for year, departments in SINCE_DEPARTMENTS.items():
        since[year] = {code for code in known if code[:2] in departments}
    large = {str(entry["code"]) for entry in entries[last] if int(str(entry.get("population", 0))) >= LARGE_TOWN}
    large |= {str(entry["code"]) for entry in entries[last] if entry["type"] == "arrondissement-municipal"}
    large |= {old for old, new in today.items() if new in large}
    text = MODULE.format(
        year=last,
        known=fold(known),
        since=quote(since),
        until=quote(read_endings(living, known, today)),
        large=fold(large),
        countries=read_countries(),
    )
    arguments.module.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
