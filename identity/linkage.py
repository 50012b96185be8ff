"""Decide to which person an incoming identity belongs: link, new person, or review by an officer.

RNIV 1 (search before creation, homonyms and doubles) over a Fellegi–Sunter score. A record joins a person, not a
record: every identity of the person must bear the link, and the person must stand clear of the next one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from identity.comparison import compare
from identity.decision import (
    FICTITIOUS,
    LACKS_OF_EVIDENCE,
    MARGIN,
    NAMELESS,
    SHARED_INS,
    Outcome,
    Reason,
    are_strangers,
    gravest,
    share_ins,
    signs_of,
    traits_obstacle,
    veto,
)
from identity.model import Model, Pattern
from identity.records import Candidate, IdentityRecord
from identity.scoring import Score, lowered, score
from identity.status import Attribute, IdentityStatus
from identity.traits import Traits

__all__ = [
    "Candidate",
    "Decision",
    "IdentityRecord",
    "PairAssessment",
    "PersonScore",
    "compare_records",
    "decide",
    "rank",
]


class PairAssessment(NamedTuple):
    """Two records side by side: their score, and what forbids linking them automatically."""

    score: Score
    veto: Reason | None
    nameless: bool
    """Neither has a name to compare."""
    strangers: bool
    """They share no more than a home may: no reason to ask an officer, however high the score."""
    shares_ins: bool


class PersonScore(NamedTuple):
    """How well a person fits: the best of its records, the score of the whole person, the gravest veto."""

    person_id: str
    record_id: str
    score: Score
    veto: Reason | None
    shares_ins: bool = False
    """One of its records bears the same matricule: an officer looks, however unlike the rest is."""
    strangers: bool = False
    """None of its records shares more than a home may: no officer is asked."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an incoming identity, with whom, and why."""

    outcome: Outcome
    person_id: str | None
    considered: tuple[PersonScore, ...]
    reasons: tuple[Reason, ...]
    model_version: str
    said: Outcome | None = None
    """What the matching said, whatever the index then made of it; None for what it was not asked."""

    def for_officer(self, *reasons: Reason) -> "Decision":
        """Return the decision left to an officer, for these reasons."""
        return replace(self, outcome=Outcome.REVIEW, reasons=reasons)


class _Weighed(NamedTuple):
    """What the levels of a pair are worth, whoever the two records are."""

    score: Score
    nameless: bool
    strangers: bool
    obstacle: Reason | None


# Bits under the review threshold from which a person is shown to who makes a record.
_SHOWN = 4.0
_Memory = dict[Pattern, _Weighed]
_MOST_WEIGHED = 20_000
_MOST_MODELS = 4
_MEMORIES: dict[int, tuple[Model, _Memory]] = {}


def _memory(model: Model) -> _Memory:
    """Return what was weighed already by a model: pairs come in few thousand patterns of levels.

    Threads share it: the worst that they do to one another is to weigh a pattern twice.
    """
    kept = _MEMORIES.get(id(model))
    if kept is None or kept[0] is not model or len(kept[1]) > _MOST_WEIGHED:
        if len(_MEMORIES) >= _MOST_MODELS:
            _MEMORIES.clear()
        kept = _MEMORIES[id(model)] = model, {}
    return kept[1]


def _weigh(pattern: Pattern, model: Model) -> _Weighed:
    memory = _memory(model)
    found = memory.get(pattern)
    if found is None:
        signs = signs_of(pattern)
        nameless = gravest((NAMELESS,), signs) is not None
        found = memory[pattern] = _Weighed(
            score(pattern, signs, model), nameless, are_strangers(signs), traits_obstacle(signs)
        )
    return found


def compare_records(a: IdentityRecord, b: IdentityRecord, model: Model) -> PairAssessment:
    """Compare two records, for the officer's page and for every decision."""
    found = compare(a.comparable, b.comparable, same_domain=a.domain == b.domain, minor_from=model.minor_from)
    pattern = model.seen(found)
    weighed = _weigh(pattern, model)
    forbidden = veto(a, b, pattern, weighed.obstacle)
    return PairAssessment(weighed.score, forbidden, weighed.nameless, weighed.strangers, share_ins(pattern))


