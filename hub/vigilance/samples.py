"""Read some pairs again, blind: how many automatic links are false, and whether two officers decide alike.

A draw orders the pairs by a hash of its seed, and takes the first: whoever has the seed finds the same pairs again.
Links undone since are drawn too: leaving them out would hide the false ones. A reader sees both sides as they were
when the pair was decided, never what was decided, and never a pair that they decided themselves.
"""

import hashlib
import heapq
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub import db
from hub.audit.trail import Actor, Entry, Subject, Trail
from hub.errors import Conflict, Invalid, NotFound
from hub.registry import history, identities, tasks, worklist
from hub.registry.tables import (
    DistinctPair,
    LinkageDecision,
    PersonOperation,
    ReviewTask,
    SourceIdentity,
    SourceIdentityRevision,
)
from hub.registry.tasks import TaskKind, TaskState
from hub.vigilance import wording
from hub.vigilance.tables import Sample, SampleItem
from identity import linkage
from identity.decision import Outcome
from identity.intervals import Agreement, Rate, rate
from identity.linkage import IdentityRecord, PairAssessment
from identity.model import Model

MOST_PAIRS = 10_000
REASON = "sample-different"
_CHUNK = 5000


class SampleKind(StrEnum):
    """What is read again: links that the matching made alone, or pairs that an officer decided."""

    LINKS = "links"
    VERDICTS = "verdicts"


class Answer(StrEnum):
    """What a reader says of a pair."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Request:
    """A draw to make: how many pairs, decided since when."""

    kind: SampleKind
    size: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample as listed: how it was drawn and how far its reading came."""

    id: int
    kind: SampleKind
    seed: str
    since: datetime
    until: datetime
    population: int
    size: int
    drawn_by: int
    drawn_at: datetime
    read: int
    different: int
    unsure: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair to read: both sides as they were decided, and nothing of what was decided."""

    id: int
    sample_id: int
    rank: int
    left: IdentityRecord
    right: IdentityRecord
    assessment: PairAssessment


@dataclass(frozen=True, slots=True)
class Reading:
    """What an officer says of a pair, and why."""

    item_id: int
    answer: Answer
    reason: str
    staff_id: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair on which both readings differ: for the officers to discuss."""

    item_id: int
    rank: int
    first: Answer
    first_by: int | None
    second: Answer
    second_by: int
    reason: str
    task_id: int | None
    opened_task_id: int | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A pair that may be drawn."""

    key: int
    left_id: int
    right_id: int
    seen_at: datetime
    first: Answer
    first_by: int | None


def draw(session: Session, request: Request, staff_id: int, trail: Trail, actor: Actor) -> int:
    """Draw a sample and keep it; return its id. Raise `Invalid` when there is nothing to draw."""
    if not 1 <= request.size <= MOST_PAIRS:
        raise Invalid(f"Tirez de 1 à {wording.number(MOST_PAIRS)} paires.", "size")
    moment = db.now(session)
    seed = secrets.token_hex(8)
    population, chosen = _first(session, request, moment, seed)
    if not chosen:
        raise Invalid("Rien n'a été décidé depuis cette date : choisissez une date plus ancienne.", "since")
    row = Sample(
        kind=request.kind.value,
        seed=seed,
        since=request.since,
        until=moment,
        population=population,
        size=len(chosen),
        drawn_by=staff_id,
        drawn_at=moment,
    )
    session.add(row)
    session.flush()  # the pairs name their sample
    for number, item in enumerate(chosen, start=1):
        of_links = request.kind is SampleKind.LINKS
        session.add(
            SampleItem(
                sample_id=row.id,
                rank=number,
                left_id=item.left_id,
                right_id=item.right_id,
                seen_at=item.seen_at,
                decision_id=item.key if of_links else None,
                task_id=None if of_links else item.key,
                first=item.first.value,
                first_by=item.first_by,
            )
        )
    detail: dict[str, str | int | bool | None] = {"kind": request.kind.value, "size": len(chosen), "seed": seed}
    trail.record(session, Entry(actor, "sample.draw", Subject("sample", row.id), detail))
    return row.id


def drawn_again(session: Session, sample_id: int) -> bool:
    """Draw with the kept seed and tell whether the same pairs come out, in the same order."""
    row = _sample(session, sample_id)
    request = Request(SampleKind(row.kind), row.size, row.since)
    _, chosen = _first(session, request, row.until, row.seed)
    kept = session.execute(
        sa.select(SampleItem.left_id, SampleItem.right_id)
        .where(SampleItem.sample_id == sample_id)
        .order_by(SampleItem.rank)
    ).all()
    return [(item.left_id, item.right_id) for item in chosen] == [tuple(pair) for pair in kept]


def _first(session: Session, request: Request, until: datetime, seed: str) -> tuple[int, list[_Candidate]]:
    """Return how many pairs there are, and the first ones in the order of the seed."""
    among = _links if request.kind is SampleKind.LINKS else _verdicts
    count = 0

    def counted() -> Iterator[_Candidate]:
        nonlocal count
        for item in among(session, request.since, until):
            count += 1
            yield item

    chosen = heapq.nsmallest(request.size, counted(), key=lambda item: _place(seed, item.key))
    return count, chosen


def _place(seed: str, key: int) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()


def _links(session: Session, since: datetime, until: datetime) -> Iterator[_Candidate]:
    """Yield the links that the matching made alone: with a score, which a professional's choice has not."""
    other = LinkageDecision.explanation[("considered", 0, "identity_id")].as_string()
    query = (
        sa.select(LinkageDecision.id, LinkageDecision.source_identity_id, other, LinkageDecision.decided_at)
        .where(
            LinkageDecision.outcome == Outcome.LINK.value,
            LinkageDecision.score.is_not(None),
            LinkageDecision.decided_at >= since,
            LinkageDecision.decided_at <= until,
        )
        .order_by(LinkageDecision.id)
    )
    seen: set[tuple[int, int]] = set()
    for key, identity_id, other_id, decided_at in session.execute(query.execution_options(yield_per=_CHUNK)):
        pair = (identity_id, int(other_id)) if other_id and str(other_id).isdigit() else None
        # An identity sent again is decided again: its pair is drawn at most once.
        if pair is None or pair in seen or pair[0] == pair[1]:
            continue
        seen.add(pair)
        yield _Candidate(key, *pair, decided_at, Answer.SAME, None)


