"""Learn the weights of a region unlike those that any model was learned on, and whose truth nobody knows.

A model that exists guesses which pairs are true. One round of expectation-maximisation that takes the traits for
independent (Winkler, "Using the EM Algorithm for Weight Computation in the Fellegi-Sunter Model", 1988) frees the
guesses from what that model supposes of families and homes. The additive model is then learned on them as if they
were labels, each pair counting for both kinds by its probability (self-training, after Nigam et al., "Text
Classification from Labeled and Unlabeled Documents using EM", 2000).

Where the model that exists fits, this loses what labels taught it: `identity.adaptation` is made for that.
"""

from collections.abc import Callable

import numpy as np

from identity.adaptation import Adapted, Floats, bits_of, probability
from identity.model import TERMS, Model
from identity.population import seen_in
from identity.training import Patterns, learn, neutral, together

# What two records are, and not a trait on which they agree.
_CIRCUMSTANCES = ("domain", "age", "corroboration")
# Pairs of each kind that a file counts for beforehand: it may hold one kind only.
_UNSEEN = 0.5


def learn_anew(
    base: Model, region: Patterns, known: Patterns | None = None, report: Callable[[], object] = lambda: None
) -> Adapted:
    """Learn all weights from the pairs of a region; their labels are not looked at, those of `known` (officers') are.

    `base` guesses first. `report` is called as `identity.training.learn` does.
    """
    guessed = _split(region, probability(bits_of(base, region.levels)))
    guessed = _split(region, probability(_independent(guessed)))
    data = guessed if known is None else together([guessed, known])
    return Adapted(learn(data, report), seen_in(guessed), float(guessed.same.sum()), 1)


def _split(region: Patterns, likely: Floats) -> Patterns:
    """Count each pair for both kinds, by how likely it is that it is true."""
    pairs = region.same + region.other
    return Patterns(region.levels, pairs * likely, pairs * (1 - likely))


def _independent(guessed: Patterns) -> Floats:
    """Return the score of each pattern when every trait proves for itself; what is missing proves nothing."""
    shares = seen_in(guessed).levels
    odds = (float(guessed.same.sum()) + _UNSEEN) / (float(guessed.other.sum()) + _UNSEEN)
    bits = np.full(len(guessed.levels), float(np.log2(odds)))
    for (trait, names), column in zip(TERMS.items(), guessed.levels.T, strict=True):
        if trait not in _CIRCUMSTANCES:
            same, other = shares[trait]
            worth = np.log2(same) - np.log2(other)
            if (nothing := neutral(trait)) is not None:
                worth[names.index(nothing)] = 0
            bits += worth[column]
    return bits
