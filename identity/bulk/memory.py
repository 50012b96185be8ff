"""Memory of a run over a million records: asked of the system once, given back when a step no longer needs it.

Arrow and the C library keep what is freed: after a step over a million records, more than the records themselves.
"""

import ctypes

import pyarrow as pa

_ARENA_MAX = -8
"""`M_ARENA_MAX` of `malloc.h`, GNU C library."""


def share() -> None:
    """Have threads take memory from one heap: what one frees another uses, where each would ask the system anew.

    Without effect where the C library is not GNU's.
    """
    try:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    except (AttributeError, OSError, TypeError):
        return


def give_back() -> None:
    """Give back what is free; only Arrow's where the C library is not GNU's."""
    pa.default_memory_pool().release_unused()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
