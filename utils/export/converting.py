"""What a model becomes on its way to a file, each step made once: most of the seconds of an export go there.

Several files of one model (precisions, formats) begin with the same graph, and those of a format with the same conversion.
"""

from functools import cached_property
from pathlib import Path

from torch import nn

from utils.export.network import classes_of, example, served_network

AT_A_TIME = {"tflite": 1}  # pictures, of a format that cannot leave it open


class Conversions:
    """A model in eval mode (of `model_to_export`), and what it is converted to."""

    def __init__(self, model: nn.Module):
        self.model = model

    def write(self, path: Path, format: str, precision: str, text: str, calibration) -> None:
        """Write one file.

        Args:
            text: what the file says about itself.
            calibration: batches (N, 3, H, W) of normalised pictures, for int8.

        Raises:
            CourseError: the format knows no counterpart of an operator, or torch cannot follow the model's forward.
        """
        if format == "pt2":
            from utils.export.to_pt2 import write_pt2

            program = self._program if precision == "float32" else self._traced(precision)
            return write_pt2(path, program, text)
        if format == "tflite":
            from utils.export.to_tflite import write_tflite

            return write_tflite(path, self._tflite, text, precision, calibration)
        from utils.export.to_onnx import write_onnx

        return write_onnx(path, self._onnx, text, precision, calibration)

    def _traced(self, precision="float32"):
        from utils.export.to_pt2 import traced

        return traced(served_network(self.model, precision), example(self.model, 2))

    @cached_property
    def _program(self):
        return self._traced()

    @cached_property
    def _onnx(self):
        from utils.export.to_onnx import converted

        return converted(self._program, list(classes_of(self.model)))

    @cached_property
    def _tflite(self):
        from utils.export.to_tflite import converted

        return converted(served_network(self.model), example(self.model, AT_A_TIME["tflite"]))
