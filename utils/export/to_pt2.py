"""A model as a graph of torch's own operators, in a .pt2 file: for torch without the code that made the model.

`torch.export.load` trusts what it reads: it unpickles, evaluates expressions and looks operators up by name. So a file is
looked through first, and anything but numbers and plain operators of torch is refused. That keeps off what is known; who
gets a model from a stranger is better off with .onnx, whose reader runs nothing.
Introduced in lesson 08.
"""

import json
import re
import zipfile
from pathlib import Path

import torch

from utils.errors import CourseError, named
from utils.export.network import INPUT, Probabilities
from utils.export.quiet import exporting, quiet
from utils.export.shipped import KEY

INSTEAD = "Write its forward so that torch.export can follow it, without Python that looks at numbers."
# What a file of ours is made of. Tensors are raw numbers; there are no example pictures, which would be a pickle.
ENTRIES = re.compile(r"models/model\.json|data/(weights|constants)/((weight|tensor)_\d+|model_\w+_config\.json)|"
                     r"data/sample_inputs/model\.pt|extra/.*|archive_format|archive_version|byteorder|version|"
                     r"\.data/(version|serialization_id|alignment|storage_alignment)|\.format_version|\.storage_alignment")  # fmt: skip
OPERATORS = re.compile(r"torch\.ops\.aten\.(?!save|load|from_file|warn|.*print)\w+(\.\w+)?|"
                       r"_operator\.(add|sub|mul|floordiv|truediv|mod|neg|eq|ne|lt|le|gt|ge|getitem)")  # fmt: skip
EXPRESSIONS = re.compile(r"(Symbol\('[su]\d+'(, (positive|nonnegative|integer)=True)*\)|Max|Min|Mod|FloorDiv|CleanDiv|"
                         r"\d+|[ (),*+-]|//)*")  # fmt: skip
SPECIFICATIONS = re.compile(r'("type": (null|"builtins\.(tuple|dict|list)")|"context": ("(\[[^()]*\]|null)"|null)|'
                            r'"children_spec": |[\[\]{}, 0-9])*')  # fmt: skip
RULES = {"target": OPERATORS, "expr_str": EXPRESSIONS, "in_spec": SPECIFICATIONS, "out_spec": SPECIFICATIONS}
PLAIN = re.compile(r"[\w.]*")  # any other text: names, which become code
# Kept as text, or looked up and never called.
HARMLESS = ("nn_module_stack", "source_fn_stack", "torch_fn", "from_node", "custom", "torch_version", "verifiers")


def traced(network: Probabilities, images: torch.Tensor) -> torch.export.ExportedProgram:
    """The network as a graph, for any number of pictures at a time.

    Args:
        images: an example, (N, 3, H, W), of two or more: 1 would be taken for a constant, and the file for one picture.

    Raises:
        CourseError: torch cannot follow the network's forward.
    """
    with exporting(".pt2 or .onnx", INSTEAD), torch.no_grad():
        program = torch.export.export(network, (images,), dynamic_shapes={INPUT: {0: torch.export.Dim("N", min=1)}})
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # lines of code, and in whose folder they are
        return program


def write_pt2(path: Path, program: torch.export.ExportedProgram, text: str) -> None:
    """Write an exported program, and what it says about itself, to a .pt2 file."""
    with exporting(".pt2", INSTEAD):
        program._example_inputs = None  # else they would be kept as a pickle
        with path.open("wb") as file:
            torch.export.save(program, file, extra_files={KEY: text})


def read_pt2(path: Path) -> torch.nn.Module:
    """The network of a .pt2 file, after a look through it: images (N, 3, H, W) to {head: (N, K)}.

    Raises:
        CourseError: it cannot be read, or holds what no export of the course writes.
    """
    check_plain(path)
    try:
        with quiet(), path.open("rb") as file:
            return torch.export.load(file).module()
    except Exception as error:  # torch has no error of its own for it
        raise CourseError(f"torch {torch.__version__} cannot run '{path}' ({type(error).__name__}). A .pt2 file is for the "
                          "version of torch that wrote it and some later ones: export the model again.") from error  # fmt: skip


def check_plain(path: Path) -> None:
    """A CourseError where a .pt2 file could run something: a pickle, or text that would be evaluated."""
    try:
        with zipfile.ZipFile(path) as archive:
            odd = list(_odd_entries(archive))
            for name in [] if odd else archive.namelist():
                if name.endswith(".json"):
                    odd += _odd_texts(json.loads(archive.read(name)))
    except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"Expected a .pt2 file, but '{path}' cannot be read: {error}. Was it copied to its end?"
        ) from error
    if odd:
        raise CourseError(f"'{path}' holds what no export of this course writes, and opening it might run a stranger's "
                          f"program: {named(odd, 3)}. Get the model as .onnx, or as a checkpoint.")  # fmt: skip


def _odd_entries(archive):
    names = [name.partition("/")[2] for name in archive.namelist()]
    yield from (name for name in names if not ENTRIES.fullmatch(name))
    yield from (name for name in set(names) if names.count(name) > 1)
    yield from (entry.filename for entry in archive.infolist() if entry.filename.endswith(".pt") and entry.file_size)


def _odd_texts(values, key=""):
    """All texts of a JSON that are neither names nor operators; and pickles, which it announces."""
    if isinstance(values, dict):
        odd = ["a pickle"] * bool(values.get("use_pickle")) + ["lines of code"] * ("stack_trace" in values)
        inner = [(name, value) for name, value in values.items() if name not in HARMLESS]
        return odd + [text for name, value in inner for text in [*_odd_texts(name), *_odd_texts(value, name)]]
    if isinstance(values, list):
        return [text for value in values for text in _odd_texts(value, key)]
    return [values] if isinstance(values, str) and not RULES.get(key, PLAIN).fullmatch(values) else []
