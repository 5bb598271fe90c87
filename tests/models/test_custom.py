"""The networks written by hand: their counts are the published ones, and they travel like every other network."""

import copy
import pickle

import pytest
import torch
from torch import nn

from utils.errors import CourseError
from utils.evaluation.cost import count_macs, count_parameters
from utils.evaluation.layers import layer_table
from utils.evaluation.predictions import folded
from utils.models.build import build
from utils.models.checkpoints import load_checkpoint, save_checkpoint
from utils.models.custom import CUSTOM, AnimalsCNN, CropsCNN, Separable, SmallCNN

NAMES = list(CUSTOM)
FEATURES = {"crops_cnn": 70, "animals_cnn": 128, "small_cnn": 256}
DROPOUT = {"crops_cnn": 0.2, "animals_cnn": 0.5, "small_cnn": 0.1}
SIZES = [*range(32, 66), 96, 128, 178, 224, 256, 320, (32, 400), (178, 96)]  # pixels a side, (height, width)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def on_meta(network, *arguments, **options):
    with torch.device("meta"):
        return network(*arguments, **options)


def pictures(count=2, size=64):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def trained(name, size=64, **options):
    """A model after a step of training, so that none of its tensors is as it was built."""
    model = build(name, 3, None, size=size, seed=0, **options)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nn.functional.cross_entropy(model(pictures(size=size)), torch.tensor([0, 1])).backward()
    optimizer.step()
    return model.eval()


@torch.inference_mode()
def logits(model, images=None):
    return model.eval()(pictures() if images is None else images)


# --- counts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "classes", "parameters"), [
    (CropsCNN, 5, 1_209_477), (AnimalsCNN, 10, 2_230_170),
])  # fmt: skip
def test_parameters_are_those_of_the_published_walk_throughs(network, classes, parameters):
    assert count_parameters(on_meta(network)) == count_parameters(on_meta(network, classes)) == parameters


@pytest.mark.parametrize(("network", "size", "published", "ours"), [
    (CropsCNN, 178, 2_882, 2_885), (CropsCNN, 256, 6_067, 6_068), (AnimalsCNN, 256, 769, 771),
])  # fmt: skip
def test_multiply_adds_are_theirs_within_three_in_a_thousand(network, size, published, ours):
    millions = count_macs(on_meta(network), size) / 1e6
    assert round(abs(millions / published - 1), 3) <= 0.003
    assert round(millions) == ours


def test_the_network_for_crops_has_fewer_parameters_than_b0_and_ten_times_its_work():
    crops, b0 = on_meta(CropsCNN), build("efficientnet_b0", 5, None, size=178)
    assert count_parameters(b0) / count_parameters(crops) == pytest.approx(3.3, abs=0.05)
    assert count_macs(crops, 178) / count_macs(b0, 178) == pytest.approx(10.6, abs=0.05)


def test_almost_half_of_the_parameters_of_the_network_for_animals_are_in_its_head():
    network = on_meta(AnimalsCNN)
    head = count_parameters(network.hidden) + count_parameters(network.head)
    assert head / count_parameters(network) == pytest.approx(0.47, abs=0.003)


@pytest.mark.parametrize("name", NAMES)
def test_other_classes_change_the_last_layer_alone(name):
    few, many = on_meta(CUSTOM[name], 2), on_meta(CUSTOM[name], 7)
    shapes = [{key: tuple(value.shape) for key, value in network.state_dict().items()} for network in (few, many)]
    changed = {key for key in shapes[0] if shapes[0][key] != shapes[1][key]}
    assert shapes[0].keys() == shapes[1].keys()
    assert changed == {"head.weight", "head.bias"}
    assert shapes[1]["head.weight"] == (7, FEATURES[name])


def test_the_small_network_takes_at_most_a_tenth_of_the_work_and_fewer_parameters():
    small, crops = on_meta(SmallCNN), on_meta(CropsCNN)
    assert count_parameters(small) < count_parameters(crops) / 5
    for size in SIZES:
        assert count_macs(small, size) <= count_macs(crops, size) / 10, size


def test_a_separable_convolution_multiplies_nine_times_a_channel_and_once_a_pair_of_channels():
    separable = Separable(8, 12, stride=2)
    assert count_macs(separable, 10, channels=8) == 25 * (9 * 8 + 8 * 12)
    assert separable(torch.zeros(1, 8, 10, 10)).shape == (1, 12, 5, 5)


