"""An exported file answers as the model does, and says what it needs; one that would not is an error and no file."""

import json
import os
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from tests.bench.bench_export import tuned
from tests.export.conftest import CLASSES, HEADS, SIZE, lively, pictures, small
from utils.data.images import open_image
from utils.data.samples import sample
from utils.data.splits import add_splits
from utils.data.tables import scan
from utils.data.transforms import Preprocessing
from utils.errors import CourseError
from utils.export import exporting, runners, to_onnx
from utils.export.comparing import predict_exported
from utils.export.converting import Conversions
from utils.export.exporting import Exporter, export
from utils.export.parity import TOLERANCES, Tolerance
from utils.export.runners import open_exported
from utils.export.shipped import read_shipped
from utils.models.build import build, seeded
from utils.models.checkpoints import save_checkpoint
from utils.models.efficientnet import EfficientNet, variant
from utils.models.pretrained import course_architectures, course_file
from utils.models.two_heads import build_heads
from utils.models.weights import read_weights
from utils.versions import installed_versions

NAME = "image-classification-course"
FEW = pictures()[::50]
NEW = slice(7, None, 40)  # pictures that no export was judged on


def message(*arguments, **options):
    with pytest.raises(CourseError) as caught:
        export(*arguments, **options)
    return str(caught.value)


def images_of(model, which=NEW):
    return model.preprocessing(*[open_image(path) for path in pictures()[which]]).contiguous()


def answers(model, images):
    """{head: (N, K) probabilities} of PyTorch."""
    with torch.inference_mode():
        logits = model(images)
    logits = logits if isinstance(logits, dict) else {"label": logits}
    return {head: each.softmax(dim=1).numpy() for head, each in logits.items()}


def largest_difference(model, path, images=None):
    images = images_of(model) if images is None else images
    given, wanted = open_exported(path).probabilities(images.numpy()), answers(model, images)
    assert list(given) == list(wanted)
    return max(np.abs(given[head] - wanted[head]).max() for head in wanted)


class Own(nn.Module):
    """A network that nobody's `build` made, around a step that is to be tried; exported in a second."""

    classes, preprocessing = ["dark", "light"], Preprocessing(16)

    def __init__(self, step=lambda images: images.mean(dim=(2, 3)), seed=0):
        super().__init__()
        self.step = step
        with seeded(seed):
            self.head = nn.Linear(3, 2)
            nn.init.normal_(self.head.weight, std=3)

    def forward(self, images):
        return self.head(self.step(images))


# --- the same answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_the_answers_are_those_of_pytorch_for_any_number_of_pictures(model, exports, format):
    made = exports(model, format)
    assert made.worst_difference < 1e-5 and made.same_decisions == 1 and made.parity.pictures == 50
    for count in (1, 2, 7):
        assert largest_difference(model, made.path, images_of(model)[:count]) < 1e-5


def test_shufflenet_with_the_weights_of_the_course_gives_the_same_answers(tmp_path):
    model = small("shufflenet_v2_x0_5", "course")
    made = export(save_checkpoint(tmp_path / "best.safetensors", model), tmp_path / "a.onnx", samples=pictures()[::30])
    assert made.worst_difference < 1e-5 and largest_difference(model, made.path) < 1e-5


def test_each_head_has_an_output_with_its_name(heads_model, exports):
    made = exports(heads_model)
    assert made.worst_difference < 1e-5 and largest_difference(heads_model, made.path) < 1e-5
    graph = onnx.load(made.path).graph
    assert [each.name for each in graph.input] == ["images"] and [each.name for each in graph.output] == list(HEADS)


def test_half_precision_halves_the_file_and_keeps_the_answers(model, exports):
    whole = exports(model)
    for format in ("onnx", "pt2"):
        half = exports(model, format, "float16")
        assert 1e-6 < half.worst_difference < 1e-2 and half.same_decisions == 1
        assert largest_difference(model, half.path) < 1e-2
        assert half.bytes < 0.7 * exports(model, format).bytes
    kinds = {each.data_type for each in onnx.load(half_file(exports, model)).graph.initializer if len(each.dims) > 1}
    assert kinds == {onnx.TensorProto.FLOAT16} and whole.bytes > half.bytes


def half_file(exports, model):
    return exports(model, "onnx", "float16").path


