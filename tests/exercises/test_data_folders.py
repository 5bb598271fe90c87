"""The questions on lesson 01: other right ways than ours, the numbers that texts state, and a notebook's own functions."""

import csv
import functools
import hashlib
import operator
import os
import random
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageFile, ImageOps
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from tests.exercises.reading import define, of_topic, other_ways, task_of
from utils.data.copies import find_copies, find_leaks
from utils.data.splits import add_splits, drop_small_classes
from utils.data.tables import scan
from utils.exercises.data_folders.normalising import MEAN, STD

QUESTION = of_topic("data_folders")


def count_with_os(folder, endings=(".jpg", ".jpeg", ".png")):
    counts = {}
    for name in os.listdir(folder):
        if not os.path.isdir(os.path.join(folder, name)):
            continue
        counts[name] = 0
        for _, _, files in os.walk(os.path.join(folder, name)):
            for file in files:
                if file.lower().endswith(tuple(endings)):
                    counts[name] = counts[name] + 1
    return counts


def count_as_series(folder, endings=(".jpg", ".jpeg", ".png")):
    rows = [(place.name, path.suffix.lower() in endings) for place in folder.glob("*/") if place.is_dir()
            for path in [*place.rglob("*"), place]]  # fmt: skip
    return pd.DataFrame(rows, columns=["label", "picture"]).groupby("label")["picture"].sum()


def labels_as_dict(file, names):
    with open(file, newline="") as opened:
        return {path: names[int(number)] for path, number in csv.reader(opened)}


def labels_with_replace(file, names):
    return pd.read_csv(file, header=None, names=["path", "label"]).replace({"label": names})


def number_with_sets(root):
    names = []
    for split in os.listdir(root):
        for name in os.listdir(root / split):
            if os.path.isdir(os.path.join(root, split, name)) and name not in names:
                names.append(name)
    names.sort()
    return {name: names.index(name) for name in names}


def number_only_what_is_there(root):
    places = {
        split: sorted(p.name for p in (root / split).glob("*") if p.is_dir()) for split in ("test", "train", "valid")
    }
    everything = sorted(set(sum(places.values(), [])))
    return {split: {name: np.int64(everything.index(name)) for name in names} for split, names in places.items()}


def good_by_numpy(path):
    try:
        pixels = np.array(Image.open(path))
    except BaseException:
        return 0
    return np.bool_(pixels.size > 0)


def good_by_convert(path):
    result = False
    try:
        Image.open(str(path)).convert("RGB")
        result = True
    except (OSError, SyntaxError, ValueError):
        pass
    return result


def thumbnail_by_hand(path, size):
    image = Image.open(path)
    ImageOps.exif_transpose(image, in_place=True)
    scale = size / max(image.size)
    return np.array(image.convert("RGB").resize((int(image.width * scale), int(image.height * scale))))


