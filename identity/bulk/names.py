"""The vocabulary of a file's names: every distinct name taken apart, once, for all its records.

The scalar form is `identity.names`; how two names relate is found by `identity.bulk.relations`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from identity.bulk.columns import Bytes, Flags, Ints, Longs, flags, integers, letters, number_column, text_column
from identity.bulk.sounds import french_sounds
from identity.bulk.text import Coded, distinct, once, stable_hashes
from identity.given_names import KNOWN, known_given
from identity.model import FrequencyTable
from identity.names import MOST_PARTS, PARTICLES, SHORT_PART
from identity.normalise import DUMMIES, PLACEHOLDERS

Relation = NDArray[np.int8]
Marks = NDArray[np.uint64]

MOST_LETTERS = 100
LETTERS = np.uint64((1 << 52) - 1)
"""The letters of a name, in `Spelling.letters`: two bits each."""
MORE, LENGTH, MOST_MORE = np.uint64(52), np.uint64(57), 31
"""Above the letters: how many come a third time or later, as far as five bits go, and the length."""
SPACED, SHORT, INITIALS = np.uint8(1), np.uint8(2), np.uint8(4)
"""Kinds of names."""

_FIRST = np.uint8(ord("A"))
_OPENING = 4
_ONCE = np.uint64(1) << np.arange(0, 52, 2, dtype=np.uint64)
_NOT_ONLY_X = "[A-WYZ]"
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every distinct match key of a file and, by index, what it is compared on."""

    keys: list[str]
    written: pa.StringArray
    """The same keys, as a column."""
    compact: list[str]
    forms: pa.StringArray
    """The names without their particles, and with them, in one word."""
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
    words: pa.StringArray
    """The words that `parts` numbers."""
    spelling: "Spelling"
    is_known: Flags
    """Given names of which `identity.given_names` knows something."""
    relations: dict[int, int] = field(default_factory=dict)
    """Relations of pairs of names that were spelled out, kept from one chunk of pairs to the next."""
    given_levels: dict[int, int] = field(default_factory=dict)
    """Levels found for pairs of given names, kept likewise."""
    rarities: dict[str, tuple[FrequencyTable, Flags, Relation]] = field(default_factory=dict)
    """Which names a table of frequencies holds and how far from rare each is, by trait, kept likewise."""


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
    """Whether the name has several words (1), one of them of two letters at most (2), only first letters (4)."""
    parts: Marks
    """One bit for each word that is a part of the name, some sharing a bit."""
    families: Marks
    """One bit for each family of given names, some sharing a bit."""

    def lengths(self, names: Ints | Longs) -> NDArray[np.int64]:
        """Return the length of each of these names, at most 127."""
        return (self.letters.take(names) >> LENGTH).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Words:
    """Distinct names and their words, as `identity.names.read_words` takes them."""

    names: pa.StringArray
    compact: pa.StringArray
    parts: Ints
    part_counts: Ints
    words: pa.StringArray
    """The words that `parts` numbers."""
    counts: NDArray[np.int16]
    has_short: Flags
    forms: Coded
    """The core of every name, then its compact form: what has a sound."""
    is_usable: Flags
    """False for placeholders, for an empty key and for what is too long to be a name."""
    is_known: Flags
    """Given names of which `identity.given_names` knows something."""


def take_apart(names: pa.StringArray) -> Words:
    """Take all names apart at once: their words are the rows that follow."""
    count = len(names)
    lists = pc.split_pattern(names, " ")
    counts = np.diff(integers(lists.offsets))
    name = np.repeat(np.arange(count, dtype=np.int32), counts)
    words = distinct(lists.flatten())
    is_particle = flags(pc.is_in(words.values, value_set=text_column(sorted(PARTICLES))))[words.codes]
    length = np.diff(letters(words.values)[0])[words.codes]
    # Without a word that means something, the particles stand for the name: LE, DE LA.
    means_nothing = np.bincount(name[~is_particle], minlength=count) == 0
    meaning = np.flatnonzero(~is_particle | means_nothing[name])
    starts = np.searchsorted(name[meaning], np.arange(count + 1)).astype(np.int32)
    meant = pa.ListArray.from_arrays(number_column(starts), lists.flatten().take(number_column(meaning)))
    core, compact = pc.binary_join(meant, text_column([""])[0]), pc.replace_substring(names, " ", "")
    long = meaning[length[meaning] > SHORT_PART]
    parts, part_counts = _parts(name[long], words.codes[long], words.values, count)
    return Words(
        names=names,
        compact=compact,
        parts=parts,
        part_counts=part_counts,
        words=words.values,
        counts=counts.astype(np.int16),
        has_short=np.bincount(name[length <= SHORT_PART], minlength=count) > 0,
        forms=distinct(pa.concat_arrays([core, compact])),
        is_usable=_are_usable(names, compact),
        is_known=flags(pc.is_in(compact, value_set=text_column(sorted(KNOWN)))),
    )


