"""Train on a folder of pictures (or a CSV), judge on its test part, and leave all of it in a folder.

Run again with --resume after a kill, it goes on. The same line after `torchrun --nproc_per_node 8 -m` (instead of
`python -m`) trains on eight GPUs; utils/training/README.md has the lines for several machines.
"""

import argparse
from contextlib import suppress
from pathlib import Path

import yaml

from utils.commands import CTRL_C, answer, run_as_script
from utils.data.cache import CACHES
from utils.data.loaders import make_loaders
from utils.data.report import what_is_left_out
from utils.data.splits import add_splits, drop_small_classes, save_split
from utils.data.tables import require_classes, scan
from utils.data.transforms import AUGMENTATIONS
from utils.errors import CourseError
from utils.evaluation.inputs import right_and_sure
from utils.evaluation.intervals import wilson
from utils.evaluation.predictions import predict, save_predictions
from utils.evaluation.sharing import from_first
from utils.files import check_apart, read_yaml, results_in
from utils.lesson import device_named, keep_big_blocks
from utils.models.build import build
from utils.processes import count, is_first
from utils.training.loop import fit
from utils.training.recipe import Recipe
from utils.training.tracking import as_tracker

PREDICTIONS, SPLIT = "predictions.csv", "split.csv"


def main(arguments=None):
    """Run the command; 0 when it is done, 2 when the request cannot be met, 130 after Ctrl-C."""
    try:
        return answer(_parser(), arguments)
    except KeyboardInterrupt:
        tell("Stopped. The same line with --resume goes on after the last whole epoch, where there is one.")
        return CTRL_C


def train_command(options):
    """Scan, split, build, train, judge; of several processes each does so, and the first one writes and tells."""
    keep_big_blocks()
    recipe, folder, shown = recipe_of(options), Path(options.output_dir).expanduser(), is_first()
    check_apart(folder, options.data)
    tracker = as_tracker(options.tracker)
    with results_in(folder):  # now, rather than after all pictures were looked at
        folder.mkdir(parents=True, exist_ok=True)
    scanned = from_first(lambda: scan(options.data, options.csv, limit=options.limit, seed=options.seed))
    split = add_splits(drop_small_classes(scanned.table), seed=options.seed)
    classes = require_classes(split)
    model = build(
        options.model, len(classes), options.weights or None, classes=classes, size=options.size, seed=options.seed
    )
    loaders = make_loaders(
        split, model.preprocessing, options.augmentation, batch_size=recipe.batch_size, seed=recipe.seed, classes=classes,
        sampling=recipe.sampling, sample_weights=recipe.sample_weights, workers=options.workers,
        device=device_named(recipe.device), cache=options.cache, progress=shown,
    )  # fmt: skip
    tell(*what_is_left_out(scanned, split), model.report, loaders.describe())
    fitted = fit(model, loaders, recipe, folder, resume=options.resume, tracker=tracker)
    if fitted.stopped.startswith("interrupted"):
        raise KeyboardInterrupt
    predictions = predict(fitted.model, loaders.test)  # of all processes together
    if is_first():
        save_split(split, folder / SPLIT)
        save_predictions(predictions, folder / PREDICTIONS)
        _tell_score(fitted, predictions, folder)


def recipe_of(options) -> Recipe:
    """The recipe of the file, if there is one, with the fields that were given one by one in their place."""
    values = read_yaml(options.file) if options.file else {}
    return Recipe(**values | {name: _value(text) for name, text in options.parameter})


def _value(text):
    """What was meant: as in YAML, but 1e-3 is a number here, as on every command line."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CourseError(f"Expected a value for -p, such as 0.001, cosine or '[3, 6]', but got {text!r}.") from error
    with suppress(TypeError, ValueError):
        return float(value) if isinstance(value, str) else value
    return value


def tell(*lines) -> None:
    """Print them, once for all processes, without the empty ones."""
    if is_first():
        print(*filter(None, map(str, lines)), sep="\n", flush=True)


def _tell_score(fitted, predictions, folder):
    is_right, _ = right_and_sure(predictions)
    sure = wilson(int(is_right.sum()), len(is_right))
    together = f", by {count()} processes" if count() > 1 else ""
    tell(fitted, f"{is_right.mean():.1%} of {len(is_right)} test pictures are right (95 %: {sure.low:.1%} to {sure.high:.1%}){together}.",
         f"In '{folder}': the best weights, the history, the split, and {PREDICTIONS}, which lesson 06 reads.")  # fmt: skip


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.train", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.set_defaults(command=train_command)
    parser.add_argument("data", nargs="?", default="", help="a folder with one folder a class; it is only read")
    parser.add_argument("--csv", default="", help="a CSV with the columns path and label, beside or instead of it")
    parser.add_argument("--output-dir", required=True, type=_named, metavar="DIR", help="where all of it goes")
    parser.add_argument("--model", default="efficientnet_b0", metavar="NAME", help="(efficientnet_b0)")
    parser.add_argument("--weights", default="course", help="course, imagenet (a download), a file, or '' (course)")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="on a side (what the weights were trained on)")
    parser.add_argument("--augmentation", default="light", choices=list(AUGMENTATIONS), help="(light)")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the split and the new head (0)")
    parser.add_argument("--limit", type=_whole, default=0, metavar="N", help="look at so many pictures only (0: all)")
    parser.add_argument("--cache", default="auto", choices=CACHES, help="where decoded pictures are kept (auto)")
    parser.add_argument(
        "--workers", type=_workers, default="auto", metavar="N", help="processes that load pictures (auto)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with a training that was cut off")
    parser.add_argument("--tracker", default="", metavar="NAME",
                        help="trackio, wandb or tensorboard: where the numbers go beside history.csv (nowhere)")  # fmt: skip
    parser.add_argument("-f", "--file", metavar="FILE", help="a recipe, such as the recipe.yaml that a training leaves")
    parser.add_argument("-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
                        help="a field of the recipe, -p lr 0.001 say; several of them; they win over the file")  # fmt: skip
    return parser


def _named(text):
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; is the variable set?")
    return text


def _whole(text):
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, not {text!r}")
    return int(text)


def _workers(text):
    return text if text == "auto" else _whole(text)


if __name__ == "__main__":
    run_as_script(main)
