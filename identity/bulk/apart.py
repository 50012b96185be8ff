"""Work done by copies of this process, where threads would wait for one another.

One thread at a time may run Python. A copy has all that this process has when it is made, for nothing, and sends back
bytes.
"""

import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, TypeVar

from identity.bulk.threads import WORKERS, spread

Work = Callable[[bytes], bytes]
Serve = Callable[[BinaryIO, BinaryIO], None]
"""What a copy does, given where it reads what it is given and where it writes what it finds."""
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Copy:
    process: int
    given: BinaryIO
    sent: BinaryIO
    is_over: bool = False

    def ends_well(self) -> bool:
        """Wait for the copy; tell whether it came to its end."""
        self.is_over = True
        try:
            _, status = os.waitpid(self.process, 0)
        except ChildProcessError:
            # Somebody else asked first: how it ended cannot be known.
            return False
        return status == 0


@contextmanager
def _copy(serve: Serve) -> Iterator[_Copy | None]:
    """Make a copy that serves what it is given, sends what it finds, and ends; None when the system refuses one."""
    given, give = os.pipe()
    sent, send = os.pipe()
    try:
        with warnings.catch_warnings():
            # Said whenever other threads are there: those of NumPy and Arrow, which wait.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
    except OSError:
        # Too little memory, or too many processes.
        for end in (given, give, sent, send):
            os.close(end)
        yield None
        return
    if process == 0:
        # With the ends of its parent, the copy would not see that there is no parent any more.
        os.close(give)
        os.close(sent)
        _serve(serve, given, send)
    os.close(given)
    os.close(send)
    with open(give, "wb") as to_copy, open(sent, "rb") as from_copy:
        copy = _Copy(process, to_copy, from_copy)
        try:
            yield copy
        finally:
            if not copy.is_over:
                # Nobody waits for what it is doing.
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                copy.ends_well()


def _serve(serve: Serve, given: int, send: int) -> None:
    """Do the work and end this process: nothing of what its parent was doing is its business."""
    status = 1
    try:
        gc.disable()
        with open(given, "rb") as from_parent, open(send, "wb") as to_parent:
            serve(from_parent, to_parent)
        status = 0
    finally:
        os._exit(status)


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


def _received(copy: _Copy) -> bytes:
    """Return what a copy sent, nothing when it did not come to its end."""
    result = copy.sent.read()
    return result if copy.ends_well() else b""


@contextmanager
def apart(work: Work, *, worth_it: bool) -> Iterator[Task]:
    """Make ready for some work in plain Python, of which the material is not known yet.

    When a copy is not worth its start, or cannot be made, the work is done by whoever waits for it. Enter this before
    any thread is started.
    """

    def serve(given: BinaryIO, sent: BinaryIO) -> None:
        material = given.read()
        if material:
            sent.write(work(material))

    if not worth_it or WORKERS == 1 or not hasattr(os, "fork"):
        yield Task(work, None)
        return
    with _copy(serve) as copy:
        yield Task(work, copy)


def spread_apart(work: Callable[[Item], Result], items: Sequence[Item], *, worth_it: bool) -> Iterator[Result]:
    """Yield the result of each item in order; the items go round this process and copies of it.

    For long work that goes between NumPy and Python. Done by threads when it is not worth copies or these cannot be
    made, and on another system than Linux, where NumPy's libraries do not bear to be copied. Call this when no thread
    is at work; what a copy does not send is done here.
    """
    count = min(WORKERS, len(items)) if worth_it and sys.platform == "linux" else 1

    def serve(number: int, _: BinaryIO, sent: BinaryIO) -> None:
        for item in items[number::count]:
            pickle.dump(work(item), sent, protocol=5)
            sent.flush()

    with ExitStack() as stack:
        copies = [stack.enter_context(_copy(partial(serve, number))) for number in range(1, count)]
        if copies and None not in copies:
            for index, item in enumerate(items):
                copy = copies[index % count - 1] if index % count else None
                yield work(item) if copy is None else _next_of(copy, work, item)
            return
    yield from spread(work, items)


def _next_of(copy: _Copy, work: Callable[[Item], Result], item: Item) -> Result:
    """Return the next result of a copy, or do its work."""
    try:
        result: Result = pickle.load(copy.sent)  # noqa: S301  # from a copy of this process
    except (EOFError, OSError, pickle.UnpicklingError):
        return work(item)
    return result
