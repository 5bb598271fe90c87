"""Loaders: every picture once, in a known order, the same for the same seed, and nothing else in the world changed."""

import os
import pickle
import random
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from utils.data import loaders as loaders_module
from utils.data.images import open_image
from utils.data.loaders import IGNORE, Loaders, make_loader, make_loaders
from utils.data.sampling import Weighted
from utils.data.transforms import LIGHT, NONE, STRONG, Augmentation, Preprocessing
from utils.errors import CourseError

PREPROCESSING = Preprocessing((12, 16))
LABELS = ["cat", "dog", "owl"]
SPLITS = {"train": 17, "valid": 5, "test": 4}
ALL_OF_IT = Augmentation(0.5, 0.5, 0.5, 20, 0.1, 0.3, 0.3, 0.3, 0.5)
MANY_WORKERS = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more than there are cores


def draw_soft(path, seed, size):
    path.parent.mkdir(exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A table of 26 pictures, of three classes and all splits, in no order."""
    root = tmp_path_factory.mktemp("pictures")
    splits = np.random.default_rng(0).permutation(np.repeat(list(SPLITS), list(SPLITS.values())))
    rows = [(f"{number % 3}/{number:02}.png", LABELS[number % 3], split) for number, split in enumerate(splits)]
    for number, (path, _, _) in enumerate(rows):
        draw_soft(root / path, number, (20, 16))
    table = pd.DataFrame(rows, columns=["path", "label", "split"])
    table.attrs["root"] = str(root)
    return table


@pytest.fixture
def table(pictures):
    return pictures.copy()


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def made(table, augmentation=NONE, **options):
    options = {"progress": False, "batch_size": 4, "cache": "memory"} | options
    return make_loaders(table, PREPROCESSING, augmentation, **options)


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def epoch(loader):
    """All images and targets of the next epoch."""
    images, targets = zip(*loader)
    return torch.cat(images), torch.cat(targets)


def rows_of(loader, images):
    """Which rows of the loader's table these images are, by comparing them with all."""
    expected = PREPROCESSING(
        *[open_image(os.path.join(loader.table.attrs["root"], path)) for path in loader.table["path"]]
    )
    distance = (images[:, None] - expected[None]).abs().amax(dim=(2, 3, 4))
    assert (distance.min(dim=1).values < 1e-5).all()
    return distance.argmin(dim=1).tolist()


def same(one, other):
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


# --- what a batch is -------------------------------------------------------------------------------


@pytest.mark.parametrize("augmentation", [NONE, ALL_OF_IT])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_is_what_a_model_takes(augmentation, workers, table):
    loader = made(table, augmentation, workers=workers).train
    images, targets = next(iter(loader))
    assert (images.shape, images.dtype) == ((4, 3, 12, 16), torch.float32)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert (targets.shape, targets.dtype) == ((4,), torch.int64)


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_pictures_are_those_of_the_paths_with_the_target_of_the_label(cache, table, tmp_path):
    made_loaders = made(table, cache=cache, cache_dir=tmp_path, batch_size=5)  # no last batch of one
    for split in SPLITS:
        loader = getattr(made_loaders, split)
        images, targets = epoch(loader)
        rows = rows_of(loader, images)
        assert sorted(rows) == list(range(SPLITS[split]))
        assert [LABELS[target] for target in targets] == loader.table["label"][rows].tolist()
        assert loader.table["path"].tolist() == table.loc[table["split"] == split, "path"].tolist()


def test_valid_and_test_keep_the_tables_order_unaugmented_whatever_the_epoch(table):
    made_loaders = made(table.sample(frac=1, random_state=3), ALL_OF_IT)
    for loader in (made_loaders.valid, made_loaders.test):
        first = epoch(loader)
        assert rows_of(loader, first[0]) == list(range(len(loader.table)))
        assert same(epoch(loader), first)


def test_the_preprocessing_that_was_used_stays_with_the_loader(table):
    for preprocessing in (Preprocessing((8, 20), "pad", "symmetric"), Preprocessing(9, "crop", "unit")):
        loader = make_loaders(table, preprocessing, cache="none", progress=False).valid
        assert loader.preprocessing == preprocessing
        images, _ = next(iter(loader))
        first = open_image(os.path.join(table.attrs["root"], loader.table["path"][0]))
        torch.testing.assert_close(images[:1], preprocessing(first), rtol=0, atol=1e-6)


def test_augmentation_may_be_a_presets_name(table):
    assert same(epoch(made(table, "strong").train), epoch(made(table, STRONG).train))
    assert "one of 'none', 'light', 'strong', but got 'heavy'" in message(made, table, "heavy")


def test_a_split_without_pictures_has_no_loader(table):
    rest = table[table["split"] != "valid"]
    made_loaders = made(rest)
    assert made_loaders.valid is None
    assert len(made_loaders.test.table) == SPLITS["test"]
    assert "valid: no picture" in made_loaders.describe()


def test_a_table_whose_index_has_gaps_or_repeats_is_loaded_all_the_same(table):
    expected = epoch(made(table).valid)
    odd = table.set_index(pd.Index([7] * len(table)))
    assert same(epoch(made(odd).valid), expected)
    assert made(odd).valid.table.index.tolist() == list(range(SPLITS["valid"]))


# --- epochs ----------------------------------------------------------------------------------------


def test_an_epoch_of_training_has_every_picture_once_in_another_order_each_time(table):
    loader = made(table, batch_size=5).train
    orders = [rows_of(loader, epoch(loader)[0]) for _ in range(3)]
    assert all(sorted(order) == list(range(17)) for order in orders)
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_the_last_picture_alone_is_left_out_of_training_another_one_each_epoch(table):
    loader = made(table, batch_size=8).train  # 17 pictures
    assert len(loader) == 2
    missing = []
    for _ in range(4):
        images, _ = epoch(loader)
        assert len(images) == 16
        missing += set(range(17)) - set(rows_of(loader, images))
    assert len(set(missing)) > 1
    assert "one left out each time" in made(table, batch_size=8).describe()


def test_nothing_is_left_out_elsewhere(table):
    assert len(epoch(made(table, batch_size=5).train)[0]) == 17, "the last batch has two"
    for split, batch_size in (("valid", 4), ("valid", 2), ("test", 3)):
        loader = getattr(made(table, batch_size=batch_size), split)
        assert [len(images) for images, _ in loader][-1] == 1
        assert len(epoch(loader)[0]) == SPLITS[split]
    assert len(epoch(make_loader(table, PREPROCESSING, batch_size=1))[0]) == len(table)


@pytest.mark.parametrize("augmentation", [NONE, LIGHT, ALL_OF_IT], ids=["none", "light", "all of it"])
def test_the_same_seed_gives_the_same_epochs_another_seed_others_and_each_epoch_differs(augmentation, table):
    one, again, other = (made(table, augmentation, seed=seed).train for seed in (1, 1, 2))
    first, second = epoch(one), epoch(one)
    torch.rand(7)  # what others draw does not count
    assert same(epoch(again), first)
    assert same(epoch(again), second)
    assert not same(first, second)
    assert not same(epoch(other), first)


def test_training_is_augmented_as_asked(table):
    plain, mirrored = epoch(made(table, NONE).train), epoch(made(table, Augmentation(flip=1)).train)
    assert torch.equal(mirrored[0], plain[0].flip(-1))
    assert torch.equal(mirrored[1], plain[1])


def test_equal_pictures_are_augmented_differently_within_an_epoch_and_from_one_to_the_next(table):
    same_picture = table.assign(path=table["path"][0])
    loader = made(same_picture, Augmentation(rotation=90)).train
    images = torch.cat([epoch(loader)[0] for _ in range(2)])
    assert len(images.unique(dim=0)) == len(images) == 32


def test_an_epoch_can_be_asked_for(table):
    loader = made(table, ALL_OF_IT).train
    assert loader.epoch == 0
    epochs = [epoch(loader) for _ in range(3)]
    assert loader.epoch == 3
    loader.set_epoch(1)
    assert same(epoch(loader), epochs[1])
    assert same(epoch(loader), epochs[2])


@pytest.mark.parametrize("workers", [0, 1])
def test_after_an_epoch_that_was_left_early_the_next_is_whole(workers, table):
    expected = made(table, ALL_OF_IT)
    expected.train.set_epoch(1)
    loader = made(table, ALL_OF_IT, workers=workers).train
    next(iter(loader))
    assert loader.epoch == 1
    assert same(epoch(loader), epoch(expected.train))


def test_two_iterations_at_once_are_two_epochs(table):
    loader, other = made(table, ALL_OF_IT).train, made(table, ALL_OF_IT).train
    pairs = list(zip(loader, loader, strict=True))
    for at_once, alone in zip(zip(*pairs), (other, other)):
        assert all(same(one, another) for one, another in zip(at_once, alone, strict=True))


# --- how often, and how much -----------------------------------------------------------------------


def unequal(table):
    """Of the 17 training pictures one is an owl, four are dogs and twelve are cats."""
    labels = np.repeat(["owl", "dog", "cat"], [1, 4, 12])
    table.loc[table["split"] == "train", "label"] = labels
    return table


def test_balanced_each_class_is_drawn_as_often(table):
    made_loaders = made(unequal(table), sampling="balanced", batch_size=5)
    drawn = torch.cat([epoch(made_loaders.train)[1] for _ in range(60)])
    assert len(drawn) == 60 * 17, "an epoch is as long as before"
    shares = drawn.bincount(minlength=3) / len(drawn)
    assert shares.tolist() == pytest.approx([1 / 3] * 3, abs=0.06)  # 1,020 draws: 4 standard deviations
    assert "sampling: balanced" in made_loaders.describe()
    plain = made(unequal(table), batch_size=5)
    assert epoch(plain.train)[1].bincount().tolist() == [12, 4, 1]
    assert "balanced" not in plain.describe()
    assert (made_loaders.sampling, plain.sampling) == ("balanced", "shuffled")


@MANY_WORKERS
def test_balanced_epochs_are_the_same_for_the_same_seed_whatever_the_workers(table):
    table = unequal(table)
    options = {"sampling": "balanced", "augmentation": ALL_OF_IT}
    one, again, other, with_workers = (
        made(table, seed=seed, workers=workers, **options).train for seed, workers in ((1, 0), (1, 0), (2, 0), (1, 2))
    )
    first, second = epoch(one), epoch(one)
    assert same(epoch(again), first)
    assert same(epoch(with_workers), first)
    assert same(epoch(with_workers), second)
    assert not same(epoch(other), first)
    again.set_epoch(1)
    assert same(epoch(again), second)


def test_a_picture_that_is_drawn_twice_is_augmented_twice(table):
    loader = made(unequal(table), Augmentation(rotation=90), sampling="balanced").train
    images, targets = epoch(loader)
    owls = images[targets == 2]  # all of the one picture
    assert len(owls) > 2
    assert len(owls.unique(dim=0)) == len(owls)


def test_balanced_a_last_picture_alone_is_left_out_too(table):
    loader = made(unequal(table), sampling="balanced", batch_size=8).train
    assert [len(images) for images, _ in loader] == [8, 8]


@pytest.mark.parametrize("options", [{"sampling": "balanced"}, {"sample_weights": "weight"}])
def test_valid_and_test_are_neither_drawn_nor_weighed(options, table):
    table = unequal(table).assign(weight=2.0)
    plain, other = made(table), made(table, **options)
    for split in ("valid", "test"):
        assert same(epoch(getattr(other, split)), epoch(getattr(plain, split)))


@MANY_WORKERS
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("sampling", ["shuffled", "balanced"])
def test_each_picture_comes_with_its_own_weight(workers, sampling, table):
    table = unequal(table).assign(weight=np.arange(len(table)) + 0.5)
    made_loaders = made(table, sample_weights="weight", sampling=sampling, workers=workers, batch_size=5)
    loader = made_loaders.train
    plain = made(table, sampling=sampling, batch_size=5).train
    for (images, targets), expected in zip(loader, plain, strict=True):
        assert isinstance(targets, Weighted)
        assert same((images, targets.targets), expected)
        assert targets.weights.dtype == torch.float32
        assert targets.weights.tolist() == loader.table["weight"][rows_of(loader, images)].tolist()
    assert made_loaders.sample_weights == "weight"
    assert "each training picture counts by its weight" in made_loaders.describe()


def test_several_columns_have_one_weight_a_picture(table):
    table = table.assign(weight=1.5, again=table["label"])
    _, targets = next(iter(made(table, columns=["label", "again"], sample_weights="weight").train))
    assert list(targets.targets) == ["label", "again"]
    assert targets.weights.tolist() == [1.5] * 4
    assert targets.weights.device == targets.targets["label"].device


@pytest.mark.parametrize(("options", "found"), [
    ({"sampling": "equal"}, "one of 'shuffled', 'balanced', but got 'equal'"), ({"sample_weights": "size"}, "but got 'size'"),
    ({"sample_weights": "path"}, "a number from 0 for each training picture in the column 'path'"),
    ({"sampling": "balanced", "columns": ["label"]}, "but there are several: 'label'"),
    ({"sampling": "balanced", "classes": [*LABELS, "yak"]}, "there are none of 'yak'"),
])  # fmt: skip
def test_sampling_and_weights_that_there_are_not_are_answered(options, found, table):
    assert found in message(made, table, **options)


# --- worker processes ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Six pictures, stored so large that torch would share the sums over one among its threads."""
    root = tmp_path_factory.mktemp("large")
    for number in range(6):
        draw_soft(root / f"{number}.jpg", number, (256, 224))
    table = pd.DataFrame({"path": [f"{number}.jpg" for number in range(6)], "label": list("ab") * 3, "split": "train"})
    table.attrs["root"] = str(root)
    return table


@MANY_WORKERS
@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("cache", ["memory", "none"])
def test_the_number_of_workers_and_threads_changes_no_bit(cache, large):
    found = []
    for workers in (0, 1, 2, 4):
        loader = make_loaders(
            large, Preprocessing((224, 256)), STRONG, batch_size=2, workers=workers, cache=cache, progress=False
        ).train
        found.append([epoch(loader), epoch(loader)])
    for epochs in found[1:]:
        assert all(same(one, other) for one, other in zip(found[0], epochs))


def test_workers_that_start_from_nothing_get_the_same(table):
    # As on Windows and macOS: everything that a worker needs goes to it by pickle.
    loader = made(table, ALL_OF_IT, workers=1).train
    loader.multiprocessing_context = "spawn"
    assert same(epoch(loader), epoch(made(table, ALL_OF_IT).train))


def test_workers_stay_alive_from_epoch_to_epoch(table):
    loader = made(table, workers=1).train
    pids = []
    for _ in range(2):
        epoch(loader)
        pids.append([worker.pid for worker in loader._iterator._workers])
    assert pids[0] == pids[1]


def test_ctrl_c_leaves_the_workers_to_the_step_that_is_under_way(table):
    loader = made(table, ALL_OF_IT, workers=1).train
    alone = made(table, ALL_OF_IT).train
    assert same(epoch(loader), epoch(alone))
    os.kill(loader._iterator._workers[0].pid, signal.SIGINT)  # as a terminal sends it, to every process
    assert same(epoch(loader), epoch(alone))


def test_pictures_and_targets_can_be_pickled(table, tmp_path):
    for cache in ("memory", "disk", "none"):
        pictures = made(table, ALL_OF_IT, cache=cache, cache_dir=tmp_path).train.dataset
        drawn = [(3, 11), (0, 12)]
        assert same(pickle.loads(pickle.dumps(pictures)).__getitems__(drawn), pictures.__getitems__(drawn))


@MANY_WORKERS
@pytest.mark.parametrize(("cache", "device", "count"), [
    ("memory", "cpu", 0), ("disk", "cpu", 0), ("none", "cpu", 0), ("memory", "cuda", 5), ("none", "cuda", 5),
])  # fmt: skip
def test_auto_takes_workers_only_where_they_pay(cache, device, count, table, tmp_path, monkeypatch):
    monkeypatch.setattr(loaders_module, "cores", lambda: 6)
    made_loaders = made(table, cache=cache, device=device, cache_dir=tmp_path, workers="auto")
    assert made_loaders.train.num_workers == count
    assert f"workers: {count} (" in made_loaders.describe()


@MANY_WORKERS
def test_auto_takes_some_but_not_all_cores(table, monkeypatch):
    for number, count in ((1, 1), (2, 1), (4, 3), (64, 8)):
        monkeypatch.setattr(loaders_module, "cores", lambda number=number: number)
        assert made(table, device="cuda", workers="auto").train.num_workers == count


# --- nothing else changes --------------------------------------------------------------------------


class Watched(Augmentation):
    """Calls a function for each picture, instead of changing it."""

    is_off = False

    def __init__(self, function):
        super().__init__()
        object.__setattr__(self, "function", function)

    def transform(self, size):
        return self.function


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("workers", [0, 1])
def test_no_generator_and_no_setting_of_the_process_is_touched(workers, table):
    loader = made(table, ALL_OF_IT, workers=workers).train
    before = (torch.get_rng_state(), torch.get_num_threads(), random.getstate(), os.getcwd())
    numpy_before = np.random.get_state()[1].copy()
    epoch(loader)
    epoch(loader)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_num_threads(), random.getstate(), os.getcwd()) == before[1:]
    assert np.array_equal(np.random.get_state()[1], numpy_before)


