"""Work given to a copy of the process: its result, or the same work done here when there is no copy to be heard."""

import os
import signal

import pytest

from identity.bulk.apart import apart
from identity.bulk.threads import WORKERS

_LONG = b"a" * 1_000_000


def _who(_: bytes) -> bytes:
    return str(os.getpid()).encode()


@pytest.mark.skipif(WORKERS == 1 or not hasattr(os, "fork"), reason="no copy is made here")
def test_a_copy_does_the_work_and_is_gone_afterwards() -> None:
    with apart(_who, worth_it=True) as task:
        task.give(b"who")
        found = task.result()

    assert found not in (b"", _who(b""))
    with pytest.raises(ProcessLookupError):
        os.kill(int(found), 0)


def test_work_that_is_not_worth_a_copy_is_done_here() -> None:
    with apart(_who, worth_it=False) as task:
        task.give(b"who")
        assert task.result() == _who(b"")


def test_what_a_copy_could_not_do_is_done_here() -> None:
    here = os.getpid()

    def only_here(material: bytes) -> bytes:
        if os.getpid() != here:
            raise MemoryError
        return material

    with apart(only_here, worth_it=True) as task:
        task.give(b"done")
        assert task.result() == b"done"


def test_a_copy_that_died_before_it_was_given_anything_is_done_without() -> None:
    with apart(bytes.upper, worth_it=True) as task:
        if task.copy is not None:
            os.kill(task.copy.process, signal.SIGKILL)
        task.give(_LONG)
        assert task.result() == _LONG.upper()


def test_what_is_larger_than_a_pipe_holds_comes_whole() -> None:
    with apart(bytes.upper, worth_it=True) as task:
        task.give(_LONG)
        assert task.result() == _LONG.upper()


def test_nobody_waits_for_a_copy_that_nobody_asks() -> None:
    with apart(bytes.upper, worth_it=True) as task:
        task.give(_LONG)


def test_a_copy_that_is_given_nothing_ends() -> None:
    with pytest.raises(KeyError), apart(bytes.upper, worth_it=True):
        raise KeyError
