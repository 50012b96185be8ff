"""The names of a file: what is written in its four columns of names, as numbers in one vocabulary."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.bulk.columns import MISSING, Flags, Ints, Levels, flags, integers, letters, number_column, text_column
from identity.bulk.names import Words
from identity.bulk.text import Coded, Column, Counted, distinct, match_keys, put, take
from identity.bulk.threads import spread
from identity.comparable import OPENERS
from identity.names import GIVEN_PARTICLES
from identity.normalise import CIVILITIES, NEWBORN, NO_GIVEN_NAME

MOST_WORDS = 5
"""Given names looked at, in words."""

_COLUMNS = ("birth_family", "used_family", "given_names", "used_given")
# Whether the hyphens of a column's names tell where each name ends.
_HYPHENS = (False, False, True, False)
_LONGEST = 1000
_PARTICLES = rf"^(?:(?:{'|'.join(sorted(GIVEN_PARTICLES))}) )+"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of each record, as indexes in the vocabulary; an unknown one is stood in for by its like."""

    birth: Ints
    used: Ints
    head: Ints
    used_head: Ints
    head_words: Levels
    words: Ints
    word_counts: Levels


@dataclass(frozen=True, slots=True)
class NameKeys:
    """The name columns of a file, and the match keys of all that they hold."""

    columns: list[Coded]
    keys: Coded
    """The distinct keys, and the key of every piece one after another: no name, then the values of each column."""
    sizes: list[int]
    heads: pa.StringArray
    """The first of the given names, its parts joined by hyphens."""
    words: pa.ListArray
    """The given names, word by word."""
    are_newborn: Flags
    """Lists of given names that say that a child has none yet."""


def name_keys(column: Column) -> NameKeys:
    """Reduce all names of a file to match keys."""
    columns = [column(name) for name in _COLUMNS]
    family, used_family, given, used_given = spread(_match, zip(columns, _HYPHENS, strict=True))
    are_newborn = flags(pc.match_substring_regex(given, NEWBORN))
    given = pc.replace_substring_regex(given, CIVILITIES, "")
    given, used_given = _with_particles(_said(given)), _said(used_given)
    heads = _first_words(given)
    words = pc.split_pattern(pc.replace_substring(given, "-", " "), " ")
    # The empty key is always there, so that a file without a name has a vocabulary too.
    pieces = [text_column([""]), family, used_family, used_given, pc.replace_substring(heads, "-", " ")]
    pieces.append(words.flatten())
    sizes = [len(piece) for piece in pieces]
    return NameKeys(columns, distinct(pa.concat_arrays(pieces)), sizes, heads, words, are_newborn)


def _match(column: tuple[Coded, bool]) -> pa.StringArray:
    """Reduce names to match keys, cut where no name goes on: a text that long is none."""
    names, hyphens = column[0].values, column[1]
    if int(np.diff(letters(names)[0]).max(initial=0)) > _LONGEST:
        names = pc.utf8_slice_codeunits(names, 0, _LONGEST)
    return match_keys(names, hyphens=hyphens)


def number_names(found: NameKeys, taken_apart: Words, counted: Counted) -> Names:
    """Number all names of a file; those that are not usable are missing."""
    family, used_family, given, used_given = found.columns
    numbers = np.arange(len(found.keys.values), dtype=np.int32)
    ids = np.where(taken_apart.is_usable, numbers, np.int32(MISSING))[found.keys.codes]
    _, birth_ids, used_ids, used_given_ids, head_ids, word_ids = np.split(ids, np.cumsum(found.sizes)[:-1])
    is_letter = np.append(np.diff(letters(found.keys.values)[0]) == 1, False)
    birth_ids, used_ids = (np.where(is_letter[ids], np.int32(MISSING), ids) for ids in (birth_ids, used_ids))
    birth, used = take(birth_ids, family.codes), take(used_ids, used_family.codes)
    head, used_head = take(head_ids, given.codes), take(used_given_ids, used_given.codes)
    for name, coded, ids in zip(_COLUMNS, found.columns, (birth, used, head, used_head), strict=True):
        counted(name, coded, ids < 0)
    birth, used = np.where(birth < 0, used, birth), np.where(used < 0, birth, used)
    # What a maternity says of one without a name is its mother's: of both her twins.
    used_head = np.where(take(found.are_newborn, given.codes, missing=False), np.int32(MISSING), used_head)
    head_counts = np.minimum(integers(pc.count_substring(found.heads, "-")) + 1, MOST_WORDS + 1).astype(np.int8)
    word_counts = np.minimum(integers(found.words.value_lengths()), MOST_WORDS).astype(np.int8)
    # Of a list that is the family name in the wrong column, nothing is left beside a used name.
    is_family = ((head == birth) | (head == used)) & (np.minimum(head, used_head) >= 0) & (head != used_head)
    is_family &= take(head_counts == word_counts, given.codes, missing=False)
    codes = np.where(is_family, np.int32(MISSING), given.codes) if is_family.any() else given.codes
    head = np.where(is_family, np.int32(MISSING), head)
    names = Names(
        birth=birth,
        used=used,
        head=head,
        used_head=used_head,
        head_words=np.where(head < 0, np.int8(1), take(head_counts, codes, 1)),
        words=_words(found.words, word_ids, codes),
        word_counts=take(word_counts, codes, 1),
    )
    _drop_family(names, np.append(taken_apart.is_known, False))
    return _stood_in(names)


