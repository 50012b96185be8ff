"""What is told of a model: a page of figures in one file, without network, script or any value of a trait."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hub.counting import decimal, noun
from identity.evaluation import Bin, Figures, Point, Share
from identity.model import Model
from identity.model_comparison import Weight, interactions, weights
from identity.wording import SENTENCES

TRAIT_NAMES = {
    "surname": "Nom",
    "given": "Prénom",
    "other_given": "Prénoms suivants",
    "birth_date": "Date de naissance",
    "sex": "Sexe",
    "birth_place": "Lieu de naissance",
    "ins": "Matricule INS",
    "address": "Adresse",
    "phone": "Téléphone",
    "email": "Courriel",
    "domain": "Structure",
    "age": "Âge",
    "corroboration": "Confirmation",
    "surname_rarity": "Rareté du nom",
    "given_rarity": "Rareté du prénom",
}
_MOST_INTERACTIONS = 20
_MOST_CAUSES = 40
# The drawing area of a curve, in its own units: narrow, so that its letters stay readable on a phone.
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 320, 276, 68, 26, 306, 236
_FARTHEST = 16.0
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a report is about."""

    name: str
    digest: str
    """SHA-256 of the file."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a curve with its interval, in the units of the drawing."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A graduation of an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A weight drawn from the middle to the right or to the left."""

    weight: Weight
    x: float
    width: float


def render(model: Model, digest: str, figures: Figures, source: Source) -> str:
    """Return the page."""
    strongest = max((abs(bits) for levels in model.levels.values() for bits in levels.values()), default=1.0) or 1.0
    page = _environment().get_template("model_report.html")
    return page.render(
        model=model,
        digest=digest,
        source=source,
        figures=figures,
        traits=[
            (TRAIT_NAMES[trait], [_bar(weight, strongest) for weight in found])
            for trait, found in weights(model).items()
        ],
        interactions=interactions(model, _MOST_INTERACTIONS),
        causes=[cause for cause in figures.causes if cause.apart + cause.review + cause.wrong][:_MOST_CAUSES],
        calibration=_calibration_marks(figures.bins),
        calibration_ticks=[Tick(_odds_x(share), _odds_label(share)) for share in _ODDS],
        calibration_rows=[Tick(_odds_y(share), _odds_label(share)) for share in _ODDS],
        curve=_curve(figures.points),
        recall_ticks=[Tick(_recall_x(share), percent(share, 0)) for share in (0.8, 0.85, 0.9, 0.95, 1.0)],
        error_rows=[Tick(_error_y(10.0**-power), _one_in(10**power)) for power in range(1, 6)],
        shipped_mark=(
            _recall_x(figures.shipped.recall),
            _error_y(figures.shipped.wrong.count / max(1, figures.shipped.wrong.total)),
        ),
        sentences=SENTENCES,
        box=(_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM),
    )


