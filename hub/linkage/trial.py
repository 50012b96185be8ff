"""Try a model on the identities of the index: what it would decide where another one decided. Nothing is kept."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import candidates, decisions, filing, identities
from hub.registry.tables import SourceIdentity
from hub.registry.values import StoredIdentity
from identity.decision import Outcome
from identity.model import Model

_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """How many identities of the sample go from one outcome to another."""

    tried: int
    outcomes: Mapping[tuple[Outcome, Outcome], int]
    other_person: int
    """Linked or shown to an officer by both models, but with another person."""
    examples: tuple[int, ...]
    """Some of the identities whose decision changes, by id."""

    @property
    def changed(self) -> int:
        """Return how many decisions change."""
        return self.other_person + sum(count for (old, new), count in self.outcomes.items() if old is not new)


def try_out(session: Session, present: Model, proposed: Model, sample: int, report: Callable[[], object]) -> Trial:
    """Decide again each identity of a sample spread over the index, with both models."""
    outcomes: Counter[tuple[Outcome, Outcome]] = Counter()
    tried, other_person = 0, 0
    examples: list[int] = []
    for identity in _spread(session, sample):
        tried += 1
        found = candidates.find(session, filing.sought(identity.traits), leave_out=identity.id)
        separated = candidates.separated_persons(session, identity.id)
        record = identity.as_record()
        old, new = (decisions.decide(record, found, model, separated) for model in (present, proposed))
        outcomes[old.outcome, new.outcome] += 1
        moved = old.outcome is new.outcome and old.person_id != new.person_id
        other_person += moved
        if (moved or old.outcome is not new.outcome) and len(examples) < _MOST_SHOWN:
            examples.append(identity.id)
        report()
    return Trial(tried, outcomes, other_person, tuple(examples))


def _spread(session: Session, sample: int) -> Iterator[StoredIdentity]:
    """Yield active identities at equal distances in the order of their ids: the same each time."""
    first, last = session.execute(sa.select(sa.func.min(SourceIdentity.id), sa.func.max(SourceIdentity.id))).one()
    if first is None:
        return
    query = sa.select(SourceIdentity).where(SourceIdentity.active).order_by(SourceIdentity.id).limit(1)
    after = first - 1
    for rank in range(sample):
        start = max(after + 1, first + (last - first + 1) * rank // sample)
        found = identities.select_values(session, query.where(SourceIdentity.id >= start))
        if not found:
            return
        after = found[0].id
        yield found[0]
