"""The commands behind `make lessons`, `make notebooks` and `make claims`: python -m utils.notebooks --help."""

import argparse
from pathlib import Path

from tqdm import tqdm

from utils.commands import answer, run_as_script
from utils.files import read_yaml, replacing
from utils.notebooks import claims, execute, report
from utils.notebooks.runs import dated, new_folder, own_path, plan_lesson, run_lesson
from utils.notebooks.source import ROOT, lesson_paths, number_of, read_lesson


def main(arguments=None):
    """Run a command; 0 when all is well, 1 when a notebook or a claim fails, 2 when the request cannot be met."""
    return answer(_parser(), arguments)


def run_command(options):
    """Run the lessons into a folder of their own; an index page and a table at the end."""
    data = own_path(options.data) if options.data else None
    lessons = [read_lesson(path) for path in lesson_paths(options.lesson, options.root / "lessons")]
    filed = read_yaml(options.file) if options.file else {}
    plans = [(lesson, plan_lesson(lesson, dict(options.parameter), data, filed)) for lesson in lessons]
    folder = new_folder(options.output or options.root / "runs" / dated())
    done = []
    for lesson, values in _progress(plans, "lesson"):
        done.append(run_lesson(lesson, values, folder, progress=_cell_bar(lesson), warm=len(plans) > 1))
        report.write_html(done[-1].run.notebook)
        # After each lesson, so that a run that is stopped leaves its page too.
        index = report.write_index(done, folder, f"The lessons on {Path(data).name if data else 'the samples'}")
    _print_lessons(done, index)
    failed = any(run.status in ("failed", "claim fails") for run in done)
    if options.times:
        _write_times(done, failed, options)
    return int(failed)


def _write_times(done, failed, options):
    """The seconds into the tables of both READMEs, if they are those of the samples and nothing failed."""
    if failed or options.data or options.parameter or options.file:
        print("The READMEs keep their seconds: these are not those of every claim holding on the samples.")
        return
    seconds = {number_of(lesson_run.lesson.path): lesson_run.run.seconds for lesson_run in done}
    for path in (options.root / "README.md", options.root / "lessons" / "README.md"):
        with replacing(path) as part:
            part.write_text(report.with_seconds(path.read_text(encoding="utf-8"), seconds), encoding="utf-8")
        print(f"The seconds are in {path.relative_to(options.root)}.")


def _print_lessons(done, index):
    for lesson_run in done:
        if lesson_run.run.error:
            print(f"{lesson_run.lesson.path.stem} stopped at {lesson_run.run.error}\n")
        for claim in lesson_run.run.claims:
            if not claim["holds"]:
                print(f"{lesson_run.lesson.path.stem} ✗ {claim['text']}")
    print(f"{report.lesson_table(done)}\n{report.summary(done)}\nTo read it, open {index}")


def execute_command(options):
    """Execute the committed notebooks in place; those whose outputs changed are written."""
    paths = execute.committed_paths(options.number, options.root)
    failed = False
    for path in _progress(paths, "notebook"):
        outcome = execute.execute_in_place(path)
        ended = isinstance(outcome, str)
        failed = failed or not ended
        name = path.relative_to(options.root)
        tqdm.write(f"{outcome:<9}  {name}" if ended else f"failed     {name}, left as it was: {outcome}")
    return int(failed)


def claims_command(options):
    """Run one lesson with several seeds and 1 and 2 threads; count how often each claim holds."""
    (path,) = lesson_paths([options.lesson], options.root / "lessons")
    settings = claims.claim_settings(path, options.seeds)
    folder = new_folder(options.root / "runs" / dated(f"claims-{number_of(path)}-"))
    runs = []
    for seed, threads in _progress(settings, "run"):
        runs.append(claims.run_once(path, folder, seed, threads))
        if runs[-1].error:
            tqdm.write(f"seed {seed}, {threads} threads: {runs[-1].error}")
    _print_claims(runs, folder)
    return int(not claims.all_hold(runs))


def _print_claims(runs, folder):
    rows = [
        (f"{holds} of {len(runs)}", text + (f" (made in {made} runs only)" if made < len(runs) else ""))
        for text, (made, holds) in claims.count_claims(runs).items()
    ]
    print(report.text_table(("holds in", "claim"), rows))
    failed = sum(run.error is not None for run in runs)
    print(f"{len(runs)} runs, {failed} of them failed; each is in {folder}")


def _progress(items, unit):
    # None: a bar on a terminal, none in a log file.
    return tqdm(items, unit=unit, disable=None, leave=False)


def _cell_bar(lesson):
    return {"desc": lesson.path.stem, "position": 1, "leave": False, "disable": None}


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.notebooks", description=__doc__)
    parser.add_argument("--root", type=_folder, default=ROOT, metavar="DIR", help="the course (this checkout)")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_run(commands.add_parser("run", help="run the lessons into runs/<date-time>/ with an index page"))
    _add_execute(commands.add_parser("execute", help="execute the committed notebooks in place"))
    _add_claims(commands.add_parser("claims", help="one lesson's claims over seeds and threads"))
    return parser


def _folder(text):
    return Path(text).expanduser().resolve()


def _add_run(command):
    command.set_defaults(command=run_command)
    command.add_argument("--lesson", nargs="+", default=[], metavar="NN", help="only these lessons, such as 01")
    command.add_argument("--data", metavar="DIR", help="your own pictures, a folder a class; read only")
    command.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter",
    )
    command.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        help="parameters from a YAML file, such as the recipe.yaml that each run leaves; -p and --data win over it",
    )
    command.add_argument("--times", action="store_true", help="write the measured seconds into the READMEs' tables")
    command.add_argument("--output", metavar="DIR", help="a new folder for the results (runs/<date-time>)")


def _add_execute(command):
    command.set_defaults(command=execute_command)
    command.add_argument("number", nargs="*", metavar="NN", help="only these lessons, such as 01")


def _add_claims(command):
    command.set_defaults(command=claims_command)
    command.add_argument("--lesson", required=True, metavar="NN", help="the lesson's number, such as 01")
    command.add_argument("--seeds", type=int, default=5, metavar="N", help="how many seeds (5)")


if __name__ == "__main__":
    run_as_script(main)
