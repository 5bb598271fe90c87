"""What an answer that is asked leaves as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from utils.exercises.asking import asked, check_training, unchanged
from utils.exercises.values import NotYet


def test_an_answer_says_what_it_is_asked():
    assert asked(lambda one, other: one + other, "1 and 2", 1, 2) == 3


def test_gradients_that_are_switched_off_are_told_and_on_again():
    with pytest.raises(NotYet, match=r"^a case: your function switches gradients off"):
        asked(lambda: torch.set_grad_enabled(False), "a case")
    assert torch.is_grad_enabled()


def test_gradients_are_on_again_after_an_error_too():
    def answer():
        torch.set_grad_enabled(False)
        raise KeyError("gone")

    with pytest.raises(NotYet, match="KeyError"):
        asked(answer, "a case")
    assert torch.is_grad_enabled()


def test_what_is_read_stays_as_it_was():
    given = {"targets": torch.tensor([1, 2]), "weight": nn.Parameter(torch.ones(2))}
    with unchanged("a case", given):
        assert given["targets"].sum() == 3


@pytest.mark.parametrize("change", [
    lambda given: given["weight"].data.add_(1), lambda given: given["weight"].resize_(1), lambda given: given.pop("weight"),
    lambda given: given.update(weight=torch.full((2,), 7.0)), lambda given: given.update(weight=torch.ones(2, dtype=torch.float64)),
])  # fmt: skip
def test_a_value_that_changes_is_told_by_its_name(change):
    given = {"weight": torch.ones(2)}
    with (
        pytest.raises(NotYet, match=r"^a case: your function changed `of\['weight'\]`"),
        unchanged("a case", given, "of[{!r}]"),
    ):
        change(given)


@pytest.mark.parametrize(("given", "change"), [
    (["b", "a"], list.sort), (["a", "b"], list.pop), (np.arange(3), lambda array: array.fill(0)),
    (np.arange(3), lambda array: array.resize(2, refcheck=False)), (torch.ones(2), torch.Tensor.zero_),
])  # fmt: skip
def test_a_list_or_an_array_that_changes_is_told_too(given, change):
    with pytest.raises(NotYet, match="^a case: your function changed `given`"), unchanged("a case", {"given": given}):
        change(given)


def test_a_list_or_an_array_that_is_read_stays_as_it_was():
    given = {"paths": ["a"], "picture": np.array([1.0, np.inf])}
    with unchanged("a case", given):
        assert sorted(given["paths"]) == ["a"] and given["picture"].max() == np.inf


@pytest.mark.parametrize("change", [lambda weight: weight.requires_grad_(False), lambda weight: weight.detach_()])
def test_what_learned_and_does_not_any_more_is_told(change):
    weight = nn.Parameter(torch.ones(2))
    with (
        pytest.raises(NotYet, match="your function changed `requires_grad` of `weight`"),
        unchanged("a case", {"weight": weight}),
    ):
        change(weight)


def test_what_is_checked_inside_comes_first():
    targets = torch.tensor([1, 2])
    with pytest.raises(NotYet, match="too dark"), unchanged("a case", {"targets": targets}):
        targets += 1
        raise NotYet("too dark")


def test_a_network_left_in_eval_mode_is_told_also_in_one_of_its_parts():
    model = nn.Sequential(nn.Linear(1, 1), nn.Dropout())
    check_training(model, "a case")
    model[1].eval()
    with pytest.raises(NotYet, match="a case: your function left the network in eval mode"):
        check_training(model, "a case")