def _are_usable(names: pa.StringArray, compact: pa.StringArray) -> Flags:
    usable = flags(pc.match_substring_regex(compact, _NOT_ONLY_X)) & (np.diff(letters(compact)[0]) <= MOST_LETTERS)
    usable &= ~flags(pc.is_in(names, value_set=text_column(sorted(PLACEHOLDERS | DUMMIES))))
    return usable


def build_vocabulary(words: Words) -> Vocabulary:
    """Put together all that names are compared on."""
    keys: list[str] = words.names.to_pylist()
    core_ids, compact_ids = np.split(words.forms.codes, 2)
    families = _families(keys, np.flatnonzero(words.is_known))
    marks, opening = _spell(words.compact)
    codes = distinct(french_sounds(words.forms.values))
    code_ids, compact_code_ids = codes.codes[core_ids], codes.codes[compact_ids]
    has_sound = np.diff(letters(codes.values)[0])[code_ids] > 1
    are_initials = (words.counts == np.diff(letters(words.compact)[0])) & (words.counts > 0)
    spelling = Spelling(
        letters=marks,
        opening=opening,
        words=words.counts,
        sounds=np.where(has_sound, code_ids, -1 - np.arange(len(keys), dtype=np.int32)),
        kinds=((words.counts > 1) * SPACED + words.has_short * SHORT + are_initials * INITIALS).astype(np.uint8),
        parts=marks_of(words.parts - 1),
        families=marks_of(families.T - 1),
    )
    return Vocabulary(
        keys=keys,
        written=words.names,
        compact=words.compact.to_pylist(),
        forms=words.forms.values,
        compact_ids=compact_ids,
        core_ids=core_ids,
        codes=codes.texts,
        code_ids=code_ids,
        compact_code_ids=compact_code_ids,
        code_hashes=stable_hashes(codes.values)[code_ids],
        parts=words.parts,
        part_counts=words.part_counts,
        words=words.words,
        spelling=spelling,
        is_known=words.is_known,
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


def _spell(compact: pa.StringArray) -> tuple[Marks, NDArray[np.uint32]]:
    """Return the letters and the opening of each name, as `Spelling` holds them."""
    offsets, data = letters(compact)
    starts, lengths = offsets[:-1], np.diff(offsets)
    has, twice, more, opening = (np.zeros(len(compact), np.uint64) for _ in range(4))
    longer = np.arange(len(compact))
    for position in range(int(lengths.max(initial=0))):
        longer = longer[lengths[longer] > position]
        letter = data[starts[longer] + position]
        bit, seen, again = _ONCE.take(letter - _FIRST), has[longer], twice[longer]
        more[longer] += (again & bit > 0).astype(np.uint64)
        twice[longer] = again | (seen & bit)
        has[longer] = seen | bit
        if position < _OPENING:
            opening[longer] |= letter.astype(np.uint64) << np.uint64(8 * (_OPENING - 1 - position))
    marks = has | twice << np.uint64(1) | np.minimum(more, MOST_MORE) << MORE
    marks |= np.minimum(lengths, 127).astype(np.uint64) << LENGTH
    return marks, opening.astype(np.uint32)


def marks_of(columns: Iterable[Ints]) -> Marks:
    """Return one bit for each number of a row, some numbers sharing a bit; none for a number below zero."""
    return reduce(np.bitwise_or, (_BITS.take(numbers & 63) * (numbers >= 0) for numbers in columns))


def _families(names: list[str], known: Longs) -> Ints:
    """Return the keys of each known given name, as numbers; 0 where there is none."""
    found = [sorted(known_given(names[index])) for index in known.tolist()]
    numbers: dict[str, int] = {}
    table = np.zeros((len(names), max([1, *map(len, found)])), np.int32)
    for index, keys in zip(known.tolist(), found, strict=True):
        table[index, : len(keys)] = [numbers.setdefault(key, len(numbers) + 1) for key in keys]
    return table
