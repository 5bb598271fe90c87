"""The commands: what they print, what they leave, how they exit."""

import json
import re
import subprocess
import sys

import pytest

from utils.files import read_yaml
from utils.notebooks.__main__ import main
from utils.notebooks.runs import plan_lesson
from utils.notebooks.source import ROOT, lesson_paths, read_lesson
from utils.training.recipe import Recipe

WITH_DATA = "data_dir: str = 'samples'\noutput_dir: str = ''"


def command(course, *arguments):
    """Run a command on the temporary course; its exit code."""
    return main(["--root", str(course.root), *map(str, arguments)])


def test_the_help_names_the_commands():
    command = [sys.executable, "-m", "utils.notebooks", "--help"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("run", "execute", "claims"))


def test_a_failing_lesson_is_listed_and_the_next_one_runs(course, capsys):
    course.notebook("01_a.ipynb", "print('so far')", "raise KeyError('<owl>')")
    course.claiming("02_b.ipynb", "{'two is two': True}")
    assert command(course, "run") == 1
    out = capsys.readouterr().out
    assert "01_a stopped at cell In [4]: KeyError: '<owl>'" in out
    assert "1 of 1" in out
    (folder,) = (course.root / "runs").iterdir()
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "&lt;owl&gt;" in page and "cell In [4]" in page and "failed" in page
    for stem in ("01_a", "02_b"):
        assert f'href="{stem}/{stem}.html"' in page
        assert (folder / stem / f"{stem}.ipynb").exists()
    assert "so far" in (folder / "01_a" / "01_a.html").read_text(encoding="utf-8")
    assert (folder / "02_b" / "output" / "results.json").exists()


def test_only_the_lessons_asked_for_run_with_the_parameters_typed_into_the_folder_named(course):
    course.notebook("01_a.ipynb", "1 / 0")
    course.claiming("02_b.ipynb", "{'seed is 7': seed == 7}")
    output = course.root / "elsewhere"
    assert command(course, "run", "--lesson", "02", "-p", "seed", "7", "--output", output) == 0
    assert sorted(path.name for path in output.iterdir()) == ["02_b", "index.html"]


def test_several_lessons_share_an_import_of_torch_and_one_alone_starts_in_the_usual_way(course, monkeypatch):
    course.notebook("01_a.ipynb", "import json")
    course.notebook("02_b.ipynb", "import json")
    asked = []
    monkeypatch.setattr("utils.notebooks.runs.can_be_warm", lambda notebook: asked.append(notebook.stem))
    assert command(course, "run", "--lesson", "01", "--output", course.root / "one") == 0
    assert asked == []
    assert command(course, "run", "--output", course.root / "both") == 0
    assert asked == ["01_a", "02_b"]


def test_a_claim_that_fails_is_an_error_on_the_samples_and_a_finding_on_own_pictures(course, capsys, monkeypatch):
    course.claiming("01_a.ipynb", "{'pictures are ' + repr(data_dir): False}", parameters=WITH_DATA)
    (course.root / "photos").mkdir()
    assert command(course, "run", "--output", course.root / "one") == 1
    assert "claim fails" in capsys.readouterr().out
    monkeypatch.chdir(course.root)
    assert command(course, "run", "--data", "photos", "--output", "two") == 0
    out = capsys.readouterr().out
    assert "finding" in out
    assert f"pictures are {str(course.root / 'photos')!r}" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "sed", "1"], "did you mean 'seed'?"),
        (["-p", "seed", "one"], "'seed' is a number"),
        (["-p", "output_dir", "x"], "--output DIR"),
        (["--data", "no_such_folder"], "no_such_folder"),
        (["--lesson", "05"], "There are: 01"),
        (["--output", "."], "exists"),
    ],
)
def test_a_request_that_cannot_be_met_exits_with_2_and_a_message_and_runs_nothing(course, capsys, arguments, message):
    course.notebook("01_a.ipynb", "open('ran', 'w')")
    assert command(course, "run", *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err
    assert not (course.root / "runs").exists()
    assert not (course.root / "lessons" / "ran").exists()


def test_a_lesson_about_no_pictures_keeps_its_defaults_when_own_pictures_are_given(course, capsys):
    course.claiming("01_a.ipynb", "{'ran': True}")
    (course.root / "photos").mkdir()
    assert command(course, "run", "--data", course.root / "photos") == 0
    (page,) = course.root.glob("runs/*/index.html")
    assert "<td>samples</td>" in page.read_text(encoding="utf-8")


TABLES = """| lesson | running | exercises |
|---|---|---|
| [01 A](01_a.ipynb) | 900 s | 3 |
| [02 B](02_b.ipynb) | 40 s | 4 |
| all of them | 940 s | 7 |

In 900 s much happens.
"""


@pytest.fixture
def timed(course):
    """A course of two lessons whose READMEs have tables of seconds; what is in them."""
    course.claiming("01_a.ipynb", "{'seed is 0': seed == 0}")
    course.notebook("02_b.ipynb", "1 / 0")
    paths = [course.root / "README.md", course.root / "lessons" / "README.md"]
    for path in paths:
        path.write_text(TABLES, encoding="utf-8")
    return lambda: [path.read_text(encoding="utf-8") for path in paths]


def test_times_are_written_into_the_tables_of_both_readmes(course, timed, capsys):
    assert command(course, "run", "--lesson", "01", "--times") == 0
    seconds = int(re.search(r"01_a\.ipynb\) \| (\d+) s", timed()[0])[1])
    assert seconds < 900
    changed = TABLES.replace("| 900 s", f"| {seconds} s").replace("| 940 s", f"| {seconds + 40} s")
    assert timed() == [changed, changed]
    assert "The seconds are in lessons/README.md" in capsys.readouterr().out.replace("\\", "/")


@pytest.mark.parametrize(
    "more", [["--lesson", "02"], ["--lesson", "01", "-p", "seed", "1"], ["--lesson", "01", "-p", "seed", "0"]]
)
def test_times_of_what_failed_or_was_run_otherwise_are_not_written(course, timed, capsys, more):
    command(course, "run", "--times", *more)
    assert timed() == [TABLES, TABLES]
    assert "keep their seconds" in capsys.readouterr().out


def test_execute_says_what_was_written_what_not_and_what_failed(course, capsys):
    course.notebook("01_a.ipynb", "1 + 1")
    assert command(course, "execute") == 0
    course.notebook("02_b.ipynb", "1 / 0")
    assert command(course, "execute") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "written    lessons/01_a.ipynb",
        "unchanged  lessons/01_a.ipynb",
        "failed     lessons/02_b.ipynb",
    ]
    assert "In [2]: ZeroDivisionError" in lines[2]


