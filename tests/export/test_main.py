"""The command that exports: one file, how its answers compare, and an exit code where it cannot be."""

import shutil

import pytest

from tests.export.conftest import CLASSES, small
from utils.data.samples import sample
from utils.export.__main__ import main
from utils.export.shipped import read_shipped
from utils.models.checkpoints import save_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(save_checkpoint(tmp_path_factory.mktemp("checkpoint") / "best.safetensors", small()))


def test_a_checkpoint_becomes_a_file_and_the_comparison_is_told(checkpoint, tmp_path, capsys):
    samples = str(sample("layouts"))
    assert main([checkpoint, str(tmp_path / "a.pt2"), "--precision", "float16", "--samples", samples]) == 0
    told = capsys.readouterr().out
    assert told.startswith("a.pt2: float16, ") and "get the same decision" in told
    assert read_shipped(tmp_path / "a.pt2")["heads"] == {"label": CLASSES}


def test_the_calibration_is_all_pictures_below_the_folder(checkpoint, tmp_path, capsys, monkeypatch):
    seen = []
    monkeypatch.setattr("utils.export.exporting.export", lambda *_, **options: seen.append(options))
    assert main([checkpoint, str(tmp_path / "a.onnx"), "--calibration", str(sample("animals"))]) == 0
    (options,) = seen
    assert len(options["calibration"]) == 752 and options["samples"] is None and options["precision"] == "float32"


def test_what_cannot_be_is_a_sentence_and_exit_code_2(checkpoint, tmp_path, capsys):
    assert main([checkpoint, str(tmp_path / "a.onnx"), "--precision", "int8"]) == 2
    told = capsys.readouterr().err
    assert "int8 needs pictures" in told and "--calibration FOLDER" in told and "table[" not in told
    assert main([checkpoint, str(tmp_path / "a.onnx"), "--calibration", str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_picture_is_left_out_of_the_calibration_and_named(checkpoint, tmp_path, capsys, monkeypatch):
    own, seen = tmp_path / "own", []
    shutil.copytree(sample("animals") / "cat", own)
    (own / "broken.jpg").write_bytes(b"no picture")
    monkeypatch.setattr("utils.export.exporting.export", lambda *_, **options: seen.append(options))
    assert main([checkpoint, str(tmp_path / "a.onnx"), "--precision", "int8", "--calibration", str(own)]) == 0
    assert len(seen[0]["calibration"]) == 96 and "broken.jpg" in capsys.readouterr().err
