"""The score of a pair: the sum of what each trait proves, in bits, each part explained.

Fellegi and Sunter, JASA 1969. Traits that a household shares are not counted as independent proofs: the model
weighs them together (`identity.model.Interaction`).
"""

from dataclasses import dataclass
from typing import NamedTuple

from identity.decision import CAUTIONS, caution
from identity.model import TERMS, Calibration, Model, Pattern
from identity.wording import OTHERS_SENTENCE, sentence

Term = tuple[str, str, float]
_RULES = {rule.reason.code: rule.reason.text for rule in CAUTIONS}


class Contribution(NamedTuple):
    """What one trait, or two taken together, adds to the score, or takes away."""

    trait: str
    level: str
    bits: float

    @property
    def text(self) -> str:
        """Say why, in French."""
        if self.trait == "records":
            return OTHERS_SENTENCE
        return _RULES[self.level] if self.trait == "rule" else sentence(self.trait, self.level)


@dataclass(frozen=True, slots=True)
class Score:
    """The evidence that two records are one person: log2 of the odds, and its parts.

    `total` is exactly the sum of the contributions and the model's prior. What explains it is written when it is
    asked for: most pairs are weighed and never shown.
    """

    total: float
    terms: tuple[Term, ...]
    calibration: Calibration

    @property
    def probability(self) -> float:
        """Return the probability of one person, from 0 to 1, as calibrated on pairs never learned from."""
        return self.calibration.probability(self.total)

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """Return what each trait adds, or two taken together, in the order of the model."""
        return tuple(Contribution(*term) for term in self.terms)


def score(pattern: Pattern, model: Model) -> Score:
    """Weigh the levels of a pair and explain each term."""
    terms = list(model.terms(pattern))
    rule = caution(dict(zip(TERMS, pattern, strict=True)))
    if rule is not None:
        terms.append(("rule", rule.code, model.caution))
    return Score(sum((bits for _, _, bits in terms), model.prior), tuple(terms), model.calibration)


def lowered(best: Score, shortfall: float) -> Score:
    """Lower a score because another identity of the same person disagrees."""
    if shortfall <= 0:
        return best
    return Score(best.total - shortfall, (*best.terms, ("records", "others", -shortfall)), best.calibration)
