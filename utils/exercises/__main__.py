"""Your exercises: `python -m utils.exercises` shows how far you are, `start 01` gives you a copy to work in."""

import argparse
import json
import re
from pathlib import Path
from typing import NamedTuple

from utils.commands import answer, run_as_script
from utils.errors import CourseError, named
from utils.exercises import progress
from utils.exercises.progress import OWN, ROOT

TASK = re.compile(r"^#+ Exercise (\d+)\. (.+)$", flags=re.MULTILINE)


class Notebook(NamedTuple):
    """An exercise notebook: its file, and the titles of its exercises by number."""

    path: Path
    titles: dict[int, str]

    @property
    def number(self):
        """'01' of 01_data_folders.ipynb."""
        return self.path.stem.partition("_")[0]

    @property
    def topic(self):
        """'data_folders' of 01_data_folders.ipynb."""
        return self.path.stem.partition("_")[2]


def main(arguments=None) -> int:
    """Run a command; 0 when all is well, 2 when the request cannot be met."""
    return answer(_parser(), arguments)


def show_command(options):
    """Print a table: for each notebook how many exercises are correct, and which one is next where the learner is."""
    done = progress.read(options.root)
    notebooks = _notebooks(options.root)
    width = max(len(name) for name in ["exercises", *(notebook.path.stem for notebook in notebooks)])
    print(f"{'exercises':<{width}}  correct   (✓ correct, ✗ tried, ◻ open)")
    for notebook in notebooks:
        verdicts = done.get(notebook.topic, {})
        signs = "".join({True: "✓", False: "✗", None: "◻"}[verdicts.get(number)] for number in notebook.titles)
        print(f"{notebook.path.stem:<{width}}  {signs.count('✓'):>2} of {len(signs):<2}  {signs}")
    print(_next(notebooks, done, options.root))


def start_command(options):
    """Copy exercise notebooks to the learner's own folder, never over a file that is there."""
    there = []
    for notebook in _pick(_notebooks(options.root), options.number):
        target = options.root / OWN / notebook.path.name
        if not _copied(notebook.path, target):
            there.append(f"{OWN}/{target.name}")
            continue
        print(f"Your copy: {OWN}/{target.name}. Open it in JupyterLab; git and updates of the course leave it alone.")
    if there:
        raise CourseError(f"Your copy {named(there)} is there already, and stays as it is: open it in JupyterLab. To "
                          "begin anew, rename it first.")  # fmt: skip


def solutions_command(options):
    """Generate the solution notebooks; those that changed are written and want to be executed."""
    from utils.exercises.solutions import write_solution  # nbformat takes a second, which `show` need not wait for

    for notebook in _pick(_notebooks(options.root), options.number):
        changed = write_solution(notebook.path, options.root / "lessons" / "solutions" / notebook.path.name)
        print(f"{'written' if changed else 'unchanged':<9}  lessons/solutions/{notebook.path.name}")


def mistakes_command(options):
    """Write the common mistakes of every lesson into lessons/README.md, from the questions' lists."""
    from utils.exercises.mistakes import write_mistakes  # imports every lesson's questions, torch with them

    changed = write_mistakes(options.root / "lessons" / "README.md", _notebooks(options.root))
    print(f"{'written' if changed else 'unchanged':<9}  lessons/README.md")


def _copied(given, target):
    """Copy a file; False where there is one already, which stays."""
    try:
        target.parent.mkdir(exist_ok=True)
        with open(target, "xb") as own:
            own.write(given.read_bytes())
    except FileExistsError:
        return False
    except OSError as error:
        raise CourseError(f"Your copy cannot be written to '{target.parent}': {error.strerror}. Free some space, or "
                          "give yourself the right to write there.") from error  # fmt: skip
    return True


def _notebooks(root):
    paths = sorted((root / "lessons" / "exercises").glob("[0-9]*_*.ipynb"))
    if not paths:
        raise CourseError(f"Expected notebooks such as 01_data_folders.ipynb in '{root / 'lessons' / 'exercises'}', "
                          "but there is none. Is this the course's folder?")  # fmt: skip
    return [Notebook(path, _titles(path)) for path in paths]


def _titles(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return {int(number): title for number, title in TASK.findall(text)}


def _pick(notebooks, numbers):
    known = {notebook.number: notebook for notebook in notebooks}
    wanted = [number.partition("_")[0].zfill(2) for number in numbers]
    unknown = [number for number in wanted if number not in known]
    if unknown:
        raise CourseError(f"There are no exercises {', '.join(unknown)}. There are: {', '.join(known)}.")
    return [known[number] for number in wanted] if wanted else notebooks


def _next(notebooks, done, root):
    """What to do now, in one line: it goes on where the learner is, and comes to the lessons before that at the end."""
    here = _here(notebooks, root)
    for notebook in notebooks[here:] + notebooks[:here]:
        for number, title in notebook.titles.items():
            if done.get(notebook.topic, {}).get(number):
                continue
            own = f"{OWN}/{notebook.path.name}"
            begin = f"To begin, type: python -m utils.exercises start {notebook.number}"
            return f"Next: exercise {number}, {title!r}. {f'It is in {own}' if (root / own).exists() else begin}"
    return "All done."


def _here(notebooks, root):
    """The place of the notebook in which an exercise was checked last; else of the first that was copied; else the first."""
    topic = progress.latest([notebook.topic for notebook in notebooks], root)
    places = [place for place, notebook in enumerate(notebooks) if notebook.topic == topic] or [
        place for place, notebook in enumerate(notebooks) if (root / OWN / notebook.path.name).exists()
    ]
    return places[0] if places else 0


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.exercises", description=__doc__)
    parser.add_argument("--root", type=_folder, default=ROOT, metavar="DIR", help="the course (this checkout)")
    parser.set_defaults(command=show_command)
    commands = parser.add_subparsers(metavar="command", title="commands (none shows your progress)")
    start = commands.add_parser("start", help=f"copy an exercise notebook to {OWN}/, never over your own")
    start.add_argument("number", nargs="+", metavar="NN", help="the lesson's number, such as 01")
    start.set_defaults(command=start_command)
    solutions = commands.add_parser("solutions", help="for authors: generate lessons/solutions")
    solutions.add_argument("number", nargs="*", metavar="NN", help="only these lessons, such as 01")
    solutions.set_defaults(command=solutions_command)
    mistakes = commands.add_parser("mistakes", help="for authors: write the common mistakes into lessons/README.md")
    mistakes.set_defaults(command=mistakes_command)
    return parser


def _folder(text):
    return Path(text).expanduser().resolve()


if __name__ == "__main__":
    run_as_script(main)
