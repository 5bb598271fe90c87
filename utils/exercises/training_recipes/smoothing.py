"""Exercise 8: targets that leave a little for every class."""

import numpy as np
import torch
from torch.nn import functional as F

from utils.data.loaders import IGNORE
from utils.exercises.asking import asked, unchanged
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

# Targets, classes, share. The last class is missing in one, and pictures without a label stand anywhere.
ASKED = [
    ([2, 0, IGNORE, 3], 5, 0.1),
    ([IGNORE, 1, 1], 3, 0.3),
    ([0, 1], 2, 0.2),
    ([1, 0, 2], 4, 0.0),
    ([IGNORE], 2, 0.1),
]


def smoothed_targets(targets, num_classes, share):
    known = targets != IGNORE
    ones = F.one_hot(targets.clamp(min=0), num_classes)
    return ((1 - share) * ones + share / num_classes) * known[:, None]


def probe_smoothed_targets(answer):
    for targets, num_classes, share in ASKED:
        case = f"targets {targets}, {num_classes} classes, share {share}"
        given = torch.tensor(targets)
        with unchanged(case, {"targets": given}):
            said = asked(answer, case, given, num_classes, share)
        got = _as_rows(said, case, len(targets), num_classes)
        right = smoothed_targets(torch.tensor(targets), num_classes, share).numpy()
        if not np.allclose(got, right, atol=1e-6):
            row = int((~np.isclose(got, right, atol=1e-6)).any(axis=1).argmax())
            raise NotYet(f"{case}: row {row} is {shown(got[row].round(4))}. "
                         f"{_which(got[row], targets[row], num_classes, share)}")  # fmt: skip


def _as_rows(said, case, count, num_classes):
    try:
        rows = np.asarray(said.detach() if isinstance(said, torch.Tensor) else said, dtype=float)
    except (TypeError, ValueError):
        raise NotYet(f"{case}: expected a row of {num_classes} shares for each picture, got {shown(said)}.") from None
    if rows.shape != (count, num_classes):
        raise NotYet(f"{case}: expected shares of shape ({count}, {num_classes}), got {rows.shape}.")
    return rows


def _which(row, target, num_classes, share):
    if target == IGNORE:
        return "Nobody has said what this picture is: its row is all 0, so that it counts with no class."
    for words, (own, other) in _usual(num_classes, share).items():
        if np.allclose(row, np.where(np.arange(num_classes) == target, own, other), atol=1e-6):
            return words
    if not np.isclose(row.sum(), 1, atol=1e-6):
        return f"These shares add up to {row.sum():.4g}."
    return "Which share has the right class, and which has each of the others?"


def _usual(num_classes, share):
    """What the usual slips give: {words: (the share of the right class, that of each other one)}."""
    return {
        "That is without any smoothing.": (1, 0),
        "The others share it all between them here; the right class is one of those that get a part.":
            (1 - share, share / (num_classes - 1)),
        "Each class gets the whole share: it is to be divided among them.": (1 - share + share, share),
        "The right class gets nothing of what is given to all alike, and the row does not add up to 1.":
            (1 - share, share / num_classes),
        "The right class keeps all it had, and the row adds up to more than 1.": (1, share / num_classes),
        "What is given to all is not taken from the right class first.": (1 + share / num_classes, share / num_classes),
        "The right class has the share, and the others the rest: the other way round.":
            (share + (1 - share) / num_classes, (1 - share) / num_classes),
    }  # fmt: skip


def _rows(own, other):
    """A smoothed_targets from the shares of the right class and of the others, (num_classes, share)."""

    def smoothed_targets(targets, num_classes, share):
        ones = F.one_hot(targets.clamp(min=0), num_classes)
        rows = torch.where(ones == 1, own(num_classes, share), other(num_classes, share))
        return rows * (targets != IGNORE)[:, None]

    return smoothed_targets


