"""What two given names have to do with each other: evidence for a decision, never its proof.

RNIV 1 forbids abbreviated given names, and records hold them all the same: initials (J-P, M CL), short forms (ISA),
one name in several spellings (MOHAMED, MOHAMMED). Names are match keys (see `identity.normalise.match_key`); what
no rule tells is in `identity._given_names`. Nothing here looks at how alike two strings are: that is the
comparison's business. Every relation is symmetric.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from identity._births import BIRTHS
from identity._given_names import ABBREVIATIONS, DIMINUTIVES, EITHER, MEN, TRANSLATIONS, VARIANTS, WOMEN
from identity.normalise import MIDDLE_NAMES

_SPELLING = tuple(
    (re.compile(pattern), letters)
    for pattern, letters in (
        (r"PH", "F"),
        (r"CH(?=[RL])", "C"),
        (r"TH", "T"),
        (r"(?<=[A-Z])(?<![CS])H", ""),
        (r"QU(?=[EIY])", "K"),
        (r"C(?=[EIY])", "S"),
        (r"C(?=K)", ""),
        (r"C(?!H)|Q", "K"),
        (r"Y", "I"),
        (r"([B-DF-HJ-NP-TV-Z])\1+", r"\1"),
    )
)
_WORD = re.compile("[A-Z]+")
_SERVANT = re.compile(r"ABD(?:E|A|OU|U)(?:L(?=[A-Z]))?([A-Z]{3,})")
_SPLIT_SERVANT = re.compile(r"\bABD(?:EL|ER|ES|EN|AL|UL|OUL)? (?:[EA]L |O?UL )?(?=[A-Z]{3})")
_ARTICLES = frozenset({"EL", "AL"})
# One spelling to the rules, two names to everybody.
_APART = frozenset({frozenset({"MAE", "MAHE"})})
# Middle names of Vietnamese women and men, left out by many clerks.
# What transcriptions differ in, besides `_SPELLING`: which vowels, and a silent E at the end.
_TRANSCRIBED = tuple(
    (re.compile(pattern), letters)
    for pattern, letters in (("DJ", "J"), ("SH", "CH"), ("Z", "S"), ("(?<=[^AEIOUW])E$", ""), ("[AEIOUW]+", "A"))
)
_CONTRACTION = re.compile(r"[^AEIOUY]{2,5}(?:ES?)?")


class Relation(StrEnum):
    """What one given name is to another."""

    SAME = "same"
    VARIANT = "variant"
    """One name in two spellings or transliterations: MATHIEU and MATTHIEU, YOUSSEF and YOUCEF."""
    DIMINUTIVE = "diminutive"
    """A short or pet form and a name it stands for: ISA and ISABELLE."""
    ABBREVIATION = "abbreviation"
    """A name cut short in writing: J P and JEAN PIERRE, CHR and CHRISTINE; it fits other names as well."""
    TRANSLATION = "translation"
    """One saint's name in two languages: GIUSEPPE and JOSEPH."""
    DISTINCT = "distinct"
    """Two names: usual ones, however close they look (MICHEL and MICHELE, JULIE and JULIA), and others that are known
    unless they may be two ways to write one (MARWA and MARWAN, but not AYMAN and AYMEN)."""
    NONE = "none"
    """Nothing is known."""


