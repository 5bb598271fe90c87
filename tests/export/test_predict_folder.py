"""The command that judges a folder: the answers of PyTorch without PyTorch, nothing lost, whatever kills it."""

import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from tests.export.made_onnx import CLASSES, STEPS, facts, made, weights
from tests.lessons.tool import digest, picture
from utils.data.images import open_image
from utils.data.samples import sample
from utils.data.transforms import Preprocessing
from utils.errors import CourseError
from utils.evaluation.heads import of_head
from utils.evaluation.predictions import predict_pictures, predict_table, read_predictions
from utils.evaluation.reading import read_any_predictions
from utils.export import predict_folder as command
from utils.export.exporting import export
from utils.export.predict_folder import main, predict_folder
from utils.export.served import Served
from utils.models.build import build

ROOT = Path(__file__).resolve().parents[2]
TWO = {"screen": ["paper", "screen"], "logo": ["none", "old", "new"]}
BLOCKED = ("torch", "torchvision", "pandas", "yaml", "tqdm", "matplotlib", "scipy", "sklearn", "papermill", "onnx")
ODD = ["b.jpg", "b/2.PNG", "b/1.jpg", "b-c/1.jpg", "a, \"b\"/ä.jpg", "a\nb/line\rbreaks.png", "b/deep/er/1.webp"]  # fmt: skip
QUIET = {"progress": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A few pictures with all sorts of names, and what is none."""
    root, rng = tmp_path_factory.mktemp("own") / "my pictures", np.random.default_rng(0)
    for name in ODD:
        picture(root / name, rng)
    (root / "notes.txt").write_text("no picture")
    picture(root / ".hidden" / "1.jpg", rng)
    return root


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return made(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "table.csv"


class Same(nn.Module):
    """What `made` writes, in PyTorch."""

    def __init__(self, heads=None, **steps):
        super().__init__()
        self.weights = nn.ParameterDict({head: torch.from_numpy(values) for head, values in weights(heads).items()})
        self.classes = heads or CLASSES
        normalisation = {"name": "made", **STEPS["normalisation"]}
        self.preprocessing = Preprocessing(**STEPS | {"normalisation": normalisation} | steps)

    def forward(self, images):
        logits = {head: images.flatten(1) @ values for head, values in self.weights.items()}
        return logits if isinstance(self.classes, dict) else logits["label"]


def answers_of_torch(model, folder, paths):
    table = pd.DataFrame({"path": list(paths)})
    table.attrs["root"] = str(folder)
    return predict_table(model, table, progress=False)


def assert_same(found, expected, within=1e-5):
    assert list(found["path"]) == list(expected["path"])
    assert [name for name in found if name != "problem"] == list(expected)
    for name in expected:
        if name.rpartition(".")[2].startswith("p_"):
            assert np.abs(found[name].to_numpy(float) - expected[name].to_numpy(float)).max() < within, name
        elif name.endswith("predicted"):
            assert list(found[name]) == list(expected[name])


def many(root, count):
    for number in range(count):
        file = root / f"{number % 7}" / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (number % 256, 255 - number % 256, number % 13 * 19)).save(file)
    return root


def size_of(file):
    return file.stat().st_size if file.exists() else 0


def started(*arguments, code="pass", limit=None):
    """The command in a process of its own; `code` runs before it."""
    line = (
        f"import sys; {code}; from utils.export.predict_folder import main; sys.exit(main({[*map(str, arguments)]!r}))"
    )
    limits = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment, preexec_fn=limits)  # fmt: skip


# --- the same answers -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["squash", "crop", "pad"])
def test_its_answers_are_those_of_torch_on_the_sample_pictures(policy, tmp_path, out):
    animals = sample("animals")
    file = made(tmp_path / "m.onnx", said=facts(preprocessing=STEPS | {"policy": policy}))
    done = predict_folder(file, animals, out, **QUIET)
    found = read_predictions(out)
    pictures = sorted(path.relative_to(animals).as_posix() for path in animals.rglob("*.jpg"))
    assert done == (out, len(pictures), 0, 0) and len(pictures) > 200
    assert_same(found, answers_of_torch(Same(policy=policy), animals, pictures))
    assert found["predicted"].nunique() == len(CLASSES), "a model that always says the same would show little"


def test_the_answers_of_several_heads_are_blocks_of_one_table(tmp_path, folder, out):
    predict_folder(made(tmp_path / "m.onnx", TWO), folder, out, **QUIET)
    found = read_predictions(out)
    assert_same(found, answers_of_torch(Same(TWO), folder, sorted(ODD)))
    assert list(of_head(found, "logo", known=False)) == ["path", "label", "predicted", "p_none", "p_old", "p_new"]


def test_an_exported_model_answers_as_predict_pictures_does(tmp_path, out):
    built, animals = build("small_cnn", len(CLASSES), None, classes=CLASSES, size=32, seed=1), sample("animals")
    images = built.preprocessing(*(open_image(path) for path in sorted(animals.glob("*/*1.jpg"))))
    with torch.no_grad():
        for _ in range(30):  # of BatchNorm's averages; without them the answers to all pictures are alike
            built.train()(images)
        built.head.weight.mul_(10)
    export(built, tmp_path / "m.onnx")
    predict_folder(tmp_path / "m.onnx", animals, out, **QUIET)
    found = read_predictions(out, root=animals)
    expected = predict_pictures(built, [animals / path for path in found["path"]])
    assert_same(found, expected.assign(path=found["path"]), within=1e-4)
    assert found.filter(like="p_").std().max() > 0.05


def test_the_rows_are_the_pictures_of_all_subfolders_in_the_order_of_their_paths(model, folder, out, capsys):
    predict_folder(model, folder, out)
    table = pd.read_csv(out, keep_default_na=False)
    assert list(table["path"]) == sorted(ODD)
    assert set(table["label"]) == set(table["problem"]) == {""}
    assert "Left out: no picture: 'notes.txt'\n" in capsys.readouterr().err


def test_the_pictures_are_only_read(model, folder, out):
    before = digest(folder)
    predict_folder(model, folder, out, **QUIET)
    assert digest(folder) == before


@pytest.mark.parametrize("batch", [1, 3, 7, 10])
def test_a_file_for_a_fixed_number_of_pictures_answers_the_same(batch, model, folder, tmp_path, out):
    predict_folder(model, folder, out, **QUIET)
    expected = read_predictions(out)
    fixed = made(tmp_path / "fixed.onnx", batch=batch)
    predict_folder(fixed, folder, tmp_path / "fixed.csv", **QUIET)
    assert_same(read_predictions(tmp_path / "fixed.csv"), expected)
    with pytest.raises(CourseError, match=f"exported for {batch} pictures at a time, so batch_size=4 will not do"):
        predict_folder(fixed, folder, tmp_path / "fixed.csv", batch_size=4, **QUIET)


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_gives_the_same_table(threads, model, folder, tmp_path, out):
    predict_folder(model, folder, out, **QUIET)
    predict_folder(model, folder, tmp_path / "other.csv", threads=threads, batch_size=2, **QUIET)
    assert_same(read_predictions(tmp_path / "other.csv"), read_predictions(out))


def test_it_needs_onnxruntime_numpy_and_pillow_alone(model, folder, tmp_path, out):
    predict_folder(model, folder, tmp_path / "here.csv", **QUIET)
    process = started(model, folder, out, code=f"sys.modules.update(dict.fromkeys({BLOCKED!r}))")
    told, errors = process.communicate()
    assert process.returncode == 0, errors
    assert f"'{out}' has {len(ODD)} pictures.\n" == told
    assert out.read_bytes() == (tmp_path / "here.csv").read_bytes()


# --- what is wrong with pictures --------------------------------------------------------------------------------------
def test_a_picture_that_cannot_be_read_has_a_row_that_says_why_and_no_answers(model, out):
    messy = sample("messy")
    done = predict_folder(model, messy, out, batch_size=5, **QUIET)
    table = pd.read_csv(out, keep_default_na=False, dtype=str)
    bad = table[table["problem"] != ""]
    assert done.problems == len(bad) == 6
    assert dict(zip(bad["path"], bad["problem"]))["train/leaf/text-named-jpg.jpg"] == "not a picture"
    assert (bad.drop(columns=["path", "problem"]) == "").all(axis=None)
    fine = table[table["problem"] == ""]
    fine.to_csv(out, index=False)
    assert_same(read_predictions(out), answers_of_torch(Same(), messy, fine["path"]))


def test_one_picture_without_an_answer_has_none_and_two_have_none(model, tmp_path, out, capsys):
    (tmp_path / "own").mkdir()
    for number, verb in ((1, "has"), (2, "have")):
        (tmp_path / "own" / f"{number}.jpg").write_bytes(b"")
        assert main([str(model), str(tmp_path / "own"), str(out), "--again"]) == 1
        assert f" {number} {verb} no answer; the column problem says why." in capsys.readouterr().out


def test_a_batch_without_one_readable_picture_is_no_trouble(model, tmp_path, out, capsys):
    for number in range(5):
        (tmp_path / "own").mkdir(exist_ok=True)
        (tmp_path / "own" / f"{number}.jpg").write_bytes(b"")
    assert main([str(model), str(tmp_path / "own"), str(out), "--batch-size", "2"]) == 1
    assert "5 have no answer; the column problem says why" in capsys.readouterr().out
    assert out.read_text().splitlines()[1:] == [f"{number}.jpg,,,,,,empty file" for number in range(5)]


def test_an_answer_that_is_no_number_is_a_problem_of_that_picture_alone(model, folder, tmp_path, out, monkeypatch):
    plain, own = Served.probabilities, Path(shutil.copytree(folder, tmp_path / "own"))
    (own / "a.jpg").write_bytes(b"")  # within the same batch, before it
    served = Served(model)
    darkness = {name: served.prepare(own / name).mean() for name in ODD}
    darkest = min(darkness, key=darkness.get)

    def odd(self, pictures):
        answers = plain(self, pictures)
        answers["label"][pictures.mean(axis=(1, 2, 3)) == darkness[darkest]] = np.nan
        return answers

    monkeypatch.setattr(Served, "probabilities", odd)
    assert predict_folder(model, own, out, **QUIET).problems == 2
    with out.open(newline="") as file:
        bad = {row[0]: row[1:] for row in list(csv.reader(file))[1:] if row[-1]}
    assert bad == {"a.jpg": [*[""] * 5, "empty file"], darkest: [*[""] * 5, command.UNSURE]}


# --- lessons read it --------------------------------------------------------------------------------------------------
@pytest.fixture
def classes_folder(tmp_path):
    rng = np.random.default_rng(1)
    for label in CLASSES:
        for number in range(3):
            picture(tmp_path / "classes" / label / f"{number}.jpg", rng)
    picture(tmp_path / "classes" / "loose.jpg", rng)
    return tmp_path / "classes"


def test_labels_come_from_the_folders_where_that_is_asked_for_and_lesson_06_reads_them(
    model, classes_folder, out, capsys
):
    predict_folder(model, classes_folder, out, labels_from_folders=True)
    table = read_any_predictions(out, root=classes_folder)
    assert list(table["label"]) == [label for label in CLASSES for _ in range(3)]
    assert "beside the classes: 'loose.jpg'" in capsys.readouterr().err


def test_folders_that_are_no_classes_of_the_model_are_named(model, classes_folder, out, tmp_path):
    (classes_folder / "owl").rename(classes_folder / "Owl")
    with pytest.raises(CourseError, match="'cat', 'dog', 'owl', but there are 'Owl'"):
        predict_folder(model, classes_folder, out, labels_from_folders=True, **QUIET)
    with pytest.raises(CourseError, match="answers 'screen', 'logo', and nothing says whose"):
        predict_folder(made(tmp_path / "two.onnx", TWO), classes_folder, out, labels_from_folders=True, **QUIET)
    assert not out.exists()


# --- a run that was killed --------------------------------------------------------------------------------------------
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(model, tmp_path, out):
    own = many(tmp_path / "own", 1500)
    arguments = [model, own, out, "--batch-size", "4"]
    predict_folder(model, own, tmp_path / "whole.csv", batch_size=4, **QUIET)
    expected, chance, kills = (tmp_path / "whole.csv").read_bytes(), random.Random(0), 0
    for _ in range(40):
        process = started(*arguments)
        until = size_of(out) + chance.uniform(0, len(expected) / 2.5)
        while process.poll() is None and size_of(out) < until:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            break
    assert process.returncode == 0 and kills >= 2
    assert out.read_bytes() == expected


def test_what_is_there_is_not_done_again(model, folder, out, monkeypatch, capsys):
    predict_folder(model, folder, out, batch_size=2, **QUIET)
    whole = out.read_bytes()
    lines = whole.splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:-1]))  # of seven rows, in batches of two: six stay
    looked_at, plain = [], Served.prepare
    monkeypatch.setattr(Served, "prepare", lambda self, path: looked_at.append(path.name) or plain(self, path))
    done = predict_folder(model, folder, out, batch_size=2, **QUIET)
    assert looked_at == [Path(sorted(ODD)[-1]).name] and done.before == 6
    assert out.read_bytes() == whole
    assert main([str(model), str(folder), str(out)]) == 0 and len(looked_at) == 1
    assert "has 7 pictures, 7 of them by an earlier run.\n" in capsys.readouterr().out


def test_problems_of_an_earlier_run_are_counted_too(model, out):
    done = predict_folder(model, sample("messy"), out, batch_size=5, **QUIET)
    rows = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(rows[: len(rows) // 2]))
    again = predict_folder(model, sample("messy"), out, batch_size=5, **QUIET)
    assert again.before and again[:3] == done[:3]


def test_a_full_disk_is_said_and_when_there_is_room_the_same_line_goes_on(model, tmp_path, out):
    own = many(tmp_path / "own", 300)
    predict_folder(model, own, tmp_path / "whole.csv", **QUIET)
    expected = (tmp_path / "whole.csv").read_bytes()
    process = started(model, own, out, limit=len(expected) // 2)
    _, errors = process.communicate()
    assert (
        process.returncode == 2 and "cannot be written: File too large. What is there stays. Free some space" in errors
    )
    assert out.stat().st_size == len(expected) // 2, "the row that did not fit is torn"
    assert predict_folder(model, own, out, **QUIET).before == 128
    assert out.read_bytes() == expected


def test_ctrl_c_stops_it_and_the_same_line_goes_on(model, folder, out, monkeypatch, capsys):
    count, plain = [], Served.probabilities

    def interrupted(self, pictures):
        count.append(len(pictures))
        if sum(count) > 4:
            raise KeyboardInterrupt
        return plain(self, pictures)

    arguments = [str(model), str(folder), str(out), "--batch-size", "2"]
    with monkeypatch.context() as patched:
        patched.setattr(Served, "probabilities", interrupted)
        assert main(arguments) == 130
    assert "The same line goes on" in capsys.readouterr().err
    assert main(arguments) == 0
    assert "7 pictures, 2 of them by an earlier run" in capsys.readouterr().out


# --- what it refuses --------------------------------------------------------------------------------------------------
def test_a_table_of_another_model_folder_or_setting_is_left_as_it_is(model, classes_folder, tmp_path, out, capsys):
    predict_folder(model, classes_folder, out, **QUIET)
    whole, beside = out.read_bytes(), Path(f"{out}.run.json").read_bytes()
    other = made(tmp_path / "other.onnx", said=facts(course_version="1"))
    moved = classes_folder.rename(tmp_path / "moved")
    for arguments, told in [
        ((other, moved), "model was '"),
        ((model, moved), f"folder was '{classes_folder}' and is '{moved}'"),
        ((model, moved, "--labels-from-folders"), "labels_from_folders was False and is True"),
    ]:
        model_file, own, *more = map(str, arguments)
        assert main([model_file, own, str(out), *more]) == 2
        errors = capsys.readouterr().err
        assert "was begun with something else" in errors and told in errors and "--again" in errors
        assert (out.read_bytes(), Path(f"{out}.run.json").read_bytes()) == (whole, beside)
    assert main([str(other), str(moved), str(out), "--again"]) == 0
    assert json.loads(Path(f"{out}.run.json").read_text())["folder"] == str(moved)
    assert out.read_bytes() == whole, "the same pictures, and a model that differs in its version alone"


def test_a_picture_that_came_or_went_meanwhile_is_named(model, classes_folder, out):
    predict_folder(model, classes_folder, out, **QUIET)
    whole = out.read_bytes()
    (classes_folder / "cat" / "1.jpg").rename(classes_folder / "cat" / "3.jpg")
    with pytest.raises(
        CourseError, match=r"Row 3 of .* should be the 7 cells 'cat/2.jpg' \.\.\., but it is 'cat/1.jpg'"
    ):
        predict_folder(model, classes_folder, out, **QUIET)
    for name in ("cat/0.jpg", "cat/2.jpg", "cat/3.jpg"):
        (classes_folder / name).unlink()
    (classes_folder / "loose.jpg").rename(classes_folder / "cat" / "0.jpg")
    with pytest.raises(CourseError, match="Row 3 .* 'dog/0.jpg'"):
        predict_folder(model, classes_folder, out, **QUIET)
    assert out.read_bytes() == whole


def test_results_are_never_written_among_the_pictures(model, folder):
    for name in ("table.csv", "b/table.csv", "new/table.csv"):
        with pytest.raises(CourseError, match="must not be written among your pictures") as refused:
            predict_folder(model, folder, folder / name, **QUIET)
        assert f"'{folder.parent / 'table.csv'}'" in str(refused.value)
    link = folder.parent / "link"
    link.symlink_to(folder)
    with pytest.raises(CourseError, match="must not be written among your pictures"):
        predict_folder(model, folder, link / "table.csv", **QUIET)


def test_a_folder_without_pictures_is_an_error_that_says_what_is_there(model, tmp_path, out, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "own" / "raw").mkdir(parents=True)
    (tmp_path / "own" / "raw" / "1.heic").write_bytes(b"x")
    for own, told in [
        ("empty", "but found none. Pictures end"),
        ("own", "but found none; there is no picture: 'raw/1.heic'. Pictures end"),
        ("owm", "Expected a folder with pictures, but"),
    ]:
        assert main([str(model), str(tmp_path / own), str(out)]) == 2
        assert told in capsys.readouterr().err
    assert not out.parent.exists()


def test_what_cannot_be_written_or_counted_is_said(model, folder, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    for out, more, told in [
        (tmp_path / "file" / "t.csv", [], f"cannot be written: '{tmp_path / 'file'}' is no folder."),
        (tmp_path, [], "Expected the name of a CSV to write, but"),
        (tmp_path / "t.csv", ["--batch-size", "0"], "Expected batch_size as a whole number from 1, but got 0"),
        (tmp_path / "t.csv", ["--threads", "-1"], "Expected threads as a whole number from 1, but got -1"),
    ]:
        assert main([str(model), str(folder), str(out), *more]) == 2
        assert told in capsys.readouterr().err


def test_a_file_that_was_not_made_here_is_never_replaced(model, folder, out, capsys):
    out.parent.mkdir()
    out.write_text("my,own,labels\n")
    for more in ([], ["--again"]):
        assert main([str(model), str(folder), str(out), *more]) == 2
        assert "exists already, and no 'table.csv.run.json'" in capsys.readouterr().err
    assert out.read_text() == "my,own,labels\n"


# --- any size of folder -----------------------------------------------------------------------------------------------
def test_only_a_few_pictures_are_in_memory_whatever_the_size_of_the_folder(model, tmp_path, out, monkeypatch):
    own = many(tmp_path / "own", 3000)
    plain, alive, most = Served.prepare, set(), []

    def prepare(self, path):
        prepared = plain(self, path)
        alive.add(path)
        weakref.finalize(prepared, alive.remove, path)
        most.append(len(alive))
        return prepared

    monkeypatch.setattr(Served, "prepare", prepare)
    assert predict_folder(model, own, out, batch_size=16, threads=2, **QUIET).pictures == 3000
    assert len(most) == 3000 and 16 <= max(most) <= 2 * 16 + 2, (
        "a batch that is judged, and one that is decoded meanwhile"
    )


def test_help_says_what_it_does_and_what_its_exit_codes_mean(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert "python -m utils.export.predict_folder" in told and "goes on when the same line runs again" in told
    assert "130 after Ctrl-C" in told
