"""Work spread over copies of the process: their results in order, or the same work done here without them."""

import errno
import os
import signal
import sys
from itertools import islice

import pytest

from identity.bulk import apart
from identity.bulk.apart import spread_apart

_LONG = b"a" * 1_000_000
_NUMBERS = list(range(7))
_WORKERS = 3
# Elsewhere than on Linux no copy is made.
_COPIES_AND_THIS = _WORKERS if sys.platform == "linux" else 1


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine of three processors, whatever this one has."""
    monkeypatch.setattr(apart, "WORKERS", _WORKERS)


def _where(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_items_go_round_the_copies_and_come_back_in_order() -> None:
    found = list(spread_apart(_where, _NUMBERS, worth_it=True))

    assert [number for number, _ in found] == _NUMBERS
    assert len({process for _, process in found}) == _COPIES_AND_THIS
    assert found[0][1] == os.getpid()


def test_items_that_are_not_worth_a_copy_stay_here() -> None:
    assert list(spread_apart(_where, _NUMBERS, worth_it=False)) == [(number, os.getpid()) for number in _NUMBERS]


def test_the_items_of_a_copy_that_fails_are_done_here() -> None:
    here = os.getpid()

    def only_once(number: int) -> int:
        if number > 2 and os.getpid() != here:
            raise MemoryError
        return number

    assert list(spread_apart(only_once, _NUMBERS, worth_it=True)) == _NUMBERS


def test_the_items_of_a_copy_that_is_killed_are_done_here() -> None:
    here = os.getpid()

    def deadly(number: int) -> bytes:
        if number > 2 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return _LONG + str(number).encode()

    found = list(spread_apart(deadly, _NUMBERS, worth_it=True))

    assert [result[len(_LONG) :] for result in found] == [str(number).encode() for number in _NUMBERS]


def test_threads_do_it_when_the_system_refuses_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(os, "fork", refuse)

    assert list(spread_apart(_where, _NUMBERS, worth_it=True)) == [(number, os.getpid()) for number in _NUMBERS]


def test_copies_end_with_whoever_no_longer_asks() -> None:
    found = spread_apart(_where, _NUMBERS, worth_it=True)
    seen = {process for _, process in islice(found, _WORKERS)} - {os.getpid()}
    found.close()  # type: ignore[attr-defined]

    assert len(seen) == _COPIES_AND_THIS - 1
    for copy in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(copy, 0)
