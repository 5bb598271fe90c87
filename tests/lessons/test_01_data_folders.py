"""Lesson 01 as a tool: it runs on folders and CSVs of every kind, tells what is there, and touches nothing."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch.utils.data import Dataset

from tests.lessons import tool
from tests.lessons.tool import folder_of, picture
from utils.data.images import open_image
from utils.data.loaders import make_loader
from utils.data.resizing import resize
from utils.data.samples import sample
from utils.data.splits import add_splits, drop_small_classes, save_split
from utils.data.splits import split_counts as utils_split_counts
from utils.data.tables import class_names, scan
from utils.data.transforms import Preprocessing

LESSON = "01_data_folders.ipynb"
QUICK = {"size": 64}


def run(tmp_path, **parameters):
    return tool.run(LESSON, tmp_path, **parameters)


def test_on_the_faulty_folder_it_names_what_is_wrong_and_touches_nothing(tmp_path):
    folder = tmp_path / "messy"
    shutil.copytree(sample("messy"), folder)
    results, text = run(tmp_path, data_dir=str(folder))
    assert "This folder is split already" in text
    assert "2 pictures (4 files) lie in more than one split" in text
    assert "fewer than 30 pictures" in text
    assert not all(claim["holds"] for claim in results["claims"])
    problems = pd.read_csv(tmp_path / "out" / "output" / "problems.csv")
    assert {"broken", "empty file", "too large", "tiny"} <= set(problems["problem"])


@pytest.mark.slow
def test_it_runs_on_a_csv_with_a_header(tmp_path):
    results, _ = run(tmp_path, csv=str(sample("layouts") / "labels.csv"))
    assert (results["numbers"]["pictures"], results["numbers"]["classes"]) == (12, 3)


@pytest.mark.slow
def test_it_runs_on_csvs_of_numbers_one_a_split(tmp_path):
    parameters = {"csv_columns": {"path": 0, "label": 1}, "csv_labels": {0: "sun", 1: "apple", 2: "leaf"}}
    results, text = run(
        tmp_path, data_dir=str(sample("layouts")), csv=str(sample("layouts") / "numbered"), **parameters
    )
    assert "6 train, 3 valid, 3 test" in text
    assert results["parameters"]["csv_labels"] == {"0": "sun", "1": "apple", "2": "leaf"}


@pytest.mark.slow
def test_it_runs_on_many_classes_and_looks_at_as_many_pictures_as_asked(tmp_path):
    results, _ = run(tmp_path, data_dir=str(folder_of(tmp_path / "own pictures", 30, 8)), limit=120)
    assert results["numbers"]["classes"] == 30
    assert results["numbers"]["pictures"] == 120
    output = tmp_path / "out" / "output"
    assert json.loads((output / "results.json").read_text(encoding="utf-8")) == results
    with open(output / "split.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 120


def test_the_split_can_be_taken_as_folders_by_the_lines_of_the_lesson(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    own = folder_of(tmp_path / "photos", 2, 10)
    picture(own / "rare" / "1.jpg", np.random.default_rng(1))
    table = add_splits(drop_small_classes(scan(own, progress=False).table), seed=0)
    save_split(table, "runs/01_data_folders/split.csv")
    blocks = re.findall("```python\n(.*?)```", tool.prose(tool.LESSONS / LESSON), re.DOTALL)
    (lines,) = [each for each in blocks if "export_tree" in each]
    exec(lines, {})
    tree = tmp_path / "photos_split"
    found = list(tree.rglob("*.jpg"))
    wanted = [f"{split}/{path}" for split, path in zip(table["split"], table["path"])]
    assert sorted(path.relative_to(tree).as_posix() for path in found) == sorted(wanted) and len(found) == 20
    assert all(path.is_symlink() for path in found)


def test_it_explains_a_single_class_and_a_class_too_small_to_split(tmp_path):
    folder = folder_of(tmp_path / "own", 1, 12)
    picture(folder / "rare" / "1.png", np.random.default_rng(1))
    _, text = run(tmp_path, data_dir="own")  # from the caller's folder
    assert "There is only one class, 'class 00'" in text
    assert "Left out, fewer than 3 different pictures: 'rare'" in text


def test_a_folder_that_is_missing_ends_the_run_with_what_to_do(tmp_path):
    assert "does not exist" in tool.failure(LESSON, tmp_path, {"data_dir": str(tmp_path / "nothing")})


def definitions(*names):
    space = {"np": np, "Path": Path, "Image": Image, "torch": torch, "Dataset": Dataset, "open_image": open_image}
    return tool.definitions(LESSON, space, *names)


def test_the_split_written_out_in_the_lesson_gives_the_counts_of_the_one_in_utils():
    stratified_split, split_counts = definitions("stratified_split", "split_counts")
    labels = np.repeat(["cat", "dog", "owl"], [103, 40, 9])
    table = pd.DataFrame({"path": [f"{index}.jpg" for index in range(len(labels))], "label": labels})
    ours = add_splits(table, (0.7, 0.2, 0.1))
    by_hand = stratified_split(labels, 0.2, 0.1, np.random.default_rng(0))
    pd.testing.assert_frame_equal(
        pd.crosstab(labels, by_hand), pd.crosstab(ours["label"].to_numpy(), ours["split"].to_numpy())
    )
    assert split_counts(103, 0.15, 0.05) == tuple(utils_split_counts(103, (0.8, 0.15, 0.05)))


@pytest.mark.parametrize("policy", ["squash", "crop", "pad"])
@pytest.mark.parametrize(("width", "height"), [(640, 427), (180, 560), (97, 31)])
def test_the_ways_to_one_size_written_out_in_the_lesson_give_the_pictures_of_those_in_utils(policy, width, height):
    (by_hand,) = definitions(policy)
    photograph = Image.fromarray(load_sample_image("china.jpg")).resize((width, height))
    ours = resize(photograph, 64, policy, fill=(128, 128, 128), interpolation="bicubic")
    difference = np.abs(np.asarray(by_hand(photograph, 64), dtype=int) - np.asarray(ours, dtype=int))
    assert np.median(difference) <= 4  # the two round to whole pixels at different places


def test_the_dataset_written_out_in_the_lesson_gives_the_pictures_of_the_loader_in_utils():
    table = scan(sample("layouts"), csv=sample("layouts") / "labels.csv", progress=False).table
    preprocessing = Preprocessing(size=32)
    (dataset,) = definitions("Pictures")
    by_hand = dataset(table, preprocessing, class_names(table))
    ((images, targets),) = list(make_loader(table, preprocessing, progress=False))
    assert len(by_hand) == len(images) == 12
    for number, (image, target) in enumerate(by_hand[each] for each in range(len(by_hand))):
        assert (image - images[number]).abs().mean() < 0.05  # decoded at full or at reduced scale
        assert target == targets[number]
