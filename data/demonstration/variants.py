"""Other ways to write a name: diminutives, abbreviations, spellings that come from other alphabets.

Read from name-variants.csv: there "/" separates the variants and "_" is a space. The demonstration
region has its own short tables in names.py.
"""

import csv

from names import HERE


def _read_variants() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    with (HERE / "name-variants.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            name = row["name"].replace("_", " ")
            found.setdefault(row["kind"], {})[name] = tuple(row["variants"].replace("_", " ").split("/"))
    return found


def _both_ways(spellings: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Add the way back from each spelling of one word."""
    back = {other: (name,) for name, others in spellings.items() for other in others if " " not in other}
    return back | spellings


_VARIANTS = _read_variants()
DIMINUTIVES = _VARIANTS["diminutive"]
SPELLINGS = _both_ways(_VARIANTS["spelling"])
ABBREVIATIONS = _VARIANTS["abbreviation"]
# Parts of surnames that are written several ways, whatever follows.
SURNAME_PARTS = tuple(_VARIANTS["part"].items())


def abbreviated(name: str) -> str | None:
    """Return a given name as a hurried clerk writes it: J-P or JP for JEAN-PIERRE, PH. for PHILIPPE."""
    one, _, other = name.partition("-")
    if one and other:
        return (f"{one[0]}-{other[0]}", f"{one[0]}.-{other[:2]}.", f"{one[0]}{other[0]}")[len(name) % 3]
    return ABBREVIATIONS.get(name, (None,))[0]