def test_int8_is_a_small_file_with_nearly_all_decisions(model, exports):
    made = exports(model, "onnx", "int8")
    assert made.bytes < 0.4 * exports(model).bytes
    assert 1e-3 < made.parity.mean < 0.15 and made.same_decisions > 0.8
    graph = onnx.load(made.path).graph
    weights = [
        onnx.numpy_helper.to_array(each) for each in graph.initializer if each.data_type == onnx.TensorProto.INT8
    ]
    largest = max(np.abs(each.astype(int)).max() for each in weights if each.ndim == 4)
    assert 60 <= largest <= 64  # 7 of 8 bits: more would saturate on processors without VNNI
    assert [node.op_type for node in graph.node if "label" in node.output] == ["Softmax"]  # in 32 bits


def test_a_flip_of_height_and_width_would_be_seen(model, exports):
    turned = images_of(model).transpose(2, 3).contiguous()
    with pytest.raises(CourseError, match=r"float32 \(N, 3, 24, 32\), but got float32 \(19, 3, 32, 24\)"):
        open_exported(exports(model).path).probabilities(turned.numpy())


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_the_file_tells_nothing_of_the_machine_that_made_it(model, exports, format):
    content = exports(model, format).path.read_bytes()
    for own in (str(Path.cwd()), "site-packages", ".py", "stack_trace"):
        assert own.encode() not in content


def test_nothing_is_said_while_exporting(tmp_path, capfd):
    export(Own(), tmp_path / "a.onnx", precision="int8", calibration=pictures()[::24])
    told = capfd.readouterr()
    assert told.out == told.err == ""


def test_the_model_stays_as_it_is(tmp_path):
    model = small().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export(model, tmp_path / "a.pt2", precision="float16", samples=FEW)
    after = model.state_dict()
    assert all(module.training for module in model.modules())
    assert all(
        torch.equal(after[name], tensor) and after[name].dtype == tensor.dtype for name, tensor in before.items()
    )
    assert all(parameter.requires_grad for parameter in model.parameters())


# --- what it says about itself ---------------------------------------------------------------------


