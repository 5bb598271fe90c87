"""Layer by layer: what is counted agrees with torch's counter, what is seen with the gradient and with a pencil."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model

from utils.errors import CourseError
from utils.evaluation.cost import layer_costs
from utils.evaluation.layers import layer_table
from utils.models.architectures import OPTIONS
from utils.models.build import build
from utils.models.custom import CUSTOM, CropsCNN


def made(name, size):
    """One of ours or of torchvision's, by its name."""
    return CUSTOM[name](size=size) if name in CUSTOM else get_model(name, weights=None, **OPTIONS.get(name, {}))


def seen(model, size, channels=3):
    """{layer: receptive field}, the last time that the layer is passed."""
    table = layer_table(model, size, channels)
    return dict(zip(table["layer"], table["receptive_field"]))


# --- what is counted -------------------------------------------------------------------------------


def test_a_small_network_as_a_pencil_has_it():
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(8, 4, 3, padding=1, bias=False), nn.Flatten(),
        nn.Linear(4 * 25, 2),
    )  # fmt: skip
    first, second, last = 100 * 27 * 8, 25 * 72 * 4, 100 * 2
    total = first + second + last
    expected = pd.DataFrame({
        "layer": ["0", "1", "2", "3", "4"],
        "kind": ["Conv2d", "MaxPool2d", "Conv2d", "Flatten", "Linear"],
        "output": [(8, 10, 10), (8, 5, 5), (4, 5, 5), (100,), (2,)],
        "parameters": [27 * 8 + 8, 0, 72 * 4, 0, 202],
        "macs": [first, 0, second, 0, last],
        "share": [first / total, 0, second / total, 0, last / total],
        "receptive_field": pd.array([3, 4, 8, 10, 10], dtype="Int64"),
    })  # fmt: skip
    pd.testing.assert_frame_equal(layer_table(model, 10), expected)


@pytest.mark.parametrize(("model", "size"), [
    ("crops_cnn", 64), ("animals_cnn", 64), ("small_cnn", (48, 96)), ("efficientnet_b0", 64), ("shufflenet_v2_x0_5", 96),
])  # fmt: skip
def test_each_layer_has_the_multiply_adds_of_torchs_counter_and_they_add_up(model, size):
    model = made(model, size).eval()
    images = torch.zeros(1, 3, *(size if isinstance(size, tuple) else (size, size)))
    with FlopCounterMode(display=False, depth=10) as counter, torch.no_grad():
        model(images)
    theirs = counter.get_flop_counts()
    table = layer_table(model, size)
    for layer, macs in zip(table["layer"], table["macs"]):
        assert 2 * macs == sum(theirs.get(f"{type(model).__name__}.{layer}", {}).values()), layer
    assert 2 * table["macs"].sum() == counter.get_total_flops()
    assert table["share"].sum() == pytest.approx(1)
    assert table["share"].to_numpy() == pytest.approx(table["macs"] / table["macs"].sum())
    assert table["parameters"].sum() == sum(parameter.numel() for parameter in model.parameters())


def test_what_layer_costs_says_is_in_it_unchanged():
    model = build("shufflenet_v2_x0_5", 3, None, size=64)
    costs = layer_costs(model)
    table = layer_table(model)
    pd.testing.assert_frame_equal(table[list(costs)], costs)
    assert list(table) == [*costs, "share", "receptive_field"]


def test_without_any_multiply_adds_a_share_is_undefined():
    assert layer_table(nn.Sequential(nn.ReLU()), 4)["share"].isna().all()


# --- what is seen: with a pencil -------------------------------------------------------------------


