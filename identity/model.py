"""The linkage model: weights in bits, frequencies of names, thresholds, read from a JSON text and checked.

Fellegi and Sunter, JASA 1969; frequency-based weights after Winkler 1989. A weight is log2(m/u): with a frequency
table, u is the frequency of the value itself, so that agreeing on MARTIN proves less than agreeing on D'ARTAGNAN.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from identity.comparison import LEVELS, Observation
from identity.normalise import match_key

FORMAT = 1
# Weights are whole numbers of 1/64 bit, so that sums are exact in any order.
_GRAIN = 64


class ModelError(ValueError):
    """A linkage model cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Level:
    """The weight of a level: bits, and the table whose rarity is added when the value counts."""

    bits: float
    frequency: str | None = None


@dataclass(frozen=True, slots=True)
class FrequencyTable:
    """The share of the population that bears each value, and the share of a value not listed."""

    default: float
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that traits shared by a household may prove together."""

    name: str
    traits: frozenset[str]
    bits: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores, in bits, from which to link or to ask an officer, and the lead a link needs over the next person."""

    link: float
    review: float
    margin: float


@dataclass(frozen=True)
class Model:
    """A complete set of weights."""

    version: str
    made: str
    how_made: str
    prior: float
    thresholds: Thresholds
    levels: Mapping[str, Mapping[str, Level]]
    frequencies: Mapping[str, FrequencyTable]
    caps: tuple[Cap, ...]

    def weight(self, observation: Observation) -> float:
        """Return the bits that an observation is worth."""
        level = self.levels[observation.trait][observation.level]
        if level.frequency is None or observation.values is None:
            return level.bits
        return level.bits + self._rarity(level.frequency, observation.values)

    def _rarity(self, table: str, values: tuple[str, str]) -> float:
        frequencies = self.frequencies[table]
        share = max(frequencies.values.get(value, frequencies.default) for value in values)
        return grain(-math.log2(share))

    def frequency(self, table: str, value: str) -> float:
        """Return the share of the population that bears a value."""
        frequencies = self.frequencies[table]
        return frequencies.values.get(value, frequencies.default)

    def is_usual_given_name(self, name: str) -> bool:
        """Tell whether a given name (match key) is well known, hence unlikely to be a slip for another."""
        return name in self._usual_given_names

    @cached_property
    def _usual_given_names(self) -> frozenset[str]:
        return frozenset(self.frequencies["given"].values)


def grain(bits: float) -> float:
    """Round bits to the grain in which sums are exact."""
    return round(bits * _GRAIN) / _GRAIN


def parse_model(text: str) -> Model:
    """Read a model; raise `ModelError` with a clear sentence when it is incomplete or contradicts itself."""
    try:
        content: object = json.loads(text)
    except json.JSONDecodeError as err:
        raise ModelError(f"The linkage model is not JSON (line {err.lineno}).") from err
    root = _object(content, "the model")
    if root.get("format") != FORMAT:
        raise ModelError(f"The linkage model must be of format {FORMAT}.")
    frequencies = _frequencies(_object(root.get("frequencies"), "frequencies"))
    return Model(
        version=_text(root, "version"),
        made=_text(root, "made"),
        how_made=_text(root, "how_made"),
        prior=grain(_number(root.get("prior"), "prior")),
        thresholds=_thresholds(_object(root.get("thresholds"), "thresholds")),
        levels=_levels(_object(root.get("levels"), "levels"), frequencies),
        frequencies=frequencies,
        caps=_caps(_object(root.get("caps"), "caps")),
    )


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ModelError(f"In the linkage model, {name} must be an object.")
    return {str(key): item for key, item in value.items()}


def _text(root: Mapping[str, object], name: str) -> str:
    value = root.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ModelError(f"In the linkage model, {name} must be a text.")
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"In the linkage model, {name} must be a number.")
    return float(value)


def _thresholds(root: Mapping[str, object]) -> Thresholds:
    link, review, margin = (grain(_number(root.get(name), name)) for name in ("link", "review", "margin"))
    if not review < link:
        raise ModelError("In the linkage model, the review threshold must be under the link threshold.")
    if margin <= 0:
        raise ModelError("In the linkage model, the margin must be over zero.")
    return Thresholds(link, review, margin)


def _frequencies(root: Mapping[str, object]) -> Mapping[str, FrequencyTable]:
    tables: dict[str, FrequencyTable] = {}
    for name, content in root.items():
        table = _object(content, f"frequencies of {name}")
        values = {
            match_key(value): _share(share, name)
            for value, share in _object(table.get("values"), f"values of {name}").items()
        }
        tables[name] = FrequencyTable(_share(table.get("default"), name), MappingProxyType(values))
    for needed in ("surname", "given"):
        if needed not in tables:
            raise ModelError(f"The linkage model lacks the frequency table {needed}.")
    return MappingProxyType(tables)


def _share(value: object, name: str) -> float:
    share = _number(value, f"a frequency of {name}")
    if not 0 < share < 1:
        raise ModelError(f"In the linkage model, a frequency of {name} must be between 0 and 1.")
    return share


def _levels(
    root: Mapping[str, object], frequencies: Mapping[str, FrequencyTable]
) -> Mapping[str, Mapping[str, Level]]:
    levels: dict[str, Mapping[str, Level]] = {}
    for trait, names in LEVELS.items():
        found = _object(root.get(trait), f"levels of {trait}")
        if set(found) != set(names):
            raise ModelError(f"The linkage model must weigh exactly these levels of {trait}: {', '.join(names)}.")
        levels[trait] = MappingProxyType(
            {name: _level(found[name], f"{trait} {name}", frequencies) for name in names}
        )
    return MappingProxyType(levels)


def _level(value: object, name: str, frequencies: Mapping[str, FrequencyTable]) -> Level:
    if not isinstance(value, dict):
        return Level(grain(_number(value, name)))
    content = _object(value, name)
    table = content.get("frequency")
    if not isinstance(table, str) or table not in frequencies:
        raise ModelError(f"In the linkage model, {name} names a frequency table that does not exist.")
    return Level(grain(_number(content.get("bits"), name)), table)


def _caps(root: Mapping[str, object]) -> tuple[Cap, ...]:
    caps: list[Cap] = []
    for name, content in root.items():
        cap = _object(content, f"cap {name}")
        traits = cap.get("traits")
        if not isinstance(traits, list) or not set(traits) <= set(LEVELS):
            raise ModelError(f"In the linkage model, the cap {name} must list known traits.")
        caps.append(Cap(name, frozenset(traits), grain(_number(cap.get("bits"), f"cap {name}"))))
    return tuple(caps)