@pytest.mark.usefixtures("two_threads")
def test_an_error_in_an_augmentation_leaves_them_as_they_were_too(table):
    loader = made(table, Watched(lambda image: torch.rand(3)[7])).train
    state = torch.get_rng_state()
    with pytest.raises(IndexError):
        epoch(loader)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_pictures_are_augmented_by_one_thread_as_in_a_worker(table):
    # The brightness of a picture, summed up by two threads, differs in the last bits; so might the pixels.
    seen = []
    epoch(made(table, Watched(lambda image: seen.append(torch.get_num_threads()) or image)).train)
    assert set(seen) == {1}


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_the_pictures_and_the_table_are_left_as_they_were(cache, table, tmp_path, fingerprint):
    before, table_before = fingerprint(Path(table.attrs["root"])), pickle.dumps(table)
    made_loaders = made(table, ALL_OF_IT, cache=cache, cache_dir=tmp_path)
    for split in SPLITS:
        epoch(getattr(made_loaders, split))
    assert fingerprint(Path(table.attrs["root"])) == before
    assert pickle.dumps(table) == table_before


def test_augmenting_leaves_the_cache_as_it_was(table):
    made_loaders = made(table, ALL_OF_IT)
    store = made_loaders.train.dataset.store
    before = store.take(range(len(table)))
    epoch(made_loaders.train)
    assert np.array_equal(store.take(range(len(table))), before)
    assert made_loaders.valid.dataset.store is store, "one for all splits"