@pytest.mark.parametrize(("layers", "expected"), [
    ([nn.Conv2d(1, 1, 3)], [3]),
    ([nn.Conv2d(1, 1, 5, padding=2), nn.Conv2d(1, 1, 1)], [5, 5]),
    ([nn.Conv2d(1, 1, 3, dilation=4)], [9]),
    ([nn.Conv2d(1, 1, 3, stride=2), nn.Conv2d(1, 1, 3, dilation=2), nn.Conv2d(1, 1, 3)], [3, 11, 15]),
    ([nn.MaxPool2d(3, 2, padding=1), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Conv2d(1, 1, 2)], [3, 5, 9, 17]),
    ([nn.MaxPool2d(2, stride=1, dilation=3), nn.AvgPool2d(3, stride=1)], [4, 6]),
    ([nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2), nn.ReLU()], [3, 40, 40, 40, 40]),
    ([nn.Conv2d(1, 1, 3), nn.AdaptiveMaxPool2d(1), nn.Conv2d(1, 1, 1)], [3, 40, 40]),
    ([nn.Conv2d(1, 1, 1, stride=4), nn.Flatten()], [1, 37]),  # pixels 0, 4 ... 36: the last three are not looked at
    ([nn.Conv2d(1, 1, 3, stride=4, padding=1), nn.Flatten()], [3, 38]),  # from pixel -1 to 37
    ([nn.Conv2d(1, 1, 31), nn.Conv2d(1, 1, 8), nn.Conv2d(1, 1, 3)], [31, 38, 40]),  # never more than the picture
    ([nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.Conv2d(2, 1, 3)], [3, 40, 40]),  # its mean is over all places
    ([nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2), nn.ReLU(inplace=True)], [3, 40, 40]),
    ([nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True)], [3, 3, 3]),
    ([nn.Conv2d(1, 2, 3), nn.PixelShuffle(1), nn.Dropout2d(), nn.Identity()], [3, 3, 3, 3]),
], ids=str)  # fmt: skip
def test_a_chain_of_layers_sees_what_the_rule_says(layers, expected):
    table = layer_table(nn.Sequential(*layers), 40, channels=1)
    assert table["receptive_field"].tolist() == expected


def test_height_and_width_that_differ_are_a_pair_everywhere():
    kernel = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, (1, 5), stride=(2, 1)), nn.Conv2d(1, 1, 3))
    assert seen(kernel, 40, 1) == {"0": (3, 3), "1": (3, 7), "2": (7, 9)}
    pooled = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1))
    assert seen(pooled, (40, 20), 1) == {"0": (3, 3), "1": (40, 20)}


def test_a_layer_passed_twice_sees_more_the_second_time():
    shared = nn.Conv2d(3, 3, 3, padding=1)
    assert layer_table(nn.Sequential(shared, nn.ReLU(), shared), 20)["receptive_field"].tolist() == [3, 3, 5]


class Branches(nn.Module):
    """What a network does without a module: add, concatenate, split, multiply by means."""

    def __init__(self):
        super().__init__()
        self.wide, self.narrow = nn.Conv2d(2, 2, 7, padding=3), nn.Conv2d(2, 2, 3, padding=1)
        self.added, self.split, self.joined = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.scaled, self.pooled = nn.ReLU(), nn.ReLU()

    def forward(self, images):
        wide, narrow = self.wide(images), self.narrow(images)
        added = self.added(self.narrow(narrow) + images)
        first, second = torch.cat((wide, narrow), dim=1).chunk(2, dim=1)
        joined = self.joined(nn.functional.channel_shuffle(torch.cat((self.split(second), added), dim=1), 2))
        scaled = self.scaled(joined * joined.mean(dim=(2, 3), keepdim=True).sigmoid())
        return self.pooled(scaled.flatten(1))


def test_where_branches_meet_the_widest_counts_and_a_mean_has_seen_all():
    assert seen(Branches(), 30, 2) == {
        "wide": 7, "narrow": 5, "added": 5, "split": 7, "joined": 7, "scaled": 30, "pooled": 30,
    }  # fmt: skip


def test_a_view_of_maps_leaves_the_maps_what_they_were():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.flat, self.after = nn.Conv2d(3, 3, 3), nn.Flatten(), nn.Conv2d(3, 3, 3)

        def forward(self, images):
            maps = self.conv(images)
            return self.flat(maps).mean() + self.after(maps)

    assert seen(Two(), 20) == {"conv": 3, "flat": 20, "after": 5}


