"""The vocabulary of a file's names, and how any two of them relate, column by column.

The scalar form, and the meaning of each relation, is `identity.names`.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from identity.bulk.text import Bytes, Flags, Ints, Longs, distinct, letters, stable_hashes, unique
from identity.comparison import GIVEN_LEVELS, LEVELS, given_level
from identity.given_names import KNOWN, known_given
from identity.model import FrequencyTable
from identity.names import LEAST_SIMILAR, MOST_PARTS, SHORT_PART, NameRelation, is_abbreviated, read_name, read_words
from identity.normalise import PLACEHOLDERS
from identity.phonetics import french_codes, sounds_alike

Relation = NDArray[np.int8]

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
_EXACT, _PHONETIC, _DIFFERENT = (
    np.int8(kind) for kind in (NameRelation.EXACT, NameRelation.PHONETIC, NameRelation.DIFFERENT)
)
_ROWS = 1 << 15
_ALPHABET = 26


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
    """False for placeholders, for an empty key and for what is too long to be a name."""
    spelling: "Spelling"
    is_known: Flags
    """Given names of which `identity.given_names` knows something."""
    families: Ints
    """The keys of each known given name, as numbers; 0 where there is none."""
    given_levels: dict[int, int] = field(default_factory=dict)
    """Levels found for pairs of given names, kept from one chunk of pairs to the next."""
    rarities: dict[str, tuple[FrequencyTable, Ints]] = field(default_factory=dict)
    """The rarity of each name by a table of frequencies, by trait, kept likewise."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What tells at a glance that two names cannot be close. One entry per name."""

    letters: NDArray[np.uint64]
    """Two bits for each letter: the name has it, has it twice."""
    more: NDArray[np.int16]
    """How many letters come a third time or later."""
    opening: NDArray[np.uint32]
    """The first four letters."""
    lengths: NDArray[np.int16]
    words: NDArray[np.int16]
    sounds: Ints
    """What sounds alike has one number; what is too short to have a sound has one of its own."""
    is_spaced: Flags
    families: NDArray[np.uint64]
    """One bit for each family of given names, some sharing a bit."""


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
        compact[index] = key.replace(" ", "")
        core[index], found = read_words(key)
        counts[index] = len(found)
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
    usable &= lengths <= _MOST_LETTERS
    known = pc.is_in(pa.array(compact, pa.string()), value_set=pa.array(sorted(KNOWN), pa.string()))
    is_known = np.asarray(known.to_numpy(zero_copy_only=False), np.bool_)
    families = _families(keys, np.flatnonzero(is_known))
    code_lengths = sounds[code_ids]
    spelling = _spelling(
        compact,
        words=np.fromiter((key.count(" ") + 1 for key in keys), np.int16, len(keys)),
        sounds=np.where(code_lengths > 1, code_ids, -1 - np.arange(len(keys), dtype=np.int32)).astype(np.int32),
        is_spaced=~single,
        families=families,
    )
    return Vocabulary(
        keys=keys,
        compact=compact,
        compact_ids=compact_ids,
        core_ids=core_ids,
        code_ids=code_ids,
        code_hashes=stable_hashes(code_names)[code_ids],
        code_lengths=code_lengths,
        parts=parts,
        part_counts=counts,
        lengths=lengths,
        has_short_word=has_short_word,
        is_usable=usable,
        spelling=spelling,
        is_known=is_known,
        families=families,
    )