def _as_class_0(targets, num_classes, share):
    return (1 - share) * F.one_hot(targets.clamp(min=0), num_classes) + share / num_classes


def _alike(targets, num_classes, share):
    known = targets != IGNORE
    return (1 - share) * F.one_hot(targets.clamp(min=0), num_classes) * known[:, None] + share / num_classes


def _dropped(targets, num_classes, share):
    return _as_class_0(targets[targets != IGNORE], num_classes, share)


def _counted(targets, num_classes, share):
    return smoothed_targets(targets, int(targets.max()) + 1, share)


def _as_in_the_lesson(targets, num_classes, share):
    return (1 - share) * F.one_hot(targets, num_classes) + share / num_classes


def _in_the_targets(targets, num_classes, share):
    unknown = targets == IGNORE
    targets[unknown] = 0
    return ((1 - share) * F.one_hot(targets, num_classes) + share / num_classes) * ~unknown[:, None]


def _last_class(targets, num_classes, share):
    rows = np.full((len(targets), num_classes), share / num_classes)
    rows[np.arange(len(targets)), np.where(targets == IGNORE, -1, targets)] += 1 - share
    return rows


q8 = Question(
    number=8,
    reference=smoothed_targets,
    probe=probe_smoothed_targets,
    hints=[
        "Take `share` away from the right class, and give share / num_classes to every class, the right one too.",
        "F.one_hot(targets, num_classes) gives a row for each picture, with a 1 for the right class: (1 - share) of it stays.",
        "F.one_hot does not take -100. Give it targets.clamp(min=0), and see to those rows afterwards.",
        "((1 - share) * ones + share / num_classes) * (targets != IGNORE)[:, None]",
    ],
    why="With 5 classes and a share of 0.1 the right class is to come to 0.92, and not to 0.9: it gets its part too. A row of 0 "
    "makes a loss of 0 whatever is said, so a picture without a label teaches nothing; smoothed, it would teach to be unsure.",
    mistakes=[
        Mistake(_rows(lambda k, share: 1.0, lambda k, share: 0.0), "without any smoothing"),
        Mistake(_rows(lambda k, share: 1 - share, lambda k, share: share / (k - 1)), "share it all between them"),
        Mistake(_rows(lambda k, share: 1.0, lambda k, share: share), "Each class gets the whole share"),
        Mistake(_rows(lambda k, share: 1 - share, lambda k, share: share / k), "gets nothing of what is given"),
        Mistake(_rows(lambda k, share: 1.0, lambda k, share: share / k), "keeps all it had"),
        Mistake(_rows(lambda k, share: 1 + share / k, lambda k, share: share / k), "is not taken from the right class first"),
        Mistake(_rows(lambda k, share: share + (1 - share) / k, lambda k, share: (1 - share) / k), "the other way round"),
        Mistake(_rows(lambda k, share: 0.98, lambda k, share: 0.005), "row 0 is [0.005, 0.005, 0.98, 0.005, 0.005]. Which share"),
        Mistake(_rows(lambda k, share: 0.92, lambda k, share: 0.02), "targets [-100, 1, 1], 3 classes, share 0.3: row 1"),
        Mistake(_rows(lambda k, share: 0.5, lambda k, share: 0.1), "add up to 0.9"),
        Mistake(_as_class_0, "Nobody has said what this picture is"), Mistake(_alike, "Nobody has said what this picture is"),
        Mistake(_in_the_targets, "your function changed `targets`"),
        Mistake(_last_class, "Nobody has said what this picture is"),
        Mistake(_dropped, "expected shares of shape (4, 5), got (3, 5)"),
        Mistake(_counted, "expected shares of shape (4, 5), got (4, 4)"),
        Mistake(_as_in_the_lesson, "your code raised"),
        Mistake(lambda targets, num_classes, share: 0.92, "expected shares of shape"),
        Mistake(lambda targets, num_classes, share: "rows", "expected a row of 5 shares"),
    ],
)  # fmt: skip
