"""The house keeps its shape: what imports what, what lies where, what the make targets are called."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "utils").rglob("*.py"))
# A room may import from rooms further left, and from itself.
ORDER = [
    "errors",
    "files",
    "versions",
    "processes",
    "commands",
    "npm",
    "data",
    "models",
    "evaluation",
    "training",
    "plots",
    "export",
    "sweeps",
]
ALONE = {
    "lesson": {"errors", "files", "versions"},
    "notebooks": {"errors", "files", "commands"},
    "sweeps": {*ORDER, "notebooks"},
    "doctor": {"errors", "data"},
    "preloaded": {"lesson", "notebooks", *ORDER},  # a list: what lessons import
    "train": {"lesson", *ORDER[: ORDER.index("training") + 1]},  # a command: it puts the pieces together
}
NO_TORCH = [
    "utils",
    "utils.data.images",
    "utils.data.resizing",
    "utils.data.tables",
    "utils.data.splits",
    "utils.plots",
    "utils.notebooks",
    "utils.sweeps",
    "utils.export.shipped",
    "utils.export.runners",
    "utils.export.predict_folder",
]
TOP_LEVEL = {
    ".ci", ".github", ".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "data_samples",
    "environment.yml", "lessons", "pyproject.toml", "requirements.txt", "tests", "utils",
}  # fmt: skip


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path):
    """Names of the modules of utils that a file imports, also inside functions."""
    names = {module_name(module) for module in MODULES}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} line {node.lineno}: relative imports hide the order; write utils...."
            found = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        else:
            continue
        yield from (name for name in found if name in names and name != "utils")


def room(name):
    return name.split(".")[1] if "." in name else ""


def allowed(own):
    if own in ALONE:
        return ALONE[own] | {own}
    return set(ORDER[: ORDER.index(own) + 1]) if own in ORDER else {own}


# Exercises may import anything; the next test says who may import them: nobody.
@pytest.mark.parametrize("path", [path for path in MODULES if "exercises" not in path.parts], ids=module_name)
def test_a_module_imports_only_from_its_left(path):
    own = room(module_name(path))
    wrong = {name for name in imported(path) if room(name) not in allowed(own)}
    assert not wrong, f"{module_name(path)} may import from {sorted(allowed(own))}, but imports {sorted(wrong)}"


def test_nobody_imports_the_exercises():
    importers = {module_name(path) for path in MODULES for name in imported(path) if room(name) == "exercises"}
    assert all(room(name) == "exercises" for name in importers), importers


def test_no_two_modules_import_each_other():
    # A package's __init__ gathers names from its modules, which is no cycle of theirs.
    graph = {module_name(path): set(imported(path)) for path in MODULES if path.name != "__init__.py"}
    TopologicalSorter({name: {other for other in others if other in graph} for name, others in graph.items()}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_module_opens_with_its_job(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{module_name(path)} lacks a docstring"


# A kernel that is forked goes where it is to begin, before any cell runs: what `cwd` is for a process that is started.
@pytest.mark.parametrize(
    "path", [path for path in MODULES if module_name(path) != "utils.notebooks.warm"], ids=module_name
)
def test_no_module_changes_the_working_folder(path):
    assert "os.chdir" not in path.read_text(encoding="utf-8"), "it breaks relative paths and running a cell again"


def test_looking_at_data_needs_no_torch():
    code = f"import sys, {', '.join(NO_TORCH)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_figures_and_training_need_no_package_that_takes_a_second_for_a_few_of_them():
    code = "import sys, utils.plots, utils.training.loop; sys.exit(not {'seaborn', 'scipy.stats', 'sklearn'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout, so there is no list of its files")
    return [name for name in listed.stdout.split("\0") if name]


def test_there_is_no_other_top_level_entry():
    assert {name.split("/")[0] for name in tracked()} <= TOP_LEVEL


def test_no_file_names_a_package_index_or_a_path_of_a_machine():
    here = re.escape(f"{ROOT}/")  # what a notebook printed where it was executed
    leak = re.compile(rf"/simple/|/packages/[0-9a-f]{{2}}/|(?<![\w.~])/(?:home|root|Users)/\w|{here}")
    texts = (".py", ".md", ".toml", ".txt", ".yml", ".ipynb", ".cfg", "Makefile", "run")
    leaks = [
        f"{name}: {found.group()}"
        for name in tracked()
        if name.endswith(texts) and name != "tests/test_house.py"
        for found in [leak.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))]
        if found
    ]
    assert not leaks


def targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE)) - {"utils"}


def test_every_make_target_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"^([a-z]+):.*## \w", makefile, flags=re.MULTILINE)) == targets()


def test_every_make_target_that_the_texts_name_exists():
    for name in ["README.md", ".github/CONTRIBUTING.md", ".ci/run", ".github/workflows/ci.yml"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        code = re.findall(r"`[^`]*`|^(?:    |\s*(?:- )?run: ).*$|```.*?```", text, flags=re.MULTILINE | re.DOTALL)
        named = {word for part in code for word in re.findall(r"\bmake ([a-z]+)\b", part)}
        assert named <= targets(), f"{name} names make targets that do not exist: {sorted(named - targets())}"
