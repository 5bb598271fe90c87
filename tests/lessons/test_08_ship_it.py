"""Lesson 08 as a tool: it ships a network for one's own pictures, and what it writes out by hand is what utils does."""

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

from tests.lessons import tool
from tests.lessons.tool import folder_of
from utils.evaluation.predictions import read_predictions
from utils.export.network import Probabilities
from utils.export.shipped import read_shipped
from utils.models.build import build
from utils.models.checkpoints import save_checkpoint
from utils.models.two_heads import build_heads
from utils.notebooks.source import parameters

LESSON = "08_ship_it.ipynb"
QUICK = {"epochs": 1, "size": 32, "model": "small_cnn", "weights": "", "formats": ["onnx"], "precisions": ["float32"]}
CLASSES = ["class 00", "class 01", "class 02"]


def run(tmp_path, **parameters):
    return tool.run(LESSON, tmp_path, **QUICK | parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, folder of the results, own pictures) of a quick run on an own folder with three classes."""
    tmp_path = tmp_path_factory.mktemp("lesson 08")
    own = folder_of(tmp_path / "own pictures", 3, 20)
    (own / "class 00" / "broken.jpg").write_bytes(b"no picture")
    results, text = run(
        tmp_path, data_dir=str(own), precisions=["float32", "int8"], title="Mine", licence="Ours alone."
    )
    return results, text, tmp_path / "out" / "output", own


def test_it_ships_a_network_for_an_own_folder(quick_run):
    results, text, output, _ = quick_run
    assert "'test': 21} pictures in 3 classes\n1 file was left out, 'class 00/broken.jpg': 1 not a picture." in text
    assert "onnx float32" in results["numbers"]["files"]
    assert list(read_shipped(output / "float32.onnx")["heads"]["label"]) == CLASSES
    assert read_shipped(output / "float32.onnx.json") == read_shipped(output / "float32.onnx")
    seen = results["numbers"]["files"].keys() | set(results["numbers"]["refused"])
    assert seen == {"onnx float32", "onnx int8"}
    assert ("the exported file does not answer" in text.lower()) or not results["numbers"]["refused"]


def test_what_is_no_matter_of_the_pictures_holds_for_an_own_folder_too(quick_run):
    claims = {claim["text"]: claim["holds"] for claim in quick_run[0]["claims"]}
    assert not [text for text in claims if "8 of 10 test pictures" in text]  # those about the samples are not made
    held = ["the file made by hand", "a graph of two pictures", "every float32 file", "what ONNX has no name for",
            "the second head", "a file that does not say", "a stranger's program", "without PyTorch"]  # fmt: skip
    for start in held:
        assert [holds for text, holds in claims.items() if text.startswith(start)] == [True], start


def test_the_card_is_about_the_own_pictures(quick_run):
    card = (quick_run[2] / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# Mine\n") and "Ours alone." in card and "class 00, class 01, class 02" in card
    assert "| all | 30 | 9 | 21 |" in card and "Not stated. Say for whom" in card
    assert "animals" not in card and "emoji" not in card


def test_the_folder_is_judged_without_pytorch_the_broken_picture_named(quick_run):
    _, text, output, own = quick_run
    table = pd.read_csv(output / "answers.csv")
    assert len(table) == 61 and table["problem"].notna().sum() == 1
    assert len(read_predictions(output / "answers.csv", root=own)) == 60
    assert "exit code 0" in text and "100% get the decision of PyTorch" in text


def test_a_stranger_s_program_runs_once_and_only_where_it_was_asked_for(quick_run):
    assert quick_run[1].count("! this ran while the file was being opened") == 1


@pytest.mark.slow
def test_an_own_checkpoint_is_shipped_as_it_is(tmp_path):
    own = folder_of(tmp_path / "own", 3, 8)
    network = build("small_cnn", 3, None, classes=CLASSES, size=(24, 40), policy="pad", seed=1)
    paths = sorted(path.relative_to(own).as_posix() for path in own.rglob("*.jpg"))
    rows = pd.DataFrame(
        {"path": paths, "label": [path[:8] for path in paths], "split": ["train", "valid", "test", "test"] * 6}
    )
    rows.to_csv(tmp_path / "own.csv", index=False)
    checkpoint = save_checkpoint(tmp_path / "own.safetensors", network)
    results, text = run(tmp_path, checkpoint=str(checkpoint), data_dir=str(own), csv=str(tmp_path / "own.csv"))
    assert "'test': 12} pictures" in text and "pad to 24 x 40 pixels" in text
    facts = read_shipped(tmp_path / "out" / "output" / "float32.onnx")
    assert facts["preprocessing"]["size"] == [24, 40] and facts["preprocessing"]["policy"] == "pad"
    assert results["numbers"]["test_pictures"] == 12 and checkpoint.exists()


def heads(tmp_path):
    return save_checkpoint(tmp_path / "heads.safetensors", build_heads("small_cnn", {"a": ["b", "c"]}, None, size=32))


def others(tmp_path):
    return save_checkpoint(tmp_path / "others.safetensors", build("small_cnn", 2, None, classes=["x", "y"], size=32))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"formats": ["onnx", "coreml"]}, "coreml"),
        ({"precisions": ["float8"]}, "float8"),
        ({"formats": []}, "Not one file could be written"),
        ({"checkpoint": heads}, "one question"),
        ({"checkpoint": others}, "class 00"),
        ({"checkpoint": lambda tmp_path: tmp_path / "none.safetensors"}, "none.safetensors"),
    ],
    ids=["format", "precision", "nothing", "two heads", "other classes", "no checkpoint"],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, parameters, words):
    own = folder_of(tmp_path / "own", 3, 10)
    given = {name: str(value(tmp_path)) if callable(value) else value for name, value in parameters.items()}
    assert words in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK, **given})


def test_a_checkpoint_wants_the_pictures_that_it_is_for(tmp_path):
    assert "-p data_dir FOLDER" in tool.failure(LESSON, tmp_path, {"checkpoint": str(others(tmp_path))})


def test_the_commands_of_the_lesson_can_be_pasted():
    known = set(parameters(tool.LESSONS / LESSON))
    prose = tool.prose(tool.LESSONS / LESSON)
    commands = [line for line in re.findall(r"```bash\n(.*?)```", prose, flags=re.DOTALL) if "papermill" in line]
    assert len(commands) == 2
    for command in commands:
        parts = shlex.split(command)
        assert {value for flag, value in pairwise(parts) if flag == "-p"} <= known
        for flag, value in pairwise(parts):
            assert flag != "-y" or set(yaml.safe_load(value)) <= known


# --- what the lesson writes out ----------------------------------------------------------------------


def definitions(*names, **more):
    return tool.definitions(LESSON, {"nn": nn, "np": np, "torch": torch, **more}, *names)


def test_the_wrapper_gives_what_the_one_of_utils_gives():
    (served,) = definitions("Served")
    network = build("small_cnn", 3, None, classes=CLASSES, size=32, seed=0).eval()
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours, theirs = served(copy.deepcopy(network))(images), Probabilities(network)(images)["label"]
    assert torch.equal(ours, theirs) and ours.sum(dim=1).allclose(torch.ones(4))


def test_the_comparison_counts_decisions_and_finds_the_largest_difference():
    (compared,) = definitions("compared")
    wanted = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    given = np.array([[0.8, 0.2], [0.55, 0.45], [0.2, 0.8]])
    assert compared(wanted, given) == pytest.approx((0.15, 2 / 3))
    assert compared(wanted, wanted) == (0, 1)


def test_whole_numbers_of_a_weight_come_back_to_within_half_a_step():
    (to_int8,) = definitions("to_int8")
    weight = np.random.default_rng(0).normal(size=(5, 3, 3, 3)).astype(np.float32)
    weight[0] *= 100
    weight[1] = 0
    for a_channel, shape in ((False, (1, 1, 1, 1)), (True, (5, 1, 1, 1))):
        whole, scale = to_int8(weight, a_channel)
        assert whole.dtype == np.int8 and np.abs(whole.astype(int)).max() == 127 and scale.shape == shape
        assert (np.abs(whole * scale - weight) <= 0.501 * scale).all() and not whole[1].any()
    assert np.abs(whole * scale - weight)[2:].max() < 0.03  # the large channel does not coarsen the others


def test_blue_first_turns_the_channels_and_nothing_else():
    (blue_first,) = definitions("blue_first")
    images = np.arange(24, dtype=np.float32).reshape(1, 3, 2, 4)
    assert (blue_first(images)[0] == images[0, [2, 1, 0]]).all() and blue_first(images).flags.c_contiguous