def test_in_a_separable_convolution_a_channel_is_filtered_alone():
    separable = Separable(4, 6).eval()
    before, changed = torch.rand(1, 4, 5, 5), torch.rand(1, 4, 5, 5)
    changed[:, [0, 1, 3]] = before[:, [0, 1, 3]]
    filtering = nn.Sequential(*list(separable)[:3])
    same = (filtering(before) == filtering(changed)).flatten(2).all(dim=2)
    assert same.tolist() == [[True, True, False, True]]


# --- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_size_works_and_the_next_smaller_one_is_refused_with_it(name):
    network, smallest = CUSTOM[name], CUSTOM[name].SMALLEST
    assert torch.isfinite(logits(network(4, size=smallest), pictures(2, smallest))).all()
    told = f"at least {smallest} pixels a side for {network.__name__}, but got"
    way = f"Take size={smallest} or more."
    for found in (
        message(network, 4, smallest - 1),
        message(build, name, 4, None, size=smallest - 1),
        message(network(4, size=smallest), pictures(2, smallest - 1)),
    ):
        assert f"{told} {smallest - 1} x {smallest - 1}" in found
        assert found.endswith(way)
    for size in ((smallest - 1, 300), (300, smallest - 1)):
        assert f"{told} {size[0]} x {size[1]}" in message(network, 4, size)


@pytest.mark.parametrize("network", [CropsCNN, SmallCNN])
def test_a_network_that_averages_takes_pictures_of_any_size_whatever_it_was_made_for(network):
    model = network(4, size=64)
    for shape in ((2, 3, 64, 64), (2, 3, 41, 97), (1, 3, 130, 33)):
        assert logits(model, torch.rand(shape)).shape == (shape[0], 4)


def test_a_network_that_flattens_takes_the_size_that_it_was_made_for_alone():
    model = AnimalsCNN(4, size=(70, 200))
    assert model.hidden[0].in_features == 512 * 1 * 3
    assert logits(model, torch.rand(2, 3, 70, 200)).shape == (2, 4)
    found = message(model, torch.rand(2, 3, 200, 70))
    assert "Expected pictures of 70 x 200 pixels (height x width), for which this AnimalsCNN was made" in found
    assert "but got 200 x 70" in found
    assert "SmallCNN" in found
    assert "but got 70 x 264" in message(model, torch.rand(2, 3, 70, 264))
    assert "but got 64 x 64" in message(build("animals_cnn", 4, None, size=128), pictures(size=64))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [0, -64, "64", 64.0, (64,), None])
def test_what_is_no_size_is_answered(name, wrong):
    assert f"size in pixels, 1 or more: an int for height = width, or (height, width), for instance 224 or (192, 256); "\
           f"got {wrong!r}" in message(CUSTOM[name], 4, wrong)  # fmt: skip


@pytest.mark.parametrize(("name", "own"), [("crops_cnn", 178), ("animals_cnn", 256), ("small_cnn", 178)])
def test_without_a_size_it_is_that_of_the_walk_through(name, own):
    assert build(name, 4, None).preprocessing.size == (own, own)
    assert logits(CUSTOM[name](4), pictures(1, own)).shape == (1, 4)


