"""pyproject.toml, requirements.txt, environment.yml and the README say the same; CI calls what there is.

pyproject.toml is the source: the ranges. requirements.txt locks one version of each, environment.yml repeats
the lower bounds under conda-forge's names. conda itself is tried by CI alone.
"""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"torch": "pytorch"}  # conda-forge's name, where it differs
CONDA_ONLY = {"python", "pip"}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def requirements_by_name(lines):
    """{name: Requirement}."""
    return {canonicalize_name(each.name): each for each in map(Requirement, lines)}


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
EXTRAS = {name: requirements_by_name(lines) for name, lines in PROJECT["optional-dependencies"].items()}
CORE = requirements_by_name(PROJECT["dependencies"])
# What tests need is dev, and every extra: dev names them through the course itself.
OWN = EXTRAS["dev"].pop(canonicalize_name(PROJECT["name"]))
DIRECT = CORE | {name: each for found in EXTRAS.values() for name, each in found.items()}
PIP_ALONE = ("trackio", "tflite")  # extras that conda-forge lacks


def locked_requirements():
    """Every line of requirements.txt; one package may have several, for different Pythons."""
    lines = (line.partition("#")[0].strip() for line in read("requirements.txt").splitlines())
    # An option (--index-url) is no requirement; the test on addresses says that there is none.
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def locked_here():
    """The lines of requirements.txt for the Python and the system that run this."""
    return [each for each in locked_requirements() if each.marker is None or each.marker.evaluate()]


def locked_versions():
    """{name: version} for the Python and the system that run this."""
    return {canonicalize_name(each.name): only_version(each) for each in locked_here()}


def only_version(requirement):
    """The version of a requirement of the form name==version."""
    return str(requirement.specifier).removeprefix("==")


def is_locked_environment():
    return metadata.version("torch") == locked_versions()["torch"]


needs_locked_environment = pytest.mark.skipif(
    not is_locked_environment(),
    reason=f"torch {metadata.version('torch')} is installed, the lock has {locked_versions()['torch']}",
)


# environment.yml


def conda_environment():
    return yaml.safe_load(read("environment.yml"))


def conda_requirements():
    lines = [line for line in conda_environment()["dependencies"] if isinstance(line, str)]
    return requirements_by_name(lines)


def test_conda_has_every_dependency_with_the_same_range_and_nothing_extra():
    elsewhere = {name for extra in PIP_ALONE for name in EXTRAS[extra]}
    wanted = {
        CONDA_NAMES.get(name, name): str(each.specifier) for name, each in DIRECT.items() if name not in elsewhere
    }
    found = {name: str(each.specifier) for name, each in conda_requirements().items()}
    assert {name: bound for name, bound in found.items() if name not in CONDA_ONLY} == wanted
    assert found.keys() >= CONDA_ONLY


def test_conda_names_only_lower_bounds_and_versions_that_do_not_work():
    for each in conda_requirements().values():
        bounds = [part.operator for part in each.specifier if part.operator != "!="]
        assert bounds == [">="] or not str(each.specifier), each


def test_conda_takes_the_same_python():
    assert str(conda_requirements()["python"].specifier) == PROJECT["requires-python"]


def test_conda_takes_conda_forge_alone_and_the_rest_through_pip():
    environment = conda_environment()
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    through_pip = [line for line in environment["dependencies"] if isinstance(line, dict)]
    assert through_pip == [{"pip": [f"-e .[{','.join(PIP_ALONE)}]"]}]


def test_who_changes_the_course_has_every_extra():
    assert OWN.extras == EXTRAS.keys() - {"dev"}


# requirements.txt


def test_the_lock_has_every_dependency_within_its_range():
    locked = {}
    for each in locked_requirements():
        locked.setdefault(canonicalize_name(each.name), []).append(only_version(each))
    assert DIRECT.keys() <= locked.keys()
    fits = {name: all(map(each.specifier.contains, locked[name])) for name, each in DIRECT.items()}
    assert [name for name, fit in fits.items() if not fit] == []


