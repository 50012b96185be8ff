"""How two names relate: the one primitive that family names and given names are compared with.

RNIV 1 (equality of names: hyphen, apostrophe and space alike). Names are match keys (`identity.normalise.match_key`).
`identity.bulk.names` computes the same relations column by column; a test holds the two together.
"""

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from identity.phonetics import french_code, may_sound_alike, sounds_alike

PARTICLES = frozenset(
    "D DE DU DES DEL DELLA DI DA DO DOS DAS LA LE LES L VAN VON DER DEN EL AL BEN BENT AIT THI".split()  # noqa: SIM905
)
GIVEN_PARTICLES = frozenset(particle for particle in PARTICLES if len(particle) > 1)
"""Those that open a name of several words: EL MEHDI, or LE MOIGNE in the wrong field; a letter is an initial."""
SHORT_PART = 2
"""A word of a compound name counts as a part of it when it is longer than this."""
MOST_PARTS = 4
"""Words of a compound name that count as its parts."""
LEAST_SIMILAR = 0.88


class NameRelation(IntEnum):
    """How two names relate, closest first."""

    EXACT = 0
    SAME = 1
    """Equal without spaces, or without particles."""
    PART = 2
    """One is a part of the other, which has several."""
    PHONETIC = 3
    TYPO = 4
    ABBREVIATED = 5
    """Word for word, one holds the first letters of the other: J-P for JEAN-PIERRE."""
    TRUNCATED = 6
    """One opens the other."""
    OVERLAP = 7
    """They share a word and each has another one: JEAN-PAUL and JEAN-LUC."""
    SIMILAR = 8
    DIFFERENT = 9


class Name(NamedTuple):
    """A name's match key and what it is compared on."""

    key: str
    compact: str
    core: str
    parts: frozenset[str]

    @property
    def code(self) -> str:
        """How it sounds: found when it is asked for, as names that are alike are not listened to."""
        return french_code(self.core)


@lru_cache(maxsize=65536)
def read_name(key: str) -> Name:
    """Take a match key apart: without spaces, without particles, its words."""
    core, parts = read_words(key)
    return Name(key, key.replace(" ", ""), core, frozenset(parts))


def read_words(key: str) -> tuple[str, list[str]]:
    """Return a match key without spaces and particles, and those of its words that count as its parts."""
    words = key.split()
    meaning = [word for word in words if word not in PARTICLES] or words
    return "".join(meaning), sorted({word for word in meaning if len(word) > SHORT_PART})[:MOST_PARTS]


def are_initials(name: Name) -> bool:
    """Tell a name of which only first letters are written: P, J-P."""
    return len(name.key) == 2 * len(name.compact) - 1


def is_typo(first: str, second: str) -> bool:
    """Tell one slip of the keyboard in a short name, or two in a long one."""
    shortest = min(len(first), len(second))
    allowed = 2 if shortest >= 8 else 1 if shortest >= 4 else 0
    return allowed > 0 and OSA.distance(first, second, score_cutoff=allowed) <= allowed


def relation(one: Name, other: Name) -> NameRelation:
    """Return the closest relation of two names; symmetric."""
    return NameRelation.EXACT if one.key == other.key else _relation(one.key, other.key)


@lru_cache(maxsize=262144)
def _relation(first: str, second: str) -> NameRelation:
    one, other = read_name(first), read_name(second)
    if one.core == other.core or one.compact == other.compact:
        return NameRelation.SAME
    if one.parts & other.parts and (len(one.parts) > 1 or len(other.parts) > 1):
        return NameRelation.PART if one.parts <= other.parts or other.parts <= one.parts else NameRelation.OVERLAP
    if may_sound_alike(one.core, other.core) and one.code == other.code and len(one.code) > 1:
        return NameRelation.PHONETIC
    if is_typo(one.compact, other.compact):
        return NameRelation.TYPO
    if first[:1] == second[:1]:
        if is_abbreviated(first, second):
            return NameRelation.ABBREVIATED
        short, long = sorted((one.compact, other.compact), key=len)
        if len(short) > SHORT_PART and long.startswith(short):
            return NameRelation.TRUNCATED
    if JaroWinkler.similarity(one.compact, other.compact) < LEAST_SIMILAR:
        return NameRelation.DIFFERENT
    return NameRelation.PHONETIC if sounds_alike(one.compact, other.compact) else NameRelation.SIMILAR


def is_abbreviated(one: str, other: str) -> bool:
    """Tell whether, word for word, one key holds the first letters of the other, at least one word being cut."""
    first, second = one.split(), other.split()
    if len(first) != len(second) or not any(len(word) <= SHORT_PART for word in (*first, *second)):
        return False
    return all(a.startswith(b) or b.startswith(a) for a, b in zip(first, second, strict=True))
