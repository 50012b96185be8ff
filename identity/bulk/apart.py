"""Work spread over copies of this process, where threads would wait for one another: one at a time may run Python.

A copy has all that this process has when it is made, for nothing; its results are sent back.
"""

import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import BinaryIO, TypeVar

from identity.bulk.threads import WORKERS, spread

Item = TypeVar("Item")
Result = TypeVar("Result")


def spread_apart(work: Callable[[Item], Result], items: Sequence[Item], *, worth_it: bool) -> Iterator[Result]:
    """Yield the result of each item in order; the items go round this process and copies of it.

    For long work that goes between NumPy and Python. Done by threads when it is not worth copies or these cannot be
    made, and on another system than Linux, where NumPy's libraries do not bear to be copied. Call this when no thread
    is at work; what a copy does not send is done here.
    """
    count = min(WORKERS, len(items)) if worth_it and sys.platform == "linux" else 1

    def send(number: int, stream: BinaryIO) -> None:
        for item in items[number::count]:
            pickle.dump(work(item), stream, protocol=5)
            stream.flush()

    with ExitStack() as stack:
        copies = [stack.enter_context(_copy(partial(send, number))) for number in range(1, count)]
        if copies and None not in copies:
            for index, item in enumerate(items):
                sent = copies[index % count - 1] if index % count else None
                yield work(item) if sent is None else _next_of(sent, work, item)
            return
    yield from spread(work, items)


@contextmanager
def _copy(send: Callable[[BinaryIO], None]) -> Iterator[BinaryIO | None]:
    """Make a copy of this process that sends what it finds, and ends; give what it sends, None without a copy."""
    receiving, sending = os.pipe()
    try:
        with warnings.catch_warnings():
            # Said whenever other threads are there: those of NumPy and Arrow, which wait.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
    except OSError:
        # Too little memory, or too many processes.
        os.close(receiving)
        os.close(sending)
        yield None
        return
    if process == 0:
        # With this end of its parent, the copy would not see that there is no parent any more.
        os.close(receiving)
        _send(send, sending)
    os.close(sending)
    with open(receiving, "rb") as sent:
        try:
            yield sent
        finally:
            # Nobody waits for what it may still be doing. Somebody else may have asked how it ended.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(process, 0)


def _send(send: Callable[[BinaryIO], None], sending: int) -> None:
    """Do the work and end this process, whatever happens: nothing of what its parent was doing is its business."""
    try:
        gc.disable()
        with open(sending, "wb") as stream:
            send(stream)
    finally:
        os._exit(0)


def _next_of(sent: BinaryIO, work: Callable[[Item], Result], item: Item) -> Result:
    """Return the next result that a copy sends, or do its work."""
    try:
        result: Result = pickle.load(sent)  # noqa: S301  # from a copy of this process
    except (EOFError, OSError, pickle.UnpicklingError):
        return work(item)
    return result
