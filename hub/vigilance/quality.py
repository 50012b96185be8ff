"""The numbers of quality at a moment, of the region and of each structure, and the rows behind each number.

All numbers of one subject come from one question, whatever the number of structures: six questions make a dashboard.
A task about two structures counts for both, and once for the region.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from hub.errors import NotFound
from hub.registry.tables import (
    CorrectionRequest,
    IdentificationRequest,
    LinkageDecision,
    ReviewTask,
    SourceIdentity,
)
from hub.vigilance.indicators import BY_CODE, INDICATORS, Indicator, Subject, Unit, base

_KEYS: Mapping[Subject, Any] = {
    Subject.IDENTITY: SourceIdentity.id,
    Subject.PERSON: SourceIdentity.person_id,
    Subject.TASK: ReviewTask.id,
    Subject.VERDICT: ReviewTask.id,
    Subject.MATCHING: LinkageDecision.id,
    Subject.CORRECTION: CorrectionRequest.id,
}
# Each of these rows is of one structure: the region is their sum.
_OF_ONE_STRUCTURE = frozenset({Subject.IDENTITY, Subject.MATCHING, Subject.CORRECTION})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number: rows counted, among how many. Of a delay: seconds, over how many rows."""

    indicator: Indicator
    numerator: int
    denominator: int | None

    @property
    def share(self) -> float | None:
        """Return the share, from 0 to 1; None when there is nothing to take a share of."""
        if self.indicator.unit is not Unit.SHARE or not self.denominator:
            return None
        return self.numerator / self.denominator

    @property
    def delay(self) -> timedelta | None:
        """Return the delay; None when nothing was decided."""
        return timedelta(seconds=self.numerator) if self.indicator.unit.is_delay and self.denominator else None

    @property
    def rows(self) -> int:
        """Return how many rows the list behind has."""
        return (self.denominator or 0) if self.indicator.unit.is_delay else self.numerator


Figures = Mapping[str, Figure]
"""The figures of one place, by the code of their indicator."""
Measured = tuple[int | None, tuple[Figure, ...]]
"""A place, None for the region, and some of its figures."""


def by_code(code: str) -> Indicator:
    """Return an indicator; raise `NotFound`."""
    if code not in BY_CODE:
        raise NotFound("Cet indicateur n'existe pas.")
    return BY_CODE[code]


def measure(session: Session, moment: datetime) -> dict[int | None, Figures]:
    """Measure every indicator, for the region (None) and for each structure that has rows."""
    found: dict[int | None, dict[str, Figure]] = defaultdict(dict)
    for subject in Subject:
        ask = {Subject.PERSON: _persons, Subject.VERDICT: _delays}.get(subject, _counts)
        for organization_id, figures in ask(session, subject, moment):
            found[organization_id] |= {figure.indicator.code: figure for figure in figures}
    return {place: _complete(figures) for place, figures in found.items()}


def key_of(subject: Subject) -> Any:
    """Return what tells a subject's rows apart."""
    return _KEYS[subject]


def nothing() -> Figures:
    """Return the figures of a place without rows."""
    return _complete({})


def _complete(figures: Mapping[str, Figure]) -> Figures:
    return {item.code: figures.get(item.code) or _figure(item, 0, 0) for item in INDICATORS}


def _figure(indicator: Indicator, numerator: int, denominator: int) -> Figure:
    return Figure(indicator, numerator, None if indicator.unit is Unit.COUNT else denominator)


def _of(subject: Subject) -> tuple[Indicator, ...]:
    return tuple(indicator for indicator in INDICATORS if indicator.subject is subject)


def _counts(session: Session, subject: Subject, moment: datetime) -> Iterator[Measured]:
    """Count rows by structure and by what holds of them: one pass, and no row leaves the database."""
    indicators = _of(subject)
    place, joined = by_structure(subject, moment)
    holds = _holds(indicators, moment)
    each = joined(sa.select(place.label("place"), holds)).where(base(subject, moment))
    query = _grouped(each)
    totals: dict[int | None, Counter[int]] = defaultdict(Counter)
    for organization_id, held, count in session.execute(query):
        totals[organization_id][held] += count
        if subject in _OF_ONE_STRUCTURE:
            totals[None][held] += count
    if subject not in _OF_ONE_STRUCTURE:
        region = _grouped(sa.select(sa.null().label("place"), holds).where(base(subject, moment)))
        totals[None] = Counter({held: count for _, held, count in session.execute(region)})
    for organization_id, counts in totals.items():
        every = counts.total()
        yield (
            organization_id,
            tuple(
                _figure(item, sum(count for held, count in counts.items() if held >> bit & 1), every)
                for bit, item in enumerate(indicators)
            ),
        )