@pytest.mark.parametrize("format", ["onnx", "pt2"])
def test_file_and_json_say_the_same_and_all_that_serving_needs(model, exports, format):
    path = exports(model, format).path
    facts = read_shipped(path)
    assert facts == read_shipped(path.with_name(path.name + ".json")) == {
        "format": 1, "architecture": "small_cnn", "heads": {"label": CLASSES},
        "preprocessing": model.preprocessing.to_dict() | {
            "size": list(SIZE), "fill": [124, 116, 104],
            "normalisation": {"name": "imagenet", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        },
        "input": "images", "outputs": ["label"], "precision": "float32", "batch": None,
        "course_version": installed_versions(NAME)[NAME],
    }  # fmt: skip
    assert Preprocessing.from_dict(facts["preprocessing"]) == model.preprocessing
    assert "Eule ü" in path.with_name(path.name + ".json").read_text(encoding="utf-8")


def test_several_heads_and_a_precision_are_told(heads_model, model, exports):
    facts = read_shipped(exports(heads_model).path)
    assert list(facts["heads"].items()) == list(HEADS.items()) and facts["outputs"] == list(HEADS)
    assert read_shipped(exports(model, "onnx", "int8").path)["precision"] == "int8"


def test_printed_it_says_how_large_the_file_is_and_how_it_compares(model, exports):
    made = exports(model)
    assert made.bytes == made.path.stat().st_size
    assert repr(made).startswith(
        f"float32.onnx: float32, {made.bytes / 1e6:.2f} MB; of 50 pictures 100.0% get the same"
    )


def test_several_files_of_a_model_are_those_that_it_gives_one_by_one_and_are_converted_once(tmp_path, monkeypatch):
    converted, calls = to_onnx.converted, []
    monkeypatch.setattr(to_onnx, "converted", lambda *given: calls.append(1) or converted(*given))
    exporter, given = Exporter(Own()), {"calibration": pictures()[::24], "samples": FEW}
    for precision in ("float16", "int8", "float32"):  # none leaves a trace in the next
        made = exporter.export(tmp_path / f"{precision}.onnx", precision, **given)
        alone = export(Own(), tmp_path / "alone.onnx", precision=precision, **given)
        assert made.path.read_bytes() == alone.path.read_bytes() and made.parity == alone.parity
    assert len(calls) == 4


# --- an error, and no file -------------------------------------------------------------------------


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_answers_beyond_the_tolerance_are_an_error_and_the_older_file_stays(model, tmp_path):
    (tmp_path / "a.pt2").write_bytes(b"older")
    told = message(model, tmp_path / "a.pt2", precision="float16", samples=FEW, tolerance=Tolerance(worst=1e-6))
    assert "does not answer as the model does: of 16 pictures 100.0% get the same decision" in told
    assert "Expected a worst difference up to 1e-06." in told and "No file was written." in told
    assert left_in(tmp_path) == ["a.pt2"] and (tmp_path / "a.pt2").read_bytes() == b"older"


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_a_file_of_another_model_would_be_found(precision, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "Conversions", lambda model: Conversions(Own(seed=1).eval()))
    options = {"calibration": pictures()[::12]} if precision == "int8" else {}
    told = message(Own(), tmp_path / "a.onnx", precision=precision, samples=FEW, **options)
    assert "does not answer as the model does" in told and left_in(tmp_path) == []
    assert ("other calibration pictures" in told) == (precision == "int8")


def test_answers_that_are_no_numbers_are_an_error(tmp_path):
    model = Own()
    with torch.no_grad():
        model.head.bias[0] = float("nan")
    told = message(model, tmp_path / "a.pt2", samples=FEW)
    assert "differs by nan at most" in told and left_in(tmp_path) == []


def test_an_operator_without_a_counterpart_is_named(tmp_path):
    model = Own(lambda images: torch.special.bessel_j0(images.mean(dim=(2, 3))))
    told = message(model, tmp_path / "a.onnx")
    assert "cannot be made a .onnx file: the exporter does not know what to do with the operator" in told
    assert "bessel_j0" in told and "take .pt2" in told and left_in(tmp_path) == []


def test_a_network_that_looks_at_numbers_is_told_so(tmp_path):
    model = Own(lambda images: images.mean(dim=(2, 3)) * (1 if images.sum() > 0 else -1))
    assert "it takes another way for other pictures" in message(model, tmp_path / "a.onnx")


def test_int8_without_pictures_or_with_a_few_says_what_to_give(tmp_path):
    told = message(Own(), tmp_path / "a.onnx", precision="int8")
    assert "calibration=table[table['split'] == 'train']" in told
    told = message(Own(), tmp_path / "a.onnx", precision="int8", calibration=pictures()[:15])
    assert "Expected 16 pictures or more in calibration" in told and "but got 15" in told
    assert "as a list of paths, but got 'a folder'" in message(
        Own(), tmp_path / "a.onnx", precision="int8", calibration="a folder"
    )
    assert "Expected pictures in samples, but there is none" in message(Own(), tmp_path / "a.onnx", samples=[])
    assert left_in(tmp_path) == []


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert "bad.png" in message(Own(), tmp_path / "a.pt2", samples=[*pictures()[:2], tmp_path / "bad.png"])


def test_a_model_that_does_not_know_its_pictures_or_classes_is_refused(tmp_path):
    model = build("small_cnn", 2, None, size=16)
    for nameless in (model, save_checkpoint(tmp_path / "nameless.safetensors", model)):
        assert "model.classes = ['cat', 'dog']" in message(nameless, tmp_path / "a.onnx")
    assert "model.preprocessing = Preprocessing(size=64)" in message(nn.Linear(2, 2), tmp_path / "a.onnx")
    assert "Expected a model, or the path of a checkpoint, but got 3" in message(3, tmp_path / "a.onnx")
    assert "none.safetensors" in message(tmp_path / "none.safetensors", tmp_path / "a.onnx")
    heads = build_heads("small_cnn", {"images": ["a", "b"]}, None, size=16)
    assert "A head cannot be called 'images'" in message(heads, tmp_path / "a.onnx")


def test_the_suffix_is_the_format(tmp_path):
    assert "Expected a file called .onnx, .tflite or .pt2, but got" in message(Own(), tmp_path / "a.pb")
    assert "ends in .pt2, as format='pt2' says" in message(Own(), tmp_path / "a.onnx", format="pt2")
    assert "'onnx', 'tflite', 'pt2', but got 'coreml'" in message(Own(), tmp_path / "a", format="coreml")
    assert "'float32', 'float16', 'int8', but got 'int4'" in message(Own(), tmp_path / "a.onnx", precision="int4")
    assert "int8 there is in .onnx and .tflite" in message(Own(), tmp_path / "a.pt2", precision="int8")
    assert export(Own(), tmp_path / "a", format="pt2", samples=FEW).path == tmp_path / "a.pt2"


def test_without_its_packages_a_format_is_told_to_be_missing(tmp_path, monkeypatch):
    find = runners.find_spec
    monkeypatch.setattr(runners, "find_spec", lambda name: None if name == "litert_torch" else find(name))
    assert runners.formats_here() == ["onnx", "pt2"]
    told = message(Own(), tmp_path / "a.tflite")
    assert f"pip install '{NAME}[tflite]'" in told and "can write: 'onnx', 'pt2'." in told


def test_a_json_of_something_else_is_not_overwritten(tmp_path):
    (tmp_path / "a.onnx.json").write_text('{"my": "notes"}')
    assert "a.onnx.json' would be overwritten, but it is not of an exported model" in message(
        Own(), tmp_path / "a.onnx"
    )
    assert (tmp_path / "a.onnx.json").read_text() == '{"my": "notes"}' and left_in(tmp_path) == ["a.onnx.json"]


def test_a_file_of_an_earlier_export_is_replaced(tmp_path):
    for _ in range(2):
        path = export(Own(), tmp_path / "a.pt2", samples=FEW).path
    assert left_in(tmp_path) == ["a.pt2", "a.pt2.json"] and json.loads((tmp_path / "a.pt2.json").read_text())
    assert os.stat(path).st_mode & 0o444


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    told = message(Own(), tmp_path / "file" / "a.pt2", samples=FEW)
    assert "cannot be written to" in told and "a.pt2" in told


def test_a_folder_in_the_place_of_the_file_stays_and_no_json_is_left(tmp_path):
    (tmp_path / "a.pt2").mkdir()
    assert "cannot be written to" in message(Own(), tmp_path / "a.pt2", samples=FEW)
    assert left_in(tmp_path) == ["a.pt2"]


# --- every network, every format: minutes ----------------------------------------------------------


def of_the_course(name):
    """A network with the weights of the course where it has some: at random a deep one answers every picture alike."""
    if name != "own EfficientNet":
        return small(name, "course" if name in course_architectures() else None, size=(64, 96))
    model = EfficientNet(variant("b0"), 3)
    model.load_state_dict(read_weights(course_file("efficientnet_b0")).tensors, strict=False)
    model.preprocessing, model.classes, model.head = Preprocessing(64), CLASSES, model.classifier[1]
    return lively(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["crops_cnn", "animals_cnn", "small_cnn", "shufflenet_v2_x0_5", "mobilenet_v3_small",
                                  "efficientnet_b0", "own EfficientNet"])  # fmt: skip
def test_every_network_of_the_course_exports(name, tmp_path):
    model = of_the_course(name)
    exporter, images = Exporter(model), images_of(model)
    assert len(np.unique(answers(model, images)["label"].argmax(axis=1))) > 1
    for format in ("onnx", "pt2"):
        made = exporter.export(tmp_path / f"a.{format}")
        assert made.worst_difference < 1e-4 and largest_difference(model, made.path, images) < 1e-4


@pytest.fixture(scope="module")
def trained():
    """A ShuffleNet that tells the sample animals apart, and its table; int8 is for what has learned something."""
    table = add_splits(scan(sample("animals"), progress=False)[0])
    return tuned("shufflenet_v2_x0_5", table), table


@pytest.mark.slow
@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_a_trained_network_exports_in_every_precision(trained, format, tmp_path):
    model, table = trained
    calibration, samples = (table[table["split"] == split] for split in ("train", "test"))
    exporter, bytes_below = Exporter(model), {"float32": 1.6e6, "float16": 0.9e6, "int8": 0.65e6}
    assert bytes_below.keys() == TOLERANCES.keys()
    for precision, most in bytes_below.items():
        path = tmp_path / f"{precision}.{format}"
        made = exporter.export(path, precision, calibration=calibration, samples=samples)
        assert made.bytes < most, precision
        predictions = predict_exported(open_exported(made.path), samples)
        assert (predictions["label"] == predictions["predicted"]).mean() > 0.8, precision
