"""What a model file says about itself comes out as it went in, or an error says what is wrong with it."""

import json

import pytest
import torch

from tests.export.made_onnx import CLASSES, STEPS, facts, made
from utils.errors import CourseError
from utils.export.shipped import KEY, open_session, read_shipped

NORMALISATION = STEPS["normalisation"]


def test_an_onnx_file_and_the_json_beside_it_say_the_same(tmp_path):
    said = facts({"label": ["ä", "b, c", 'd"']})
    (tmp_path / "m.json").write_text(json.dumps(said), encoding="utf-8")
    assert read_shipped(made(tmp_path / "m.onnx", said=said)) == read_shipped(tmp_path / "m.json") == said


def test_a_model_of_somebody_else_is_refused_with_what_it_lacks(tmp_path):
    with pytest.raises(CourseError, match=f"has no '{KEY}' in its metadata: nothing says which classes"):
        read_shipped(made(tmp_path / "m.onnx", said=""))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "m.onnx', an empty file: "),
        (b"\x50\x4b\x03\x04 and so on", "m.onnx', a zip archive, as torch.save makes it: "),
        (b"\x1c\0\0\0TFL3 and so on", "m.onnx', a .tflite file: "),
        (b"hello, this is a text", "m.onnx': "),
    ],
)
def test_what_is_no_onnx_file_is_told_by_what_it_is(content, told, tmp_path):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(CourseError, match="onnxruntime cannot run") as refused:
        read_shipped(tmp_path / "m.onnx")
    assert told in str(refused.value) and "\n" not in str(refused.value) and ".. " not in str(refused.value)


def test_a_checkpoint_is_no_onnx_file(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "m.pt")
    with pytest.raises(CourseError, match="a zip archive, as torch.save makes it"):
        open_session(tmp_path / "m.pt")


def test_a_file_that_was_not_copied_to_its_end_is_refused(tmp_path):
    file = made(tmp_path / "m.onnx")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CourseError, match="copied to its end"):
        read_shipped(file)


def test_a_path_without_a_file_is_said(tmp_path):
    for path, told in [(tmp_path / "none.onnx", "does not exist"), (tmp_path, "is a folder")]:
        with pytest.raises(CourseError, match=told):
            open_session(path)
    with pytest.raises(CourseError, match="none.json' cannot be read: No such file"):
        read_shipped(tmp_path / "none.json")
    (tmp_path / "m.json").write_bytes(b"\xff\xfe")
    with pytest.raises(CourseError, match="m.json' cannot be read: it is no text"):
        read_shipped(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{", "is no JSON: "),
        ("[]", "Expected format 1 of .* but got \\[\\]"),
        (facts(format=2), "Expected format 1 of .* but got 2. Was it exported by a newer"),
        ({"format": 1}, "heads is missing; preprocessing is missing; input is missing; outputs is missing; prepro"),
        (facts(preprocessing={"size": [6, 8], "policy": "squash"}), "preprocessing.normalisation is missing; prep"),
        (facts(heads={"label": "cat"}, outputs=["label"]), "the classes of 'label' are 'cat', not two or more"),
        (facts(heads={"label": ["cat", "cat"]}, outputs=["label"]), "the classes of 'label' are .'cat', 'cat'., not"),
        (facts(heads={"label": ["cat"]}, outputs=["label"]), "the classes of 'label' are .'cat'., not two"),
        (facts(heads={"label": [0, 1]}, outputs=["label"]), "the classes of 'label' are .0, 1., not"),
        (facts() | {"heads": []}, "heads is \\[\\], not the classes of each head"),
        (facts(outputs=["logits"]), "the outputs are .'logits'., the heads .'label'."),
        (facts(batch=0), "the batch is 0"),
        (facts(batch="many"), "the batch is 'many'"),
        (facts(input=3), "the input is called 3"),
        (facts(preprocessing=STEPS | {"size": [6, 0]}), "preprocessing.size: Expected a size in pixels"),
        (facts(preprocessing=STEPS | {"policy": "stretch"}), "preprocessing.policy: .* got 'stretch'"),
        (facts(preprocessing=STEPS | {"fill": [0, 0]}), "preprocessing.fill: "),
        (facts(preprocessing=STEPS | {"interpolation": "cubic"}), "preprocessing.interpolation: .* got 'cubic'"),
        (facts(preprocessing=STEPS | {"normalisation": "imagenet"}), "preprocessing.normalisation: .* got 'imagenet'"),
        (facts(preprocessing=STEPS | {"normalisation": NORMALISATION | {"std": [1, 0, 1]}}), "a std above 0 for each"),
        (facts(preprocessing=STEPS | {"normalisation": NORMALISATION | {"mean": [1, 2]}}), "a std above 0 for each"),
        (facts(preprocessing=STEPS | {"normalisation": {"mean": [1, 2, 3]}}), "a std above 0 for each"),
        (facts(preprocessing=STEPS | {"normalisation": NORMALISATION | {"mean": [0, 0, float("nan")]}}), "a std above 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_named(said, told, tmp_path):
    file = tmp_path / "m.json"
    file.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    with pytest.raises(CourseError, match=told):
        read_shipped(file)


def test_all_that_is_wrong_is_named_at_once(tmp_path):
    said = facts(outputs=[], preprocessing=STEPS | {"size": 0, "policy": "stretch"})
    (tmp_path / "m.json").write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(CourseError, match="the outputs are.*preprocessing.size.*preprocessing.policy"):
        read_shipped(tmp_path / "m.json")


def test_more_than_is_needed_is_no_trouble(tmp_path):
    assert read_shipped(made(tmp_path / "m.onnx", said=facts(trained_by="me")))["heads"] == {"label": CLASSES}
