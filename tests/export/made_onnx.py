"""Small ONNX files for tests, made by hand: what they answer can be worked out with numpy, and they open in no time."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from utils.export.shipped import FORMAT, KEY

SIZE = (6, 8)  # height, width
STEPS = {
    "size": list(SIZE), "policy": "squash", "normalisation": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]},
    "fill": [124, 116, 104], "interpolation": "bilinear",
}  # fmt: skip
CLASSES = ["cat", "dog", "owl"]
HEADS = {"label": CLASSES}


def facts(heads=None, **others) -> dict:
    """What a file says about itself."""
    heads = heads or HEADS
    made = {"format": FORMAT, "architecture": "made", "heads": heads, "preprocessing": STEPS, "input": "images",
            "outputs": list(heads), "precision": "float32", "batch": None, "course_version": "0"}  # fmt: skip
    return made | others


def weights(heads=None) -> dict[str, np.ndarray]:
    """(3 H W, K) of each head; so large that classes differ."""
    rng = np.random.default_rng(0)
    count = 3 * SIZE[0] * SIZE[1]
    return {head: rng.normal(0, 0.1, (count, len(classes))).astype(np.float32)
            for head, classes in (heads or HEADS).items()}  # fmt: skip


def made(path, heads=None, batch="N", last="Softmax", said=None, widths=None, kind=TensorProto.FLOAT):
    """Write softmax(flatten(images) @ weights) for each head; the file's path.

    Args:
        path: where to.
        heads: the classes of each.
        batch: how many pictures it takes at a time; a name: any number.
        last: the operator after the product.
        said: what it says about itself, as a dict or a text; "" for a file that says nothing.
        widths: classes that the network tells apart, where that is another number than it says.
        kind: of the input.
    """
    heads = heads or HEADS
    nodes = [helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
             helper.make_node("Flatten", ["float"], ["flat"])]  # fmt: skip
    constants, outputs = [], []
    for head, values in weights(widths or heads).items():
        constants.append(numpy_helper.from_array(values, f"{head}_weights"))
        nodes += [helper.make_node("MatMul", ["flat", f"{head}_weights"], [f"{head}_logits"]),
                  helper.make_node(last, [f"{head}_logits"], [head])]  # fmt: skip
        outputs.append(helper.make_tensor_value_info(head, TensorProto.FLOAT, [batch, None]))
    images = helper.make_tensor_value_info("images", kind, [batch, 3, *SIZE])
    graph = helper.make_graph(nodes, "made", [images], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    said = facts(heads, batch=None if batch == "N" else batch) if said is None else said
    if said:
        helper.set_model_props(model, {KEY: said if isinstance(said, str) else json.dumps(said)})
    onnx.save(model, path)
    return path
