"""Every network of torchvision, and ours, by its name: its head is found, what remains is its own, and its sizes are known."""

import sys
from collections import OrderedDict
from types import ModuleType

import pytest
import torch
from torch import nn
from torchvision.models import VisionTransformer, get_model
from torchvision.models.regnet import BlockParams

from utils.errors import CourseError
from utils.models.architectures import (
    OPTIONS,
    STEPS,
    architectures,
    backbone,
    check_architecture,
    check_size,
    fit_positions,
    nearest,
    own_facts,
    without_head,
)
from utils.models.build import build
from utils.models.custom import CUSTOM

# Another kind of ending each: where the last layer is called fc, head, classifier, classifier[-1], or is a convolution.
SMALL = ("densenet121", "efficientnet_b0", "googlenet", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
         "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5")  # fmt: skip
# F, as the papers and torchvision have it.
FEATURES = {
    "alexnet": 4096, "animals_cnn": 128, "convnext_tiny": 768, "crops_cnn": 70, "densenet121": 1024, "efficientnet_b0": 1280, "efficientnet_b7": 2560,
    "googlenet": 1024, "inception_v3": 2048, "maxvit_t": 512, "mnasnet0_5": 1280, "mobilenet_v2": 1280,
    "mobilenet_v3_large": 1280, "mobilenet_v3_small": 1024, "regnet_y_400mf": 440, "resnet18": 512, "resnet50": 2048,
    "shufflenet_v2_x0_5": 1024, "small_cnn": 256, "squeezenet1_1": 512, "swin_t": 768, "swin_v2_t": 768, "vgg11": 4096, "vit_b_16": 768,
}  # fmt: skip
DROPOUT = {"efficientnet_b0": 0.2, "efficientnet_b7": 0.5, "mobilenet_v3_small": 0.2, "vgg11": 0.5, "googlenet": 0.2,
           "inception_v3": 0.5, "squeezenet1_1": 0.5, "resnet18": 0.0, "shufflenet_v2_x0_5": 0.0, "vit_b_16": 0.0,
           "alexnet": 0.0, "crops_cnn": 0.2, "animals_cnn": 0.5, "small_cnn": 0.1}  # fmt: skip


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.fixture
def on_meta(monkeypatch):
    """Networks of shapes alone, without numbers: even VGG is built at once. RegNet computes its shapes with tensors."""
    computed = BlockParams.from_init_params.__func__

    def on_cpu(cls, *arguments, **options):
        with torch.device("cpu"):
            return computed(cls, *arguments, **options)

    monkeypatch.setattr(BlockParams, "from_init_params", classmethod(on_cpu))
    with torch.device("meta"):
        yield


# --- the head --------------------------------------------------------------------------------------


def test_there_are_eighty_and_more():
    assert len(architectures()) >= 80
    assert set(FEATURES) <= set(architectures())


@pytest.mark.parametrize("name", architectures())
def test_the_head_is_found_whatever_its_name_and_the_rest_keeps_its_names(name, on_meta):
    network = CUSTOM[name](1000) if name in CUSTOM else get_model(name, weights=None, **OPTIONS.get(name, {}))
    before = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = without_head(network)
    after = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    assert after.items() <= before.items()
    gone = {key: before[key] for key in before.keys() - after.keys()}
    parts = {key.rpartition(".")[0] for key in gone}
    assert len(parts) == 1
    weight = gone[f"{parts.pop()}.weight"]
    assert weight[:2] == (1000, found.features)
    assert found.features == FEATURES.get(name, found.features)
    assert found.dropout == DROPOUT.get(name, found.dropout)
    assert found.network is network


@pytest.mark.parametrize("name", SMALL)
def test_with_the_same_weights_and_head_the_logits_are_torchvisions_own(name):
    model = build(name, 5, None, size=64, seed=0).eval()
    theirs = get_model(name, weights=None, **OPTIONS.get(name, {})).eval()
    values, ours = theirs.state_dict(), model.backbone.state_dict()
    for key, value in ours.items():
        values[key].copy_(value)
    head = [module for module in theirs.modules() if isinstance(module, nn.Linear)][-1]
    head.weight, head.bias = model.head.weight, model.head.bias
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(model(images), theirs(images))