def _grouped(each: sa.Select[*tuple[Any, ...]]) -> sa.Select[int | None, int, int]:
    """Count rows alike. Materialised: the conditions are else worked out twice, to select and to group."""
    rows = each.cte("each").prefix_with("MATERIALIZED")
    return sa.select(rows.c.place, rows.c.holds, sa.func.count()).group_by(rows.c.place, rows.c.holds)


def _holds(indicators: Sequence[Indicator], moment: datetime) -> sa.ColumnElement[int]:
    """Write which indicators count a row, one bit each."""
    bits: sa.ColumnElement[int] = sa.literal(0, sa.BigInteger)
    for bit, item in enumerate(indicators):
        one = sa.literal(1 << bit, sa.BigInteger)
        bits = bits + (one if item.counted is None else sa.case((item.counted(moment), one), else_=0))
    return bits.label("holds")


def _persons(session: Session, subject: Subject, moment: datetime) -> Iterator[Measured]:
    """Count persons: one that two structures know counts for both, and once for the region."""
    number = sa.func.count(sa.distinct(SourceIdentity.person_id))
    place = SourceIdentity.organization_id
    in_structures = sa.select(place, number).where(base(subject, moment)).group_by(place)
    for organization_id, count in session.execute(in_structures):
        yield organization_id, tuple(_figure(item, count, count) for item in _of(subject))
    count = session.scalar(sa.select(number).where(base(subject, moment))) or 0
    yield None, tuple(_figure(item, count, count) for item in _of(subject))


def by_structure(subject: Subject, moment: datetime) -> tuple[Any, Callable[[sa.Select[Any]], sa.Select[Any]]]:
    """Return the structure of a subject's rows, and what a question must be joined with to know it."""
    if subject in (Subject.IDENTITY, Subject.PERSON):
        return SourceIdentity.organization_id, lambda query: query
    if subject is Subject.CORRECTION:
        return CorrectionRequest.organization_id, lambda query: query
    if subject is Subject.MATCHING:
        return SourceIdentity.organization_id, lambda query: query.join(
            SourceIdentity, SourceIdentity.id == LinkageDecision.source_identity_id
        )
    side = _sides(subject, moment)
    return side.c.organization_id, lambda query: query.join(side, side.c.task_id == ReviewTask.id)


def _sides(subject: Subject, moment: datetime) -> sa.Subquery:
    """Name each task of a subject with the structure of either identity, or that asks; each structure once."""
    left, right = aliased(SourceIdentity), aliased(SourceIdentity)
    one = sa.select(ReviewTask.id.label("task_id"), left.organization_id.label("organization_id"))
    other = sa.select(ReviewTask.id, right.organization_id)
    return sa.union(
        one.join(left, left.id == ReviewTask.source_identity_id).where(base(subject, moment)),
        other.join(right, right.id == ReviewTask.candidate_identity_id).where(base(subject, moment)),
        sa.select(ReviewTask.id, IdentificationRequest.organization_id)
        .join(IdentificationRequest, IdentificationRequest.id == ReviewTask.identification_id)
        .where(base(subject, moment)),
    ).subquery("side")


def _delays(session: Session, subject: Subject, moment: datetime) -> Iterator[Measured]:
    left, right = aliased(SourceIdentity), aliased(SourceIdentity)
    query = (
        sa.select(
            ReviewTask.created_at,
            ReviewTask.decided_at,
            sa.func.coalesce(left.organization_id, IdentificationRequest.organization_id),
            right.organization_id,
        )
        .outerjoin(left, left.id == ReviewTask.source_identity_id)
        .outerjoin(right, right.id == ReviewTask.candidate_identity_id)
        .outerjoin(IdentificationRequest, IdentificationRequest.id == ReviewTask.identification_id)
        .where(base(subject, moment))
    )
    seconds: dict[int | None, list[int]] = defaultdict(list)
    for opened, decided, one, other in session.execute(query):
        waited = round((decided - opened).total_seconds()) if decided else 0
        for place in {None, one, other}:
            seconds[place].append(waited)
    for place, every in seconds.items():
        ordered = sorted(every)
        yield (
            place,
            tuple(
                Figure(item, rank(ordered, 0.5 if item.unit is Unit.MEDIAN else 0.9), len(ordered))
                for item in _of(subject)
            ),
        )


def rank(ordered: Sequence[int], share: float) -> int:
    """Return the smallest value that at least this share of the values do not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
