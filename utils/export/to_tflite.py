"""A model as a .tflite file, for LiteRT on phones and small boards; half or a third as large where asked.

Such a file takes one picture at a time: the converter's shapes are fixed, and one is what a camera gives. Input and output
are float32 for every precision; float16 and int8 are made by Google's quantiser for the format, int8 per channel with
ranges that are seen on real pictures. What the file says about itself is a zip archive behind its end, the format's own
way to keep such files. The converter exists for Linux. Introduced in lesson 08.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from utils.export.network import INPUT, Probabilities
from utils.export.quiet import exporting
from utils.export.shipped import KEY
from utils.versions import optional_module

INSTEAD = "Write that step with other operators, or take .onnx or .pt2."
WHAT = "The converter to .tflite comes"
OTHERWISE = ".onnx, which runs on phones too"
SIGNATURE = "serving_default"


def converted(network: Probabilities, images: torch.Tensor) -> bytes:
    """A network in the format's operators, in 32 bits.

    Args:
        images: an example, (1, 3, H, W).

    Raises:
        CourseError: the converter is not installed, or does not know an operator.
    """
    with exporting(".tflite", INSTEAD), TemporaryDirectory() as folder:
        converter, whole = optional_module("litert_torch", WHAT, OTHERWISE), Path(folder) / "whole.tflite"
        converter.convert(network, sample_kwargs={INPUT: images}).export(str(whole))
        return whole.read_bytes()


def write_tflite(path: Path, whole: bytes, text: str, precision: str, calibration: Iterable[np.ndarray] = ()) -> None:
    """Write what was converted to a .tflite file.

    Args:
        whole: of `converted`.
        text: what the file says about itself.
        precision: "float32", "float16" or "int8".
        calibration: batches (N, 3, H, W) of normalised pictures, for int8.

    Raises:
        CourseError: the precision cannot be had.
    """
    with exporting(".tflite", INSTEAD):
        path.write_bytes(whole if precision == "float32" else _quantised(whole, precision, calibration))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(KEY, text)


def _quantised(whole, precision, calibration):
    quantizer = optional_module("ai_edge_quantizer.quantizer", WHAT, OTHERWISE).Quantizer(whole, _recipe(precision))
    if precision == "float16":
        return quantizer.quantize().quantized_model
    pictures = [{INPUT: image[None]} for images in calibration for image in images]
    return quantizer.quantize(quantizer.calibrate({SIGNATURE: pictures})).quantized_model


def _recipe(precision):
    from ai_edge_quantizer import algorithm_manager, qtyping, recipe_manager  # slow to import

    recipes, operation = recipe_manager.RecipeManager(), qtyping.TFLOperationName
    if precision == "float16":
        weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
        config = qtyping.OpQuantizationConfig(weight_tensor_config=weights, explicit_dequantize=True,
                                              compute_precision=qtyping.ComputePrecision.FLOAT)  # fmt: skip
        how = algorithm_manager.AlgorithmName.FLOAT_CASTING
        recipes.add_quantization_config(".*", operation.ALL_SUPPORTED, config, how)
    else:
        recipes.add_static_config(".*", operation.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)
        for kept in (operation.INPUT, operation.OUTPUT, operation.SOFTMAX):
            recipes.add_quantization_config(".*", kept, algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE)
    return recipes.get_quantization_recipe()
