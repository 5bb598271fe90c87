"""Exercise 6: weights averaged beside those that learn."""

import torch
from torch import nn

from utils.exercises.asking import asked, unchanged
from utils.exercises.question import Mistake, NotYet, Question

DECAYS = (0.9, 0.75)


def update_average(average, newest, decay):
    with torch.no_grad():
        for name, mean in average.items():
            if mean.is_floating_point():
                mean.copy_(decay * mean + (1 - decay) * newest[name])
            else:
                mean.copy_(newest[name])


def probe_update_average(answer):
    for seed, decay in enumerate(DECAYS):
        averaged, model = _Network(seed), _Network(seed + 10)
        wanted = averaged.state_dict()
        for call in (1, 2):
            average, newest = averaged.state_dict(), _newest(model)
            wanted = _updated(wanted, newest, decay)
            usual = _usual(average, newest, decay)
            case = f"decay {decay}, call {call}"
            with unchanged(case, newest, called="newest[{!r}]"):
                asked(answer, case, average, newest, decay)
            _check_average(averaged.state_dict(), average, wanted, usual, case)
            _move(model)


class _Network(nn.Module):
    """Weights of all shapes, running statistics, numbers of half and double precision, and two kinds of counters."""

    def __init__(self, seed):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Linear(3, 2, bias=False)
        self.scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("contrast", torch.zeros(3, dtype=torch.float16))
        self.register_buffer("brightness", torch.zeros(2, dtype=torch.float64))
        self.register_buffer("pictures", torch.tensor(100 * seed + 7, dtype=torch.int32))
        generator = torch.Generator().manual_seed(seed)
        for tensor in self.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape, generator=generator))
        self.norm.num_batches_tracked.fill_(seed + 3)


