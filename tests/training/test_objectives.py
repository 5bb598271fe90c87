"""Cross-entropy trains with smoothing and weights, judges without, and leaves out what nobody labelled."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from tests.training.small import RECIPE, make
from utils.data.loaders import IGNORE
from utils.errors import CourseError
from utils.training.objectives import CrossEntropy, balanced_weights, cross_entropy

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


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0, 0.2])
def test_whole_shares_of_classes_are_the_classes(weights, smoothing):
    objective = CrossEntropy(smoothing, weights)
    shares = F.one_hot(TARGETS, 3).float()
    expected = F.cross_entropy(LOGITS, shares, weights, label_smoothing=smoothing)
    torch.testing.assert_close(objective.loss(LOGITS, shares), expected)
    if weights is None:
        torch.testing.assert_close(objective.loss(LOGITS, shares), objective.loss(LOGITS, TARGETS))


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


# --- from a recipe ---------------------------------------------------------------------------------


def test_a_recipe_gives_its_smoothing_and_its_weights(loaders):
    objective = cross_entropy(dataclasses.replace(RECIPE, label_smoothing=0.1, class_weights=(1, 2, 3)), loaders)
    assert objective.label_smoothing == 0.1
    assert objective.class_weights.tolist() == [1, 2, 3]
    assert cross_entropy(RECIPE, loaders).class_weights is None


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
    objective = cross_entropy(dataclasses.replace(RECIPE, class_weights="balanced"), make(table))
    np.testing.assert_allclose(objective.class_weights, expected, rtol=1e-6)


def test_balanced_weights_of_a_class_without_a_training_picture_are_refused(table):
    table.loc[(table["split"] == "train") & (table["label"] == "red"), "split"] = "test"
    found = message(cross_entropy, dataclasses.replace(RECIPE, class_weights="balanced"), make(table))
    assert "none of 'red'" in found


def test_as_many_weights_as_classes_are_needed(loaders):
    found = message(cross_entropy, dataclasses.replace(RECIPE, class_weights=(1, 2)), loaders)
    assert "Expected 3 class_weights, one for each of 'blue', 'green', 'red', got 2" in found


def test_several_label_columns_need_an_objective_of_their_own(table):
    table["other"] = table["label"]
    assert "2 label columns" in message(cross_entropy, RECIPE, make(table, columns=["label", "other"]))