def _verdicts(session: Session, since: datetime, until: datetime) -> Iterator[_Candidate]:
    """Yield the pairs of identities that an officer decided."""
    query = (
        sa.select(ReviewTask)
        .where(
            ReviewTask.state != TaskState.OPEN.value,
            ReviewTask.kind.in_((TaskKind.DUPLICATE.value, TaskKind.MARGIN.value, TaskKind.COLLISION.value)),
            ReviewTask.source_identity_id != ReviewTask.candidate_identity_id,
            ReviewTask.decided_by.is_not(None),
            ReviewTask.decided_at >= since,
            ReviewTask.decided_at <= until,
        )
        .order_by(ReviewTask.id)
    )
    for row in session.scalars(query):
        yield _Candidate(
            row.id,
            row.source_identity_id,
            row.candidate_identity_id,
            row.decided_at or until,
            Answer(row.state),
            row.decided_by,
        )


def every(session: Session) -> list[Drawn]:
    """Return the samples, latest first."""
    return [_drawn(session, row) for row in session.scalars(sa.select(Sample).order_by(Sample.id.desc()).limit(200))]


def by_id(session: Session, sample_id: int) -> Drawn:
    """Return a sample; raise `NotFound`."""
    return _drawn(session, _sample(session, sample_id))


def _sample(session: Session, sample_id: int) -> Sample:
    row = session.get(Sample, sample_id)
    if row is None:
        raise NotFound("Cet échantillon n'existe pas.")
    return row


def _drawn(session: Session, row: Sample) -> Drawn:
    query = (
        sa.select(SampleItem.answer, sa.func.count())
        .where(SampleItem.sample_id == row.id, SampleItem.answer.is_not(None))
        .group_by(SampleItem.answer)
    )
    answers = dict(session.execute(query).all())
    return Drawn(
        row.id, SampleKind(row.kind), row.seed, row.since, row.until, row.population, row.size, row.drawn_by,
        row.drawn_at, sum(answers.values()), answers.get(Answer.DIFFERENT.value, 0),
        answers.get(Answer.UNSURE.value, 0),
    )  # fmt: skip


def next_for(session: Session, sample_id: int, staff_id: int) -> int | None:
    """Return the next pair of a sample that this officer may read, if any is left."""
    return next(
        (item.id for item in session.scalars(_unread(sample_id)) if not _decided(session, item, staff_id)), None
    )


def left_for_others(session: Session, sample_id: int) -> int:
    """Return how many pairs of a sample nobody has read yet."""
    return session.scalar(_unread(sample_id).order_by(None).with_only_columns(sa.func.count())) or 0


def _unread(sample_id: int) -> sa.Select[SampleItem]:
    query = sa.select(SampleItem).where(SampleItem.sample_id == sample_id, SampleItem.answer.is_(None))
    return query.order_by(SampleItem.rank)


def _decided(session: Session, item: SampleItem, staff_id: int) -> bool:
    """Tell whether an officer decided this pair, one way or another."""
    pair = (item.left_id, item.right_id)
    by_task = sa.select(ReviewTask.id).where(
        ReviewTask.decided_by == staff_id,
        ReviewTask.source_identity_id.in_(pair),
        ReviewTask.candidate_identity_id.in_(pair),
    )
    by_ruling = sa.select(DistinctPair.low_id).where(
        DistinctPair.low_id == min(pair), DistinctPair.high_id == max(pair), DistinctPair.decided_by == staff_id
    )
    by_operation = sa.select(PersonOperation.id).where(
        PersonOperation.task_id.in_(
            sa.select(ReviewTask.id).where(
                ReviewTask.source_identity_id.in_(pair), ReviewTask.candidate_identity_id.in_(pair)
            )
        ),
        sa.or_(PersonOperation.proposed_by == staff_id, PersonOperation.approved_by == staff_id),
    )
    read_before = sa.select(SampleItem.id).where(
        SampleItem.read_by == staff_id, SampleItem.left_id.in_(pair), SampleItem.right_id.in_(pair)
    )
    if item.first_by == staff_id:
        return True
    return any(
        session.scalar(query.limit(1)) is not None for query in (by_task, by_ruling, by_operation, read_before)
    )


