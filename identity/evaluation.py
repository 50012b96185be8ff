"""How good a model is on a file whose truth is known: figures only, never a value of a trait.

Christen, Data Matching, 2012 (precision and recall over pairs); Clopper and Pearson, Biometrika 1934 (intervals).
Errors are told by cause (the truth's own labels) and by pattern of levels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from identity.bulk.clusters import Persons
from identity.bulk.comparison import Pairs
from identity.bulk.scoring import Bits, Scored
from identity.bulk.text import Flags, Ints, Longs
from identity.comparison import LEVELS
from identity.cutoffs import interval
from identity.decision import signs_of, traits_obstacle
from identity.model import TERMS
from identity.training import patterns

PRECISIONS = (0.999, 0.9999)
"""Precisions at which recall is told."""
NO_CAUSE = ""
"""The cause of pairs whose two records have no label."""
_BINS = (0.0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0)
_TELLING = ("surname", "given", "other_given", "birth_date", "sex", "birth_place", "ins", "address", "phone", "email")
_MOST_PATTERNS = 12
_LOW_SCORE = "low-score"


@dataclass(frozen=True, slots=True)
class Truth:
    """Who is whom: the person of each record as a number, and which records bear each label of the truth."""

    person: Ints
    cases: Mapping[str, Flags]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with its 95 % confidence interval."""

    count: int
    total: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """What calling every pair of this score or more one person would give."""

    threshold: float
    pairs: int
    wrong: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs of like probability: what the model says, and how often it is true."""

    low: float
    high: float
    predicted: float
    observed: Share


@dataclass(frozen=True, slots=True)
class Shipped:
    """What the model's own thresholds, the rules and the company of other records decide."""

    wrong: Share
    recall: float
    with_review: float
    reviews: int
    reviews_of_one_person: int
    reviews_per_100: float
    """Reviews for 100 true pairs."""
    reviews_per_1000: float
    """Reviews for 1,000 records."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Persons made along the links: mixed ones hold several people, split people are in several persons."""

    persons: int
    mixed: int
    mixed_per_100000: float
    split: int
    recall: float


@dataclass(frozen=True, slots=True)
class Cause:
    """What became of the pairs of which a record bears a label."""

    label: str
    true_pairs: int
    unblocked: int
    apart: int
    """True pairs neither linked nor shown to an officer, those that share no key included."""
    review: int
    """True pairs left to an officer."""
    wrong: int
    """False links."""


@dataclass(frozen=True, slots=True)
class ErrorPattern:
    """A pattern of levels and how many pairs of it were decided wrongly; what is missing is left out."""

    levels: tuple[tuple[str, str], ...]
    pairs: int


@dataclass(frozen=True, slots=True)
class ReviewReason:
    """Why pairs go to officers: a rule's code and text, and how many turn out to be one person."""

    code: str
    text: str
    pairs: int
    same: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is told of a model on one file."""

    records: int
    people: int
    true_pairs: int
    candidates: int
    blocking_recall: float
    best: Point
    best_f1: float
    at_precision: Mapping[float, Point | None]
    points: tuple[Point, ...]
    bins: tuple[Bin, ...]
    shipped: Shipped
    grouped: Grouped
    causes: tuple[Cause, ...]
    wrong_patterns: tuple[ErrorPattern, ...]
    apart_patterns: tuple[ErrorPattern, ...]
    review_reasons: tuple[ReviewReason, ...]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What became of each candidate pair."""

    right: Flags
    """Linked, of one person."""
    wrong: Flags
    """Linked, of two persons."""
    review: Flags
    apart: Flags
    """Of one person, and neither linked nor shown."""


