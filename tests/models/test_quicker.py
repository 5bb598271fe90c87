"""The quicker layers give the library's numbers, keep channels last, and leave exporting as it was."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torchvision.models import get_model
from torchvision.models.shufflenetv2 import InvertedResidual
from torchvision.ops import StochasticDepth

from utils.evaluation.predictions import folded
from utils.models.build import build
from utils.models.quicker import QuickConv2d, ShuffleUnit, quicken


@pytest.fixture
def pair():
    """torchvision's network and ours, with the same weights."""
    return both(get_model("shufflenet_v2_x0_5", num_classes=10))


def both(theirs):
    ours = copy.deepcopy(theirs)
    quicken(ours)
    return theirs, ours


def channels_last(thing):
    return thing.to(memory_format=torch.channels_last)


def images(count=4):
    return torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_logits_and_gradients_are_torchvisions(pair):
    assert_same(*pair, images())
    theirs, ours = (network.float().eval()(images()) for network in pair)
    torch.testing.assert_close(theirs, ours)


def assert_same(theirs, ours, maps):
    """The same outputs, and gradients of the maps and of all parameters. In double, where rounding hides nothing."""
    seen = []
    for network in (theirs, ours):
        given = channels_last(maps.to(torch.float64, copy=True)).requires_grad_()
        output = channels_last(network.double())(given)
        (output * torch.randn(output.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
        seen.append([output, given.grad, *[parameter.grad for parameter in network.parameters()]])
    for one, other in zip(*seen, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("place", ["stage2.0", "stage2.1", "stage4.3"])  # the first halves the size
def test_maps_stay_channels_last(pair, place):
    network = channels_last(pair[1])
    seen = []
    unit = network.get_submodule(place)
    unit.register_forward_hook(lambda module, arguments, maps: seen.append(maps))
    network(channels_last(images()))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    assert not seen[0].is_contiguous()


def test_build_takes_it_for_every_unit_and_weights_keep_their_names():
    model = build("shufflenet_v2_x0_5", 3, None, size=64, seed=0)
    units = [module for module in model.modules() if isinstance(module, InvertedResidual)]
    assert len(units) == 16
    assert {type(unit) for unit in units} == {ShuffleUnit}
    names = set(get_model("shufflenet_v2_x0_5").state_dict()) - {"fc.weight", "fc.bias"}
    assert set(model.backbone.state_dict()) == names


def test_it_can_be_pickled_copied_traced_and_exported(pair):
    network = pair[1].eval()
    wanted = network(images(1))
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), torch.jit.trace(network, images(1))):
        torch.testing.assert_close(other(images(1)), wanted)
    program = torch.export.export(network, (images(1),))
    assert not [node for node in program.graph.nodes if "channel_shuffle" in str(node.target)]
    torch.testing.assert_close(program.module()(images(1)), wanted)


# --- convolutions -----------------------------------------------------------------------------------


WAYS = {"PermuteBackward0": "quick", "ConvolutionBackward0": "library"}


def way(network, maps):
    """Which way a network of one convolution takes."""
    return WAYS[type(network(channels_last(maps)).grad_fn).__name__]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("stride", [1, 2, (1, 2)])
@pytest.mark.parametrize("kernel, padding", [(3, 1), (5, 2), (5, 1), ((3, 5), (1, 2)), (7, 4)])
def test_a_depthwise_convolution_gives_the_librarys_numbers_on_maps_of_any_size(kernel, padding, stride, bias):
    torch.manual_seed(0)
    theirs, ours = both(nn.Sequential(nn.Conv2d(6, 6, kernel, stride, padding, groups=6, bias=bias)))
    smallest = [max(1, side - 2 * pad) for side, pad in zip(theirs[0].kernel_size, theirs[0].padding)]
    ways = set()
    for height in range(smallest[0], 8):
        for width in range(smallest[1], 8):
            maps = torch.randn(3, 6, height, width, dtype=torch.float64)
            assert_same(theirs, ours, maps)
            ways.add(way(ours, maps))
    assert ways == {"quick", "library"}


def test_what_was_run_in_training_mode_without_gradients_can_learn_afterwards():
    theirs, ours = both(nn.Sequential(nn.Conv2d(6, 6, 9, padding=4, groups=6)))  # of a size that no other test has
    maps = channels_last(torch.randn(2, 6, 2, 3))
    with torch.inference_mode():
        torch.testing.assert_close(ours(maps), theirs(maps))
    assert_same(theirs, ours, maps)
    assert way(ours.float(), maps) == "quick"


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "height, width, expected", [(1, 1, "quick"), (3, 5, "quick"), (8, 8, "quick"), (9, 8, "library")]
)
def test_so_does_a_pointwise_one(height, width, expected, bias):
    torch.manual_seed(0)
    theirs, ours = both(nn.Sequential(nn.Conv2d(6, 4, 1, bias=bias)))
    maps = torch.randn(3, 6, height, width, dtype=torch.float64)
    assert_same(theirs, ours, maps)
    assert way(ours, maps) == expected


