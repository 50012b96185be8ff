"""Memory of a run over a million records: asked of the system once, given back when a step no longer needs it.

Arrow and the C library keep what is freed: after a step over a million records, more than the records themselves.
"""

import ctypes

import pyarrow as pa

_ARENA_MAX = -8
"""`M_ARENA_MAX` of `malloc.h`, GNU C library."""


def share() -> None:
    """Have threads take memory from one heap: what one frees another uses, where each would ask the system anew."""
    _ask("mallopt", _ARENA_MAX, 1)


def give_back() -> None:
    """Give back what is free; only Arrow's where the C library is not GNU's."""
    pa.default_memory_pool().release_unused()
    _ask("malloc_trim", 0)


def _ask(function: str, *arguments: int) -> None:
    """Call a function of the GNU C library; another library does without."""
    try:
        found = getattr(ctypes.CDLL(None), function)
    except (AttributeError, OSError, TypeError):
        return
    found(*arguments)
