"""Memory that a step no longer needs, given back to the system before the next step asks for more.

Arrow and the C library keep what is freed: after a step over a million records, more than the records themselves.
"""

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Give back what is free; only Arrow's where the C library is not GNU's."""
    pa.default_memory_pool().release_unused()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
