"""All that the lessons import, for the process that their runs in the tests are forked from: once, not for each run."""

import ast
import gc

import ipykernel.kernelapp  # noqa: F401  what runs the cells in a kernel
import nbformat
import pandas as pd
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell  # noqa: F401  and without one

from tests.lessons.tool import LESSONS

for path in sorted(LESSONS.glob("[0-9]*.ipynb")):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            parts = ast.parse(TransformerManager().transform_cell(cell.source)).body
            imports = [part for part in parts if isinstance(part, (ast.Import, ast.ImportFrom))]
            exec(compile(ast.Module(imports, []), str(path), "exec"), {})

pd.set_option("display.max_columns", 20)  # as it is where pandas was imported in a kernel

gc.freeze()  # what is there now is looked at by no collection, or each run would copy all of it
