"""Which level of a trait is a better agreement than which: more agreement never weighs less.

Levels that stand in no common chain (a truncated name, a used one) are not compared. Training keeps this order
(`identity.training`), and a model that lacks it is refused (`identity.model`): an officer could not be told why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

CHAINS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "surname": (
            ("exact", "particle", "typo", "similar", "different"),
            ("exact", "particle", "phonetic", "similar"),
            ("exact", "used", "compound", "overlap", "different"),
            ("exact", "truncated", "different"),
            ("exact", "swapped", "different"),
            ("used", "married", "different"),
        ),
        "given": (
            ("exact", "phonetic", "typo", "similar", "different"),
            ("exact", "listed", "different"),
            ("exact", "compound", "overlap", "different"),
            ("exact", "initial", "different"),
            ("exact", "short", "rival"),
            ("typo", "rival", "different"),
            ("exact", "swapped", "different"),
        ),
        "other_given": (("same", "shared", "missing", "differ"),),
        "birth_date": (
            ("exact", "exact_fictitious", "presumed", "different"),
            ("exact", "swapped", "different"),
            ("exact", "day_slip", "day", "same_year", "different"),
            ("exact", "month_slip", "month", "same_year"),
            ("exact", "year_slip", "year", "different"),
        ),
        "sex": (("same", "missing", "different"),),
        "birth_place": (
            ("same", "in_ins", "city", "department", "different"),
            ("in_ins", "missing", "different"),
            ("same", "country", "missing"),
            ("missing", "against_ins"),
        ),
        "ins": (("same", "same_incoherent", "missing", "different"), ("same", "near", "different_incoherent")),
        "address": (("same", "near", "postcode", "department", "different"), ("postcode", "missing", "different")),
        "phone": (("same", "near", "missing", "different"),),
        "corroboration": (("some", "place", "none"),),
        "email": (("own", "named", "same", "missing", "different"), ("named", "crossed", "missing")),
        "surname_rarity": (("rare", "uncommon", "usual", "common", "rivals"),),
        "given_rarity": (("rare", "uncommon", "usual", "common", "rivals"),),
    }
)
"""Levels of each trait from the most to the least agreement; only neighbours are held in order."""

Together = tuple[str, str, Mapping[tuple[str, str], float]]
"""Two traits, and what they are worth together by their levels; nothing when not listed."""


def neighbours(chains: Iterable[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield each level with the next one of its chain, which agrees less."""
    return (pair for chain in chains for pair in pairwise(chain))


def or_less(trait: str, levels: Iterable[str]) -> frozenset[str]:
    """Return levels of a trait and all that agree less than one of them."""
    found = frozenset(levels)
    while more := {worse for better, worse in neighbours(CHAINS.get(trait, ())) if better in found} - found:
        found |= more
    return found


def out_of_order(
    levels: Mapping[str, Mapping[str, float]], together: Sequence[Together]
) -> tuple[str, str, str] | None:
    """Return a trait, a level of it, and a lesser one that may weigh more; None when there is none.

    Whatever the other traits say: what two traits are worth together may not undo the order.
    """
    for trait, chains in CHAINS.items():
        tables = [_by_level(trait, *table) for table in together if trait in table[:2]]
        for better, worse in neighbours(chains):
            step = levels[trait][better] - levels[trait][worse]
            if step + sum(_least(table.get(better, {}), table.get(worse, {})) for table in tables) < 0:
                return trait, better, worse
    return None


def _by_level(
    trait: str, first: str, second: str, bits: Mapping[tuple[str, str], float]
) -> dict[str, dict[str, float]]:
    """Return what each level of a trait is worth together with each level of the other."""
    found: dict[str, dict[str, float]] = {}
    for (one, two), worth in bits.items():
        level, other = (one, two) if trait == first else (two, one)
        found.setdefault(level, {})[other] = worth
    return found


def _least(better: Mapping[str, float], worse: Mapping[str, float]) -> float:
    """Return the least that a level is worth more than another, with any level of the other trait or none."""
    return min(0.0, *(better.get(other, 0.0) - worse.get(other, 0.0) for other in (*better, *worse, "")))
