"""Candidate pairs of a file: those that share a blocking key, each pair once.

The keys are those of `identity.blocking`. A key held by too many records is refined by what else they agree on,
never cut in silence: the pairs that cannot be examined are counted and told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from identity.blocking import KINDS
from identity.bulk.records import Records
from identity.bulk.text import Ints, Longs, mix, once
from identity.bulk.threads import spread

MOST_TOGETHER = 64
"""Records that may share a key before it is refined."""
MOST_REFINED = 2
"""How often a key is refined by one more trait."""
NEIGHBOURS = 8
"""What is still too large is examined only between records less than this far apart, in the order of the file."""

_SAMPLE = 4096
# Pairs are sorted in so many pieces: as much less memory for each.
_PIECES = 8
_MALE = np.frombuffer(b"137", np.uint8)

Slots = list[tuple[NDArray[np.generic], ...]]


@dataclass(frozen=True, slots=True)
class Keys:
    """One kind of key: the key of each entry and the record that holds it."""

    kind: str
    values: Longs
    records: Ints


@dataclass(slots=True)
class Candidates:
    """Pairs to examine, the lower record first, and what could not be examined."""

    left: Ints
    right: Ints
    unexamined: dict[str, int] = field(default_factory=dict)
    """Pairs left out, by kind of key."""


def blocking_keys(records: Records) -> Iterator[Keys]:
    """Yield every kind of key of a file."""
    slots = _slots(records)
    return (_keys(kind, slots[kind]()) for kind in KINDS)


def _slots(records: Records) -> dict[str, Callable[[], Slots]]:
    """Return what makes each slot of each kind of key."""
    names = _sounds(records, records.birth, records.used)
    given = _sounds(records, records.words[:, 0], records.used_head)
    dated = records.year > 0
    date = np.where(dated, records.year * 10000 + records.month * 100 + records.day, 0)
    month_of_year = np.where(dated, records.year * 100 + records.month, 0)
    day_of_month = np.where(dated, records.month * 100 + records.day, 0)
    year = records.year
    place = _hashed(records.place, records.place_hashes)
    postcode = _hashed(records.postcode, records.postcode_hashes)
    return {
        "date-name": lambda: [(date, sound) for sound in (*names, *given)],
        "month-surname": lambda: [(month_of_year, sound) for sound in names],
        "day-surname": lambda: [(day_of_month, sound) for sound in names],
        "names": lambda: [(np.minimum(s, g), np.maximum(s, g)) for s in names for g in given],
        "ins": lambda: [(_hashed(records.ins, records.ins_hashes),)],
        "birth": lambda: list(_births(records, place)),
        "phone": lambda: [(records.phone,)],
        "email": lambda: [(_hashed(records.email, records.email_hashes),)],
        "date-postcode": lambda: [(date, postcode)],
        "day-place-given": lambda: [(day_of_month, place, given[0])],
        "year-postcode-given": lambda: [(year, postcode, sound) for sound in given],
    }


def _sounds(records: Records, first: Ints, second: Ints) -> list[Longs]:
    """Return the hashed sounds of one or two names, 0 for none or when the second repeats the first."""
    one, two = (_hashed(name, records.names.code_hashes) for name in (first, second))
    return [one, np.where(two == one, 0, two)]


def _hashed(codes: Ints, hashes: Longs) -> Longs:
    """Return the hash of each value, 0 for none."""
    return np.append(hashes, np.int64(0))[codes]


def _births(records: Records, place: Longs) -> Iterator[tuple[Longs, ...]]:
    """Sex, month and place of birth, as told and as the matricule tells them."""
    told = (records.sex > 0) & (records.year > 0)
    month = np.where(told, (records.sex * 100 + records.year % 100) * 100 + records.month, 0).astype(np.int64)
    yield month, place
    has = (records.ins >= 0) & (records.ins_place >= 0)
    first_digits = records.ins_values.view(np.uint8).reshape(-1, records.ins_values.itemsize)[:, 0]
    sex = np.append(np.where(np.isin(first_digits, _MALE), 1, 2), 0)[records.ins]
    inside = np.where(has, (sex * 100 + records.ins_year) * 100 + records.ins_month, 0).astype(np.int64)
    inside_place = np.where(has, _hashed(records.ins_place, records.place_hashes), 0)
    again = (inside == month) & (inside_place == place)
    yield np.where(again, 0, inside), inside_place


def _keys(kind: str, slots: Slots) -> Keys:
    """Hash each slot's parts together; an entry lacks when one of its parts is 0."""
    values, holders = [], []
    for parts in slots:
        has = np.flatnonzero(np.logical_and.reduce([part != 0 for part in parts]))
        state = np.full(len(has), KINDS.index(kind) + 1, np.uint64)
        for part in parts:
            state = mix(state ^ part[has].astype(np.int64, copy=False).view(np.uint64))
        values.append(state.view(np.int64))
        holders.append(has.astype(np.int32))
    return Keys(kind, np.concatenate(values), np.concatenate(holders))


def candidate_pairs(records: Records) -> Candidates:
    """Return every pair of records that share a key, each once, in the order of the file."""
    count = len(records)
    slots = _slots(records)
    parts = cache(lambda: refining_parts(records, np.arange(count)))

    def find(kind: str) -> tuple[Longs, int]:
        finder = _Finder(kind, count, parts)
        found = list(finder.pairs(_keys(kind, slots[kind]())))
        return np.concatenate(found) if found else np.zeros(0, np.int64), finder.unexamined

    found = dict(zip(KINDS, spread(find, KINDS), strict=True))
    unexamined = {kind: missed for kind, (_, missed) in found.items() if missed}
    left, right = _in_order([pairs for pairs, _ in found.values()], max(1, count))
    return Candidates(left, right, unexamined)


