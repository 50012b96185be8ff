"""The score of a pair: the sum of what each trait proves, in bits, each part explained.

Fellegi and Sunter, JASA 1969. Traits that a household shares are not counted as independent proofs: the model
weighs them together (`identity.model.Interaction`).
"""

from dataclasses import dataclass
from typing import NamedTuple

from identity.decision import CAUTIONS, caution
from identity.model import TERMS, Model, Pattern
from identity.wording import OTHERS_SENTENCE, sentence

_RULES = {rule.reason.code: rule.reason.text for rule in CAUTIONS}


class Contribution(NamedTuple):
    """What one trait, or two taken together, adds to the score, or takes away."""

    trait: str
    level: str
    bits: float

    @property
    def text(self) -> str:
        """Say why, in French. Written when it is asked for: most pairs are weighed and never shown."""
        if self.trait == "records":
            return OTHERS_SENTENCE
        return _RULES[self.level] if self.trait == "rule" else sentence(self.trait, self.level)


@dataclass(frozen=True, slots=True)
class Score:
    """The evidence that two records are one person: log2 of the odds, and its parts.

    `total` is exactly the sum of the contributions and the model's prior.
    """

    total: float
    probability: float
    contributions: tuple[Contribution, ...]


def score(pattern: Pattern, model: Model) -> Score:
    """Weigh the levels of a pair and explain each term."""
    parts = [Contribution(*term) for term in model.terms(pattern)]
    rule = caution(dict(zip(TERMS, pattern, strict=True)))
    if rule is not None:
        parts.append(Contribution("rule", rule.code, model.caution))
    return _sum(tuple(parts), model)


def lowered(best: Score, shortfall: float, model: Model) -> Score:
    """Lower a score because another identity of the same person disagrees."""
    if shortfall <= 0:
        return best
    return _sum((*best.contributions, Contribution("records", "others", -shortfall)), model)


def _sum(parts: tuple[Contribution, ...], model: Model) -> Score:
    bits = sum((part.bits for part in parts), model.prior)
    return Score(bits, model.calibration.probability(bits), parts)
