"""Lesson 04 as a tool: it runs on folders and CSVs of one's own, and what it writes out by hand is what utils does."""

import copy
import math
import types

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.lessons import tool
from tests.lessons.tool import folder_of, picture
from utils.errors import CourseError
from utils.evaluation.cost import count_macs, count_parameters
from utils.evaluation.layers import layer_table
from utils.evaluation.predictions import read_predictions
from utils.models import custom
from utils.training.keeping import keep_best, stop_without_progress

LESSON = "04_custom_cnn.ipynb"
QUICK = {
    "epochs": 1,
    "long_epochs": 2,
    "runs": 1,
    "size": 32,
    "batch_size": 16,
    "models": ["small_cnn"],
    "weights": [""],
}


def run(tmp_path, **parameters):
    return tool.run(LESSON, tmp_path, **QUICK | parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, folder of the results, own pictures) of a quick run on an own folder with two classes."""
    tmp_path = tmp_path_factory.mktemp("lesson 04")
    own = folder_of(tmp_path / "own pictures", 2, 24)
    competing = {"models": ["shufflenet_v2_x0_5", "crops_cnn", "small_cnn"], "weights": ["course", ""]}
    results, text = run(tmp_path, data_dir=str(own), **competing)
    return results, text, tmp_path / "out" / "output", own


def test_it_runs_on_two_classes_of_an_own_folder(quick_run):
    results, text, *_ = quick_run
    assert "{'train': 32, 'valid': 8, 'test': 8} pictures in 2 classes" in text
    assert len(results["claims"]) == 11  # those about the samples are not made
    assert [claim["text"] for claim in results["claims"][:6] if not claim["holds"]] == []  # arithmetic holds anywhere
    assert results["numbers"]["bar"] == pytest.approx(0.5)


def test_the_verdict_has_a_row_a_network_with_trained_weights_only_where_there_are_any(quick_run):
    verdict = quick_run[0]["numbers"]["verdict"]
    assert list(verdict) == [
        "shufflenet_v2_x0_5, course", "shufflenet_v2_x0_5, scratch", "crops_cnn, scratch", "small_cnn, scratch"
    ]  # fmt: skip
    for row in verdict.values():
        assert 0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1
        assert row["ms"] > 0
    small = verdict["small_cnn, scratch"]
    assert small["parameters"] == count_parameters(custom.SmallCNN(2))
    assert small["million multiply-adds"] == pytest.approx(count_macs(custom.SmallCNN(2), 32) / 1e6)
    assert set(quick_run[0]["numbers"]["on_front"]) <= set(verdict)


def test_what_it_leaves_is_the_predictions_of_the_most_accurate_network(quick_run):
    results, _, output, own = quick_run
    predictions = read_predictions(output / "predictions.csv", root=own)
    assert set(predictions["label"]) == {"class 00", "class 01"}
    best = max(row["accuracy"] for row in results["numbers"]["verdict"].values())
    assert (predictions["label"] == predictions["predicted"]).mean() == pytest.approx(best)


@pytest.mark.slow
def test_it_runs_on_a_csv_with_two_sizes_and_two_seeds_and_leaves_broken_pictures_out(tmp_path):
    own = folder_of(tmp_path / "own", 3, 10)
    (own / "class 00" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    picture(own / "rare" / "1.jpg", np.random.default_rng(1))
    paths = sorted(path.relative_to(own).as_posix() for path in own.rglob("*.jpg"))
    pd.DataFrame({"file": paths, "what": [path.split("/")[0] for path in paths]}).to_csv(
        tmp_path / "list.csv", index=False
    )
    results, text = run(
        tmp_path, data_dir=str(own), csv=str(tmp_path / "list.csv"), csv_columns={"path": "file", "label": "what"},
        sizes=[32, 48], runs=2,
    )  # fmt: skip
    assert "pictures in 3 classes" in text
    assert list(results["numbers"]["verdict"]) == ["small_cnn, scratch, 32 px", "small_cnn, scratch, 48 px"]
    assert (
        results["numbers"]["steps"]["as it was"]["parameters"] == 1_209_477
    )  # of the published one, whatever the data


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"models": ["smal_cnn"]}, "small_cnn"),
        ({"models": ["animals_cnn"], "sizes": [32]}, "at least 64"),
        ({"weights": ["imagnet"]}, "imagnet"),
        ({"weights": []}, "Expected weights"),
        ({"data_dir": "nowhere"}, "does not exist"),
    ],
)
def test_a_wrong_parameter_ends_the_run_at_once_with_what_to_do(tmp_path, parameters, words):
    own = folder_of(tmp_path / "own", 2, 10)
    assert words in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK, **parameters})


def test_one_class_is_no_question(tmp_path):
    own = folder_of(tmp_path / "own", 1, 12)
    assert "class 00" in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK})


# --- what the lesson writes out ----------------------------------------------------------------------


def definitions(*names, **more):
    space = {"nn": nn, "F": F, "torch": torch, "math": math, "copy": copy, "custom": custom, **more}
    return tool.definitions(LESSON, space, *names)


def chance(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("side", [1, 3, 4])
def test_the_convolution_with_two_loops_is_torchs(side):
    (convolve,) = definitions("convolve")
    sheet, window = chance(9, 7), chance(side, side, seed=1)
    torch.testing.assert_close(convolve(sheet, window), F.conv2d(sheet[None, None], window[None, None])[0, 0])


def test_the_formula_for_the_side_is_torchs():
    (side_after,) = definitions("side_after")
    for side in (7, 8, 31):
        for kernel, stride, padding in ((1, 1, 0), (3, 1, 1), (3, 2, 1), (5, 3, 2), (2, 2, 0)):
            layer = nn.Conv2d(1, 1, kernel, stride, padding)
            assert side_after(side, kernel, stride, padding) == layer(torch.zeros(1, 1, side, side)).shape[-1]


def same_answers(ours, theirs, images):
    """Whether two networks whose weights have the same order give the same logits in both modes, with those of one."""
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    for network in (ours, theirs):
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    in_training = torch.allclose(ours.train()(images), theirs.train()(images), atol=1e-5)
    return in_training and torch.allclose(ours.eval()(images), theirs.eval()(images), atol=1e-5)


def test_the_network_written_out_is_the_published_one_of_utils():
    _, CropsCNN = definitions("convolution", "CropsCNN")
    ours, theirs = CropsCNN(5), custom.CropsCNN(5)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.dropout.p == theirs.dropout.p
    assert same_answers(ours, theirs, chance(3, 3, 24, 24))


def test_the_block_written_out_is_separable_of_utils():
    _, Separable = definitions("convolution", "Separable")
    assert same_answers(Separable(6, 10, 2), custom.Separable(6, 10, 2), chance(3, 6, 9, 9))


def test_the_last_design_is_small_cnn():
    *_, from_list, Separable = definitions("convolution", "plain_block", "from_list", "Separable")
    theirs = custom.SmallCNN(5)
    ours = from_list([(theirs.stem[0].out_channels, 2), *theirs.BLOCKS], Separable)
    assert next(module.p for module in ours if isinstance(module, nn.Dropout)) == theirs.dropout.p
    assert same_answers(ours, theirs, chance(3, 3, 32, 32))


def test_receptive_fields_are_those_of_the_layer_table():
    (receptive_fields,) = definitions("receptive_fields")
    shape = [(5, 2), (3, 1), (2, 2), (1, 1), (3, 3)]
    channels = [3, 4, 4, 4, 4, 4]
    layers = [
        nn.Conv2d(channels[place], 4, kernel, stride, kernel // 2) for place, (kernel, stride) in enumerate(shape)
    ]
    assert receptive_fields(shape) == layer_table(nn.Sequential(*layers), 200)["receptive_field"].tolist()


def test_the_averaging_network_takes_any_size_and_halves_the_parameters():
    (AveragingCNN,) = definitions("AveragingCNN")
    network = AveragingCNN().eval()
    assert {network(torch.zeros(1, 3, side, side)).shape for side in (64, 100)} == {(1, 10)}
    with pytest.raises(CourseError, match="flattened head"):
        custom.AnimalsCNN(size=64)(torch.zeros(1, 3, 100, 100))
    assert count_parameters(network) < 0.6 * count_parameters(custom.AnimalsCNN())


def test_overfitting_tells_a_sound_network_from_one_with_a_softmax():
    (overfit,) = definitions("overfit")
    images, targets = chance(8, 3, 16, 16), torch.arange(8) % 4
    torch.manual_seed(0)
    network = custom.SmallCNN(4)
    losses, right = overfit(copy.deepcopy(network), images, targets)
    broken, _ = overfit(nn.Sequential(network, nn.Softmax(dim=1)), images, targets)
    assert (len(losses), right) == (50, 1.0)
    assert losses[-1] < 0.1
    assert min(broken) > math.log(math.e + 3) - 1


def test_each_step_of_overfitting_goes_by_its_own_gradient_alone():
    (overfit,) = definitions("overfit")
    images, targets = chance(6, 5), torch.arange(6) % 3
    torch.manual_seed(0)
    network = nn.Linear(5, 3)
    plain = copy.deepcopy(network)
    losses, _ = overfit(network, images, targets, steps=4, lr=0.1)
    optimizer, expected = torch.optim.AdamW(plain.parameters(), lr=0.1), []
    for _ in range(4):
        loss = F.cross_entropy(plain(images), targets)
        weight, bias = torch.autograd.grad(loss, [plain.weight, plain.bias])
        plain.weight.grad, plain.bias.grad = weight, bias
        optimizer.step()
        expected.append(loss.item())
    assert losses == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("losses", [[3, 2, 1], [3, 2, 2.5, 2.2, 2.1, 1], [1, 2, 3, 4], [2, 2, 2, 1]])
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_early_stopping_by_hand_ends_where_fit_does(losses, patience):
    (stopped_after,) = definitions("stopped_after")
    recipe = types.SimpleNamespace(best_by="valid_loss", patience=patience)
    objective = types.SimpleNamespace(higher_is_better={"valid_loss": False})
    training = types.SimpleNamespace(
        history=[], best=None, stopped="", recipe=recipe, objective=objective, judged_model=nn.Linear(1, 1)
    )
    for epoch, loss in enumerate(losses, 1):
        training.history.append({"epoch": epoch, "valid_loss": loss})
        keep_best(training)
        stop_without_progress(training)
        if training.stopped:
            break
    assert stopped_after(losses, patience) == len(training.history)


@pytest.fixture
def batches():
    """Three batches of pictures that are far from mean 0 and standard deviation 1."""
    return [(5 + 3 * chance(4, 3, 16, 16, seed=seed), torch.zeros(4, dtype=torch.int64)) for seed in range(3)]


def test_averages_taken_anew_are_the_mean_over_all_batches_and_nothing_else_changes(batches):
    (re_estimate,) = definitions("re_estimate")
    network = custom.SmallCNN(4)
    network.stem[1].momentum = 0.01
    network.train()(100 * batches[0][0])  # averages of other pictures, which must not stay
    before = [parameter.clone() for parameter in network.parameters()]
    assert re_estimate(network, batches) is network
    first = [network.stem[0](images) for images, _ in batches]
    expected = torch.stack([maps.mean(dim=(0, 2, 3)) for maps in first]).mean(dim=0)
    torch.testing.assert_close(network.stem[1].running_mean, expected.detach())
    assert all(torch.equal(*pair) for pair in zip(before, network.parameters()))
    assert (network.stem[1].momentum, network.training) == (0.01, False)


def test_the_score_in_training_mode_leaves_the_network_as_it_is(batches):
    asked, wanted = (torch.cat(parts) for parts in zip(*batches))
    network = custom.SmallCNN(4)
    network.train()(asked)
    wanted = torch.where(torch.arange(12) < 9, network.eval()(asked).argmax(dim=1), 3)
    _, score = definitions("opinions", "score", deepcopy=copy.deepcopy, asked=asked, wanted=wanted, seed=0)
    before = network.stem[1].running_mean.clone()
    assert 0 <= score(network, is_training=True) <= 1
    assert torch.equal(network.stem[1].running_mean, before)
    assert score(network) == pytest.approx((network(asked).argmax(dim=1) == wanted).float().mean().item())


class Guesses(nn.Module):
    """Says something else of each picture each time, as dropout does."""

    def forward(self, images):
        return torch.rand(len(images), 4)


def test_two_networks_that_differ_by_chance_alone_get_the_same_score():
    space = {"deepcopy": copy.deepcopy, "asked": torch.zeros(500, 1), "wanted": torch.arange(500) % 4, "seed": 0}
    _, score = definitions("opinions", "score", **space)
    assert len({score(Guesses(), is_training=True) for _ in range(4)}) == 1


class OwnNumber(nn.Module):
    """Says of each picture, (N, 1), the number that is written on it."""

    def forward(self, images):
        self.asked_in_training = self.training
        return F.one_hot(images[:, 0], 30)


@pytest.mark.parametrize("is_training", [False, True])
def test_opinions_come_back_in_the_order_of_the_pictures(is_training):
    (opinions,) = definitions("opinions")
    torch.manual_seed(0)
    network = OwnNumber()
    assert opinions(network, torch.arange(30)[:, None], is_training).tolist() == list(range(30))
    assert (network.asked_in_training, network.training) == (is_training, False)


def test_maps_are_those_of_the_named_layers_and_the_hooks_are_gone(batches):
    (maps_of,) = definitions("maps_of")
    network = custom.SmallCNN(4).eval()
    images = batches[0][0]
    found = maps_of(network, images, ["stem", "blocks.1"])
    with torch.no_grad():
        np.testing.assert_allclose(found["stem"], network.stem(images)[0], atol=1e-5)
    assert found["blocks.1"].shape == (64, 4, 4)
    assert not [module for module in network.modules() if module._forward_hooks]


@pytest.mark.parametrize(
    ("ms", "accuracy", "expected"),
    [
        ([3, 2, 1], [0.91, 0.91, 0.84], [False, True, True]),
        ([1, 2, 3], [0.5, 0.6, 0.7], [True, True, True]),
        ([1, 1], [0.5, 0.6], [False, True]),
        ([2, 2], [0.7, 0.7], [True, True]),  # a tie: neither is better
    ],
)
def test_the_front_is_what_nothing_dominates(ms, accuracy, expected):
    (on_front,) = definitions("on_front")
    assert on_front(pd.DataFrame({"ms": ms, "accuracy": accuracy})) == expected