def _spelling(
    compact: list[str],
    *,
    words: NDArray[np.int16],
    sounds: Ints,
    is_spaced: Flags,
    families: Ints,
) -> Spelling:
    offsets, data = letters(pa.array(compact, pa.string()))
    lengths = np.diff(offsets)
    marks, more = np.zeros(len(compact), np.uint64), np.zeros(len(compact), np.int16)
    for start in range(0, len(compact), _ROWS):
        rows = slice(start, start + _ROWS)
        counts = _count_letters(lengths[rows], data[offsets[start] : offsets[min(start + _ROWS, len(compact))]])
        for letter in range(_ALPHABET):
            marks[rows] |= (counts[:, letter] > 0).astype(np.uint64) << np.uint64(2 * letter)
            marks[rows] |= (counts[:, letter] > 1).astype(np.uint64) << np.uint64(2 * letter + 1)
        more[rows] = np.maximum(counts - 2, 0).sum(axis=1)
    opening: NDArray[np.uint32] = np.zeros(len(compact), np.uint32)
    padded = np.append(data, np.zeros(4, np.uint8))
    for position in range(4):
        opening <<= np.uint32(8)
        opening |= np.where(lengths > position, padded[offsets[:-1] + position], 0).astype(np.uint32)
    family_marks = np.zeros(len(compact), np.uint64)
    for column in range(families.shape[1]):
        number = families[:, column]
        family_marks |= np.where(number > 0, np.uint64(1) << (number % 64).astype(np.uint64), np.uint64(0))
    return Spelling(marks, more, opening, lengths.astype(np.int16), words, sounds, is_spaced, family_marks)


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
        result = np.where((left == right) & (left >= 0), _EXACT, _DIFFERENT)
        rows = np.flatnonzero((left != right) & (left >= 0) & (right >= 0))
        a, b = left[rows].astype(np.intp), right[rows].astype(np.intp)
        spelling = self._names.spelling
        found = np.where(spelling.sounds[a] == spelling.sounds[b], _PHONETIC, _DIFFERENT)
        spaced = np.flatnonzero(spelling.is_spaced[a] | spelling.is_spaced[b])
        by_words = self._by_words(a[spaced], b[spaced])
        found[spaced] = np.where(by_words == _DIFFERENT, found[spaced], by_words)
        near = np.flatnonzero(_may_be_close(self._names, a, b, furthest) & (found == _DIFFERENT))
        pairs, where = unique(np.minimum(a[near], b[near]) * len(self._names.keys) + np.maximum(a[near], b[near]))
        found[near] = self._spelled_out(*np.divmod(pairs, len(self._names.keys)))[where]
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
            one, other = divmod(pair, len(names.keys))
            level = _GIVEN_INDEX[given_level(read_name(names.keys[one]), read_name(names.keys[other]))]
            names.given_levels[pair] = level
        return level

    def _by_words(self, left: Longs, right: Longs) -> Relation:
        """Tell SAME, PART and OVERLAP of names of which one at least has several words."""
        names = self._names
        a, b = names.parts[left], names.parts[right]
        shared = np.zeros(len(left), np.int32)
        for column in range(MOST_PARTS):
            shared += ((a[:, column : column + 1] == b).any(axis=1) & (a[:, column] > 0)).astype(np.int32)
        counts = names.part_counts[left], names.part_counts[right]
        several = (shared > 0) & (np.maximum(*counts) > 1)
        result = np.where(several, NameRelation.OVERLAP, NameRelation.DIFFERENT).astype(np.int8)
        result[several & (shared >= np.minimum(*counts))] = NameRelation.PART
        same = (names.core_ids[left] == names.core_ids[right]) | (names.compact_ids[left] == names.compact_ids[right])
        result[same] = NameRelation.SAME
        return result

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
        short_word = names.has_short_word[left] | names.has_short_word[right]
        far = np.flatnonzero((distance > slips) & ((similarity > 0) | opens | short_word))
        for index in far.tolist():
            result[index] = _rare_relation(
                names.keys[left[index]], names.keys[right[index]], first[index], second[index], similarity[index] > 0
            )
        return result


def _may_be_close(names: Vocabulary, left: Longs, right: Longs, furthest: NameRelation) -> Flags:
    """Tell which names may be a slip of one another, or, unless only slips are looked for, cut or similar.

    A name of no slip, no cut and no similarity may pass; none that has one is left out.
    """
    spelling = names.spelling
    one, other = spelling.letters[left], spelling.letters[right]
    length, length2 = spelling.lengths[left], spelling.lengths[right]
    slips = _SLIPS[np.minimum(np.minimum(length, length2), len(_SLIPS) - 1)]
    # A slip puts one letter in the place of another, at most.
    close: Flags = (np.bitwise_count(one ^ other) <= 2 * slips) & (np.abs(length - length2) <= slips) & (slips > 0)
    if furthest <= NameRelation.TYPO:
        return close
    both = one & other
    common = np.bitwise_count(both) + np.minimum(spelling.more[left], spelling.more[right])
    unlike = spelling.opening[left] ^ spelling.opening[right]
    same_third = unlike < _THIRD_LETTER
    opening = (unlike < _FIRST_LETTER).astype(np.int8) + (unlike < _SECOND_LETTER) + same_third + (unlike == 0)
    # Jaro and Winkler: the common letters of each, and those in order, as if all were.
    product = length.astype(np.float32) * length2
    close |= common * (length + length2) >= _COMMON[opening] * product - _MARGIN
    close |= same_third & ((both == one) | (both == other))
    short_word = names.has_short_word[left] | names.has_short_word[right]
    close |= short_word & (opening > 0) & (spelling.words[left] == spelling.words[right])
    return close


def _rare_relation(one: str, other: str, first: str, second: str, is_similar: bool) -> NameRelation:
    """Tell apart the few pairs that are close without being a slip."""
    if is_abbreviated(one, other):
        return NameRelation.ABBREVIATED
    short, long = sorted((first, second), key=len)
    if len(short) > SHORT_PART and long.startswith(short):
        return NameRelation.TRUNCATED
    if not is_similar:
        return NameRelation.DIFFERENT
    return NameRelation.PHONETIC if sounds_alike(first, second) else NameRelation.SIMILAR


def _families(names: list[str], known: Longs) -> Ints:
    """Return the keys of each known given name, as numbers; 0 where there is none."""
    found = [sorted(known_given(names[index])) for index in known.tolist()]
    numbers: dict[str, int] = {}
    table = np.zeros((len(names), max((len(keys) for keys in found), default=1)), np.int32)
    for index, keys in zip(known.tolist(), found, strict=True):
        table[index, : len(keys)] = [numbers.setdefault(key, len(numbers) + 1) for key in keys]
    return table
