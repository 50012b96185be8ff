"""Scores and decisions for many pairs: the tables of the model and the rules of `identity.decision`, by column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identity.bulk.comparison import Pairs
from identity.bulk.names import Vocabulary
from identity.bulk.text import Flags, Ints
from identity.comparison import LEVELS
from identity.decision import LACKS_OF_EVIDENCE, TRAIT_RULES, Levels, Rule
from identity.model import RARITIES, RARITY_OF, TERMS, FrequencyTable, Model

Bits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """Every candidate pair with its score in bits and what the model and the rules make of it."""

    pairs: Pairs
    bits: Bits
    probability: Bits
    vetoed: Flags
    contradicts: Flags
    """A rule says that they are two persons, and the score does not outweigh it."""
    link: Flags
    review: Flags


def score(pairs: Pairs, names: Vocabulary, model: Model) -> Scored:
    """Score and decide every pair, each for itself."""
    levels = term_levels(pairs, names, model.frequencies)
    bits = np.full(len(pairs.left), model.prior)
    for trait, column in levels.items():
        bits += np.array([model.levels[trait][level] for level in TERMS[trait]])[column]
    for pair in model.interactions:
        width = len(TERMS[pair.second])
        table = np.zeros(len(TERMS[pair.first]) * width)
        for (first, second), worth in pair.bits.items():
            table[TERMS[pair.first].index(first) * width + TERMS[pair.second].index(second)] = worth
        bits += table[levels[pair.first].astype(np.int32) * width + levels[pair.second]]
    against = forbidden(pairs, [rule for rule in TRAIT_RULES if rule.reason not in LACKS_OF_EVIDENCE])
    vetoed = against | forbidden(pairs, [rule for rule in TRAIT_RULES if rule.reason in LACKS_OF_EVIDENCE])
    bits += np.where(vetoed, model.caution, 0.0)
    enough = bits >= model.thresholds.link
    exponent = np.clip(model.calibration.slope * bits + model.calibration.offset, -1000, 1000)
    return Scored(
        pairs=pairs,
        bits=bits,
        probability=1 / (1 + np.exp2(-exponent)),
        vetoed=vetoed,
        contradicts=against & (bits < model.thresholds.link + model.caution),
        link=enough & ~vetoed,
        review=(bits >= model.thresholds.review) & ~(enough & ~vetoed),
    )


def term_levels(
    pairs: Pairs, names: Vocabulary, frequencies: Mapping[str, FrequencyTable]
) -> dict[str, NDArray[np.int8]]:
    """Return the level of every term of the model, rarities included."""
    levels = dict(pairs.levels)
    for rarity, trait in RARITY_OF.items():
        value = pairs.surname if trait == "surname" else pairs.given
        exact = pairs.levels[trait] == LEVELS[trait].index("exact")
        found = _rarities(names, frequencies[trait])[value]
        levels[rarity] = np.where(exact & (value >= 0), found, RARITIES.index("none")).astype(np.int8)
    return levels


def _rarities(names: Vocabulary, table: FrequencyTable) -> Ints:
    """Return the rarity of each name of the vocabulary."""
    rare = RARITIES.index("rare")
    known = {key: RARITIES.index(table.rarity(key)) for key in table.values}
    return np.array([known.get(key, rare) for key in names.keys], np.int32)


def forbidden(pairs: Pairs, rules: Iterable[Rule]) -> Flags:
    """Tell which pairs one of the rules forbids to link."""
    result = np.zeros(len(pairs.left), np.bool_)
    for rule in rules:
        holds = _all(rule.when, pairs)
        for exception in rule.unless:
            holds &= ~_all(exception, pairs)
        result |= holds
    return result


def _all(levels: Levels, pairs: Pairs) -> Flags:
    result = np.ones(len(pairs.left), np.bool_)
    for trait, allowed in levels.items():
        table = np.array([level in allowed for level in LEVELS[trait]], np.bool_)
        result &= table[pairs.levels[trait]]
    return result
