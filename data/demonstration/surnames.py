"""Thousands of surnames with the long tail of a real region, built from French and foreign name parts.

surnames.csv gives the common ones. The rest are put together from surname-parts.csv: a prefix, a
root and an ending, by family origin; there "_" is a space, "-" is nothing, and what is repeated is
commoner. Any likeness with someone alive is chance.
"""

import csv
from dataclasses import dataclass
from itertools import product
from random import Random

from names import HERE, Zipf, read_surnames

# The group of surnames.csv that an origin draws its common names from.
LISTED = {
    "french": "french",
    "maghreb": "maghreb",
    "turkish": "turkish",
    "westafrican": "subsaharan",
    "eastern": "eastern",
}
# Shift and slope of the Zipf law of an origin, where it is not the usual one.
SHAPES = {"french": (28.0, 0.92), "vietnamese": (0.0, 1.1), "chinese": (2.0, 0.9)}
RARE = 0.10


@dataclass(frozen=True, slots=True)
class Parts:
    """What the surnames of an origin are made of."""

    origin: str
    prefixes: list[str]
    roots: list[str]
    endings: list[str]

    def plain(self) -> list[str]:
        """Return the roots that are names by themselves, in the order of the table."""
        return self.roots if "-" in self.prefixes and "-" in self.endings else []

    def composed(self) -> list[str]:
        """Return every name that the parts make."""
        return [
            f"{'' if prefix == '-' else prefix}{root}{'' if ending == '-' else ending}".replace("_", " ").title()
            for prefix, root, ending in product(self.prefixes, self.roots, self.endings)
        ]


def _read_parts() -> list[Parts]:
    with (HERE / "surname-parts.csv").open(encoding="utf-8", newline="") as stream:
        return [
            Parts(row["origin"], row["prefixes"].split(), row["roots"].split(), row["endings"].split())
            for row in csv.DictReader(stream)
        ]


PARTS = _read_parts()
FRENCH = PARTS[0]


def _tables() -> dict[str, Zipf]:
    """Return the surnames of each origin, commonest first: listed, then plain roots, then composed."""
    listed = read_surnames()
    tables = {}
    for origin in dict.fromkeys(parts.origin.removesuffix("_prefixed") for parts in PARTS):
        rows = [parts for parts in PARTS if parts.origin.removesuffix("_prefixed") == origin]
        composed = [name for parts in rows for name in parts.composed()]
        Random(f"surnames:{origin}").shuffle(composed)
        plain = [name.title() for parts in rows if origin != "french" for name in parts.plain()]
        common = listed.get(LISTED.get(origin, ""), [])
        shift, slope = SHAPES.get(origin, (6, 0.95))
        tables[origin] = Zipf(list(dict.fromkeys([*common, *plain, *composed])), shift, slope)
    return tables


TABLES = _tables()
COMMON_FRENCH = TABLES["french"].items[:60]


def draw_surname(rng: Random, origin: str) -> str:
    """Return a surname of an origin; one in ten of the French ones is borne by hardly anybody else."""
    if origin != "french":
        return TABLES[origin].draw(rng)
    chance = rng.random()
    if chance < RARE:
        return rng.choice(FRENCH.roots) + rng.choice(_MIDDLES) + rng.choice(FRENCH.endings)
    if chance < RARE + 0.012:
        return f"{TABLES['french'].draw(rng)}{rng.choice('- ')}{TABLES['french'].draw(rng)}"
    if chance < RARE + 0.027:
        prefix = rng.choice(("De ", "De La ", "Du ", "Des ", "D'", "Le ", "La ", "Saint-"))
        return prefix + rng.choice(FRENCH.roots) + rng.choice(FRENCH.endings)
    return TABLES["french"].draw(rng)


_MIDDLES = [
    "ad",
    "al",
    "am",
    "an",
    "ar",
    "el",
    "er",
    "ess",
    "ign",
    "ill",
    "in",
    "ol",
    "on",
    "or",
    "ouch",
    "our",
    "us",
    "eren",
    "ell",
    "asc",
    "ev",
    "aman",
]
