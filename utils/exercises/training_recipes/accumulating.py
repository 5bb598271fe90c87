"""Exercise 7: the gradient of a large batch from small ones."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.asking import asked, check_training
from utils.exercises.question import Mistake, NotYet, Question

SIZES = [(4, 4, 2), (3,), (1, 5), (2, 3, 6, 1)]  # pictures in each batch
FRESH = 2  # the place of the one whose network has had no gradient yet


def accumulate(model, batches):
    model.zero_grad()
    total = sum(len(images) for images, _ in batches)
    for images, targets in batches:
        loss = F.cross_entropy(model(images), targets)
        (loss * len(images) / total).backward()


def probe_accumulate(answer):
    for seed, sizes in enumerate(SIZES):
        model, batches = _made(seed, sizes)
        left = [parameter.grad.clone() for parameter in model.parameters()]
        if seed == FRESH:
            model.zero_grad()
        before, counted = copy.deepcopy(model), _Counted(model)
        case = f"batches of {', '.join(map(str, sizes))}" + (
            ", a network without a gradient yet" if seed == FRESH else ""
        )
        asked(answer, case, model, [tuple(batch) for batch in batches])
        counted.end()
        if not all(torch.equal(one, other) for one, other in zip(before.parameters(), model.parameters())):
            raise NotYet(f"{case}: the weights have moved. The step is somebody else's; the gradient is asked for.")
        _check_gradient(model, before, left, batches, case)
        _check_memory(counted, sizes, case)
        check_training(model, case)


def _made(seed, sizes):
    """A network with a gradient of a step before, and batches of these sizes."""
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3))
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    return model, [(torch.randn(size, 3, 2, 2, generator=generator), torch.randint(3, (size,), generator=generator))
                   for size in sizes]  # fmt: skip


class _Counted:
    """How many pictures went through a model at once, and how many batches waited for their backward at once."""

    def __init__(self, model):
        self.most_pictures = self.waiting = self.most_waiting = 0
        self.handle = model.register_forward_hook(self._forward)

    def _forward(self, model, inputs, outputs):
        self.most_pictures = max(self.most_pictures, len(inputs[0]))
        if outputs.requires_grad:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
            outputs.register_hook(self._backward)

    def _backward(self, gradient):
        self.waiting -= 1

    def end(self):
        self.handle.remove()


def _check_gradient(model, before, left, batches, case):
    if any(parameter.grad is None for parameter in model.parameters()):
        raise NotYet(f"{case}: some parameters have no gradient.")
    got, usual = [parameter.grad for parameter in model.parameters()], _usual(before, left, batches)
    if not _near(got, _weighted(before, batches, [len(images) for images, _ in batches])):
        words = next((words for words, gradient in usual.items() if _near(got, gradient)),
                     "Which share of the large batch is each of the small ones?")  # fmt: skip
        raise NotYet(f"{case}: the gradient is not that of all pictures in one batch; its first number is "
                     f"{got[0].flatten()[0].item():.4g}. {words}")  # fmt: skip


def _check_memory(counted, sizes, case):
    if counted.most_pictures > max(sizes):
        raise NotYet(f"{case}: the right gradient, but {counted.most_pictures} pictures went through the network at once, and "
                     "for so many there is no memory.")  # fmt: skip
    if counted.most_waiting > 1:
        raise NotYet(f"{case}: the right gradient, but {counted.most_waiting} batches were in memory at once, waiting for their "
                     "backward. Call it after each.")  # fmt: skip


def _weighted(model, batches, weights, by=None):
    """The gradient of the losses of the batches, each by its weight, over the sum of the weights (or another number)."""
    parts = [
        torch.autograd.grad(F.cross_entropy(model(images), targets), list(model.parameters()))
        for images, targets in batches
    ]
    by = sum(weights) if by is None else by
    return [sum(weight / by * part for weight, part in zip(weights, each)) for each in zip(*parts)]


def _usual(model, left, batches):
    sizes = [len(images) for images, _ in batches]
    only = [0] * (len(sizes) - 1)
    right, ones = _weighted(model, batches, sizes), [1] * len(sizes)
    return {
        "It is as it was: that is the gradient of a step before.": left,
        "The gradient of a step before is still in it.": [one + other for one, other in zip(left, right)],
        "It is 0.": [torch.zeros_like(each) for each in left],
        "That is the last batch's alone.": _weighted(model, batches, [*only, 1]),
        "That is the last batch's alone, with its share.": _weighted(model, batches, [*only, sizes[-1]], sum(sizes)),
        "That is the first batch's alone.": _weighted(model, batches, [1, *only]),
        "All batches count alike here, and not all have as many pictures.": _weighted(model, batches, ones),
        "The means of the batches are added up: with more batches the step becomes longer.": _weighted(model, batches, ones, 1),
        "The losses of all pictures are added up: with more pictures the step becomes longer.": _weighted(model, batches, sizes, 1),
        "The means of the batches, divided by the number of pictures.": _weighted(model, batches, ones, sum(sizes)),
        "The sums of the batches, divided by the number of batches.": _weighted(model, batches, sizes, len(sizes)),
        "That is without the last batch.": _weighted(model, batches, [*sizes[:-1], 0]) if only else right,
        "The small last batch counts as if it were full.":
            _weighted(model, batches, [sizes[0] * 1.0] * len(sizes), sum(sizes)),
    }  # fmt: skip


def _near(one, other):
    return all(torch.allclose(each, its, atol=1e-5) for each, its in zip(one, other))


def _by(share, zero=True, each=False):
    """An accumulate in which a batch counts by share(size, all sizes)."""

    def accumulate(model, batches):
        sizes = [len(images) for images, _ in batches]
        if zero:
            model.zero_grad()
        for images, targets in batches:
            if each:
                model.zero_grad()
            (F.cross_entropy(model(images), targets) * share(len(images), sizes)).backward()

    return accumulate


def _share(size, sizes):
    return size / sum(sizes)


def _at_once(model, batches):
    model.zero_grad()
    images, targets = (torch.cat(parts) for parts in zip(*batches))
    F.cross_entropy(model(images), targets).backward()


def _one_backward(model, batches):
    model.zero_grad()
    total = sum(len(images) for images, _ in batches)
    sum(F.cross_entropy(model(images), targets) * len(images) / total for images, targets in batches).backward()


def _fills_with_zeros(model, batches):
    for parameter in model.parameters():
        parameter.grad.zero_()
    _by(_share, zero=False)(model, batches)


def _evaluated(model, batches):
    accumulate(model.eval(), batches)


def _with_a_step(model, batches):
    accumulate(model, batches)
    torch.optim.SGD(model.parameters(), lr=0.1).step()


def _returned(model, batches):
    return _weighted(model, batches, [len(images) for images, _ in batches])


def _first_size(model, batches):
    _by(lambda size, sizes: 1 / len(sizes) if len(set(sizes)) == 1 else size / (sizes[0] * len(sizes)))(model, batches)


q7 = Question(
    number=7,
    reference=accumulate,
    probe=probe_accumulate,
    returns=False,
    hints=[
        "Two things: backward adds to what is there, so begin with model.zero_grad(), once; and not all batches count alike.",
        "The mean over all pictures is a weighted mean of the batches' means. By what is each weighted?",
        "Count the pictures of all batches first; then go through the batches, and call backward on each one's loss times its share.",
        "(F.cross_entropy(model(images), targets) * len(images) / total).backward(), batch by batch.",
    ],
    why="Divided by the number of batches, a small last batch would count as much as a full one, and each of its pictures more. "
    "By pictures it is the large batch's gradient to the last digit or two, as long as no BatchNorm looks at the batch.",
    mistakes=[
        Mistake(_by(lambda size, sizes: 1 / len(sizes)), "All batches count alike"),
        Mistake(_by(lambda size, sizes: 1), "with more batches the step becomes longer"),
        Mistake(_by(lambda size, sizes: size), "with more pictures the step becomes longer"),
        Mistake(_by(lambda size, sizes: 1 / sum(sizes)), "divided by the number of pictures"),
        Mistake(_by(lambda size, sizes: size / len(sizes)), "divided by the number of batches"),
        Mistake(_by(_share, zero=False), "a step before is still in it"),
        Mistake(_by(_share, each=True), "the last batch's alone, with its share"),
        Mistake(_by(lambda size, sizes: 1, each=True), "the last batch's alone."),
        Mistake(_by(lambda size, sizes: sizes[0] / sum(sizes)), "as if it were full"),
        Mistake(lambda model, batches: accumulate(model, batches[:-1] or batches), "without the last batch"),
        Mistake(_by(lambda size, sizes: 1.1 * size / sum(sizes)), "Which share of the large batch"),
        Mistake(lambda model, batches: accumulate(model, batches[:1]), "the first batch's alone"),
        Mistake(_first_size, "batches of 4, 4, 2"),
        Mistake(_at_once, "went through the network at once"), Mistake(_one_backward, "waiting for their backward"),
        Mistake(_fills_with_zeros, "a network without a gradient yet: your code raised AttributeError"),
        Mistake(_evaluated, "in eval mode"), Mistake(_with_a_step, "the weights have moved"), Mistake(_returned, "It is as it was"),
        Mistake(lambda model, batches: model.zero_grad(), "some parameters have no gradient"),
        Mistake(lambda model, batches: model.zero_grad(set_to_none=False), "It is 0."),
    ],
)  # fmt: skip
