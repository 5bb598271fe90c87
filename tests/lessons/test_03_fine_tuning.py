"""Lesson 03 as a tool: it runs on folders and CSVs of one's own, and what it writes out by hand is what utils does."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import get_model

from tests.lessons import tool
from tests.lessons.tool import folder_of, picture
from utils.data.loaders import make_loaders
from utils.data.samples import sample
from utils.data.splits import add_splits
from utils.data.tables import scan
from utils.evaluation.predictions import predict, read_predictions
from utils.models.build import build
from utils.models.checkpoints import load_checkpoint
from utils.training.loop import fit
from utils.training.recipe import Recipe

LESSON = "03_fine_tuning.ipynb"
QUICK = {"epochs": 1, "runs": 1, "size": 32, "batch_size": 16}


def run(tmp_path, **parameters):
    return tool.run(LESSON, tmp_path, **QUICK | parameters)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, folder of the results, own pictures) of a quick run on an own folder with two classes, a broken picture
    and a class of one."""
    tmp_path = tmp_path_factory.mktemp("lesson 03")
    own = folder_of(tmp_path / "own pictures", 2, 24)
    (own / "class 00" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    picture(own / "rare" / "1.jpg", np.random.default_rng(1))
    results, text = run(tmp_path, data_dir=str(own), a_class=12)
    return results, text, tmp_path / "out" / "output", own


def test_it_runs_on_two_classes_of_an_own_folder_without_what_is_broken_or_alone(quick_run):
    results, text, output, own = quick_run
    assert "'train': 24" in text
    assert "in 2 classes" in text
    assert "1 file was left out, 'class 00/broken.jpg': 1 not a picture." in text
    assert "1 class was left out, 'rare'" in text
    assert set(results["numbers"]["test_accuracy"]) == {
        "from scratch", "frozen", "fine-tuned", "frozen, then fine-tuned"
    }  # fmt: skip
    assert results["numbers"]["pictures_learnt_from"] == 24
    # Two claims are about the samples alone; pictures of noise teach nobody anything, and the others say so.
    assert len(results["claims"]) == 6
    assert not all(claim["holds"] for claim in results["claims"])


def test_what_it_leaves_is_a_model_that_predicts_and_its_predictions(quick_run):
    _, _, output, own = quick_run
    predictions = read_predictions(output / "predictions.csv", root=own)
    assert set(predictions["label"]) == {"class 00", "class 01"}
    model = load_checkpoint(output / "first" / "best.safetensors")
    assert model.classes == ["class 00", "class 01"]
    assert json.loads((output / "results.json").read_text(encoding="utf-8"))["parameters"]["epochs"] == 1


@pytest.mark.slow
def test_it_runs_on_a_csv_from_scratch_with_settings_of_a_published_script(tmp_path):
    own = folder_of(tmp_path / "own", 3, 10)
    paths = sorted(path.relative_to(own).as_posix() for path in own.rglob("*.jpg"))
    table = pd.DataFrame({"file": paths, "what": [path.split("/")[0][-1] for path in paths]})
    table.to_csv(tmp_path / "list.csv", index=False)
    settings = {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 1e-4, "lr": 1e-3, "normalisation": "advprop"}
    results, text = run(
        tmp_path, data_dir=str(own), csv=str(tmp_path / "list.csv"), csv_columns={"path": "file", "label": "what"},
        model="mobilenet_v3_small", weights="", a_class=0, save_every=1, **settings,
    )  # fmt: skip
    assert "in 3 classes" in text
    assert "symmetric" in text
    assert results["parameters"]["optimizer"] == "sgd"
    assert (tmp_path / "out" / "output" / "first" / "epoch-001.safetensors").is_file()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": "efficientnet_b00"}, "efficientnet_b0"),
        ({"weights": "nowhere.safetensors"}, "nowhere.safetensors"),
        ({"lr": -1.0}, "lr is a number above 0"),
        ({"data_dir": "nowhere"}, "does not exist"),
    ],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, parameters, words):
    own = folder_of(tmp_path / "own", 2, 10)
    assert words in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK, **parameters})


