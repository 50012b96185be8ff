"""How any two names of a vocabulary relate, column by column.

The scalar form, and the meaning of each relation, is `identity.names`.
"""

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from identity.bulk.columns import Flags, Ints, Longs, either, number_column
from identity.bulk.names import (
    INITIALS,
    LENGTH,
    LETTERS,
    MORE,
    MOST_LETTERS,
    MOST_MORE,
    SHORT,
    SPACED,
    Marks,
    Relation,
    Spelling,
    Vocabulary,
)
from identity.bulk.text import unique
from identity.comparison import GIVEN_LEVELS, LEVELS, related_level, word_level
from identity.names import LEAST_SIMILAR, SHORT_PART, NameRelation, is_abbreviated, read_name
from identity.phonetics import alike

_GIVEN_INDEX = {level: index for index, level in enumerate(LEVELS["given"])}
_GIVEN_TABLE = np.array([_GIVEN_INDEX[GIVEN_LEVELS[relation]] for relation in NameRelation], np.int8)
# What an edit of each length of name may change: nothing under four letters.
_SLIPS = np.array([0] * 4 + [1] * 4 + [2], np.int8)
# The share of common letters that a similarity of `LEAST_SIMILAR` needs, by length of the common opening.
_COMMON = np.array(
    [3 * (LEAST_SIMILAR - 0.1 * opening) / (1 - 0.1 * opening) - 1 for opening in range(5)], np.float32
)
_MARGIN = np.float32(0.01)
_FIRST_LETTER, _SECOND_LETTER, _THIRD_LETTER = (np.uint32(1 << 8 * after) for after in (3, 2, 1))
_LOW = 0xFFFFFFFF
_DIFFERENT = np.int8(NameRelation.DIFFERENT)


