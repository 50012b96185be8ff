"""An indicator's days as a line to draw: where each point, tick and label stands; a template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hub.vigilance import trends, wording
from hub.vigilance.indicators import BY_CODE, Indicator, Unit
from hub.vigilance.trends import Point
from hub.web import quality_words

_SIDE, _TOP, _BOTTOM = 6, 10, 26
# Half of each is a mark too, and stays a round number.
_STEPS = (1, 2, 4, 6, 8, 10)
_HOURS = 24
_IN_DAYS = 48


@dataclass(frozen=True, slots=True)
class Size:
    """How large a drawing is, and a character of it, in its own units."""

    width: int
    height: int
    character: float


CARD, PAGE = Size(240, 150, 7.5), Size(340, 190, 8.5)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn series: its line, its points, both axes, and in words what it shows."""

    line: str
    points: tuple[tuple[float, float], ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    words: str
    size: Size
    left: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Plotted:
    """An indicator's days, drawn and as figures."""

    indicator: Indicator
    points: Sequence[Point]
    chart: Chart | None


_PLOTTED = tuple(BY_CODE[code] for code in ("doublons", "collisions", "statut-qual", "taches"))
_DAYS = 90


def plotted(session: Session, organization_id: int | None) -> list[Plotted]:
    """Return the indicators that a dashboard draws, of a structure or of the region (None), over 90 days."""
    series = trends.trends(session, list(_PLOTTED), organization_id, _DAYS)
    return [Plotted(item, series[item.code], chart(series[item.code], CARD)) for item in _PLOTTED]


def chart(points: Sequence[Point], size: Size = PAGE) -> Chart | None:
    """Lay out a series; None when no day has a value."""
    told = [point for point in points if wording.amount(point.figure) is not None]
    if not told:
        return None
    found = [(point.day, wording.amount(point.figure) or 0.0) for point in told]
    unit = points[-1].figure.indicator.unit
    top = _top(max(amount for _, amount in found), unit)
    first, last = found[0][0], found[-1][0]
    days = max((last - first).days, 1)
    levels = [(part / 2, _label(top * part / 2, top, unit)) for part in (0, 1, 2)]
    left = round(2 * _SIDE + size.character * max(len(label) for _, label in levels))
    right, bottom = size.width - _SIDE, size.height - _BOTTOM

    def place(day: date, amount: float) -> tuple[float, float]:
        return (
            round(left + (right - left) * (day - first).days / days, 1),
            round(_TOP + (bottom - _TOP) * (1 - amount / top), 1),
        )

    placed = tuple(place(day, amount) for day, amount in found)
    up = tuple(Tick(place(first, top * level)[1], label) for level, label in levels)
    across = tuple(Tick(place(day, 0)[0], f"{day:%d/%m/%y}") for day in dict.fromkeys((first, last)))
    line = " ".join(f"{x},{y}" for x, y in placed)
    return Chart(line, placed, across, up, _words(told), size, left, right, bottom)


def _top(highest: float, unit: Unit) -> float:
    """Return the end of the axis: long delays are counted in days, and half a row does not exist."""
    if unit is Unit.COUNT:
        return max(2.0, _ceiling(highest))
    if unit.is_delay and highest >= _IN_DAYS:
        return _HOURS * _ceiling(highest / _HOURS)
    return _ceiling(highest)


def _ceiling(highest: float) -> float:
    """Return a round number that no value exceeds."""
    if highest <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= highest:
        power *= 10
    while power > highest:
        power /= 10
    return next(power * step for step in _STEPS if power * step >= highest)


def _label(amount: float, top: float, unit: Unit) -> str:
    if unit is Unit.COUNT or not amount:
        return wording.number(round(amount))
    if not unit.is_delay:
        return f"{_written(amount)}\u00a0%"
    if top < _IN_DAYS:
        return f"{_written(amount)}\u00a0h"
    return f"{_written(amount / _HOURS)}\u00a0{_('jours')}"


def _written(amount: float) -> str:
    return f"{amount:.4g}".replace(".", ",")


def _words(points: Sequence[Point]) -> str:
    first, last = points[0], points[-1]
    begun = {"first": quality_words.figure(first.figure), "on": f"{first.day:%d/%m/%Y}"}
    if first is last:
        stated = _("Le %(on)s : %(first)s.", **begun)
    else:
        ended = {"last": quality_words.figure(last.figure), "then": f"{last.day:%d/%m/%Y}"}
        stated = _("De %(first)s le %(on)s à %(last)s le %(then)s.", **begun, **ended)
    return f"{stated} {quality_words.evolution([point.figure for point in points])}"
