"""Threads work ahead of who takes their results, in order, and not far."""

import threading
import time

import pytest

from utils.data.ahead import in_order


@pytest.mark.parametrize(("ahead", "most"), [(0, 8), (3, 3), (50, 50)])
def test_threads_stay_only_a_little_ahead_of_what_is_taken(ahead, most):
    begun = []
    results = in_order(lambda item: begun.append(item) or item, range(1000), 2, ahead)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    deadline = time.monotonic() + 10
    while len(begun) < 5 + most and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(begun) == 5 + most, "each result that waits takes memory"
    assert list(results) == list(range(5, 1000))


def test_one_thread_does_nothing_ahead_and_is_the_callers():
    begun = []
    results = in_order(lambda item: begun.append((item, threading.get_ident())), range(10), 1, ahead=5)
    next(results)
    assert begun == [(0, threading.get_ident())]


def test_an_error_comes_where_its_result_would_have():
    results = in_order(lambda item: 1 // item, [1, 1, 0, 1], 2)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
