"""Where people of an evaluation file live and were born: regions, towns, streets, codes of the past.

Communes, postcodes and former codes are those of the COG; weights, streets and regions' mixes are ours.
"""

import csv
from bisect import bisect
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from names import HERE, read_streets
from region import COG


@dataclass(frozen=True, slots=True)
class Region:
    """A part of France: its departments and the shares of the family origins there."""

    name: str
    departments: tuple[str, ...]
    origins: tuple[tuple[str, float], ...]


_EVERYWHERE = (
    ("maghreb", 0.075),
    ("portuguese", 0.03),
    ("spanish", 0.015),
    ("italian", 0.02),
    ("polish", 0.008),
    ("turkish", 0.012),
    ("vietnamese", 0.005),
    ("chinese", 0.005),
    ("westafrican", 0.02),
    ("centralafrican", 0.012),
    ("malagasy", 0.004),
    ("comorian", 0.004),
    ("srilankan", 0.004),
    ("eastern", 0.012),
    ("antillean", 0.012),
    ("breton", 0.01),
    ("basque", 0.004),
    ("alsatian", 0.012),
    ("corsican", 0.004),
    ("occitan", 0.03),
)


def _region(name: str, departments: str, **more: float) -> Region:
    shares = dict(_EVERYWHERE) | more
    return Region(name, tuple(departments.split()), tuple(shares.items()))


REGIONS = (
    _region("Bretagne", "22 29 35 56", breton=0.40, maghreb=0.03),
    _region("Grand Est", "54 57 67 68 88", alsatian=0.28, turkish=0.035, italian=0.03, polish=0.015),
    _region("Occitanie", "11 31 34 46 66 81", occitan=0.30, spanish=0.07, maghreb=0.09),
    _region("Nouvelle-Aquitaine", "33 40 47 64 87", basque=0.10, occitan=0.20, spanish=0.03, portuguese=0.05),
    _region("Provence et Corse", "13 83 84 2A 2B", corsican=0.12, italian=0.06, maghreb=0.12, comorian=0.02),
    _region("Hauts-de-France", "59 60 62 80", polish=0.05, maghreb=0.08),
    _region(
        "Île-de-France",
        "75 77 91 92 93 94 95",
        maghreb=0.14,
        westafrican=0.07,
        srilankan=0.02,
        portuguese=0.05,
        chinese=0.02,
        vietnamese=0.012,
        antillean=0.04,
        centralafrican=0.03,
    ),
    _region("Rhône et Loire", "01 38 42 63 69 71 74", italian=0.04, maghreb=0.09, portuguese=0.04, turkish=0.02),
    _region("Centre et Normandie", "14 18 28 37 45 58 76"),
)
COUNTRIES = {
    "maghreb": "99352 99352 99352 99350 99350 99351",
    "portuguese": "99139",
    "spanish": "99134",
    "italian": "99127",
    "polish": "99122",
    "turkish": "99208",
    "vietnamese": "99243",
    "chinese": "99216 99216 99234 99241",
    "westafrican": "99341 99341 99335 99335 99326 99330 99331 99345 99327",
    "centralafrican": "99322 99324 99312 99312 99323 99328",
    "malagasy": "99333",
    "comorian": "99397",
    "srilankan": "99235 99235 99223",
    "eastern": "99114 99123 99155 99121 99252 99111 99148",
    "antillean": "97105 97120 97209 97213 97411 97415 97302",
}
BORN_ABROAD = {
    "maghreb": 0.50,
    "portuguese": 0.40,
    "spanish": 0.25,
    "italian": 0.25,
    "polish": 0.2,
    "vietnamese": 0.55,
    "srilankan": 0.8,
    "antillean": 0.6,
}
# Birth dates that nobody registered on the day: the state of birth gives 1 January or 31 December.
PRESUMED_DATES = {
    "westafrican": 0.16,
    "srilankan": 0.06,
    "maghreb": 0.07,
    "comorian": 0.2,
    "centralafrican": 0.08,
    "turkish": 0.1,
}
# Departments of Algeria, Morocco and Tunisia before independence; the last year they were French.
FORMER_DEPARTMENTS = {
    "99352": (1962, "91001 91130 91352 92001 92178 92296 93001 93120 93205 94003 94118"),
    "99350": (1956, "95001 95012 95030"),
    "99351": (1956, "96001 96014 96040"),
}
WHOLE_CITIES = {"751": "75056", "6938": "69123", "132": "13055"}
STREET_KINDS = (
    ("rue", 52),
    ("avenue", 11),
    ("chemin", 9),
    ("impasse", 7),
    ("route", 6),
    ("place", 4),
    ("boulevard", 5),
    ("allée", 4),
    ("lotissement", 1),
    ("résidence", 2),
)


