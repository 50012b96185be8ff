"""The vocabulary of a file's names, and how any two of them relate, column by column.

The scalar form, and the meaning of each relation, is `identity.names`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from identity.bulk.text import Flags, Ints, Longs, distinct, stable_hashes
from identity.comparison import GIVEN_LEVELS, LEVELS, given_level
from identity.given_names import KNOWN, known_given
from identity.names import LEAST_SIMILAR, MOST_PARTS, SHORT_PART, NameRelation, is_abbreviated, read_name
from identity.normalise import PLACEHOLDERS
from identity.phonetics import french_codes, sounds_alike

_GIVEN_INDEX = {level: index for index, level in enumerate(LEVELS["given"])}
_GIVEN_TABLE = np.array([_GIVEN_INDEX[GIVEN_LEVELS[relation]] for relation in NameRelation], np.int8)
# A name that opens another never scores under two thirds.
_CLOSE = 0.66


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every distinct match key of a file and, by index, what it is compared on."""

    keys: list[str]
    compact: list[str]
    compact_ids: Ints
    core_ids: Ints
    code_ids: Ints
    code_hashes: Longs
    """Stable hash of the sound: what blocking keys are made of."""
    code_lengths: Ints
    parts: Ints
    """Up to four words each as an index; 0 where there is none."""
    part_counts: Ints
    lengths: Ints
    has_short_word: Flags
    is_usable: Flags
    """False for placeholders and for an empty key."""


def build_vocabulary(keys: list[str]) -> Vocabulary:
    """Take every key apart."""
    compact, core = list(keys), list(keys)
    parts = np.zeros((len(keys), MOST_PARTS), np.int32)
    words: dict[str, int] = {}
    counts = np.ones(len(keys), np.int32)
    has_short_word = np.zeros(len(keys), np.bool_)
    spaced = [index for index, key in enumerate(keys) if " " in key]
    for index in spaced:
        key = keys[index]
        name = read_name(key)
        compact[index], core[index] = name.compact, name.core
        found = sorted(name.parts)
        counts[index] = len(name.parts)
        parts[index, : len(found)] = [words.setdefault(word, len(words) + 1) for word in found]
        has_short_word[index] = any(len(word) <= SHORT_PART for word in key.split())
    lengths = np.fromiter(map(len, compact), np.int32, len(compact))
    single = np.ones(len(keys), np.bool_)
    single[spaced] = False
    # A name of one word is its own part when it is long enough and some compound name holds it.
    own = pa.array(keys, pa.string())
    held = pa.array(list(words), pa.string())
    where = pc.index_in(own, value_set=held).fill_null(-1).to_numpy(zero_copy_only=False) + 1
    parts[single, 0] = np.where(lengths[single] > SHORT_PART, where[single], 0)
    counts[single] = (lengths[single] > SHORT_PART).astype(np.int32)
    has_short_word |= lengths <= SHORT_PART
    _, compact_ids = distinct(compact)
    core_names, core_ids = distinct(core)
    codes = french_codes(core_names)
    code_names, code_of_core = distinct(codes)
    code_ids = code_of_core[core_ids]
    sounds = np.fromiter(map(len, code_names), np.int32, len(code_names))
    usable = np.fromiter((bool(key.replace("X", "").strip()) for key in keys), np.bool_, len(keys))
    placeholders = pa.array(sorted(PLACEHOLDERS), pa.string())
    usable &= ~np.asarray(pc.is_in(own, value_set=placeholders).to_numpy(zero_copy_only=False), np.bool_)
    return Vocabulary(
        keys=keys,
        compact=compact,
        compact_ids=compact_ids,
        core_ids=core_ids,
        code_ids=code_ids,
        code_hashes=stable_hashes(code_names)[code_ids],
        code_lengths=sounds[code_ids],
        parts=parts,
        part_counts=counts,
        lengths=lengths,
        has_short_word=has_short_word,
        is_usable=usable,
    )


