"""The town of an address: whether two towns are one, as their postcodes differ by a slip.

A town is written with its postman's marks (CEDEX, the number of an arrondissement; AFNOR XP Z 10-011) and cut short.
The postcode stays what an address is compared on: the town only tells that one was written wrong.
"""

import re
from functools import lru_cache

from identity.names import is_typo
from identity.normalise import match_key
from identity.streets import NOWHERE

_IN_FULL = {"ST": "SAINT", "STE": "SAINTE", "S": "SUR"}
_WORDS = re.compile(r"[A-Z]+")
# 69003 LYON, LYON CEDEX 03, MARSEILLE 8EME.
_TOWN = re.compile(r"[\d ]*(.*?)(?:\bCEDEX\b.*|\d.*)?", re.DOTALL)
OF_DISTRICTS = frozenset({"PARIS", "LYON", "MARSEILLE"})
"""Towns of which a digit of the postcode tells the arrondissement: no slip."""


@lru_cache(maxsize=65536)
def town_key(text: str) -> str | None:
    """Reduce the town of an address: no signs, no postman's marks, SAINT in full; None when it tells no town."""
    found = _TOWN.fullmatch(match_key(text))
    words = _WORDS.findall(found[1]) if found else []
    key = " ".join(_IN_FULL.get(word, word) for word in words)
    return None if not key or key in NOWHERE or key in OF_DISTRICTS else key


@lru_cache(maxsize=65536)
def same_town(one: str, other: str) -> bool:
    """Tell whether two towns, as they were received, are one, perhaps with a slip; symmetric."""
    first, second = town_key(one), town_key(other)
    if first is None or second is None:
        return False
    return first == second or is_typo(first.replace(" ", ""), second.replace(" ", ""))