@dataclass(frozen=True, slots=True)
class Home:
    """A dwelling. `kind` and `street` are kept apart, for clerks abbreviate the kind."""

    number: str
    kind: str
    street: str
    postcode: str
    city: str
    code: str


class Weighted:
    """Draw from items by weight, fast."""

    def __init__(self, items: list[str], weights: list[float]) -> None:
        self.items = items
        self.cumulated = list(accumulate(weights))

    def draw(self, rng: Random) -> str:
        """Return one item."""
        return self.items[bisect(self.cumulated, rng.random() * self.cumulated[-1], 0, len(self.items) - 1)]


class Geography:
    """The towns of one region and every code of the COG, former ones included."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.names: dict[str, str] = {}
        self.postcodes: dict[str, list[str]] = {}
        with (COG / "communes.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                self.names[row["code"]] = row["name"]
                self.postcodes[row["code"]] = row["postcodes"].split()
        self.former: dict[str, list[str]] = defaultdict(list)
        self.current: dict[str, str] = {}
        with (COG / "former-codes.csv").open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                self.former[row["current"]].append(row["former"])
                self.current.setdefault(row["former"], row["current"])
        with (HERE / "cities.csv").open(encoding="utf-8", newline="") as stream:
            self.cities = {row["name"]: float(row["thousands"]) for row in csv.DictReader(stream)}
        living = [code for code in self.names if self._is_here(code) and self.postcodes[code]]
        self.towns = Weighted(living, [self._weight(code) for code in living])
        self.maternities = Weighted(
            living, [self._weight(code) ** 1.3 if self._weight(code) >= 4.0 else 0.002 for code in living]
        )
        elsewhere = [
            code
            for code in self.names
            if self.postcodes[code] and code[:2] not in ("97", "98") and not self._is_whole(code)
        ]
        self.elsewhere = Weighted(elsewhere, [self._weight(code) for code in elsewhere])
        self.by_department: dict[str, list[str]] = defaultdict(list)
        for code in self.names:
            self.by_department[code[:2]].append(code)
        origins = dict(region.origins)
        shares = [*origins.values(), max(0.1, 1 - sum(origins.values()))]
        self.origins = Weighted([*origins, "french"], shares)
        self.countries = {origin: codes.split() for origin, codes in COUNTRIES.items()}
        kinds, weights = zip(*STREET_KINDS, strict=True)
        self.kinds = Weighted(list(kinds), [float(weight) for weight in weights])
        streets = [
            *(HERE / "street-names.txt").read_text(encoding="utf-8").splitlines(),
            *(line.partition(" ")[2] for line in read_streets()),
        ]
        streets = list(dict.fromkeys(streets))
        self.streets = Weighted(streets, [1 / (rank + 12) for rank in range(len(streets))])

    def _is_here(self, code: str) -> bool:
        return code[:2] in self.region.departments and not self._is_whole(code)

    def _is_whole(self, code: str) -> bool:
        return code in WHOLE_CITIES.values()

    def _weight(self, code: str) -> float:
        """Guess how many thousands live in a commune: cities by name, towns by their round postcode."""
        if code[:3] in ("751", "132") or code[:4] == "6938":
            return 70.0
        if self.names[code] in self.cities:
            return self.cities[self.names[code]]
        round_postcode = any(postcode.endswith("00") for postcode in self.postcodes[code])
        return (
            4.0
            if round_postcode
            else 1.0
            if any(postcode.endswith("0") for postcode in self.postcodes[code])
            else 3.0
        )

    def draw_home(self, rng: Random, department: str | None = None) -> Home:
        """Return a dwelling of the region."""
        code = self.towns.draw(rng)
        while department and code[:2] != department:
            code = self.towns.draw(rng)
        postcodes = self.postcodes[code]
        number = f"{int(rng.expovariate(1 / 28)) + 1}{' bis' if rng.random() < 0.04 else ''}"
        postcode = postcodes[0] if len(postcodes) == 1 else rng.choice(postcodes)
        city = self.names[code]
        city = city.rsplit(" ", 2)[0] if city.endswith("Arrondissement") else city
        return Home(number, self.kinds.draw(rng), self.streets.draw(rng), postcode, city, code)

    def draw_neighbour(self, rng: Random, home: Home) -> Home:
        """Return another dwelling of the same street."""
        number = str(int(rng.expovariate(1 / 28)) + 1)
        return Home(number, home.kind, home.street, home.postcode, home.city, home.code)

    def draw_birth_place(self, rng: Random, origin: str, year: int, home: Home) -> str:
        """Return where somebody was born, as the code that the civil register used at the time."""
        if origin in self.countries:
            abroad = BORN_ABROAD.get(origin, 0.6) * (1.0 if year < 1995 else 0.35)
            if rng.random() < abroad:
                return self._former_department(rng, rng.choice(self.countries[origin]), year)
        chance = rng.random()
        if chance < 0.012:
            code = rng.choice(("99352", "99352", "99350", "99351", "99109", "99131", "99132", "99140", "99404"))
            return self._former_department(rng, code, year)
        if chance < 0.02:
            return rng.choice(self.countries["antillean"])
        if chance < 0.14:
            return self.at_the_time(rng, self.elsewhere.draw(rng), year)
        if year < 1968 and chance < 0.55:
            return self.at_the_time(
                rng, home.code if chance < 0.35 else rng.choice(self.by_department[home.code[:2]]), year
            )
        code = self.maternities.draw(rng)
        if code[:2] != home.code[:2] and rng.random() < 0.8:
            code = self.maternities.draw(rng)
        return self.at_the_time(rng, code, year)

    def _former_department(self, rng: Random, country: str, year: int) -> str:
        if country in FORMER_DEPARTMENTS:
            until, codes = FORMER_DEPARTMENTS[country]
            if year < until and rng.random() < 0.6:
                return rng.choice(codes.split())
        return country

    def at_the_time(self, rng: Random, code: str, year: int) -> str:
        """Return the code a commune of today had in the year of a birth."""
        if code[:2] in ("2A", "2B"):
            return f"20{code[2:]}" if year < 1976 else code
        formers = self.former.get(code)
        if formers and year < 2015:
            renumbered = [former for former in formers if former[:2] != code[:2]]
            if renumbered and year < 1968:
                return renumbered[0]
            merged = [former for former in formers if former[:2] == code[:2]]
            if merged and rng.random() < 0.5:
                return rng.choice(merged)
        return code

    def other_code(self, code: str) -> str | None:
        """Return the code of today for one of the past, a whole city for an arrondissement, or the reverse."""
        for prefix, whole in WHOLE_CITIES.items():
            if code.startswith(prefix):
                return whole
        if code in self.current:
            return self.current[code]
        if code[:2] == "20":
            return next(
                (f"{department}{code[2:]}" for department in ("2A", "2B") if f"{department}{code[2:]}" in self.names),
                None,
            )
        for country, (_, codes) in FORMER_DEPARTMENTS.items():
            if code in codes.split():
                return country
        if code[:2] in ("2A", "2B"):
            return f"20{code[2:]}"
        formers = self.former.get(code)
        return formers[0] if formers else None
