"""The committed notebooks executed in place, so that a file changes only where the notebook did.

No timing, no widget state, stable cell ids, one kernelspec: two runs of the same notebook give the same file.
"""

import copy
import hashlib
import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from utils.files import replacing
from utils.notebooks.kernels import KERNEL, started, this_python
from utils.notebooks.runs import catch_cell_error
from utils.notebooks.source import ROOT, pick

FOLDERS = ("lessons", "lessons/exercises", "lessons/solutions")
KERNELSPEC = {"name": KERNEL, "language": "python", "display_name": "Python 3 (ipykernel)"}
VOLATILE_TAGS = {"nbval-ignore-output", "raises-exception"}
LEFTOVERS = ("execution", "papermill", "ExecuteTime", "collapsed", "scrolled", "trusted")
WIDGET = "application/vnd.jupyter.widget-view+json"
# A number, or a word with one in it (an id, an address), with its sign, unit and the spaces that align it.
NUMBERS = re.compile(r"[-+]?\w*\d[\w.,:%]*|\s+")


def committed_paths(numbers=(), root=ROOT):
    """The notebooks in the repository, lessons, exercises and solutions: all, or those of these lessons."""
    paths = [path for folder in FOLDERS for path in sorted(Path(root, folder).glob("[0-9]*.ipynb"))]
    return pick(paths, numbers, Path(root, "lessons"))


def execute_in_place(path):
    """Execute a notebook and write it back, clean, if anything but volatile text changed.

    Returns:
        "written", "unchanged", or the CellError that stopped it; then the file is as it was.
    """
    before = nbformat.read(path, as_version=4)
    after = cleared(before)
    with catch_cell_error() as caught, this_python():
        started(lambda: _client(after, path.parent, caught.count).execute())
    if caught.error:
        return caught.error
    cleaned(after)
    if same(before, after):
        return "unchanged"
    write_notebook(after, path)
    return "written"


def _client(notebook, folder, count):
    return NotebookClient(
        notebook,
        kernel_name=KERNEL,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how prints are cut into messages depends on timing
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=count,
    )


def cleared(notebook):
    """A copy without outputs."""
    notebook = copy.deepcopy(notebook)
    notebook = notebook if notebook.nbformat_minor >= 5 else nbformat.v4.upgrade(notebook)  # cells get ids
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return notebook


def cleaned(notebook):
    """Reduce an executed notebook, in place, to what belongs in the repository."""
    course = {**notebook.metadata.get("course", {}), "code_digest": code_digest(notebook)}
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, "course": course}
    )
    for cell in notebook.cells:
        for name in LEFTOVERS:
            cell.metadata.pop(name, None)
    for output in (output for cell in code_cells(notebook) for output in cell.outputs):
        # Without its state a widget shows as an error, and its id is random; the text beside it stays.
        output.get("data", {}).pop(WIDGET, None)


def code_cells(notebook):
    """The cells with code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_digest(notebook):
    """A digest of all code, kept in the file: it tells old outputs under new code from outputs that merely vary."""
    code = "\0".join(cell.source for cell in code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def same(before, after):
    """Whether two executions of a notebook differ in nothing but numbers in the text of volatile cells."""
    return _settled(before) == _settled(after)


def _settled(notebook):
    """A copy in which everything that varies from run to run is blanked: numbers in the text of volatile cells."""
    notebook = copy.deepcopy(notebook)
    for cell in code_cells(notebook):
        if VOLATILE_TAGS.intersection(cell.metadata.get("tags", [])):
            cell.outputs = _blanked(cell.outputs)
    return notebook


def _blanked(value):
    """Texts without their numbers, at any depth of an output; pictures stay as they are."""
    if isinstance(value, str):
        return NUMBERS.sub(lambda match: " " if match[0].isspace() else "#", value)
    if isinstance(value, dict):
        return {key: item if key.startswith("image/") else _blanked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blanked(item) for item in value]
    return None


def write_notebook(notebook, path):
    """Write a notebook at once: a killed run leaves the old file or the new one, never half of one."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(notebook, file)
