"""The score of a pair: the sum of what each trait proves, in bits, each part explained.

Fellegi and Sunter, JASA 1969. Address, telephone and e-mail are shared by a household, and with the surname by a
family: caps keep them from being counted as independent proofs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from identity.comparable import Comparable
from identity.comparison import Observation
from identity.model import Model
from identity.wording import CAP_SENTENCE, OTHERS_SENTENCE, sentence

_USUAL_SURNAME, _RARE_SURNAME = 0.0005, 0.00005
_USUAL_GIVEN, _RARE_GIVEN = 0.003, 0.0003


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one trait adds to the score, or takes away, and why."""

    trait: str
    level: str
    bits: float
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """The evidence that two records are one person: log2 of the odds, and its parts.

    `total` is exactly the sum of the contributions and the model's prior.
    """

    total: float
    probability: float
    contributions: tuple[Contribution, ...]


def score(observations: Sequence[Observation], a: Comparable, b: Comparable, model: Model) -> Score:
    """Weigh the observations of a pair."""
    parts = [
        Contribution(
            seen.trait, seen.level, model.weight(seen), sentence(seen.trait, seen.level, _rarity(seen, model))
        )
        for seen in observations
    ]
    parts.extend(_caps(parts, model))
    return _sum(tuple(parts), model)


def lowered(best: Score, shortfall: float, model: Model) -> Score:
    """Lower a score because another identity of the same person disagrees."""
    if shortfall <= 0:
        return best
    return _sum((*best.contributions, Contribution("records", "others", -shortfall, OTHERS_SENTENCE)), model)


def _sum(parts: tuple[Contribution, ...], model: Model) -> Score:
    total = sum((part.bits for part in parts), model.prior)
    return Score(total, _probability(total), parts)


def _probability(bits: float) -> float:
    bounded = max(-1000.0, min(1000.0, bits))
    return float(1 / (1 + 2.0**-bounded))


def _caps(parts: list[Contribution], model: Model) -> list[Contribution]:
    """Take back what shared traits prove beyond their caps; a cap counts what the caps before it took."""
    taken: list[Contribution] = []
    shared: dict[str, float] = {part.trait: max(0.0, part.bits) for part in parts}
    for cap in model.caps:
        excess = sum(bits for trait, bits in shared.items() if trait in cap.traits) - cap.bits
        already = -sum(part.bits for part in taken)
        if excess - already > 0:
            taken.append(Contribution("household", cap.name, already - excess, CAP_SENTENCE))
    return taken


def _rarity(seen: Observation, model: Model) -> str | None:
    """Say whether an agreeing name is usual or rare."""
    if seen.values is None:
        return None
    if seen.trait == "surname" and seen.level in ("exact", "particle", "used"):
        table, kind, usual, rare = "surname", "nom", _USUAL_SURNAME, _RARE_SURNAME
    elif seen.trait == "given" and seen.level in ("full", "exact", "listed"):
        table, kind, usual, rare = "given", "prénom", _USUAL_GIVEN, _RARE_GIVEN
    else:
        return None
    share = max(model.frequency(table, value) for value in seen.values)
    if share >= usual:
        return f"{kind} courant"
    return f"{kind} rare" if share <= rare else None
