"""A trained model as a file that runs elsewhere: written only where it gives the same answers.

`export(model, "cats.onnx")` writes the model, what must be done to a picture and what the classes are called, and
`cats.onnx.json` beside it with the same facts. Before that it runs the file with its own runtime on real pictures and compares
the answers with PyTorch's: a file whose answers differ is an error, and is not left behind. Introduced in lesson 08.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import nn

from utils.data.resizing import one_of
from utils.errors import CourseError, named
from utils.export.converting import AT_A_TIME, Conversions
from utils.export.network import facts_of, model_to_export
from utils.export.parity import TOLERANCES, Parity, Tolerance, check_parity, parity
from utils.export.pictures import calibrating_and_judging, loaded
from utils.export.runners import FORMATS, format_of, formats_here, open_exported
from utils.export.shipped import read_shipped
from utils.files import replacing

LACKING = {("pt2", "int8"): "float32 or float16; int8 there is in .onnx and .tflite"}


@dataclass(frozen=True, repr=False)
class Exported:
    """A file that was written, and how its answers compare with PyTorch's. Printed, it says all of it."""

    path: Path
    format: str
    precision: str
    bytes: int
    parity: Parity

    @property
    def worst_difference(self) -> float:
        """The largest difference of a probability."""
        return self.parity.worst

    @property
    def same_decisions(self) -> float:
        """The share of pictures with the same decision."""
        return self.parity.same

    def __repr__(self):
        return f"{self.path.name}: {self.precision}, {self.bytes / 1e6:.2f} MB; {self.parity}"


def export(
    model: nn.Module | str | Path, path: str | Path, *, format: str | None = None, precision: str = "float32",
    calibration=None, samples=None, tolerance: Tolerance | None = None,
) -> Exported:  # fmt: skip
    """Write a model to a file for another runtime, with its preprocessing, its classes and its softmax.

    The input is `images`, normalised, float32 (N, 3, H, W), for any N (.tflite: one at a time). The outputs are
    probabilities, float32 (N, K), one a head, called as the head; "label" for a model with one. Several files of one model
    are made quicker by an `Exporter`.

    Args:
        model: of `build`, `build_heads` or `load_checkpoint`, or the path of a checkpoint; it stays as it is.
        path: the file. `<its name>.json` beside it holds the same facts as the file itself, for who cannot open that.
        format: "onnx", "tflite" or "pt2"; None goes by the path's suffix.
        precision: "float32", "float16" (the weights in 16 bits: half the size) or "int8" (a third of it, and quicker).
        calibration: for int8: an image table, or a list of paths, 16 or more, from training. Of many, some are taken.
        samples: pictures to judge the answers on, likewise; None takes some of the course's, and for int8 every second
            one of the calibration.
        tolerance: how far the answers may differ; None takes that of `parity.TOLERANCES` for the precision.

    Raises:
        CourseError: no such format or precision, or the format is not to be had here; the model or a picture cannot be
            used; the format knows no counterpart of an operator (which is named); int8 without calibration; the answers
            differ; or the file cannot be written. Nothing is written then.
    """
    path = _path(path, format)
    _check_wanted(path, precision)  # before the model is read
    return Exporter(model).export(path, precision, calibration=calibration, samples=samples, tolerance=tolerance)


class Exporter:
    """One model for several files: what they have in common is converted once, and the rest takes a second a file.

    `Exporter(model).export(path, ...)` is `export(model, path, ...)`, with the same arguments and errors.
    """

    def __init__(self, model: nn.Module | str | Path):
        self._model = model_to_export(model)
        self._conversions = Conversions(self._model)

    def export(self, path: str | Path, precision: str = "float32", *, calibration=None, samples=None,
               tolerance: Tolerance | None = None) -> Exported:  # fmt: skip
        """Write one file; the path's suffix says the format."""
        path, model = Path(path).expanduser(), self._model
        format = _check_wanted(path, precision)
        _check_beside(path)
        text = _one_a_line(facts_of(model, precision, AT_A_TIME.get(format)))
        ranges, judging = calibrating_and_judging(calibration, samples, precision)
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            made = Path(folder) / path.name
            seen = () if ranges is None else loaded(ranges, model.preprocessing)
            self._conversions.write(made, format, precision, text, seen)
            found = parity(model, open_exported(made), loaded(judging, model.preprocessing))
            check_parity(found, tolerance or TOLERANCES[precision], precision)
            _put(made.read_bytes(), text, path)
        return Exported(path, format, precision, path.stat().st_size, found)


def _path(path, wanted):
    """The path with the format's suffix; a CourseError where it has another one."""
    path = Path(path).expanduser()
    if wanted is None:
        return path
    one_of(FORMATS, wanted, "format")
    if path.suffix and format_of(path) != wanted:
        raise CourseError(f"Expected a path that ends in .{wanted}, as format={wanted!r} says, but got '{path}'.")
    return path.with_suffix(f".{wanted}")


def _check_wanted(path, precision):
    """The format, where a file of it and the precision can be written here."""
    format = format_of(path)
    one_of(TOLERANCES, precision, "precision")
    if (format, precision) in LACKING:
        raise CourseError(
            f".{format} files there are in {LACKING[format, precision]}, but got precision={precision!r}."
        )
    if format not in formats_here():
        raise CourseError(f"To write .{format} files the packages {named(FORMATS[format])} are needed. On Linux: "
                          f"pip install 'image-classification-course[{format}]'   Formats that this machine can write: "
                          f"{named(formats_here())}.")  # fmt: skip
    return format


def _beside(path):
    """Of cats.onnx it is cats.onnx.json: a cats.tflite, which takes one picture at a time, says other things."""
    return path.with_name(path.name + ".json")


def _check_beside(path):
    """A CourseError where the .json beside the file is of something else: it would be overwritten."""
    beside = _beside(path)
    if beside.exists():
        try:
            read_shipped(beside)
        except CourseError as error:
            raise CourseError(f"'{beside}' would be overwritten, but it is not of an exported model. Choose another name for "
                              f"'{path.name}', or move it away.") from error  # fmt: skip


def _one_a_line(facts):
    """JSON that a person can read too."""
    return (
        "{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in facts.items())
        + "\n}"
    )


def _put(data, text, path):
    """The file and the .json beside it, each whole or not at all."""
    try:
        # In this order: where the file cannot take its place, the .json does not take its own.
        with replacing(_beside(path)) as beside, replacing(path) as temporary:
            temporary.write_bytes(data)
            beside.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CourseError(f"The model cannot be written to '{path}': {error.strerror}. Free some space, or choose another "
                          "folder.") from error  # fmt: skip
