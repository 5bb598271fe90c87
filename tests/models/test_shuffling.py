"""The quicker channel shuffle gives torchvision's numbers, keeps channels last, and leaves exporting as it was."""

import copy
import pickle

import pytest
import torch
from torchvision.models import get_model
from torchvision.models.shufflenetv2 import InvertedResidual

from utils.models.build import build
from utils.models.shuffling import ShuffleUnit, shuffle_channels_last


@pytest.fixture
def pair():
    """torchvision's network and ours, with the same weights."""
    torch.manual_seed(0)
    theirs = get_model("shufflenet_v2_x0_5", num_classes=10)
    ours = copy.deepcopy(theirs)
    shuffle_channels_last(ours)
    return theirs, ours


def images(count=4):
    return torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_logits_and_gradients_are_torchvisions(pair):
    for network in pair:
        network(images()).square().sum().backward()
    theirs, ours = ([parameter.grad for parameter in network.parameters()] for network in pair)
    assert len(ours) > 100
    for one, other in zip(theirs, ours):
        torch.testing.assert_close(one, other)
    theirs, ours = (network.eval()(images()) for network in pair)
    torch.testing.assert_close(theirs, ours)


@pytest.mark.parametrize("place", ["stage2.0", "stage2.1", "stage4.3"])  # the first halves the size
def test_maps_stay_channels_last(pair, place):
    network = pair[1].to(memory_format=torch.channels_last)
    seen = []
    unit = network.get_submodule(place)
    unit.register_forward_hook(lambda module, arguments, maps: seen.append(maps))
    network(images().to(memory_format=torch.channels_last))
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