class Relations:
    """The relation of any two names, found once for each distinct pair and looked up afterwards."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._names = vocabulary
        known = pc.is_in(pa.array(vocabulary.compact, pa.string()), value_set=pa.array(sorted(KNOWN), pa.string()))
        self._is_known = np.asarray(known.to_numpy(zero_copy_only=False), np.bool_)
        self._families = _families(vocabulary, np.flatnonzero(self._is_known))

    def of(self, left: Ints, right: Ints) -> NDArray[np.int8]:
        """Return the `NameRelation` of each pair of indexes; a negative index gives DIFFERENT."""
        return self._by_pair(left, right, self._relate, NameRelation.EXACT, NameRelation.DIFFERENT)

    def given_levels(self, left: Ints, right: Ints) -> NDArray[np.int8]:
        """Return the level of each pair of given names, as `identity.comparison.given_level`."""
        return self._by_pair(left, right, self._given, _GIVEN_INDEX["exact"], _GIVEN_INDEX["different"])

    def _by_pair(
        self, left: Ints, right: Ints, relate: Callable[[Longs, Longs], NDArray[np.int8]], same: int, other: int
    ) -> NDArray[np.int8]:
        """Relate each distinct pair of unlike names once."""
        result = np.full(len(left), other, np.int8)
        result[(left == right) & (left >= 0)] = same
        wanted = np.flatnonzero((left != right) & (left >= 0) & (right >= 0))
        if not len(wanted):
            return result
        low, high = np.minimum(left[wanted], right[wanted]), np.maximum(left[wanted], right[wanted])
        pairs, where = _unique(low.astype(np.int64) * len(self._names.keys) + high)
        result[wanted] = relate(*np.divmod(pairs, len(self._names.keys)))[where]
        return result

    def _given(self, left: Longs, right: Longs) -> NDArray[np.int8]:
        found = self._relate(left, right)
        result = _GIVEN_TABLE[found]
        both = self._is_known[left] & self._is_known[right]
        unlike = np.flatnonzero(both & (found == NameRelation.DIFFERENT))
        families, others = self._families[left[unlike]], self._families[right[unlike]]
        akin = np.zeros(len(unlike), np.bool_)
        for column in range(families.shape[1]):
            family = families[:, column : column + 1]
            akin |= ((family == others) & (family > 0)).any(axis=1)
        close = (found > NameRelation.PART) & (found < NameRelation.DIFFERENT) & (found != NameRelation.OVERLAP)
        cut = (found == NameRelation.ABBREVIATED) | (found == NameRelation.TRUNCATED)
        keys = self._names.keys
        for index in [*unlike[akin].tolist(), *np.flatnonzero(close & (both | cut)).tolist()]:
            result[index] = _GIVEN_INDEX[given_level(read_name(keys[left[index]]), read_name(keys[right[index]]))]
        return result

    def _relate(self, left: Longs, right: Longs) -> NDArray[np.int8]:
        names = self._names
        result = np.full(len(left), NameRelation.DIFFERENT, np.int8)
        same = (names.core_ids[left] == names.core_ids[right]) | (names.compact_ids[left] == names.compact_ids[right])
        result[same] = NameRelation.SAME
        left_open = np.flatnonzero(~same)
        left_open = self._shared_parts(left, right, left_open, result)
        a, b = left[left_open], right[left_open]
        alike = (names.code_ids[a] == names.code_ids[b]) & (names.code_lengths[a] > 1)
        result[left_open[alike]] = NameRelation.PHONETIC
        left_open = left_open[~alike]
        self._close_spellings(left, right, left_open, result)
        return result

    def _shared_parts(self, left: Longs, right: Longs, todo: Longs, result: NDArray[np.int8]) -> Longs:
        """Tell PART and OVERLAP; return those that share no word."""
        names = self._names
        several = todo[(names.part_counts[left[todo]] > 1) | (names.part_counts[right[todo]] > 1)]
        a, b = names.parts[left[several]], names.parts[right[several]]
        shared = np.zeros(len(several), np.int32)
        for column in range(MOST_PARTS):
            shared += ((a[:, column : column + 1] == b).any(axis=1) & (a[:, column] > 0)).astype(np.int32)
        least = np.minimum(names.part_counts[left[several]], names.part_counts[right[several]])
        result[several[shared > 0]] = NameRelation.OVERLAP
        result[several[(shared > 0) & (shared >= least)]] = NameRelation.PART
        return np.setdiff1d(todo, several[shared > 0], assume_unique=True)

    def _close_spellings(self, left: Longs, right: Longs, todo: Longs, result: NDArray[np.int8]) -> None:
        names = self._names
        a, b = left[todo], right[todo]
        first = [names.compact[index] for index in a.tolist()]
        second = [names.compact[index] for index in b.tolist()]
        similarity = process.cpdist(
            first, second, scorer=JaroWinkler.similarity, score_cutoff=_CLOSE, dtype=np.float64, workers=-1
        )
        short_word = names.has_short_word[a] | names.has_short_word[b]
        close = np.flatnonzero((similarity > 0) | short_word)
        distance = process.cpdist(
            [first[index] for index in close.tolist()],
            [second[index] for index in close.tolist()],
            scorer=OSA.distance,
            score_cutoff=2,
            dtype=np.uint8,
            workers=-1,
        )
        shortest = np.minimum(names.lengths[a[close]], names.lengths[b[close]])
        typo = distance <= np.where(shortest >= 8, 2, np.where(shortest >= 4, 1, 0))
        result[todo[close[typo]]] = NameRelation.TYPO
        for index in close[~typo].tolist():
            result[todo[index]] = _rare_relation(
                names.keys[a[index]], names.keys[b[index]], first[index], second[index], float(similarity[index])
            )


def _rare_relation(one: str, other: str, first: str, second: str, similarity: float) -> NameRelation:
    """Tell apart the few pairs that are close without being a slip."""
    if is_abbreviated(one, other):
        return NameRelation.ABBREVIATED
    short, long = sorted((first, second), key=len)
    if len(short) > SHORT_PART and long.startswith(short):
        return NameRelation.TRUNCATED
    if similarity < LEAST_SIMILAR:
        return NameRelation.DIFFERENT
    return NameRelation.PHONETIC if sounds_alike(first, second) else NameRelation.SIMILAR


def _families(vocabulary: Vocabulary, known: Longs) -> Ints:
    """Return the keys of each known given name, as numbers; 0 where there is none."""
    found = [sorted(known_given(vocabulary.keys[index])) for index in known.tolist()]
    numbers: dict[str, int] = {}
    table = np.zeros((len(vocabulary.keys), max((len(keys) for keys in found), default=1)), np.int32)
    for index, keys in zip(known.tolist(), found, strict=True):
        table[index, : len(keys)] = [numbers.setdefault(key, len(numbers) + 1) for key in keys]
    return table


def _unique(values: Longs) -> tuple[Longs, Ints]:
    """Return the distinct values and the index of each among them, without sorting."""
    coded = pa.array(values).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.int32, copy=False)
