"""Every picture is judged by a head that has not seen it, and the strongest places decide."""

import math

import numpy as np
import pytest
import torch

from utils.data.tables import scan
from utils.errors import CourseError
from utils.models.build import build
from utils.training import folds
from utils.training.folds import feature_maps, logits_of, pooled, predict_by_folds, train_head

CLASSES = ["dot", "none"]


@pytest.fixture(scope="module")
def dots(tmp_path_factory):
    """Noise, on every third picture with a small red square somewhere; 36 pictures."""
    from PIL import Image

    root, rng = tmp_path_factory.mktemp("dots"), np.random.default_rng(0)
    for number in range(36):
        pixels = rng.integers(90, 150, (64, 64, 3), dtype=np.uint8)
        if number % 3 == 0:
            top, left = rng.integers(0, 48, 2)
            pixels[top : top + 16, left : left + 16] = (230, 20, 20)
        folder = root / CLASSES[number % 3 > 0]
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return scan(root, progress=False)[0]


@pytest.fixture(scope="module")
def model():
    return build("shufflenet_v2_x0_5", 2, "course", classes=CLASSES, size=64, seed=0)


def test_a_small_thing_is_found_in_pictures_that_no_head_has_seen(dots, model):
    found = predict_by_folds(model, dots, folds=3, epochs=15)
    assert found["path"].tolist() == dots["path"].tolist()
    assert (found["label"] == found["predicted"]).mean() > 0.85
    np.testing.assert_allclose(found[["p_dot", "p_none"]].sum(axis=1), 1, atol=1e-5)
    assert found.attrs["root"] == dots.attrs["root"]


def test_labels_at_random_teach_nothing_so_no_head_has_met_its_own_pictures(dots, model):
    """In-sample the heads would know many of them by heart."""
    shuffled = dots.assign(label=np.random.default_rng(1).permutation(dots["label"].to_numpy()))
    found = predict_by_folds(model, shuffled, folds=4, epochs=40)
    is_dot = found["label"] == "dot"
    gap = found.loc[is_dot, "p_dot"].mean() - found.loc[~is_dot, "p_dot"].mean()
    assert gap < 0.2


def test_each_fold_is_left_out_of_its_training(dots, model, monkeypatch):
    seen = []

    def noted(maps, targets, *rest):
        seen.append(maps)
        return train_head(maps, targets, *rest)

    monkeypatch.setattr(folds, "train_head", noted)
    predict_by_folds(model, dots, folds=4, epochs=1)
    assert [len(maps) for maps in seen] == [27] * 4
    firsts = [{tuple(picture.flatten()[:50].tolist()) for picture in maps} for maps in seen]
    assert len(set.union(*firsts)) == 36
    assert all(sum(one in maps for maps in firsts) == 3 for one in set.union(*firsts))


def test_a_seed_gives_the_same_answers_and_leaves_torchs_chance_alone(dots, model):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, again, other = (predict_by_folds(model, dots, folds=2, epochs=1, seed=seed) for seed in (3, 3, 4))
    assert one.equals(again)
    assert not one["p_dot"].equals(other["p_dot"])
    assert torch.equal(torch.get_rng_state(), before)


def test_heads_of_two_seeds_differ():
    maps, targets = torch.randn(8, 3, 2, 2), torch.tensor([0, 1] * 4)
    one, again, other = (train_head(maps, targets, 2, 1, seed).weight for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_the_map_has_a_place_every_16_pixels_and_the_backbone_is_as_it_was(dots, model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    maps = feature_maps(model, dots)
    assert maps.shape == (36, 96, 4, 4)
    assert not any(module._forward_hooks for module in model.backbone.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(("name", "features"), [("resnet18", 256), ("mobilenet_v3_small", 48)])
def test_other_networks_have_such_a_map_too(dots, name, features):
    maps = feature_maps(build(name, 2, None, classes=CLASSES, size=64, seed=0), dots[:2])
    assert maps.shape == (2, features, 4, 4)


def test_the_pooling_lies_between_mean_and_maximum():
    logits = torch.tensor([[[[0.0, 0.0], [0.0, 6.0]]]])
    value = pooled(logits).item()
    assert 1.5 < value < 6
    assert value == pytest.approx(math.log((3 + math.exp(12)) / 4) / 2)
    assert pooled(torch.full((1, 2, 3, 3), 0.7)).tolist() == [[pytest.approx(0.7)] * 2]


def test_the_commonest_class_has_the_logit_0():
    head = torch.nn.Conv2d(5, 2, 1)
    logits = logits_of(head, torch.randn(4, 5, 3, 3))
    assert logits.shape == (4, 3)
    assert logits[:, 0].tolist() == [0] * 4


def test_a_label_that_the_model_does_not_know_is_refused(dots, model):
    with pytest.raises(CourseError, match="'stripe'"):
        predict_by_folds(model, dots.assign(label=["stripe", *dots["label"][1:]]))
