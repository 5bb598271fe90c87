"""Exercise 15: BatchNorm's running averages, made anew."""

import copy

import torch
from torch import nn

from utils.exercises.question import Mistake, NotYet, Question

MOMENTA = (0.01, 0.03)  # of the first and of the second BatchNorm


def reestimate(network, batches):
    """The network, with its BatchNorms' running averages as the plain mean over these batches; all else stays."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    was_training, momenta = network.training, [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    network.train()
    with torch.no_grad():
        for images, _ in batches:
            network(images)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    network.train(was_training)
    return network


def probe_reestimate(answer):
    for mode in (True, False):
        network, batches = _network().train(mode), _batches()
        before, right = copy.deepcopy(network), reestimate(copy.deepcopy(network), batches)
        got = answer(network, batches)
        network = got if isinstance(got, nn.Module) else network  # in place is as good
        _check_weights(network, before)
        _check_averages(network, before, right, batches)
        _check_rest(network, before, mode)


def _network():
    """Two BatchNorms whose averages have seen a few batches of quite other pictures."""
    torch.manual_seed(0)
    convs = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=MOMENTA[0]), nn.ReLU(), nn.Conv2d(4, 6, 3)]
    norm = nn.BatchNorm2d(6, momentum=MOMENTA[1])
    for learned in (convs[1], norm):
        nn.init.uniform_(learned.weight, 0.5, 1.5)
        nn.init.uniform_(learned.bias, -0.5, 0.5)
    network = nn.Sequential(*convs, norm, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3))
    with torch.no_grad():
        for _ in range(5):
            network(20 + torch.randn(8, 3, 10, 10))
    return network


def _batches():
    """Six batches of 8, one brighter than the other: the last one alone is not their mean."""
    generator = torch.Generator().manual_seed(1)
    return [(2 * number + (1 + number) * torch.randn(8, 3, 10, 10, generator=generator),
             torch.randint(3, (8,), generator=generator)) for number in range(6)]  # fmt: skip


def _check_weights(network, before):
    moved = [name for name, parameter in network.named_parameters()
             if not torch.equal(parameter, dict(before.named_parameters()).get(name, torch.empty(0)))]  # fmt: skip
    if moved:
        raise NotYet(
            f"{moved[0]} has changed, or is new: the weights are to stay as they are, BatchNorm's scale and "
            "shift among them."
        )


def _norms(network):
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def _check_averages(network, before, right, batches):
    for place, (norm, was, wanted) in enumerate(zip(_norms(network), _norms(before), _norms(right))):
        for name in ("running_mean", "running_var"):
            got, target, old = (getattr(each, name) for each in (norm, wanted, was))
            if torch.allclose(got, target, rtol=0.01, atol=0.01):
                continue
            case = f"{name} of the {('first', 'second')[place]} BatchNorm"
            if torch.equal(got, old):
                raise NotYet(f"the {case} is what it was.")
            raise NotYet(
                f"the {case} begins with {got[0].item():.3f}. {_which_average(got, place, name, before, batches)}"
            )


def _check_rest(network, before, mode):
    for place, norm, was in zip(("first", "second"), _norms(network), _norms(before)):
        if norm.momentum != was.momentum:
            raise NotYet(f"the {place} BatchNorm came with a momentum of {was.momentum} and has a momentum of "
                         f"{norm.momentum} now.")  # fmt: skip
    if {module.training for module in network.modules()} != {mode}:
        raise NotYet(f"the network came in {'train' if mode else 'eval'} mode, and is not wholly in it now.")


def _which_average(got, place, name, before, batches):
    usual = {
        "There is still something of the pictures in it that came before: reset the averages first.":
            _averages(before, batches, resets=False, momentum=None),
        "With the momentum as it was, there is still more in it of before than of these batches.":
            _averages(before, batches, resets=False, momentum=MOMENTA),
        "With the momentum as it was, the averages have gone a small part of the way from where a reset puts them.":
            _averages(before, batches, momentum=MOMENTA),
        "With a momentum of 0.1 the averages have not arrived yet, and late batches count more than early ones.":
            _averages(before, batches, momentum=0.1),
        "That is the last batch alone; it is to be the mean over all of them.": _averages(before, batches[-1:], momentum=1),
        "That is the first batch alone; it is to be the mean over all of them.": _averages(before, batches[:1], momentum=1),
        "So it is after a reset: has anything passed since, in train mode?": _averages(before, [], momentum=None),
    }  # fmt: skip
    return next((reason for reason, norms in usual.items() if torch.allclose(got, getattr(norms[place], name), 1e-3, 1e-3)),
                "It is to be the plain mean over the batches, each seen once in train mode.")  # fmt: skip


def _averages(network, batches, momentum, resets=True):
    """The BatchNorms of a copy through which batches have passed with this momentum."""
    return _norms(_passed(copy.deepcopy(network), batches, momentum, resets))


def _passed(network, batches, momentum, resets=True, restores=True, mode=True, after=None):
    """A reestimate with its parts to be left out; `momentum` is that of all, or MOMENTA."""
    was_training = network.training
    for norm, own in zip(_norms(network), MOMENTA):
        if resets:
            norm.reset_running_stats()
        elif momentum is None:
            norm.num_batches_tracked.fill_(5)
        norm.momentum = own if momentum is MOMENTA else momentum
    network.train(mode)
    with torch.no_grad():
        for images, _ in batches:
            network(images)
    for norm, own in zip(_norms(network), MOMENTA):
        norm.momentum = own if restores else momentum
    return network.train(was_training if after is None else after)


def _trained(network, batches):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    for images, targets in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), targets).backward()
        optimizer.step()
    return reestimate(network, batches)


def _first_only(network, batches):
    second = copy.deepcopy(_norms(network)[1])
    reestimate(network, batches)
    network[4] = second
    return network


def _all_reset(network, batches):
    for norm in _norms(network):
        norm.reset_parameters()
    return reestimate(network, batches)


def _one_momentum_for_all(network, batches):
    reestimate(network, batches)
    for norm in _norms(network):
        norm.momentum = 0.01
    return network


q15 = Question(
    number=15,
    reference=reestimate,
    probe=probe_reestimate,
    returns=False,
    hints=[
        "The averages move in train mode, at every pass; no loss and no step is needed. First every BatchNorm forgets what "
        "it had: norm.reset_running_stats().",
        "With norm.momentum = None BatchNorm keeps the plain mean of all batches since the reset. "
        "[m for m in network.modules() if isinstance(m, nn.BatchNorm2d)] finds them all.",
        "Keep momenta and network.training in variables before you change them. Then: reset, momentum None, "
        "network.train(), pass each batch under torch.no_grad(), give back the momenta and the mode.",
    ],
    why="Seconds of work, and a network that was at chance in eval mode is what it should be: its weights had learned, only "
    "the averages had not arrived. torch.optim.swa_utils.update_bn does the same. Of course momentum 0.1 in the first "
    "place is better still.",
    mistakes=[
        Mistake(lambda network, batches: network, "first BatchNorm is what it was"),
        Mistake(lambda network, batches: _passed(network, batches, None, mode=False), "has anything passed since"),
        Mistake(lambda network, batches: _passed(network, batches, MOMENTA), "a small part of the way"),
        Mistake(lambda network, batches: _passed(network, batches, 0.1), "late batches count more"),
        Mistake(lambda network, batches: _passed(network, batches, MOMENTA, resets=False), "more in it of before"),
        Mistake(lambda network, batches: _passed(network, batches, None, resets=False), "reset the averages first"),
        Mistake(lambda network, batches: _passed(network, batches, 1.0), "the last batch alone"),
        Mistake(lambda network, batches: _passed(network, batches[:1], None), "the first batch alone"),
        Mistake(lambda network, batches: _passed(network, batches[::2], None), "the plain mean over the batches"),
        Mistake(lambda network, batches: _passed(network, batches, None, restores=False), "has a momentum of None now"),
        Mistake(lambda network, batches: _passed(network, batches, None, after=False), "came in train mode"),
        Mistake(lambda network, batches: _passed(network, batches, None, after=True), "came in eval mode"),
        Mistake(_first_only, "second BatchNorm is what it was"),
        Mistake(_trained, "the weights are to stay"),
        Mistake(_all_reset, "1.weight has changed, or is new: the weights are to stay as they are, BatchNorm's scale"),
        Mistake(_one_momentum_for_all, "the second BatchNorm came with a momentum of 0.03"),
    ],
)
