"""The score of a pair: the sum of what each trait proves, in bits, each part explained.

Fellegi and Sunter, JASA 1969. Traits that a household shares are not counted as independent proofs: the model
weighs them together (`identity.model.Interaction`).
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from identity.decision import CAUTIONS, caution, is_unopposed, signs_of
from identity.model import Model, Pattern
from identity.wording import OTHERS_SENTENCE, sentence

_UNOPPOSED = "none"
_RULES = {rule.reason.code: rule.reason.text for rule in CAUTIONS}
_RULES[_UNOPPOSED] = "Aucune règle n'interdit de les rapprocher."


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
    pattern: Pattern
    model: Model
    shortfall: float = 0.0
    """What was taken away because another identity of the person disagrees."""

    @property
    def probability(self) -> float:
        """Return the probability of one person, from 0 to 1, as calibrated on pairs never learned from."""
        return self.model.calibration.probability(self.total)

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """Return what each trait adds, or two taken together, in the order of the model."""
        found = [Contribution(*term) for term in self.model.terms(self.pattern)]
        signs = signs_of(self.pattern)
        rule = caution(signs)
        if rule is not None:
            found.append(Contribution("rule", rule.code, self.model.caution))
        elif self.model.unopposed and is_unopposed(signs):
            found.append(Contribution("rule", _UNOPPOSED, self.model.unopposed))
        if self.shortfall:
            found.append(Contribution("records", "others", -self.shortfall))
        return tuple(found)


def score(pattern: Pattern, signs: int, model: Model) -> Score:
    """Weigh the levels of a pair, given also as signs (`identity.decision.signs_of`)."""
    bits = model.bits(pattern)
    if caution(signs) is not None:
        bits += model.caution
    elif is_unopposed(signs):
        bits += model.unopposed
    return Score(bits, pattern, model)


def lowered(best: Score, shortfall: float) -> Score:
    """Lower a score because another identity of the same person disagrees."""
    return replace(best, total=best.total - shortfall, shortfall=shortfall) if shortfall > 0 else best
