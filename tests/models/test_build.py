"""A classifier by name: its weights arrive, its head is new, its preprocessing travels, and bad input is named."""

import copy
import io
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.models import get_model

from utils.data.transforms import IMAGENET, SYMMETRIC, Normalisation
from utils.errors import CourseError
from utils.models import pretrained
from utils.models.build import Classifier, build, set_batchnorm_momentum
from utils.models.checkpoints import save_checkpoint
from utils.models.weights import Weights

NAME = "shufflenet_v2_x0_5"
IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def logits(model):
    with torch.inference_mode():
        return model.eval()(IMAGES)


# --- what comes out --------------------------------------------------------------------------------


def test_images_become_features_and_features_logits():
    model = build(NAME, 5, None, size=64)
    assert model.features(IMAGES).shape == (2, 1024)
    assert model(IMAGES).shape == (2, 5)
    assert isinstance(model.head, nn.Linear)
    assert model.training
    assert (model.architecture, model.num_classes, model.classes) == (NAME, 5, None)
    model.eval()
    assert torch.equal(model(IMAGES), model.head(model.features(IMAGES)))


def test_a_step_of_training_changes_the_backbone_and_the_head():
    model = build(NAME, 5, None, size=64, seed=0)
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.cross_entropy(model(IMAGES), torch.tensor([0, 1])).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed >= {"head.weight", "head.bias", "backbone.conv1.0.weight", "backbone.conv1.1.running_mean"}


def test_a_copy_and_a_pickle_give_the_same_logits_and_know_the_same():
    model = build(NAME, 3, None, size=64, classes=["cat", "dog", "owl"], seed=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(logits(other), logits(model))
        assert (other.architecture, other.classes) == (NAME, ["cat", "dog", "owl"])
        assert (other.preprocessing, other.report) == (model.preprocessing, model.report)


def test_a_description_builds_such_a_model_again():
    model = build(NAME, 3, None, size=(64, 48), policy="pad", classes=["a", "b", "c"], dropout=0.3)
    again = Classifier.from_description(model.describe())
    assert again.describe() == model.describe()
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in model.state_dict().items()}


# --- weights ---------------------------------------------------------------------------------------


def test_course_weights_are_the_default_and_all_of_the_backbone(course_weights):
    kept = course_weights(NAME)
    model = build(NAME, 5)
    state = model.backbone.state_dict()
    assert all(torch.equal(state[name], kept[name].float()) for name in kept)
    assert model.report.is_complete
    assert set(model.report.loaded) == set(kept)
    assert model.report.new == ("head.weight", "head.bias")
    assert model.report.new_parameters == 1024 * 5 + 5
    assert model.report.loaded_parameters == 341_792
    assert model.preprocessing.size == (64, 64)
    assert model.preprocessing.normalisation is IMAGENET


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "mnasnet0_5"])
def test_course_weights_of_other_architectures_load_as_well(course_weights, name):
    kept = course_weights(name)
    model = build(name, 3)
    state = model.backbone.state_dict()
    assert model.report.is_complete
    assert all(torch.equal(state[key], kept[key].float()) for key in kept)


def test_imagenet_weights_come_without_their_head_and_with_their_preprocessing(monkeypatch):
    theirs = get_model("efficientnet_b0", weights=None).eval()
    facts = {"architecture": "efficientnet_b0", **pretrained.own_facts("efficientnet_b0")}
    monkeypatch.setattr(pretrained, "imagenet_weights", lambda name: Weights(theirs.state_dict(), "ImageNet", facts))
    model = build("efficientnet_b0", 7, "imagenet")
    assert model.report.unused == ("classifier.1.weight", "classifier.1.bias")
    assert model.report.is_complete
    theirs.classifier = nn.Identity()
    with torch.inference_mode():
        assert torch.equal(model.eval().features(IMAGES), theirs(IMAGES))
    assert (model.preprocessing.size, model.preprocessing.interpolation) == ((224, 224), "bicubic")