@pytest.mark.parametrize(
    "side, kernel, stride, expected",
    [(1, 3, 1, "quick"), (2, 5, 1, "quick"), (3, 5, 1, "quick"), (4, 5, 2, "quick"), (3, 3, 1, "library"),
     (4, 5, 1, "library"), (6, 7, 2, "library")],
)  # fmt: skip
def test_a_depthwise_one_is_quick_where_the_kernel_is_larger_than_the_map_and_both_are_small(
    side, kernel, stride, expected
):
    _, ours = both(nn.Sequential(nn.Conv2d(4, 4, kernel, stride, kernel // 2, groups=4)))
    assert way(ours, torch.randn(2, 4, side, side)) == expected


@pytest.mark.parametrize(
    "convolution", [nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.Conv2d(4, 4, 1)], ids=["depthwise", "pointwise"]
)
class TestTheLibrarysWayIsTaken:
    def test_in_eval_mode(self, convolution):
        _, ours = both(nn.Sequential(convolution))
        maps = torch.randn(2, 4, 2, 2)
        assert way(ours, maps) == "quick"
        assert way(ours.eval(), maps) == "library"

    def test_by_maps_whose_channels_lie_first(self, convolution):
        _, ours = both(nn.Sequential(convolution))
        output = ours(torch.randn(2, 4, 2, 2))
        assert output.is_contiguous() and WAYS[type(output.grad_fn).__name__] == "library"

    def test_in_half_precision(self, convolution):
        _, ours = both(nn.Sequential(convolution))
        with torch.autocast("cpu", torch.bfloat16):
            assert ours(channels_last(torch.randn(2, 4, 2, 2))).dtype == torch.bfloat16

    def test_by_an_export_of_a_network_that_trains(self, convolution):
        theirs, ours = both(nn.Sequential(convolution))
        maps = channels_last(torch.randn(2, 4, 2, 2))
        program = torch.export.export(ours.train(), (maps,))
        assert [node.target for node in program.graph.nodes if "conv2d" in str(node.target)]
        traced = torch.jit.trace(ours, maps)
        assert "convolution" in str(traced.inlined_graph)
        torch.testing.assert_close(traced(maps), theirs(maps))


@pytest.mark.parametrize(
    "other",
    [nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1, groups=4), nn.Conv2d(1, 1, 3, padding=1),
     nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=4), nn.Conv2d(4, 4, 3, padding="same", groups=4),
     nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect", groups=4), nn.Conv1d(4, 4, 3, padding=1, groups=4),
     nn.Conv2d(4, 4, 1, stride=2), nn.Conv2d(4, 4, 1, groups=2), nn.Conv2d(4, 4, 1, padding=1)],
)  # fmt: skip
def test_other_convolutions_stay(other):
    quicken(network := nn.Sequential(other))
    assert type(network[0]) in (nn.Conv2d, nn.Conv1d)


@pytest.mark.parametrize("name", ["efficientnet_b0", "mobilenet_v3_small"])
def test_small_pictures_train_as_with_torchvisions_network(name):
    torch.manual_seed(0)
    theirs, ours = both(get_model(name, num_classes=3, dropout=0.0))
    for network in (theirs, ours):
        for module in network.modules():
            if isinstance(module, StochasticDepth):
                module.p = 0.0
    assert str(theirs) == str(ours)
    assert_same(theirs, ours, images()[:, :, :32, :32])


def test_batch_norm_folds_into_a_quickened_convolution():
    theirs, ours = both(get_model("efficientnet_b0", num_classes=3))
    convolutions = [module for module in folded(ours).modules() if isinstance(module, QuickConv2d)]
    assert len(convolutions) == 16 + 64
    assert all(convolution.bias is not None for convolution in convolutions)
    torch.testing.assert_close(folded(ours)(images()), theirs.eval()(images()), rtol=1e-4, atol=1e-5)
