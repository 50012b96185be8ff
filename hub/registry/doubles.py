"""What the online matching says of two persons that the region's comparison found alike (`region`).

Each pair is decided on the full records of both persons, as they are now, by the rules that an arriving identity
meets: the later identity is the one that arrives, and meets those before it. A person of several identities is never
moved here; what is not linked is asked of an officer, once for two persons.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from hub.registry import decisions, distinct, filing, identities
from hub.registry.candidates import Candidates
from hub.registry.region import Pair
from hub.registry.tables import DistinctPair, LinkageDecision, LinkEvent, ReviewTask
from hub.registry.values import Member
from identity.decision import MARGIN, Outcome
from identity.linkage import Candidate, Decision
from identity.model import Model
from identity.status import Attribute

# SQLite takes 32,766 parameters at most.
_MOST_IDS = 10_000
_BY_HAND = ("same", "different")


class Case(StrEnum):
    """What becomes of a pair."""

    LINK = "link"
    ASK = "ask"
    APART = "apart"
    ASKED = "asked"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a pair; to link or to ask, which identity is decided about, and among whom."""

    case: Case
    identity_id: int = 0
    person_id: int = 0
    decision: Decision | None = None
    found: Candidates | None = None


class Ground:
    """What the index holds around a batch of pairs, followed while the batch is settled."""

    def __init__(self, session: Session, around: Collection[int]) -> None:
        self._groups = dict(identities.around(session, around))
        self._person_of = {item.id: person_id for person_id, group in self._groups.items() for item in group}
        self._apart = self._persons(_distinct_pairs(session, self._person_of))
        self._asked = self._persons(_tasks(session, self._person_of))
        self.by_hand = _by_hand(session, around)
        held = {item.id: item.record.traits for group in self._groups.values() for item in group}
        self._widespread = filing.widespread(session, held)

    def _persons(self, pairs: Iterable[Pair]) -> set[Pair]:
        of = self._person_of
        return {_ordered(of[one], of[other]) for one, other in pairs if one in of and other in of}

    def identity(self, identity_id: int) -> Member | None:
        """Return an identity that may be matched still."""
        group = self._groups.get(self._person_of.get(identity_id, 0), ())
        return next((item for item in group if item.id == identity_id and _is_matched(item)), None)

    def group(self, person_id: int) -> tuple[Member, ...]:
        """Return every identity of a person."""
        return self._groups[person_id]

    def are_apart(self, one: int, other: int) -> bool:
        """Tell whether an officer said that two persons are not one."""
        return _ordered(one, other) in self._apart

    def were_asked(self, one: int, other: int) -> bool:
        """Tell whether an officer has, or had, two persons to compare."""
        return _ordered(one, other) in self._asked

    def separated(self, person_id: int) -> frozenset[str]:
        """Return the persons that an officer told apart from this one."""
        return frozenset(
            str(other) for pair in self._apart if person_id in pair for other in pair if other != person_id
        )

    def candidates(self, persons: Iterable[int], incoming: Member) -> Candidates:
        """Return persons as the matching sees them for an identity."""
        groups = {person_id: self._groups[person_id] for person_id in persons}
        seen = (
            Candidate(person_id=str(person_id), records=tuple(item.record for item in group if item.active))
            for person_id, group in groups.items()
        )
        widespread = self._widespread.get(incoming.id, frozenset())
        return Candidates(tuple(person for person in seen if person.records), groups, False, widespread)

    def persons_of(self, identity_ids: Iterable[int]) -> set[int]:
        """Return the persons that hold identities."""
        return {item.person_id for identity_id in identity_ids if (item := self.identity(identity_id))}

    def joined(self, identity_id: int, person_id: int) -> None:
        """Follow an identity that joined a person."""
        former = self._person_of[identity_id]
        moved = tuple(item._replace(person_id=person_id) for item in self._groups.pop(former))
        self._groups[person_id] += moved
        self._person_of.update((item.id, person_id) for item in moved)
        for pairs in (self._apart, self._asked):
            renamed = {_ordered(*(person_id if side == former else side for side in pair)) for pair in pairs}
            pairs.clear()
            pairs |= renamed

    def asked(self, one: int, other: int) -> None:
        """Follow a question that an officer now has."""
        self._asked.add(_ordered(one, other))