def test_what_remains_of_squeezenet_takes_the_mean_over_positions_that_its_classifier_takes():
    model = build("squeezenet1_1", 5, None, size=64, seed=0).eval()
    theirs = get_model("squeezenet1_1", weights=None, num_classes=5).eval()
    theirs.features.load_state_dict(model.backbone.features.state_dict())
    convolution = theirs.classifier[1]
    with torch.no_grad():
        model.head.weight.abs_()  # then no logit is negative, and the ReLU between them and the mean changes nothing
        model.head.bias.abs_()
        convolution.weight.copy_(model.head.weight[:, :, None, None])
        convolution.bias.copy_(model.head.bias)
        images = torch.rand(2, 3, 64, 64)
        torch.testing.assert_close(model(images), theirs(images))


@pytest.mark.parametrize(("name", "classes", "parameters"), [
    ("efficientnet_b0", 5, 4_013_953), ("mobilenet_v3_large", 5, 4_208_437), ("mobilenet_v3_small", 5, 1_522_981),
    ("shufflenet_v2_x0_5", 3, 344_867),
])  # fmt: skip
def test_parameters_are_those_of_the_fact_sheet(name, classes, parameters):
    model = build(name, classes, None, size=64)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters


# --- what a network was made for -------------------------------------------------------------------


@pytest.mark.parametrize("name", architectures())
def test_every_architecture_says_what_it_was_trained_on_without_a_download(name):
    facts = own_facts(name)
    assert set(facts) == {"size", "mean", "std", "interpolation"}
    assert (170 if name in CUSTOM else 200) <= facts["size"] <= 600
    assert len(facts["mean"]) == len(facts["std"]) == 3


def test_the_sizes_of_the_efficientnets_grow_as_published():
    sizes = [own_facts(f"efficientnet_b{number}")["size"] for number in range(8)]
    assert sizes == [224, 240, 288, 300, 380, 456, 528, 600]
    assert own_facts("efficientnet_v2_l")["mean"] == (0.5, 0.5, 0.5)
    assert own_facts("efficientnet_b0")["interpolation"] == "bicubic"
    assert own_facts("inception_v3")["size"] == 299


# --- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "smallest"), [
    ("squeezenet1_1", 17), ("densenet121", 29), ("googlenet", 15), ("shufflenet_v2_x0_5", 1), ("mobilenet_v3_small", 1),
    ("vit_b_16", 16), ("maxvit_t", 224), ("crops_cnn", 4), ("animals_cnn", 64), ("small_cnn", 8),
])  # fmt: skip
def test_the_smallest_size_works_and_the_next_smaller_one_is_refused(name, smallest):
    assert STEPS.get(name, smallest) == smallest
    assert backbone(name, smallest).network.training
    if name not in STEPS and smallest > 1:
        found = message(backbone, name, smallest - 1)
        called = CUSTOM[name].__name__ if name in CUSTOM else repr(name)
        assert f"at least {smallest} pixels a side for {called}, but got {smallest - 1}" in found
        assert f"size={smallest}" in found
        assert f"but got {smallest - 1} x 500" in message(backbone, name, (smallest - 1, 500))


def test_a_size_is_tried_on_few_pixels_however_large_it_is():
    seen = []

    class Recorder(nn.Module):
        def forward(self, images):
            seen.append(tuple(images.shape))
            return images.mean((2, 3))

    check_size(Recorder(), "resnet18", (100, 10**9))
    assert seen == [(1, 3, 100, 128)]


@pytest.mark.parametrize(("name", "size", "near"), [
    ("vit_b_32", 100, "size=96"), ("vit_b_32", 8, "size=32"), ("vit_b_32", (64, 96), "size=96"),
    ("vit_b_32", 10**9, "size=4096"), ("maxvit_t", 64, "size=224"), ("vit_h_14", 224 + 1, "size=224"),
])  # fmt: skip
def test_a_network_made_for_one_size_names_the_nearest_that_it_can_be_made_for(name, size, near):
    found = message(backbone, name, size)
    assert f"multiple of {STEPS[name]} pixels" in found
    assert found.endswith(near)


@pytest.mark.parametrize("name", ["vit_b_32", "maxvit_t"])
def test_a_network_made_for_one_size_is_made_for_the_size_asked_for(name, on_meta):
    size = 64 if name == "vit_b_32" else 448
    network = backbone(name, size).network
    assert network(torch.zeros(2, 3, size, size)).shape == (2, FEATURES.get(name, 768))


