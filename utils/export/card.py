"""The model card: what a model is for, how good it is and how sure that is, what it cannot do; written from a run.

It is Markdown, in the order that M. Mitchell et al. propose (Model Cards for Model Reporting, arXiv 1810.03993): for what,
by which data, how well, with which limits. What was not measured or stated is said to be missing. Introduced in lesson 08.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from torch import nn

from utils.data.splits import SPLITS
from utils.errors import CourseError, named
from utils.evaluation.cost import count_parameters
from utils.evaluation.inputs import confusion
from utils.evaluation.intervals import wilson
from utils.evaluation.metrics import cells
from utils.export.exporting import Exported
from utils.versions import installed_versions

WIDE = 0.3  # an interval of a class's recall that is wider says little about the class
SHOWN = 3  # of the commonest mistakes
PACKAGES = ("image-classification-course", "torch", "torchvision")
NOT_STATED = {
    "purpose": "Not stated. Say for whom and what it is meant, and what it must not decide.",
    "data": "Not stated. Say who took the pictures, where, and who labelled them.",
    "licence": "Not stated. A model is bound by the terms of the pictures and of the weights that it has learnt from: ask "
               "before you pass it on.",
}  # fmt: skip


def model_card(
    title: str, model: nn.Module, table: pd.DataFrame, predictions: pd.DataFrame, files: Iterable[Exported], *,
    purpose: str = "", data: str = "", licence: str = "",
) -> str:  # fmt: skip
    """What whoever gets the model should know, as Markdown.

    Args:
        title: the model's name.
        model: of `build` or `load_checkpoint`.
        table: image table with `label` and `split`: what it learnt from, and was judged by.
        predictions: its predictions table of the test pictures; of a model with several heads, one of them (`of_head`).
        files: that were exported, with how their answers compare.
        purpose, data, licence: sentences of yours; what is left empty is said to be missing.

    Raises:
        CourseError: the table has no splits, or the predictions no labels.
    """
    counts, classes = confusion(predictions)
    said = {"purpose": purpose, "data": data, "licence": licence}
    said = {name: text.strip() or NOT_STATED[name] for name, text in said.items()}
    parts = {
        "": _introduction(model, classes),
        "What it is for": [
            said["purpose"],
            "Every picture is given one of these classes, also one that shows none of them.",
        ],
        "Data": [said["data"], *_data(table)],
        "How good it is": _scores(counts, classes),
        "Limits": _limits(counts, classes),
        "Files": _files(list(files)),
        "Licence": [said["licence"]],
    }
    return "\n\n".join([f"# {title}", *(_part(heading, lines) for heading, lines in parts.items())]) + "\n"


def _part(heading, paragraphs):
    return "\n\n".join([f"## {heading}"] * bool(heading) + paragraphs)


def _introduction(model, classes):
    versions = ", ".join(f"{name} {version}" for name, version in installed_versions(*PACKAGES).items())
    return [
        f"{getattr(model, 'architecture', type(model).__name__)}, {count_parameters(model):,} parameters. It tells "
        f"{len(classes)} classes apart: {', '.join(classes)}.",
        f"Pictures are prepared so: {model.preprocessing.describe()}. The exported files say so themselves.",
        f"Made with {versions}.",
    ]


def _data(table):
    if "split" not in table:
        raise CourseError(f"Expected an image table with a column 'split', but it has {named(table.columns)}. Make it with "
                          "add_splits(table).")  # fmt: skip
    counts = pd.crosstab(table["label"], table["split"]).reindex(columns=SPLITS, fill_value=0)
    counts.loc["all"] = counts.sum()
    return [_markdown(counts.rename_axis("pictures"))]


def _scores(counts, classes):
    right, judged = int(np.trace(counts)), int(counts.sum())
    tp, fp, fn, _ = cells(counts)
    rows = {name: {"test pictures": int(there), "recall": _share(hit, there), "precision": _share(hit, taken)}
            for name, hit, there, taken in zip(classes, tp, tp + fn, tp + fp)}  # fmt: skip
    return [
        f"Right for {right} of {judged} test pictures: accuracy {_share(right, judged)}. In brackets, here and below, are 95 % "
        "intervals (Wilson): where the number may lie because the test pictures are no more than these.",
        _markdown(pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")),
        *_mistakes(counts, classes),
    ]


def _mistakes(counts, classes):
    wrong = counts * (1 - np.eye(len(classes), dtype=int))
    order = [place for place in np.argsort(-wrong, axis=None, kind="stable")[:SHOWN] if wrong.flat[place]]
    pairs = [divmod(int(place), len(classes)) for place in order]
    told = [
        f"{classes[true]} taken for {classes[said]} ({wrong[true, said]} of {counts[true].sum()})"
        for true, said in pairs
    ]
    return [f"Its commonest mistakes: {'; '.join(told)}."] if told else []


def _limits(counts, classes):
    there = counts.sum(axis=1)
    widths = [wilson(int(counts[k, k]), int(there[k])).width for k in range(len(classes))]
    unsure = [name for name, width in zip(classes, widths) if not width <= WIDE]
    points = ["It was judged on pictures of the same collection. Pictures of another camera, place or season it may judge worse: "
              "try it on some of them before you rely on it.",
              "Its probabilities were not calibrated: 0.9 need not mean nine in ten (lesson 06)."]  # fmt: skip
    if unsure:
        points.insert(0, f"How well it finds {', '.join(unsure)} is hardly known: an interval wider than {WIDE}. More test "
                         "pictures of them would tell.")  # fmt: skip
    return ["\n".join(f"- {point}" for point in points)]


def _files(files):
    if not files:
        return ["None was exported."]
    rows = {made.path.name: {"precision": made.precision, "MB": f"{made.bytes / 1e6:.2f}",
                             "the same decision as in PyTorch": f"{made.same_decisions:.1%} of {made.parity.pictures} pictures",
                             "a probability differs by at most": f"{made.worst_difference:.1g}"} for made in files}  # fmt: skip
    first = next((made.path.name for made in files if made.format == "onnx"), "")
    use = f"A folder of pictures: `python -m utils.export.predict_folder {first} FOLDER answers.csv`" if first else ""
    return [_markdown(pd.DataFrame.from_dict(rows, orient="index").rename_axis("file")), *[use] * bool(use)]


def _share(part, whole):
    if not whole:
        return "undefined"
    interval = wilson(int(part), int(whole))
    return f"{part / whole:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _markdown(table):
    """A table with its index as the first column; a bar in a class's name must not part a cell."""
    rows = [[table.index.name, *table.columns], ["---"] * (1 + table.shape[1]), *table.reset_index().values.tolist()]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)