def judge(ground: Ground, pair: Pair, near: Callable[[int], Iterable[int]], model: Model, *, joins: bool) -> Verdict:
    """Say what becomes of a pair; `near` tells which identities one is like, and `joins` whether links are made."""
    sides = [ground.identity(identity_id) for identity_id in pair]
    early, late = sides
    if early is None or late is None or early.person_id == late.person_id:
        return Verdict(Case.NOTHING)
    if ground.are_apart(early.person_id, late.person_id):
        return Verdict(Case.APART)
    if ground.were_asked(early.person_id, late.person_id):
        return Verdict(Case.ASKED)
    alone = [item for item in (late, early) if len(ground.group(item.person_id)) == 1]
    free = [item for item in alone if not item.held and item.id not in ground.by_hand]
    incoming = next(iter([*free, *alone, late]))
    target = early.person_id if incoming is late else late.person_id
    if alone:
        met = ground.persons_of(item for item in near(incoming.id) if item <= late.id) - {incoming.person_id}
        found = ground.candidates(sorted(met | {target}), incoming)
        decision = _meet(ground, incoming, found, target, model)
    else:
        incoming, found, decision = _between(ground, incoming, target, model)
    if decision.outcome is Outcome.NEW:
        return Verdict(Case.NOTHING)
    if decision.outcome is Outcome.REVIEW:
        return Verdict(Case.ASK, incoming.id, target, decision, found)
    if any(item.held for item in ground.group(incoming.person_id)):
        decision = decision.for_officer(decisions.HELD)
    elif joins and incoming in free:
        return Verdict(Case.LINK, incoming.id, target, decision, found)
    else:
        decision = decision.for_officer(*decision.reasons, decisions.PROPOSED)
    return Verdict(Case.ASK, incoming.id, target, decision, found)


def _meet(ground: Ground, incoming: Member, found: Candidates, target: int, model: Model) -> Decision:
    """Decide as if the identity arrived; when another person is nearer, the target is never linked."""
    record = incoming.record
    decision = decisions.decide(record, found, model, ground.separated(incoming.person_id))
    if decision.person_id == str(target):
        return decision
    decision = decisions.decide(record, ground.candidates([target], incoming), model, frozenset())
    if decision.outcome is Outcome.LINK:
        return decision.for_officer(MARGIN)
    return decision


def _between(ground: Ground, incoming: Member, target: int, model: Model) -> tuple[Member, Candidates, Decision]:
    """Decide between two persons of several identities: by the best record, and a link only if all would link."""
    group = [item for item in ground.group(incoming.person_id) if _is_matched(item)]
    seen = [(item, ground.candidates([target], item)) for item in group]
    said = [(item, found, decisions.decide(item.record, found, model, frozenset())) for item, found in seen]
    item, found, best = max(said, key=lambda one: (_score(one[2]), one[0].id))
    if best.outcome is Outcome.LINK:
        others = [reason for *_, one in said if one.outcome is not Outcome.LINK for reason in one.reasons]
        if others:
            best = best.for_officer(*dict.fromkeys(others))
    return item, found, best


def _score(decision: Decision) -> float:
    return decision.considered[0].score.total if decision.considered else float("-inf")


def _is_matched(item: Member) -> bool:
    return item.active and Attribute.FICTITIOUS not in item.record.attributes


def _ordered(one: int, other: int) -> Pair:
    return (one, other) if one <= other else (other, one)


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + _MOST_IDS] for start in range(0, len(ordered), _MOST_IDS))


def _distinct_pairs(session: Session, ids: Collection[int]) -> Iterator[Pair]:
    for part in _parts(ids):
        query = sa.select(DistinctPair.low_id, DistinctPair.high_id).where(
            DistinctPair.low_id.in_(part), distinct.in_force(session)
        )
        yield from ((one, other) for one, other in session.execute(query))


def _tasks(session: Session, ids: Collection[int]) -> Iterator[Pair]:
    for part in _parts(ids):
        query = sa.select(ReviewTask.source_identity_id, ReviewTask.candidate_identity_id).where(
            ReviewTask.source_identity_id.in_(part)
        )
        yield from ((one, other) for one, other in session.execute(query))


def _by_hand(session: Session, ids: Collection[int]) -> frozenset[int]:
    """Return the identities whose place somebody chose: an officer's verdict, or a professional at creation."""
    found: set[int] = set()
    for part in _parts(ids):
        for query in _queries_by_hand(part):
            found.update(session.scalars(query))
    return frozenset(found)


def _queries_by_hand(ids: list[int]) -> Iterator[sa.Select[Any]]:
    yield sa.select(DistinctPair.low_id).where(DistinctPair.low_id.in_(ids))
    yield sa.select(DistinctPair.high_id).where(DistinctPair.high_id.in_(ids))
    for side in (ReviewTask.source_identity_id, ReviewTask.candidate_identity_id):
        yield sa.select(side).where(side.in_(ids), ReviewTask.state.in_(_BY_HAND))
    yield (
        sa.select(LinkEvent.source_identity_id)
        .join(LinkageDecision, LinkageDecision.id == LinkEvent.decision_id)
        .where(LinkEvent.source_identity_id.in_(ids), LinkageDecision.outcome.in_((*_BY_HAND, "undone")))
    )
    yield sa.select(LinkageDecision.source_identity_id).where(
        LinkageDecision.source_identity_id.in_(ids), LinkageDecision.explanation["chosen"].as_boolean()
    )
