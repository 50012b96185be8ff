"""Work given to a copy of the process: its result, or the same work done here when there is no copy to be heard."""

import os

import pytest

from identity.bulk.apart import apart
from identity.bulk.threads import WORKERS


def _who() -> bytes:
    return str(os.getpid()).encode()


@pytest.mark.skipif(WORKERS == 1 or not hasattr(os, "fork"), reason="no copy is made here")
def test_a_copy_does_the_work_and_is_gone_afterwards() -> None:
    with apart(_who, worth_it=True) as result:
        found = result()

    assert found not in (b"", _who())
    with pytest.raises(ProcessLookupError):
        os.kill(int(found), 0)


def test_work_that_is_not_worth_a_copy_is_done_here() -> None:
    with apart(_who, worth_it=False) as result:
        assert result() == _who()


def test_what_a_copy_could_not_do_is_done_here() -> None:
    here = os.getpid()

    def only_here() -> bytes:
        if os.getpid() != here:
            raise MemoryError
        return b"done"

    with apart(only_here, worth_it=True) as result:
        assert result() == b"done"


def test_a_result_larger_than_a_pipe_holds_comes_whole() -> None:
    with apart(lambda: b"a" * 1_000_000, worth_it=True) as result:
        assert len(result()) == 1_000_000


def test_nobody_waits_for_a_copy_that_nobody_asks() -> None:
    with apart(lambda: b"a" * 1_000_000, worth_it=True):
        pass