def test_batches_go_to_the_device_as_bytes_and_are_normalised_there(table, monkeypatch):
    made_loaders = made(table, device="meta")  # a device without memory: only shapes and types
    seen = []
    monkeypatch.setattr(Preprocessing, "normalise", lambda _, images: seen.append(images) or images.float())
    images, targets = next(iter(made_loaders.train))
    assert (seen[0].device.type, seen[0].dtype) == ("meta", torch.uint8)
    assert images.device.type == targets.device.type == "meta"


def test_memory_is_pinned_for_a_gpu_only(table):
    assert made(table, device="cuda").train.pin_memory
    assert not made(table, device="cpu").train.pin_memory


# --- labels and targets ----------------------------------------------------------------------------


def test_classes_are_numbered_once_sorted_for_all_splits(table):
    gone = table[(table["split"] != "train") | (table["label"] != "cat")]  # no cat to train on
    made_loaders = made(gone)
    assert made_loaders.classes == made_loaders.train.classes == {"label": LABELS}
    assert set(epoch(made_loaders.train)[1].tolist()) == {1, 2}
    assert [LABELS[target] for target in epoch(made_loaders.valid)[1]] == made_loaders.valid.table["label"].tolist()


@pytest.mark.parametrize("classes", [["owl", "bat", "cat", "dog"], {"label": ["owl", "bat", "cat", "dog"]}])
def test_a_models_own_numbering_is_kept(classes, table):
    loader = make_loader(table, PREPROCESSING, classes=classes)
    _, targets = epoch(loader)
    assert [["owl", "bat", "cat", "dog"][target] for target in targets] == table["label"].tolist()
    assert loader.classes == {"label": ["owl", "bat", "cat", "dog"]}
    assert same(epoch(made(table, classes=classes).valid), epoch(made(table, classes=classes).valid))


