"""French phonetic codes of names: what sounds alike in French is written alike.

Own rules after the usual French spelling-to-sound tables (compare Phonex, Brodeur 1999), kept finer than Soundex
so that unlike names stay apart. Every rule is a literal replacement on a line of text, so that one name here and a
whole region's names (`identity.bulk.sounds`) go through the very same rules. Jellyfish's Metaphone backs the rules up
for names of other origins.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from types import MappingProxyType

import jellyfish

from identity.normalise import match_key

_Rule = tuple[str, str]

_VOWELS = "AEIOUY"
_SOFTENING = "EIY"


def _consonants() -> Iterator[_Rule]:
    """Consonants. Digits stand for sounds that have no letter: 5 ch, 9 gn; lower case marks work in progress."""
    yield from (("COIS\n", "SOIS\n"), ("COISE\n", "SOISE\n"))
    yield from (("SCH", "5"), ("SH", "5"))
    yield from ((f"CH{letter}", f"K{letter}") for letter in "RLNT")
    yield from (("CH", "5"), ("PH", "F"), ("H", ""), ("BV", "V"), ("GN", "9"))
    yield from ((f"SC{vowel}", f"S{vowel}") for vowel in _SOFTENING)
    yield from ((f"C{vowel}", f"S{vowel}") for vowel in _SOFTENING)
    yield from ((f"GE{vowel}", f"J{vowel}") for vowel in "AOU")
    yield from ((f"GU{vowel}", f"g{vowel}") for vowel in _SOFTENING)
    yield from ((f"G{vowel}", f"J{vowel}") for vowel in _SOFTENING)
    yield from (("g", "G"), ("CK", "K"), ("CQ", "K"), ("QU", "K"), ("Q", "K"), ("C", "K"), ("W", "V"))
    # An S between two vowels sounds Z.
    yield from ((f"{vowel}S", f"{vowel}s") for vowel in _VOWELS)
    yield from ((f"s{vowel}", f"Z{vowel}") for vowel in _VOWELS)
    yield ("s", "S")
    yield from ((f"{vowel}{end}\n", f"{vowel}U\n") for vowel in "AEO" for end in ("UX", "ULT", "ULTS", "ULX"))
    yield from ((f"{vowel}{end}\n", f"{vowel}U\n") for vowel in "AEO" for end in ("UD", "UDS", "UT", "UTS"))
    yield from ((letter * 2, letter) for letter in "BDFGJKLMNPRSTVXZ5")


def _endings() -> Iterator[_Rule]:
    """Silent ends. A mute e (written #) lets the consonant before it sound: PETITE is not PETIT."""
    yield from ((f"{vowel}{end}\n", f"{vowel}e{end[1:]}\n") for vowel in "AO" for end in ("E", "ES"))
    yield from (("EES\n", "#\n"), ("EE\n", "#\n"), ("ES\n", "#\n"), ("E\n", "#\n"), ("e", "E"))
    yield from ((f"{letter}\n", "\n") for _ in range(3) for letter in "TDSXZP")


def _vowels() -> Iterator[_Rule]:
    """Vowels: 1 an, 2 in, 3 on, 4 eu; W is « ou » and « wa »."""
    yield from (("EAU", "O"), ("AU", "O"), ("OEU", "4"), ("EU", "4"), ("OE", "E"), ("AE", "E"), ("OU", "W"))
    yield from (("OI", "WA"), ("OY", "WA"))
    sounded = "AEIOUYW4"
    yield from (
        (f"{vowel}{end}{stop}", f"{vowel}Y{stop}") for end in ("IL", "L") for vowel in "AEW4" for stop in "\n#"
    )
    # N and M before a vowel are consonants; elsewhere they make the vowel before them nasal.
    yield from ((nose + vowel, nose.lower() + vowel) for nose in "NM" for vowel in sounded + "#")
    yield from ((nose + "n", nose.lower() + "n") for nose in "NM")
    yield from ((nose + "m", nose.lower() + "m") for nose in "NM")
    yield from ((vowels + nose, "2") for vowels in ("AI", "EI", "AY", "EY", "I", "Y", "U") for nose in "NM")
    yield from ((vowel + nose, sound) for vowel, sound in (("A", "1"), ("E", "1"), ("O", "3")) for nose in "NM")
    yield from (("n", "N"), ("m", "M"))
    yield from (("AI", "E"), ("EI", "E"))
    yield from ((f"{vowel}Y{after}", f"{vowel}y{after}") for vowel, after in product("AE", "AEIOU"))
    yield from (("AY", "E"), ("EY", "E"), ("y", "Y"), ("Y", "I"), ("#", ""))


def _by_letter(rules: Iterable[_Rule]) -> Iterator[tuple[str, list[_Rule]]]:
    """Put together rules that follow one another and share a sign: a text without it needs none of them."""
    group: list[_Rule] = []
    shared: set[str] = set()
    for rule in rules:
        signs = set(rule[0]) - {"\n"}
        if group and not shared & signs:
            yield min(shared), group
            group = []
        shared = shared & signs if group else signs
        group.append(rule)
    yield min(shared), group


RULES = (*_consonants(), *_endings(), *_vowels())
"""What is written for what, one after the other, on lines of text; of a whole file's names by `bulk.sounds`."""
_RULES = tuple(_by_letter(RULES))


def _sounds(line: str) -> str:
    """Write a line as it sounds."""
    for sign, rules in _RULES:
        if sign in line:
            for spelling, sound in rules:
                line = line.replace(spelling, sound)
    return line


@lru_cache(maxsize=65536)
def french_code(text: str) -> str:
    """Return how a name sounds in French; spaces and hyphens do not count. Empty for an empty name."""
    key = text
    if not (text.isascii() and text.isalpha() and text.isupper()):
        written = match_key(text.replace("ç", "s").replace("Ç", "S"))
        key = "".join(letter for letter in written if "A" <= letter <= "Z")
    return _sounds(key + "\n")[:-1] or key


@lru_cache(maxsize=65536)
def _foreign_code(key: str) -> str:
    return jellyfish.metaphone(key)


def sounds_alike(a: str, b: str) -> bool:
    """Tell whether two match keys sound the same, by the French rules or else by Metaphone for long names."""
    first, second = a.replace(" ", ""), b.replace(" ", "")
    return alike(first, second, french_code(first), french_code(second))


_OPENING_SOUNDS: Mapping[str, frozenset[str]] = MappingProxyType(
    dict.fromkeys("AEIOUY", frozenset("AEIOUWY1234"))
    | {"B": frozenset("BV"), "C": frozenset("KS5"), "G": frozenset("GJ9"), "P": frozenset("PF")}
    | {"Q": frozenset("K"), "S": frozenset("S5"), "W": frozenset("V")}
    | {letter: frozenset(letter) for letter in "DFJKLMNRTVXZ"}
)
"""What the first letter of a name can sound; H can be followed by anything."""


def may_sound_alike(a: str, b: str) -> bool:
    """Tell, before any code is made, whether two compact keys can have one: by their first letters."""
    first, second = _OPENING_SOUNDS.get(a[:1]), _OPENING_SOUNDS.get(b[:1])
    return first is None or second is None or not first.isdisjoint(second)


def alike(a: str, b: str, code_a: str, code_b: str) -> bool:
    """Tell whether two compact match keys whose French codes are known sound the same."""
    if code_a == code_b:
        return len(code_a) > 1
    if a[:1] != b[:1] or min(len(a), len(b)) < 6:
        return False
    code = _foreign_code(a)
    return len(code) > 3 and code == _foreign_code(b) and code_a[-1:] == code_b[-1:]
