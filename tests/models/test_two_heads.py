"""Several heads on one backbone: each begins with the pretrained last convolution, and everything in them learns."""

import copy
import json
import pickle
import warnings

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models import get_model
from torchvision.ops import StochasticDepth

from utils.data.samples import SAMPLES_ROOT
from utils.errors import CourseError
from utils.evaluation.cost import cost, count_macs, latency
from utils.evaluation.layers import layer_table
from utils.evaluation.predictions import folded
from utils.models.build import build
from utils.models.checkpoints import describe_checkpoint, load_checkpoint, save_checkpoint
from utils.models.custom import SmallCNN
from utils.models.freezing import count_parameters, freeze, frozen_parts, unfreeze
from utils.models.two_heads import MultiHead, build_heads

NAME = "shufflenet_v2_x0_5"
HEADS = {"screen": ["paper", "screen"], "document": ["document", "other", "none"]}
# architecture: its last convolution's weight, by its own name, and its hidden layer's
FAMILIES = {
    NAME: ("conv5.0.weight", None),
    "mobilenet_v3_small": ("features.12.0.weight", "classifier.0.weight"),
    "efficientnet_b0": ("features.8.0.weight", None),
    "small_cnn": ("blocks.5.3.weight", None),
}
CONVS = {"small_cnn": "conv.3.weight"}  # of a head; for the others conv.0.weight
IMAGES = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
every_family = pytest.mark.parametrize("name", FAMILIES)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def made(name=NAME, heads=HEADS, weights=None, **options):
    return build_heads(name, heads, weights, **{"size": (48, 64), "seed": 0} | options)


def published(name, folder):
    """A file of weights as others publish them, and the tensors in it."""
    torch.manual_seed(3)
    state = (SmallCNN() if name == "small_cnn" else get_model(name, weights=None)).state_dict()
    torch.save(state, folder / f"{name}.pth")
    return folder / f"{name}.pth", state


def loss_of(outputs):
    return sum(logits.square().mean() for logits in outputs.values())


@torch.inference_mode()
def answers(model, images=IMAGES):
    return model.eval()(images)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# --- what comes out --------------------------------------------------------------------------------


@every_family
def test_each_head_gives_its_logits(name):
    model = made(name)
    assert model.training
    assert {head: logits.shape for head, logits in model(IMAGES).items()} == {"screen": (2, 2), "document": (2, 3)}
    assert (model.classes, model.num_classes) == (HEADS, {"screen": 2, "document": 3})
    assert isinstance(model.heads, nn.ModuleDict)


