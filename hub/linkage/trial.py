"""Try a model on the identities of the index: what it would decide where another one decided. Nothing is kept."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import candidates, decisions, identities
from hub.registry.tables import SourceIdentity
from hub.registry.values import StoredIdentity
from identity.decision import Outcome
from identity.linkage import Decision
from identity.model import Model

_MOST_SHOWN = 10
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a model decides about an identity, and with which person."""

    outcome: Outcome
    person_id: int | None


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """An identity about which two models decide differently; `person_id` is its person today."""

    identity_id: int
    person_id: int
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """How many identities of the sample go from one outcome to another."""

    tried: int
    outcomes: Mapping[tuple[Outcome, Outcome], int]
    other_person: int
    """Linked or shown to an officer by both models, but with another person."""
    changes: tuple[ChangedDecision, ...]
    """Some of the identities whose decision changes."""

    @property
    def changed(self) -> int:
        """Return how many decisions change."""
        return self.other_person + sum(count for (old, new), count in self.outcomes.items() if old is not new)

    @property
    def examples(self) -> tuple[int, ...]:
        """Return the ids of the identities of `changes`."""
        return tuple(change.identity_id for change in self.changes)


def try_out(
    session: Session,
    present: Model,
    proposed: Model,
    sample: int,
    report: Callable[[], object],
    is_over: Callable[[], bool] = lambda: False,
) -> Trial:
    """Decide again each identity of a sample spread over the index, with both models.

    `report` is called for each identity; once `is_over` says so the trial ends with what was tried, spread as well.
    """
    outcomes: Counter[tuple[Outcome, Outcome]] = Counter()
    tried, other_person = 0, 0
    changes: list[ChangedDecision] = []
    for identity, old, new in _decided(session, present, proposed, sample):
        tried += 1
        outcomes[old.outcome, new.outcome] += 1
        other_person += old.outcome is new.outcome and old.person_id != new.person_id
        if old != new and len(changes) < _MOST_SHOWN:
            changes.append(ChangedDecision(identity.id, identity.person_id, old, new))
        report()
        if is_over():
            break
    return Trial(tried, outcomes, other_person, tuple(changes))


def _decided(
    session: Session, present: Model, proposed: Model, sample: int
) -> Iterator[tuple[StoredIdentity, Verdict, Verdict]]:
    for identity in _spread(session, sample):
        found = candidates.find(session, identity.traits, leave_out=identity.id)
        separated = candidates.separated_persons(session, [identity.id])
        record = identity.as_record()
        old, new = (_verdict(decisions.decide(record, found, model, separated)) for model in (present, proposed))
        yield identity, old, new


def _verdict(decision: Decision) -> Verdict:
    return Verdict(decision.outcome, int(decision.person_id) if decision.person_id is not None else None)


def _spread(session: Session, sample: int) -> Iterator[StoredIdentity]:
    """Yield active identities spread over the ids, the same each time; the first ones are as spread as all."""
    first, last = session.execute(sa.select(sa.func.min(SourceIdentity.id), sa.func.max(SourceIdentity.id))).one()
    if first is None:
        return
    query = sa.select(SourceIdentity).where(SourceIdentity.active).order_by(SourceIdentity.id).limit(1)
    seen: set[int] = set()
    for rank in _scattered(sample):
        start = first + (last - first + 1) * rank // sample
        found = identities.select_values(session, query.where(SourceIdentity.id >= start))
        if found and found[0].id not in seen:
            seen.add(found[0].id)
            yield found[0]


def _scattered(count: int) -> Iterator[int]:
    """Yield the numbers below `count`, each far from the ones before it (multiples of the golden ratio)."""
    step = next(step for step in range(max(1, round(count * _GOLDEN)), 2 * count + 1) if math.gcd(step, count) == 1)
    return (rank * step % count for rank in range(count))
