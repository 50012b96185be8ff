"""The vocabulary of a file's names, and how any two of them relate, column by column.

The scalar form, and the meaning of each relation, is `identity.names`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from identity.bulk.columns import (
    Bytes,
    Flags,
    Ints,
    Longs,
    either,
    flags,
    integers,
    letters,
    number_column,
    text_column,
)
from identity.bulk.text import distinct, once, stable_hashes, unique
from identity.comparison import GIVEN_LEVELS, LEVELS, given_level
from identity.given_names import KNOWN, known_given
from identity.model import FrequencyTable
from identity.names import (
    LEAST_SIMILAR,
    MOST_PARTS,
    PARTICLES,
    SHORT_PART,
    Name,
    NameRelation,
    is_abbreviated,
    read_words,
)
from identity.normalise import PLACEHOLDERS
from identity.phonetics import alike, french_codes

Relation = NDArray[np.int8]
Marks = NDArray[np.uint64]

_GIVEN_INDEX = {level: index for index, level in enumerate(LEVELS["given"])}
_GIVEN_TABLE = np.array([_GIVEN_INDEX[GIVEN_LEVELS[relation]] for relation in NameRelation], np.int8)
_MOST_LETTERS = 100
# What an edit of each length of name may change: nothing under four letters.
_SLIPS = np.array([0] * 4 + [1] * 4 + [2], np.int8)
# The share of common letters that a similarity of `LEAST_SIMILAR` needs, by length of the common opening.
_COMMON = np.array(
    [3 * (LEAST_SIMILAR - 0.1 * opening) / (1 - 0.1 * opening) - 1 for opening in range(5)], np.float32
)
_MARGIN = np.float32(0.01)
_FIRST_LETTER, _SECOND_LETTER, _THIRD_LETTER = (np.uint32(1 << 8 * after) for after in (3, 2, 1))
_DIFFERENT = np.int8(NameRelation.DIFFERENT)
_ROWS = 1 << 15
_ALPHABET = 26
_ONCE = np.uint64(1) << np.arange(0, 2 * _ALPHABET, 2, dtype=np.uint64)
_TWICE = _ONCE << np.uint64(1)
_LETTERS = np.uint64((1 << 2 * _ALPHABET) - 1)
# Above the letters: how many come a third time or later, as far as five bits go, and the length.
_MORE, _LENGTH, _MOST_MORE = np.uint64(52), np.uint64(57), 31
_SPACED, _SHORT = np.uint8(1), np.uint8(2)
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)
_LETTER_X = _ONCE[ord("X") - ord("A")] | _TWICE[ord("X") - ord("A")]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every distinct match key of a file and, by index, what it is compared on."""

    keys: list[str]
    compact: list[str]
    compact_ids: Ints
    core_ids: Ints
    codes: list[str]
    """Every sound of a name, without particles or with them."""
    code_ids: Ints
    compact_code_ids: Ints
    """The sound of the whole name, particles included."""
    code_hashes: Longs
    """Stable hash of the sound: what blocking keys are made of."""
    parts: Ints
    """Up to four words each as an index, a row of the array for each; 0 where there is none."""
    part_counts: Ints
    is_usable: Flags
    """False for placeholders, for an empty key and for what is too long to be a name."""
    spelling: "Spelling"
    is_known: Flags
    """Given names of which `identity.given_names` knows something."""
    families: Ints
    """The keys of each known given name, as numbers; 0 where there is none."""
    relations: dict[int, int] = field(default_factory=dict)
    """Relations of pairs of names that were spelled out, kept from one chunk of pairs to the next."""
    given_levels: dict[int, int] = field(default_factory=dict)
    """Levels found for pairs of given names, kept likewise."""
    rarities: dict[str, tuple[FrequencyTable, Relation]] = field(default_factory=dict)
    """The rarity of each name by a table of frequencies, by trait, kept likewise."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What tells at a glance that two names cannot be close. One entry per name."""

    letters: Marks
    """Two bits for each letter (the name has it, has it twice), how many letters come a third time, the length."""
    opening: NDArray[np.uint32]
    """The first four letters."""
    words: NDArray[np.int16]
    sounds: Ints
    """What sounds alike has one number; what is too short to have a sound has one of its own."""
    kinds: Bytes
    """Whether the name has several words (1), one of them of two letters at most (2)."""
    parts: Marks
    """One bit for each word that is a part of the name, some sharing a bit."""
    families: Marks
    """One bit for each family of given names, some sharing a bit."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the length of each name, at most 127."""
        return (self.letters >> _LENGTH).astype(np.int64)