def test_the_extra_classifiers_of_googlenet_are_left_out_and_reported(monkeypatch):
    theirs = get_model("googlenet", weights=None, init_weights=False)
    facts = {"architecture": "googlenet", **pretrained.own_facts("googlenet")}
    monkeypatch.setattr(pretrained, "imagenet_weights", lambda name: Weights(theirs.state_dict(), "ImageNet", facts))
    model = build("googlenet", 5, "imagenet")
    assert model.report.is_complete
    assert {name.partition(".")[0] for name in model.report.unused} == {"aux1", "aux2", "fc"}
    assert model.backbone.transform_input
    assert model(IMAGES).shape == (2, 5)


def test_a_file_of_somebody_elses_training_is_loaded_without_its_head(tmp_path):
    theirs = get_model(NAME, weights=None, num_classes=10)
    wrapped = {f"module.{name}": tensor for name, tensor in theirs.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, tmp_path / "theirs.pth")
    model = build(NAME, 10, tmp_path / "theirs.pth", size=64)
    assert model.report.unused == ("fc.weight", "fc.bias")
    assert model.report.prefixes == ("module.",)
    assert torch.equal(model.backbone.conv1[0].weight, theirs.conv1[0].weight)


def test_fine_tuning_goes_on_from_a_checkpoint_of_the_course(tmp_path):
    first = build(NAME, 3, None, size=(48, 64), policy="pad", normalisation="symmetric")
    path = save_checkpoint(tmp_path / "first.safetensors", first)
    second = build(NAME, 5, path)
    assert second.report.is_complete
    assert set(second.report.unused) == {"head.weight", "head.bias"}
    assert second.preprocessing == first.preprocessing
    assert build(NAME, 5, path, policy="crop", size=64).preprocessing.policy == "crop"
    assert torch.equal(second.backbone.conv1[0].weight, first.backbone.conv1[0].weight)


def test_weights_that_fit_in_part_are_loaded_with_a_warning_that_says_which(tmp_path):
    state = get_model("resnet18", weights=None).state_dict()
    torch.save({name: tensor for name, tensor in state.items() if "layer4" not in name}, tmp_path / "half.pth")
    with pytest.warns(UserWarning, match="starts at random(.|\n)*new, at random .*backbone.layer4") as caught:
        model = build("resnet18", 5, tmp_path / "half.pth", size=64)
    assert caught[0].filename == __file__
    assert not model.report.is_complete


def test_weights_that_are_whole_load_without_a_warning(course_weights):
    course_weights(NAME)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(NAME, 5)


def test_weights_of_another_architecture_are_an_error_that_shows_both(tmp_path):
    torch.save(get_model("mobilenet_v3_small", weights=None).state_dict(), tmp_path / "other.pth")
    found = message(build, NAME, 5, tmp_path / "other.pth")
    assert "features.0.0.weight" in found
    assert "conv1.0.weight" in found


@pytest.mark.parametrize("wrong", [{"mean": "dark"}, {"std": [0, 0, 0]}, {"size": "big"}, {"mean": [[1], 2, 3]}])
def test_weights_that_say_nonsense_about_their_pictures_are_answered(course_weights, wrong):
    course_weights(NAME, **wrong)
    found = message(build, NAME, 5)
    assert "says about its pictures" in found
    assert f"{NAME}.safetensors" in found


# --- preprocessing ---------------------------------------------------------------------------------


def test_what_is_asked_for_takes_the_place_of_what_the_weights_say(course_weights):
    course_weights(NAME, mean=(0.1, 0.2, 0.3))
    model = build(NAME, 5)
    assert model.preprocessing.normalisation == Normalisation("of the weights", (0.1, 0.2, 0.3), IMAGENET.std)
    assert model.preprocessing.policy == "squash"
    asked = build(NAME, 5, size=(96, 128), policy="crop", normalisation="symmetric").preprocessing
    assert (asked.size, asked.policy, asked.normalisation) == ((96, 128), "crop", SYMMETRIC)


def test_without_weights_it_is_what_the_architecture_was_made_for():
    assert build(NAME, 5, None).preprocessing.size == (224, 224)


# --- dropout, BatchNorm, chance --------------------------------------------------------------------


@pytest.mark.parametrize(("name", "own"), [("mobilenet_v3_small", 0.2), (NAME, 0.0), ("mobilenet_v2", 0.2)])
def test_dropout_is_the_heads_and_the_architectures_own_unless_given(name, own):
    model = build(name, 5, None, size=64)
    assert model.dropout.p == own
    assert not [module for module in model.backbone.modules() if isinstance(module, nn.Dropout)]
    assert build(name, 5, None, size=64, dropout=0.5).dropout.p == 0.5


