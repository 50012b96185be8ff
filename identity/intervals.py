"""How sure a rate measured on a sample is: exact interval, agreement of two readers, pairs needed.

Clopper and Pearson (1934): the exact interval, which covers the true rate at least as often as it says. Cohen (1960):
agreement beyond chance.
"""

from dataclasses import dataclass
from math import ceil, log

from scipy.special import betaincinv

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate found on a sample, with the bounds between which the true one lies at the level of confidence."""

    hits: int
    size: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """Return the rate found; None on an empty sample."""
        return self.hits / self.size if self.size else None


def rate(hits: int, size: int, level: float = LEVEL) -> Rate:
    """Return the rate of `hits` among `size` with its exact two-sided interval; an empty sample says nothing."""
    if not 0 <= hits <= size:
        raise ValueError("hits lie between 0 and the size of the sample")
    if not 0 < level < 1:
        raise ValueError("a level of confidence lies between 0 and 1")
    tail = (1 - level) / 2
    low = float(betaincinv(hits, size - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, size - hits, 1 - tail)) if hits < size else 1.0
    return Rate(hits, size, low, high)


def pairs_needed(one_in: int, level: float = LEVEL) -> int:
    """Return how many pairs without a single error show that the rate is under one in `one_in`.

    The rule of three says about three times `one_in` at 95 %; this is the exact number.
    """
    if one_in < 2:
        raise ValueError("a rate of one in two at most")
    if not 0 < level < 1:
        raise ValueError("a level of confidence lies between 0 and 1")
    return ceil(log(1 - level) / log(1 - 1 / one_in))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two readers said the same of the same pairs: the first's word comes first in each name."""

    same_same: int
    same_different: int
    different_same: int
    different_different: int

    @property
    def size(self) -> int:
        """Return how many pairs both answered."""
        return self.same_same + self.same_different + self.different_same + self.different_different

    @property
    def rate(self) -> Rate:
        """Return the share of pairs on which they agree."""
        return rate(self.same_same + self.different_different, self.size)

    @property
    def kappa(self) -> float | None:
        """Return Cohen's kappa: 1 full agreement, 0 what chance gives; None when chance alone explains everything."""
        if not self.size:
            return None
        first = (self.same_same + self.same_different) / self.size
        second = (self.same_same + self.different_same) / self.size
        by_chance = first * second + (1 - first) * (1 - second)
        found = (self.same_same + self.different_different) / self.size
        return (found - by_chance) / (1 - by_chance) if by_chance < 1 else None
