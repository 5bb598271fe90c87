"""Judge every picture of a folder by a model file, and write what it says into a CSV. Needs no torch.

The folder is only read, its subfolders included. The CSV is a predictions table as lessons 03 to 06 know it, with one
more column, problem, for pictures that cannot be read. A run that was killed goes on when the same line runs again,
and ends with the same file.

Exit codes: 0 when the table is done, 1 when not one of its pictures could be read, 2 when the request cannot be met (a
message says why), 130 after Ctrl-C.
"""

import argparse
import sys
import warnings
from collections import defaultdict
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from utils.commands import CTRL_C, answer, run_as_script
from utils.data.ahead import in_order
from utils.data.folders import absolute, existing_folder, list_folder, pictures_below
from utils.data.images import PictureError
from utils.data.resizing import is_whole
from utils.data.room import cores
from utils.errors import CourseError, named
from utils.export.growing import columns, growing
from utils.export.progress import Progress
from utils.export.served import Served, are_probabilities
from utils.files import sha256_of

BATCH_SIZE = 32  # where the file takes any number of pictures at a time
UNSURE = "the model's answers are no probabilities"
WANTED = "a folder with pictures"


class Done(NamedTuple):
    """What came of a run: where the table is, how many pictures are in it, and how many of these have a `problem`."""

    table: Path
    pictures: int
    problems: int
    before: int  # pictures that were in the table when the run began


def predict_folder(
    model_file: str | Path,
    folder: str | Path,
    out_csv: str | Path,
    *,
    batch_size: int | None = None,
    threads: int | None = None,
    labels_from_folders: bool = False,
    again: bool = False,
    progress: bool = True,
) -> Done:
    """Probabilities for all pictures below a folder, as a CSV that `read_predictions` and lesson 06 read.

    In memory are the names of the pictures and about two batches of pictures, whatever the size of the folder. Rows
    are written batch by batch in the order of the paths, and a CSV that was begun is gone on with.

    Args:
        model_file: an .onnx file of the course; what it says about itself decides how pictures are prepared.
        folder: with pictures, in subfolders too; it is only read.
        out_csv: the table; beside it, <out_csv>.run.json says what it is made from.
        batch_size: pictures at a time; None takes 32, or what the file was exported for.
        threads: how many decode pictures, and how many share a batch; None takes one a core.
        labels_from_folders: whether `label` is the name of the class folder, as `scan` reads it; otherwise it is empty.
        again: whether a CSV that is there already is lost, and made anew.
        progress: whether to tell on standard error how far it is.

    Raises:
        CourseError: the model file is none of the course's; the folder holds no pictures; the CSV would lie in the
            folder, cannot be written, or was begun with another model, folder or setting.
    """
    threads = _at_least_one(cores() if threads is None else threads, "threads")
    folder, out_csv = existing_folder(folder, WANTED), absolute(out_csv)
    _check_apart(out_csv, folder)
    model = Served(model_file, threads)
    batch_size = _batch_size(batch_size, model)
    stream = sys.stderr if progress else None
    pictures = _listed(folder, model, labels_from_folders, stream)
    made_from = {
        "model": sha256_of(Path(model_file).expanduser()),
        "folder": str(folder),
        "labels_from_folders": labels_from_folders,
    }
    names = [picture.path for picture in pictures]
    with (
        growing(out_csv, columns(model.heads), names, made_from, batch_size, again) as table,
        closing(Progress(len(pictures), table.done, stream)) as told,
    ):
        before = table.done
        for rows in _judged(model, folder, pictures[before:], batch_size, threads):
            table.append(rows)
            told.update(len(rows))
    return Done(out_csv, table.done, table.problems, before)