def test_batchnorm_follows_with_a_tenth_everywhere_unless_told_otherwise():
    def momenta(**options):
        model = build("mobilenet_v3_small", 5, None, size=64, **options)
        return {module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}

    assert momenta() == {0.1}
    assert momenta(batchnorm_momentum=None) == {0.01}
    assert momenta(batchnorm_momentum=0.3) == {0.3}


def test_a_momentum_that_differs_is_described_as_nobodys():
    model = build("mobilenet_v3_small", 5, None, size=64)
    assert model.describe()["batchnorm_momentum"] == 0.1
    next(module for module in model.modules() if isinstance(module, _BatchNorm)).momentum = 0.5
    assert model.describe()["batchnorm_momentum"] is None
    set_batchnorm_momentum(model, None)
    assert model.describe()["batchnorm_momentum"] is None


def test_a_seed_gives_the_same_model_and_leaves_chance_as_it_was():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    one = build(NAME, 5, None, size=64, seed=3)
    assert torch.equal(torch.rand(3), expected)
    two = build(NAME, 5, None, size=64, seed=3)
    other = build(NAME, 5, None, size=64, seed=4)
    assert torch.equal(logits(one), logits(two))
    assert not torch.equal(logits(one), logits(other))
    torch.manual_seed(3)
    assert torch.equal(logits(build(NAME, 5, None, size=64)), logits(one))


# --- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 2.0, "5", None, True, 10**6, [1, 2]])
def test_a_number_of_classes_that_is_none_is_answered(wrong):
    assert f"from 2 to 100,000, but got {wrong!r}" in message(build, NAME, wrong, None)


def test_one_class_is_refused_with_the_reason():
    found = message(build, NAME, 1, None)
    assert "every picture is of that class" in found
    assert "pictures of what is not a logo" in found


@pytest.mark.parametrize(("wrong", "told"), [
    (["a", "b"], "3 different names in classes, one a logit, but got 2: 'a', 'b'"), (["a", "b", "a"], "'a' more than"),
    ("abc", "a list of names, but got 'abc'"), ([0, 1, 2], "a list of names, but got [0, 1, 2]"),
])  # fmt: skip
def test_names_that_are_not_one_for_each_class_are_answered(wrong, told):
    assert told in message(build, NAME, 3, None, classes=wrong)


def test_bad_input_is_answered_before_anything_is_built_or_read(monkeypatch):
    monkeypatch.setattr(pretrained, "read_weights", None)
    assert "Did you mean 'resnet18'" in message(build, "resnet-18", 5, "a.pth")
    assert "num_classes" in message(build, NAME, 1, "a.pth")


@pytest.mark.parametrize(("options", "told"), [
    ({"dropout": 1}, "dropout as a number from 0 and below 1"), ({"dropout": -0.1}, "got -0.1"),
    ({"dropout": "0.5"}, "got '0.5'"), ({"dropout": float("nan")}, "got nan"),
    ({"batchnorm_momentum": 0}, "batchnorm_momentum as a number above 0 to 1"), ({"batchnorm_momentum": 2}, "got 2"),
    ({"size": 0}, "size in pixels"), ({"size": "64"}, "size in pixels"), ({"policy": "zoom"}, "'squash', 'crop', 'pad'"),
    ({"normalisation": "none"}, "'imagenet', 'symmetric', 'unit'"),
])  # fmt: skip
def test_values_out_of_range_are_answered_with_the_range(options, told):
    assert told in message(build, NAME, 5, None, **{"size": 64, **options})


def test_a_size_that_is_too_small_is_answered_with_the_smallest():
    assert "at least 17 pixels a side for 'squeezenet1_1', but got 16" in message(
        build, "squeezenet1_1", 5, None, size=16
    )


def test_a_model_can_be_saved_whole_only_by_pickle_which_torch_refuses_to_load():
    # Why there are checkpoints.
    buffer = io.BytesIO()
    torch.save(build(NAME, 5, None, size=64), buffer)
    buffer.seek(0)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(buffer)
