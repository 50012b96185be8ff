"""The pairs that a model was learned on: how often each level was seen among true pairs and among the others.

These are the m and u of Fellegi and Sunter (JASA 1969). No score reads them: they let a model be adapted to a region
without labels (`identity.adaptation`), and told to people. They travel in the model's file, which may lack them.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from identity.model import TERMS, Model, ModelError, write_model
from identity.training import Patterns

Floats = NDArray[np.float64]
_NAME = "population"
# What one unseen pair of each level counts for, so that no share is zero.
_UNSEEN = 0.5
_DIGITS = 7
_LEAST = 10.0**-_DIGITS


@dataclass(frozen=True, slots=True)
class Population:
    """The share of true pairs among candidates, and of each level among them and among the other pairs."""

    same: float
    levels: Mapping[str, tuple[Floats, Floats]]


def seen_in(data: Patterns) -> Population:
    """Count the levels of labelled pairs."""
    same, other = float(data.same.sum()), float(data.other.sum())
    levels = {
        trait: (_shares(column, data.same, len(names)), _shares(column, data.other, len(names)))
        for (trait, names), column in zip(TERMS.items(), data.levels.T, strict=True)
    }
    # A file may hold one kind of pairs only; no share is 0 or 1 for that.
    share = min(max(round(same / (same + other), _DIGITS), _LEAST), 1 - _LEAST)
    return Population(share, MappingProxyType(levels))


def _shares(column: NDArray[np.int8], weights: Floats, size: int) -> Floats:
    counts = np.bincount(column, weights=weights, minlength=size) + _UNSEEN
    return np.asarray(np.round(np.maximum(counts / counts.sum(), _LEAST), _DIGITS), np.float64)


def write_learned(model: Model, population: Population) -> str:
    """Write a model with the population that it was learned on."""
    content = json.loads(write_model(model))
    content[_NAME] = {
        "same": population.same,
        "levels": {
            trait: {
                level: [float(same), float(other)]
                for level, same, other in zip(TERMS[trait], *population.levels[trait], strict=True)
            }
            for trait in TERMS
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def parse_population(text: str) -> Population | None:
    """Read the population in a model's text, which `parse_model` has accepted; None when it tells none."""
    root = json.loads(text)
    if _NAME not in root:
        return None
    found = root[_NAME]
    if not isinstance(found, dict) or not isinstance(found.get("levels"), dict):
        raise ModelError("« population » doit y être un objet avec des niveaux (« levels »).")
    levels = {}
    for trait, names in TERMS.items():
        shares = found["levels"].get(trait)
        if not isinstance(shares, dict) or set(shares) != set(names):
            raise ModelError(f"sa population doit avoir exactement les niveaux de {trait}.")
        table = np.array([_pair(shares[name], trait) for name in names])
        levels[trait] = (table[:, 0], table[:, 1])
    return Population(_share(found.get("same"), "same"), MappingProxyType(levels))


def _pair(value: object, trait: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ModelError(f"dans sa population, un niveau de {trait} doit avoir deux parts.")
    return _share(value[0], trait), _share(value[1], trait)


def _share(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value < 1:
        raise ModelError(f"dans sa population, une part de {name} doit être entre 0 et 1.")
    return float(value)