def as_json(model: Model, digest: str, figures: Figures, source: Source) -> str:
    """Return the same figures for programs."""
    content = {
        "version": model.version,
        "model": digest,
        "file": source.name,
        "file_digest": source.digest,
        "figures": asdict(figures) | {"at_precision": _by_precision(figures)},
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _by_precision(figures: Figures) -> dict[str, Any]:
    return {
        f"{precision:g}": None if point is None else asdict(point)
        for precision, point in figures.at_precision.items()
    }


def summary(figures: Figures) -> list[str]:
    """Return the figures that matter most, a sentence each."""
    shipped, grouped = figures.shipped, figures.grouped
    lines = [
        f"{_many(figures.records, 'identité', 'identités')}, "
        f"{_many(figures.true_pairs, 'vraie paire', 'vraies paires')}, "
        f"{_many(figures.candidates, 'paire comparée', 'paires comparées')} ; "
        f"rappel des clés {percent(figures.blocking_recall, 2)}.",
        f"Meilleur F1 {decimal(figures.best_f1, 4)} (score {_bits(figures.best.threshold)}).",
    ]
    for precision, point in figures.at_precision.items():
        found = "jamais atteinte" if point is None else f"rappel {percent(point.recall, 2)}"
        lines.append(f"Précision {percent(precision, 2)} : {found}.")
    lines += [
        f"Aux seuils du modèle : liens faux {_wrong(shipped.wrong)}, rappel {percent(shipped.recall, 2)} ; "
        f"avec la revue {percent(shipped.with_review, 2)}, "
        f"{decimal(shipped.reviews_per_100, 1)} {noun(shipped.reviews_per_100, 'revue', 'revues')} pour 100 vraies "
        "paires.",
        f"Personnes : {decimal(grouped.mixed_per_100000, 1)} "
        f"{noun(grouped.mixed_per_100000, 'mélangée', 'mélangées')} sur 100 000, rappel des paires "
        f"{percent(grouped.recall, 2)}.",
    ]
    return lines


def _many(number: int, one: str, many: str) -> str:
    return f"{_whole(number)} {noun(number, one, many)}"


def _wrong(share: Share) -> str:
    """Say how many links are false, and how frequent they may be."""
    seen = f"{_whole(share.count) if share.count else 'aucun'} sur {_whole(share.total)}"
    return f"{seen} (au plus {_one_in(1 / share.high)} avec 95\u00a0% de confiance)"


def _one_in(rate: float) -> str:
    return f"1 sur {_whole(round(rate))}"


def _day(text: str) -> str:
    """Write a day as French does; a text that is none stays as it is."""
    try:
        return date.fromisoformat(text).strftime("%d/%m/%Y")
    except ValueError:
        return text


def _whole(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\u202f").replace("-", "−")


def _bits(number: float) -> str:
    return f"{number:+.2f}".replace(".", ",").replace("-", "−")


def percent(share: float, digits: int = 2) -> str:
    """Write a share as a percentage, with as many more decimals as it takes not to round it to 0 or to all."""
    # 99,996 % must not read as 100 %, nor 0,004 % as 0 %.
    while digits < 6 and 0 < min(share, 1 - share) < 0.5 * 10.0 ** -(digits + 2):
        digits += 1
    return f"{decimal(100 * share, digits)}\u00a0%"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hub", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "noun": noun,
        "whole": _whole,
        "decimal": decimal,
        "bits": _bits,
        "percent": percent,
        "wrong": _wrong,
        "one_in": _one_in,
        "day": _day,
        "trait": lambda name: " × ".join(TRAIT_NAMES[part] for part in name.split("×")),
        "points": lambda marks: Markup(" ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in marks)),  # noqa: S704 - numbers
    }
    return environment


_ODDS = (1e-4, 1e-2, 0.5, 0.99, 0.9999)


def _odds_label(share: float) -> str:
    return percent(share, 2 if share in (1e-4, 0.9999) else 0)


def _odds(share: float) -> float:
    if share <= 0:
        return -_FARTHEST
    if share >= 1:
        return _FARTHEST
    return max(-_FARTHEST, min(_FARTHEST, math.log2(share / (1 - share))))


def _odds_x(share: float) -> float:
    return round(_LEFT + (_odds(share) + _FARTHEST) / (2 * _FARTHEST) * (_RIGHT - _LEFT), 1)


def _odds_y(share: float) -> float:
    return round(_BOTTOM - (_odds(share) + _FARTHEST) / (2 * _FARTHEST) * (_BOTTOM - _TOP), 1)


def _calibration_marks(bins: Sequence[Bin]) -> list[Mark]:
    return [
        Mark(
            _odds_x(one.predicted),
            _odds_y(one.observed.count / max(1, one.observed.total)),
            _odds_y(one.observed.low),
            _odds_y(one.observed.high),
        )
        for one in bins
    ]


def _recall_x(recall: float) -> float:
    return round(_LEFT + max(0.0, recall - 0.8) / 0.2 * (_RIGHT - _LEFT), 1)


def _error_y(rate: float) -> float:
    # From 1 in 10 at the bottom to 1 in 100,000 at the top.
    power = min(5.0, max(1.0, -math.log10(rate))) if rate > 0 else 5.0
    return round(_BOTTOM - (power - 1) / 4 * (_BOTTOM - _TOP), 1)


def _curve(points: Sequence[Point]) -> list[Mark]:
    shown = [point for point in points if point.recall >= 0.8 and point.precision >= 0.9]
    return [Mark(_recall_x(point.recall), _error_y(1 - point.precision), 0, 0) for point in shown]


def _bar(weight: Weight, strongest: float) -> Bar:
    width = round(abs(weight.bits) / strongest * 50, 1)
    return Bar(weight, 50 if weight.bits >= 0 else round(50 - width, 1), width)