def decide(
    incoming: IdentityRecord, candidates: Sequence[Candidate], model: Model, separated: frozenset[str] = frozenset()
) -> Decision:
    """Decide where an identity goes. Persons in `separated` were told apart by an officer: never proposed."""
    if Attribute.FICTITIOUS in incoming.attributes:
        return Decision(Outcome.NEW, None, (), (FICTITIOUS,), model.version, Outcome.NEW)
    considered = _assess(incoming, (c for c in candidates if c.person_id not in separated), model)
    outcome, reasons = _outcome(considered, model)
    person_id = None if outcome is Outcome.NEW else considered[0].person_id
    return Decision(outcome, person_id, considered, reasons, model.version, outcome)


def rank(
    incoming: Traits, candidates: Sequence[Candidate], model: Model, *, far: bool = False
) -> tuple[PersonScore, ...]:
    """Rank the persons near to traits being typed, best first, for a creation form; `far` ones too when asked for."""
    # No domain is empty, so the form's identity is never taken for a double of its own domain.
    typed = IdentityRecord(record_id="", domain="", traits=incoming, status=IdentityStatus.PROVISIONAL)
    near = _assess(typed, candidates, model)
    # A twin is worth seeing before a record is made, though no officer would be asked.
    least = model.thresholds.review - _SHOWN
    return tuple(person for person in near if far or _standing(person, model) >= least)


def _assess(incoming: IdentityRecord, candidates: Iterable[Candidate], model: Model) -> tuple[PersonScore, ...]:
    found = [person for candidate in candidates if (person := _person_score(incoming, candidate, model))]
    return tuple(sorted(found, key=lambda person: (-_standing(person, model), person.person_id)))


def _standing(person: PersonScore, model: Model) -> float:
    """Return the score that a person is ranked by, and shown for."""
    if person.shares_ins:
        return max(person.score.total, model.thresholds.review)
    return -math.inf if person.strangers else person.score.total


def _person_score(incoming: IdentityRecord, candidate: Candidate, model: Model) -> PersonScore | None:
    """Score a person by all its records: the best one counts, and one that disagrees lowers it."""
    best_id, best, least, count = "", None, math.inf, 0
    forbidden, shares_ins = None, False
    for record in candidate.records:
        if Attribute.FICTITIOUS in record.attributes or record.record_id == incoming.record_id:
            continue
        pair = compare_records(incoming, record, model)
        if pair.nameless:
            continue
        total, count = pair.score.total, count + 1
        rank_of_pair = (not pair.strangers, total, record.record_id)
        if best is None or rank_of_pair > (not best.strangers, best.score.total, best_id):
            best_id, best = record.record_id, pair
        least = min(least, total)
        # A contradiction with any record forbids; a lack of evidence only when the best record lacks it.
        if forbidden is None and pair.veto is not None and pair.veto not in LACKS_OF_EVIDENCE:
            forbidden = pair.veto
        shares_ins = shares_ins or pair.shares_ins
    if best is None:
        return None
    whole = lowered(best.score, model.thresholds.review - least) if count > 1 else best.score
    return PersonScore(candidate.person_id, best_id, whole, forbidden or best.veto, shares_ins, best.strangers)


def _outcome(considered: tuple[PersonScore, ...], model: Model) -> tuple[Outcome, tuple[Reason, ...]]:
    limits = model.thresholds
    if not considered or _standing(considered[0], model) < limits.review:
        return Outcome.NEW, (Reason("no-match", "Aucune personne connue n'est assez proche."),)
    best = considered[0]
    reasons: list[Reason] = []
    if best.veto:
        reasons.append(best.veto)
    if best.score.total < limits.link:
        reasons.append(Reason("score-review", "Les traits concordent, mais pas assez pour rapprocher sans un agent."))
    rival = next((person for person in considered[1:2] if not person.strangers), None)
    if rival is not None and best.score.total - rival.score.total < limits.margin:
        reasons.append(MARGIN)
    if reasons:
        return Outcome.REVIEW, tuple([*reasons, SHARED_INS] if best.shares_ins else reasons)
    return Outcome.LINK, (Reason("score-link", "Les traits concordent et aucune règle ne s'y oppose."),)
