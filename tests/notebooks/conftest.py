"""A course of tiny lessons in a temporary folder, and a machine whose `python3` kernelspec is not ours."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETTINGS = {"budget_seconds": 60, "question": "Does it run?", "reading_minutes": 1}
PARAMETERS = "seed: int = 0  # for everything random\noutput_dir: str = 'output'  # where results go"
# What utils.lesson does at the end of a lesson, without torch.
RESULTS = """
import json, os
os.makedirs(output_dir, exist_ok=True)
with open(os.path.join(output_dir, 'results.json'), 'w') as file:
    json.dump({'claims': [{'text': text, 'holds': holds} for text, holds in CLAIMS.items()]}, file)
"""


class Course:
    """A folder with lessons/, written by the tests."""

    def __init__(self, root):
        self.root = root
        (root / "lessons").mkdir()

    def notebook(self, name, *code, parameters=PARAMETERS, tags=(), settings=SETTINGS):
        """Write lessons/<name>: a title, the parameters cell, then a cell for each text of code, all with these tags."""
        cells = [
            new_markdown_cell("# A tiny lesson"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        ]
        cells += [new_code_cell(source, metadata={"tags": list(tags)} if tags else {}) for source in code]
        kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
        notebook = new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
        if settings:
            notebook.metadata["course"] = settings
        path = self.root / "lessons" / name
        nbformat.write(notebook, path)
        return path

    def claiming(self, name, claims, *code, **settings):
        """A lesson that makes these claims: Python source of a dict, text to whether it holds."""
        return self.notebook(name, *code, f"CLAIMS = {claims}" + RESULTS, **settings)


@pytest.fixture
def course(tmp_path):
    """An empty course in a temporary folder."""
    return Course(tmp_path)


@pytest.fixture
def foreign_kernelspec(tmp_path, monkeypatch):
    """Kernelspecs called python3 that start nothing, in JUPYTER_PATH and in the user's Jupyter folder."""
    for variable in ("JUPYTER_PATH", "JUPYTER_DATA_DIR"):
        folder = tmp_path / variable / "kernels" / "python3"
        folder.mkdir(parents=True)
        spec = {
            "argv": ["/no/such/python", "-f", "{connection_file}"],
            "display_name": "foreign",
            "language": "python",
        }
        (folder / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