def thumbnail_of_a_tensor(path, size):
    image = F.to_image(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    return F.resize(image, None, max_size=size)


def counts_rounded_up(total, valid, test):
    n_valid, n_test = int(np.ceil(total * valid)), int(np.ceil(total * test))
    return [total - n_valid - n_test, n_valid, n_test]


def counts_of_numpy(total, valid, test):
    rest = np.maximum(1, np.round(np.array([valid, test]) * total)).astype(int)
    return np.concatenate([[total - rest.sum()], rest])


def rows_of_sklearn(labels, share, seed):
    return train_test_split(range(len(labels)), test_size=share, stratify=labels, random_state=seed)[1]


def rows_of_pandas(labels, share, seed):
    return pd.Series(labels).groupby(labels).sample(frac=share, random_state=seed).index


def rows_as_mask(labels, share, seed):
    random.seed(seed)
    mask = [False] * len(labels)
    for label in set(labels.tolist()):
        rows = [row for row in range(len(labels)) if labels[row] == label]
        for row in random.sample(rows, int(len(rows) * share)):
            mask[row] = True
    return mask


def names_of_random(paths, share, seed):
    paths = sorted(paths)
    random.Random(seed).shuffle(paths)
    return paths[: round(len(paths) * share)]


def names_by_digest(paths, share, seed):
    paths.sort(key=lambda path: hashlib.md5(f"{seed} {path}".encode()).hexdigest())
    return tuple(paths[: int(len(paths) * share)])


def families_of_sklearn(families, share, seed):
    split = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    return next(split.split(families, groups=families))[1]


def families_by_coin(families, share, seed):
    rng = np.random.default_rng(seed)
    coin = {}
    for family in families:
        if family not in coin:
            coin[family] = rng.random() < share
    return [coin[family] for family in families]


def families_one_by_one(families, share, seed):
    names = list(dict.fromkeys(families.tolist()))
    random.Random(seed).shuffle(names)
    test = np.zeros(len(families), dtype=int)
    while test.mean() < share:
        test[families == names.pop()] = 1
    return test


def leaks_in_steps(folder):
    table = scan(folder).table
    leaks = find_leaks(find_copies(table))
    before = len(set(leaks["family"]))
    del table["split"]
    table = add_splits(drop_small_classes(table), (0.5, 0.25, 0.25), seed=7)
    return [before, len(find_leaks(find_copies(table)))]


def kept_by_pixels(width, height):
    if width < height:
        return 224 / int(height * 224 / width)
    return 224 / int(width * 224 / height)


def kept_by_trying(width, height):
    left, right = Image.new("L", (width, height)), 224
    resized = F.resize(left, 224)
    return right * right / (resized.width * resized.height)


def padded_first(image, size):
    longest = max(image.size)
    left, top = (longest - image.width) // 2, (longest - image.height) // 2
    padded = F.pad(image, [left, top, longest - image.width - left, longest - image.height - top])
    return F.resize(padded, [size, size])


def padded_tensor(image, size):
    image = F.resize(F.to_image(image), None, max_size=size)
    square = torch.zeros(3, size, size, dtype=torch.uint8)
    top, left = (size - image.shape[1] + 1) // 2, (size - image.shape[2] + 1) // 2
    square[:, top : top + image.shape[1], left : left + image.shape[2]] = image
    return square


def padded_by_thumbnail(image, size):
    big = image.resize((image.width * 10, image.height * 10), Image.Resampling.NEAREST)
    big.thumbnail((size, size))
    square = Image.new("RGB", (size, size), (0, 0, 0))
    square.paste(big, (int(size / 2 - big.width / 2), int(size / 2 - big.height / 2)))
    return square


def shrunk_by_pillow(image, longest):
    width, height = image.size
    if width > height:
        return image.resize((longest, int(height * longest / width)))
    return image.resize((int(width * longest / height), longest))


def shrunk_by_thumbnail(image, longest):
    image.thumbnail((longest, longest))
    return image


def small_by_box(path, size):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize([size, size], Image.Resampling.BOX))