def evaluate(scored: Scored, persons: Persons, levels: Mapping[str, NDArray[np.int8]], truth: Truth) -> Figures:
    """Compare what was decided with the truth; `levels` are those of every term (`bulk.scoring.term_levels`)."""
    pairs = scored.pairs
    same = truth.person[pairs.left] == truth.person[pairs.right]
    every = true_pairs(truth.person)
    curve = _curve(scored.bits, same, len(every[0]))
    f1, best = _best(curve)
    link, review = persons.decide(scored)
    decided = _Decided(link & same, link & ~same, review, same & ~link & ~review)
    return Figures(
        records=len(truth.person),
        people=len(np.unique(truth.person)),
        true_pairs=len(every[0]),
        candidates=len(pairs.left),
        blocking_recall=_ratio(int(same.sum()), len(every[0])),
        best=best,
        best_f1=f1,
        at_precision={wanted: _at_precision(curve, wanted) for wanted in PRECISIONS},
        points=tuple(_every_half_bit(curve)),
        bins=tuple(_bins(scored.probability, same)),
        shipped=_shipped(decided, same, len(every[0]), len(truth.person)),
        grouped=_grouped(persons.person, truth.person, len(every[0])),
        causes=tuple(_causes(pairs, decided, same, every, truth)),
        wrong_patterns=_error_patterns(levels, decided.wrong),
        apart_patterns=_error_patterns(levels, decided.apart),
        review_reasons=_review_reasons(review, levels, same),
    )


def true_pairs(person: Ints) -> tuple[Longs, Longs]:
    """Return every pair of records of one person, the lower record first."""
    order = np.argsort(person, kind="stable")
    ordered = person[order]
    left, right = [], []
    position = np.arange(max(0, len(person) - 1))
    distance = 1
    while len(position):
        position = position[position + distance < len(person)]
        position = position[ordered[position] == ordered[position + distance]]
        left.append(order[position])
        right.append(order[position + distance])
        distance += 1
    if not left:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(left), np.concatenate(right)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def share(count: int, total: int) -> Share:
    """Return a share with its confidence interval."""
    return Share(count, total, *interval(count, total))


@dataclass(frozen=True, slots=True)
class _Curve:
    """Every distinct score, the highest first, with how many pairs and wrong ones have it or more."""

    scores: Bits
    pairs: Longs
    wrong: Longs
    true_pairs: int

    def point(self, index: int, threshold: float | None = None) -> Point:
        pairs, wrong = int(self.pairs[index]), int(self.wrong[index])
        score = float(self.scores[index]) if threshold is None else threshold
        return Point(score, pairs, wrong, _ratio(pairs - wrong, pairs), _ratio(pairs - wrong, self.true_pairs))


def _curve(bits: Bits, same: Flags, true_count: int) -> _Curve:
    scores, where = np.unique(-bits, return_inverse=True)
    pairs = np.bincount(where, minlength=len(scores)).cumsum()
    wrong = np.bincount(where, weights=~same, minlength=len(scores)).cumsum().astype(np.int64)
    return _Curve(-scores, pairs, wrong, true_count)


def _best(curve: _Curve) -> tuple[float, Point]:
    if not len(curve.scores):
        return 0.0, Point(0.0, 0, 0, 0.0, 0.0)
    right = curve.pairs - curve.wrong
    f1 = 2 * right / np.maximum(curve.pairs + curve.true_pairs, 1)
    index = int(f1.argmax())
    return float(f1[index]), curve.point(index)


def _at_precision(curve: _Curve, wanted: float) -> Point | None:
    holds = np.flatnonzero(curve.pairs - curve.wrong >= wanted * curve.pairs)
    return curve.point(int(holds[-1])) if len(holds) else None


def _every_half_bit(curve: _Curve) -> Iterator[Point]:
    if not len(curve.scores):
        return
    first = min(30.0, float(np.ceil(curve.scores[0])))
    for threshold in np.arange(first, -10.25, -0.5).tolist():
        index = int(np.searchsorted(-curve.scores, -threshold, side="right")) - 1
        if index >= 0:
            yield curve.point(index, threshold)


def _bins(probability: Bits, same: Flags) -> Iterator[Bin]:
    where = np.clip(np.digitize(probability, _BINS) - 1, 0, len(_BINS) - 2)
    for index, (low, high) in enumerate(pairwise(_BINS)):
        inside = where == index
        count = int(inside.sum())
        if count:
            yield Bin(low, high, float(probability[inside].mean()), share(int(same[inside].sum()), count))


def _shipped(decided: _Decided, same: Flags, true_count: int, records: int) -> Shipped:
    linked, wrong, reviews = (int(flags.sum()) for flags in (decided.right, decided.wrong, decided.review))
    shown = int((decided.review & same).sum())
    return Shipped(
        wrong=share(wrong, linked + wrong),
        recall=_ratio(linked, true_count),
        with_review=_ratio(linked + shown, true_count),
        reviews=reviews,
        reviews_of_one_person=shown,
        reviews_per_100=100 * _ratio(reviews, true_count),
        reviews_per_1000=1000 * _ratio(reviews, records),
    )


