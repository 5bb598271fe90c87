"""What a check leaves as it found it: the working folder, and where every random generator stands.

An answer may seed a generator or change the folder, and be right; the learner's next cell must not notice.
"""

import contextlib
import random
import sys
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """For the time of a block anything goes; then folder and random states are as before, also after an error."""
    torch = sys.modules.get("torch")  # not loaded: nobody has drawn from its generator, and loading takes seconds
    states = random.getstate(), np.random.get_state(), torch and torch.get_rng_state()
    try:
        with contextlib.chdir("."):
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch:
            torch.set_rng_state(states[2])
