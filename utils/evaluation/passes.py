"""One pass of pictures through any model, for counting and timing: the size they have, and what is wrong with it."""

import torch
from torch import nn
from torch.func import functional_call

from utils.data.resizing import as_size
from utils.errors import CourseError
from utils.evaluation.predictions import evaluating


def size_of(model: nn.Module, size=None) -> tuple[int, int]:
    """(height, width) of the pictures: as asked, else as the model's preprocessing makes them.

    Raises:
        CourseError: no size is asked for, and the model knows none.
    """
    if size is None:
        preprocessing = getattr(model, "preprocessing", None)
        if preprocessing is None:
            raise CourseError("This model does not say what size its pictures have. Give it: size=224")
        size = preprocessing.size
    return as_size(size)


def answer_of(model, images: torch.Tensor):
    """The model's answer; a CourseError where it cannot take such pictures."""
    try:
        return model(images)
    except (RuntimeError, ValueError, IndexError) as error:
        told = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise CourseError(f"The model cannot take pictures of shape {tuple(images.shape[1:])} (channels, height, width): "
                          f"{told}. Give another size, or channels=...") from error  # fmt: skip


def counted_pass(model, shape, around, training=False):
    """What `around(state)` saw of one pass; the model stays as it is, its averages and its mode too.

    On the meta device tensors have a shape and no numbers. A model that looks at numbers on its way, or keeps tensors
    that it does not know as its own, cannot go there: then on its own device, with copies of its tensors.
    """
    own = next(model.parameters(), torch.empty(0)).device
    for device in ("meta", own):
        state = {name: _copied(tensor, device) for name, tensor in [*model.named_parameters(), *model.named_buffers()]}
        dtype = next((tensor.dtype for tensor in state.values() if tensor.is_floating_point()), torch.float32)
        images = torch.zeros(shape, device=device, dtype=dtype)
        with evaluating(model), torch.random.fork_rng(devices=[]):
            model.train(training)
            try:
                with around(state) as seen:
                    answer_of(lambda batch, state=state: functional_call(model, state, (batch,)), images)
                return seen
            except CourseError:
                if device != "meta":
                    raise


def _copied(tensor, device):
    copied = tensor.detach().to(device, copy=True)
    return copied.requires_grad_(isinstance(tensor, nn.Parameter) and tensor.is_floating_point())
