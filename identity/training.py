"""Learn a linkage model from pairs whose truth is known: a logistic additive model with a few interactions.

Hastie and Tibshirani's additive models over levels, with the pairwise interactions of Lou et al. (KDD 2013). Pairs
enter as counts by pattern of levels, so that a region of any size is learned in seconds. What labels of one region
cannot teach is held by hand: the order of levels (more agreement never weighs less), and floors under traits that
honest people change (an address, a telephone).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from identity.agreement import CHAINS, neighbours
from identity.bulk.records import Records
from identity.model import TERMS, FrequencyTable, Interaction, grain

Floats = NDArray[np.float64]
Names = Mapping[str, Mapping[str, int]]
"""How many people bear each name, by trait (`surname`, `given`)."""

INTERACTIONS: tuple[tuple[str, str], ...] = (
    ("given", "birth_date"),
    ("given", "surname"),
    ("given", "sex"),
    ("given", "other_given"),
    ("given", "ins"),
    ("given", "email"),
    ("given", "age"),
    ("given", "phone"),
    ("given", "address"),
    ("age", "phone"),
    ("age", "address"),
    ("age", "email"),
    ("age", "ins"),
    ("birth_date", "corroboration"),
    ("given", "corroboration"),
    ("surname", "birth_date"),
    ("birth_date", "birth_place"),
    ("birth_date", "address"),
    ("surname", "address"),
    ("phone", "address"),
    ("email", "phone"),
    ("email", "address"),
)
"""Traits weighed together: twins, siblings, father and son of one name, households that share contacts."""

_NEUTRAL = {"domain": "different", "corroboration": "some"}
_CEILINGS: Mapping[str, float] = MappingProxyType({"surname_rarity": 0.5, "given_rarity": 0.5})
_FLOORS: Mapping[str, float] = MappingProxyType(
    {"address": -1.0, "phone": -1.0, "email": -1.5, "birth_place": -5.0, "domain": -1.5}
)
_MAIN_PENALTY, _PAIR_PENALTY, _ORDER_PENALTY = 0.5, 16.0, 300.0
MOST_ROUNDS = 400
"""Rounds of the fit of the weights."""
STEPS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"surname": (2**-14, 2**-12, 2**-10), "given": (2**-12, 2**-10, 2**-8)}
)
"""From which share of the population a name is uncommon, usual, common."""
# In a small file, the few records that bear a name may be one person's.
_FEWEST = 5
# People that the names of a former model stand for when a region's own are counted.
_BEFORE = 50_000


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned, in bits of the grain."""

    prior: float
    levels: Mapping[str, Mapping[str, float]]
    interactions: tuple[Interaction, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct patterns of levels (one column per term, in the order of `TERMS`) with how many pairs of each kind."""

    levels: NDArray[np.int8]
    same: Floats
    other: Floats


def patterns(levels: Mapping[str, NDArray[np.int8]], same: NDArray[np.bool_], weight: float = 1.0) -> Patterns:
    """Count pairs by pattern."""
    table = np.column_stack([levels[trait] for trait in TERMS])
    code = np.zeros(len(table), np.int64)
    for column, names in enumerate(TERMS.values()):
        code = code * len(names) + table[:, column]
    _, first, where = np.unique(code, return_index=True, return_inverse=True)
    return Patterns(
        levels=table[first],
        same=np.asarray(np.bincount(where, weights=same * weight), np.float64),
        other=np.asarray(np.bincount(where, weights=~same * weight), np.float64),
    )


def together(parts: Sequence[Patterns]) -> Patterns:
    """Put the patterns of several files in one table."""
    return Patterns(
        np.concatenate([part.levels for part in parts]),
        np.concatenate([part.same for part in parts]),
        np.concatenate([part.other for part in parts]),
    )


class _Layout:
    """Where each weight stands in the vector that is optimised."""

    def __init__(self) -> None:
        self.traits = list(TERMS)
        self.main: dict[str, int] = {}
        self.pair: dict[tuple[str, str], int] = {}
        size = 1
        for trait in self.traits:
            self.main[trait] = size
            size += len(TERMS[trait])
        self.mains = size
        for first, second in INTERACTIONS:
            self.pair[first, second] = size
            size += len(TERMS[first]) * len(TERMS[second])
        self.empty = size
        self.size = size + 1

    def rows(self, levels: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return the positions of the weights that each pattern sums."""
        column = {trait: levels[:, index].astype(np.int32) for index, trait in enumerate(self.traits)}
        parts = [np.zeros(len(levels), np.int32)]
        parts += [start + column[trait] for trait, start in self.main.items()]
        parts += [
            start + column[first] * len(TERMS[second]) + column[second]
            for (first, second), start in self.pair.items()
        ]
        return np.stack(parts, axis=1)

    def orders(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the sums of weights that may not be under one another: by trait, and with each other trait."""
        better, worse = [], []
        for trait, chains in CHAINS.items():
            tables = [(names, start) for names, start in self.pair.items() if trait in names]
            for one, two in _neighbours(trait, chains):
                up, down = self.main[trait] + one, self.main[trait] + two
                # One step of the trait's own weight pays for its share of steps back in each table.
                better.append([up, self.empty])
                worse.append([down, self.empty])
                for (first, second), start in tables:
                    width, cells = len(TERMS[second]), len(TERMS[second if first == trait else first])
                    for cell in range(cells):
                        row = (one * width + cell, two * width + cell)
                        column = (cell * width + one, cell * width + two)
                        high, low = row if first == trait else column
                        better.append([up, start + high])
                        worse.append([down, start + low])
        return np.array(better, np.int32), np.array(worse, np.int32)

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Return the least that each weight may be, in natural units."""
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * self.size
        bounds[self.empty] = (0.0, 0.0)
        for trait, floor in _FLOORS.items():
            for level in range(len(TERMS[trait])):
                bounds[self.main[trait] + level] = (floor * float(np.log(2)), None)
        for trait, ceiling in _CEILINGS.items():
            for level in range(len(TERMS[trait])):
                bounds[self.main[trait] + level] = (None, ceiling * float(np.log(2)))
        return bounds

    def fixed(self) -> NDArray[np.bool_]:
        """Tell which weights stay at zero: what is missing proves nothing, alone or together."""
        fixed = np.zeros(self.size, np.bool_)
        for trait, start in self.main.items():
            if neutral(trait) is not None:
                fixed[start + TERMS[trait].index(neutral(trait) or "")] = True
        for (first, second), start in self.pair.items():
            width = len(TERMS[second])
            for one, level in enumerate(TERMS[first]):
                for two, other in enumerate(TERMS[second]):
                    fixed[start + one * width + two] = "missing" in (level, other)
        return fixed


def neutral(trait: str) -> str | None:
    """Return the level of a trait that weighs nothing."""
    if trait in _NEUTRAL:
        return _NEUTRAL[trait]
    return next((level for level in ("missing", "none") if level in TERMS[trait]), None)


def count_names(records: Records) -> Names:
    """Count the bearers of each family name and of each first given name of a file."""
    counts = {}
    for trait, bearers in (("surname", records.birth), ("given", records.head)):
        found = np.bincount(bearers[bearers >= 0], minlength=len(records.names.keys))
        counts[trait] = {records.names.keys[name]: int(found[name]) for name in np.flatnonzero(found).tolist()}
    return MappingProxyType(counts)


def frequencies(
    files: Sequence[Names], before: Mapping[str, FrequencyTable] | None = None, usual: Iterable[str] = ()
) -> Mapping[str, FrequencyTable]:
    """Return the share of each name that is not rare: the mean over files, a region weighing as much as another.

    What was known `before` counts as if so many people more had been seen. Family names of `usual` are listed however
    few bear them: two of them are two names, and no slip.
    """
    tables = {}
    for trait, steps in STEPS.items():
        shares: defaultdict[str, float] = defaultdict(float)
        for file in files:
            people = sum(file[trait].values())
            for name, count in file[trait].items():
                shares[name] += count / people / len(files) if count >= _FEWEST else 0
        if before:
            people = sum(sum(file[trait].values()) for file in files)
            known = before[trait].values
            for name in shares.keys() | known.keys():
                shares[name] = (people * shares[name] + _BEFORE * known.get(name, 0.0)) / (people + _BEFORE)
        if trait == "surname":
            for name in usual:
                shares[name] = max(shares[name], steps[0])
        kept = sorted((name for name, share in shares.items() if share >= steps[0]), key=lambda n: (-shares[n], n))
        tables[trait] = FrequencyTable(MappingProxyType({name: round(shares[name], 7) for name in kept}), steps)
    return MappingProxyType(tables)


def learn(data: Patterns, report: Callable[[], object] = lambda: None) -> Weights:
    """Fit the weights by penalised maximum likelihood, then put levels in their order and round to the grain.

    `report` is called after each of `MOST_ROUNDS` rounds at most.
    """
    layout = _Layout()
    rows, fixed = layout.rows(data.levels), layout.fixed()
    penalty = np.full(layout.size, _MAIN_PENALTY)
    penalty[layout.mains :] = _PAIR_PENALTY
    penalty[0] = 0
    width = rows.shape[1]
    better, worse = layout.orders()

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = weights[rows].sum(axis=1)
        value = (data.same * np.logaddexp(0, -logits) + data.other * np.logaddexp(0, logits)).sum()
        value += 0.5 * (penalty * weights * weights).sum()
        slope = (data.same + data.other) / (1 + np.exp(-logits)) - data.same
        summed = np.bincount(rows.ravel(), weights=np.repeat(slope, width), minlength=layout.size)
        gradient = np.asarray(summed + penalty * weights, np.float64)
        # Levels out of order cost dearly, so that the other weights make up for them.
        lack = np.maximum(0, weights[worse].sum(axis=1) - weights[better].sum(axis=1))
        value += _ORDER_PENALTY * (lack * lack).sum()
        push = np.repeat(2 * _ORDER_PENALTY * lack, better.shape[1])
        gradient += np.bincount(worse.ravel(), weights=push, minlength=layout.size)
        gradient -= np.bincount(better.ravel(), weights=push, minlength=layout.size)
        gradient[fixed] = 0
        return float(value), gradient

    found = minimize(
        loss,
        np.zeros(layout.size),
        jac=True,
        method="L-BFGS-B",
        bounds=layout.bounds(),
        callback=lambda _: report(),
        options={"maxiter": MOST_ROUNDS},
    )
    return _weights(layout, np.asarray(found.x, np.float64) / np.log(2))


def _weights(layout: _Layout, bits: Floats) -> Weights:
    pairs = {
        names: bits[start : start + len(TERMS[names[0]]) * len(TERMS[names[1]])].reshape(
            len(TERMS[names[0]]), len(TERMS[names[1]])
        )
        for names, start in layout.pair.items()
    }
    mains = {trait: bits[start : start + len(TERMS[trait])].copy() for trait, start in layout.main.items()}
    return in_order(float(bits[0]), mains, pairs)


def in_order(prior: float, mains: dict[str, Floats], pairs: dict[tuple[str, str], Floats]) -> Weights:
    """Keep the weights within their floors, in the order of their levels, and round them to the grain."""
    for trait, floor in _FLOORS.items():
        mains[trait] = np.maximum(mains[trait], floor)
    for trait, ceiling in _CEILINGS.items():
        mains[trait] = np.minimum(mains[trait], ceiling)
    _put_in_order(mains, pairs)
    levels = {
        trait: MappingProxyType(dict(zip(TERMS[trait], (grain(float(bit)) for bit in values), strict=True)))
        for trait, values in mains.items()
    }
    interactions = tuple(
        Interaction(
            first,
            second,
            MappingProxyType(
                {
                    (TERMS[first][one], TERMS[second][two]): grain(float(table[one, two]))
                    for one, two in np.argwhere(np.abs(table) >= 1 / 128).tolist()
                    if grain(float(table[one, two]))
                }
            ),
        )
        for (first, second), table in pairs.items()
    )
    return Weights(grain(prior), MappingProxyType(levels), interactions)


_SLACK = 2 / 64


def _put_in_order(mains: dict[str, Floats], pairs: dict[tuple[str, str], Floats]) -> None:
    """Make more agreement never weigh less, whatever the other traits say.

    Between two neighbours of a chain, each interaction may take back only its share of what the traits' own weights
    give; what exceeds is moved half and half. Rounding to the grain must not undo it: hence the slack.
    """
    for trait, chains in CHAINS.items():
        _order_main(mains[trait], trait, chains)
    for _ in range(200):
        worst = 0.0
        for trait, chains in CHAINS.items():
            tables = [
                table if first == trait else table.T
                for (first, second), table in pairs.items()
                if trait in (first, second)
            ]
            for better, worse in _neighbours(trait, chains):
                step = mains[trait][better] - mains[trait][worse]
                for table in tables:
                    lack = np.maximum(0, _SLACK - (table[better] - table[worse]) - step / len(tables))
                    worst = max(worst, float(lack.max(initial=0)))
                    table[better] += lack / 2
                    table[worse] -= lack / 2
        if worst < 1 / 256:
            break


def _neighbours(trait: str, chains: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    index = TERMS[trait].index
    return [(index(better), index(worse)) for better, worse in neighbours(chains)]


def _order_main(values: Floats, trait: str, chains: Sequence[Sequence[str]]) -> None:
    unmoved = TERMS[trait].index(neutral(trait) or TERMS[trait][-1])
    for _ in range(200):
        moved = False
        for better, worse in _neighbours(trait, chains):
            if values[better] < values[worse]:
                between = values[unmoved] if unmoved in (better, worse) else (values[better] + values[worse]) / 2
                values[better] = values[worse] = between
                moved = True
        if not moved:
            return