def _grouped(person: Ints, truth: Ints, true_count: int) -> Grouped:
    both = person.astype(np.int64) * (int(truth.max(initial=0)) + 1) + truth
    cells, sizes = np.unique(both, return_counts=True)
    _, people_in = np.unique(cells // (int(truth.max(initial=0)) + 1), return_counts=True)
    _, persons_of = np.unique(cells % (int(truth.max(initial=0)) + 1), return_counts=True)
    sizes = sizes.astype(np.int64)
    together = int((sizes * (sizes - 1) // 2).sum())
    mixed = int((people_in > 1).sum())
    return Grouped(
        persons=len(people_in),
        mixed=mixed,
        mixed_per_100000=100_000 * _ratio(mixed, len(people_in)),
        split=int((persons_of > 1).sum()),
        recall=_ratio(together, true_count),
    )


def _causes(
    pairs: Pairs, decided: _Decided, same: Flags, every: tuple[Longs, Longs], truth: Truth
) -> Iterator[Cause]:
    """Yield what became of the pairs with each label; labels with more errors than their part come first."""
    wrong, apart, review = decided.wrong, decided.apart, decided.review & same
    none = np.ones(len(truth.person), np.bool_)
    for bears in truth.cases.values():
        none &= ~bears
    found = []
    for label, bears in [*truth.cases.items(), (NO_CAUSE, none)]:
        join = np.logical_and if label == NO_CAUSE else np.logical_or
        among = join(bears[pairs.left], bears[pairs.right])
        total = int(join(bears[every[0]], bears[every[1]]).sum())
        unblocked = total - int((among & same).sum())
        found.append(
            Cause(
                label=label,
                true_pairs=total,
                unblocked=unblocked,
                apart=unblocked + int((among & apart).sum()),
                review=int((among & review).sum()),
                wrong=int((among & wrong).sum()),
            )
        )
    errors = int(wrong.sum()) + len(every[0]) - int((same & ~apart).sum())
    usual = _ratio(errors, len(every[0]))
    yield from sorted(found, key=lambda cause: (usual * cause.true_pairs - cause.wrong - cause.apart, cause.label))


def _error_patterns(levels: Mapping[str, NDArray[np.int8]], errors: Flags) -> tuple[ErrorPattern, ...]:
    table = np.column_stack([levels[trait][errors] for trait in _TELLING])
    if not len(table):
        return ()
    found, counts = np.unique(table, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_PATTERNS]
    return tuple(ErrorPattern(_named(found[index]), int(counts[index])) for index in order.tolist())


def _named(row: NDArray[np.int8]) -> tuple[tuple[str, str], ...]:
    levels = ((trait, LEVELS[trait][level]) for trait, level in zip(_TELLING, row.tolist(), strict=True))
    return tuple((trait, level) for trait, level in levels if level != "missing")


def _review_reasons(review: Flags, levels: Mapping[str, NDArray[np.int8]], same: Flags) -> tuple[ReviewReason, ...]:
    """Tell which rule sends pairs to officers; without any, their score does."""
    shown = {trait: column[review] for trait, column in levels.items()}
    data = patterns(shown, same[review]) if review.any() else None
    texts: dict[str, str] = {}
    pairs: dict[str, int] = {}
    right: dict[str, int] = {}
    for row, one, other in () if data is None else zip(data.levels.tolist(), data.same, data.other, strict=True):
        rule = traits_obstacle(
            signs_of(tuple(names[level] for names, level in zip(TERMS.values(), row, strict=True)))
        )
        code = rule.code if rule else _LOW_SCORE
        texts[code] = rule.text if rule else "Aucune règle : le score seul ne suffit pas à rapprocher."
        pairs[code] = pairs.get(code, 0) + int(one + other)
        right[code] = right.get(code, 0) + int(one)
    ordered = sorted(pairs, key=lambda code: (-pairs[code], code))
    return tuple(ReviewReason(code, texts[code], pairs[code], right[code]) for code in ordered)