@every_family
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_parameter_gets_a_gradient_from_one_step_over_all_heads(name, count):
    model = made(name, {f"head_{number}": ["a", "b"] for number in range(count)}, dropout=0)
    for module in model.modules():
        if isinstance(module, StochasticDepth):
            module.p = 0  # by chance a block is dropped for all pictures of so small a batch
    images = torch.rand(8, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    loss_of(model(images)).backward()
    assert [key for key, parameter in model.named_parameters() if parameter.grad is None] == []
    assert [key for key, parameter in model.named_parameters() if not parameter.grad.any()] == []


@every_family
def test_with_one_head_it_is_the_classifier(name, tmp_path):
    file, _ = published(name, tmp_path)
    plain = build(name, 3, file, size=(48, 64), seed=0).eval()
    model = made(name, {"kind": ["a", "b", "c"]}, file)
    model.heads["kind"].linear.load_state_dict(plain.head.state_dict())
    torch.testing.assert_close(answers(model)["kind"], answers(plain), rtol=1e-6, atol=1e-6)
    assert count_parameters(model) == count_parameters(plain)
    assert count_macs(model) == count_macs(plain)


def test_a_head_does_not_hear_the_others():
    model = made(dropout=0).eval()
    before = answers(model)
    with torch.no_grad():
        for parameter in model.heads["screen"].parameters():
            parameter.add_(1)
    after = answers(model)
    assert torch.equal(after["document"], before["document"])
    assert not torch.equal(after["screen"], before["screen"])


@every_family
def test_a_head_works_on_any_size(name):
    assert answers(made(name), torch.rand(1, 3, 96, 64))["screen"].shape == (1, 2)


def test_a_copy_and_a_pickle_are_the_same_model():
    model = made()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert same(answers(other), answers(model))
        assert (other.classes, other.preprocessing, other.report) == (model.classes, model.preprocessing, model.report)


# --- weights ---------------------------------------------------------------------------------------


@every_family
def test_each_head_begins_with_a_copy_of_its_own_of_the_last_convolution(name, tmp_path):
    file, theirs = published(name, tmp_path)
    conv, hidden = FAMILIES[name]
    model = made(name, weights=file)
    own = [model.heads[head].state_dict()[CONVS.get(name, "conv.0.weight")] for head in HEADS]
    assert all(torch.equal(tensor, theirs[conv]) for tensor in own)
    assert len({tensor.data_ptr() for tensor in own}) == len(HEADS)
    if hidden:
        assert all(torch.equal(model.heads[head].hidden[0].weight, theirs[hidden]) for head in HEADS)
        assert model.heads["screen"].hidden[0].weight is not model.heads["document"].hidden[0].weight
    assert hidden is not None or not hasattr(model.heads["screen"], "hidden")
    with torch.no_grad():
        own[0].add_(1)
    assert torch.equal(own[1], theirs[conv])


@every_family
def test_the_backbone_has_the_files_tensors_by_their_names_there(name, tmp_path):
    file, theirs = published(name, tmp_path)
    model = made(name, weights=file)
    state = model.backbone.state_dict()
    assert len(state) > 20
    assert same(state, {key: theirs[key] for key in state})


@every_family
def test_all_is_loaded_but_each_heads_last_layer(name, tmp_path):
    file, theirs = published(name, tmp_path)
    report = made(name, weights=file).report
    assert report.is_complete
    assert report.new == tuple(f"heads.{head}.linear.{what}" for head in HEADS for what in ("weight", "bias"))
    assert {*report.loaded, *report.unused} == set(theirs)
    assert len(report.unused) == 2
    conv, hidden = FAMILIES[name]
    assert {conv, hidden} - {None} <= set(report.copied)
    assert report.loaded_parameters + report.new_parameters == count_parameters(made(name)).total
    assert "a copy in each head      " in str(report)


def test_it_has_as_many_parameters_as_the_published_two_heads_had_in_use():
    model = made(heads={"screen": ["paper", "screen"], "document": ["document", "other"]})
    assert count_parameters(model).total == 743_204 - 198_656


def test_the_courses_weights_are_the_default():
    model = build_heads(NAME, HEADS)
    theirs = load_file(SAMPLES_ROOT / "weights" / f"{NAME}.safetensors")
    assert torch.equal(model.heads["document"].conv[0].weight, theirs["conv5.0.weight"].float())
    assert torch.equal(model.heads["document"].conv[1].running_var, theirs["conv5.1.running_var"])
    assert "the course's weights" in str(model.report)
    assert model.preprocessing == build(NAME, 2).preprocessing


def test_a_three_output_checkpoint_of_ones_own_is_a_start_as_well(tmp_path):
    first = build(NAME, 3, None, size=(48, 64), policy="pad", seed=1)
    model = build_heads(NAME, HEADS, save_checkpoint(tmp_path / "three.safetensors", first))
    assert model.report.is_complete
    assert torch.equal(model.heads["screen"].conv[0].weight, first.backbone.conv5[0].weight)
    assert model.preprocessing == first.preprocessing


def test_a_file_without_the_last_convolution_is_loaded_with_a_warning_that_names_it(tmp_path):
    state = get_model(NAME, weights=None).state_dict()
    torch.save({name: tensor for name, tensor in state.items() if "conv5" not in name}, tmp_path / "half.pth")
    with pytest.warns(UserWarning, match=r"at random(.|\n)*heads.screen.conv.0.weight") as caught:
        model = made(weights=tmp_path / "half.pth")
    assert [warning.filename for warning in caught] == [__file__]
    assert not model.report.is_complete
    assert model.report.copied == ()


@pytest.mark.parametrize("weights", [None, "course"])
def test_nothing_is_warned_of_where_nothing_is_wrong(weights):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(weights=weights)


def test_without_weights_all_is_new():
    model = made()
    assert (model.report.source, model.report.loaded, model.report.copied) == ("a random start", (), ())
    assert model.report.new_parameters == count_parameters(model).total


def test_a_seed_gives_the_same_model_and_leaves_chance_as_it_was():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one = made(seed=3)
    assert torch.equal(torch.rand(3), expected)
    assert same(one.state_dict(), made(seed=3).state_dict())
    assert not same(one.state_dict(), made(seed=4).state_dict())
    assert not torch.equal(one.heads["screen"].linear.weight, one.heads["document"].linear.weight[:2])


# --- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "own"), [("mobilenet_v3_small", 0.2), (NAME, 0.0)])
def test_dropout_is_the_architectures_own_unless_given(name, own):
    for given, expected in ((None, own), (0.4, 0.4)):
        model = made(name, dropout=given)
        assert [head.dropout.p for head in model.heads.values()] == [expected] * 2
        assert sum(isinstance(module, nn.Dropout) for module in model.modules()) == 2


def test_batchnorm_follows_with_a_tenth_everywhere_unless_told_otherwise():
    def momenta(**options):
        model = made("mobilenet_v3_small", **options)
        return {module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}

    assert (momenta(), momenta(batchnorm_momentum=None), momenta(batchnorm_momentum=0.3)) == ({0.1}, {0.01}, {0.3})


def test_what_is_asked_of_the_pictures_is_kept():
    asked = made(size=(64, 96), policy="pad", normalisation="symmetric").preprocessing
    assert (asked.size, asked.policy, asked.normalisation.name) == ((64, 96), "pad", "symmetric")


# --- freezing, checkpoints, cost -------------------------------------------------------------------


def test_the_backbone_can_be_frozen_and_stands_still():
    model = made()
    counts = freeze(model, "backbone")
    assert counts.trainable == sum(parameter.numel() for parameter in model.heads.parameters())
    before = copy.deepcopy(model.state_dict())
    loss_of(model.train()(IMAGES)).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name.split(".")[0] for name in changed} == {"heads"}
    assert {name.split(".")[1] for name in changed} == set(HEADS)
    assert frozen_parts(model) == ["backbone"]
    assert unfreeze(model).frozen == 0