def called_by_two(names: Names, keys: pa.StringArray) -> Flags:
    """Tell of which records the first two words of the list are one name: the used one, or JEAN and the next.

    `keys` are the names of the vocabulary.
    """
    two = np.flatnonzero(integers(pc.count_substring(keys, " ")) == 1)
    words = pc.split_pattern(keys.take(number_column(two)), " ").flatten()
    of_name = np.full((2, len(keys) + 1), MISSING, np.int32)
    of_name[:, two] = integers(pc.index_in(words, value_set=keys)).reshape(-1, 2).T
    result: Flags = of_name[0].take(names.used_head) >= 0
    rows = np.flatnonzero(result)
    result[rows] = (names.words[:2, rows] == of_name[:, names.used_head[rows]]).all(axis=0)
    for opener in integers(pc.index_in(text_column(sorted(OPENERS)), value_set=keys)):
        result |= (names.words[0] == opener) & (opener >= 0)
    return result


def _stood_in(names: Names) -> Names:
    """Let the used given name stand in for the first one, and the first one for it."""
    head, used_head = names.head, names.used_head
    nameless = np.flatnonzero(names.words[0] < 0)
    names.words[0, nameless] = used_head[nameless]
    return replace(
        names, head=np.where(head < 0, used_head, head), used_head=np.where(used_head < 0, head, used_head)
    )


def _drop_family(names: Names, is_known: Flags) -> None:
    """Drop the family name from lists of given names, unless it is a given name too or none would be left."""
    families = [np.where(is_known[name], np.int32(MISSING), name) for name in (names.birth, names.used)]
    rows = np.flatnonzero(
        np.logical_or.reduce([(word == name) & (word >= 0) for word in names.words for name in families])
    )
    words, opening = names.words[:, rows], np.where(names.head_words[rows] == 1, 0, names.head_words[rows])
    drops = np.logical_or.reduce([words == name[rows] for name in families]) & (words >= 0)
    drops &= np.arange(MOST_WORDS)[:, None] >= opening
    order = np.argsort(drops, axis=0, kind="stable")
    left = np.where(np.take_along_axis(drops, order, 0), np.int32(MISSING), np.take_along_axis(words, order, 0))
    kept = np.flatnonzero(drops.any(axis=0) & (left[0] >= 0))
    rows, left = rows[kept], left[:, kept]
    is_head = left[0] != words[0, kept]
    names.words[:, rows] = left
    names.word_counts[rows] -= drops[:, kept].sum(axis=0, dtype=np.int8)
    names.head[rows[is_head]] = left[0, is_head]


def _said(keys: pa.StringArray) -> pa.StringArray:
    """Blank what is written where there is no given name."""
    is_unsaid = pc.match_substring_regex(keys, NO_GIVEN_NAME)
    return pc.replace_with_mask(keys, is_unsaid, text_column([""] * is_unsaid.true_count))


def _with_particles(keys: pa.StringArray) -> pa.StringArray:
    """Join the particles that open a list of given names to the name that they belong to, by hyphens."""
    rows = np.flatnonzero(flags(pc.match_substring_regex(keys, _PARTICLES)))
    joined = [
        re.sub(_PARTICLES, lambda found: found[0].replace(" ", "-"), keys[row].as_py()) for row in rows.tolist()
    ]
    return put(keys, rows, text_column(joined)) if len(rows) else keys


def _first_words(keys: pa.StringArray) -> pa.StringArray:
    lists = pc.split_pattern(keys, " ", max_splits=1)
    return lists.flatten().take(lists.offsets[:-1])


def _words(lists: pa.ListArray, word_ids: Ints, rows: Ints) -> Ints:
    """Return the first given names of each record, word by word."""
    offsets = integers(lists.offsets)
    counts = np.diff(offsets)
    table = np.full((MOST_WORDS, len(lists) + 1), MISSING, np.int32)
    for position in range(MOST_WORDS):
        has = np.flatnonzero(counts > position)
        table[position, has] = word_ids[offsets[:-1][has] + position]
    return np.stack([column.take(rows) for column in table])