def test_labels_that_are_not_among_the_classes_are_answered_all_at_once(table):
    found = message(make_loader, table, PREPROCESSING, classes=["cat"])
    assert "among the classes 'cat' in the column 'label', but found 'dog', 'owl'" in found
    line = found.rpartition("out: ")[2]
    names = {"table": table}
    exec(line, names)
    assert set(names["table"]["label"]) == {"cat"}
    assert "found 'dog', 'owl'" in message(made, table, classes=["cat"])


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_label_is_a_target_that_the_loss_leaves_out(missing, table):
    labels = table["label"].astype(object)
    labels[table["label"] == "dog"] = missing
    made_loaders = made(table.assign(label=labels), batch_size=17)
    assert made_loaders.classes == {"label": ["cat", "owl"]}
    _, targets = epoch(made_loaders.train)
    expected = {"cat": 0, "owl": 1, "dog": IGNORE}
    counts = made(table).train.table["label"].map(expected).value_counts()
    assert pd.Series(targets).value_counts().to_dict() == counts.to_dict()
    logits = torch.randn(len(targets), 2)
    known = targets != IGNORE
    loss = torch.nn.functional.cross_entropy(logits, targets)
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits[known], targets[known]))


def test_several_columns_give_a_target_each(table):
    screens = np.where(table["label"] == "owl", None, np.arange(len(table)) % 2 == 0)
    made_loaders = made(table.assign(is_screen=screens), columns=["label", "is_screen"])
    assert made_loaders.classes == {"label": LABELS, "is_screen": [False, True]}
    images, targets = next(iter(made_loaders.valid))
    assert list(targets) == ["label", "is_screen"]
    part = made_loaders.valid.table
    assert [LABELS[target] for target in targets["label"]] == part["label"][:4].tolist()
    expected = [IGNORE if screen is None else int(screen) for screen in part["is_screen"][:4]]
    assert targets["is_screen"].tolist() == expected


