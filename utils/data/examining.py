"""Many pictures examined side by side: by threads where they are few, by processes where they are many.

Decoding runs outside Python's lock, but what surrounds it does not: on small pictures two threads are no faster
than one, two processes are. The processes are plain Pythons that read lists of paths from a pipe: nothing is
forked (a notebook's threads would not survive it) and no script is run again (as multiprocessing would where it
spawns). A decoder that crashes takes its process along, not the notebook: that picture is named, the rest goes on.
"""

import os
import pickle
import queue
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from tqdm.auto import tqdm

from utils.data.images import PictureFacts, examine

CHUNK = 32  # pictures handed out at a time: small enough for a smooth bar, large enough to cost nothing
MANY = 5_000  # pictures from which processes, which take some tenths of a second to start, pay
DEAD = (EOFError, OSError, pickle.UnpicklingError)  # what talking to a process that is gone raises
CRASHED = PictureFacts(problems=(("broken", "its decoder crashes"),))
# The same search path as here, so that the processes find this very package.
COMMAND = "import sys; sys.path[:] = {!r}; from utils.data.examining import serve; serve()"


def examine_all(paths, threads: int | None = None, progress: bool = True, many: int = MANY) -> list[PictureFacts]:
    """`images.examine` for many files, in their order.

    Args:
        paths: the files.
        threads: how many are examined at the same time; None takes one a core, at most 8.
        progress: whether to show a bar.
        many: from how many pictures on processes do it.
    """
    threads = threads or min(os.cpu_count() or 1, 8)
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    bar = tqdm(total=len(paths), desc="looking at pictures", unit=" pictures", disable=not progress)
    with ExitStack() as stack:
        stack.enter_context(bar)
        # Decoders warn about odd bytes on stderr, one line a picture; what matters is in the problems.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        by_processes = threads > 1 and len(paths) >= many
        examined = stack.enter_context(_processes(threads)) if by_processes else _examined
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        facts = []
        for chunk in pool.map(examined, chunks):
            facts += chunk
            bar.update(len(chunk))
    return facts


def serve() -> None:
    """Answer lists of paths from standard input with lists of facts, until it ends. What a process runs."""
    answers, sys.stdout = sys.stdout.buffer, sys.stderr  # a decoder that prints would garble the answers
    while True:
        try:
            chunk = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_examined(chunk), answers)
        answers.flush()


def _examined(chunk):
    return [examine(path) for path in chunk]


@contextmanager
def _processes(count):
    """Yields a function like `_examined` that lets one of `count` processes do it; they end with the block."""
    free = queue.SimpleQueue()
    for _ in range(count):
        free.put(_started())

    def ask(chunk):
        process = free.get()
        facts = None
        try:
            facts = _asked(process, chunk)
        except DEAD:
            _ended(process)
            process = _started()
        finally:
            free.put(process)
        if facts is None:  # one of these pictures crashes its decoder: each alone tells which
            facts = [CRASHED] if len(chunk) == 1 else [fact for path in chunk for fact in ask([path])]
        return facts

    try:
        yield ask
    finally:
        while not free.empty():
            _ended(free.get())


def _asked(process, chunk):
    pickle.dump(chunk, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)


def _started():
    command = [sys.executable, "-c", COMMAND.format(sys.path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _ended(process):
    process.kill()  # it only reads: nothing can be lost
    process.wait()
    process.stdin.close()
    process.stdout.close()
