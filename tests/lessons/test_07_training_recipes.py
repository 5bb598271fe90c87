"""Lesson 07 as a tool: it runs on one's own folder and from its own recipe file, and what it writes out is what utils does."""

import re
import shlex
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from scipy import stats
from torch import nn
from torch.nn import functional as F

from tests.lessons import tool
from tests.lessons.tool import folder_of
from utils.evaluation.comparing import paired_difference
from utils.files import read_yaml
from utils.notebooks.source import parameters
from utils.sweeps.__main__ import _parser as sweeps_parser
from utils.sweeps.__main__ import grid_of
from utils.train import _parser as train_parser
from utils.train import recipe_of
from utils.training.averaging import EMA
from utils.training.mixing import mixed_targets
from utils.training.objectives import CrossEntropy, Focal, balanced_weights
from utils.training.recipe import RULES, Recipe
from utils.training.schedules import share_of_lr
from utils.training.teaching import Distilled, Taught

LESSON = "07_training_recipes.ipynb"
QUICK = {"epochs": 1, "runs": 2, "size": 32, "fine_size": 32, "few": 4, "rare": 2, "a_class": 6, "warmup_epochs": 0.0,
         "fine_model": "small_cnn", "teacher_model": "small_cnn", "weights": "", "batch_size": 16,
         "grid_rates": [0.01]}  # fmt: skip


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, folder of the results, own pictures) of a quick run on an own folder with three classes."""
    tmp_path = tmp_path_factory.mktemp("lesson 07")
    own = folder_of(tmp_path / "own pictures", 3, 20)
    results, text = tool.run(LESSON, tmp_path, data_dir=str(own), **QUICK)
    return results, text, tmp_path / "out" / "output", own


@pytest.mark.slow
def test_it_runs_on_an_own_folder(quick_run):
    results, text, output, _ = quick_run
    assert "pictures in 3 classes" in text
    cells = tool.read(tool.LESSONS / LESSON).cells
    always = sum(len(re.findall("^claim\\(", cell.source, re.MULTILINE)) for cell in cells)
    assert len(results["claims"]) == always > 5  # those about the samples, which are set in, are not made
    assert [claim["text"] for claim in results["claims"] if not claim["holds"]] == []  # arithmetic holds anywhere
    assert (output / "teacher.safetensors").is_file()
    assert (output / "model" / "best.safetensors").is_file()


@pytest.mark.slow
def test_every_knob_has_a_number(quick_run):
    numbers = quick_run[0]["numbers"]
    assert {"constant rate", "label smoothing 0.1", "one cycle", "few pictures: gentle"} <= set(numbers["gains"])
    assert set(numbers["told_apart"]) <= set(numbers["gains"])
    assert all(-1 <= gain <= 1 for gain in numbers["gains"].values())
    assert list(numbers["rare_recall"]) == ["plain", "class weights", "balanced sampling", "focal loss"]
    assert all(0 <= numbers[name] <= 1 for name in ("student", "student_alone", "cross_validated"))


@pytest.mark.slow
def test_its_sweep_is_a_table_with_a_row_a_run(quick_run):
    results, _, output, _ = quick_run
    table = pd.read_csv(output / "sweep" / "sweep.csv")
    # One rate and two optimisers, another seed for each, a longer training of the better one; a shorter one there is not.
    assert list(table["status"]) == ["done"] * 5 and results["numbers"]["sweep"] == 5
    assert sorted(table["epochs"]) == [1, 1, 1, 1, 3]
    assert set(table["optimizer"]) == {"adamw", "sgd"} == set(results["numbers"]["best_rates"])
    chosen = table.groupby("optimizer")["valid_accuracy"].mean().max()
    assert 0 <= results["numbers"]["chosen_test"] <= 1 and chosen > 0


@pytest.mark.slow
def test_its_two_processes_leave_what_one_leaves(quick_run):
    _, text, output, _ = quick_run
    assert "by 2 processes" in text
    assert len(pd.read_csv(output / "together" / "history.csv")) == QUICK["epochs"]
    assert (output / "together" / "best.safetensors").is_file()


@pytest.mark.slow
def test_its_recipe_file_holds_every_parameter_as_it_was(quick_run):
    """That the same parameters make the same run again: test_faults.py, for every lesson."""
    results, _, output, _ = quick_run
    file = read_yaml(output / "recipe.yaml")
    assert set(file) == set(parameters(tool.LESSONS / LESSON)) - {"output_dir", "resume", "tracker"}
    assert file == {name: results["parameters"][name] for name in file}
    assert file | QUICK == file


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"data_dir": "no_such_folder"}, "no_such_folder"),
        ({"optimizer": "adamax"}, "'adamw', 'adam', 'sgd'"),
        ({"lr": "1e-3"}, "1.0e-03, not 1e-3"),
    ],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, changed, words):
    own = folder_of(tmp_path / "own", 3, 10)
    assert words in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK, **changed})


def test_one_class_ends_the_run_with_what_to_do(tmp_path):
    own = folder_of(tmp_path / "own", 1, 10)
    assert "at least 2 classes" in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK})


def test_every_field_of_a_recipe_is_a_parameter_with_its_usual_value():
    given = parameters(tool.LESSONS / LESSON)
    assert set(RULES) <= set(given)
    usual = Recipe().to_dict()
    changed = {name for name in usual if given[name] != usual[name]}
    assert changed <= {"epochs", "lr"}, changed


def test_the_commands_and_the_file_of_the_lesson_can_be_pasted(tmp_path):
    prose = tool.prose(tool.LESSONS / LESSON)
    known = parameters(tool.LESSONS / LESSON)
    lines = [line for block in re.findall(r"```bash\n(.*?)```", prose, flags=re.DOTALL) for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines if line and not line.startswith("#")]
    counted = Counter(words[0] for words in commands)
    assert counted == {"papermill": 2, "python": 2, "torchrun": 2, "dask": 2}
    for words in commands:
        names = {words[place + 1] for place, word in enumerate(words) if word == "-p"}
        if words[0] == "papermill":
            assert words[1] == f"lessons/{LESSON}" and names <= set(known)
        elif words[0] == "python":
            assert words[1:4] == ["-m", "utils.sweeps", f"lessons/{LESSON}"]
            grid = grid_of(sweeps_parser().parse_args([str(tool.LESSONS / LESSON), *words[4:]]))
            assert grid == {"lr": [1e-4, 1e-3], "optimizer": ["adam", "sgd"]}
        elif words[0] == "torchrun":
            recipe_of(train_parser().parse_args(words[words.index("utils.train") + 1 :]))
    (file,) = re.findall(r"```yaml\n(.*?)```", prose, flags=re.DOTALL)
    values = yaml.safe_load(file)
    assert set(values) <= set(known)
    Recipe(**{name: value for name, value in values.items() if name in RULES})


# --- what the lesson writes out ----------------------------------------------------------------------


def definitions(*names, **more):
    space = {"nn": nn, "F": F, "torch": torch, "np": np, "stats": stats, "classes": ["a", "b", "c"], **more}
    return tool.definitions(LESSON, space, *names)


chance = torch.Generator().manual_seed(0)
LOGITS, OTHERS = torch.randn(2, 6, 3, generator=chance)
TARGETS = torch.tensor([0, 1, 2, 2, 0, 1])


@pytest.mark.parametrize(("epochs", "an_epoch", "warmup"), [(12, 29, 0.5), (3, 5, 0), (4, 10, 1.5)])
def test_the_cosine_is_that_of_utils(epochs, an_epoch, warmup):
    (cosine_by_hand,) = definitions("cosine_by_hand")
    recipe = Recipe(epochs=epochs, warmup_epochs=warmup)
    steps = epochs * an_epoch
    ours = [cosine_by_hand(step, steps, round(warmup * an_epoch)) for step in range(steps)]
    np.testing.assert_allclose(ours, [share_of_lr(recipe, step, an_epoch) for step in range(steps)], atol=1e-12)


@pytest.mark.parametrize(("name", "make"), [
    ("sgd_step", lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9)),
    ("adamw_step", lambda weights: torch.optim.AdamW(weights, lr=0.05, weight_decay=0.01)),
])  # fmt: skip
def test_the_optimisers_are_torchs(name, make):
    (step,) = definitions(name)
    ours, memory, theirs = LOGITS.clone(), {}, nn.Parameter(LOGITS.clone())
    optimizer = make([theirs])
    for number in range(7):
        gradient = torch.randn(6, 3, generator=torch.Generator().manual_seed(number))
        ours, theirs.grad = step(ours, gradient, memory, lr=0.05), gradient
        optimizer.step()
        torch.testing.assert_close(ours, theirs.detach(), atol=1e-5, rtol=1e-5)


def test_the_running_mean_of_the_weights_is_that_of_utils():
    (ema_update,) = definitions("ema_update")
    model = nn.Linear(3, 2)
    ema, ours = EMA(model, 0.5), model.weight.detach().clone()
    training = SimpleNamespace(model=model, average=None, fabric=SimpleNamespace(setup_module=lambda module: module))
    for number in range(1, 30):
        with torch.no_grad():
            model.weight += 0.1 * (number % 3)
        ema(training)
        ours = ema_update(ours, model.weight.detach(), 0.5, number)
    torch.testing.assert_close(ema.model.weight.detach(), ours)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_smoothed_targets_give_the_smoothed_loss(share):
    (smoothed,) = definitions("smoothed")
    ours = -(smoothed(TARGETS, 3, share) * LOGITS.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(ours, CrossEntropy(share).loss(LOGITS, TARGETS))


def test_pictures_laid_over_one_another_have_the_targets_of_utils():
    (laid_over,) = definitions("laid_over")
    images = torch.rand(6, 3, 4, 4, generator=chance)
    order = torch.arange(6).roll(1)
    blend, shares = laid_over(images, TARGETS, 0.6)
    torch.testing.assert_close(blend, torch.lerp(images[order], images, 0.6))
    torch.testing.assert_close(shares, mixed_targets(TARGETS, order, 0.6, 3))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_the_focal_loss_is_that_of_utils(gamma):
    (focal_by_hand,) = definitions("focal_by_hand")
    expected = Focal(gamma=gamma) if gamma else CrossEntropy()
    torch.testing.assert_close(focal_by_hand(LOGITS, TARGETS, gamma), expected.loss(LOGITS, TARGETS))


def test_balanced_weights_are_those_of_utils():
    (weights_by_hand,) = definitions("weights_by_hand")
    labels = ["a"] * 30 + ["b"] * 29 + ["c"] * 3
    np.testing.assert_allclose(weights_by_hand([30, 29, 3]), balanced_weights(pd.Series(labels), ["a", "b", "c"]))


@pytest.mark.parametrize(("share", "temperature"), [(0.9, 4.0), (0.0, 2.0), (1.0, 1.0)])
def test_the_distilled_loss_is_that_of_utils(share, temperature):
    (distilled_by_hand,) = definitions("distilled_by_hand")
    expected = Distilled(CrossEntropy(), share, temperature).loss(LOGITS, Taught(TARGETS, OTHERS))
    torch.testing.assert_close(distilled_by_hand(LOGITS, OTHERS, TARGETS, share, temperature), expected)


def test_the_difference_of_two_ways_is_that_of_utils():
    (difference,) = definitions("difference")
    first, second = [0.8, 0.7, 0.9, 0.85], [0.85, 0.72, 0.88, 0.9]
    for confidence in (0.8, 0.95):
        mean, interval = paired_difference(first, second, confidence)
        assert difference(first, second, confidence) == pytest.approx((mean, interval.low, interval.high))


def test_only_training_pictures_are_made_few():
    (with_few,) = definitions("with_few")
    pictures = pd.DataFrame({"label": list("aabbab") * 4, "split": ["train"] * 18 + ["valid"] * 3 + ["test"] * 3})
    left = with_few(pictures, 3)
    assert left[left["split"] == "train"]["label"].value_counts().to_dict() == {"a": 3, "b": 3}
    pd.testing.assert_frame_equal(left[left["split"] != "train"], pictures[pictures["split"] != "train"])