def build_vocabulary(texts: pa.StringArray) -> Vocabulary:
    """Take every key apart."""
    keys: list[str] = texts.to_pylist()
    words = _take_apart(texts)
    lengths = np.diff(letters(words.compact)[0])
    core_ids, compact_ids = (distinct(names).codes for names in (words.core, words.compact))
    sounded = distinct(pa.concat_arrays([words.core, words.compact]))
    codes = distinct(text_column(french_codes(sounded.texts)))
    code_ids, compact_code_ids = np.split(codes.codes[sounded.codes], 2)
    is_known = flags(pc.is_in(words.compact, value_set=text_column(sorted(KNOWN))))
    families = _families(keys, np.flatnonzero(is_known))
    code_lengths = np.diff(letters(codes.values)[0])[code_ids]
    alone = -1 - np.arange(len(keys), dtype=np.int32)
    sounds = np.where(code_lengths > 1, code_ids, alone).astype(np.int32)
    spelling = _spelling(words, sounds, families)
    usable = (spelling.letters & _LETTERS & ~_LETTER_X != 0) & (lengths <= _MOST_LETTERS)
    usable &= ~flags(pc.is_in(texts, value_set=text_column(sorted(PLACEHOLDERS))))
    return Vocabulary(
        keys=keys,
        compact=words.compact.to_pylist(),
        compact_ids=compact_ids,
        core_ids=core_ids,
        codes=codes.texts,
        code_ids=code_ids,
        compact_code_ids=compact_code_ids,
        code_hashes=stable_hashes(codes.values)[code_ids],
        parts=words.parts,
        part_counts=words.part_counts,
        is_usable=usable,
        spelling=spelling,
        is_known=is_known,
        families=families,
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of each name, as `identity.names.read_words` takes them."""

    compact: pa.StringArray
    core: pa.StringArray
    parts: Ints
    part_counts: Ints
    counts: NDArray[np.int16]
    has_short: Flags


def _take_apart(texts: pa.StringArray) -> _Words:
    """Take all names apart at once: their words are the rows that follow."""
    count = len(texts)
    lists = pc.split_pattern(texts, " ")
    counts = np.diff(integers(lists.offsets))
    name = np.repeat(np.arange(count, dtype=np.int32), counts)
    words = distinct(lists.flatten())
    is_particle = flags(pc.is_in(words.values, value_set=text_column(sorted(PARTICLES))))[words.codes]
    length = np.diff(letters(words.values)[0])[words.codes]
    # Without a word that means something, the particles stand for the name: LE, DE LA.
    means_nothing = np.bincount(name[~is_particle], minlength=count) == 0
    meaning = np.flatnonzero(~is_particle | means_nothing[name])
    starts = np.searchsorted(name[meaning], np.arange(count + 1)).astype(np.int32)
    core = pa.ListArray.from_arrays(number_column(starts), lists.flatten().take(number_column(meaning)))
    long = meaning[length[meaning] > SHORT_PART]
    parts, part_counts = _parts(name[long], words.codes[long], words.values, count)
    return _Words(
        compact=pc.replace_substring(texts, " ", ""),
        core=pc.binary_join(core, text_column([""])[0]),
        parts=parts,
        part_counts=part_counts,
        counts=counts.astype(np.int16),
        has_short=np.bincount(name[length <= SHORT_PART], minlength=count) > 0,
    )


def _parts(name: Ints, word: Ints, words: pa.StringArray, count: int) -> tuple[Ints, Ints]:
    """Return the first words of each name in the alphabet, as numbers above zero, and how many they are."""
    in_order = integers(pc.sort_indices(words).cast(pa.int32()))
    rank = np.empty(len(words), np.int64)
    rank[in_order] = np.arange(len(words))
    packed = name * np.int64(len(words)) + rank[word]
    packed.sort()
    name, place = np.divmod(once(packed), max(1, len(words)))
    starts = np.searchsorted(name, np.arange(count + 1))
    position = np.arange(len(name)) - starts[name]
    kept = np.flatnonzero(position < MOST_PARTS)
    parts = np.zeros((MOST_PARTS, count), np.int32)
    parts[position[kept], name[kept]] = in_order[place[kept]] + 1
    return parts, np.minimum(np.diff(starts), MOST_PARTS).astype(np.int32)


def _spelling(words: _Words, sounds: Ints, families: Ints) -> Spelling:
    compact = words.compact
    offsets, data = letters(compact)
    lengths = np.diff(offsets)
    marks = np.zeros(len(compact), np.uint64)
    for start in range(0, len(compact), _ROWS):
        rows = slice(start, start + _ROWS)
        counts = _count_letters(lengths[rows], data[offsets[start] : offsets[min(start + _ROWS, len(compact))]])
        more = np.minimum(np.maximum(counts - 2, 0).sum(axis=1), _MOST_MORE).astype(np.uint64)
        marks[rows] = ((counts > 0) * _ONCE + (counts > 1) * _TWICE).sum(axis=1) | more << _MORE
    marks |= np.minimum(lengths, 127).astype(np.uint64) << _LENGTH
    opening: NDArray[np.uint32] = np.zeros(len(compact), np.uint32)
    padded = np.append(data, np.zeros(4, np.uint8))
    for position in range(4):
        opening <<= np.uint32(8)
        opening |= np.where(lengths > position, padded[offsets[:-1] + position], 0).astype(np.uint32)
    return Spelling(
        letters=marks,
        opening=opening,
        words=words.counts,
        sounds=sounds,
        kinds=((words.counts > 1) * _SPACED + words.has_short * _SHORT).astype(np.uint8),
        parts=marks_of(words.parts - 1),
        families=marks_of(families.T - 1),
    )


def marks_of(columns: Iterable[Ints]) -> Marks:
    """Return one bit for each number of a row, some numbers sharing a bit; none for a number below zero."""
    return reduce(np.bitwise_or, (_BITS.take(numbers & 63) * (numbers >= 0) for numbers in columns))


def _count_letters(lengths: Ints, data: Bytes) -> NDArray[np.int64]:
    """Return how often each name has each letter."""
    row = np.repeat(np.arange(len(lengths)), lengths)
    counts = np.bincount(row * _ALPHABET + (data - ord("A")), minlength=len(lengths) * _ALPHABET)
    return counts.reshape(len(lengths), _ALPHABET)


class Relations:
    """The relation of any two names of a vocabulary, column by column.

    Most names have nothing to do with one another, which their letters tell at a glance; only what may be close is
    spelled out, each pair once.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._names = vocabulary

    def of(self, left: Ints, right: Ints, *, furthest: NameRelation = NameRelation.SIMILAR) -> Relation:
        """Return the `NameRelation` of each pair of indexes; a negative index gives DIFFERENT.

        What is further than `furthest` may be told as DIFFERENT.
        """
        known = np.minimum(left, right) >= 0
        result = either((left == right) & known, NameRelation.EXACT, NameRelation.DIFFERENT)
        rows = np.flatnonzero((left != right) & known)
        a, b = left[rows].astype(np.intp), right[rows].astype(np.intp)
        spelling = self._names.spelling
        alike = spelling.sounds.take(a) == spelling.sounds.take(b)
        found = either(alike, NameRelation.PHONETIC, NameRelation.DIFFERENT)
        kinds = spelling.kinds.take(a) | spelling.kinds.take(b)
        spaced = np.flatnonzero(kinds & _SPACED)
        by_words = self._by_words(a[spaced], b[spaced])
        told = np.flatnonzero(by_words != _DIFFERENT)
        found[spaced[told]] = by_words[told]
        near = np.flatnonzero((_share_letters(spelling, a, b) | (kinds & _SHORT > 0)) & (found == _DIFFERENT))
        near = near[_may_be_close(spelling, a[near], b[near], furthest)]
        pairs, where = unique(np.minimum(a[near], b[near]) * len(self._names.keys) + np.maximum(a[near], b[near]))
        found[near] = self._known(pairs)[where]
        result[rows] = found
        return result

    def given_levels(self, left: Ints, right: Ints) -> Relation:
        """Return the level of each pair of given names, as `identity.comparison.given_level`."""
        names = self._names
        found = self.of(left, right)
        result = _GIVEN_TABLE[found]
        both = names.is_known[left] & names.is_known[right] & (left >= 0) & (right >= 0)
        marks = names.spelling.families
        akin = both & (found == _DIFFERENT) & (marks[left] & marks[right] != 0)
        close = (found > NameRelation.PART) & (found < _DIFFERENT) & (found != NameRelation.OVERLAP)
        cut = (found == NameRelation.ABBREVIATED) | (found == NameRelation.TRUNCATED)
        rows = np.flatnonzero(akin | (close & (both | cut)))
        if not len(rows):
            return result
        a, b = left[rows].astype(np.int64), right[rows].astype(np.int64)
        pairs, where = unique(np.minimum(a, b) * len(names.keys) + np.maximum(a, b))
        result[rows] = np.array([self._given_level(pair) for pair in pairs.tolist()], np.int8)[where]
        return result

    def _given_level(self, pair: int) -> int:
        names = self._names
        level = names.given_levels.get(pair)
        if level is None:
            one, other = (self._name(index) for index in divmod(pair, len(names.keys)))
            level = names.given_levels[pair] = _GIVEN_INDEX[given_level(one, other)]
        return level

    def _name(self, index: int) -> Name:
        """Return a name of the vocabulary as `identity.names.read_name` would, its sound being known already."""
        names = self._names
        core, parts = read_words(names.keys[index])
        code = names.codes[names.code_ids[index]]
        return Name(names.keys[index], names.compact[index], core, code, frozenset(parts))

    def _by_words(self, left: Longs, right: Longs) -> Relation:
        """Tell SAME, PART and OVERLAP of names of which one at least has several words."""
        names = self._names
        result = np.full(len(left), _DIFFERENT)
        sharing = np.flatnonzero(names.spelling.parts.take(left) & names.spelling.parts.take(right))
        one, other = left[sharing], right[sharing]
        others = [part.take(other) for part in names.parts]
        shared = np.zeros(len(sharing), np.int32)
        for part in names.parts:
            mine = part.take(one)
            shared += np.logical_or.reduce([mine == their for their in others]) & (mine > 0)
        counts = names.part_counts.take(one), names.part_counts.take(other)
        several = (shared > 0) & (np.maximum(*counts) > 1)
        result[sharing[several]] = NameRelation.OVERLAP
        result[sharing[several & (shared >= np.minimum(*counts))]] = NameRelation.PART
        same = names.core_ids.take(left) == names.core_ids.take(right)
        same |= names.compact_ids.take(left) == names.compact_ids.take(right)
        result[np.flatnonzero(same)] = NameRelation.SAME
        return result

    def _known(self, pairs: Longs) -> Relation:
        """Return the relations of pairs of names, each spelled out once in all."""
        known = self._names.relations
        new = [pair for pair in pairs.tolist() if pair not in known]
        if new:
            left, right = np.divmod(np.array(new, np.int64), len(self._names.keys))
            known.update(zip(new, self._spelled_out(left, right).tolist(), strict=True))
        return np.array([known[pair] for pair in pairs.tolist()], np.int8)

    def _spelled_out(self, left: Longs, right: Longs) -> Relation:
        """Compare letter by letter names that are neither the same, nor of common words, nor of one sound."""
        names = self._names
        result = np.full(len(left), NameRelation.DIFFERENT, np.int8)
        first = [names.compact[index] for index in left.tolist()]
        second = [names.compact[index] for index in right.tolist()]
        lengths = names.spelling.lengths
        slips = _SLIPS[np.minimum(np.minimum(lengths[left], lengths[right]), len(_SLIPS) - 1)]
        distance = process.cpdist(first, second, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
        result[distance <= slips] = NameRelation.TYPO
        similarity = process.cpdist(
            first, second, scorer=JaroWinkler.similarity, score_cutoff=LEAST_SIMILAR, dtype=np.float64
        )
        opens = (names.spelling.opening[left] ^ names.spelling.opening[right]) < _THIRD_LETTER
        short_word = (names.spelling.kinds[left] | names.spelling.kinds[right]) & _SHORT > 0
        far = np.flatnonzero((distance > slips) & ((similarity > 0) | opens | short_word))
        for index in far.tolist():
            result[index] = self._rare_relation(int(left[index]), int(right[index]), bool(similarity[index] > 0))
        return result

    def _rare_relation(self, left: int, right: int, is_similar: bool) -> NameRelation:
        """Tell apart the few pairs that are close without being a slip."""
        names = self._names
        if is_abbreviated(names.keys[left], names.keys[right]):
            return NameRelation.ABBREVIATED
        first, second = names.compact[left], names.compact[right]
        short, long = sorted((first, second), key=len)
        if len(short) > SHORT_PART and long.startswith(short):
            return NameRelation.TRUNCATED
        if not is_similar:
            return NameRelation.DIFFERENT
        codes = (names.codes[names.compact_code_ids[index]] for index in (left, right))
        return NameRelation.PHONETIC if alike(first, second, *codes) else NameRelation.SIMILAR


def _share_letters(spelling: Spelling, left: Longs, right: Longs) -> Flags:
    """Tell which names share the letters that a slip, a cut or a similarity needs at the very least."""
    one, other = spelling.letters[left], spelling.letters[right]
    common, length, length2 = _common_letters(one, other)
    # With four letters in common at the opening, a similarity needs 1.4; a slip needs more.
    enough = 5 * common * (length + length2) >= 7 * (length * length2)
    return enough | (common >= np.minimum(length, length2))


def _common_letters(one: Marks, other: Marks) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return how many letters two names have in common at most, and their lengths."""
    common = np.bitwise_count(one & other & _LETTERS).astype(np.int32)
    more = np.minimum(one >> _MORE & np.uint64(_MOST_MORE), other >> _MORE & np.uint64(_MOST_MORE)).astype(np.int32)
    more[more == _MOST_MORE] = _MOST_LETTERS
    return common + more, (one >> _LENGTH).astype(np.int32), (other >> _LENGTH).astype(np.int32)


def _may_be_close(spelling: Spelling, left: Longs, right: Longs, furthest: NameRelation) -> Flags:
    """Tell which names may be a slip of one another, or, unless only slips are looked for, cut or similar.

    A name of no slip, no cut and no similarity may pass; none that has one is left out.
    """
    one, other = spelling.letters[left], spelling.letters[right]
    common, length, length2 = _common_letters(one, other)
    slips = _SLIPS[np.minimum(np.minimum(length, length2), len(_SLIPS) - 1)]
    # A slip puts one letter in the place of another, at most.
    close: Flags = (np.bitwise_count((one ^ other) & _LETTERS) <= 2 * slips) & (slips > 0)
    close &= np.abs(length - length2) <= slips
    if furthest <= NameRelation.TYPO:
        return close
    unlike = spelling.opening[left] ^ spelling.opening[right]
    same_third = unlike < _THIRD_LETTER
    opening = (unlike < _FIRST_LETTER).astype(np.int8) + (unlike < _SECOND_LETTER) + same_third + (unlike == 0)
    # Jaro and Winkler: the common letters of each, and those in order, as if all were.
    close |= common * (length + length2) >= _COMMON[opening] * (length * length2) - _MARGIN
    close |= same_third & (common >= np.minimum(length, length2))
    short_word = (spelling.kinds[left] | spelling.kinds[right]) & _SHORT > 0
    close |= short_word & (opening > 0) & (spelling.words[left] == spelling.words[right])
    return close


def _families(names: list[str], known: Longs) -> Ints:
    """Return the keys of each known given name, as numbers; 0 where there is none."""
    found = [sorted(known_given(names[index])) for index in known.tolist()]
    numbers: dict[str, int] = {}
    table = np.zeros((len(names), max((len(keys) for keys in found), default=1)), np.int32)
    for index, keys in zip(known.tolist(), found, strict=True):
        table[index, : len(keys)] = [numbers.setdefault(key, len(numbers) + 1) for key in keys]
    return table
