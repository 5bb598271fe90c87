"""An exported file, opened: one call for every format, so that all can be judged and timed alike.

`open_exported(path).probabilities(images)` takes normalised images, float32 (N, 3, H, W), and gives {head: (N, K)}. Whoever
has pictures and no torch takes `predict_folder`. Importing this module imports no runtime; opening a file imports its own.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from utils.data.room import cores
from utils.errors import CourseError, named
from utils.export.shipped import open_session, read_shipped
from utils.versions import optional_module

FORMATS = {
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "tflite": ("litert_torch", "ai_edge_litert", "ai_edge_quantizer"),
    "pt2": ("torch",),
}  # what writing and running each one needs; each name is its files' suffix too


def formats_here() -> list[str]:
    """The formats that this machine can write and run, by what is installed: all of them on Linux."""
    return [name for name, packages in FORMATS.items() if all(map(find_spec, packages))]


class Runner:
    """An open file. `_answers` is its format's own: images (N, 3, H, W) to an iterable of (N, K), in the order of heads."""

    def __init__(self, path: Path, shipped: dict, threads: int | None):
        self.path, self.shipped = path, shipped
        self.format, self.precision = format_of(path), shipped.get("precision", "float32")
        self.heads: dict[str, list[str]] = shipped["heads"]
        self.threads = threads or cores()
        self.preprocessing: dict = shipped["preprocessing"]
        self.shape = (3, *self.preprocessing["size"])
        self._open()

    def probabilities(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The probabilities of a batch for each head, float32 (N, K).

        Raises:
            CourseError: images of another shape or type.
        """
        images = np.asarray(images)
        if images.dtype != np.float32 or images.ndim != 4 or images.shape[1:] != self.shape or not len(images):
            raise CourseError("Expected normalised images, float32 (N, {}, {}, {}), ".format(*self.shape)
                              + f"but got {images.dtype} {images.shape}.")  # fmt: skip
        step = self.shipped.get("batch") or len(images)
        parts = [self._answers(np.ascontiguousarray(images[at : at + step])) for at in range(0, len(images), step)]
        return {head: np.concatenate(each) for head, each in zip(self.heads, zip(*parts))}

    def __repr__(self):
        return (
            f"{type(self).__name__}({self.path.name!r}, {self.precision}, {named(self.heads)}, threads={self.threads})"
        )


class OnnxRunner(Runner):
    """By onnxruntime, on the CPU."""

    def _open(self):
        self._session = open_session(self.path, self.threads)

    def _answers(self, images):
        return self._session.run(list(self.heads), {self.shipped["input"]: images})


class TfliteRunner(Runner):
    """By LiteRT, on the CPU."""

    def _open(self):
        from utils.export.quiet import quiet

        litert = optional_module("ai_edge_litert.interpreter", "What runs .tflite files comes", "an .onnx file")
        try:
            with quiet():  # C++ says what it speeds up
                self._interpreter = litert.Interpreter(str(self.path), num_threads=self.threads)
                self._interpreter.allocate_tensors()
                self._network = self._interpreter.get_signature_runner()
        except (RuntimeError, ValueError) as error:
            raise CourseError(f"Expected a .tflite file, but LiteRT cannot run '{self.path}': "
                              f"{str(error).splitlines()[0]}. Was it copied to its end?") from error  # fmt: skip

    def _answers(self, images):
        found = self._network(**{self.shipped["input"]: images})
        return [found[head] for head in self.heads]


class Pt2Runner(Runner):
    """By torch, on the CPU."""

    def _open(self):
        from utils.export.to_pt2 import read_pt2

        self._network = read_pt2(self.path)

    def _answers(self, images):
        import torch

        from utils.evaluation.latency import with_threads

        with torch.inference_mode(), with_threads(self.threads):
            found = self._network(torch.from_numpy(images))
        return [found[head].numpy() for head in self.heads]


RUNNERS = {"onnx": OnnxRunner, "tflite": TfliteRunner, "pt2": Pt2Runner}


def open_exported(path: str | Path, threads: int | None = None) -> Runner:
    """An exported file ready to answer.

    Args:
        path: a file that `export` wrote; its suffix says the format.
        threads: of the processor, for one batch; None takes all cores.

    Raises:
        CourseError: it is missing, damaged, no export of the course, or its runtime is not installed.
    """
    path = Path(path).expanduser()
    return RUNNERS[format_of(path)](path, read_shipped(path), threads)


def format_of(path: Path) -> str:
    """A format of FORMATS, by the suffix; a CourseError where it is none."""
    name = path.suffix.lower().removeprefix(".")
    if name not in FORMATS:
        raise CourseError(f"Expected a file called .onnx, .tflite or .pt2, but got '{path}'.")
    return name
