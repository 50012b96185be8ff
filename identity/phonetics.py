"""French phonetic codes of names: what sounds alike in French is written alike.

Own rules after the usual French spelling-to-sound tables (compare Phonex, Brodeur 1999), kept finer than Soundex
so that unlike names stay apart. Jellyfish's Metaphone backs them up for names of other origins.
"""

import re
from functools import lru_cache

import jellyfish

from identity.normalise import match_key

_Rule = tuple[re.Pattern[str], str]


def _rules(*pairs: tuple[str, str]) -> tuple[_Rule, ...]:
    return tuple((re.compile(pattern), sound) for pattern, sound in pairs)


# Digits stand for sounds that have no letter: 1 an, 2 in, 3 on, 4 eu, 5 ch, 9 gn; W is « ou » and wa.
_CONSONANTS = _rules(
    ("COIS(?=E?S?$)", "SOIS"),
    ("SCH|SH|(?<!S)CH(?![RLNT])", "5"),
    ("CH", "K"),
    ("PH", "F"),
    ("H", ""),
    ("BV", "V"),
    ("GN", "9"),
    ("SC(?=[EIY])", "S"),
    ("C(?=[EIY])", "S"),
    ("GE(?=[AOU])", "J"),
    ("G(?=[EIY])", "J"),
    ("GU(?=[EIY])", "G"),
    ("CK|CQ|QU|Q|C", "K"),
    ("W", "V"),
    ("(?<=[AEIOUY])S(?=[AEIOUY])", "Z"),
    ("(?<=[AEO])(?:UX|ULTS?|ULX|UDS?|UTS?)$", "U"),
)
_SOUNDS = _rules(
    (r"([B-DF-HJ-NP-TV-XZ5])\1+", r"\1"),
    ("EAU|AU", "O"),
    ("OEU|EU", "4"),
    ("OE|AE", "E"),
    ("OU", "W"),
    ("OI|OY", "WA"),
    ("(?<=[AEIOUYW4])(?:IL|ILL|LL)E?S?$", "Y"),
    (r"(?:AI|EI|I|Y|AY|EY|U)[NM](?![AEIOUYW4NM])", "2"),
    (r"[AE][NM](?![AEIOUYW4NM])", "1"),
    (r"O[NM](?![AEIOUYW4NM])", "3"),
    ("AI|EI|AY(?![AEIOU])|EY(?![AEIOU])", "E"),
    ("Y", "I"),
)
_MUTE_E = re.compile(r"(?<=..)(?<![AEO])ES?$")
_SILENT_END = re.compile(r"(?<=.)[TDSXZP]+$")


@lru_cache(maxsize=65536)
def french_code(text: str) -> str:
    """Return how a name sounds in French; spaces and hyphens do not count. Empty for an empty name."""
    word = re.sub("[^A-Z]", "", match_key(text.replace("ç", "s").replace("Ç", "S")))
    for pattern, sound in _CONSONANTS:
        word = pattern.sub(sound, word)
    # A mute e lets the consonant before it sound: PETITE is not PETIT, nor MARTINE MARTIN.
    has_mute_e = bool(_MUTE_E.search(word))
    if not has_mute_e:
        word = _SILENT_END.sub("", word)
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    if has_mute_e:
        word = _MUTE_E.sub("", word)
    return word or match_key(text)


@lru_cache(maxsize=65536)
def _foreign_code(key: str) -> str:
    return jellyfish.metaphone(key.replace(" ", ""))


def sounds_alike(a: str, b: str) -> bool:
    """Tell whether two match keys sound the same, by the French rules or else by Metaphone for long names."""
    first, second = french_code(a), french_code(b)
    if first == second:
        return len(first) > 1
    if a[:1] != b[:1] or min(len(a), len(b)) < 6:
        return False
    code = _foreign_code(a)
    return len(code) > 3 and code == _foreign_code(b) and first[-1:] == second[-1:]
