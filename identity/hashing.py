"""Stable 64-bit hashes of texts and of their combinations: the same on every machine, in every version.

UTF-8 in words of eight bytes, each stirred in by the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
They are no secret and protect nothing: they only make texts fit for an indexed integer column. `identity.bulk.text`
computes the same ones column by column.
"""

from functools import lru_cache
from struct import iter_unpack

SEED = 0xCBF29CE484222325
WORD = 8
"""Bytes taken at once; the last word is filled up with zeros."""

_MASK = (1 << 64) - 1


@lru_cache(maxsize=65536)
def stable_hash(text: str) -> int:
    """Return the signed 64-bit hash of a text."""
    data = text.encode()
    state = SEED ^ len(data)
    for (word,) in iter_unpack("<Q", data + bytes(-len(data) % WORD)):
        state = mix(state ^ word)
    return _signed(state)


def mix(state: int) -> int:
    """Spread the bits of an unsigned 64-bit number."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return state ^ (state >> 31)


def combine(seed: int, parts: tuple[int, ...]) -> int:
    """Return the signed 64-bit hash of some signed parts in their order."""
    state = seed
    for part in parts:
        # As `mix`, which to call would take longer than the mixing.
        state ^= part & _MASK
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return _signed(state)


def _signed(state: int) -> int:
    return state - (1 << 64) if state >> 63 else state
