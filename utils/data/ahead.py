"""Work done by threads a little ahead of who takes it: pictures are decoded while others are written, or judged."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor


def in_order(function: Callable, items: Iterable, threads: int, ahead: int = 0) -> Iterator:
    """Like map, by threads, but never more than a few results ahead: what waits to be taken takes memory.

    Args:
        function: what is done with each item. An exception of it comes where its result would have.
        items: taken one by one, as they are wanted.
        threads: how many work at the same time; with 1 nothing is done ahead.
        ahead: results that may wait; 0 takes four a thread.
    """
    if threads == 1:
        yield from map(function, items)
        return
    waiting = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > (ahead or 4 * threads):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