def test_one_head_can_be_frozen_alone():
    model = made()
    freeze(model, "heads.screen")
    assert {name.rpartition(".")[0] for name in frozen_parts(model)} == {"heads"}
    assert "Did you mean 'heads.document.conv'" in message(freeze, model, "document.conv")


@every_family
def test_a_checkpoint_brings_the_same_model_back_bit_by_bit(name, tmp_path):
    model = made(name, dropout=0.3)
    loss_of(model(IMAGES)).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    freeze(model, "backbone", "heads.screen.conv")
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model, metrics={"valid_f1": 0.5}))
    assert isinstance(loaded, MultiHead)
    assert same(loaded.state_dict(), model.state_dict())
    assert same(answers(loaded), answers(model))
    assert loaded.describe() == model.describe()
    assert list(loaded.classes) == list(HEADS)
    assert (loaded.preprocessing, loaded.frozen) == (model.preprocessing, model.frozen)
    assert count_parameters(loaded) == count_parameters(model)


def test_a_checkpoint_describes_itself(tmp_path):
    facts = describe_checkpoint(save_checkpoint(tmp_path / "a.safetensors", made()))
    assert (facts["kind"], facts["architecture"], facts["classes"]) == ("heads", NAME, HEADS)


@pytest.mark.parametrize("wrong", [{}, {"screen": ["paper"]}, ["screen"], None])
def test_a_description_that_makes_no_sense_is_refused(wrong):
    facts = json.loads(json.dumps(made().describe())) | {"classes": wrong}
    with pytest.raises(CourseError):
        MultiHead.from_description(facts)


