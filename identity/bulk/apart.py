"""Work in plain Python done by a copy of this process, while this one goes on.

Threads cannot share such work: one at a time may run Python. The copy is made before what it works on is known, when
no thread holds anything yet; it is then given bytes, and sends back bytes.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from identity.bulk.threads import WORKERS

Work = Callable[[bytes], bytes]


@dataclass(slots=True)
class _Copy:
    process: int
    given: BinaryIO
    sent: BinaryIO


@dataclass(slots=True)
class Task:
    """Some work: give it what it works on, go on with something else, ask for its result."""

    work: Work
    copy: _Copy | None
    material: bytes = b""

    def give(self, material: bytes) -> None:
        """Let the copy begin."""
        self.material = material
        if self.copy is not None:
            # Nobody listens any more: the work will be done here.
            with suppress(BrokenPipeError), self.copy.given as stream:
                stream.write(material)

    def result(self) -> bytes:
        """Wait for the result; without a copy that came to its end, the work is done here."""
        return (self.copy is not None and _received(self.copy)) or self.work(self.material)


@contextmanager
def apart(work: Work, *, worth_it: bool) -> Iterator[Task]:
    """Make ready for some work.

    When a copy is not worth its start, or cannot be made, the work is done by whoever waits for it. Enter this before
    any thread is started.
    """
    if not worth_it or WORKERS == 1 or not hasattr(os, "fork"):
        yield Task(work, None)
        return
    given, give = os.pipe()
    sent, send = os.pipe()
    with warnings.catch_warnings():
        # Said whenever other threads are there: those of NumPy and Arrow, which wait, and which the copy never needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        # With the ends of its parent, the copy would not see that there is no parent any more.
        os.close(give)
        os.close(sent)
        _do(work, given, send)
    os.close(given)
    os.close(send)
    try:
        with open(give, "wb") as to_copy, open(sent, "rb") as from_copy:
            yield Task(work, _Copy(process, to_copy, from_copy))
    finally:
        with suppress(ChildProcessError):
            os.waitpid(process, 0)


def _do(work: Work, given: int, send: int) -> None:
    """Do the work and end this process, whatever happens: nothing of what its parent was doing is its business."""
    status = 1
    try:
        with open(given, "rb") as stream:
            material = stream.read()
        if material:
            with open(send, "wb") as stream:
                stream.write(work(material))
        status = 0
    finally:
        os._exit(status)


def _received(copy: _Copy) -> bytes:
    """Return what a copy sent, nothing when it did not come to its end."""
    result = copy.sent.read()
    try:
        _, status = os.waitpid(copy.process, 0)
    except ChildProcessError:
        # Somebody else asked first: whether all was sent cannot be known.
        return b""
    return result if status == 0 else b""
