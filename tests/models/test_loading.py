"""Loading tells the whole truth: every tensor of the file and of the model is in its report, once."""

import pickle
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models import VisionTransformer, get_model

from utils.errors import CourseError
from utils.models.loading import load_backbone, new_report
from utils.models.weights import Weights

SETTINGS = settings(derandomize=True, max_examples=50)
PREFIXES = ("module.", "model.", "backbone.", "_orig_mod.")


class Small(nn.Module):
    """A backbone with a BatchNorm, and a head: what `load_backbone` asks of a model."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 8, 3))
        self.head = nn.Linear(8, 2)


NAMES = [name for name in Small().backbone.state_dict() if "num_batches" not in name]


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def others(model):
    """Tensors for the whole backbone, unlike its own."""
    return {
        name: torch.rand_like(tensor, dtype=torch.float) + 1 for name, tensor in model.backbone.state_dict().items()
    }


@SETTINGS
@given(st.sets(st.sampled_from(NAMES), min_size=1), st.sets(st.sampled_from(NAMES)), st.booleans())
def test_every_tensor_is_in_the_report_once_and_only_what_is_loaded_changes(given_names, reshaped, with_head):
    model = Small()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    file = {name: tensor for name, tensor in others(model).items() if name in given_names}
    file |= {name: torch.zeros(9, 9) for name in reshaped}
    file |= {"fc.weight": torch.zeros(5, 8), "fc.bias": torch.zeros(5)} if with_head else {}
    if not given_names - reshaped:
        assert "Not one of the" in message(load_backbone, model, Weights(file, "a file"))
        report = new_report(model)
    else:
        report = load_backbone(model, Weights(file, "a file"))
        in_file = Counter([*report.loaded, *report.unused, *(each.name for each in report.other_shape)])
        assert in_file == Counter(file.keys())
    in_model = [*(f"backbone.{name}" for name in report.loaded), *report.new]
    assert sorted(in_model) == sorted(name for name in before if "num_batches" not in name)
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    assert report.loaded_parameters + report.new_parameters == sum(sizes.values())
    for name, tensor in model.state_dict().items():
        bare = name.removeprefix("backbone.")
        assert torch.equal(tensor, file[bare] if bare in report.loaded else before[name])
    assert report.is_complete == (set(report.loaded) >= set(NAMES))


@SETTINGS
@given(st.lists(st.sampled_from(PREFIXES), max_size=4))
def test_known_prefixes_are_taken_off_in_any_order_and_said(prefixes):
    model = Small()
    file = others(model)
    report = load_backbone(
        model, Weights({"".join(prefixes) + name: tensor for name, tensor in file.items()}, "a file")
    )
    assert report.is_complete
    assert set(report.prefixes) == set(prefixes)
    assert torch.equal(model.backbone[0].weight, file["0.weight"])
    for prefix in prefixes:
        assert repr(prefix) in str(report)


def test_a_prefix_that_belongs_to_the_name_stays():
    model = nn.Module()
    model.backbone = nn.ModuleDict({"model": nn.Linear(2, 2)})
    report = load_backbone(model, Weights({"module.model.weight": torch.ones(2, 2)}, "a file"))
    assert report.loaded == ("model.weight",)
    assert report.prefixes == ("module.",)


def test_two_models_in_one_file_are_refused():
    file = {"model.0.bias": torch.zeros(4), "module.0.bias": torch.ones(4)}
    assert "two are called '0.bias'" in message(load_backbone, Small(), Weights(file, "a file"))


def test_float16_becomes_the_models_float32():
    model = Small()
    file = {name: tensor.half() for name, tensor in others(model).items()}
    load_backbone(model, Weights(file, "a file"))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert torch.equal(model.backbone[2].weight, file["2.weight"].float())


def test_loading_nothing_is_an_error_that_shows_both_kinds_of_names():
    model = Small()
    before = model.backbone[0].weight.clone()
    file = {f"encoder.{name}": tensor for name, tensor in others(model).items()}
    found = message(load_backbone, model, Weights(file, "'a.pth'"))
    assert "Not one of the 9 tensors in 'a.pth' fits" in found
    assert [line.split() for line in found.splitlines()[1:4]] == [
        ["the", "file", "has", "the", "model", "wants"],
        ["encoder.0.weight", "0.weight"],
        ["encoder.0.bias", "0.bias"],
    ]
    assert torch.equal(model.backbone[0].weight, before)


def test_names_that_fit_with_shapes_that_do_not_are_told_apart():
    found = message(load_backbone, Small(), Weights({"0.weight": torch.zeros(1), "0.bias": torch.zeros(1)}, "a file"))
    assert "('0.weight', '0.bias' have other shapes)" in found


def test_a_count_of_batches_alone_is_not_a_load():
    file = {"1.num_batches_tracked": torch.tensor(3)}
    assert "Not one" in message(load_backbone, Small(), Weights(file, "a file"))


def test_the_counts_and_first_names_of_a_report_can_be_read():
    model = Small()
    file = {"module." + name: tensor for name, tensor in others(model).items() if not name.startswith("2.")}
    file |= {"module.2.weight": torch.zeros(8, 4, 5, 5), "fc.weight": torch.zeros(5, 8)}
    lines = str(load_backbone(model, Weights(file, "'a.pth'"))).splitlines()
    assert lines[0] == "from 'a.pth':"
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "loaded 7 tensors, 120 parameters: '0.weight', '0.bias', '1.weight' and 4 more",
        "new, at random 4 tensors, 314 parameters: 'backbone.2.weight', 'backbone.2.bias', 'head.weight' and 1 more",
        "in the file, without use 1 tensor: 'fc.weight'",
        "of another shape '2.weight' (8, 4, 5, 5) in the file, (8, 4, 3, 3) in the model",
        "taken off the names 'module.'",
    ]


def test_without_weights_all_is_new():
    report = new_report(Small())
    assert len(report.new) == 10
    assert report.new_parameters == sum(parameter.numel() for parameter in Small().parameters())
    assert not report.is_complete
    assert str(report).startswith("from a random start:")


def test_a_report_can_be_pickled():
    report = new_report(Small())
    assert pickle.loads(pickle.dumps(report)) == report


def test_the_old_names_of_densenet_are_understood():
    model = nn.Module()
    model.backbone = get_model("densenet121", weights=None)
    old = {}
    for name, tensor in model.backbone.state_dict().items():
        for kind in ("norm1", "norm2", "conv1", "conv2"):
            if "denselayer" in name:
                name = name.replace(f".{kind}.", f".{kind[:-1]}.{kind[-1]}.")
        old[name] = tensor.clone()
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    assert load_backbone(model, Weights(old, "a file")).is_complete


def test_networks_that_check_the_version_of_a_state_dict_are_loaded_too():
    model = nn.Module()
    model.backbone = get_model("mnasnet0_5", weights=None)
    file = {name: tensor + 1 for name, tensor in model.backbone.state_dict().items()}
    with pytest.raises(ValueError, match="version"):
        model.backbone.load_state_dict(file)
    assert load_backbone(model, Weights(file, "a file")).is_complete
    assert torch.equal(model.backbone.classifier[1].bias, file["classifier.1.bias"])


def test_a_vision_transformer_trained_at_another_size_is_loaded_whole():
    def transformer(size):
        model = nn.Module()
        model.backbone = VisionTransformer(size, 8, num_layers=1, num_heads=1, hidden_dim=4, mlp_dim=4)
        return model

    file = {f"module.{name}": tensor for name, tensor in transformer(16).backbone.state_dict().items()}
    report = load_backbone(transformer(32), Weights(file, "a file"))
    assert report.is_complete
    assert not report.other_shape
