"""Losses train with smoothing and weights, judge without, and leave out what nobody labelled."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from tests.training.small import RECIPE, make
from utils.data.loaders import IGNORE
from utils.data.sampling import Weighted
from utils.errors import CourseError
from utils.training.choices import objective_of
from utils.training.heads import WeightedHeads
from utils.training.objectives import LOSSES, CrossEntropy, Focal, balanced_weights, shares_of_classes

LOGITS = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([0, 2, 1, 1, 0, 2, 2])
WEIGHTS = torch.tensor([0.5, 2.0, 1.5])


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@given(smoothing=st.floats(0, 0.9), weighted=st.booleans(), ignored=st.sets(st.integers(0, 6), max_size=6))
def test_the_loss_is_torchs_own_over_the_pictures_that_have_a_label(smoothing, weighted, ignored):
    weights = WEIGHTS if weighted else None
    targets = TARGETS.clone()
    targets[list(ignored)] = IGNORE
    kept = [number for number in range(7) if number not in ignored]
    expected = F.cross_entropy(LOGITS[kept], TARGETS[kept], weights, label_smoothing=smoothing)
    torch.testing.assert_close(CrossEntropy(smoothing, weights).loss(LOGITS, targets), expected)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_batch_without_any_label_has_the_loss_0_and_a_gradient_of_0(weights):
    logits = LOGITS.clone().requires_grad_()
    loss = CrossEntropy(0.1, weights).loss(logits, torch.full((7,), IGNORE))
    loss.backward()
    assert loss == 0
    assert logits.grad.abs().max() == 0


@pytest.mark.parametrize("objective", [
    kind(smoothing, weights) for kind in (CrossEntropy, Focal) for smoothing in (0, 0.2) for weights in (None, WEIGHTS)
])  # fmt: skip
def test_whole_shares_of_classes_are_the_classes(objective):
    """torch's own divides by the pictures there, and by the weights of their classes here; ours is one mean."""
    shares = F.one_hot(TARGETS, 3).float()
    torch.testing.assert_close(objective.loss(LOGITS, shares), objective.loss(LOGITS, TARGETS))


@pytest.mark.parametrize("smoothing", [0, 0.2])
def test_the_loss_of_shares_is_torchs_own(smoothing):
    shares = LOGITS.flip(0).softmax(dim=1)
    expected = F.cross_entropy(LOGITS, shares, label_smoothing=smoothing)
    torch.testing.assert_close(CrossEntropy(smoothing).loss(LOGITS, shares), expected)


def test_scores_have_neither_smoothing_nor_weights():
    scores = CrossEntropy(0.3, WEIGHTS).scores(LOGITS, TARGETS)
    assert scores == CrossEntropy().scores(LOGITS, TARGETS)
    assert scores["valid_loss"] == pytest.approx(F.cross_entropy(LOGITS, TARGETS).item())
    assert set(scores) == set(CrossEntropy.higher_is_better)


def test_scores_leave_out_pictures_without_a_label():
    targets = torch.cat([TARGETS, torch.tensor([IGNORE])])
    logits = torch.cat([LOGITS, torch.tensor([[9.0, 0, 0]])])
    assert CrossEntropy().scores(logits, targets) == CrossEntropy().scores(LOGITS, TARGETS)


def test_scores_without_any_label_are_nan():
    assert all(np.isnan(list(CrossEntropy().scores(LOGITS, torch.full((7,), IGNORE)).values())))


# --- focal loss ------------------------------------------------------------------------------------


def plain_focal(logits, targets, gamma, weights=None, smoothing=0.0):
    """The formula, picture by picture and class by class."""
    total, counted = 0.0, 0.0
    for row, target in zip(logits.tolist(), targets.tolist()):
        if target == IGNORE:
            continue
        counted += 1 if weights is None else weights[target].item()
        whole = sum(math.exp(value) for value in row)
        for number, value in enumerate(row):
            p = math.exp(value) / whole
            wanted = (1 - smoothing) * (number == target) + smoothing / len(row)
            total -= (1 if weights is None else weights[number].item()) * wanted * (1 - p) ** gamma * math.log(p)
    return total / counted


