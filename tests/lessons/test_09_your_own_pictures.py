"""Lesson 09 as a tool: from any folder to a report that is honest, in the minutes that it was given."""

import re
import shlex
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from tests.lessons import tool
from utils.evaluation.predictions import read_predictions
from utils.export.shipped import read_shipped
from utils.models.checkpoints import load_checkpoint
from utils.notebooks.source import parameters

LESSON = "09_your_own_pictures.ipynb"
QUICK = {"minutes": 0.4, "models": ["small_cnn"], "weights": "", "sizes": [32]}
BY_TIME = ("tries", "accuracy_on_test", "threshold", "supported")
COLOURS = {"blue": (40, 60, 220), "green": (50, 200, 60), "red": (220, 50, 40)}


def coloured(path, colour, rng, **options):
    """A picture of its own, mostly of one colour: learned in seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spots = np.clip(rng.normal(COLOURS[colour], 60, (6, 6, 3)), 0, 255).astype(np.uint8)
    image = Image.fromarray(spots).resize((60 + int(rng.integers(20)), 50), Image.Resampling.BICUBIC)
    image.save(path, **options)
    return image


def parted(root, train=30, valid=24, copied=8):
    """train and val with so many pictures a class, of which some in val are training pictures, saved anew; and broken files."""
    rng = np.random.default_rng(0)
    for colour in COLOURS:
        learnt = [coloured(root / "train" / colour / f"{number}.jpg", colour, rng) for number in range(train)]
        for number, image in enumerate(learnt[:copied]):
            (root / "val" / colour).mkdir(parents=True, exist_ok=True)
            image.save(root / "val" / colour / f"copy{number}.jpg", quality=70)
        for number in range(valid):
            coloured(root / "val" / colour / f"{number}.jpg", colour, rng)
        (root / "train" / colour / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    return root


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """(results, text, folder of the results, own pictures) of a folder with train and val, copies and broken files."""
    tmp_path = tmp_path_factory.mktemp("lesson 09")
    own = parted(tmp_path / "own pictures")
    results, text = tool.run(LESSON, tmp_path, data_dir=str(own), positive="red", title="Colours", **QUICK)
    return results, text, tmp_path / "out" / "output", own


def test_copies_of_training_pictures_are_out_of_the_score_and_it_is_said(report):
    results, text, output, _ = report
    assert results["numbers"]["left_out_of_the_score"] == 24
    assert "! 24 pictures of valid and test are copies of pictures that lie in an earlier part. They are OUT" in text
    left_out = pd.read_csv(output / "left_out_of_the_score.csv")["path"]
    assert left_out.str.contains("copy").all() and len(left_out) == 24
    assert not pd.read_csv(output / "predictions.csv")["path"].str.contains("copy").any()


def test_a_missing_test_is_taken_from_valid_and_it_is_said(report):
    results, text, *_ = report
    assert "! no test came along: half of valid became it" in text
    assert results["numbers"]["splits_taken"] == "no test came along: half of valid became it"
    assert "90 to learn from" in text and 28 <= results["numbers"]["test_pictures"] <= 44


def test_broken_files_are_named(report):
    _, text, output, _ = report
    assert "! 3 files were left out" in text
    assert pd.read_csv(output / "problems.csv")["path"].str.contains("broken").sum() == 3


def test_it_learns_colours_and_says_how_sure_that_is(report):
    results, text, *_ = report
    assert results["numbers"]["accuracy_on_test"] > 0.8
    assert re.search(r"Right for \d+ of \d+ test pictures", text) and "Better than always answering" in text
    claims = {claim["text"]: claim["holds"] for claim in results["claims"]}
    assert len(claims) == 4 and all(claims.values())  # those about the samples are not made
    assert [row["stage"] for row in results["numbers"]["tries"]] == ["trial", "whole"]


def test_a_threshold_is_chosen_for_the_class_that_was_asked_for(report):
    results, text, *_ = report
    assert "'red' from a probability of" in text and 0 < results["numbers"]["threshold"] <= 1


def test_the_network_its_file_its_card_and_its_answers_are_left(report):
    _, _, output, own = report
    assert load_checkpoint(output / "model.safetensors").classes == list(COLOURS)
    assert read_shipped(output / "model.onnx")["heads"] == {"label": list(COLOURS)}
    card = (output / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# Colours\n") and "## Warnings of the report" in card and "3 files were left out" in card
    assert set(read_predictions(output / "predictions.csv", root=own)["label"]) == set(COLOURS)


@pytest.mark.slow
def test_of_twenty_pictures_it_says_that_nothing_can_be_said(tmp_path):
    rng = np.random.default_rng(1)
    for colour in ("blue", "red"):
        for number in range(10):
            coloured(tmp_path / "own" / colour / f"{number}.png", colour, rng)
    results, text = tool.run(LESSON, tmp_path, data_dir=str(tmp_path / "own"), **QUICK)
    assert results["numbers"]["supported"] is False and "THE TEST PICTURES DO NOT SUPPORT A CONCLUSION" in text
    assert results["numbers"]["test_pictures"] == 6 and "too few to tell a good model from a poor one" in text
    assert "These are too few" in (tmp_path / "out" / "output" / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_with_too_few_minutes_there_is_a_report_that_says_so(tmp_path):
    own = parted(tmp_path / "own", train=8, valid=6, copied=0)
    results, text = tool.run(LESSON, tmp_path, data_dir=str(own), **QUICK | {"minutes": 0.02})
    assert "! 0.02 minutes are too few for these pictures on this machine. Give more: -p minutes 0.08" in text
    assert results["numbers"]["tries"][0]["stage"] == "too short" and results["numbers"]["supported"] is False


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"minutes": 0}, "-p minutes 10"),
        ({"positive": "pink"}, "one of 'blue', 'green', 'red', but got 'pink'"),
        ({"dataset": "oxford_pet"}, "oxford_pets"),
        ({"models": ["resnet5"]}, "resnet5"),
    ],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, parameters, words):
    own = parted(tmp_path / "own", train=8, valid=6, copied=0)
    given = {} if "dataset" in parameters else {"data_dir": str(own)}
    assert words in tool.failure(LESSON, tmp_path, {**QUICK, **given, **parameters})


def test_the_commands_of_the_lesson_can_be_pasted():
    known = set(parameters(tool.LESSONS / LESSON))
    prose = tool.prose(tool.LESSONS / LESSON)
    commands = [
        line for block in re.findall(r"```bash\n(.*?)```", prose, flags=re.DOTALL) for line in block.splitlines()
    ]
    own = [shlex.split(line) for line in commands if LESSON in line]
    assert len(own) == 2
    for parts in own:
        assert {value for flag, value in pairwise(parts) if flag == "-p"} <= known
        assert all(set(yaml.safe_load(value)) <= known for flag, value in pairwise(parts) if flag == "-y")
