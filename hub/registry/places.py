"""Places of birth: communes and countries of the INSEE geographic code (COG), for forms and for display.

RNIV 1: the place of birth is a COG code, 99 and the country's code abroad, 99999 when it is not known. The tables
hold no abolished commune, so a code that is missing here is still shown, as itself; a commune that only changed codes
with its département (20004, Ajaccio) is shown by its name.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from identity.normalise import match_key
from identity.places import renumbered_code

UNKNOWN = "99999"
MOST_COMMUNES = 20


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, with the postcodes that letters to it bear."""

    code: str
    name: str
    postcodes: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name with what tells homonyms apart: « Saint-Denis (93066) »."""
        return f"{self.name} ({self.code})"


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory abroad."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Places:
    """Both tables, read once; `keys` are the communes' names as they are compared."""

    communes: dict[str, Commune]
    keys: tuple[tuple[str, Commune], ...]
    countries: tuple[Country, ...]
    country_names: dict[str, str]

    def commune(self, code: str) -> Commune | None:
        """Return the commune with this code, if it is known."""
        return self.communes.get(code)

    def town(self, code: str) -> str:
        """Name the place of a code, for a person who reads."""
        if code == UNKNOWN:
            return "lieu de naissance inconnu"
        if code.startswith("99"):
            country = self.country_names.get(code)
            return f"à l'étranger : {country} ({code})" if country else f"à l'étranger ({code})"
        commune = self.communes.get(code)
        if commune is not None:
            return commune.label
        renumbered = self.communes.get(renumbered_code(code))
        return f"{renumbered.name} ({code}, ancien code)" if renumbered else f"commune {code}"

    def search_communes(self, text: str, limit: int = MOST_COMMUNES) -> list[Commune]:
        """Find communes by postcode, or by name: the very name first, then beginnings, then the rest."""
        typed = text.strip()
        if typed.isascii() and typed.isdigit():
            return [item for item in self.communes.values() if typed in item.postcodes][:limit]
        words = match_key(typed)
        if len(words) < 2:
            return []
        found = [(self._distance(key, words), item.name, item.code) for key, item in self.keys if words in key]
        return [self.communes[code] for _, _, code in sorted(found)[:limit]]

    @staticmethod
    def _distance(key: str, words: str) -> int:
        if key == words:
            return 0
        if key.startswith(words + " "):
            return 1
        return 2 if key.startswith(words) else 3

    def find_commune(self, text: str) -> list[Commune]:
        """Read what somebody typed or picked: one commune when it is certain, several to choose from, or none."""
        typed = text.strip()
        picked = self.communes.get(typed[-6:-1]) if typed.endswith(")") else None
        if picked is not None:
            return [picked]
        found = self.search_communes(typed)
        by_code = self.communes.get(typed.upper())
        return found or ([by_code] if by_code else [])


@cache
def read_places(data_dir: Path) -> Places:
    """Read the tables of the data folder, once in a process."""
    communes = {}
    for row in _rows(data_dir / "cog" / "communes.csv"):
        communes[row["code"]] = Commune(row["code"], row["name"], tuple(row["postcodes"].split()))
    countries = [Country(row["code"], row["name"]) for row in _rows(data_dir / "cog" / "countries.csv")]
    countries.sort(key=lambda country: match_key(country.name))
    return Places(
        communes,
        tuple((match_key(item.name), item) for item in communes.values()),
        tuple(countries),
        {country.code: country.name for country in countries},
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
