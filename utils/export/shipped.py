"""What a model file says about itself: its classes, and how a picture must be prepared for it.

It is one JSON text, in an ONNX file's metadata under KEY and as a .json beside it, so that whoever serves the model
prepares pictures as its training did, without having the training's code. Needs onnxruntime, and no torch.
Words: a *head* is one question a model answers; one with a single question calls it "label". Introduced in lesson 08.
"""

import json
import math
import zipfile
from pathlib import Path

import onnxruntime

from utils.data.resizing import INTERPOLATIONS, POLICIES, as_colour, as_size, is_whole, one_of
from utils.errors import CourseError, named

KEY = "image-classification"
FORMAT = 1  # of the text; another number is another meaning
PARTS = ("heads", "preprocessing", "input", "outputs")  # without these no picture could be judged
STEPS = ("size", "policy", "normalisation", "fill", "interpolation")
ARCHIVES = (".tflite", ".pt2")  # the first ends in a zip archive, the second is one
MAGIC = {b"PK": "a zip archive, as torch.save makes it", b"TFL3": "a .tflite file"}


def read_shipped(path: str | Path) -> dict:
    """What a model file (.onnx, .tflite, .pt2), or the .json beside it, says about the model; checked.

    Raises:
        CourseError: the file cannot be read, is no model's, or lacks something.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() in ARCHIVES:
        return _checked(_text_in(path), path)
    if path.suffix.lower() != ".json":
        return shipped_in(open_session(path), path)
    try:
        return _checked(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or "it is no text"
        raise CourseError(f"'{path}' cannot be read: {told}.") from error


def shipped_in(session: onnxruntime.InferenceSession, path: str | Path) -> dict:
    """The same, of a model file that is open already.

    Raises:
        CourseError: it is not of the course, or lacks something; `path` names it.
    """
    metadata = session.get_modelmeta().custom_metadata_map
    if KEY not in metadata:
        others = f" (only {named(metadata)})" if metadata else ""
        raise CourseError(f"Expected a model that the course has exported, but '{path}' has no {KEY!r} in its metadata{others}: "
                          "nothing says which classes it tells apart, at which size it takes pictures and how they are "
                          "normalised. Export it with utils.export; a guess would give wrong answers that look right.")  # fmt: skip
    return _checked(metadata[KEY], path)


def open_session(path: str | Path, threads: int = 1, spinning: bool = True) -> onnxruntime.InferenceSession:
    """A model file ready to run on the CPU.

    Args:
        path: an .onnx file.
        threads: how many one batch is shared by.
        spinning: whether they wait for work by asking for it over and over, as they do by default: quickest on cores that
            are free, and in the way of all else where pictures are decoded meanwhile.

    Raises:
        CourseError: there is no such file, or onnxruntime cannot run it.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise CourseError(
            f"Expected an ONNX file, but '{path}' {'is a folder' if path.is_dir() else 'does not exist'}."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # what goes wrong comes as an exception too
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has a dozen kinds of them, without a common parent
        raise CourseError(f"Expected an ONNX file, but onnxruntime cannot run '{path}'{_what_it_is(path)}: "
                          f"{str(error).splitlines()[0].rstrip('.')}. Was it copied to its end? A newer onnxruntime knows more "
                          f"operators than {onnxruntime.__version__}.") from error  # fmt: skip


def _text_in(path):
    """The text in a file that is a zip archive, or ends in one; nothing else in it is looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name == KEY or name.endswith(f"/extra/{KEY}"):
                    return archive.read(name).decode("utf-8")
    except FileNotFoundError as error:
        raise CourseError(f"Expected a {path.suffix} file, but '{path}' does not exist.") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CourseError(f"Expected a {path.suffix} file that the course has exported, but '{path}' cannot be read "
                          f"({error}). Was it copied to its end?") from error  # fmt: skip
    raise CourseError(f"Expected a model that the course has exported, but '{path}' does not say which classes it tells apart "
                      "and how pictures are prepared for it. Export it with utils.export.")  # fmt: skip


def _what_it_is(path):
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        return ""
    if not start:
        return ", an empty file"
    kinds = [kind for magic, kind in MAGIC.items() if magic in start]
    return f", {kinds[0]}" if kinds else ""


def _checked(text, path):
    """The values of the text, all that is wrong with them said at once."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CourseError(f"What '{path}' says about its model is no JSON: {error}. Export the model again.") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else values
        raise CourseError(f"Expected format {FORMAT} of what '{path}' says about its model, but got {found!r}. Was it exported "
                          "by a newer version of the course? Then update this one.")  # fmt: skip
    wrong = [*_lacking(values, PARTS, ""), *_lacking(values.get("preprocessing"), STEPS, "preprocessing.")]
    wrong = wrong or [*_wrong_names(values), *_wrong_steps(values["preprocessing"])]
    if wrong:
        raise CourseError(f"What '{path}' says about its model is not complete: {'; '.join(wrong)}. Export it again.")
    return values


def _lacking(values, names, where):
    found = values if isinstance(values, dict) else {}
    return [f"{where}{name} is missing" for name in names if name not in found]


def _wrong_names(values):
    heads = values["heads"]
    if not isinstance(heads, dict) or not heads:
        return [f"heads is {heads!r}, not the classes of each head"]
    wrong = [f"the classes of {head!r} are {classes!r}, not two or more different names"
             for head, classes in heads.items() if not _are_names(classes)]  # fmt: skip
    if values["outputs"] != list(heads):
        wrong.append(f"the outputs are {values['outputs']!r}, the heads {list(heads)}")
    if not isinstance(values["input"], str):
        wrong.append(f"the input is called {values['input']!r}")
    batch = values.get("batch")
    return wrong if batch is None or (is_whole(batch) and batch >= 1) else [*wrong, f"the batch is {batch!r}"]


def _are_names(classes):
    is_text = isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    return is_text and len(classes) == len(set(classes)) >= 2


def _wrong_steps(preprocessing):
    checks = {
        "size": as_size,
        "policy": lambda policy: one_of(POLICIES, policy, "policy"),
        "normalisation": _check_normalisation,
        "fill": as_colour,
        "interpolation": lambda interpolation: one_of(INTERPOLATIONS, interpolation, "interpolation"),
    }
    wrong = []
    for name, check in checks.items():
        try:
            check(preprocessing[name])
        except CourseError as error:
            wrong.append(f"preprocessing.{name}: {error}")
    return wrong


def _check_normalisation(values):
    parts = [values.get(name) if isinstance(values, dict) else None for name in ("mean", "std")]
    is_fine = all(isinstance(part, list) and len(part) == 3 and all(map(_is_finite, part)) for part in parts)
    if not is_fine or min(parts[1]) <= 0:
        raise CourseError(f"Expected a mean and a std above 0 for each of red, green and blue, but got {values!r}")


def _is_finite(value):
    return isinstance(value, (int, float)) and math.isfinite(value)