def test_a_list_of_one_column_is_still_a_list(table):
    _, targets = next(iter(made(table, columns=["label"]).valid))
    assert list(targets) == ["label"]


def test_labels_may_be_numbers(table):
    made_loaders = made(table.assign(label=table["label"].map({"cat": 10, "dog": 2, "owl": 7})))
    assert made_loaders.classes == {"label": [2, 7, 10]}
    assert [[2, 7, 10][target] for target in epoch(made_loaders.valid)[1]] == made_loaders.valid.table["label"].tolist()


@pytest.mark.parametrize(("options", "found"), [
    ({"columns": "kind"}, "those of the table, 'path', 'label', 'split', but got 'kind'"),
    ({"columns": ["label", "kind", "size"]}, "but got 'kind', 'size'"), ({"columns": []}, "but got none"),
    ({"classes": ["cat", "dog", "cat", "owl"]}, "each once, but got 'cat', 'dog', 'cat', 'owl'"),
    ({"classes": {"kind": ["cat"]}}, "the classes of the column 'label', each once, but got none"),
])  # fmt: skip
def test_columns_and_classes_without_sense_are_answered(options, found, table):
    assert found in message(made, table, **options)
    assert found in message(make_loader, table, PREPROCESSING, **options)


def test_a_column_of_nothing_but_missing_labels_has_no_classes(table):
    assert "the classes of the column 'label'" in message(made, table.assign(label=None))


