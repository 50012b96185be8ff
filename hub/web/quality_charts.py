"""An indicator's days as a line to draw: where each point, tick and label stands; a template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.vigilance import wording
from hub.vigilance.indicators import Unit
from hub.vigilance.trends import Point

WIDTH, HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 30
_STEPS = (1, 2, 2.5, 5, 10)


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
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def chart(points: Sequence[Point]) -> Chart | None:
    """Lay out a series; None when no day has a value."""
    found = [(point.day, amount) for point in points if (amount := wording.amount(point.figure)) is not None]
    if not found:
        return None
    top = _ceiling(max(amount for _, amount in found))
    first, last = found[0][0], found[-1][0]
    days = max((last - first).days, 1)
    inner, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def place(day: date, amount: float) -> tuple[float, float]:
        return (
            round(_LEFT + inner * (day - first).days / days, 1),
            round(_TOP + height * (1 - amount / top), 1),
        )

    placed = tuple(place(day, amount) for day, amount in found)
    unit = points[-1].figure.indicator.unit
    up = tuple(Tick(place(first, top * part / 4)[1], _label(top * part / 4, unit)) for part in (0, 2, 4))
    across = tuple(Tick(place(day, 0)[0], f"{day:%d/%m/%y}") for day in dict.fromkeys((first, last)))
    return Chart(" ".join(f"{x},{y}" for x, y in placed), placed, across, up, _words(points))


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


def _label(amount: float, unit: Unit) -> str:
    text = f"{amount:.4g}".replace(".", ",")
    if unit is Unit.COUNT:
        return wording.number(round(amount)) if amount >= 10 else text
    return f"{text} h" if unit.is_delay else f"{text} %"


def _words(points: Sequence[Point]) -> str:
    first, last = points[0], points[-1]
    told = wording.evolution([point.figure for point in points])
    if first is last:
        return f"Le {first.day:%d/%m/%Y} : {wording.figure(first.figure)}. {told}"
    return (
        f"De {wording.figure(first.figure)} le {first.day:%d/%m/%Y} "
        f"à {wording.figure(last.figure)} le {last.day:%d/%m/%Y}. {told}"
    )
