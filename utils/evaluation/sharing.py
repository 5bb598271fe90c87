"""Each of several processes looks at its part of the pictures, and afterwards all of them know all.

Every process has to come to the same calls, as with all that `torch.distributed` does. Where there is one process, nothing
is shared and nothing is gathered.
"""

import atexit
from contextlib import contextmanager

import torch
from torch import distributed
from torch.utils._pytree import tree_map

from utils import processes


@contextmanager
def shared(loader):
    """Within the block a loader of `make_loaders` gives this process's part, in as many batches as every other's."""
    if processes.count() == 1:
        yield
        return
    sampler = loader.batch_sampler
    before, sampler.share = sampler.share, (processes.rank(), processes.count())
    try:
        yield
    finally:
        sampler.share = before


def gathered(values, count: int):
    """What all processes found about their parts of `count` pictures, in the order of these; the same for each of them.

    Args:
        values: a tensor (n, ...), or a dict of them; n is the same in every process.
    """
    return values if processes.count() == 1 else tree_map(lambda tensor: _gathered(tensor, count), values)


def from_each(thing) -> list:
    """Some object of every process, by their rank."""
    if processes.count() == 1:
        return [thing]
    connect()
    found = [None] * processes.count()
    distributed.all_gather_object(found, thing)
    return found


def from_first(function):
    """What `function()` gives in the first process, for all of them; it is called there alone."""
    if processes.count() == 1:
        return function()
    connect()
    found = [function() if processes.is_first() else None]
    distributed.broadcast_object_list(found)
    return found[0]


def share_buffers(model) -> None:
    """Give every process the first one's buffers, BatchNorm's statistics for instance, which each has from its own pictures."""
    if processes.count() == 1:
        return
    connect()
    for buffer in model.buffers():
        distributed.broadcast(buffer, 0)


def connect() -> None:
    """Let the processes speak with each other, if they do not already; each by a GPU of its own, where there are some."""
    if not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(processes.rank_here())
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(distributed.destroy_process_group)


def _gathered(tensor, count):
    connect()
    here = tensor.to("cuda" if distributed.get_backend() == "nccl" else "cpu").contiguous()
    parts = [torch.empty_like(here) for _ in range(processes.count())]
    distributed.all_gather(parts, here)
    # Picture 0 is the first one of process 0, picture 1 that of process 1; what was repeated stands at the end.
    return torch.stack(parts, dim=1).flatten(0, 1)[:count].to(tensor.device)