def pair(session: Session, item_id: int, staff_id: int, model: Model) -> Pair:
    """Return a pair to read, as it was decided; raise `NotFound`, or `Conflict` when it is not for this officer."""
    item = session.get(SampleItem, item_id)
    if item is None:
        raise NotFound("Cette paire n'existe pas.")
    _check_readable(session, item, staff_id)
    left, right = (_as_of(session, one, item.seen_at) for one in (item.left_id, item.right_id))
    return Pair(item.id, item.sample_id, item.rank, left, right, linkage.compare_records(left, right, model))


def _check_readable(session: Session, item: SampleItem, staff_id: int) -> None:
    if item.answer is not None:
        raise Conflict("Cette paire vient d'être lue : passez à la suivante.")
    if _decided(session, item, staff_id):
        raise Conflict("Vous avez déjà décidé de cette paire : un autre agent doit la lire.")


def _as_of(session: Session, identity_id: int, moment: datetime) -> IdentityRecord:
    """Return what an identity held at a moment."""
    query = (
        sa.select(SourceIdentityRevision.version)
        .where(SourceIdentityRevision.source_identity_id == identity_id, SourceIdentityRevision.replaced_at > moment)
        .order_by(SourceIdentityRevision.version)
        .limit(1)
    )
    version = session.scalar(query)
    if version is None:
        return identities.by_id(session, identity_id).as_record()
    return history.record_at(session, identity_id, version)


def answer(session: Session, reading: Reading, trail: Trail, actor: Actor) -> int:
    """Keep a reading; a link found false opens a task of collision. Return the sample.

    Raise `Invalid` without a reason, `Conflict` when another officer was faster or the pair is not for this one.
    """
    reason = worklist.cleaned_reason(reading.reason)
    item = session.get(SampleItem, reading.item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("Cette paire n'existe pas.")
    _check_readable(session, item, reading.staff_id)
    item.answer = reading.answer.value
    item.reason = reason
    item.read_by = reading.staff_id
    item.read_at = db.now(session)
    if item.decision_id is not None and reading.answer is Answer.DIFFERENT:
        item.opened_task_id = _open_task(session, item)
    detail: dict[str, str | int | bool | None] = {"sample": item.sample_id, "opened": item.opened_task_id}
    # The trail says that the pair was read; the answer is in the sample, where only its results show it.
    trail.record(session, Entry(actor, "sample.read", Subject("sample_item", item.id), detail))
    return item.sample_id


def _open_task(session: Session, item: SampleItem) -> int | None:
    """Ask the officers about a link found false, unless it was undone since."""
    persons = session.execute(
        sa.select(SourceIdentity.person_id).where(SourceIdentity.id.in_((item.left_id, item.right_id)))
    ).all()
    if len(set(persons)) > 1:
        return None
    decision = session.get_one(LinkageDecision, item.decision_id)
    return tasks.open_collision(session, (item.left_id, item.right_id), decision.score or 0.0, [REASON])


def false_links(session: Session, sample_id: int) -> Rate:
    """Return the rate of false links among the pairs that a reader could tell."""
    found = by_id(session, sample_id)
    return rate(found.different, found.read - found.unsure)


def agreement(session: Session, sample_id: int) -> Agreement:
    """Return how the second readings agree with the first; pairs that the reader could not tell are left out."""
    query = (
        sa.select(SampleItem.first, SampleItem.answer, sa.func.count())
        .where(SampleItem.sample_id == sample_id, SampleItem.answer.in_((Answer.SAME.value, Answer.DIFFERENT.value)))
        .group_by(SampleItem.first, SampleItem.answer)
    )
    found: dict[tuple[str, Any], int] = {(first, second): count for first, second, count in session.execute(query)}
    same, different = Answer.SAME.value, Answer.DIFFERENT.value
    return Agreement(
        found.get((same, same), 0),
        found.get((same, different), 0),
        found.get((different, same), 0),
        found.get((different, different), 0),
    )


def disagreements(session: Session, sample_id: int) -> list[Disagreement]:
    """Return the pairs read otherwise than they were decided, or that the reader could not tell."""
    query = (
        sa.select(SampleItem)
        .where(
            SampleItem.sample_id == sample_id, SampleItem.answer.is_not(None), SampleItem.answer != SampleItem.first
        )
        .order_by(SampleItem.rank)
    )
    return [
        Disagreement(
            row.id, row.rank, Answer(row.first), row.first_by, Answer(row.answer or ""), row.read_by or 0,
            row.reason or "", row.task_id, row.opened_task_id,
        )
        for row in session.scalars(query)
    ]  # fmt: skip