def test_the_lock_has_nothing_but_exact_versions():
    operators = {str(each): [part.operator for part in each.specifier] for each in locked_requirements()}
    assert {line: found for line, found in operators.items() if found != ["=="]} == {}
    assert len(operators) > len(DIRECT)


def test_the_lock_has_no_package_twice_for_one_python():
    assert len(locked_here()) == len(locked_versions())


def test_the_lock_has_no_address_in_it():
    # Not even in a comment: an index of the machine that compiled it would go along.
    for pattern in ("^ *-", "://", "index-url", "find-links", "file:", r"\s@\s", "trusted-host"):
        assert not re.search(pattern, read("requirements.txt"), re.IGNORECASE | re.MULTILINE), pattern


def test_the_lock_follows_the_constraints_that_pyproject_gives_uv():
    constraints = tomllib.loads(read("pyproject.toml"))["tool"]["uv"]["constraint-dependencies"]
    locked = {canonicalize_name(each.name): only_version(each) for each in locked_requirements()}  # of all systems
    for name, constraint in requirements_by_name(constraints).items():
        assert locked[name] in constraint.specifier, constraint


@needs_locked_environment
def test_torch_and_torchvision_are_a_pair():
    import torch
    import torchvision

    requirements = requirements_by_name(metadata.requires("torchvision"))
    assert locked_versions()["torch"] in requirements["torch"].specifier
    # Which CUDA each was built for ("cu130", "cpu") is not in the metadata, and a mixed pair dies in use.
    assert Version(torchvision.__version__).local == Version(torch.__version__).local


@needs_locked_environment
def test_the_installed_versions_are_the_locked_ones():
    def installed(name):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "missing"

    found = {name: installed(name) for name in locked_versions()}
    assert found == locked_versions()


# What people read


def test_the_readme_says_of_each_core_dependency_what_it_is_for():
    # A table's row: one name or several with commas, then the words.
    rows = re.findall(r"^\|([^|\n]+)\|([^|\n]+)\|$", read("README.md"), re.MULTILINE)
    said = {name.strip(" `"): words.strip() for names, words in rows for name in names.split(",")}
    assert [name for name in CORE if not said.get(name)] == []


# What CI and the contributing guide call

GITHUB = ROOT / ".github"
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))


def workflow():
    return yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))


def workflow_commands():
    """Every `run` of every job."""
    return [step["run"] for job in workflow()["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("file", sorted(GITHUB.rglob("*.yml")), ids=lambda file: file.name)
def test_the_yaml_files_parse(file):
    assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict)


TEXTS = [ROOT / "README.md", *sorted(GITHUB.rglob("*.md")), *sorted(GITHUB.rglob("*.yml"))]


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.name)
def test_every_make_target_that_is_named_exists(file):
    # In prose `make lab` stands in backticks; in a workflow or a block it begins a line.
    text = file.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^\s*(?:- )?(?:run: )?)make ([a-z-]+)", text, re.MULTILINE))
    assert named - MAKE_TARGETS == set()


def test_the_workflow_calls_the_two_make_targets_of_the_readme():
    called = "\n".join(workflow_commands())
    assert {"make style", "make test"} <= set(called.splitlines())


def test_every_job_of_the_workflow_has_a_time_limit_and_may_only_read():
    assert workflow()["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow()["jobs"].items() if "timeout-minutes" not in job] == []
    assert [name for name, job in workflow()["jobs"].items() if "permissions" in job] == []


def test_the_workflow_runs_weekly_and_on_the_three_systems():
    triggers = workflow()[True]  # YAML reads the key `on` as true
    assert len(triggers["schedule"]) == 1 and "pull_request" in triggers
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert all(system in text for system in ("ubuntu-latest", "macos-latest", "windows-latest"))
