"""A linkage model laid out for officers: what each level weighs, its limits, its figures, what another one changes.

Every bar has its number; the sentences are those of `identity.wording`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from hub.linkage.figures import Measured
from hub.linkage.trial import Trial
from hub.web import agency_words, formats
from identity.cutoffs import interval
from identity.decision import Outcome
from identity.model import Model
from identity.model_comparison import Weight, WeightChange, interactions, weight_changes, weights

WIDTH = 300
_MOST_CHANGES = 15
_MOST_TOGETHER = 15
_COMBINED = "×"
_LEAST_SHARE = 1e-12


@dataclass(frozen=True, slots=True)
class WeightLine:
    """What one level weighs, and its bar from the middle of `WIDTH`; `kind` is the class that colours it."""

    label: str
    text: str
    bits: float
    x: int
    width: int
    kind: str


@dataclass(frozen=True, slots=True)
class WeightGroup:
    """Levels that go together, the strongest agreement first."""

    lines: Sequence[WeightLine]


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that decides besides the weights, in words; `before` is the model in force's when it differs."""

    label: str
    value: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A model as a page shows it; `changes` are against the model in force, none when it is that one."""

    made: str
    how_made: str
    limits: Sequence[Limit]
    groups: Sequence[WeightGroup]
    together: Sequence[WeightGroup]
    """What two traits weigh beyond their own weights, the farthest from zero."""
    known_names: tuple[int, int]
    """How many family names and given names are not rare."""
    changes: Sequence[tuple[str, WeightChange]]


@dataclass(frozen=True, slots=True)
class TrialWords:
    """A trial in figures: its directions, the commonest first, and what it means for links and tasks."""

    changed: str
    directions: Sequence[tuple[Outcome, Outcome, int]]
    links_more: int
    links_fewer: int
    reviews: tuple[int, int]
    """Decisions left to officers today, and with the model tried."""


def lay_out(model: Model, present: Model | None) -> Layout:
    """Lay a model out; `present` is the model in force to compare it with, None for that one itself."""
    heaviest = max((abs(bits) for levels in model.levels.values() for bits in levels.values()), default=0.0) or 1.0
    groups = [WeightGroup([_line(weight, heaviest) for weight in found]) for found in weights(model).values()]
    counts = {name: len(table.values) for name, table in model.frequencies.items()}
    changes = weight_changes(present, model, _MOST_CHANGES) if present else ()
    return Layout(
        made_day(model),
        model.how_made,
        _limits(model, present),
        groups,
        [WeightGroup([_line(weight, heaviest) for weight in interactions(model, _MOST_TOGETHER)])],
        (counts["surname"], counts["given"]),
        [(str(agency_words.SCORED_TRAITS[change.trait]), change) for change in changes],
    )


def made_day(model: Model) -> str:
    """Write the day a model was made; a text that is no day stays as it is."""
    try:
        return formats.day(date.fromisoformat(model.made))
    except ValueError:
        return model.made


def bits(number: float) -> str:
    """Write a number of bits with its sign: « +6,00 »."""
    return formats.decimal(f"{number:+.2f}" if number else "0.00").replace("-", "−")


def percent(share: float, digits: int = 1) -> str:
    """Write a share as a percentage, with the digits that keep it from reading as all or nothing."""
    while digits < 6 and 0 < min(share, 1 - share) < 0.5 * 10.0 ** -(digits + 2):
        digits += 1
    return _("%(number)s %%", number=formats.decimal(f"{100 * share:.{digits}f}"))


def figure_lines(found: Measured) -> Sequence[tuple[str, str]]:
    """Return the figures of a model, each with its label."""
    links = _("%(wrong)s sur %(links)s", wrong=whole(found.wrong), links=whole(found.links))
    if found.wrong_at_most > _LEAST_SHARE:
        links += " " + _(
            "(au plus 1 sur %(number)s, avec 95 %% de confiance)", number=whole(round(1 / found.wrong_at_most))
        )
    tenth = formats.decimal(f"{found.reviews_per_100:.1f}")
    mixed = formats.decimal(f"{found.mixed_per_100000:.1f}")
    return (
        (_("Mesuré sur"), _measured_on(found)),
        (_("Liens faux"), links),
        (_("Vraies paires rapprochées"), percent(found.recall, 2)),
        (_("Rapprochées ou montrées à un officier"), percent(found.with_review, 2)),
        (_("Tâches pour 100 vraies paires"), tenth),
        (_("Personnes mélangées"), _("%(number)s sur 100 000", number=mixed)),
    )


def trial_words(tried: Trial) -> TrialWords:
    """Say in figures what a trial found."""
    low, high = interval(tried.changed, tried.tried)
    share = percent(tried.changed / tried.tried if tried.tried else 0.0)
    changed = _(
        "%(changed)s sur %(tried)s (%(share)s ; sur tout l'index, entre %(low)s et %(high)s avec 95 %% de confiance)",
        changed=whole(tried.changed), tried=whole(tried.tried), share=share, low=percent(low), high=percent(high),
    )  # fmt: skip
    moved = [(old, new, count) for (old, new), count in tried.outcomes.items() if old is not new]
    return TrialWords(
        changed,
        sorted(moved, key=lambda item: (-item[2], item[0], item[1])),
        sum(count for old, new, count in moved if new is Outcome.LINK),
        sum(count for old, new, count in moved if old is Outcome.LINK),
        (_reviews(tried.outcomes, 0), _reviews(tried.outcomes, 1)),
    )


def whole(number: int) -> str:
    """Write a whole number with spaces between thousands."""
    return f"{number:,}".replace(",", "\u00a0")


def _reviews(outcomes: Mapping[tuple[Outcome, Outcome], int], side: int) -> int:
    return sum(count for pair, count in outcomes.items() if pair[side] is Outcome.REVIEW)


def _line(weight: Weight, heaviest: float) -> WeightLine:
    half = WIDTH // 2
    width = round(min(1.0, abs(weight.bits) / heaviest) * half)
    kind = "for" if weight.bits > 0 else "against" if weight.bits < 0 else "none"
    label = " + ".join(str(agency_words.SCORED_TRAITS[name]) for name in weight.trait.split(_COMBINED))
    text = weight.text.removeprefix("Pris ensemble : ")
    return WeightLine(label, text, weight.bits, half if weight.bits >= 0 else half - width, width, kind)


def _limits(model: Model, present: Model | None) -> Sequence[Limit]:
    former = dict(_limit_words(present)) if present else {}
    return [
        Limit(label, value, former[label] if former.get(label, value) != value else None)
        for label, value in _limit_words(model)
    ]


def _limit_words(model: Model) -> Sequence[tuple[str, str]]:
    limits = model.thresholds
    return (
        (_("Rapprochement automatique à partir de"), _score(model, limits.link)),
        (_("Examen par un officier à partir de"), _score(model, limits.review)),
        (_("Avance exigée sur la personne suivante"), _bits(limits.margin)),
        (_("Départ de chaque score"), _bits(model.prior)),
        (_("Retrait quand une règle interdit"), _bits(model.caution)),
        (_("Ajout quand aucune règle n'interdit"), _bits(model.unopposed)),
        (_("Enfant ou jeune adulte"), _("né en %(year)d ou après", year=model.minor_from)),
    )


def _score(model: Model, threshold: float) -> str:
    probability = percent(model.calibration.probability(threshold))
    return ngettext(
        "%(bits)s bit, soit une probabilité de %(percent)s",
        "%(bits)s bits, soit une probabilité de %(percent)s",
        _many(threshold),
        bits=bits(threshold),
        percent=probability,
    )


def _bits(number: float) -> str:
    return ngettext("%(bits)s bit", "%(bits)s bits", _many(number), bits=bits(number))


def _many(number: float) -> int:
    """Return a whole number that takes the form of a decimal one: « 0,5 bit » in French, "0.5 bits" in English."""
    return 1 if abs(number) == 1 else 0 if abs(number) < 2 else 2


def _measured_on(found: Measured) -> str:
    count = whole(found.records)
    return ngettext(
        "%(file)s, %(count)s identité", "%(file)s, %(count)s identités", found.records, file=found.file, count=count
    )
