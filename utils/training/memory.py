"""Giving back what a training took: the memory of a model that is no longer needed.

Python frees an object when the last name for it is gone; gradients and optimiser states are twice or three times the
model, and a GPU's memory stays with torch until it is told. Introduced in lesson 07.
"""

import ctypes
import gc
import platform

import torch


def release_memory() -> None:
    """Free what nobody has a name for any more, and hand it back: to the GPU's others, and on Linux to the system.

    `del model, fitted` first: what still has a name stays. `fit` itself keeps neither gradients nor the optimiser.
    """
    gc.collect()  # what refers to itself in a circle, as networks with hooks do
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # `lesson.start` has it keep freed blocks, which is quicker meanwhile
