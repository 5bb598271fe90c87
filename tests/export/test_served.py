"""A model file that answers: prepared as in training, and refused where it is at odds with what it says."""

import numpy as np
import pytest
import torch
from onnx import TensorProto
from PIL import Image

from tests.export.made_onnx import CLASSES, SIZE, STEPS, facts, made, weights
from utils.data.images import open_image
from utils.data.transforms import Preprocessing
from utils.errors import CourseError
from utils.export.served import Served, are_probabilities


@pytest.fixture
def file(tmp_path):
    return made(tmp_path / "m.onnx")


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 255, (5, *SIZE, 3), dtype=np.uint8)


def refused(path, told):
    with pytest.raises(CourseError, match=told):
        Served(path)


@pytest.mark.parametrize("policy", ["squash", "crop", "pad"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_a_picture_is_prepared_as_in_training(policy, interpolation, tmp_path):
    steps = STEPS | {"policy": policy, "interpolation": interpolation, "fill": [1, 2, 3]}
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (90, 50, 3), dtype=np.uint8))
    noise.resize((500, 900)).save(tmp_path / "large.jpg")  # so large that it is decoded at reduced scale
    training = Preprocessing(**steps | {"normalisation": {"name": "made", **STEPS["normalisation"]}})
    expected = training.store(open_image(tmp_path / "large.jpg", size=training.decode_size))
    served = Served(made(tmp_path / "m.onnx", said=facts(preprocessing=steps)))
    assert np.array_equal(served.prepare(tmp_path / "large.jpg"), expected)


def test_pictures_are_normalised_as_in_training(file, pictures):
    training = Preprocessing(**STEPS | {"normalisation": {"name": "made", **STEPS["normalisation"]}})
    images = training.normalise(torch.from_numpy(pictures).movedim(-1, -3))
    expected = (images.flatten(1) @ torch.from_numpy(weights()["label"])).softmax(dim=1)
    found = Served(file).probabilities(pictures)
    assert list(found) == ["label"] and found["label"].dtype == np.float32
    assert np.abs(found["label"] - expected.numpy()).max() < 1e-6


@pytest.mark.parametrize("batch", [5, 8])
def test_a_fixed_number_is_filled_up_and_the_filling_taken_away(batch, file, pictures, tmp_path):
    fixed = Served(made(tmp_path / "fixed.onnx", batch=batch))
    assert fixed.batch == batch and Served(file).batch is None
    assert np.allclose(fixed.probabilities(pictures)["label"], Served(file).probabilities(pictures)["label"], atol=1e-6)
    assert fixed.probabilities(pictures[:2])["label"].shape == (2, 3)


def test_heads_are_told_apart_by_name_whatever_the_order_of_the_outputs(tmp_path, pictures):
    heads = {"screen": ["paper", "screen"], "logo": ["none", "old", "new"]}
    backwards = dict(reversed(heads.items()))
    found = Served(made(tmp_path / "m.onnx", heads)).probabilities(pictures)
    assert {head: answer.shape for head, answer in found.items()} == {"screen": (5, 2), "logo": (5, 3)}
    other = Served(made(tmp_path / "b.onnx", heads, said=facts(backwards))).probabilities(pictures)
    assert all(np.array_equal(found[head], other[head]) for head in heads)


def test_classes_that_do_not_fit_the_networks_width_are_refused(tmp_path):
    for widths in (["a", "b"], ["a", "b", "c", "d"]):
        file = made(tmp_path / "m.onnx", widths={"label": widths})
        refused(file, f"names 3 classes for 'label', but its network gives numbers of shape .1, {len(widths)}.")


def test_logits_are_no_probabilities(tmp_path):
    refused(made(tmp_path / "m.onnx", last="Identity"), "Expected 'label' of .* to be probabilities.* Are these logits")


@pytest.mark.parametrize(
    "other",
    [{"said": facts(preprocessing=STEPS | {"size": [7, 8]})}, {"kind": TensorProto.DOUBLE}, {"said": facts(input="pixels")}, {"said": facts({"breed": CLASSES})},
     {"batch": 4, "said": facts()}],
    ids=["size", "type", "input", "output", "batch"],
)  # fmt: skip
def test_a_network_at_odds_with_what_the_file_says_is_refused(other, tmp_path):
    with pytest.raises(CourseError, match="fails on a batch of 1: .+ Export it again") as error:
        Served(made(tmp_path / "m.onnx", **other))
    assert "\n" not in str(error.value)


def test_probabilities_are_from_0_to_1_and_sum_to_1():
    rows = np.array([[0.5, 0.5], [1, 0], [0.3, 0.705], [0.3, 0.72], [1.5, -0.5], [np.nan, 1], [np.inf, 0], [0, 0]])
    assert are_probabilities(rows.astype(np.float32)).tolist() == [True] * 3 + [False] * 5