@every_family
def test_cost_and_layers_are_those_of_the_parts(name):
    model, table = made(name), layer_table(made(name))
    found = cost(model)
    assert found.parameters == count_parameters(model).total
    assert table["macs"].sum() == found.macs
    assert table["parameters"].sum() == found.parameters
    one = count_macs(made(name, {"screen": HEADS["screen"]}))
    two = count_macs(made(name, {"screen": HEADS["screen"], "again": HEADS["screen"]}))
    heads = table[table["layer"].str.startswith("heads.screen.")]
    assert two - one == heads["macs"].sum() > 0
    assert table["layer"].iloc[-1] == "heads.document.linear"


def test_its_time_can_be_taken():
    assert latency(made(), runs=3, warmup=0).seconds > 0


@every_family
def test_folding_batchnorms_away_changes_the_logits_by_rounding_alone(name):
    model = made(name)
    for norm in [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]:
        norm.running_mean.uniform_(-0.3, 0.3)
        norm.running_var.uniform_(0.5, 2.0)
    quick, plain = answers(folded(model)), answers(model)
    for head in HEADS:
        torch.testing.assert_close(quick[head], plain[head], rtol=1e-4, atol=1e-5)
    assert not [key for key, part in folded(model).heads.named_modules() if isinstance(part, nn.BatchNorm2d)]


# --- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "crops_cnn", "mobilenet_v2", "shufflenet_v2_x05", "timm:resnet18"])
def test_an_architecture_that_cannot_be_split_is_answered_with_those_that_can(name):
    found = message(build_heads, name, HEADS, None)
    assert f"got {name!r}" in found
    for can in ("shufflenet_v2_x2_0", "mobilenet_v3_large", "efficientnet_v2_l", "small_cnn"):
        assert can in found


def test_a_misspelt_one_is_answered_with_the_nearest():
    assert "Did you mean 'shufflenet_v2_x0_5'" in message(build_heads, "shufflenet_v2_x05", HEADS, None)


@pytest.mark.parametrize(("heads", "told"), [
    ({}, "but got {}"), (None, "but got None"), (["screen"], "but got ['screen']"), ({"screen": "paper"}, "but got 'paper'"),
    ({"screen": 2}, "the head 'screen', but got 2"), ({"screen": ["paper"]}, "The head 'screen': Expected num_classes"),
    ({"screen": ["a", "a"]}, "The head 'screen': Expected 2 different names"),
    ({"screen": ["a", 1]}, "The head 'screen': Expected classes as a list of names"),
    ({"is it?": ["a", "b"]}, "'is it?' cannot be a head's name"), ({"p_x": ["a", "b"]}, "'p_x' cannot be"),
    ({"keys": ["a", "b"]}, "another use for the name 'keys'"), ({"training": ["a", "b"]}, "another use for the name"),
])  # fmt: skip
def test_heads_that_cannot_be_are_answered(heads, told):
    assert told in message(build_heads, NAME, heads, None)


@pytest.mark.parametrize(("options", "told"), [
    ({"dropout": 1}, "dropout as a number from 0"), ({"size": 0}, "size in pixels"), ({"policy": "zoom"}, "'squash'"),
    ({"weights": "no"}, "got 'no'"), ({"batchnorm_momentum": 0}, "batchnorm_momentum as a number"),
])  # fmt: skip
def test_the_other_options_are_checked_as_for_any_model(options, told):
    assert told in message(build_heads, NAME, HEADS, **{"weights": None} | options)