def test_what_is_added_in_place_counts_as_well():
    class Adding(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.after = nn.Conv2d(3, 3, 5, padding=2), nn.Identity()

        def forward(self, images):
            copied = images.clone()
            copied += self.conv(images)
            return self.after(copied)

    assert seen(Adding(), 20) == {"conv": 5, "after": 5}


def test_pooling_without_a_module_moves_on_by_its_window():
    class Pooling(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)

        def forward(self, images):
            means = nn.functional.avg_pool2d(self.first(images), 2)  # sees 4 pixels, jump 2
            return self.second(nn.functional.max_pool2d(means, 3))  # 8, jump 6

    assert seen(Pooling(), 40) == {"first": 3, "second": 20}


def test_maps_of_different_places_that_are_multiplied_are_na():
    class Multiplying(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow, self.after = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, (3, 16)), nn.ReLU()

        def forward(self, images):
            return self.after(self.wide(images) @ self.narrow(images))

    assert seen(Multiplying(), 20) == {"wide": (3, 3), "narrow": (3, 16), "after": pd.NA}


@pytest.mark.parametrize("layer", [
    nn.ConvTranspose2d(3, 3, 3), nn.Upsample(scale_factor=2), nn.ZeroPad2d(1), nn.Flatten(start_dim=2),
], ids=str)  # fmt: skip
def test_what_cannot_be_told_is_na(layer):
    table = layer_table(nn.Sequential(nn.Conv2d(3, 3, 3), layer, nn.ReLU()), 20)
    assert table["receptive_field"].isna().tolist() == [False, True, True]
    assert table["receptive_field"].dtype == "Int64"


def test_a_layer_that_gives_no_tensor_or_one_of_its_own_sees_nothing_known():
    class Pair(nn.Module):
        def forward(self, images):
            return images, images

    class Own(nn.Module):
        def forward(self, pair):
            return torch.ones(1, 3)

    assert layer_table(nn.Sequential(Pair(), Own()), 8)["receptive_field"].isna().all()


def test_a_transformers_tokens_are_na_after_its_patches():
    fields = layer_table(get_model("vit_b_32", weights=None), 224)["receptive_field"]
    assert fields[0] == 32
    assert fields[1:].isna().any()


# --- what is seen: by the gradient -----------------------------------------------------------------


def positive(model):
    """A copy without any cancelling or choosing: what can change a place has a gradient there above 0."""
    model = copy.deepcopy(model).double().eval()
    for module in list(model.modules()):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.weight.data /= module.weight[0].numel()
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                mean = nn.AvgPool2d(child.kernel_size, child.stride, child.padding)
                setattr(module, name, mean)
    return model


def measured(model, layer, size):
    """(height, width) of the pixels that have a gradient from the middle place of a layer's output."""
    model, outputs = positive(model), []
    hook = dict(model.named_modules())[layer].register_forward_hook(lambda *passed: outputs.append(passed[2]))
    images = torch.ones(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    model(images)
    hook.remove()
    maps = outputs[-1]
    maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
    rows, columns = np.nonzero(images.grad[0].sum(dim=0).numpy() > 0)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


@pytest.mark.parametrize(("name", "size", "layers"), [
    ("crops_cnn", 100, ["convs.0", "convs.6", "convs.13", "convs.20"]),
    ("animals_cnn", 256, ["convs.6", "convs.19", "convs.26"]),
    ("small_cnn", 256, ["stem.0", "blocks.0.0", "blocks.3.3", "blocks.5.5"]),
    ("resnet18", 256, ["maxpool", "layer1.1.relu", "layer2.0.relu", "layer3.0.relu"]),
    ("shufflenet_v2_x0_5", 256, ["maxpool", "stage2.0.branch1.4", "stage2.3.branch2.7", "stage3.2.branch2.5"]),
    ("googlenet", 256, ["inception3a.branch4.1.bn", "inception4a.branch1.conv"]),
    ("efficientnet_b0", 64, ["features.0.0", "features.1.0.block.0.0", "features.1.0.block.2.0",
                             "features.4.0.block.3.0"]),
])  # fmt: skip
def test_a_place_in_the_middle_has_a_gradient_from_just_the_pixels_it_can_see(name, size, layers):
    model = made(name, size)
    found = seen(model, size)
    for layer in layers:
        assert measured(model, layer, size) == (found[layer], found[layer]), layer


# --- the model, and wrong questions ----------------------------------------------------------------


def test_it_leaves_the_model_and_chance_as_they_were():
    model = build("small_cnn", 3, None, size=64, seed=0)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    layer_table(model)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not torch.nn.modules.module._global_forward_hooks
    assert model(torch.zeros(2, 3, 64, 64)).requires_grad


def test_a_network_that_looks_at_numbers_is_followed_too():
    class Looking(nn.Sequential):
        def forward(self, images):
            assert images.sum().item() == 0
            return super().forward(images)

    layers = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3, stride=2)
    pd.testing.assert_frame_equal(layer_table(Looking(*layers), 20), layer_table(nn.Sequential(*layers), 20))


@pytest.mark.parametrize(("call", "words"), [
    (lambda: layer_table(nn.Flatten()), "size=224"),
    (lambda: layer_table(CropsCNN(), 3), "at least 4 pixels a side for CropsCNN"),
    (lambda: layer_table(nn.Conv2d(1, 1, 3), 8), "channels=..."),
])  # fmt: skip
def test_a_wrong_question_is_told_what_is_wrong(call, words):
    with pytest.raises(CourseError) as error:
        call()
    assert words in str(error.value)
