"""Adapt a model to a region whose truth nobody knows: expectation-maximisation over patterns of levels.

Dempster, Laird and Rubin, JRSS B 1977, on the mixture of Fellegi and Sunter (JASA 1969). The former model says what
it was learned on (`identity.population`); the region's pairs, each for the part that the present weights call true,
are raked (Deming and Stephan 1940) until their levels come as often as there, and what the raking had to undo is what
the weights must learn. Raking looks at all traits together: a telephone that lacks is not counted again in what it
would have confirmed. What labels have taught of traits taken together stays.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identity.model import TERMS, Model
from identity.population import Population, seen_in
from identity.training import INTERACTIONS, Patterns, Weights, in_order, neutral

Floats = NDArray[np.float64]

MOST_ROUNDS = 20
_SWEEPS = 15
# Half a step, one bit at most: a model learned with labels is never thrown away for a region that has none.
_STEP, _FARTHEST = 0.5, 1.0
_ENOUGH = 0.02
# Pairs that the share of true ones, and the shares of a level, count for beforehand.
_PRIOR_PAIRS, _LEVEL_PAIRS = 2000.0, 100.0


@dataclass(frozen=True, slots=True)
class Adapted:
    """Weights for the region and what they were learned on; `matches` is how many true pairs are expected."""

    weights: Weights
    population: Population
    matches: float
    rounds: int


def adapt(
    base: Model,
    population: Population,
    region: Patterns,
    known: Patterns | None = None,
    report: Callable[[], object] = lambda: None,
) -> Adapted:
    """Adapt a model to the pairs of a region; their labels are not looked at, those of `known` (officers') are."""
    parts = [region] if known is None else [region, known]
    levels = np.concatenate([part.levels for part in parts])
    pairs = np.concatenate([part.same + part.other if part is region else 0 * part.same for part in parts])
    same, other = (
        np.concatenate([0 * part.same if part is region else getattr(part, kind) for part in parts])
        for kind in ("same", "other")
    )
    columns = [levels[:, index] for index in range(len(TERMS))]
    tilts = [np.zeros(len(names)) for names in TERMS.values()]
    start = bits_of(base, levels)
    share, rounds = population.same, 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        bits = start + _log_odds(share) - _log_odds(population.same)
        for column, tilt in zip(columns, tilts, strict=True):
            bits = bits + tilt[column]
        likely = probability(bits)
        true, false = pairs * likely + same, pairs * (1 - likely) + other
        share = float((true.sum() + _PRIOR_PAIRS * population.same) / (true.sum() + false.sum() + _PRIOR_PAIRS))
        moved = [
            np.clip(_STEP * (of_true - of_false), -_FARTHEST, _FARTHEST)
            for of_true, of_false in zip(
                _raked(columns, true, [population.levels[trait][0] for trait in TERMS]),
                _raked(columns, false, [population.levels[trait][1] for trait in TERMS]),
                strict=True,
            )
        ]
        farthest = max(float(np.abs(new - old).max()) for new, old in zip(moved, tilts, strict=True))
        tilts = moved
        report()
        if farthest < _ENOUGH:
            break
    prior = base.prior + _log_odds(share) - _log_odds(population.same)
    found = seen_in(Patterns(levels, true, false))
    return Adapted(_tilted(base, prior, tilts), found, float(true.sum()), rounds)


def _log_odds(share: float) -> float:
    return float(np.log2(share / (1 - share)))


def probability(bits: Floats) -> Floats:
    """Return the share of odds in bits."""
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -1000, 1000))), np.float64)


def bits_of(model: Model, levels: NDArray[np.int8]) -> Floats:
    """Return the score of each pattern of levels, rules aside."""
    by_trait = dict(zip(TERMS, levels.T, strict=True))
    bits = np.full(len(levels), model.prior)
    for trait, column in by_trait.items():
        bits += np.array([model.levels[trait][level] for level in TERMS[trait]])[column]
    for pair, table in _tables(model).items():
        bits += table[by_trait[pair[0]], by_trait[pair[1]]]
    return bits


def _tables(model: Model) -> dict[tuple[str, str], Floats]:
    tables = {pair: np.zeros((len(TERMS[pair[0]]), len(TERMS[pair[1]]))) for pair in INTERACTIONS}
    for pair in model.interactions:
        names = (pair.first, pair.second)
        table = tables.setdefault(names, np.zeros((len(TERMS[pair.first]), len(TERMS[pair.second]))))
        for (first, second), worth in pair.bits.items():
            table[TERMS[pair.first].index(first), TERMS[pair.second].index(second)] = worth
    return tables


def _raked(columns: list[NDArray[np.int8]], weights: Floats, wanted: list[Floats]) -> list[Floats]:
    """Return, in bits, how much oftener each level comes here than in the former population, other traits equal."""
    excess = [np.zeros(len(shares)) for shares in wanted]
    weights = weights.copy()
    targets = [
        _shrunk(np.bincount(column, weights=weights, minlength=len(shares)), shares)
        for column, shares in zip(columns, wanted, strict=True)
    ]
    for _ in range(_SWEEPS):
        farthest = 0.0
        for column, target, bits in zip(columns, targets, excess, strict=True):
            present = np.bincount(column, weights=weights, minlength=len(target))
            factor = np.clip((target + 1e-9) / (present / max(present.sum(), 1e-9) + 1e-9), 1 / 16, 16)
            bits -= np.log2(factor)
            weights *= factor[column]
            farthest = max(farthest, float(np.abs(np.log2(factor)).max()))
        if farthest < _ENOUGH / 2:
            break
    return excess


def _shrunk(counts: NDArray[np.number], shares: Floats) -> Floats:
    """Move the shares wanted towards those seen where few pairs are: there is little to learn from them."""
    trusted = counts / (counts + _LEVEL_PAIRS)
    seen = counts / max(float(counts.sum()), 1e-9)
    target = np.exp2(trusted * np.log2(shares) + (1 - trusted) * np.log2(seen + 1e-9))
    return np.asarray(target / target.sum(), np.float64)


def _tilted(base: Model, prior: float, tilts: list[Floats]) -> Weights:
    """Add what was learned to the weights; what is missing goes on weighing nothing."""
    mains = {}
    for (trait, names), tilt in zip(TERMS.items(), tilts, strict=True):
        zero = tilt[names.index(neutral(trait) or names[-1])]
        prior += float(zero)
        mains[trait] = np.array([base.levels[trait][level] for level in names]) + tilt - zero
    return in_order(prior, mains, _tables(base))
