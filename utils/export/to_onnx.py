"""A model as an ONNX file, for onnxruntime and whatever else reads ONNX; half or a third as large where asked.

float16: the weights lie in 16 bits, the file is half as large, and the runtime widens them once, when it opens the file;
all is computed in 32 bits. Maths in 16 bits was as quick on a CPU and no closer, and it can overflow.
int8: weights and what flows between the layers are whole numbers of 8 bits (QDQ, per channel), with ranges that are seen
on real pictures. Weights use 7 of their 8 bits: processors without VNNI add up pairs of products in 16 bits, and with all
8 the sum saturates there, so that a file which was right where it was made would be wrong elsewhere.
Source: B. Jacob et al., arXiv 1712.05877; onnxruntime's guide to quantisation. Introduced in lesson 08.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from utils.export.network import INPUT
from utils.export.quiet import exporting
from utils.export.shipped import KEY

INSTEAD = "Write that step with other operators, or take .pt2, which knows all of torch's own."
LATER = ".later"  # no head has a point in its name
FLOAT_OPERATORS = ("Softmax",)  # small, and what is left of a probability in 8 bits is 256 steps


def write_onnx(path: Path, whole: onnx.ModelProto, text: str, precision: str,
               calibration: Iterable[np.ndarray] = ()) -> None:  # fmt: skip
    """Write what was converted to an ONNX file.

    Args:
        whole: of `converted`; it stays as it is.
        text: what the file says about itself.
        precision: "float32", "float16" or "int8".
        calibration: batches (N, 3, H, W) of normalised pictures, for int8.

    Raises:
        CourseError: the precision cannot be had for an operator.
    """
    with exporting(".onnx", INSTEAD):
        model = onnx.ModelProto()
        model.CopyFrom(whole)
        if precision == "float16":
            _halve(model)
        if precision == "int8":
            model = _quantised(model, calibration)
        _only_what_is_needed(model)
        onnx.helper.set_model_props(model, {KEY: text})
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())


def converted(program: torch.export.ExportedProgram, outputs: list[str]) -> onnx.ModelProto:
    """An exported program in ONNX's operators, in 32 bits.

    Args:
        program: of `to_pt2.traced`, in float32.
        outputs: their names, in the order of the program's. They get them at the end: the exporter may have called
            something inside by the name of a head.

    Raises:
        CourseError: an operator has no counterpart, and the message names it.
    """
    later = [name + LATER for name in outputs]
    with exporting(".onnx", INSTEAD):
        model = torch.onnx.export(
            program, dynamo=True, input_names=[INPUT], output_names=later, external_data=False, verbose=False
        ).model_proto
    _rename(model.graph, dict(zip(later, outputs)) | dict(zip(outputs, later)))
    return model


def _rename(graph, names):
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for each in [*graph.output, *graph.value_info, *graph.initializer]:
        each.name = names.get(each.name, each.name)


def _only_what_is_needed(model):
    """Without notes of where in whose folders each operator comes from, which are a tenth of a small file."""
    graph = model.graph
    for each in [graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        each.ClearField("metadata_props")
        each.ClearField("doc_string")
    model.ClearField("metadata_props")


def _halve(model):
    """Weights as float16, each with a Cast after it; what has one number a channel stays."""
    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1:
            name, half = tensor.name, tensor.name + "_float16"
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), half))
            casts.append(helper.make_node("Cast", [half], [name], f"widen_{name}", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    graph.ClearField("node")
    graph.node.extend(nodes)


def _quantised(model, calibration):
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static  # slow to import
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory() as folder:
        whole, prepared, done = (Path(folder) / f"{name}.onnx" for name in ("whole", "prepared", "done"))
        onnx.save(model, whole)
        quant_pre_process(whole, prepared)
        kept = [node.name for node in onnx.load(prepared).graph.node if node.op_type in FLOAT_OPERATORS]
        # Signed activations may be slow: EfficientNet-B0 took 12.8 ms with them on one thread, and 1.6 ms so.
        kinds = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "quant_format": QuantFormat.QDQ}
        quantize_static(prepared, done, _Reader(calibration), per_channel=True, reduce_range=True,
                        nodes_to_exclude=kept, **kinds)  # fmt: skip
        return onnx.load(done)


class _Reader:
    """Batches as onnxruntime asks for them, one at a time."""

    def __init__(self, batches):
        self._batches = iter(batches)

    def get_next(self):
        images = next(self._batches, None)
        return None if images is None else {INPUT: images}
