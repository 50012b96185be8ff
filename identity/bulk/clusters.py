"""Persons out of pairs: a record joins a person by all its records, never by one lucky link."""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from identity.bulk.columns import Flags, Ints, Longs, look_up
from identity.bulk.scoring import Bits, Scored

Enemies = dict[int, set[int]]
"""The records that each one contradicts."""


class _Link(NamedTuple):
    one: int
    other: int
    bits: float


@dataclass(frozen=True, slots=True)
class Persons:
    """The person of each record (the lowest of its records), and which pairs lie inside one."""

    person: Ints
    inside: Flags

    def decide(self, scored: Scored) -> tuple[Flags, Flags]:
        """Return which pairs are linked, whatever joined their person, and which others an officer looks at."""
        return self.inside, scored.near & ~self.inside


def group(scored: Scored, records: int, margin: float) -> Persons:
    """Group records into persons along the links, the surest first.

    Two groups that hold a contradicting pair stay apart, whatever other pair would join them. A record that belongs
    to one of them and to the other by less than `margin` bits of difference belongs to none: an officer chooses.
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
        enemies: Enemies = defaultdict(set)
        for one, other in zip(pairs.left[against].tolist(), pairs.right[against].tolist(), strict=True):
            enemies[one].add(other)
            enemies[other].add(one)
        for item, target in _join(_by_score(again, scored), enemies, margin).items():
            person[item] = target
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


def _by_score(links: Longs, scored: Scored) -> list[_Link]:
    bits: Bits = scored.bits[links]
    left, right = scored.pairs.left[links], scored.pairs.right[links]
    order = np.lexsort((right, left, -bits))
    columns = (column[order].tolist() for column in (left, right, bits))
    return [_Link(*link) for link in zip(*columns, strict=True)]


def _join(links: list[_Link], enemies: Enemies, margin: float) -> dict[int, int]:
    """Return the group of each linked record: its lowest record."""
    undecided: set[int] = set()
    while True:
        kept = [link for link in links if link.one not in undecided and link.other not in undecided]
        of, refused = _unite(kept, enemies)
        surest: dict[int, float] = {}
        for link in kept:
            if of[link.one] == of[link.other]:
                for item in (link.one, link.other):
                    surest.setdefault(item, link.bits)
        found = {item for item, bits in refused if item in surest and surest[item] - bits < margin}
        if not found:
            return of
        undecided |= found


def _unite(links: list[_Link], enemies: Enemies) -> tuple[dict[int, int], list[tuple[int, float]]]:
    """Join groups link by link unless a contradiction stands between them.

    Return the group of each record, and who was refused a group that it does not contradict itself, at how many bits.
    """
    groups: dict[int, set[int]] = {}
    of: dict[int, int] = {}
    refused: list[tuple[int, float]] = []
    for one, other, bits in links:
        first, second = (groups.setdefault(of.setdefault(item, item), {item}) for item in (one, other))
        if first is second:
            continue
        if any(not enemies[item].isdisjoint(second) for item in first):
            sides = (one, second), (other, first)
            refused += [(item, bits) for item, theirs in sides if enemies[item].isdisjoint(theirs)]
            continue
        target, source = min(of[one], of[other]), max(of[one], of[other])
        groups[target] |= groups.pop(source)
        for item in groups[target]:
            of[item] = target
    return of, refused
