"""Stable 64-bit hashes of texts and of their combinations: the same on every machine, in every version.

FNV-1a (Fowler, Noll, Vo) over UTF-8, then the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). They are
no secret and protect nothing: they only make texts fit for an indexed integer column. `identity.bulk.text` computes
the same ones column by column.
"""

from functools import lru_cache

_MASK = (1 << 64) - 1


@lru_cache(maxsize=65536)
def stable_hash(text: str) -> int:
    """Return the signed 64-bit hash of a text."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = (state ^ byte) * 0x100000001B3 & _MASK
    return _signed(mix(state))


def mix(state: int) -> int:
    """Spread the bits of an unsigned 64-bit number."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
    return state ^ (state >> 31)


def combine(seed: int, parts: tuple[int, ...]) -> int:
    """Return the signed 64-bit hash of some signed parts in their order."""
    state = seed
    for part in parts:
        state = mix(state ^ (part & _MASK))
    return _signed(state)


def _signed(state: int) -> int:
    return state - (1 << 64) if state >> 63 else state
