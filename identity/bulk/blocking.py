"""Candidate pairs of a file: those that share a blocking key, each pair once.

The keys are those of `identity.blocking`, and a few that a file affords and an index does not. A key held by too many
records is refined by what else they agree on, never cut in silence: the pairs that cannot be examined are counted and
told.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from identity.blocking import KINDS
from identity.bulk.columns import Number
from identity.bulk.contacts import ABROAD
from identity.bulk.records import Records
from identity.bulk.text import Ints, Longs, mix, number, once
from identity.bulk.threads import spread
from identity.widespread import KINDS as WIDESPREAD
from identity.widespread import MOST_BEARERS

MOST_TOGETHER = 8
"""Records that may share a key before it is refined."""
MOST_REFINED_TOGETHER = 64
"""Records that may share a key that was refined once or more, or any key of a small file."""
SMALL, REGION = 30_000, 1_000_000
"""Records of the largest small file, and of a file as large as a region."""
MOST_REFINED = 2
"""How often a key is refined by one more trait."""
NEIGHBOURS = 8
"""What is still too large is examined only between records less than this far apart, in the order of the file."""

_ANY_SIZE = 1 << 62
# Kinds that come on top in files of at most so many records; what they find too often is left to the others.
_FILE_KINDS = {
    "date-postcode": _ANY_SIZE,
    "year-place-given": _ANY_SIZE,
    "day-place-given": _ANY_SIZE,
    "date": 50_000,
    "street": 50_000,
    "surname": SMALL,
    "given": SMALL,
    "postcode": SMALL,
}
ALL_KINDS = (*KINDS, *_FILE_KINDS)
"""Kinds of key in the order of their numbers: those of the index, then those of files only."""
_SAMPLE = 1 << 15
# What a key says already, by its kind, as numbers of refining parts: to ask for it again would split nothing.
_SAID = {
    "date-name": (0, 1),
    "date-place": (0, 1, 2),
    "month-place-given": (0, 2, 5),
    "day-surname-initial": (1,),
    "year-surname-initial": (),
    "names": (4, 5),
    "home-sex": (3,),
    "date-postcode": (0, 1, 3),
    "year-place-given": (2, 5),
    "day-place-given": (1, 2, 5),
    "date": (0, 1),
    "surname": (4,),
    "given": (5,),
    "postcode": (3,),
}
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
    part: int = 0
    """The number of the part that the key was last refined by."""


@dataclass(slots=True)
class Candidates:
    """Pairs to examine, the lower record first, and what could not be examined."""

    left: Ints
    right: Ints
    unexamined: dict[str, int] = field(default_factory=dict)
    """Pairs left out, by kind of key."""
    bearers: dict[str, Ints] = field(default_factory=dict)
    """Records whose key of a kind of `identity.widespread` too many share, by kind."""


def kinds_for(count: int, *, wide: bool = False) -> tuple[str, ...]:
    """Return the kinds of key of a file of so many records: one trait alone sets few records apart in a large one.

    A `wide` search takes them all: ten times the pairs in a large file.
    """
    return (*KINDS, *(kind for kind, most in _FILE_KINDS.items() if wide or count <= most))


def blocking_keys(records: Records, kinds: Iterable[str] = KINDS) -> Iterator[Keys]:
    """Yield some kinds of key of a file."""
    slots = _slots(_hash_traits(records))
    return (_keys(kind, slots[kind]()) for kind in kinds)


@dataclass(frozen=True, slots=True)
class _Traits:
    """What keys are made of: 0 for what a record lacks."""

    surnames: list[Longs]
    givens: list[Longs]
    initials: list[Ints]
    """The first letters of both given names."""
    date: Ints
    month_of_year: Ints
    day_of_month: Ints
    year: Ints
    place: Longs
    postcode: Longs
    street: Longs
    births: list[tuple[Longs, Longs]]
    """Sex, month and place of birth, as told and as the matricule tells them."""
    places: list[Longs]
    """The place of birth, as told and as the matricule tells it."""
    sex: Longs
    ins: Longs
    phone: Longs
    email: Longs


def _hash_traits(records: Records) -> _Traits:
    place = _hashed(records.place, records.place_hashes)
    return _Traits(
        surnames=_sounds(records, records.birth, records.used),
        givens=_sounds(records, records.words[0], records.used_head),
        initials=_initials(records),
        date=records.date,
        month_of_year=records.date // 100,
        day_of_month=records.date % 10000,
        year=records.year,
        place=place,
        postcode=_hashed(records.postcode, records.postcode_hashes),
        street=_hashed(records.street, records.street_hashes),
        births=list(_births(records, place)),
        places=_once(place, _hashed(records.ins_place, records.place_hashes)),
        sex=records.sex.astype(np.int64),
        ins=_hashed(records.ins, records.ins_hashes),
        phone=records.phone % ABROAD,
        email=_hashed(records.email, records.email_hashes),
    )


def _slots(has: _Traits) -> dict[str, Callable[[], Slots]]:
    """Return what makes each slot of each kind of key."""
    names, given = has.surnames, has.givens
    return {
        "date-name": lambda: [(has.date, sound) for sound in (*names, *given)],
        "date-place": lambda: [(has.date, place) for place in has.places],
        "month-place-given": lambda: [(*birth, sound) for birth in has.births for sound in given],
        "day-surname-initial": lambda: [
            (has.day_of_month, sound, initial) for sound in names for initial in has.initials
        ],
        "year-surname-initial": lambda: [(has.year, sound, initial) for sound in names for initial in has.initials],
        "names": lambda: [(np.minimum(s, g), np.maximum(s, g)) for s in names for g in given],
        "home-sex": lambda: [(has.postcode, has.street, has.sex)],
        "ins": lambda: [(has.ins,)],
        "phone": lambda: [(has.phone,)],
        "email": lambda: [(has.email,)],
        "date-postcode": lambda: [(has.date, has.postcode)],
        "year-place-given": lambda: [(has.year, has.place, sound) for sound in given],
        "day-place-given": lambda: [(has.day_of_month, has.place, sound) for sound in given],
        "date": lambda: [(has.date,)],
        "street": lambda: [(has.street,)],
        "surname": lambda: [(sound,) for sound in names],
        "given": lambda: [(sound,) for sound in given],
        "postcode": lambda: [(has.postcode,)],
    }


def _sounds(records: Records, first: Ints, second: Ints) -> list[Longs]:
    """Return the hashed sounds of one or two names, 0 for none or when the second repeats the first."""
    return _once(*(_hashed(name, records.names.code_hashes) for name in (first, second)))


def _initials(records: Records) -> list[Ints]:
    """Return the first letters of the first and of the used given name as numbers, as `_sounds` does."""
    letters = np.append(records.names.spelling.opening >> np.uint32(24), np.uint32(0)).astype(np.int32)
    return _once(letters[records.words[0]], letters[records.used_head])


def _once(one: NDArray[Number], other: NDArray[Number]) -> list[NDArray[Number]]:
    """Return two columns, 0 in the second where it repeats the first."""
    return [one, np.where(other == one, one.dtype.type(0), other)]


def _hashed(codes: Ints, hashes: Longs) -> Longs:
    """Return the hash of each value, 0 for none."""
    return np.append(hashes, np.int64(0))[codes]


def _births(records: Records, place: Longs) -> Iterator[tuple[Longs, Longs]]:
    """Sex, month and place of birth, as told and as the matricule tells them."""
    told = (records.sex > 0) & (records.year > 0)
    month_of_century = records.date // 100 % 10000
    month = (records.sex.astype(np.int64) * 10000 + month_of_century) * told
    yield month, place
    digits = records.ins_values.view(np.uint8).reshape(-1, records.ins_values.itemsize)
    born = np.where(np.isin(digits[:, 0], _MALE), 10000, 20000) + number(digits[:, 1:5])
    has = (records.ins >= 0) & (records.ins_place >= 0)
    inside = np.append(born, 0)[records.ins] * has
    inside_place = np.where(has, _hashed(records.ins_place, records.place_hashes), 0)
    again = (inside == month) & (inside_place == place)
    yield np.where(again, 0, inside), inside_place


def _keys(kind: str, slots: Slots) -> Keys:
    """Hash each slot's parts together; an entry lacks when one of its parts is 0."""
    values, holders = [], []
    for parts in slots:
        has = np.flatnonzero(np.logical_and.reduce([part != 0 for part in parts]))
        state = np.full(len(has), ALL_KINDS.index(kind) + 1, np.uint64)
        for part in parts:
            state = mix(state ^ part[has].astype(np.int64, copy=False).view(np.uint64))
        values.append(state.view(np.int64))
        holders.append(has.astype(np.int32))
    return Keys(kind, np.concatenate(values), np.concatenate(holders))


