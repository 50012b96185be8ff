"""Scores and decisions for many pairs: the tables of the model and the rules of `identity.decision`, by column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.bulk.columns import Flags, Ints, Longs, integers, look_up, text_column
from identity.bulk.comparison import Pairs
from identity.bulk.names import SPACED, Vocabulary
from identity.bulk.text import unique
from identity.comparison import LEVELS
from identity.decision import (
    CAUTIONS,
    LACKS_OF_EVIDENCE,
    NAMELESS,
    OPPOSED,
    PARTING,
    SIGNS_BY_TERM,
    STRANGERS,
    TRAIT_RULES,
    Rule,
)
from identity.model import OTHER_NAME, RARITIES, RARITY_OF, SAME_NAME, TERMS, FrequencyTable, Model

_COMPANY = 0.375
"""Bits under the review threshold from which surer links outweigh a contradiction."""
Bits = NDArray[np.float64]
Level = NDArray[np.int8]
Words = NDArray[np.uint64]
_WORD = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the model and the rules make of patterns of levels, one entry for each pattern."""

    bits: Bits
    probability: Bits
    vetoed: Flags
    contradicts: Flags
    link: Flags
    review: Flags


class Weighed(NamedTuple):
    """What the model and the rules make of pairs that are not told with it."""

    verdicts: Verdicts
    where: Ints
    """The index of the pattern of each pair."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Every candidate pair with its score in bits and what the model and the rules make of it.

    Pairs come in far fewer patterns of levels than there are pairs: each pattern is weighed once, and what is asked
    of the pairs is looked up when it is asked.
    """

    pairs: Pairs
    verdicts: Verdicts
    where: Ints
    """The index of the pattern of each pair."""

    @property
    def bits(self) -> Bits:
        """Return the score of each pair."""
        return look_up(self.verdicts.bits, self.where)

    @property
    def probability(self) -> Bits:
        """Return how likely it is that each pair is one person."""
        return look_up(self.verdicts.probability, self.where)

    @property
    def vetoed(self) -> Flags:
        """Tell which pairs a rule forbids to link."""
        return look_up(self.verdicts.vetoed, self.where)

    @property
    def contradicts(self) -> Flags:
        """Tell of which pairs a rule says that they are two persons, and the score does not outweigh it."""
        return look_up(self.verdicts.contradicts, self.where)

    @property
    def link(self) -> Flags:
        """Tell which pairs are linked."""
        return look_up(self.verdicts.link, self.where)

    @property
    def review(self) -> Flags:
        """Tell which pairs an officer looks at."""
        return look_up(self.verdicts.review, self.where)

    @property
    def near(self) -> Flags:
        """Tell which pairs are linked or looked at."""
        return look_up(self.verdicts.link | self.verdicts.review, self.where)


def score(pairs: Pairs, names: Vocabulary, model: Model) -> Scored:
    """Score and decide every pair, each for itself."""
    return Scored(pairs, *weigh(pairs, names, model))


def weigh(pairs: Pairs, names: Vocabulary, model: Model) -> Weighed:
    """Return what the model and the rules make of every pair, each for itself."""
    levels = term_levels(pairs, names, model.frequencies)
    packed = np.zeros(len(pairs.left), np.int64)
    for term, values in TERMS.items():
        packed *= len(values)
        packed += levels[term]
    patterns, where = unique(packed)
    return Weighed(_judge(_unpack(patterns), model), where)


def join(pairs: Pairs, lots: Sequence[Weighed]) -> Scored:
    """Put together pairs that were weighed lot after lot; what two lots hold of one pattern stays twice."""
    verdicts = Verdicts(
        *(np.concatenate([getattr(lot.verdicts, part.name) for lot in lots]) for part in fields(Verdicts))
    )
    starts = np.cumsum([0, *(len(lot.verdicts.bits) for lot in lots)])
    where = [lot.where + np.int32(start) for lot, start in zip(lots, starts, strict=False)]
    return Scored(pairs, verdicts, np.concatenate(where))