def _families(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


def _reduce(words: str) -> str:
    """Reduce words, one a line, to what their spellings share: CATHERINE and KATERINE, YOHANN and YOHAN."""
    for pattern, letters in _SPELLING:
        words = pattern.sub(letters, words)
    return words


# All the words of the tables at once: one by one would take longer than all the rest of a short command's start.
_LISTED = " ".join((VARIANTS, DIMINUTIVES, ABBREVIATIONS, TRANSLATIONS, MEN, WOMEN, EITHER, BIRTHS)).split()
_SPELLINGS = dict(zip(_LISTED, _reduce("\n".join(_LISTED)).split("\n"), strict=True))


def _spelling(word: str) -> str:
    return _SPELLINGS.get(word) or _reduce(word)


def _keyed(words: str) -> frozenset[str]:
    return frozenset(_key(word) for word in words.split())


_FAMILY = {_spelling(word): _spelling(family[0]) for family in _families(VARIANTS) for word in family}


@lru_cache(maxsize=65536)
def _key(word: str) -> str:
    """Return the key of a word's family of spellings."""
    spelling = _spelling(word)
    if spelling in _FAMILY:
        return _FAMILY[spelling]
    servant = _SERVANT.fullmatch(word)
    # ABDERRAHMANE, ABDELRAHMAN: the article takes the sound of the name it precedes.
    return "ABDEL " + _spelling(servant[1]).removesuffix("E") if servant else spelling


def _full_names(text: str) -> dict[str, frozenset[str]]:
    """Read « short full full » lines into the keys of the full names by short form."""
    lines = _families(text)
    return {line[0]: frozenset(_key(word) for word in line[1:]) for line in lines}


_DIMINUTIVES = _full_names(DIMINUTIVES)
_ABBREVIATIONS = _full_names(ABBREVIATIONS)
_TRANSLATIONS = [_keyed(line) for line in TRANSLATIONS.strip().splitlines()]
_TRANSLATED = {
    key: frozenset().union(*(family for family in _TRANSLATIONS if key in family))
    for key in frozenset().union(*_TRANSLATIONS)
}
_MEN, _WOMEN, _EITHER = (frozenset(text.split()) for text in (MEN, WOMEN, EITHER))
_MEN_KEYS, _WOMEN_KEYS = _keyed(MEN) - _keyed(WOMEN), _keyed(WOMEN) - _keyed(MEN)
_USUAL = _MEN | _WOMEN | _EITHER | {word for family in _families(VARIANTS) for word in family}


@lru_cache(maxsize=65536)
def usual_sex(name: str) -> Literal["M", "F"] | None:
    """Return the sex that usually bears a name; None when both do or nothing is known."""
    words = _words(name)
    if len(words) > 1 and words[0] in _EITHER and words[1] != "MARIE":
        # LOU ANNE: the second name tells; MARIE does not, men bear it second.
        return _sex_of_word(words[1])
    return _sex_of_word(words[0]) if words else None


def _sex_of_word(word: str) -> Literal["M", "F"] | None:
    if word in _EITHER:
        return None
    if word in _MEN or word in _WOMEN:
        return "M" if word in _MEN else "F"
    key = _key(word)
    if key in _MEN_KEYS or key.startswith("ABDEL "):
        return "M"
    return "F" if key in _WOMEN_KEYS else None


@lru_cache(maxsize=65536)
def canonical_given(name: str) -> frozenset[str]:
    """Return the keys under which a name may be filed: its spelling's, and those of the names it is short for.

    Two names that are variants or short forms of one another share a key; keys are not names to be shown.
    """
    words = _words(name)
    if not words:
        return frozenset()
    joined = "".join(words)
    if words[0] in MIDDLE_NAMES and len(words) > 1:
        joined = "".join(words[1:])
    short = _DIMINUTIVES.get(joined, frozenset()) | _ABBREVIATIONS.get(joined, frozenset())
    return frozenset({_key(joined), *short})


KNOWN = _USUAL.union(*(text.split() for text in (BIRTHS, DIMINUTIVES, ABBREVIATIONS, TRANSLATIONS)))
"""Every given name and usual short form that is known, of one word."""


@lru_cache(maxsize=65536)
def known_given(name: str) -> frozenset[str]:
    """Return the keys of a known given name or short form; empty for a name that nobody knows.

    Names that are one another's translations share a key too.
    """
    if "".join(_words(name)) not in KNOWN:
        return frozenset()
    keys = canonical_given(name)
    return keys.union(*(_TRANSLATED.get(key, ()) for key in keys))


@lru_cache(maxsize=65536)
def related(a: str, b: str) -> Relation:
    """Say what two given names are to each other."""
    one, other = _words(a), _words(b)
    if not one or not other:
        return Relation.NONE
    if one == other:
        return Relation.SAME
    if len(one) > 1 or len(other) > 1:
        return _compound(one, other)
    return _simple(one[0], other[0])


def _words(name: str) -> list[str]:
    """Split a name into words, without dots, hyphens and the Arabic article."""
    words = _WORD.findall(name)
    if words and words[0].startswith("ABD"):
        words = _SPLIT_SERVANT.sub("ABDEL", " ".join(words)).split()
    return [word for word in words if word not in _ARTICLES] if len(words) > 1 else words


def _simple(one: str, other: str) -> Relation:
    """Relate two single words."""
    if one == other:
        return Relation.SAME
    if _is_one_spelling(one, other):
        return Relation.VARIANT
    if _key(one) in _DIMINUTIVES.get(other, ()) or _key(other) in _DIMINUTIVES.get(one, ()):
        return Relation.DIMINUTIVE
    if _abbreviates(one, other) or _abbreviates(other, one):
        return Relation.ABBREVIATION
    if any({_key(one), _key(other)} <= family for family in _TRANSLATIONS):
        return Relation.TRANSLATION
    both_usual = one in _USUAL and other in _USUAL
    return Relation.DISTINCT if both_usual or _are_two(one, other) else Relation.NONE


def _are_two(one: str, other: str) -> bool:
    """Tell two names that differ in more than transcriptions of one do: EDEN and EREN, NOUR and NOURA."""
    return one in KNOWN and other in KNOWN and _sound(one) != _sound(other)


def _sound(word: str) -> str:
    """Return what transcriptions of a name have in common: its consonants, where vowels are, and how it opens."""
    opening = _spelling(word)[0]
    sound = _spelling(word)
    for pattern, letters in _TRANSCRIBED:
        sound = pattern.sub(letters, sound)
    return opening + sound if opening in "AEIOU" else sound


def _is_one_spelling(one: str, other: str) -> bool:
    """Tell one name in two spellings. NOA and NOAH, ELIE and ELLIE are spelt alike and borne by two sexes."""
    if _key(one) != _key(other) or frozenset({one, other}) in _APART:
        return False
    return {usual_sex(one), usual_sex(other)} != {"M", "F"}


def _abbreviates(short: str, full: str) -> bool:
    """Tell whether a word is the other cut short: J, CHR, FSE; a usual name (ANNE, LEO) cuts nothing short."""
    if short in ("ABD", "ABDEL"):
        return _key(full).startswith("ABDEL ")
    if len(short) >= len(full) or short[0] != full[0]:
        return _key(full) in _ABBREVIATIONS.get(short, ())
    if len(short) == 1 or _key(full) in _ABBREVIATIONS.get(short, ()):
        return True
    if short in _USUAL or short in _DIMINUTIVES:
        return False
    if len(short) <= 4 and full.startswith(short):
        return short[-1] not in "AEIOUY"
    return short[-1] == full[-1] and bool(_CONTRACTION.fullmatch(short)) and _is_within(short, full)


def _is_within(short: str, full: str) -> bool:
    """Tell whether the letters of one word come in that order in the other."""
    letters = iter(full)
    return all(letter in letters for letter in short)


_WEAKEST = (
    Relation.SAME,
    Relation.VARIANT,
    Relation.DIMINUTIVE,
    Relation.ABBREVIATION,
    Relation.TRANSLATION,
    Relation.NONE,
    Relation.DISTINCT,
)


def _compound(one: list[str], other: list[str]) -> Relation:
    """Relate two names of which one at least is compound: the weakest of its words decides."""
    joined, other_joined = "".join(one), "".join(other)
    if joined == other_joined or _key(joined) == _key(other_joined):
        return Relation.VARIANT
    short, full = sorted((one, other), key=len)
    if len(short) == 1:
        return _short_for_compound(short[0], full)
    if len(short) != len(full):
        return Relation.NONE
    relations = [_simple(x, y) for x, y in zip(one, other, strict=True)]
    return max(relations, key=_WEAKEST.index)


def _short_for_compound(short: str, full: list[str]) -> Relation:
    """Relate one word to a compound name: JP, MTH, MAITE; LAN for THI LAN."""
    if _key("".join(full)) in _DIMINUTIVES.get(short, ()):
        return Relation.DIMINUTIVE
    if full[0] in MIDDLE_NAMES and full[1:] == [short]:
        return Relation.ABBREVIATION
    if len(short) == 1:
        return Relation.ABBREVIATION if full[0].startswith(short) else Relation.NONE
    if short not in _USUAL and short not in _DIMINUTIVES and _splits_into(short, full):
        return Relation.ABBREVIATION
    return Relation.NONE


def _splits_into(short: str, full: list[str]) -> bool:
    """Tell whether a word is made of the beginnings of several: JP, MTH, JMARIE."""
    if not full:
        return not short
    return any(
        (short[:end] == full[0] or (full[0].startswith(short[:end]) and (end == 1 or short[end - 1] not in "AEIOUY")))
        and _splits_into(short[end:], full[1:])
        for end in range(1, min(len(short), len(full[0])) + 1)
    )