# --- prediction ------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
def test_prediction_takes_pictures_without_labels_in_their_order(workers, table):
    unlabelled = table[["path"]]
    loader = make_loader(unlabelled, PREPROCESSING, columns=None, workers=workers, batch_size=5)
    images, targets = epoch(loader)
    assert rows_of(loader, images) == list(range(len(table)))
    assert targets.dtype == torch.int64
    assert set(targets.tolist()) == {IGNORE}
    assert loader.classes == {}


def test_pictures_without_labels_are_never_taken_by_mistake(table):
    assert "but got 'label'" in message(make_loader, table[["path"]], PREPROCESSING)


def test_prediction_of_nothing_is_answered(table):
    assert "the table has no row" in message(make_loader, table[:0], PREPROCESSING)


# --- bad input -------------------------------------------------------------------------------------


def test_pictures_that_cannot_be_read_are_named(table, tmp_path):
    broken = pd.DataFrame({"path": ["a.jpg", "b.jpg"], "label": ["cat", "dog"], "split": "train"})
    broken.attrs["root"] = str(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"nothing to see")
    found = message(made, broken)
    assert "2 of 2 pictures cannot be read (missing, not a picture)" in found
    for workers in (0, 1):  # without a cache it is found out on the way, by a worker even
        loader = made(broken, cache="none", workers=workers).train
        assert message(epoch, loader) == found, "by itself, without a worker's traceback"


