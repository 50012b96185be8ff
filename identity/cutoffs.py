"""Thresholds and probabilities of a model, chosen on files held out of its training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaincinv

from identity.bulk.scoring import Scored
from identity.bulk.text import Flags
from identity.model import Calibration, grain

Floats = NDArray[np.float64]
_CONFIDENCE = 0.95
# Thresholds are read by people: quarters of a bit.
_STEPS = 4
# Pairs that each file counts for when probabilities are fitted.
_FILE = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """The scored pairs of a file, with the truth about them."""

    bits: Floats
    may_link: Flags
    same: Flags
    true_pairs: int
    """Pairs of one person in the file, candidates or not."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What thresholds must hold on each file: one false link in so many.

    `safety` divides the rate of false links that is aimed at, for files that nobody has seen; `review_from` is the
    probability from which officers look at a pair.
    """

    links_per_error: int
    safety: float
    review_from: float


def judge(scored: Scored, same: Flags, true_pairs: int) -> Judged:
    """Keep what thresholds are chosen on."""
    return Judged(scored.bits, ~scored.vetoed, same, true_pairs)


def interval(count: int, total: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Clopper and Pearson, Biometrika 1934)."""
    if total == 0:
        return 0.0, 1.0
    tail = (1 - _CONFIDENCE) / 2
    low = float(betaincinv(count, total - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, total - count, 1 - tail)) if count < total else 1.0
    return low, high


def calibrate(files: Sequence[Judged]) -> Calibration:
    """Fit the probability of a score by maximum likelihood (Platt 1999); each file counts as much as another."""
    parts = []
    for file in files:
        bits, where = np.unique(file.bits, return_inverse=True)
        weight = _FILE / len(file.same)
        same = np.bincount(where, weights=file.same) * weight
        other = np.bincount(where, weights=~file.same) * weight
        parts.append((bits * np.log(2), same, other))
    scores, same, other = (np.concatenate(column) for column in zip(*parts, strict=True))

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = weights[0] * scores + weights[1]
        value = float((same * np.logaddexp(0, -logits) + other * np.logaddexp(0, logits)).sum())
        slope = (same + other) / (1 + np.exp(-logits)) - same
        return value, np.array([(slope * scores).sum(), slope.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.01, None), (None, None)])
    return Calibration(round(float(found.x[0]), 4), round(float(found.x[1] / np.log(2)), 4))


def link_threshold(files: Sequence[Judged], goal: Goal) -> float | None:
    """Return the lowest score from which every file holds the rate of false links; None when a file never does."""
    found = [_lowest_link(file, goal) for file in files]
    return None if not found or None in found else max(score for score in found if score is not None)


def _lowest_link(file: Judged, goal: Goal) -> float | None:
    bits, same = file.bits[file.may_link], file.same[file.may_link]
    steps, where = np.unique(np.floor(bits * _STEPS).astype(np.int64), return_inverse=True)
    links = np.bincount(where, minlength=len(steps))[::-1].cumsum()
    wrong = np.bincount(where, weights=~same, minlength=len(steps))[::-1].cumsum()
    holds = wrong * goal.links_per_error * goal.safety <= links
    if not len(holds) or not holds.any():
        return None
    return grain(float(steps[::-1][np.flatnonzero(holds)[-1]] / _STEPS))


def review_threshold(calibration: Calibration, link: float, goal: Goal) -> float:
    """Return the score from which a pair is worth an officer's time, always under `link`."""
    odds = np.log2(goal.review_from / (1 - goal.review_from))
    score = float(np.ceil((odds - calibration.offset) / calibration.slope * _STEPS)) / _STEPS
    return grain(min(score, link - 1 / _STEPS))
