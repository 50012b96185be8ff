"""What a model says, in words, and what changes when another one takes its place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identity.bulk.scoring import Scored
from identity.bulk.text import Flags
from identity.model import TERMS, Model
from identity.wording import sentence


@dataclass(frozen=True, slots=True)
class Weight:
    """What one level of a trait weighs, in words."""

    trait: str
    level: str
    text: str
    bits: float


def weights(model: Model) -> Mapping[str, tuple[Weight, ...]]:
    """Return the weights of a model by trait, each with its sentence, the strongest agreement first."""
    return {
        trait: tuple(
            Weight(trait, level, sentence(trait, level), bits)
            for level, bits in sorted(model.levels[trait].items(), key=lambda item: -item[1])
        )
        for trait in TERMS
    }


def interactions(model: Model, most: int) -> tuple[Weight, ...]:
    """Return what two traits weigh together beyond their own weights, the farthest from zero first."""
    found = [
        Weight(f"{pair.first}×{pair.second}", f"{first}×{second}", "", bits)
        for pair in model.interactions
        for (first, second), bits in pair.bits.items()
    ]
    found.sort(key=lambda item: (-abs(item.bits), item.trait, item.level))
    return tuple(Weight(item.trait, item.level, sentence(item.trait, item.level), item.bits) for item in found[:most])


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A level whose weight two models do not agree on."""

    trait: str
    level: str
    text: str
    before: float
    after: float


def weight_changes(before: Model, after: Model, most: int) -> tuple[WeightChange, ...]:
    """Return the levels that two models weigh most differently."""
    found = [
        WeightChange(trait, level, sentence(trait, level), before.levels[trait][level], after.levels[trait][level])
        for trait, names in TERMS.items()
        for level in names
        if before.levels[trait][level] != after.levels[trait][level]
    ]
    found.sort(key=lambda item: (-abs(item.after - item.before), item.trait, item.level))
    return tuple(found[:most])


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """Candidate pairs that go from one decision to another; `same` when the truth is known."""

    before: str
    after: str
    pairs: int
    same: int | None


@dataclass(frozen=True, slots=True)
class LevelChange:
    """How many of the pairs whose decision changes are at a level, of all candidates at that level."""

    trait: str
    level: str
    text: str
    changed: int
    pairs: int


DECISIONS = ("new", "review", "link")


def decision_changes(before: Scored, after: Scored, same: Flags | None) -> tuple[DecisionChange, ...]:
    """Count the pairs by former and new decision, those that stay included."""
    old, new = decisions(before), decisions(after)
    return tuple(
        DecisionChange(first, second, int(both.sum()), None if same is None else int((both & same).sum()))
        for one, first in enumerate(DECISIONS)
        for two, second in enumerate(DECISIONS)
        if (both := (old == one) & (new == two)).any()
    )


def decisions(scored: Scored) -> NDArray[np.int8]:
    """Return the decision of each pair, as its place in `DECISIONS`."""
    return np.where(scored.link, 2, np.where(scored.review, 1, 0)).astype(np.int8)


def level_changes(changed: Flags, levels: Mapping[str, NDArray[np.int8]], most: int) -> tuple[LevelChange, ...]:
    """Return the levels at which decisions change oftener than elsewhere, by how much they stand out."""
    if not changed.any():
        return ()
    usual = float(changed.mean())
    found = []
    for trait, names in TERMS.items():
        pairs = np.bincount(levels[trait], minlength=len(names))
        moved = np.bincount(levels[trait][changed], minlength=len(names))
        for index, level in enumerate(names):
            excess = float(moved[index] - usual * pairs[index])
            if excess > 0:
                text = sentence(trait, level)
                found.append((excess, LevelChange(trait, level, text, int(moved[index]), int(pairs[index]))))
    found.sort(key=lambda item: (-item[0], item[1].trait, item[1].level))
    return tuple(change for _, change in found[:most])