def test_a_table_without_a_folder_a_split_or_enough_to_train_on_is_answered(table):
    lost = table.copy()
    lost.attrs.clear()
    assert "table.attrs['root']" in message(made, lost)
    assert "table.attrs['root']" in message(make_loader, lost, PREPROCESSING)
    assert "add_splits(table)" in message(made, table.drop(columns="split"))
    for split in (None, "val"):
        some = table.assign(split=[split, *table["split"][1:]])
        found = message(made, some)
        assert "one of 'train', 'valid', 'test', but found" in found
        assert repr(str(split)) in found or "nan" in found
    for count in (0, 1):
        few = pd.concat([table[table["split"] == "train"][:count], table[table["split"] != "train"]])
        few.attrs = table.attrs
        assert f"2 pictures at least, but the split 'train' has {count}" in message(made, few)


@pytest.mark.parametrize(("options", "found"), [
    ({"batch_size": 1}, "batch_size as a whole number, 2 or more (BatchNorm cannot train on one picture), but got 1"),
    ({"batch_size": 2.5}, "got 2.5"), ({"batch_size": "4"}, "got '4'"), ({"seed": -1}, "seed as a whole number, 0 or more"),
    ({"seed": None}, "got None"), ({"workers": -1}, "or 'auto', but got -1"), ({"workers": "some"}, "but got 'some'"),
    ({"cache": "ram"}, "'auto', 'memory', 'disk', 'none'"), ({"memory_share": 0}, "got 0"),
])  # fmt: skip
def test_numbers_without_sense_are_answered(options, found, table):
    assert found in message(made, table, **options)


def test_no_cache_is_made_among_the_pictures(table):
    inside = os.path.join(table.attrs["root"], "cache")
    assert "must not be written among your pictures" in message(made, table, cache_dir=inside)
    assert not os.path.exists(inside)


# --- in words --------------------------------------------------------------------------------------


def test_the_loaders_say_what_they_are_and_why(table, tmp_path):
    made_loaders = made(table, LIGHT, cache="auto", workers="auto", cache_dir=tmp_path)
    words = str(made_loaders)
    assert words == repr(made_loaders) == made_loaders.describe()
    assert "train: 17 pictures in 4 batches of 4, in a new order each epoch, one left out each time; mirrored" in words
    assert "valid: 5 pictures in 2 batches of 4, in the table's order, as they are" in words
    assert "label: 3 classes, 'cat', 'dog', 'owl'" in words
    assert "pictures: decoded once, in memory (1 MB, under 50% of the memory that is free)" in words
    assert "workers: 0 (" in words
    assert "workers: 2 (as asked for)" in str(made(table, workers=2))
    assert "decoded each time (as asked for)" in str(made(table, cache="none"))
    assert isinstance(made_loaders, Loaders)