def _judged(model, folder, pictures, batch_size, threads):
    """Yields the rows of each batch; the pictures of the next one are decoded meanwhile."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn about odd bytes, one line a picture
        prepared = in_order(lambda picture: _prepared(model, folder, picture), pictures, threads, ahead=batch_size)
        for start in range(0, len(pictures), batch_size):
            batch = pictures[start : start + batch_size]
            yield list(_rows(model, batch, list(islice(prepared, len(batch)))))


def _prepared(model, folder, picture):
    try:
        return model.prepare(folder / picture.path)
    except PictureError as error:
        return error


def _rows(model, batch, prepared):
    """Yields the cells of each picture: what the model says of each picture, or what is wrong with it."""
    problems = [_told(each) for each in prepared]
    readable = [row for row, problem in enumerate(problems) if not problem]
    answers = model.probabilities(np.stack([prepared[row] for row in readable])) if readable else {}
    for probabilities in answers.values():
        for row in np.flatnonzero(~are_probabilities(probabilities)):
            problems[readable[row]] = UNSURE
    blocks = [_cells(probabilities, model.heads[head]) for head, probabilities in answers.items()]
    said = dict(zip(readable, zip(*blocks)))
    nothing = [[""] * (1 + len(classes)) for classes in model.heads.values()]
    for row, (picture, problem) in enumerate(zip(batch, problems)):
        cells = [cell for block in (nothing if problem else said[row]) for cell in (picture.label, *block)]
        yield [picture.path, *cells, problem]


def _cells(probabilities, classes):
    """The likeliest class of each picture and the probabilities, with as many digits as tell 32-bit numbers apart."""
    likeliest = probabilities.argmax(axis=1)
    return [[classes[best], *row] for best, row in zip(likeliest, probabilities.astype(str).tolist())]


def _told(prepared):
    if not isinstance(prepared, PictureError):
        return ""
    return f"{prepared.kind}: {prepared.detail}" if prepared.detail else prepared.kind


def _listed(folder, model, labels_from_folders, stream):
    """The pictures in the order of their paths; what is left out is told, so that nobody takes it for judged."""
    if labels_from_folders:
        rows, problems = list_folder(folder)
        _check_labels({row.label for row in rows}, model.heads)
    else:
        rows, problems = pictures_below(folder, "", "", None, set())
    if not rows:
        raise CourseError(f"Expected pictures below '{folder}', but found none{_left_out(problems, '; there is ')}. Pictures end "
                          "in .jpg, .png, .webp, .bmp, .tif or another format that Pillow reads; convert others (HEIC, raw) "
                          "first.")  # fmt: skip
    told = _left_out(problems, "Left out: ")
    if told and stream:
        print(told, file=stream, flush=True)
    return sorted(rows)


def _left_out(problems, before):
    """What in the folder is no picture, and why, a few names a kind; nothing of the system's own files."""
    paths = defaultdict(list)
    for problem in problems:
        if problem.kind != "system file":
            paths[problem.kind].append(problem.path)
    return before + "; ".join(f"{kind}: {named(found, 3)}" for kind, found in paths.items()) if paths else ""


def _check_labels(labels, heads):
    if len(heads) > 1:
        raise CourseError(f"The model answers {named(heads)}, and nothing says whose classes the folders are. Leave "
                          "labels_from_folders out.")  # fmt: skip
    (classes,) = heads.values()
    unknown = sorted(labels - set(classes))
    if unknown:
        raise CourseError(f"Expected the folders to be called as the model's classes, {named(classes)}, but there are "
                          f"{named(unknown)}. Rename them, or leave labels_from_folders out.")  # fmt: skip


def _check_apart(out_csv, folder):
    if out_csv.resolve().is_relative_to(folder.resolve()):
        raise CourseError(f"Results must not be written among your pictures: '{out_csv}' lies in '{folder}'. Write the CSV "
                          f"elsewhere, for instance to '{folder.parent / out_csv.name}'.")  # fmt: skip


def _batch_size(wanted, model):
    if model.batch and wanted not in (None, model.batch):
        raise CourseError(f"'{model.path}' was exported for {model.batch} pictures at a time, so batch_size={wanted} will not do. "
                          "Leave it out, or export the model with an open batch.")  # fmt: skip
    return _at_least_one(wanted if wanted is not None else model.batch or BATCH_SIZE, "batch_size")


def _at_least_one(value, what):
    if not is_whole(value) or value < 1:
        raise CourseError(f"Expected {what} as a whole number from 1, but got {value!r}.")
    return int(value)


def main(arguments=None) -> int:
    """Run the command; its exit code."""
    try:
        return answer(_parser(), arguments)
    except KeyboardInterrupt:
        print("Stopped. The same line goes on from here.", file=sys.stderr)
        return CTRL_C


def predict_command(options):
    """Judge the folder and say where the table is; 1 where not one picture could be read."""
    done = predict_folder(options.model, options.folder, options.out, batch_size=options.batch_size,
                          threads=options.threads, labels_from_folders=options.labels_from_folders, again=options.again)  # fmt: skip
    earlier = f", {done.before:,} of them by an earlier run" if done.before else ""
    verb = "has" if done.problems == 1 else "have"
    bad = f" {done.problems:,} {verb} no answer; the column problem says why." if done.problems else ""
    print(f"'{done.table}' has {done.pictures:,} pictures{earlier}.{bad}")
    return int(done.problems == done.pictures)


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.export.predict_folder", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.set_defaults(command=predict_command)
    parser.add_argument("model", help="an .onnx file that the course has exported")
    parser.add_argument("folder", help="the pictures; it is only read")
    parser.add_argument(
        "out", metavar="out.csv", help="the table; out.csv.run.json beside it says what it is made from"
    )
    parser.add_argument("--batch-size", type=int, metavar="N", help="pictures at a time (32, or as exported)")
    parser.add_argument(
        "--threads", type=int, metavar="N", help="how many decode, and how many run the model (the cores)"
    )
    parser.add_argument("--labels-from-folders", action="store_true",
                        help="the folders are the classes: fill the column label, which is empty otherwise")  # fmt: skip
    parser.add_argument("--again", action="store_true", help="lose what is in out.csv, and make it anew")
    return parser


if __name__ == "__main__":
    run_as_script(main)
