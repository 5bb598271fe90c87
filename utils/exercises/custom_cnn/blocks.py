"""Exercise 5: the depthwise-separable block."""

import torch
from torch import nn
from torch.nn import functional as F

from utils.evaluation.cost import count_macs, count_parameters
from utils.exercises.custom_cnn.networks import give_weights, made
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import shown

# inputs, outputs, stride
BLOCKS = [(4, 10, 1), (6, 4, 2), (5, 5, 1)]
HEIGHT, WIDTH = 9, 14  # of the maps that come in


def separable(inputs, outputs, stride):
    """A depthwise and then a pointwise convolution, each with BatchNorm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def probe_separable(answer):
    for inputs, outputs, stride in BLOCKS:
        case = f"{inputs} to {outputs} channels, stride {stride}"
        block = made(answer, inputs, outputs, stride)
        _check_shape(block, inputs, outputs, stride, case)
        _check_parameters(block, inputs, outputs, case)
        _check_macs(block, inputs, outputs, stride, case)
        _check_relus(made(answer, inputs, outputs, stride), inputs, case)
        _check_order(block, separable(inputs, outputs, stride), case)


def _check_shape(block, inputs, outputs, stride, case):
    wanted = (2, outputs, -(-HEIGHT // stride), -(-WIDTH // stride))
    maps = block(torch.rand(2, inputs, HEIGHT, WIDTH))
    if not isinstance(maps, torch.Tensor) or maps.shape != wanted:
        raise NotYet(f"{case}: maps of (2, {inputs}, {HEIGHT}, {WIDTH}) come out as {shown(maps)}. With padding a stride "
                     "of 1 keeps height and width, and one of 2 halves them, rounded up.")  # fmt: skip


def _check_parameters(block, inputs, outputs, case):
    got, depthwise, pointwise, norms = count_parameters(block), 9 * inputs, inputs * outputs, 2 * (inputs + outputs)
    right = depthwise + pointwise + norms
    usual = {
        "Is the first convolution depthwise, with groups?": right + depthwise * (inputs - 1),
        "That is a plain convolution, with one BatchNorm behind it.": 9 * pointwise + 2 * outputs,
        "A BatchNorm brings a shift of its own, so the convolutions need no bias.": right + norms // 2,
        "Where are the BatchNorms, one behind each convolution?": right - norms,
        "One BatchNorm is missing, behind the depthwise convolution.": right - 2 * inputs,
        "One BatchNorm is missing, behind the pointwise convolution.": right - 2 * outputs,
        "The pointwise convolution has a window of 1 x 1.": right + 8 * pointwise,
        "Depthwise first, on the channels that come in; only then are they mixed.":
            pointwise + 9 * outputs + 4 * outputs,
        "Where is the pointwise convolution, that mixes the channels?": depthwise + 2 * inputs,
    }  # fmt: skip
    if got != right:
        otherwise = "Two convolutions, depthwise and pointwise, and two BatchNorms: count what each should have."
        raise NotYet(f"{case}: your block has {got:,} parameters. {first_near(got, usual, otherwise, abs_tol=0)}")


def _check_macs(block, inputs, outputs, stride, case):
    places = -(-HEIGHT // stride) * -(-WIDTH // stride)
    got, right = count_macs(block, (HEIGHT, WIDTH), inputs), places * (9 * inputs + inputs * outputs)
    if got != right:
        told = "it could do with fewer: which of the two convolutions should have the stride?"
        told = told if got > right else "that is too few: is every place looked at?"
        raise NotYet(f"{case}: on {HEIGHT} x {WIDTH} places your block takes {got:,} multiply-adds, and {told}")


def _set(block, value):
    """All weights of convolutions get this one value, and the block goes to eval mode, where BatchNorm changes nothing."""
    block.eval()
    with torch.no_grad():
        for parameter in block.parameters():
            if parameter.ndim == 4:
                parameter.fill_(value)


def _check_relus(block, inputs, case):
    """With negative weights throughout, a ReLU in the middle lets nothing through; one at the end nothing below 0."""
    _set(block, -0.1)
    maps = torch.ones(1, inputs, HEIGHT, WIDTH)
    with torch.no_grad():
        if block(-maps).min() < 0:
            raise NotYet(f"{case}: numbers below 0 come out. Does the block end in a ReLU?")
        if block(maps).max() > 1e-6:
            raise NotYet(f"{case}: is there a ReLU between the two convolutions? Numbers below 0 get past it.")


def _check_order(block, ours, case):
    """In train mode it does what ours does, with the same weights."""
    give_weights(block, ours)
    maps = torch.randn(3, ours[0].in_channels, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    if not torch.allclose(block.train()(maps), ours.train()(maps), atol=1e-4):
        raise NotYet(f"{case}: the parts have the right numbers of parameters, and what comes out is something else. Is each "
                     "convolution followed by BatchNorm, and then by ReLU?")  # fmt: skip


def _with(first=None, second=None, norms=(True, True), relus=(True, True), bias=False):
    """A separable that does one thing otherwise; its convolutions, where they are others, as functions.

    Args:
        first, second: (inputs, outputs, stride) to (inputs, outputs, kernel, stride, groups) of a convolution.
    """

    def separable(inputs, outputs, stride):
        depthwise, pointwise = (inputs, inputs, 3, stride, inputs), (inputs, outputs, 1, 1, 1)
        convs = [first(inputs, outputs, stride) if first else depthwise,
                 second(inputs, outputs, stride) if second else pointwise]  # fmt: skip
        layers = []
        for (i, o, kernel, step, groups), norm, relu in zip(convs, norms, relus):
            layers.append(nn.Conv2d(i, o, kernel, step, kernel // 2, groups=groups, bias=bias))
            layers += [nn.BatchNorm2d(o)] * norm + [nn.ReLU()] * relu
        return nn.Sequential(*layers)

    return separable


def _relu_first(inputs, outputs, stride):
    conv, norm, relu, *rest = separable(inputs, outputs, stride)
    return nn.Sequential(conv, relu, norm, *rest)


def _dilated(inputs, outputs, stride):
    block = separable(inputs, outputs, stride)
    block[0] = nn.Conv2d(inputs, inputs, 3, stride, padding=2, dilation=2, groups=inputs, bias=False)
    return block


def _plain(inputs, outputs, stride):
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def _depthwise_only(inputs, outputs, stride):
    """It gives as many channels as are wanted, each from one that comes in, again and again."""
    channels = torch.arange(outputs) % inputs

    class Depthwise(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False)
            self.norm = nn.BatchNorm2d(inputs)

        def forward(self, maps):
            return F.relu(self.norm(self.conv(maps)))[:, channels]

    return Depthwise()


q5 = Question(
    number=5,
    reference=separable,
    probe=probe_separable,
    hints=[
        "Six layers: convolution, BatchNorm, ReLU, and the same again. nn.Sequential takes them in a row.",
        "The first convolution goes from `inputs` to `inputs` channels, with groups=inputs: each looks at itself alone. It "
        "has the window of 3, the stride, and padding=1.",
        "The second one is nn.Conv2d(inputs, outputs, 1, bias=False): it looks at one place, and at all channels.",
    ],
    why="One convolution looks at neighbours, the other at channels; a plain one does both at once, and pays for each "
    "pair. BatchNorm brings a shift, so a bias before it would be a second one that does the same.",
    mistakes=[
        Mistake(_plain, "That is a plain convolution"),
        Mistake(_with(first=lambda i, o, s: (i, i, 3, s, 1)), "depthwise, with groups"),
        Mistake(_with(bias=True), "need no bias"),
        Mistake(_with(norms=(False, False)), "Where are the BatchNorms"),
        Mistake(_with(norms=(False, True)), "missing, behind the depthwise"),
        Mistake(_with(norms=(True, False)), "missing, behind the pointwise"),
        Mistake(_with(second=lambda i, o, s: (i, o, 3, 1, 1)), "a window of 1 x 1"),
        Mistake(_with(lambda i, o, s: (i, o, 1, 1, 1), lambda i, o, s: (o, o, 3, s, o)), "only then are they mixed"),
        Mistake(_depthwise_only, "Where is the pointwise convolution"),
        Mistake(_with(lambda i, o, s: (i, i, 3, 1, i), lambda i, o, s: (i, o, 1, s, 1)), "should have the stride"),
        Mistake(_with(lambda i, o, s: (i, i, 3, 1, i)), "come out as a tensor of shape (2, 4, 9, 14)"),
        Mistake(_with(relus=(True, False)), "Does the block end in a ReLU"),
        Mistake(_with(relus=(False, True)), "a ReLU between the two"),
        Mistake(_relu_first, "and then by ReLU?"),
        Mistake(_dilated, "what comes out is something else"),
        Mistake(lambda inputs, outputs, stride: nn.Conv2d(inputs, outputs, 1), "count what each should have"),
        Mistake(lambda inputs, outputs, stride: list(separable(inputs, outputs, stride)), "expected a network"),
    ],
)
