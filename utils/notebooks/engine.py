"""papermill's engine, but for how often it saves the executed copy of a notebook.

papermill writes the whole file before and after each cell, text cells included: some seconds of a lesson with many figures
(tests/bench/bench_runs.py). Here saving takes a twentieth of the time at most.
"""

import time

from papermill.engines import NBClientEngine, papermill_engines

NAME = "image-classification-course"
SHARE = 0.05  # of the time, for saving


class Engine(NBClientEngine):
    """Saves seldom while cells run. What papermill writes at the end, or after an error, is complete as ever."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **settings):
        nb_man.save = seldom(nb_man.save)
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **settings)
        finally:
            del nb_man.save  # the manager's own method is back


def seldom(action, clock=time.monotonic):
    """An action that does nothing while it would take more than its share of the time. The first call does it."""
    next_at = -float("inf")

    def instead(**given):
        nonlocal next_at
        begin = clock()
        if begin >= next_at:
            action(**given)
            next_at = clock() + (clock() - begin) / SHARE

    return instead


papermill_engines.register(NAME, Engine)