def _newest(model):
    """The model's own tensors by name: what learns first, the others after it, as a state dict has them not."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _move(model):
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor += 1


def _updated(average, newest, decay):
    return {name: decay * mean + (1 - decay) * newest[name].detach() if mean.is_floating_point() else newest[name].clone()
            for name, mean in average.items()}  # fmt: skip


def _check_average(got, average, wanted, usual, case):
    for name, right in wanted.items():
        if not _near(got[name], right):
            raise NotYet(
                f"{case}: {name!r} of the average, {_told(got[name])}. {_which(name, got[name], average, right, usual)}"
            )
        if average[name].requires_grad or average[name].grad_fn is not None:
            raise NotYet(
                f"{case}: {name!r} of the average has a gradient now, and keeps all steps before in memory with it."
            )


def _near(one, other):
    precise = torch.float16 not in (one.dtype, other.dtype)
    return torch.allclose(one.double(), other.double(), rtol=1e-5 if precise else 1e-3, atol=1e-5 if precise else 2e-3)


def _told(tensor):
    kind = "" if tensor.dtype == torch.float32 else f", {str(tensor.dtype).removeprefix('torch.')}"
    return f"{tensor.flatten()[0].item():.4g}" + (" at its first place" if tensor.ndim else "") + kind


def _which(name, got, average, right, usual):
    given = average.get(name)
    if given is not None and given.shape == got.shape and _near(given.detach(), right):
        return "What the dictionary holds is right, and what the network uses is as it was: the tensor's own memory must be " \
               "changed, in place."  # fmt: skip
    for words, values in usual.items():
        if _near(got, values[name]):
            return words
    return "Which tensor of the newest belongs to it, and how much of it comes in?"


def _usual(average, newest, decay):
    """What the usual slips make of it, by words and by name."""
    news = {name: newest[name].detach().clone() for name in average}
    return {
        "It is as it was.": {name: mean.clone() for name, mean in average.items()},
        "That is the newest alone.": news,
        "So it is with the shares the other way round: decay is what is kept of the average.": {
            name: (1 - decay) * mean + decay * news[name] for name, mean in average.items()},
        "That is the plain mean of both.": {name: (mean + news[name]) / 2 for name, mean in average.items()},
        "The shares are to add up to 1.": {name: decay * mean + news[name] for name, mean in average.items()},
        "A counter is no weight: it is taken as the newest has it.": {
            name: (decay * mean + (1 - decay) * news[name]).to(mean.dtype) for name, mean in average.items()},
    }  # fmt: skip


def _one_by_one(change):
    """An update_average that goes through the names: (average, newest, decay) to what the average becomes in place."""

    @torch.no_grad()
    def update_average(average, newest, decay):
        for name, mean in average.items():
            mean.copy_(change(name, mean, newest[name], decay))

    return update_average


def _mean(name, mean, new, decay):
    return decay * mean + (1 - decay) * new if mean.is_floating_point() else new


def _in_the_dictionary(average, newest, decay):
    for name, mean in average.items():
        average[name] = _mean(name, mean, newest[name].detach(), decay)


def _in_order(average, newest, decay):
    with torch.no_grad():
        for mean, new in zip(average.values(), newest.values()):
            mean.copy_(_mean("", mean, new, decay))


def _with_gradient(average, newest, decay):
    for name, mean in average.items():
        if mean.is_floating_point():
            mean.mul_(decay).add_((1 - decay) * newest[name])
        else:
            mean.copy_(newest[name])


@torch.no_grad()
def _in_the_newest(average, newest, decay):
    for name, mean in average.items():
        new = newest[name]
        new.copy_(_mean(name, mean, new, decay))


@torch.no_grad()
def _twice_over(average, newest, decay):
    for name, mean in average.items():
        if mean.is_floating_point():
            new = newest[name]
            mean.copy_(decay * mean + (1 - decay) * new.mul_(1.5))


@torch.no_grad()
def _all_in_place(average, newest, decay):
    for name, mean in average.items():
        mean.mul_(decay).add_(newest[name], alpha=1 - decay)


@torch.no_grad()
def _by_data(average, newest, decay):
    for name, mean in average.items():
        mean.data = _mean(name, mean, newest[name], decay)


def _replaced(average, newest, decay):
    update_average(average, newest, decay)
    newest.update({name: tensor.clone() for name, tensor in average.items()})


def _with_newest(change):
    """An update_average that does something to each of the newest first."""

    def changed_newest(average, newest, decay):
        for tensor in newest.values():
            change(tensor)
        update_average(average, newest, decay)

    return changed_newest


def _never_again(average, newest, decay):
    torch.set_grad_enabled(False)
    update_average(average, newest, decay)


q6 = Question(
    number=6,
    reference=update_average,
    probe=probe_update_average,
    returns=False,
    hints=[
        "Go through the names of `average`, and take the tensor of the same name from `newest`.",
        "Gradients are off in a block `with torch.no_grad():`; else what is made of `newest`, whose tensors may learn, has a gradient.",
        "tensor.is_floating_point() tells weights and statistics from counters. tensor.copy_(...), .mul_, .add_ and .lerp_ "
        "change a tensor in place; average[name] = ... only the dictionary.",
        "with torch.no_grad(): and then mean.copy_(decay * mean + (1 - decay) * newest[name]), a counter by "
        "mean.copy_(newest[name]).",
    ],
    why="A state dict shows the network's own tensors, so what changes in place changes the network, and a new tensor in the "
    "dictionary changes nothing. Statistics of BatchNorm are averaged like weights; a count of batches is no mean of counts.",
    mistakes=[
        Mistake(lambda average, newest, decay: None, "It is as it was"),
        Mistake(lambda average, newest, decay: average.update(newest), "It is as it was"),
        Mistake(_in_the_dictionary, "the tensor's own memory must be changed"),
        Mistake(_by_data, "the tensor's own memory must be changed"),
        Mistake(_with_newest(lambda tensor: tensor.requires_grad_(False)), "changed `requires_grad` of `newest['scale']`"),
        Mistake(_with_newest(lambda tensor: tensor.detach_()), "changed `requires_grad` of `newest['scale']`"),
        Mistake(_never_again, "switches gradients off, and not on again"),
        Mistake(_one_by_one(lambda name, mean, new, decay: new), "the newest alone"),
        Mistake(_one_by_one(lambda name, mean, new, decay: _mean(name, mean, new, 1 - decay)), "the other way round"),
        Mistake(_one_by_one(lambda name, mean, new, decay: _mean(name, mean, new, 0.5)), "the plain mean of both"),
        Mistake(_one_by_one(lambda name, mean, new, decay: _mean(name, mean, new, 0.99)), "how much of it comes in"),
        Mistake(_one_by_one(lambda name, mean, new, decay: _mean(name, mean, new, 0.9)), "decay 0.75"),
        Mistake(_one_by_one(lambda name, mean, new, decay: decay * mean + new), "add up to 1"),
        Mistake(_one_by_one(lambda name, mean, new, decay: decay * mean + (1 - decay) * new), "A counter is no weight"),
        Mistake(_one_by_one(lambda name, mean, new, decay: new if "num_batches" in name else decay * mean + (1 - decay) * new),
                "'pictures' of the average"),
        Mistake(_one_by_one(lambda name, mean, new, decay: new if mean.ndim == 0 else decay * mean + (1 - decay) * new),
                "'scale' of the average"),
        Mistake(_one_by_one(lambda name, mean, new, decay: _mean(name, mean, new, decay) if mean.is_floating_point() else mean),
                "It is as it was"),
        Mistake(_one_by_one(lambda name, mean, new, decay: _mean(name, mean, new, decay) if new.requires_grad else new),
                "'contrast' of the average"),
        Mistake(_one_by_one(lambda name, mean, new, decay: new if "running" in name else _mean(name, mean, new, decay)),
                "'norm.running_mean' of the average"),
        Mistake(_one_by_one(lambda name, mean, new, decay: new if mean.dtype != torch.float32 else decay * mean + (1 - decay) * new),
                "at its first place, float16. That is the newest alone"),
        Mistake(_one_by_one(lambda name, mean, new, decay: new if name == "brightness" else _mean(name, mean, new, decay)),
                "at its first place, float64. That is the newest alone"),
        Mistake(_replaced, "your function changed `newest['scale']`"),
        Mistake(_all_in_place, "your code raised"), Mistake(_in_order, "decay 0.9, call 1"),
        Mistake(_with_gradient, "has a gradient now"), Mistake(_in_the_newest, "your function changed `newest['scale']`"),
        Mistake(_twice_over, "your function changed `newest['scale']`"),
    ],
)  # fmt: skip