class Relations:
    """The relation of any two names of a vocabulary, column by column.

    Most names have nothing to do with one another, which their letters tell at a glance; only what may be close is
    spelled out, each pair once.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._names = vocabulary

    def of(self, left: Ints, right: Ints) -> Relation:
        """Return the `NameRelation` of each pair of indexes; a negative index gives DIFFERENT."""
        known = np.minimum(left, right) >= 0
        result = either((left == right) & known, NameRelation.EXACT, NameRelation.DIFFERENT)
        rows = np.flatnonzero((left != right) & known)
        a, b = left[rows].astype(np.intp), right[rows].astype(np.intp)
        spelling = self._names.spelling
        alike = spelling.sounds.take(a) == spelling.sounds.take(b)
        found = either(alike, NameRelation.PHONETIC, NameRelation.DIFFERENT)
        kinds = spelling.kinds.take(a) | spelling.kinds.take(b)
        spaced = np.flatnonzero(kinds & SPACED)
        by_words = self._by_words(a[spaced], b[spaced])
        told = np.flatnonzero(by_words != _DIFFERENT)
        found[spaced[told]] = by_words[told]
        near = np.flatnonzero((_share_letters(spelling, a, b) | (kinds & SHORT > 0)) & (found == _DIFFERENT))
        near = near[_may_be_close(spelling, a[near], b[near])]
        pairs, where = unique(np.minimum(a[near], b[near]) * len(self._names.keys) + np.maximum(a[near], b[near]))
        found[near] = self._known(pairs)[where]
        result[rows] = found
        return result

    def given_levels(self, left: Ints, right: Ints) -> Relation:
        """Return the level of each pair of given names, as `identity.comparison.given_level`."""
        names = self._names
        found = self.of(left, right)
        result = _GIVEN_TABLE[found]
        kinds = names.spelling.kinds
        initials = np.flatnonzero((kinds.take(left) | kinds.take(right)) & INITIALS)
        a, b = left[initials], right[initials]
        is_one = (a >= 0) & (b >= 0) & (names.compact_ids.take(a) == names.compact_ids.take(b))
        result[initials[is_one]] = _GIVEN_INDEX["initial"]
        both = names.is_known[left] & names.is_known[right] & (left >= 0) & (right >= 0)
        marks = names.spelling.families
        akin = both & (found == _DIFFERENT) & (marks[left] & marks[right] != 0)
        share_words = found == NameRelation.OVERLAP
        close = (found > NameRelation.PART) & (found < _DIFFERENT) & ~share_words
        # Words cut short are looked at one by one.
        are_cut = (found == NameRelation.ABBREVIATED) | (found == NameRelation.TRUNCATED)
        overlapping = np.flatnonzero(share_words)
        result[overlapping] = self._slips_in_words(left[overlapping], right[overlapping])
        rows = np.flatnonzero(akin | (close & (both | are_cut)))
        if not len(rows):
            return result
        a, b = left[rows].astype(np.int64), right[rows].astype(np.int64)
        pairs, where = unique(np.minimum(a, b) * len(names.keys) + np.maximum(a, b))
        relations = np.empty(len(pairs), np.int8)
        relations[where] = found[rows]
        levels = map(self._given_level, pairs.tolist(), relations.tolist())
        result[rows] = np.fromiter(levels, np.int8, len(pairs))[where]
        return result

    def _slips_in_words(self, left: Ints, right: Ints) -> Relation:
        """Return the level of compound given names that share words: a slip when the one word left to each is one."""
        parts = self._names.parts.take(left, axis=1), self._names.parts.take(right, axis=1)
        (one, count), (other, count2) = _left_over(*parts), _left_over(*reversed(parts))
        result = np.full(len(left), _GIVEN_INDEX["overlap"], np.int8)
        rows = np.flatnonzero((count == 1) & (count2 == 1))
        pairs, where = unique(one[rows] << 32 | other[rows])
        words = (self._names.words.take(number_column(side - 1)).to_pylist() for side in (pairs >> 32, pairs & _LOW))
        levels = [word_level(word, word2) for word, word2 in zip(*words, strict=True)]
        result[rows] = np.array([_GIVEN_INDEX[level] for level in levels], np.int8)[where]
        return result

    def _given_level(self, pair: int, found: int) -> int:
        """Return the level of two given names of which the relation was found."""
        names = self._names
        level = names.given_levels.get(pair)
        if level is None:
            one, other = (read_name(names.keys[index]) for index in divmod(pair, len(names.keys)))
            level = names.given_levels[pair] = _GIVEN_INDEX[related_level(one, other, NameRelation(found))]
        return level

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
        shortest = np.minimum(names.spelling.lengths(left), names.spelling.lengths(right))
        slips = _SLIPS[np.minimum(shortest, len(_SLIPS) - 1)]
        distance = process.cpdist(first, second, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
        result[distance <= slips] = NameRelation.TYPO
        similarity = process.cpdist(
            first, second, scorer=JaroWinkler.similarity, score_cutoff=LEAST_SIMILAR, dtype=np.float64
        )
        opens = (names.spelling.opening[left] ^ names.spelling.opening[right]) < _THIRD_LETTER
        short_word = (names.spelling.kinds[left] | names.spelling.kinds[right]) & SHORT > 0
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


def _left_over(parts: Ints, others: Ints) -> tuple[Longs, Ints]:
    """Return of each name the word that the other has not, when there is but one, and how many there are."""
    is_own = (parts > 0) & ~np.logical_or.reduce([parts == other for other in others])
    return (parts * is_own).sum(axis=0, dtype=np.int64), is_own.sum(axis=0, dtype=np.int32)


def _share_letters(spelling: Spelling, left: Longs, right: Longs) -> Flags:
    """Tell which names share the letters that a slip, a cut or a similarity needs at the very least."""
    one, other = spelling.letters[left], spelling.letters[right]
    common, length, length2 = _common_letters(one, other)
    # With four letters in common at the opening, a similarity needs 1.4; a slip needs more.
    enough = 5 * common * (length + length2) >= 7 * (length * length2)
    return enough | (common >= np.minimum(length, length2))


def _common_letters(one: Marks, other: Marks) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return how many letters two names have in common at most, and their lengths."""
    common = np.bitwise_count(one & other & LETTERS).astype(np.int32)
    more = np.minimum(one >> MORE & np.uint64(MOST_MORE), other >> MORE & np.uint64(MOST_MORE)).astype(np.int32)
    more[more == MOST_MORE] = MOST_LETTERS
    return common + more, (one >> LENGTH).astype(np.int32), (other >> LENGTH).astype(np.int32)


def _may_be_close(spelling: Spelling, left: Longs, right: Longs) -> Flags:
    """Tell which names may be a slip of one another, cut or similar.

    A name of no slip, no cut and no similarity may pass; none that has one is left out.
    """
    one, other = spelling.letters[left], spelling.letters[right]
    common, length, length2 = _common_letters(one, other)
    slips = _SLIPS[np.minimum(np.minimum(length, length2), len(_SLIPS) - 1)]
    # A slip puts one letter in the place of another, at most.
    close: Flags = (np.bitwise_count((one ^ other) & LETTERS) <= 2 * slips) & (slips > 0)
    close &= np.abs(length - length2) <= slips
    unlike = spelling.opening[left] ^ spelling.opening[right]
    same_third = unlike < _THIRD_LETTER
    opening = (unlike < _FIRST_LETTER).astype(np.int8) + (unlike < _SECOND_LETTER) + same_third + (unlike == 0)
    # Jaro and Winkler: the common letters of each, and those in order, as if all were.
    close |= common * (length + length2) >= _COMMON[opening] * (length * length2) - _MARGIN
    close |= same_third & (common >= np.minimum(length, length2))
    short_word = (spelling.kinds[left] | spelling.kinds[right]) & SHORT > 0
    close |= short_word & (opening > 0) & (spelling.words[left] == spelling.words[right])
    return close
