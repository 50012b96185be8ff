"""A file of identities compared with itself: candidates, levels, scores, persons, stage after stage.

Pairs are compared and scored a chunk at a time, so that the levels of all pairs are never held at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np

from identity.bulk import clusters, scoring
from identity.bulk.blocking import Candidates, candidate_pairs
from identity.bulk.clusters import Persons
from identity.bulk.comparison import Pairs, compare
from identity.bulk.records import Records
from identity.bulk.scoring import Scored
from identity.bulk.threads import spread
from identity.model import Model

CHUNK = 1 << 17
"""Pairs compared at once."""


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
    """The candidate pairs of a file scored, the persons they make, and what could not be read or examined."""

    scored: Scored
    persons: Persons
    unexamined: Mapping[str, int]
    """Pairs left out because a block stayed too large, by kind of key."""


def match(records: Records, model: Model, report: Report) -> Match:
    """Find the persons of a file."""
    report(Stage.PAIRS, 0, len(records))
    candidates = candidate_pairs(records)
    report(Stage.PAIRS, len(records), len(records))
    scored = score_candidates(records, candidates, model, report)
    report(Stage.GROUP, 0, len(records))
    persons = clusters.group(scored, len(records))
    report(Stage.GROUP, len(records), len(records))
    return Match(scored, persons, candidates.unexamined)


def score_candidates(records: Records, candidates: Candidates, model: Model, report: Report) -> Scored:
    """Compare and score every candidate pair; levels are forgotten chunk after chunk."""
    left, right = candidates.left, candidates.right
    total = len(left)
    bits, probability = np.empty(total), np.empty(total)
    vetoed, contradicts, link, review = (np.empty(total, np.bool_) for _ in range(4))
    compare_rows = partial(_score_rows, records, candidates, model)
    report(Stage.COMPARE, 0, total)
    for rows, part in spread(compare_rows, (slice(start, start + CHUNK) for start in range(0, total, CHUNK))):
        bits[rows], probability[rows] = part.bits, part.probability
        vetoed[rows], contradicts[rows] = part.vetoed, part.contradicts
        link[rows], review[rows] = part.link, part.review
        report(Stage.COMPARE, min(rows.stop, total), total)
    none = np.zeros(0, np.int32)
    pairs = Pairs(left, right, {}, (none, none), (none, none))
    return Scored(pairs, bits, probability, vetoed, contradicts, link, review)


def _score_rows(records: Records, candidates: Candidates, model: Model, rows: slice) -> tuple[slice, Scored]:
    pairs = compare(records, candidates.left[rows], candidates.right[rows], model.minor_from)
    return rows, scoring.score(pairs, records.names, model)