@given(
    gamma=st.floats(0.1, 5),
    weighted=st.booleans(),
    smoothing=st.floats(0, 0.9),
    ignored=st.sets(st.integers(0, 6), max_size=6),
)
def test_focal_loss_is_its_formula(gamma, weighted, smoothing, ignored):
    weights = WEIGHTS if weighted else None
    targets = TARGETS.clone()
    targets[list(ignored)] = IGNORE
    found = Focal(smoothing, weights, gamma).loss(LOGITS, targets).item()
    assert found == pytest.approx(plain_focal(LOGITS, targets, gamma, weights, smoothing), rel=1e-4)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_focal_loss_with_gamma_0_is_cross_entropy(weights):
    expected = CrossEntropy(0.1, weights).loss(LOGITS, TARGETS)
    torch.testing.assert_close(Focal(0.1, weights, gamma=0).loss(LOGITS, TARGETS), expected)
    torch.testing.assert_close(Focal(0.1, weights, gamma=1e-6).loss(LOGITS, TARGETS), expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("gamma", [0.5, 1, 2])
def test_a_picture_that_is_sure_beyond_all_digits_has_a_gradient_that_is_a_number(gamma):
    logits = torch.tensor([[200.0, 0, 0], [0, 200, 0], [1, 2, 3]], requires_grad=True)
    Focal(gamma=gamma).loss(logits, torch.tensor([0, 2, 1])).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[2].abs().min() > 0


def test_what_is_sure_counts_for_less_than_in_cross_entropy():
    logits = torch.tensor([[4.0, 0, 0], [0, 1, 0]], requires_grad=True)
    parts = {}
    for kind in (CrossEntropy, Focal):
        (gradient,) = torch.autograd.grad(kind().loss(logits, torch.tensor([0, 0])), logits)
        parts[kind] = gradient[0].norm() / gradient[1].norm()
    assert parts[Focal] < parts[CrossEntropy] / 5


# --- weights of pictures ---------------------------------------------------------------------------

OBJECTIVES = [CrossEntropy(), CrossEntropy(0.2, WEIGHTS), Focal(0.1, WEIGHTS, 1.5)]
TIMES = torch.tensor([2, 1, 0, 3, 1, 1, 2])


def of_classes(targets):
    return targets


def of_shares(targets):
    return shares_of_classes(targets, 3)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("form", [of_classes, of_shares])
@pytest.mark.parametrize("ignored", [[], [0, 4]])
def test_a_picture_of_weight_2_is_the_picture_twice_and_one_of_weight_0_is_none(objective, form, ignored):
    targets = TARGETS.clone()
    targets[ignored] = IGNORE
    weighted = objective.loss(LOGITS, Weighted(form(targets), TIMES.float()))
    expected = objective.loss(LOGITS.repeat_interleave(TIMES, 0), form(targets).repeat_interleave(TIMES, 0))
    torch.testing.assert_close(weighted, expected)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_only_how_weights_stand_to_each_other_counts(objective):
    plain, weights = objective.loss(LOGITS, TARGETS), TIMES.float()
    for factor in (1, 3, 1e-3):
        torch.testing.assert_close(objective.loss(LOGITS, Weighted(TARGETS, torch.full((7,), factor))), plain)
        torch.testing.assert_close(objective.loss(LOGITS, Weighted(TARGETS, factor * weights)),
                                   objective.loss(LOGITS, Weighted(TARGETS, weights)))  # fmt: skip


def test_weights_of_classes_and_of_pictures_are_multiplied():
    found = CrossEntropy(0, WEIGHTS).loss(LOGITS, Weighted(TARGETS, TIMES.float()))
    both = WEIGHTS[TARGETS] * TIMES
    torch.testing.assert_close(found, (both * F.cross_entropy(LOGITS, TARGETS, reduction="none")).sum() / both.sum())


def test_a_batch_whose_weights_are_all_0_has_the_loss_0_and_a_gradient_of_0():
    logits = LOGITS.clone().requires_grad_()
    loss = CrossEntropy().loss(logits, Weighted(TARGETS, torch.zeros(7)))
    loss.backward()
    assert loss == 0
    assert logits.grad.abs().max() == 0


def test_the_weight_of_a_picture_is_that_of_all_its_answers():
    heads = WeightedHeads({"hue": CrossEntropy(), "again": Focal()}, "hue", {"hue": 3, "again": 1})
    targets = {"hue": TARGETS, "again": TARGETS.flip(0)}
    weighted = heads.loss(dict.fromkeys(targets, LOGITS), Weighted(targets, TIMES.float()))
    repeated = {head: each.repeat_interleave(TIMES) for head, each in targets.items()}
    expected = heads.loss(dict.fromkeys(targets, LOGITS.repeat_interleave(TIMES, 0)), repeated)
    torch.testing.assert_close(weighted, expected)


# --- from a recipe ---------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_takes_the_recipes_smoothing_and_weights(loss, loaders):
    recipe = dataclasses.replace(RECIPE, loss=loss, label_smoothing=0.1, class_weights=(1, 2, 3))
    objective = objective_of(recipe, loaders)
    assert (objective.label_smoothing, objective.class_weights.tolist()) == (0.1, [1, 2, 3])
    plain = objective_of(dataclasses.replace(RECIPE, loss=loss), loaders)
    assert objective.loss(LOGITS, TARGETS) != plain.loss(LOGITS, TARGETS)


def test_the_focal_loss_has_the_recipes_gamma_or_2(loaders):
    assert objective_of(dataclasses.replace(RECIPE, loss="focal"), loaders).gamma == 2
    assert objective_of(dataclasses.replace(RECIPE, loss="focal", focal_gamma=0.7), loaders).gamma == 0.7


def test_a_recipe_gives_its_smoothing_and_its_weights(loaders):
    objective = objective_of(dataclasses.replace(RECIPE, label_smoothing=0.1, class_weights=(1, 2, 3)), loaders)
    assert objective.label_smoothing == 0.1
    assert objective.class_weights.tolist() == [1, 2, 3]
    assert objective_of(RECIPE, loaders).class_weights is None


@given(st.lists(st.sampled_from("abc"), min_size=1).map(lambda labels: [*labels, "a", "b", "c"]))
def test_balanced_weights_make_every_class_count_the_same(labels):
    labels = pd.Series([*labels, np.nan])
    found = balanced_weights(labels, ["a", "b", "c"])
    shares = [weight * (labels == name).sum() for name, weight in zip("abc", found)]
    assert shares == pytest.approx([labels.notna().sum() / 3] * 3)


def test_balanced_weights_are_scikit_learns(table):
    from sklearn.utils.class_weight import compute_class_weight

    train = table[table["split"] == "train"]
    expected = compute_class_weight("balanced", classes=np.array(["blue", "green", "red"]), y=train["label"])
    objective = objective_of(dataclasses.replace(RECIPE, class_weights="balanced"), make(table))
    np.testing.assert_allclose(objective.class_weights, expected, rtol=1e-6)


def test_balanced_weights_of_a_class_without_a_training_picture_are_refused(table):
    table.loc[(table["split"] == "train") & (table["label"] == "red"), "split"] = "test"
    found = message(objective_of, dataclasses.replace(RECIPE, class_weights="balanced"), make(table))
    assert "none of 'red'" in found


def test_as_many_weights_as_classes_are_needed(loaders):
    found = message(objective_of, dataclasses.replace(RECIPE, class_weights=(1, 2)), loaders)
    assert "Expected 3 class_weights, one for each of 'blue', 'green', 'red', got 2" in found


def test_several_label_columns_need_an_objective_of_their_own(table):
    table["other"] = table["label"]
    assert "2 label columns" in message(objective_of, RECIPE, make(table, columns=["label", "other"]))
