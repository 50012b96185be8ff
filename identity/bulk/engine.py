"""A file of identities compared with itself: candidates, levels, scores, persons, stage after stage.

Pairs are compared and scored a chunk at a time, so that the levels of all pairs are never held at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np

from identity.bulk import clusters, scoring
from identity.bulk.apart import spread_apart
from identity.bulk.blocking import Candidates, candidate_pairs
from identity.bulk.clusters import Persons
from identity.bulk.columns import Ints
from identity.bulk.comparison import Pairs, compare
from identity.bulk.records import Records
from identity.bulk.scoring import Scored, Weighed
from identity.bulk.threads import WORKERS
from identity.bulk.widespread import leave_out
from identity.model import Model

CHUNK = 1 << 20
"""Pairs compared at once, at most."""
_MANY = 1 << 19
"""Pairs from which copies of this process compare them sooner than its threads."""


class Stage(StrEnum):
    """What a run is doing."""

    READ = "read"
    PREPARE = "prepare"
    PAIRS = "pairs"
    COMPARE = "compare"
    GROUP = "group"
    DECIDE = "decide"
    WRITE = "write"


Report = Callable[[Stage, int, int], None]
"""Called with a stage, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Match:
    """The candidate pairs of a file scored, the persons they make, and what could not be examined."""

    scored: Scored
    persons: Persons
    unexamined: Mapping[str, int]
    """Pairs left out because a block stayed too large, by kind of key."""
    widespread: Mapping[str, int]
    """Records of which something is left out as too many bear it, by kind of key."""


def match(records: Records, model: Model, report: Report) -> Match:
    """Find the persons of a file."""
    scored, candidates = score_pairs(records, model, report)
    persons = group(scored, len(records), model, report)
    return Match(scored, persons, candidates.unexamined, count_bearers(candidates))


def count_bearers(candidates: Candidates) -> Mapping[str, int]:
    """Return of how many records something is left out as too many bear it, by kind of key."""
    return {kind: len(rows) for kind, rows in candidates.bearers.items()}


def score_pairs(records: Records, model: Model, report: Report, *, wide: bool = False) -> tuple[Scored, Candidates]:
    """Find and score the candidate pairs of a file; return also the candidates, which tell what was left out."""
    report(Stage.PAIRS, 0, len(records))
    candidates = candidate_pairs(records, wide=wide)
    report(Stage.PAIRS, len(records), len(records))
    return score_candidates(records, candidates, model, report), candidates


def group(scored: Scored, count: int, model: Model, report: Report) -> Persons:
    """Group the records of a file, so many, into persons."""
    report(Stage.GROUP, 0, count)
    persons = clusters.group(scored, count, model.thresholds.margin)
    report(Stage.GROUP, count, count)
    return persons


def score_candidates(records: Records, candidates: Candidates, model: Model, report: Report) -> Scored:
    """Compare and score every candidate pair without what too many bear; levels are forgotten chunk after chunk."""
    records = leave_out(records, candidates.bearers)
    total = len(candidates.left)
    found: list[Weighed] = []
    report(Stage.COMPARE, 0, total)
    rounds = -(-total // (CHUNK * WORKERS))
    size = total // (max(1, rounds) * WORKERS) + 1
    chunks = [slice(start, start + size) for start in range(0, max(1, total), size)]
    for weighed in spread_apart(partial(_weigh, records, candidates, model), chunks, worth_it=total >= _MANY):
        found.append(weighed)
        report(Stage.COMPARE, min(len(found) * size, total), total)
    return scoring.join(_bare(candidates.left, candidates.right), found)


def _weigh(records: Records, candidates: Candidates, model: Model, rows: slice) -> Weighed:
    pairs = compare(records, candidates.left[rows], candidates.right[rows], model.minor_from)
    return scoring.weigh(pairs, records.names, model)


def _bare(left: Ints, right: Ints) -> Pairs:
    """Return pairs without what they were compared on."""
    none = np.zeros(0, np.int32)
    return Pairs(left, right, {}, (none, none), (none, none))
