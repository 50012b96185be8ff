"""Scores and decisions for many pairs: the tables of the model and the rules of `identity.decision`, by column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identity.bulk.columns import Flags, Ints, Longs, look_up
from identity.bulk.comparison import Pairs
from identity.bulk.names import Vocabulary
from identity.bulk.text import unique
from identity.comparison import LEVELS
from identity.decision import CAUTIONS, LACKS_OF_EVIDENCE, NAMELESS, TRAIT_RULES, Levels, Rule
from identity.model import OTHER_NAME, RARITIES, RARITY_OF, SAME_NAME, TERMS, FrequencyTable, Model

Bits = NDArray[np.float64]
Level = NDArray[np.int8]


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


@dataclass(frozen=True, slots=True)
class Patterns:
    """The distinct patterns of levels of many pairs, each as one number, and the index of each pair's pattern.

    Pairs come in far fewer patterns than there are pairs: each pattern is weighed once.
    """

    numbers: Longs
    where: Ints


def score(pairs: Pairs, names: Vocabulary, model: Model) -> Scored:
    """Score and decide every pair, each for itself."""
    return weigh(pairs, find_patterns(pairs, names, model), model)


def find_patterns(pairs: Pairs, names: Vocabulary, model: Model) -> Patterns:
    """Return what a model sees of pairs."""
    levels = term_levels(pairs, names, model.frequencies)
    packed = np.zeros(len(pairs.left), np.int64)
    for term, values in TERMS.items():
        packed *= len(values)
        packed += levels[term]
    return Patterns(*unique(packed))


def join(patterns: Sequence[Patterns]) -> Patterns:
    """Put the patterns of several lots of pairs together."""
    numbers, index = unique(np.concatenate([np.zeros(0, np.int64), *(part.numbers for part in patterns)]))
    ends = np.cumsum([len(part.numbers) for part in patterns])
    lots = zip(patterns, np.split(index, ends), strict=False)
    where = [own.take(part.where) for part, own in lots]
    return Patterns(numbers, np.concatenate([np.zeros(0, np.int32), *where]))


def weigh(pairs: Pairs, patterns: Patterns, model: Model) -> Scored:
    """Score and decide every pair by its pattern."""
    levels, where = _unpack(patterns.numbers), patterns.where
    bits = np.full(len(patterns.numbers), model.prior)
    for trait, column in levels.items():
        bits += np.array([model.levels[trait][level] for level in TERMS[trait]]).take(column)
    for pair in model.interactions:
        width = len(TERMS[pair.second])
        table = np.zeros(len(TERMS[pair.first]) * width)
        for (first, second), worth in pair.bits.items():
            table[TERMS[pair.first].index(first) * width + TERMS[pair.second].index(second)] = worth
        bits += table.take(levels[pair.first].astype(np.int32) * width + levels[pair.second])
    against = forbidden(levels, [rule for rule in TRAIT_RULES if rule.reason not in LACKS_OF_EVIDENCE])
    vetoed = against | forbidden(levels, [rule for rule in TRAIT_RULES if rule.reason in LACKS_OF_EVIDENCE])
    bits += np.where(forbidden(levels, CAUTIONS), model.caution, 0.0)
    # One matricule is always worth an officer's look, however unlike the rest is.
    same_ins = levels["ins"] == TERMS["ins"].index("same")
    enough = bits >= model.thresholds.link
    exponent = np.clip(model.calibration.slope * bits + model.calibration.offset, -1000, 1000)
    link = enough & ~vetoed
    contradicts = against & (bits < model.thresholds.link + model.caution)
    review = ((bits >= model.thresholds.review) & ~forbidden(levels, [NAMELESS]) | same_ins) & ~link
    probability = 1 / (1 + np.exp2(-exponent))
    return Scored(
        pairs=pairs,
        bits=look_up(bits, where),
        probability=look_up(probability, where),
        vetoed=look_up(vetoed, where),
        contradicts=look_up(contradicts, where),
        link=look_up(link, where),
        review=look_up(review, where),
    )


def _unpack(numbers: Longs) -> dict[str, Level]:
    """Return the levels of each pattern, term by term."""
    levels: dict[str, Level] = {}
    for term in reversed(list(TERMS)):
        numbers, column = np.divmod(numbers, len(TERMS[term]))
        levels[term] = column.astype(np.int8)
    return {term: levels[term] for term in TERMS}


def term_levels(
    pairs: Pairs, names: Vocabulary, frequencies: Mapping[str, FrequencyTable]
) -> dict[str, NDArray[np.int8]]:
    """Return the level of every term of the model, rarities included."""
    levels = dict(pairs.levels)
    for rarity, trait in RARITY_OF.items():
        one, other = pairs.surnames if trait == "surname" else pairs.givens
        steps = _steps(names, trait, frequencies[trait])
        first, second = steps.take(one), steps.take(other)
        is_same, is_other, is_swapped = (
            np.array([level in group for level in LEVELS[trait]]).take(pairs.levels[trait])
            for group in (SAME_NAME[trait], OTHER_NAME, ("swapped",))
        )
        rivals = (np.minimum(first, second) >= 0) & (one != other) & ~is_same
        none = is_other | (np.minimum(one, other) < 0) | (is_swapped & ~rivals)
        level = np.maximum(np.maximum(first, second), np.int8(0))
        level[np.flatnonzero(rivals)] = RARITIES.index("rivals")
        level[np.flatnonzero(none)] = RARITIES.index("none")
        levels[rarity] = level
    return levels


def _steps(names: Vocabulary, trait: str, table: FrequencyTable) -> Level:
    """Return the rarity of each name of the vocabulary, -1 for a name that the table does not hold (or none)."""
    kept = names.rarities.get(trait)
    if kept is None or kept[0] is not table:
        known = {key: RARITIES.index(table.rarity(key)) for key in table.values}
        kept = table, np.array([known.get(key, -1) for key in names.keys] + [-1], np.int8)
        names.rarities[trait] = kept
    return kept[1]


def forbidden(levels: Mapping[str, NDArray[np.int8]], rules: Iterable[Rule]) -> Flags:
    """Tell which pairs one of the rules forbids to link."""
    result = np.zeros(len(levels["surname"]), np.bool_)
    for rule in rules:
        holds = _all(rule.when, levels)
        for exception in rule.unless:
            holds &= ~_all(exception, levels)
        result |= holds
    return result


def _all(wanted: Levels, levels: Mapping[str, NDArray[np.int8]]) -> Flags:
    result = np.ones(len(levels["surname"]), np.bool_)
    for trait, allowed in wanted.items():
        table = np.array([level in allowed for level in TERMS[trait]], np.bool_)
        result &= table.take(levels[trait])
    return result
