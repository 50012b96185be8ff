"""The linkage model: what each level of each trait is worth in bits, read from a JSON text and checked.

Fellegi and Sunter, JASA 1969; frequency-based weights after Winkler 1989; weights of two traits taken together after
the generalised additive models with pairwise interactions of Lou, Caruana, Gehrke and Hooker, KDD 2013. A model is
only tables of numbers: a score is a sum of look-ups, the same online and in bulk.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from identity.agreement import out_of_order
from identity.comparison import LEVELS, Comparison
from identity.names import read_name
from identity.normalise import match_key

FORMAT = 5
_STEPS = 3
# Weights are whole numbers of 1/64 bit, so that sums are exact in any order.
_GRAIN = 64
# No honest number of a model comes near; a sum of such numbers is far from what a float holds.
_LARGEST = 10_000

RARITIES = ("rare", "uncommon", "usual", "common", "rivals", "none")
"""How rare a name is that agrees, fully or nearly; « rivals » are two usual names that are only alike."""
RARITY_OF = {"surname_rarity": "surname", "given_rarity": "given"}
"""Traits that are the rarity of another one, with the trait whose value is looked up."""
SAME_NAME: Mapping[str, frozenset[str]] = MappingProxyType(
    {"surname": frozenset({"exact", "particle"}), "given": frozenset({"exact", "phonetic"})}
)
"""Levels at which two names are one: its rarity counts, that of the commoner spelling."""
OTHER_NAME = frozenset({"different", "married", "missing"})
"""Levels at which no name is shared, and no rarity counts."""
TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(LEVELS) | dict.fromkeys(RARITY_OF, RARITIES))
"""Everything a model weighs, and its levels."""
Pattern = tuple[str, ...]
"""The level of every term, in the order of `TERMS`: all that the score of a pair depends on."""


class ModelError(ValueError):
    """A linkage model cannot be used; the message says why, in French, after « Le modèle … est refusé : »."""


@dataclass(frozen=True, slots=True)
class FrequencyTable:
    """The share of the population that bears each value, and the shares from which a value is less than rare."""

    values: Mapping[str, float]
    steps: tuple[float, float, float]
    """From which share a value is uncommon, usual, common; a value not listed is rare."""

    def rarity(self, value: str) -> str:
        """Return the rarity of a value."""
        share = self.values.get(value, 0.0)
        return RARITIES[sum(share >= step for step in self.steps)]

    @property
    def ranks(self) -> dict[str, int]:
        """Return how far from rare each value listed is."""
        return {value: RARITIES.index(self.rarity(value)) for value in self.values}


@dataclass(frozen=True, slots=True)
class Interaction:
    """What two traits are worth together beyond their own weights, by pair of levels; 0 when not listed."""

    first: str
    second: str
    bits: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores, in bits, from which to link or to ask an officer, and the lead a link needs over the next person."""

    link: float
    review: float
    margin: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The probability of a score: 1 / (1 + 2 ** -(slope * score + offset)), fitted on files held out of training."""

    slope: float
    offset: float

    def probability(self, bits: float) -> float:
        """Return the probability that two records of this score are one person."""
        bounded = max(-1000.0, min(1000.0, self.slope * bits + self.offset))
        return float(1 / (1 + 2.0**-bounded))


@dataclass(frozen=True)
class Model:
    """A complete set of weights."""

    version: str
    made: str
    how_made: str
    minor_from: int
    """Year of birth from which a person counts as a minor."""
    prior: float
    caution: float
    """Bits taken from a pair that contradicts itself by a rule on traits (`identity.decision.CAUTIONS`)."""
    thresholds: Thresholds
    calibration: Calibration
    levels: Mapping[str, Mapping[str, float]]
    interactions: tuple[Interaction, ...]
    frequencies: Mapping[str, FrequencyTable]
    unopposed: float = 0.0
    """Bits added to a pair that no rule on traits forbids to link, nor would (`identity.decision.OPPOSED`)."""

    def seen(self, comparison: Comparison) -> Pattern:
        """Return the level of every term, rarities included, in the order of `TERMS`."""
        surname, given = comparison.levels[:2]
        rarities = (
            self._rarity("surname", surname, comparison.surnames),
            self._rarity("given", given, comparison.givens),
        )
        return comparison.levels + rarities

    def _rarity(self, trait: str, level: str, names: tuple[str, str] | None) -> str:
        if names is None or level in OTHER_NAME:
            return "none"
        ranks, (one, other) = self._ranks[trait], names
        if level not in SAME_NAME[trait]:
            if one != other and one in ranks and other in ranks:
                return "rivals"
            if level == "swapped":
                return "none"
        # A slip in a common name proves no more than the name itself.
        return RARITIES[max(rank_of(one, ranks), rank_of(other, ranks))]

    def terms(self, pattern: Pattern) -> Iterator[tuple[str, str, float]]:
        """Yield every term of a score: the trait (or two, joined by ×), its level and its bits.

        Terms of traits always come, in the order of `TERMS`; of two traits together only when they change the score.
        """
        for trait, level in zip(TERMS, pattern, strict=True):
            yield trait, level, self.levels[trait][level]
        for name, first, second, bits_together in self._pairs:
            levels = (pattern[first], pattern[second])
            bits = bits_together.get(levels)
            if bits:
                yield name, "×".join(levels), bits

    def bits(self, pattern: Pattern) -> float:
        """Return the sum of the prior and of every term."""
        total = self.prior
        for worth, level in zip(self._worths, pattern, strict=True):
            total += worth[level]
        for first, by_level in self._grids:
            for second, row in by_level.get(pattern[first], ()):
                total += row.get(pattern[second], 0.0)
        return total

    @cached_property
    def _ranks(self) -> Mapping[str, Mapping[str, int]]:
        """How far from rare each name of the tables is, by trait."""
        return {trait: table.ranks for trait, table in self.frequencies.items()}

    @cached_property
    def _worths(self) -> tuple[dict[str, float], ...]:
        """The bits of the levels of each term: plain tables, as every pair is looked up in them."""
        return tuple(dict(self.levels[trait]) for trait in TERMS)

    @cached_property
    def _grids(self) -> list[tuple[int, dict[str, list[tuple[int, dict[str, float]]]]]]:
        """The interactions as plain tables: where a trait stands, and for each level of it, where the other one of
        each interaction stands with the bits of its levels."""
        grids: dict[int, dict[str, list[tuple[int, dict[str, float]]]]] = {}
        for _, first, second, bits in self._pairs:
            for level, row in _nested(bits).items():
                grids.setdefault(first, {}).setdefault(level, []).append((second, row))
        return list(grids.items())

    @cached_property
    def _pairs(self) -> tuple[tuple[str, int, int, Mapping[tuple[str, str], float]], ...]:
        """The interactions: their name, and where their two traits stand in a pattern."""
        places = {trait: place for place, trait in enumerate(TERMS)}
        return tuple(
            (f"{pair.first}×{pair.second}", places[pair.first], places[pair.second], pair.bits)
            for pair in self.interactions
        )


def rank_of(name: str, ranks: Mapping[str, int]) -> int:
    """Return how far from rare a name is: a particle makes none rarer, DA SILVA is as common as SILVA."""
    own = ranks.get(name, 0)
    return max(own, ranks.get(read_name(name).core, 0)) if " " in name else own


def grain(bits: float) -> float:
    """Round bits to the grain in which sums are exact."""
    return round(bits * _GRAIN) / _GRAIN


def parse_model(text: str) -> Model:
    """Read a model; raise `ModelError` with a clear sentence when it is incomplete or contradicts itself."""
    try:
        content: object = json.loads(text, object_pairs_hook=_without_doubles)
    except ModelError:
        raise
    except json.JSONDecodeError as err:
        raise ModelError(
            f"ce n'est pas du JSON (ligne {err.lineno}) : donnez le fichier qu'écrit hub model train."
        ) from err
    except (RecursionError, ValueError) as err:
        raise ModelError("ce JSON n'est pas celui d'un modèle : donnez le fichier qu'écrit hub model train.") from err
    root = _object(content, "modèle")
    if root.get("format") != FORMAT:
        found = root.get("format")
        raise ModelError(
            f"cette version lit le format {FORMAT}, pas le sien ({found!r:.20}) : refaites-le avec hub model train."
        )
    model = Model(
        version=_text(root, "version"),
        made=_text(root, "made"),
        how_made=_text(root, "how_made"),
        minor_from=_year(root),
        prior=grain(_number(root.get("prior"), "prior")),
        caution=_caution(root),
        thresholds=_thresholds(_object(root.get("thresholds"), "thresholds")),
        calibration=_calibration(_object(root.get("calibration"), "calibration")),
        levels=_levels(_object(root.get("levels"), "levels")),
        interactions=tuple(_interactions(root.get("interactions"))),
        frequencies=_frequencies(_object(root.get("frequencies"), "frequencies")),
        unopposed=_unopposed(root),
    )
    _check_order(model)
    return model


def write_model(model: Model) -> str:
    """Write a model as the JSON text that `parse_model` reads."""
    content = {
        "format": FORMAT,
        "version": model.version,
        "made": model.made,
        "how_made": model.how_made,
        "minor_from": model.minor_from,
        "prior": model.prior,
        "caution": model.caution,
        "unopposed": model.unopposed,
        "thresholds": {
            "link": model.thresholds.link,
            "review": model.thresholds.review,
            "margin": model.thresholds.margin,
        },
        "calibration": {"slope": model.calibration.slope, "offset": model.calibration.offset},
        "levels": {trait: dict(levels) for trait, levels in model.levels.items()},
        "interactions": [
            {"traits": [pair.first, pair.second], "bits": _nested(pair.bits)} for pair in model.interactions
        ],
        "frequencies": {
            name: {"steps": list(table.steps), "values": dict(table.values)}
            for name, table in model.frequencies.items()
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _nested(bits: Mapping[tuple[str, str], float]) -> dict[str, dict[str, float]]:
    nested: dict[str, dict[str, float]] = {}
    for (first, second), value in bits.items():
        nested.setdefault(first, {})[second] = value
    return nested


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ModelError("un même nom y est donné deux fois dans un objet : lequel compte ne peut se savoir.")
    return found


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ModelError(f"« {name} » doit y être un objet.")
    return {str(key): item for key, item in value.items()}


def _text(root: Mapping[str, object], name: str) -> str:
    value = root.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ModelError(f"« {name} » doit y être un texte.")
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n" for sign in value):
        raise ModelError(f"« {name} » contient des signes qui ne s'écrivent pas.")
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelError(f"« {name} » doit y être un nombre.")
    # Not the other way round: nothing is less or more than what is no number.
    if not abs(value) <= _LARGEST:
        raise ModelError(f"« {name} » est un nombre trop grand : {_LARGEST} au plus.")
    return float(value)


def _year(root: Mapping[str, object]) -> int:
    year = int(_number(root.get("minor_from"), "minor_from"))
    if not date.min.year <= year <= date.max.year:
        raise ModelError("« minor_from » doit y être une année.")
    return year


def _caution(root: Mapping[str, object]) -> float:
    caution = grain(_number(root.get("caution"), "caution"))
    if caution > 0:
        raise ModelError("« caution » ne peut pas être au-dessus de zéro.")
    return caution


def _unopposed(root: Mapping[str, object]) -> float:
    """Read what models made before it was weighed do not tell."""
    unopposed = grain(_number(root.get("unopposed", 0), "unopposed"))
    if unopposed < 0:
        raise ModelError("« unopposed » ne peut pas être sous zéro.")
    return unopposed


def _thresholds(root: Mapping[str, object]) -> Thresholds:
    link, review, margin = (grain(_number(root.get(name), name)) for name in ("link", "review", "margin"))
    if not review < link:
        raise ModelError("le seuil de revue doit être sous le seuil de lien.")
    if margin <= 0:
        raise ModelError("la marge (« margin ») doit être au-dessus de zéro.")
    return Thresholds(link, review, margin)


def _calibration(root: Mapping[str, object]) -> Calibration:
    slope, offset = _number(root.get("slope"), "slope"), _number(root.get("offset"), "offset")
    if slope <= 0:
        raise ModelError("la pente de l'étalonnage (« slope ») doit être au-dessus de zéro.")
    return Calibration(slope, offset)


def _levels(root: Mapping[str, object]) -> Mapping[str, Mapping[str, float]]:
    levels: dict[str, Mapping[str, float]] = {}
    for trait, names in TERMS.items():
        found = _object(root.get(trait), f"levels {trait}")
        if set(found) != set(names):
            raise ModelError(f"il doit peser exactement ces niveaux de {trait} : {', '.join(names)}.")
        levels[trait] = MappingProxyType({name: grain(_number(found[name], f"{trait} {name}")) for name in names})
    return MappingProxyType(levels)


def _interactions(value: object) -> Iterator[Interaction]:
    if not isinstance(value, list):
        raise ModelError("« interactions » doit y être une liste.")
    met: set[frozenset[str]] = set()
    for item in value:
        content = _object(item, "interactions")
        traits = content.get("traits")
        if (
            not isinstance(traits, list)
            or len(traits) != 2
            or not all(isinstance(trait, str) and trait in TERMS for trait in traits)
        ):
            raise ModelError("une interaction doit y nommer deux traits connus.")
        first, second = (str(trait) for trait in traits)
        if first == second or frozenset(traits) in met:
            raise ModelError(f"{first} et {second} ne peuvent être pesés ensemble qu'une fois.")
        met.add(frozenset(traits))
        bits: dict[tuple[str, str], float] = {}
        for level, others in _object(content.get("bits"), f"bits {first} {second}").items():
            for other, number in _object(others, f"bits {first} {level}").items():
                if level not in TERMS[first] or other not in TERMS[second]:
                    raise ModelError(f"{first} {level} ou {second} {other} n'est pas un niveau connu.")
                bits[level, other] = grain(_number(number, f"{first} {level} {second} {other}"))
        yield Interaction(first, second, MappingProxyType(bits))


def _check_order(model: Model) -> None:
    found = out_of_order(model.levels, [(pair.first, pair.second, pair.bits) for pair in model.interactions])
    if found is not None:
        trait, better, worse = found
        raise ModelError(
            f"« {worse} » peut y peser plus que « {better} » pour {trait}, alors que c'est un accord moindre."
        )


def _frequencies(root: Mapping[str, object]) -> Mapping[str, FrequencyTable]:
    tables: dict[str, FrequencyTable] = {}
    for name in RARITY_OF.values():
        table = _object(root.get(name), f"frequencies {name}")
        steps = table.get("steps")
        if not isinstance(steps, list) or len(steps) != _STEPS:
            raise ModelError(f"les fréquences de {name} doivent avoir trois paliers (« steps »).")
        numbers = [_share(step, name) for step in steps]
        if sorted(numbers) != numbers:
            raise ModelError(f"les paliers de {name} doivent croître.")
        values = {
            match_key(value): _share(share, name)
            for value, share in _object(table.get("values"), f"values {name}").items()
        }
        tables[name] = FrequencyTable(MappingProxyType(values), (numbers[0], numbers[1], numbers[2]))
    return MappingProxyType(tables)


def _share(value: object, name: str) -> float:
    share = _number(value, f"frequencies {name}")
    if not 0 < share < 1:
        raise ModelError(f"une fréquence de {name} doit être entre 0 et 1.")
    return share