# --- parameters from a file --------------------------------------------------------------------------

KNOBS = "data_dir: str = ''\nlr: float = 0.1\ndrop_at: list = None\nschedule: str = 'cosine'\noutput_dir: str = ''"
TOLD = "{repr([data_dir, lr, drop_at, schedule]): True}"


def filed(course, text, name="my recipe.yaml"):
    (course.root / name).write_text(text, encoding="utf-8")
    return course.root / name


def claimed(folder):
    return json.loads((folder / "output" / "results.json").read_text())["claims"][0]["text"]


def test_parameters_come_from_a_file_and_those_typed_win_over_it(course):
    course.claiming("01_a.ipynb", TOLD, parameters=KNOBS)
    file = filed(course, "# mine\nlr: 3.0e-3\ndrop_at: [4, 6]\nschedule: multi_step\ndata_dir: ''\n")
    assert command(course, "run", "-f", file, "--output", course.root / "one") == 0
    assert claimed(course.root / "one" / "01_a") == "['', 0.003, [4, 6], 'multi_step']"
    assert command(course, "run", "--file", file, "-p", "lr", "0.5", "--output", course.root / "two") == 0
    assert claimed(course.root / "two" / "01_a") == "['', 0.5, [4, 6], 'multi_step']"


def test_pictures_named_in_a_file_are_found_from_here_and_those_of_the_command_win(course, monkeypatch):
    course.claiming("01_a.ipynb", TOLD, parameters=KNOBS)
    for name in ("photos", "others"):
        (course.root / name).mkdir()
    monkeypatch.chdir(course.root)
    file = filed(course, "data_dir: photos")
    assert command(course, "run", "-f", file, "--output", "one") == 0
    assert claimed(course.root / "one" / "01_a").startswith(f"[{str(course.root / 'photos')!r}")
    assert command(course, "run", "-f", file, "--data", "others", "--output", "two") == 0
    assert claimed(course.root / "two" / "01_a").startswith(f"[{str(course.root / 'others')!r}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schedul: cosine", "did you mean 'schedule'?"),
        ("lr: 0.1\noutput_dir: elsewhere", "--output DIR"),
        ("data_dir: no_such_folder", "no_such_folder"),
        ("lr: [0.1", "is no YAML"),
        ("lr", "has no names and values"),
        ("lr: 2026-01-02", "not a date"),
    ],
)
def test_a_file_that_cannot_be_followed_exits_with_2_and_runs_nothing(course, capsys, text, message):
    course.notebook("01_a.ipynb", "open('ran', 'w')", parameters=KNOBS)
    assert command(course, "run", "-f", filed(course, text)) == 2
    captured = capsys.readouterr()
    assert message in captured.err and "Traceback" not in captured.err
    assert not (course.root / "runs").exists()
    assert not (course.root / "lessons" / "ran").exists()


def test_a_file_that_is_not_there_is_named(course, capsys):
    course.notebook("01_a.ipynb", "open('ran', 'w')")
    assert command(course, "run", "-f", course.root / "nobody.yaml") == 2
    assert "nobody.yaml' cannot be read" in capsys.readouterr().err


def test_a_saved_recipe_has_only_parameters_of_lesson_07(tmp_path):
    recipe = Recipe(schedule="multi_step", drop_at=(2, 5), lr=3e-3, class_weights=(1.0, 2.0))
    (path,) = lesson_paths(["07"])
    values = plan_lesson(read_lesson(path), {}, filed=read_yaml(recipe.save(tmp_path / "recipe.yaml")))
    assert Recipe(**values) == recipe


def test_make_hands_a_recipe_to_the_lessons():
    done = subprocess.run(["make", "-n", "lessons", "LESSON=07", "RECIPE=my.yaml", "-o", ".venv/.ready"], cwd=ROOT,
                          check=True, capture_output=True, text=True)  # fmt: skip
    assert "-m utils.notebooks run --lesson 07  --file my.yaml" in done.stdout
