"""Lesson 05 as a tool: it runs on folders and CSVs of one's own, and what it writes out by hand is what utils does."""

import copy
import re
import shlex
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import nn
from torch.nn import functional as F

from tests.lessons import tool
from tests.lessons.tool import folder_of
from utils.data.loaders import IGNORE
from utils.data.targets import add_targets
from utils.evaluation.heads import of_head
from utils.evaluation.predictions import predictions_table, read_predictions
from utils.models.build import build
from utils.models.two_heads import build_heads
from utils.training.heads import WeightedHeads
from utils.training.objectives import CrossEntropy

LESSON = "05_two_heads.ipynb"
MAPPING = {
    "first": {"class 00": "yes", "class 01": "no", "class 02": "ignore"},
    "second": {"class 00": "big", "class 01": "small", "class 02": "small"},
}
QUICK = {"epochs": 1, "runs": 1, "size": 32, "large": 64, "batch_size": 8, "mapping": MAPPING}


def run(tmp_path, **parameters):
    return tool.run(LESSON, tmp_path, **QUICK | parameters)


def lists_of(own, folder, parts):
    """CSVs without a header, with numbers for labels: one a split, of an own folder's pictures in the order of their paths."""
    folder.mkdir()
    paths = pd.Series(sorted(path.relative_to(own).as_posix() for path in own.rglob("*.jpg")))
    for split in ("train", "valid", "test"):
        rows = paths[parts == split]
        pd.DataFrame({"path": rows, "label": rows.str[7]}).to_csv(folder / f"{split}.csv", header=False, index=False)
    return {"data_dir": str(own), "csv": str(folder), "csv_columns": {"path": 0, "label": 1}, "mapping": MAPPING,
            "csv_labels": {0: "class 00", 1: "class 01", 2: "class 02"}}  # fmt: skip


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, folder of the results, own pictures) of a quick run on an own folder with three classes."""
    tmp_path = tmp_path_factory.mktemp("lesson 05")
    own = folder_of(tmp_path / "own pictures", 3, 20)
    results, text = run(tmp_path, data_dir=str(own), mapping=MAPPING)
    return results, text, tmp_path / "out" / "output", own


def test_it_runs_on_an_own_folder_with_a_mapping(quick_run):
    results, text, *_ = quick_run
    assert "pictures in 3 classes" in text
    assert results["numbers"]["heads"] == {"first": ["yes", "no"], "second": ["big", "small"]}
    assert (results["numbers"]["main"], results["numbers"]["positive"]) == ("first", "no")
    assert len(results["claims"]) == 10  # those about the samples are not made
    assert [claim["text"] for claim in results["claims"][:9] if not claim["holds"]] == []  # arithmetic holds anywhere
    assert "50% of what it would learn as 'not no' are pictures that the question is not about" in text


def test_every_set_up_has_a_row(quick_run):
    comparison = quick_run[0]["numbers"]["comparison"]
    assert list(comparison) == ["three outputs, 32 px", "three outputs, 64 px", "two heads, 32 px", "two models, 32 px"]
    heads, models = comparison["two heads, 32 px"], comparison["two models, 32 px"]
    assert models["parameters"] > heads["parameters"] > comparison["three outputs, 32 px"]["parameters"]
    assert models["million multiply-adds"] > 1.5 * heads["million multiply-adds"]
    assert all(0 <= row["accuracy, first"] <= 1 and row["ms"] > 0 for row in comparison.values())
    assert [float(row["recall, each run"]) for row in comparison.values()] == pytest.approx(
        [row["recall"] for row in comparison.values()], abs=0.005
    )


def test_it_leaves_the_predictions_of_the_heads_masked_where_nothing_was_asked(quick_run):
    _, _, output, own = quick_run
    predictions = read_predictions(output / "predictions.csv", root=own)
    first, second = of_head(predictions, "first"), of_head(predictions, "second")
    assert set(first["label"]) == {"yes", "no"}
    assert len(first) < len(second) == len(predictions)


@pytest.mark.slow
def test_it_runs_on_csvs_without_a_header_and_with_numbers_for_labels(tmp_path):
    own = folder_of(tmp_path / "own", 3, 12)
    parts = np.resize(["train", "train", "valid", "test"], 36)
    parts[12:15] = "valid"  # of class 01, which answers no, 4 are left to learn from, and 6 of each other
    parameters = lists_of(own, tmp_path / "lists", parts)
    parameters["mapping"] = dict(reversed(MAPPING.items()))
    results, text = run(tmp_path, **parameters, main="first", positive="yes")
    assert "{'train': 16, 'valid': 11, 'test': 9} pictures in 3 classes" in text
    assert (results["numbers"]["main"], results["numbers"]["positive"]) == ("first", "yes")
    assert "60% of what it would learn as 'not yes' are pictures that the question is not about" in text


def test_what_is_looked_for_must_be_among_the_test_pictures(tmp_path):
    own = folder_of(tmp_path / "own", 3, 12)
    parts = np.resize(["train", "train", "valid", "test"], 36)
    parts[12:24] = np.resize(["train", "valid"], 12)  # class 01, which answers no
    failed = tool.failure(LESSON, tmp_path, QUICK | lists_of(own, tmp_path / "lists", parts))
    assert "Expected pictures of 'no' in test" in failed and "-p positive" in failed


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"mapping": {}}, "-y"),
        ({"mapping": {"first": {"class 00": "yes", "class 01": "no", "clas 02": "no"}}}, "class 02"),
        ({"mapping": {"first": {"class 00": "yes", "class 01": "yes", "class 02": "ignore"}}}, "two or more"),
        ({"mapping": MAPPING, "main": "frist"}, "first"),
        ({"mapping": MAPPING, "positive": "maybe"}, "maybe"),
        ({"mapping": MAPPING, "model": "resnet18"}, "can be split"),
        ({"mapping": MAPPING, "head_weights": {"first": -1, "second": 1}}, "-1"),
    ],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, parameters, words):
    own = folder_of(tmp_path / "own", 3, 10)
    assert words in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK, **parameters})


def test_the_commands_of_the_lesson_can_be_pasted():
    prose = tool.prose(tool.LESSONS / LESSON)
    commands = re.findall(r"```bash\n(.*?)```", prose, flags=re.DOTALL)
    assert len(commands) == 2
    for command in commands:
        (given,) = [value for flag, value in pairwise(shlex.split(command.replace("\\\n", " "))) if flag == "-y"]
        mapping = yaml.safe_load(given)["mapping"]
        labels = {name for answers in mapping.values() for name in answers}
        _, heads = add_targets(pd.DataFrame({"label": sorted(labels)}), mapping)
        assert len(heads) == 2


# --- what the lesson writes out ----------------------------------------------------------------------


def definitions(*names, **more):
    space = {"nn": nn, "F": F, "torch": torch, "np": np, "deepcopy": copy.deepcopy, "IGNORE": IGNORE, **more}
    return tool.definitions(LESSON, space, *names)


def test_outputs_of_classes_answer_a_question_by_their_share_of_those_that_it_is_about():
    (as_answers,) = definitions("as_answers", predictions_table=predictions_table)
    table = pd.DataFrame({"path": ["a", "b", "c"], "label": ["paper", "crisps", "tablet"]})
    predictions = predictions_table(table, np.array([[0.5, 0.1, 0.2, 0.2], [0, 1, 0, 0], [0.1, 0.5, 0.1, 0.3]]),
                                    ["paper", "crisps", "tablet", "phone"])  # fmt: skip
    answers = pd.Series({"paper": "no", "crisps": np.nan, "tablet": "yes", "phone": "yes"})
    found = as_answers(predictions, answers)
    assert found["path"].tolist() == ["a", "c"]  # the crisps were not asked about
    assert found["label"].tolist() == ["no", "yes"]
    np.testing.assert_allclose(found[["p_no", "p_yes"]], [[5 / 9, 4 / 9], [0.2, 0.8]])


@pytest.mark.parametrize("targets", [[0, 2, 1, 0], [0, IGNORE, 1, IGNORE], [IGNORE] * 4])
def test_the_masked_loss_is_that_of_utils(targets):
    (masked_loss,) = definitions("masked_loss")
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    expected = CrossEntropy().loss(logits, torch.tensor(targets))
    torch.testing.assert_close(masked_loss(logits, torch.tensor(targets)), expected)


def test_the_weighted_loss_is_that_of_utils():
    (weighted,) = definitions("weighted")
    weights = {"screen": 8, "document": 3}
    logits = {
        head: torch.randn(4, 2, generator=torch.Generator().manual_seed(place)) for place, head in enumerate(weights)
    }
    targets = {"screen": torch.tensor([0, 1, IGNORE, 1]), "document": torch.tensor([1, 0, 0, 1])}
    objective = WeightedHeads({head: CrossEntropy() for head in weights}, "screen", weights)
    losses = {head: CrossEntropy().loss(logits[head], targets[head]) for head in weights}
    torch.testing.assert_close(weighted(losses, weights), objective.loss(logits, targets))


@pytest.fixture(scope="module")
def pretrained():
    return build("shufflenet_v2_x0_5", 2, "course", size=64).backbone


HEADS = {"screen": ["paper", "screen"], "document": ["document", "other"]}


def test_the_network_written_out_is_that_of_utils(pretrained):
    (TwoHeads,) = definitions("TwoHeads")
    ours, theirs = TwoHeads(pretrained, HEADS).eval(), build_heads("shufflenet_v2_x0_5", HEADS, size=64).eval()
    assert len(ours.state_dict()) == len(theirs.state_dict())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for head, logits in theirs(images).items():
        torch.testing.assert_close(ours(images)[head], logits, atol=1e-5, rtol=1e-4)


def test_parameters_without_a_gradient_are_found_and_no_others(pretrained):
    TwoHeads, without_gradient = definitions("TwoHeads", "without_gradient")
    network = TwoHeads(pretrained, HEADS)
    network.old = nn.Linear(3, 2)
    assert without_gradient(network, torch.zeros(2, 3, 64, 64)) == ["old.weight", "old.bias"]