def test_positions_are_interpolated_where_a_vision_transformer_was_trained_at_another_size():
    def transformer(size):
        return VisionTransformer(size, 8, num_layers=1, num_heads=1, hidden_dim=4, mlp_dim=4)

    small, large = transformer(16), transformer(32)
    tensors = OrderedDict(small.state_dict())
    fitted = fit_positions(dict(tensors), large)
    assert {key: value.shape for key, value in fitted.items()} == {k: v.shape for k, v in large.state_dict().items()}
    name = "encoder.pos_embedding"
    torch.testing.assert_close(fitted[name][0, [0, 1, 4, 13, 16]], tensors[name][0, :5])  # class token and corners
    assert fit_positions(dict(tensors), small)[name] is tensors[name]
    assert fit_positions({name: torch.zeros(1, 8, 4)}, large)[name].shape == (1, 8, 4)
    assert fit_positions(dict(tensors), nn.Linear(1, 1))[name] is tensors[name]


# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrong", "meant"), [
    ("efficientnet-b0", "efficientnet_b0"), ("EfficientNet_B0", "efficientnet_b0"), ("resnet", "resnet"),
    ("mobilenetv3_small", "mobilenet_v3_small"), ("shufflenet_v2_x05", "shufflenet_v2_x0_5"), ("vit_b16", "vit_b_16"),
])  # fmt: skip
def test_an_unknown_name_is_answered_with_the_nearest(wrong, meant):
    found = message(check_architecture, wrong)
    assert repr(wrong) in found
    assert f"Did you mean '{meant}" in found


@pytest.mark.parametrize("wrong", ["", "zzzz", None, 3, "fasterrcnn_resnet50_fpn", "raft_small"])
def test_what_is_no_architecture_is_answered_with_how_to_list_them(wrong):
    found = message(check_architecture, wrong)
    assert f"but got {wrong!r}" in found
    assert "architectures()" in found


def test_nothing_near_is_named_where_nothing_is_near():
    assert nearest("zzzz", architectures()) == ""


# --- timm ------------------------------------------------------------------------------------------


class Tiny(nn.Module):
    """As timm makes them with num_classes=0: features (N, F), and a pretrained_cfg."""

    pretrained_cfg = {"input_size": (3, 40, 48), "mean": (0.5,) * 3, "std": (0.5,) * 3, "interpolation": "random"}

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2)

    def forward(self, images):
        if images.shape[-2] != 40:
            raise AssertionError("Input height doesn't match model (40).")
        return self.stem(images).mean((2, 3))


@pytest.fixture
def timm(monkeypatch):
    """A package timm with one architecture, that keeps what it was asked for."""
    module = ModuleType("timm")
    module.asked = []
    module.is_model = lambda name: name == "tiny"
    module.list_models = lambda: ["tiny", "tinier"]

    def create_model(name, pretrained, num_classes):
        module.asked.append((name, pretrained, num_classes))
        return Tiny()

    module.create_model = create_model
    monkeypatch.setitem(sys.modules, "timm", module)
    return module


@pytest.mark.skipif("timm" in sys.modules, reason="timm is installed here")
def test_without_timm_the_message_has_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # as where it is missing
    assert "pip install timm" in message(build, "timm:resnet18", 5)


def test_a_network_of_timm_comes_with_its_size_and_normalisation(timm):
    model = build("timm:tiny", 5, None)
    assert model.architecture == "timm:tiny"
    assert model(torch.zeros(2, 3, 40, 48)).shape == (2, 5)
    assert (model.head.in_features, model.dropout.p) == (6, 0)
    assert model.preprocessing.size == (40, 48)
    assert (model.preprocessing.normalisation.name, model.preprocessing.interpolation) == ("symmetric", "bilinear")
    assert ("tiny", True, 0) not in timm.asked


def test_weights_of_timm_are_asked_for_and_loaded(timm):
    model = build("timm:tiny", 5, "imagenet")
    assert ("tiny", True, 0) in timm.asked
    assert model.report.loaded == ("stem.weight", "stem.bias")


def test_without_a_network_timm_says_what_happened_and_the_other_ways(timm, monkeypatch):
    def offline(name, pretrained, num_classes):
        if pretrained:
            raise OSError("no route")
        return Tiny()

    monkeypatch.setattr(timm, "create_model", offline)
    found = message(build, "timm:tiny", 5, "imagenet")
    assert "(no route)" in found
    assert "weights=None" in found


def test_an_unknown_name_of_timm_is_answered_with_the_nearest(timm):
    assert "Did you mean 'tinier'" in message(build, "timm:tinies", 5)


def test_a_network_of_timm_that_takes_one_size_alone_says_which(timm):
    assert message(build, "timm:tiny", 5, None, size=64).endswith("size=(40, 48)")