def candidate_pairs(records: Records, *, wide: bool = False, size: int | None = None) -> Candidates:
    """Return every pair of records that share a key, each once, in the order of the file.

    They are found as in a file of `size` records, its own by default: a small file is compared more widely.
    """
    count = len(records)
    size = count if size is None else size
    traits = _hash_traits(records)
    slots, parts = _slots(traits), _refining(traits)

    def find(kind: str) -> tuple[Longs, _Finder]:
        finder = _Finder(count, parts, size)
        pairs = [np.zeros(0, np.int64), *finder.pairs(_keys(kind, slots[kind]()))]
        return np.concatenate(pairs), finder

    kinds = kinds_for(size, wide=wide)
    found = dict(zip(kinds, spread(find, kinds), strict=True))
    unexamined = {kind: finder.unexamined for kind, (_, finder) in found.items() if finder.unexamined}
    bearers = {kind: finder.bearers for kind, (_, finder) in found.items() if len(finder.bearers)}
    left, right = _in_order([pairs for pairs, _ in found.values()], count)
    return Candidates(left, right, unexamined, bearers)


def _in_order(found: list[Longs], count: int) -> tuple[Ints, Ints]:
    """Return the two records of each pair in the order of the file, dropping the pairs that were found again."""
    step = max(1, sum(map(len, found)) // _SAMPLE)
    sample = np.sort(np.concatenate([pairs[::step] for pairs in found]))
    edges = [0, *sample[len(sample) // _PIECES :: max(1, len(sample) // _PIECES)].tolist(), np.iinfo(np.int64).max]

    def piece(number: int) -> tuple[Ints, Ints]:
        low, high = edges[number : number + 2]
        packed = np.concatenate([pairs[np.flatnonzero((pairs >= low) & (pairs < high))] for pairs in found])
        packed.sort()
        packed = once(packed)
        left = packed // max(1, count)
        return left.astype(np.int32), (packed - left * count).astype(np.int32)

    pieces = list(spread(piece, range(len(edges) - 1)))
    return np.concatenate([left for left, _ in pieces]), np.concatenate([right for _, right in pieces])


class _Finder:
    """Pairs of records that share a key of one kind."""

    def __init__(self, count: int, parts: list[Longs], size: int) -> None:
        self.unexamined = 0
        self.bearers = np.zeros(0, np.int32)
        self._count, self._parts, self._size = count, parts, size

    def pairs(self, keys: Keys, depth: int = 0) -> Iterator[Longs]:
        """Yield the pairs, some more than once."""
        values, holders = _by_key(*_shared(keys.values, keys.records))
        starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)
        sizes = np.diff(np.append(starts, len(values)))
        most = most_together(depth, self._size)
        large = sizes > most
        last = np.repeat(starts + sizes * ~large, sizes)
        for one, other in _run_pairs(last, most):
            yield _pack(holders[one], holders[other], self._count)
        if keys.kind in WIDESPREAD and not depth:
            self.bearers = holders[np.flatnonzero(np.repeat(sizes > MOST_BEARERS, sizes))].astype(np.int32)
            # What tells nobody from another brings nobody together.
            large &= sizes <= MOST_BEARERS
        if not large.any():
            return
        within = np.flatnonzero(np.repeat(large, sizes))
        values, holders = values[within], holders[within]
        if depth < MOST_REFINED:
            parts = [part[holders] for part in self._parts]
            for refined in refine(Keys(keys.kind, values, holders.astype(np.int32), keys.part), parts):
                yield from self.pairs(refined, depth + 1)
        elif keys.kind in KINDS:
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


def most_together(depth: int, size: int) -> int:
    """Return how many records may share a key that was refined so often, in a file of so many records."""
    return MOST_REFINED_TOGETHER if depth or size <= SMALL else MOST_TOGETHER


def refining_parts(records: Records) -> list[Longs]:
    """Return the traits that refine a large block, 0 for none: an array of every record's value for each trait."""
    return _refining(_hash_traits(records))


def _refining(has: _Traits) -> list[Longs]:
    month_of_year, day_of_month = (part.astype(np.int64) for part in (has.month_of_year, has.day_of_month))
    return [month_of_year, day_of_month, has.place, has.postcode, has.surnames[0], has.givens[0]]


def refine(keys: Keys, parts: list[Longs]) -> Iterator[Keys]:
    """Split large blocks by each of several other traits; `parts` are those of each entry.

    By two traits in one order only: the other order gives the same blocks. Entries that lack all of them stay
    together.
    """
    telling = [rank for rank in range(len(parts)) if rank not in _SAID.get(keys.kind, ())]
    for rank in telling:
        if rank >= keys.part:
            has = np.flatnonzero(parts[rank])
            yield _mixed(keys, has, parts[rank][has], rank)
    bare = np.flatnonzero(~np.logical_or.reduce([parts[rank] != 0 for rank in telling]))
    yield _mixed(keys, bare, np.zeros(len(bare), np.int64), len(parts))


def _mixed(keys: Keys, entries: Longs, part: Longs, rank: int) -> Keys:
    """Return the keys of some entries with one more part."""
    state = mix(keys.values[entries].view(np.uint64) ^ np.uint64(rank + 1))
    return Keys(keys.kind, mix(state ^ part.view(np.uint64)).view(np.int64), keys.records[entries], rank)


def _shared(values: Longs, holders: Ints) -> tuple[Longs, Ints]:
    """Drop most of the keys that only one record holds, before anything is sorted."""
    if len(values) < 1024:
        return values, holders
    bits = min(23, len(values).bit_length() + 1)
    bucket = (values.view(np.uint64) >> np.uint64(64 - bits)).view(np.int64)
    is_shared = np.bincount(bucket, minlength=1 << bits) > 1
    kept = np.flatnonzero(is_shared.take(bucket))
    return values.take(kept), holders.take(kept)


def _run_pairs(last: Longs, most: int) -> Iterator[tuple[Longs, Longs]]:
    """Yield positions of pairs inside runs, one distance at a time; `last` is where each position's run ends."""
    position = np.arange(len(last))
    for distance in range(1, most):
        position = position[last[position] > position + distance]
        if not len(position):
            return
        yield position, position + distance


def _pack(first: Longs, second: Longs, count: int) -> Longs:
    differ = np.flatnonzero(first != second)
    if len(differ) < len(first):
        first, second = first[differ], second[differ]
    return np.minimum(first, second) * count + np.maximum(first, second)