def _judge(levels: Mapping[str, Level], model: Model) -> Verdicts:
    """Score and decide patterns of levels."""
    bits = np.full(len(levels["surname"]), model.prior)
    for trait, column in levels.items():
        bits += np.array([model.levels[trait][level] for level in TERMS[trait]]).take(column)
    for pair in model.interactions:
        width = len(TERMS[pair.second])
        table = np.zeros(len(TERMS[pair.first]) * width)
        for (first, second), worth in pair.bits.items():
            table[TERMS[pair.first].index(first) * width + TERMS[pair.second].index(second)] = worth
        bits += table.take(levels[pair.first].astype(np.int32) * width + levels[pair.second])
    signs = signs_of(levels)
    against = forbidden(signs, [rule for rule in TRAIT_RULES if rule.reason not in LACKS_OF_EVIDENCE])
    vetoed = against | forbidden(signs, [rule for rule in TRAIT_RULES if rule.reason in LACKS_OF_EVIDENCE])
    bits += np.where(forbidden(signs, OPPOSED), 0.0, model.unopposed)
    bits += np.where(forbidden(signs, CAUTIONS), model.caution, 0.0)
    # One matricule is always worth an officer's look, however unlike the rest is.
    same_ins = levels["ins"] == TERMS["ins"].index("same")
    enough = bits >= model.thresholds.link
    exponent = np.clip(model.calibration.slope * bits + model.calibration.offset, -1000, 1000)
    link = enough & ~vetoed
    # In company, nearly enough to be shown to an officer by the score alone is no contradiction: of 1,800 links that
    # five files gained so (1.4 million records), none was wrong; a bit lower, some were.
    outweighed = bits >= model.thresholds.review - _COMPANY
    strangers = forbidden(signs, STRANGERS)
    contradicts = against & (~outweighed | strangers | forbidden(signs, PARTING))
    review = ((bits >= model.thresholds.review) & ~forbidden(signs, [NAMELESS]) & ~strangers | same_ins) & ~link
    # In extended precision: NumPy's own powers of two differ in their last bit from one processor to another.
    odds_against = np.exp2(-exponent.astype(np.longdouble)).astype(np.float64)
    return Verdicts(bits, 1 / (1 + odds_against), vetoed, contradicts, link, review)


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
        listed, ranks = _ranks(names, trait, frequencies[trait])
        first, second = ranks.take(one), ranks.take(other)
        is_same, is_other, is_swapped = (
            np.array([level in group for level in LEVELS[trait]]).take(pairs.levels[trait])
            for group in (SAME_NAME[trait], OTHER_NAME, ("swapped",))
        )
        rivals = listed.take(one) & listed.take(other) & (one != other) & ~is_same
        none = is_other | (np.minimum(one, other) < 0) | (is_swapped & ~rivals)
        level = np.maximum(first, second)
        level[np.flatnonzero(rivals)] = RARITIES.index("rivals")
        level[np.flatnonzero(none)] = RARITIES.index("none")
        levels[rarity] = level
    return levels


def _ranks(names: Vocabulary, trait: str, table: FrequencyTable) -> tuple[Flags, Level]:
    """Return which names of the vocabulary the table holds, and how far from rare each is; then what none is."""
    kept = names.rarities.get(trait)
    if kept is None or kept[0] is not table:
        known = table.ranks
        values, ranks = text_column(list(known)), np.array([*known.values(), 0], np.int8)
        own, core = (integers(pc.index_in(texts, value_set=values)) for texts in (names.written, names.forms))
        several = names.spelling.kinds & SPACED > 0
        rank = np.maximum(ranks[own], ranks[core[names.core_ids]] * several)
        kept = names.rarities[trait] = table, np.append(own >= 0, False), np.append(rank, np.int8(0))
    return kept[1:]


class Signs(NamedTuple):
    """One bit for the level of each term, as `identity.decision.signs_of` gives it for one pair, in two words."""

    low: Words
    high: Words

    def show(self, wanted: int) -> Flags:
        """Tell which patterns show one of these signs."""
        low, high = wanted & _WORD, wanted >> _WORD.bit_length()
        found = self.low & np.uint64(low)
        return np.asarray(found | (self.high & np.uint64(high)) if high else found, np.bool_)


def signs_of(levels: Mapping[str, Level]) -> Signs:
    """Return the signs of patterns of levels."""
    low, high = (np.zeros(len(levels["surname"]), np.uint64) for _ in range(2))
    for term, of_level in zip(TERMS, SIGNS_BY_TERM, strict=True):
        for word, shift in ((low, 0), (high, _WORD.bit_length())):
            table = np.array([bits >> shift & _WORD for bits in of_level.values()], np.uint64)
            if table.any():
                word |= table.take(levels[term])
    return Signs(low, high)


def forbidden(signs: Signs, rules: Iterable[Rule]) -> Flags:
    """Tell which patterns one of the rules holds for."""
    result = np.zeros(len(signs.low), np.bool_)
    for rule in rules:
        holds = ~signs.show(rule.against)
        for exception in rule.exceptions:
            holds &= signs.show(exception)
        result |= holds
    return result