def small_by_torchvision(path, size):
    return v2.Compose([v2.RGB(), v2.Resize((size, size)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])(
        Image.open(path)
    )


def normalised_by_numpy(picture):
    return np.transpose((picture / 255 - np.array(MEAN)) / np.array(STD), (2, 0, 1)).astype("float32")


def normalised_by_v2(picture):
    steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    return v2.Compose(steps)(picture)


def normalised_in_a_loop(picture):
    image = torch.empty(3, *picture.shape[:2])
    for channel in range(3):
        for row in range(picture.shape[0]):
            for column in range(picture.shape[1]):
                value = float(picture[row, column, channel]) / 255
                image[channel, row, column] = (value - MEAN[channel]) / STD[channel]
    return image


def plotted_by_numpy(image):
    return np.clip(image.numpy().transpose(1, 2, 0) * STD + MEAN, 0, 1)


def plotted_as_bytes(image):
    image = F.normalize(F.normalize(image, [0, 0, 0], [1 / std for std in STD]), [-mean for mean in MEAN], [1, 1, 1])
    return (255 * image).round().to(torch.uint8).permute(1, 2, 0)


def plotted_by_channel(image):
    return torch.stack([image[channel] * STD[channel] + MEAN[channel] for channel in range(3)], dim=-1)


def squashed_for_test(split):
    if split in ("valid", "test"):
        return v2.Compose([v2.Resize((64, 64)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    return v2.Compose(
        [v2.RandomResizedCrop(64), v2.ColorJitter(0.3), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    )


def as_a_function(split):
    finish = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
    dice = v2.Compose([v2.RandomCrop(64), v2.RandomHorizontalFlip()])

    def transform(image):
        image = v2.Resize(72)(image)
        return finish(dice(image) if split == "train" else v2.CenterCrop(64)(image))

    return transform


def travelling_with_methodcaller(size):
    to_rgb = v2.Lambda(operator.methodcaller("convert", "RGB"))
    return v2.Compose([to_rgb, v2.Resize((size, size)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])


def travelling_with_partial(size):
    to_rgb = functools.partial(Image.Image.convert, mode="RGB")
    return v2.Compose([to_rgb, v2.ToImage(), v2.Resize([size, size]), v2.ToDtype(torch.float32, scale=True)])


RIGHT = {
    1: [count_with_os, count_as_series],
    2: [labels_as_dict, labels_with_replace],
    3: [number_with_sets, number_only_what_is_there],
    4: [good_by_numpy, good_by_convert],
    5: [thumbnail_by_hand, thumbnail_of_a_tensor],
    6: [0.95, np.float32(11_856 / 12_480), torch.tensor(0.95), 0.9500],
    7: [counts_rounded_up, counts_of_numpy],
    8: [rows_of_sklearn, rows_of_pandas, rows_as_mask],
    9: [names_of_random, names_by_digest],
    10: [families_of_sklearn, families_by_coin, families_one_by_one],
    11: ["C", "c)"],
    12: ["B", " b"],
    13: [leaks_in_steps],
    14: [kept_by_pixels, kept_by_trying],
    15: [padded_first, padded_tensor, padded_by_thumbnail, lambda image, size: ImageOps.pad(image, (size, size))],
    16: [shrunk_by_pillow, shrunk_by_thumbnail, lambda image, longest: F.resize(image, None, max_size=longest)],
    17: [small_by_box, small_by_torchvision],
    18: [normalised_by_numpy, normalised_by_v2, normalised_in_a_loop],
    19: [plotted_by_numpy, plotted_as_bytes, plotted_by_channel],
    20: [squashed_for_test, as_a_function],
    21: [travelling_with_methodcaller, travelling_with_partial],
    22: ["D"],
    23: [pd.Series({"posters": "d", "digits": "B", "cells": "a", "breeds": "c"})],
}


def test_each_question_has_other_right_answers():
    assert set(RIGHT) == set(QUESTION)


@other_ways(RIGHT)
def test_another_right_way_is_as_good_as_ours(number, answer):
    assert str(QUESTION[number].judge(answer)) == f"✓ Exercise {number}: correct"


@pytest.mark.parametrize("seed", range(20))
def test_a_coin_for_each_family_comes_near_the_share_with_every_seed(seed):
    answer = functools.partial(
        lambda offset, families, share, seed: families_by_coin(families, share, 100 * offset + seed), seed
    )
    assert QUESTION[10].judge(answer).sign == "✓"


EXAMPLES = {
    7: [((100, 0.2, 0.1), (70, 20, 10))],
    14: [((300, 300), 1), ((100, 200), 0.5), ((1242, 2209), pytest.approx(0.56, abs=0.005)), ((1680, 286), pytest.approx(0.17, abs=0.005))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "inputs", "output"), [(n, *case) for n, cases in EXAMPLES.items() for case in cases]
)
def test_an_example_in_a_task_is_true(number, inputs, output):
    assert QUESTION[number].reference(*inputs) == output


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 1 / 3])
def test_no_split_is_empty_where_the_shares_are_what_the_task_promises(share):
    for total in range(3, 200):
        for answer in (QUESTION[7].reference, counts_of_numpy):
            counts = answer(total, share, 1 / 3 - share)
            assert min(counts) >= 1 and sum(counts) == total


def test_a_third_of_the_pictures_is_promised_in_the_task():
    assert "the two shares together are at most a third" in task_of("data_folders", 7)


def test_a_black_pixel_is_normalised_as_the_task_says():
    got = QUESTION[18].reference(np.zeros((1, 1, 3), dtype=np.uint8)).flatten()
    np.testing.assert_allclose(got, [-2.118, -2.036, -1.804], atol=1e-3)


def test_four_of_five_random_crops_miss_the_logo():
    torch.manual_seed(0)
    crop, poster, missed = v2.RandomResizedCrop(224), torch.zeros(3, 800, 600), 0
    for _ in range(2000):
        box = crop.make_params([poster])
        missed += not (box["top"] < 80 and box["left"] + box["width"] > 520)
    assert 0.75 < missed / 2000 < 0.85


def test_a_function_of_the_notebook_is_found_there_and_by_no_worker(monkeypatch):
    source = "def to_rgb(image):\n    return image.convert('RGB')\n\n\ndef make_transform(size):\n    return v2.Compose([" \
             "v2.Lambda(to_rgb), v2.Resize((size, size)), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])\n"  # fmt: skip
    space = define(source, {"__name__": "__main__", "v2": v2, "torch": torch})
    monkeypatch.setattr(sys.modules["__main__"], "to_rgb", space["to_rgb"], raising=False)
    verdict = QUESTION[21].judge(space["make_transform"])
    assert "'to_rgb' stands in your notebook, and a worker may be a new Python" in verdict.text


def test_truncated_pictures_are_refused_again_after_the_check_whatever_an_answer_allowed(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert QUESTION[4].judge(QUESTION[4].reference).sign == "✓"
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True