def test_one_class_is_no_question(tmp_path):
    own = folder_of(tmp_path / "own", 1, 12)
    assert "class 00" in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK})


# --- what the lesson writes out ----------------------------------------------------------------------


def definitions(*names, **more):
    return tool.definitions(LESSON, {"nn": nn, "F": F, "torch": torch, **more}, *names)


@pytest.fixture(scope="module")
def digits():
    table = add_splits(scan(sample("digits"), limit=120, progress=False).table, (0.5, 0.25, 0.25))
    model = build("shufflenet_v2_x0_5", 10, None, classes=[str(digit) for digit in range(10)], size=32, seed=0)
    return table, model


def test_the_loop_written_out_gives_the_weights_and_losses_of_fit(digits):
    train_one_epoch, accuracy = definitions("train_one_epoch", "accuracy")
    table, model = digits
    ours = copy.deepcopy(model)
    by_hand = copy.deepcopy(model).to(memory_format=torch.channels_last)  # as fit has it
    loaders = make_loaders(table, model.preprocessing, batch_size=16, seed=3, progress=False)
    # Plain steps along the gradient: AdamW makes a large step of a tiny gradient, whose sign may be rounding alone.
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=1e-2, momentum=0.9)
    losses, accuracies = zip(
        *[(train_one_epoch(by_hand, loaders.train, optimizer), accuracy(by_hand, loaders.valid)) for _ in range(2)]
    )
    again = make_loaders(table, model.preprocessing, batch_size=16, seed=3, progress=False)
    recipe = Recipe(
        epochs=2, batch_size=16, optimizer="sgd", lr=1e-2, weight_decay=0.0, schedule="constant", warmup_epochs=0
    )
    history = fit(ours, again, recipe, progress=False).history
    assert history["train_loss"].tolist() == pytest.approx(losses, rel=1e-5)
    assert history["valid_accuracy"].tolist() == pytest.approx(accuracies, abs=1e-6)


def test_the_accuracy_written_out_is_that_of_the_predictions(digits):
    (accuracy,) = definitions("accuracy")
    table, model = digits
    loaders = make_loaders(table, model.preprocessing, progress=False)
    found = predict(model, loaders.valid, progress=False)
    assert accuracy(model, loaders.valid) == pytest.approx((found["label"] == found["predicted"]).mean(), abs=1e-6)


@pytest.mark.parametrize("name", ["shufflenet_v2_x0_5", "mobilenet_v3_small", "efficientnet_b0", "resnet18"])
def test_the_head_replaced_by_hand_leaves_the_parameters_that_build_has(name):
    (replace_head,) = definitions("replace_head")
    network = get_model(name, weights=None)
    replace_head(network, 7)
    ours = build(name, 7, None, size=64)
    assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 7)
    count = [sum(parameter.numel() for parameter in each.parameters()) for each in (network, ours)]
    assert count[0] == count[1]


def test_with_few_leaves_so_many_a_class_to_learn_from_and_tests_with_the_others():
    (with_few,) = definitions("with_few")
    table = pd.DataFrame({"label": list("aaaabbbccc"), "split": ["train"] * 7 + ["valid", "train", "test"]})
    few = with_few(table, 2)
    assert " ".join(few["split"]) == "train train test test train train test valid train test"


def test_the_map_of_where_it_looks_is_strong_where_the_gradient_is(digits):
    (where_it_looks,) = definitions("where_it_looks")
    _, model = digits
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    heat = where_it_looks(model, images, 3)
    assert heat.ndim == 2
    assert min(heat.shape) > 1
    assert (heat >= 0).all()
    with torch.inference_mode():
        assert np.isfinite(model(images).numpy()).all()  # its hooks are gone