# --- what they compute -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_learns_and_a_few_steps_make_the_loss_fall(name):
    model = build(name, 3, None, size=64, seed=0, dropout=0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(6):
        loss = nn.functional.cross_entropy(model(pictures(6)), torch.tensor([0, 1, 2, 0, 1, 2]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("name", NAMES)
def test_features_are_what_the_head_sees_and_dropout_is_before_it(name):
    model = build(name, 3, None, size=64, seed=0)
    assert model.dropout.p == DROPOUT[name]
    assert not [module for module in model.backbone.modules() if isinstance(module, nn.Dropout)]
    assert build(name, 3, None, size=64, dropout=0.7).dropout.p == 0.7
    model.eval()
    features = model.features(pictures())
    assert features.shape == (2, FEATURES[name])
    assert torch.equal(model(pictures()), model.head(features))


@pytest.mark.parametrize("name", NAMES)
def test_built_by_name_it_is_the_network_itself(name):
    alone = CUSTOM[name](3, size=64)
    model = build(name, 3, None, size=64)
    model.backbone.load_state_dict({key: value for key, value in alone.state_dict().items() if "head" not in key})
    model.head.load_state_dict(alone.head.state_dict())
    assert torch.equal(logits(model), logits(alone))


@torch.inference_mode()
def test_two_take_the_mean_over_all_places_and_one_every_place_by_itself():
    crops, animals, small = (network(3, size=64).eval() for network in (CropsCNN, AnimalsCNN, SmallCNN))
    maps = crops.convs(pictures())
    assert torch.equal(crops(pictures()), crops.head(crops.hidden(maps.mean(dim=(2, 3)))))
    maps = small.blocks(small.stem(pictures()))
    assert torch.equal(small(pictures()), small.head(maps.mean(dim=(2, 3))))
    maps = animals.convs(pictures())
    assert torch.equal(animals(pictures()), animals.head(animals.hidden(maps.flatten(1))))


def test_dropout_drops_in_training_alone():
    for network in CUSTOM.values():
        model = network(3, size=64)
        assert torch.equal(logits(model), logits(model))
        passed = [layer for layer in layer_table(model, 64)["layer"] if layer in ("hidden.0", "dropout", "head")]
        assert passed[-2:] == ["dropout", "head"]


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_a_batch_do_not_see_each_other_in_eval(name):
    model = trained(name)
    together = logits(model, pictures(3))
    torch.testing.assert_close(together[1:2], logits(model, pictures(3)[1:2]), atol=1e-5, rtol=1e-4)


# --- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_its_weights_go_into_another_one_whole(name):
    one, other = CUSTOM[name](3, size=64), CUSTOM[name](3, size=64)
    assert not torch.equal(logits(one), logits(other))
    other.load_state_dict(one.state_dict())
    assert torch.equal(logits(one), logits(other))


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_brings_the_same_logits_back(name, tmp_path):
    model = trained(name, classes=["cat", "dog", "owl"])
    loaded = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", model), expect=name)
    assert torch.equal(logits(loaded), logits(model))
    assert loaded.describe() == model.describe()
    assert loaded.preprocessing.size == (64, 64)


@pytest.mark.parametrize("name", NAMES)
def test_fine_tuning_goes_on_from_a_checkpoint_with_other_classes(name, tmp_path):
    model = trained(name)
    other = build(name, 7, save_checkpoint(tmp_path / "a.safetensors", model))
    assert other.report.is_complete
    other.eval()
    assert torch.equal(other.features(pictures()), model.features(pictures()))


def test_weights_made_for_another_size_do_not_fit_a_flattened_head(tmp_path):
    path = save_checkpoint(tmp_path / "a.safetensors", trained("animals_cnn", 128))
    with pytest.warns(UserWarning, match="starts at random(.|\n)*backbone.hidden.0"):
        model = build("animals_cnn", 3, path, size=64)
    assert not model.report.is_complete
    assert build("animals_cnn", 3, path).report.is_complete


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_and_a_pickle_give_the_same_logits(name):
    for model in (trained(name), CUSTOM[name](3, size=64)):
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert torch.equal(logits(other), logits(model))


@pytest.mark.parametrize("name", NAMES)
def test_folded_for_prediction_it_answers_the_same(name):
    model = trained(name)
    norms = [module for module in folded(model).modules() if isinstance(module, nn.BatchNorm2d)]
    assert not norms
    torch.testing.assert_close(logits(folded(model)), logits(model), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_exported_it_takes_batches_of_any_number(name):
    model = trained(name)
    batch = {0: torch.export.Dim("N", min=1, max=64)}
    program = torch.export.export(model, (pictures(2),), dynamic_shapes=(batch,)).module()
    with torch.inference_mode():
        for count in (1, 3, 5):
            torch.testing.assert_close(program(pictures(count)), model(pictures(count)), atol=1e-5, rtol=1e-4)


# --- weights that nobody has -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_imagenet_weights_are_refused_because_nobody_made_any(name):
    found = message(build, name, 5, "imagenet")
    assert f"Nobody trained {name!r} on ImageNet: it is a network of this course" in found
    assert "weights=None" in found


@pytest.mark.parametrize("name", NAMES)
def test_course_weights_are_refused_with_those_that_have_some(name, course_weights):
    course_weights("mobilenet_v3_small")
    for found in (message(build, name, 5), message(build, name, 5, "course")):
        assert f"The course has weights for 'mobilenet_v3_small', but none for {name!r}" in found
        assert "weights=None (from scratch)" in found