def _in_order(found: list[Longs], count: int) -> tuple[Ints, Ints]:
    """Return the two records of each pair in the order of the file, dropping the pairs that were found again."""
    sample = np.sort(np.concatenate([pairs[:: max(1, len(pairs) // _SAMPLE)] for pairs in found]))
    edges = [-1, *sample[len(sample) // _PIECES :: max(1, len(sample) // _PIECES)].tolist(), np.iinfo(np.int64).max]

    def piece(number: int) -> tuple[Ints, Ints]:
        low, high = edges[number], edges[number + 1]
        packed = np.concatenate([pairs[(pairs > low) & (pairs <= high)] for pairs in found])
        packed.sort()
        left, right = np.divmod(once(packed), count)
        return left.astype(np.int32), right.astype(np.int32)

    pieces = list(spread(piece, range(len(edges) - 1)))
    return np.concatenate([left for left, _ in pieces]), np.concatenate([right for _, right in pieces])


class _Finder:
    """Pairs of records that share a key of one kind."""

    def __init__(self, kind: str, count: int, parts: Callable[[], list[Longs]]) -> None:
        self.unexamined = 0
        self._kind, self._count, self._parts = kind, count, parts

    def pairs(self, keys: Keys, depth: int = 0) -> Iterator[Longs]:
        """Yield the pairs, some more than once."""
        values, holders = _by_key(*_shared(keys.values, keys.records))
        starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)
        sizes = np.diff(np.append(starts, len(values)))
        large = sizes > MOST_TOGETHER
        last = np.repeat(starts + np.where(large, 0, sizes), sizes)
        for one, other in _run_pairs(last, MOST_TOGETHER):
            yield _pack(holders[one], holders[other], self._count)
        if not large.any():
            return
        within = np.repeat(large, sizes)
        values, holders = values[within], holders[within]
        if depth < MOST_REFINED:
            parts = [part[holders] for part in self._parts()]
            for refined in refine(self._kind, values, holders.astype(np.int32), parts):
                yield from self.pairs(refined, depth + 1)
        else:
            self.unexamined += int((sizes[large] * (sizes[large] - 1) // 2).sum())
            # Who is whose neighbour must not depend on how equal keys were sorted.
            order = np.lexsort((holders, values))
            values, holders = values[order], holders[order]
            ends = np.append(np.flatnonzero(values[1:] != values[:-1]) + 1, len(values))
            last = np.repeat(ends, np.diff(np.append(0, ends)))
            for one, other in _run_pairs(last, NEIGHBOURS):
                yield _pack(holders[one], holders[other], self._count)


def _by_key(values: Longs, holders: Ints) -> tuple[Longs, Longs]:
    """Sort entries by key; the number of an entry takes the place of the last bits of its key meanwhile."""
    bits = np.uint64(max(1, len(values)).bit_length())
    packed = (values.view(np.uint64) >> bits << bits) | np.arange(len(values), dtype=np.uint64)
    packed.sort()
    order = (packed & ((np.uint64(1) << bits) - np.uint64(1))).view(np.int64)
    openings = packed >> bits
    found = values[order]
    if ((openings[1:] == openings[:-1]) & (found[1:] != found[:-1])).any():
        # Two keys that differ in their last bits only: rare enough to sort again in full.
        order = np.argsort(values)
        found = values[order]
    return found, holders[order].astype(np.int64)


def refining_parts(records: Records, holders: Longs) -> list[Longs]:
    """Return the traits that refine a large block, 0 for none: an array of every holder's value for each trait."""
    names = _sounds(records, records.birth, records.used)
    given = _sounds(records, records.words[:, 0], records.used_head)
    others = (
        np.where(records.year > 0, records.year * 100 + records.month, 0).astype(np.int64),
        np.where(records.year > 0, records.month * 100 + records.day, 0).astype(np.int64),
        _hashed(records.place, records.place_hashes),
        _hashed(records.postcode, records.postcode_hashes),
        names[0],
        given[0],
    )
    return [other[holders] for other in others]


def refine(kind: str, values: Longs, holders: Ints, parts: list[Longs]) -> Iterator[Keys]:
    """Split large blocks by each of several other traits."""
    for number, part in enumerate(parts):
        has = part != 0
        mixed = mix(mix(values[has].view(np.uint64) ^ np.uint64(number + 1)) ^ part[has].view(np.uint64))
        yield Keys(kind, mixed.view(np.int64), holders[has])


def _shared(values: Longs, holders: Ints) -> tuple[Longs, Ints]:
    """Drop most of the keys that only one record holds, before anything is sorted."""
    if len(values) < 1024:
        return values, holders
    bits = min(23, len(values).bit_length() + 2)
    bucket = (values.view(np.uint64) >> np.uint64(64 - bits)).astype(np.int64)
    counts = np.bincount(bucket, minlength=1 << bits)
    kept = counts[bucket] > 1
    return values[kept], holders[kept]


def _run_pairs(last: Longs, most: int) -> Iterator[tuple[Longs, Longs]]:
    """Yield positions of pairs inside runs, one distance at a time; `last` is where each position's run ends."""
    position = np.arange(len(last))
    for distance in range(1, most):
        position = position[last[position] > position + distance]
        if not len(position):
            return
        yield position, position + distance


def _pack(first: Longs, second: Longs, count: int) -> Longs:
    differ = first != second
    first, second = first[differ], second[differ]
    return np.minimum(first, second) * count + np.maximum(first, second)
