"""The command that trains on a folder: all it leaves, what it refuses, and that it goes on."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.lessons.tool import digest, folder_of
from utils import train
from utils.evaluation.predictions import read_predictions
from utils.models.checkpoints import describe_checkpoint, load_checkpoint
from utils.train import main
from utils.training import loop
from utils.training.recipe import read_recipe

QUICK = [
    "--model",
    "small_cnn",
    "--weights",
    "",
    "--size",
    "32",
    "-p",
    "epochs",
    "2",
    "-p",
    "batch_size",
    "8",
    "-p",
    "device",
    "cpu",
]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("own") / "pictures", 2, 24)


@pytest.fixture(scope="module")
def trained(own, tmp_path_factory):
    """The folder of a training, from a folder with a space in its name."""
    folder, before = tmp_path_factory.mktemp("out") / "my run", digest(own)
    assert main([str(own), "--output-dir", str(folder), *QUICK, "-p", "lr", "1e-3"]) == 0
    assert digest(own) == before
    return folder


def refused(capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_it_leaves_the_model_its_numbers_and_the_predictions(trained):
    model = load_checkpoint(trained / "best.safetensors")
    assert model.classes == ["class 00", "class 01"] and model.preprocessing.size == (32, 32)
    assert len(pd.read_csv(trained / "history.csv")) == 2
    split = pd.read_csv(trained / "split.csv")
    predictions = read_predictions(trained / "predictions.csv")
    assert set(predictions["path"]) == set(split.loc[split["split"] == "test", "path"])


def test_the_recipe_is_the_one_that_was_asked_for_and_makes_the_run_again(trained, own, tmp_path):
    recipe = read_recipe(trained / "recipe.yaml")
    assert (recipe.epochs, recipe.batch_size, recipe.lr, recipe.device) == (2, 8, 0.001, "cpu")
    again = ["--model", "small_cnn", "--weights", "", "--size", "32", "-f", str(trained / "recipe.yaml")]
    assert main([str(own), "--output-dir", str(tmp_path / "again"), *again]) == 0
    for name in ("predictions.csv", "split.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (trained / name).read_bytes()


def test_it_says_how_good_it_is_and_where_everything_lies(own, tmp_path, capsys):
    main([str(own), "--output-dir", str(tmp_path / "run"), *QUICK])
    told = capsys.readouterr().out
    right = json.loads(json.dumps(describe_checkpoint(tmp_path / "run" / "best.safetensors")["metrics"]))
    predictions = read_predictions(tmp_path / "run" / "predictions.csv")
    share = np.mean(predictions["label"] == predictions["predicted"])
    assert f"{share:.1%} of {len(predictions)} test pictures are right (95 %:" in told
    assert f"the best is {right['epoch']}" in told and str(tmp_path / "run") in told


def test_it_names_what_it_leaves_out(own, tmp_path, capsys):
    faulty = shutil.copytree(own, tmp_path / "faulty")
    (faulty / "class 00" / "broken.jpg").write_bytes(b"no picture")
    main([str(faulty), "--output-dir", str(tmp_path / "run"), *QUICK])
    assert "1 file was left out, 'class 00/broken.jpg': 1 not a picture." in capsys.readouterr().out


def test_run_again_with_resume_it_gives_back_what_it_had(trained, own, capsys):
    before = {path.name: path.read_bytes() for path in trained.glob("*.*") if path.suffix != ".lock"}
    assert main([str(own), "--output-dir", str(trained), *QUICK, "-p", "lr", "1e-3", "--resume"]) == 0
    assert "had ended after epoch 2 of 2" in capsys.readouterr().err
    assert {name: (trained / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(("arguments", "words"), [
    (["-p", "learning_rate", "0.1"], "did you mean 'lr'?"),
    (["-p", "lr", "high"], "lr is"),
    (["-p", "batch_size", "1"], "batch_size"),
    (["--model", "small_cnnn"], "small_cnn"),
    (["--tracker", "tensorbord"], "there are 'tensorboard'"),
    (["-p", "epochs", "[1"], "Expected a value for -p"),
    (["-f", "nowhere.yaml"], "nowhere.yaml"),
    (["--csv", "nowhere.csv"], "nowhere.csv"),
])  # fmt: skip
def test_what_cannot_be_is_a_sentence_before_training(arguments, words, own, tmp_path, capsys):
    assert words in refused(capsys, own, "--output-dir", tmp_path / "out", *QUICK, *arguments)
    assert not (tmp_path / "out" / "history.csv").exists()


def test_its_numbers_go_to_a_tracker_too(own, tmp_path):
    assert main([str(own), "--output-dir", str(tmp_path), *QUICK, "--tracker", "tensorboard"]) == 0
    seen = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in seen.Scalars("valid_accuracy")] == [1, 2]


def test_results_never_lie_among_the_pictures(own, capsys):
    assert "must not be written among your pictures" in refused(capsys, own, "--output-dir", own / "out", *QUICK)
    assert not (own / "out").exists()


def test_another_recipe_does_not_go_on_with_this_one(trained, own, capsys):
    told = refused(capsys, own, "--output-dir", trained, *QUICK, "-p", "lr", "0.01", "--resume")
    assert "lr was 0.001 and is 0.01" in told


def test_a_csv_may_stand_beside_the_folder(own, tmp_path):
    rows = [(path.relative_to(own), path.parent.name) for path in sorted(own.rglob("*.jpg"))]
    pd.DataFrame(rows, columns=["path", "label"]).to_csv(tmp_path / "list.csv", index=False)
    assert main([str(own), "--csv", str(tmp_path / "list.csv"), "--output-dir", str(tmp_path / "out"), *QUICK]) == 0
    assert (tmp_path / "out" / "predictions.csv").exists()


@pytest.mark.parametrize(("arguments", "words"), [
    (["--output-dir", " "], "it is empty; is the variable set?"), (["--output-dir", "x", "--seed", "-1"], "expected a whole number"),
])  # fmt: skip
def test_a_slip_of_the_command_line_is_said(arguments, words, own, capsys):
    with pytest.raises(SystemExit) as caught:
        main([str(own), *arguments])
    assert caught.value.code == 2 and words in capsys.readouterr().err


@pytest.mark.parametrize("where", ["scan", "after an epoch"])
def test_ctrl_c_is_no_success_and_says_how_to_go_on(where, own, tmp_path, capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    def cut(*arguments, **options):
        return loop.fit(*arguments, **options, after_step=[lambda training: training.epoch and stopped()])

    monkeypatch.setattr(train, *(("scan", stopped) if where == "scan" else ("fit", cut)))
    arguments = [str(own), "--output-dir", str(tmp_path / "out"), *QUICK]
    assert main(arguments) == 130
    assert "--resume" in capsys.readouterr().out
    assert not (tmp_path / "out" / "predictions.csv").exists()
    monkeypatch.undo()
    assert main([*arguments, "--resume"]) == 0
