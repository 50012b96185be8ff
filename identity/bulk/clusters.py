"""Persons out of pairs: a record joins a person by all its records, never by one lucky link."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from identity.bulk.columns import Flags, Ints, Longs, look_up
from identity.bulk.scoring import Bits, Scored


@dataclass(frozen=True, slots=True)
class Persons:
    """The person of each record (the lowest of its records), and which pairs lie inside one."""

    person: Ints
    inside: Flags

    def decide(self, scored: Scored) -> tuple[Flags, Flags]:
        """Return which pairs are linked, whatever joined their person, and which others an officer looks at."""
        return self.inside, scored.near & ~self.inside


def group(scored: Scored, records: int) -> Persons:
    """Group records into persons along the links, the surest first.

    Two groups that hold a contradicting pair stay apart, whatever other pair would join them.
    """
    pairs = scored.pairs
    links = np.flatnonzero(scored.link)
    person = components(pairs.left[links], pairs.right[links], records)
    against = np.flatnonzero(scored.contradicts)
    against = against[person[pairs.left[against]] == person[pairs.right[against]]]
    if len(against):
        is_torn = np.zeros(records, np.bool_)
        is_torn[person[pairs.left[against]]] = True
        again = links[is_torn[person[pairs.left[links]]]]
        members = np.flatnonzero(is_torn[person])
        person[members] = members
        _join(person, _by_score(again, scored), pairs.left[against].tolist(), pairs.right[against].tolist())
    return Persons(person, look_up(person, pairs.left) == look_up(person, pairs.right))


def components(left: Ints, right: Ints, count: int) -> Ints:
    """Return the lowest record of each record's connected component (hooking and pointer jumping, in columns)."""
    root = np.arange(count, dtype=np.int32)
    while len(left):
        low, high = np.minimum(root[left], root[right]), np.maximum(root[left], root[right])
        apart = low != high
        if not apart.any():
            break
        left, right, low, high = left[apart], right[apart], low[apart], high[apart]
        np.minimum.at(root, high, low)
        while True:
            jumped = root[root]
            if np.array_equal(jumped, root):
                break
            root = jumped
    return root


def _by_score(links: Longs, scored: Scored) -> Iterator[tuple[int, int]]:
    bits: Bits = scored.bits[links]
    left, right = scored.pairs.left[links], scored.pairs.right[links]
    order = np.lexsort((right, left, -bits))
    return zip(left[order].tolist(), right[order].tolist(), strict=True)


def _join(person: Ints, links: Iterator[tuple[int, int]], left: list[int], right: list[int]) -> None:
    """Join groups link by link unless a contradiction stands between them."""
    enemies: dict[int, set[int]] = defaultdict(set)
    for one, other in zip(left, right, strict=True):
        enemies[one].add(other)
        enemies[other].add(one)
    groups: dict[int, set[int]] = {}
    of: dict[int, int] = {}
    for one, other in links:
        first, second = (groups.setdefault(of.setdefault(item, item), {item}) for item in (one, other))
        if first is second or any(not enemies[item].isdisjoint(second) for item in first):
            continue
        target, source = min(of[one], of[other]), max(of[one], of[other])
        groups[target] |= groups.pop(source)
        for item in groups[target]:
            of[item] = target
    for item, target in of.items():
        person[item] = target
