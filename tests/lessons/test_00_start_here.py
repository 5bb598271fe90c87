"""Lesson 00 as a tool: it runs on a folder of one's own and touches nothing; what it says of cells and lessons is so."""

import re
import shlex
from itertools import pairwise

import numpy as np
import pytest

from tests.lessons import tool
from tests.lessons.tool import folder_of, picture
from tests.test_house import targets
from utils.evaluation.predictions import read_predictions
from utils.exercises.__main__ import main as exercises
from utils.models.checkpoints import load_checkpoint
from utils.notebooks.source import parameters

LESSON = "00_start_here.ipynb"
QUICK = {"epochs": 1, "size": 32}


def run(tmp_path, **values):
    return tool.run(LESSON, tmp_path, **QUICK | values)


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """(results, text, folder of the results) of a quick run on an own folder with two classes and a broken picture."""
    tmp_path = tmp_path_factory.mktemp("lesson 00")
    own = folder_of(tmp_path / "own pictures", 2, 24)
    (own / "class 00" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    results, text = run(tmp_path, data_dir=str(own))
    return results, text, tmp_path / "out" / "output"


def test_it_runs_on_an_own_folder_with_two_classes(quick_run):
    results, text, _ = quick_run
    assert "48 pictures in 2 classes; files left out: 1" in text
    assert "'what': (8, 2), 'where': (8, 2)" in text  # the test pictures through two heads
    assert results["numbers"]["pictures"] == 48
    assert set(results["numbers"]) == {"accuracy", "always", "from_random_numbers", "hardest", "pictures"}


def test_what_is_no_matter_of_the_pictures_holds_for_an_own_folder_too(quick_run):
    claims = {claim["text"]: claim["holds"] for claim in quick_run[0]["claims"]}
    assert len(claims) == 6  # those about the samples and the published networks are not made
    assert not claims["the network beats always answering the commonest class, by 30 points"]  # noise teaches nobody
    for start in (
        "no picture of one part",
        "a temple and a flower",
        "loaded from its file",
        "nothing that the course needs",
    ):
        assert [holds for text, holds in claims.items() if text.startswith(start)] == [True], start


def test_it_leaves_a_model_that_predicts_its_predictions_and_a_recipe(quick_run):
    _, text, output = quick_run
    model = load_checkpoint(output / "trained" / "best.safetensors")
    assert model.classes == ["class 00", "class 01"]
    assert len(read_predictions(output / "predictions.csv")) == 8
    for name in ("results.json", "recipe.yaml", "predictions.csv", "trained/best.safetensors"):
        assert f"✓ {name}" in text and (output / name).is_file()


def test_the_exercise_that_it_shows_gets_each_verdict_and_a_hint(quick_run):
    signs = re.findall(r"^(◻|✗|✓) Exercise 1|^(Hint 1 of)", quick_run[1], flags=re.MULTILINE)
    assert ["".join(sign) for sign in signs] == ["◻", "✗", "Hint 1 of", "✓"]


@pytest.mark.slow
def test_a_split_that_came_with_the_folder_is_kept_and_a_limit_is_a_quick_try(tmp_path):
    rng = np.random.default_rng(0)
    for part, each in {"train": 30, "valid": 10, "test": 20}.items():
        for name in ("cat", "dog"):
            for number in range(each):
                picture(tmp_path / "own" / part / name / f"{number}.png", rng)
    results, text = run(tmp_path, data_dir=str(tmp_path / "own"), limit=60)
    assert "The split: 30 train, 10 valid, 20 test." in text
    assert results["parameters"]["limit"] == results["numbers"]["pictures"] == 60


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"data_dir": "nowhere"}, "does not exist"),
        ({"epochs": 0}, "epochs is a whole number"),
        ({"size": 0}, "a size in pixels, 1 or more"),
    ],
)
def test_a_wrong_parameter_ends_the_run_with_what_to_do(tmp_path, values, words):
    own = folder_of(tmp_path / "own", 2, 10)
    assert words in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK, **values}, cwd=tmp_path)


def test_one_class_is_no_question(tmp_path):
    own = folder_of(tmp_path / "own", 1, 12)
    assert "class 00" in tool.failure(LESSON, tmp_path, {"data_dir": str(own), **QUICK})


# --- what its prose says -----------------------------------------------------------------------------


def test_the_cells_of_section_1_run_again_say_what_the_text_says():
    first, second = (
        cell.source for cell in tool.cells(tool.LESSONS / LESSON, "code") if cell.source.startswith("pictures = ")
    )
    space, said = {}, []
    for source in (first, second, second, second, first, second):
        exec(source, space)
        said.append(space["pictures"])
    assert said[1:] == [24, 48, 96, 12, 24]
    assert "It doubles each time: 48, then 96." in tool.prose(tool.LESSONS / LESSON)


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(tool.LESSONS.glob("[0-9]*.ipynb")) if path.name != LESSON],
    ids=lambda path: path.stem,
)
def test_every_other_lesson_is_met_in_one_cell_with_a_link(path):
    kinds = [(cell.cell_type, cell.source) for cell in tool.read(tool.LESSONS / LESSON).cells]
    (place,) = [place for place, (_, source) in enumerate(kinds) if f"### {path.name[:2]} · " in source]
    assert f"]({path.name})" in kinds[place][1]
    assert [kind for kind, _ in kinds[place + 1 : place + 3]] == ["code", "markdown"]


def test_the_links_lead_to_notebooks_that_there_are_and_to_a_heading():
    for link in re.findall(r"\]\(([^)#:]+)\)", tool.prose(tool.LESSONS / LESSON)):
        assert (tool.LESSONS / link).is_file(), link
    headings = re.findall(r"^#+ (.+)$", tool.prose(tool.LESSONS / LESSON), flags=re.MULTILINE)
    for anchor in re.findall(r"\]\(#([^)]+)\)", tool.prose(tool.LESSONS / LESSON)):
        assert anchor.replace("-", " ") in headings


def test_the_commands_of_the_lesson_can_be_pasted(tmp_path, capsys):
    blocks = re.findall(r"```bash\n(.*?)```", tool.prose(tool.LESSONS / LESSON), flags=re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    (report,) = [line for line in lines if line[0] == "papermill"]
    inline = [
        shlex.split(code)
        for code in re.findall(r"`(-p [^`]+|(?:make|python) [^`]+)`", tool.prose(tool.LESSONS / LESSON))
    ]
    given = {name for line in [report, *inline] for flag, name in pairwise(line) if flag == "-p" and name != "name"}
    assert report[1] == f"lessons/{LESSON}" and given == {"data_dir", "size", "limit", "epochs"}
    assert given <= set(parameters(tool.LESSONS / LESSON))
    assert {line[1] for line in inline if line[0] == "make"} == {"doctor", "lab", "lessons"} <= targets()
    (start,) = {
        tuple(line[3:]) for line in [*lines, *inline] if line[:3] == ["python", "-m", "utils.exercises"] and line[3:]
    }
    place = tmp_path / "lessons" / "exercises" / LESSON
    place.parent.mkdir(parents=True)
    place.write_bytes((tool.LESSONS / "exercises" / LESSON).read_bytes())
    assert exercises(["--root", str(tmp_path), *start]) == 0
    assert (
        tmp_path / "my_exercises" / LESSON
    ).is_file() and "my_exercises/00_start_here.ipynb" in capsys.readouterr().out
