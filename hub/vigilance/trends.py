"""What each indicator was, day after day: measured once a day by the worker, kept, read back as a series.

Measuring a day again replaces it. After a year the last day of each month is enough and stays.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.outbox import queue
from hub.outbox.queue import Job
from hub.vigilance import quality
from hub.vigilance.indicators import BY_CODE, Indicator
from hub.vigilance.quality import Figure, Figures
from hub.vigilance.tables import QualityDay

KIND = "quality-day"
PARIS = ZoneInfo("Europe/Paris")
DAILY = timedelta(days=400)
"""For how long each day is kept; then the last one of each month."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The figures of one day, of the region (None) and of the structures."""

    day: date
    places: Mapping[int | None, Figures]


@dataclass(frozen=True, slots=True)
class Point:
    """An indicator on a day."""

    day: date
    figure: Figure


def day_of(moment: datetime) -> date:
    """Return the day it is in Paris."""
    return moment.astimezone(PARIS).date()


def propose(session: Session) -> bool:
    """Enqueue this day's job unless it was; tell whether it was enqueued."""
    day = day_of(db.now(session)).isoformat()
    return queue.enqueue(session, KIND, {}, dedupe_key=f"{KIND}:{day}")


def measure_day(job: Job, way_out: object) -> Callable[[Session], None]:
    """Do the job: measure while nobody waits, keep the numbers with its end."""
    with db.reading() as session:
        taken = take(session)
    return partial(keep, taken=taken)


def take(session: Session) -> Snapshot:
    """Measure now, without keeping anything."""
    moment = db.now(session)
    return Snapshot(day_of(moment), quality.measure(session, moment))


def keep(session: Session, taken: Snapshot) -> None:
    """Keep a day in place of what was kept of it."""
    db.serialise(session, KIND)
    day = taken.day.isoformat()
    session.execute(sa.delete(QualityDay).where(QualityDay.day == day).execution_options(synchronize_session=False))
    values = [
        {
            "day": day,
            "organization_id": place,
            "indicator": figure.indicator.code,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
        }
        for place, figures in taken.places.items()
        for figure in figures.values()
        if figure.indicator.is_kept
    ]
    session.execute(sa.insert(QualityDay), values)
    _thin(session, taken.day - DAILY)


def _thin(session: Session, limit: date) -> None:
    """Leave of each month long ago its last day only."""
    days = (
        sa.select(QualityDay.day)
        .where(QualityDay.organization_id.is_(None), QualityDay.day < limit.isoformat())
        .distinct()
        .order_by(QualityDay.day)
    )
    last_of: dict[str, str] = {}
    found = list(session.scalars(days))
    for day in found:
        last_of[day[:7]] = day
    over = [day for day in found if day not in last_of.values()]
    if over:
        session.execute(
            sa.delete(QualityDay).where(QualityDay.day.in_(over)).execution_options(synchronize_session=False)
        )


def series(session: Session, indicator: Indicator, organization_id: int | None, days: int) -> list[Point]:
    """Return an indicator of a place, day after day, over the last `days`."""
    return trends(session, [indicator], organization_id, days)[indicator.code]


def trends(
    session: Session, indicators: list[Indicator], organization_id: int | None, days: int
) -> dict[str, list[Point]]:
    """Return several indicators of a place, day after day, over the last `days`."""
    first = day_of(db.now(session)) - timedelta(days=days)
    query = (
        sa.select(QualityDay.indicator, QualityDay.day, QualityDay.numerator, QualityDay.denominator)
        .where(_of(organization_id), QualityDay.day >= first.isoformat())
        .where(QualityDay.indicator.in_([indicator.code for indicator in indicators]))
        .order_by(QualityDay.day)
    )
    found: dict[str, list[Point]] = {indicator.code: [] for indicator in indicators}
    for code, day, numerator, denominator in session.execute(query):
        found[code].append(Point(date.fromisoformat(day), Figure(BY_CODE[code], numerator, denominator)))
    return found


def _of(organization_id: int | None) -> sa.ColumnElement[bool]:
    if organization_id is None:
        return QualityDay.organization_id.is_(None)
    return QualityDay.organization_id == organization_id


def last_days(session: Session, months: int) -> list[str]:
    """Return the last day measured of each of the latest months, latest first."""
    last = sa.func.max(QualityDay.day)
    query = (
        sa.select(last)
        .where(QualityDay.organization_id.is_(None))
        .group_by(sa.func.substr(QualityDay.day, 1, 7))
        .order_by(last.desc())
        .limit(months)
    )
    return list(session.scalars(query))


def last_of_month(session: Session, month: str) -> Snapshot | None:
    """Return what was kept on the last day measured of a month (AAAA-MM), if any was."""
    day = session.scalar(
        sa.select(sa.func.max(QualityDay.day)).where(
            QualityDay.organization_id.is_(None), QualityDay.day.between(f"{month}-01", f"{month}-31")
        )
    )
    return _kept(session, day, sa.true()) if day is not None else None


def latest(session: Session, organization_id: int) -> Snapshot | None:
    """Return what was kept on the last day measured of one structure and of the region, if any was."""
    day = session.scalar(sa.select(sa.func.max(QualityDay.day)).where(QualityDay.organization_id.is_(None)))
    return _kept(session, day, sa.or_(_of(organization_id), _of(None))) if day is not None else None


def _kept(session: Session, day: str, which: sa.ColumnElement[bool]) -> Snapshot:
    places: dict[int | None, dict[str, Figure]] = defaultdict(dict)
    for row in session.execute(
        sa.select(
            QualityDay.organization_id, QualityDay.indicator, QualityDay.numerator, QualityDay.denominator
        ).where(QualityDay.day == day, which)
    ):
        # An indicator of a former version is left out.
        if row.indicator in BY_CODE:
            figure = Figure(BY_CODE[row.indicator], row.numerator, row.denominator)
            places[row.organization_id][row.indicator] = figure
    return Snapshot(date.fromisoformat(day), dict(places))
