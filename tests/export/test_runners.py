"""An exported file is opened and asked in one way, whatever its format; a damaged or foreign one is refused with the reason."""

import sys
import zipfile

import numpy as np
import pytest
import torch

from tests.export.conftest import CLASSES, SIZE
from utils.errors import CourseError
from utils.export.runners import FORMATS, formats_here, open_exported
from utils.export.shipped import KEY, read_shipped

IMAGES = np.random.default_rng(0).normal(size=(5, 3, *SIZE)).astype(np.float32)
tflite = pytest.mark.skipif("tflite" not in formats_here(), reason="no converter to .tflite here")


def message(function, *arguments, **options):
    with pytest.raises(CourseError) as caught:
        function(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_a_batch_is_answered_as_its_pictures_are_with_any_number_of_threads(model, exports, format):
    path = exports(model, format).path
    whole = open_exported(path, threads=1).probabilities(IMAGES)["label"]
    assert whole.shape == (5, 3) and whole.dtype == np.float32 and np.allclose(whole.sum(axis=1), 1, atol=1e-5)
    single = open_exported(path, threads=2)
    for place in range(5):
        assert np.allclose(
            single.probabilities(IMAGES[place : place + 1])["label"], whole[place : place + 1], atol=1e-6
        )


def test_a_runner_tells_what_it_has_opened(model, exports):
    made = exports(model)
    runner = open_exported(str(made.path), threads=2)
    assert (runner.format, runner.precision, runner.threads, runner.heads) == ("onnx", "float32", 2, {"label": CLASSES})
    assert runner.shape == (3, *SIZE) and repr(runner) == "OnnxRunner('float32.onnx', float32, 'label', threads=2)"


def test_the_threads_of_torch_are_as_before(model, exports):
    before = torch.get_num_threads()
    open_exported(exports(model, "pt2").path, threads=before + 1).probabilities(IMAGES)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("images", [
    IMAGES.astype(np.float64), (IMAGES * 50).astype(np.uint8), IMAGES[0], IMAGES[:, :1], IMAGES[:, :, :20], IMAGES[:0],
    IMAGES.transpose(0, 2, 3, 1),
], ids=lambda images: f"{images.dtype} {images.shape}")  # fmt: skip
def test_images_of_another_kind_are_refused(model, exports, images):
    told = message(open_exported(exports(model).path).probabilities, images)
    assert "Expected normalised images, float32 (N, 3, 24, 32), but got" in told and str(images.shape) in told


def test_what_is_no_exported_file_is_refused(model, exports, tmp_path):
    assert "Expected a file called .onnx, .tflite or .pt2, but got" in message(open_exported, tmp_path / "a.bin")
    for name in FORMATS:
        assert "does not exist" in message(open_exported, tmp_path / f"none.{name}")
        (tmp_path / f"a.{name}").write_bytes(b"hello, this is a text")
        assert f"a.{name}'" in message(open_exported, tmp_path / f"a.{name}")
    for name in ("onnx", "pt2"):
        cut = tmp_path / f"cut.{name}"
        cut.write_bytes(exports(model, name).path.read_bytes()[:-2000])
        assert "copied to its end" in message(open_exported, cut)


@pytest.mark.parametrize("name", ["tflite", "pt2"])
def test_an_archive_that_says_nothing_of_its_model_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / f"a.{name}", "w") as archive:
        archive.writestr("a/models/model.json", "{}")
    assert "does not say which classes it tells apart" in message(read_shipped, tmp_path / f"a.{name}")
    with zipfile.ZipFile(tmp_path / f"a.{name}", "a") as archive:
        archive.writestr(f"a/extra/{KEY}", b"\xff\xff")
    assert "cannot be read" in message(read_shipped, tmp_path / f"a.{name}")


def test_opening_an_onnx_file_needs_no_torch(model, exports):
    import subprocess

    code = ("import sys; from utils.export.runners import open_exported; import numpy as np; runner = open_exported(sys.argv[1]);"
            "print(runner.probabilities(np.zeros((2, 3, 24, 32), np.float32))['label'].shape, 'torch' in sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, exports(model).path], capture_output=True, text=True)
    assert done.stdout.strip() == "(2, 3) False", done.stderr


@tflite
def test_a_tflite_file_takes_one_picture_at_a_time_and_answers_any_number(heads_model, exports):
    made = exports(heads_model, "tflite")
    assert made.worst_difference < 1e-4 and made.same_decisions == 1
    facts = read_shipped(made.path)
    assert facts["batch"] == 1 and facts == read_shipped(made.path.with_name(made.path.name + ".json"))
    runner, taken = open_exported(made.path, threads=2), []
    runner._answers, own = lambda images: taken.append(len(images)) or own(images), runner._answers
    given = runner.probabilities(IMAGES)
    assert taken == [1] * 5
    with torch.inference_mode():
        wanted = {head: logits.softmax(dim=1).numpy() for head, logits in heads_model(torch.from_numpy(IMAGES)).items()}
    assert list(given) == list(wanted)
    assert all(np.abs(given[head] - wanted[head]).max() < 1e-4 for head in wanted)


@tflite
def test_a_damaged_tflite_file_is_refused(heads_model, exports, tmp_path):
    content = exports(heads_model, "tflite").path.read_bytes()
    (tmp_path / "a.tflite").write_bytes(content[: len(content) // 2])
    assert "copied to its end" in message(open_exported, tmp_path / "a.tflite")
    (tmp_path / "b.tflite").write_bytes(b"x" * 1000 + content[1000:])
    assert "Expected a .tflite file, but LiteRT cannot run" in message(open_exported, tmp_path / "b.tflite")
