"""A model card has the numbers of its run, says what is missing, and claims nothing that was not measured."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from utils.errors import CourseError
from utils.evaluation.intervals import wilson
from utils.evaluation.predictions import predictions_table
from utils.export.card import NOT_STATED, model_card
from utils.export.exporting import Exported
from utils.export.parity import Parity
from utils.models.build import build

CLASSES = ["cat", "a|b", "owl"]


@pytest.fixture(scope="module")
def model():
    return build("small_cnn", 3, None, classes=CLASSES, size=(24, 32), policy="pad")


@pytest.fixture
def table():
    splits = [split for count, split in ((5, "train"), (2, "valid"), (3, "test")) for split in [split] * count]
    return pd.DataFrame({"label": [name for name in CLASSES for _ in splits], "split": 3 * splits})


def predicted(truth, said):
    probabilities = np.full((len(said), 3), 0.1)
    probabilities[np.arange(len(said)), said] = 0.8
    rows = pd.DataFrame(
        {"path": [f"{number}.jpg" for number in range(len(said))], "label": [CLASSES[k] for k in truth]}
    )
    return predictions_table(rows, probabilities, CLASSES)


# 40 cats, of which 30 are found and 10 taken for owls; 20 of a|b, all found; 2 owls, both taken for cats
PREDICTIONS = predicted([0] * 40 + [1] * 20 + [2] * 2, [0] * 30 + [2] * 10 + [1] * 20 + [0] * 2)


def card(model, table, files=(), **said):
    return model_card("Cats", model, table, PREDICTIONS, files, **said)


def part(text, heading):
    return text.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_its_parts_come_in_the_order_of_the_paper(model, table):
    lines = card(model, table).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "# Cats", "## What it is for", "## Data", "## How good it is", "## Limits", "## Files", "## Licence",
    ]  # fmt: skip
    assert "It tells 3 classes apart: cat, a|b, owl." in lines[2] and "pad to 24 x 32 pixels" in lines[4]


def test_the_data_are_counted_by_class_and_split(model, table):
    told = part(card(model, table.iloc[:-1]), "Data")
    assert "| pictures | train | valid | test |" in told
    assert "| cat | 5 | 2 | 3 |" in told and "| owl | 5 | 2 | 2 |" in told and "| all | 15 | 6 | 8 |" in told


def test_every_score_has_its_interval(model, table):
    told = part(card(model, table), "How good it is")
    whole = wilson(50, 62)
    assert f"Right for 50 of 62 test pictures: accuracy 0.81 ({whole.low:.2f} to {whole.high:.2f})" in told
    recall, precision = wilson(30, 40), wilson(30, 32)
    assert (f"| cat | 40 | 0.75 ({recall.low:.2f} to {recall.high:.2f}) | "
            f"0.94 ({precision.low:.2f} to {precision.high:.2f}) |") in told  # fmt: skip
    assert "| owl | 2 | 0.00 (0.00 to 0.66) | 0.00 (0.00 to 0.28) |" in told
    assert "cat taken for owl (10 of 40); owl taken for cat (2 of 2)." in told


def test_a_bar_in_a_name_does_not_part_a_cell(model, table):
    assert "| a\\|b | 20 | 1.00" in part(card(model, table), "How good it is")


def test_a_class_with_few_test_pictures_is_a_limit_and_one_with_many_is_not(model, table):
    told = part(card(model, table), "Limits")
    assert "How well it finds owl is hardly known" in told and "cat" not in told


def test_a_class_that_was_never_met_is_undefined_and_a_limit(model, table):
    rows = PREDICTIONS[PREDICTIONS["label"] != "owl"]
    text = model_card("Cats", model, table, rows[rows["predicted"] != "owl"], [])
    assert "| owl | 0 | undefined | undefined |" in text and "How well it finds owl is hardly known" in part(
        text, "Limits"
    )


def test_without_mistakes_none_is_told(model, table):
    assert "mistakes" not in model_card("Cats", model, table, PREDICTIONS.iloc[40:60], [])


def test_what_was_stated_stands_there_and_what_was_not_is_said_to_be_missing(model, table):
    bare = card(model, table, purpose=" ")
    assert all(words in bare for words in NOT_STATED.values())
    full = card(model, table, purpose="To sort.", data="By us.", licence="MIT.")
    assert part(full, "Licence").strip() == "MIT." and not [words for words in NOT_STATED.values() if words in full]
    assert part(full, "What it is for").startswith("\nTo sort.") and part(full, "Data").startswith("\nBy us.")


def test_each_file_is_told_with_how_its_answers_compare(model, table):
    made = [Exported(Path("a/int8.tflite"), "tflite", "int8", 620_000, Parity(128, 0.31, 0.02, 126 / 128)),
            Exported(Path("a/whole.onnx"), "onnx", "float32", 1_440_000, Parity(128, 8e-7, 1e-7, 1.0))]  # fmt: skip
    told = part(card(model, table, made), "Files")
    assert "| int8.tflite | int8 | 0.62 | 98.4% of 128 pictures | 0.3 |" in told
    assert "predict_folder whole.onnx FOLDER" in told
    assert "predict_folder" not in part(card(model, table, made[:1]), "Files")
    assert "None was exported." in part(card(model, table), "Files")


def test_a_table_without_splits_is_refused(model, table):
    with pytest.raises(CourseError, match="a column 'split', but it has 'label'.*add_splits"):
        card(model, table[["label"]])
