"""Work in plain Python done by a copy of this process, while this one goes on.

Threads cannot share such work: one at a time may run Python. The copy starts with all that its work needs, and sends
back bytes.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from identity.bulk.threads import WORKERS

Work = Callable[[], bytes]


@contextmanager
def apart(work: Work, *, worth_it: bool) -> Iterator[Work]:
    """Start some work and give the function that waits for its result.

    When a copy is not worth its start, or cannot be made, the work is done by whoever waits for it. Enter this before
    any thread is started.
    """
    if not worth_it or WORKERS == 1 or not hasattr(os, "fork"):
        yield work
        return
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Said whenever other threads are there: those of NumPy and Arrow, which wait, and which the copy never needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        copy = os.fork()
    if copy == 0:
        # With an end to read of its own, the copy would not see that nobody reads any more.
        os.close(reader)
        _send(work, writer)
    os.close(writer)
    with open(reader, "rb") as stream:
        try:
            yield lambda: _received(stream.read(), copy) or work()
        finally:
            stream.close()
            with suppress(ChildProcessError):
                os.waitpid(copy, 0)


def _send(work: Work, writer: int) -> None:
    """Do the work and end this process, whatever happens: nothing of what its parent was doing is its business."""
    status = 1
    try:
        with open(writer, "wb") as stream:
            stream.write(work())
        status = 0
    finally:
        os._exit(status)


def _received(result: bytes, copy: int) -> bytes:
    """Return what a copy sent, nothing when it did not come to its end."""
    try:
        _, status = os.waitpid(copy, 0)
    except ChildProcessError:
        # Somebody else asked first: whether all was sent cannot be known.
        return b""
    return result if status == 0 else b""
