"""What the test pictures allow to say about a model, in plain sentences; and what they do not allow.

A score from few pictures is a guess with decimals, and a report that prints it without a word is read as if it were sure.
Each finding is true of the tables at hand and names the classes. Introduced in lesson 09.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from utils.data.report import Finding
from utils.errors import named
from utils.evaluation.comparing import mcnemar
from utils.evaluation.inputs import confusion
from utils.evaluation.intervals import wilson

SURE = 0.1  # width of accuracy's interval up to which it is known well
HARDLY = 0.25  # width above which it is hardly known at all
FEW = 10  # test pictures of a class under which nothing is said of it
LUCK = 0.05  # a p-value from which on a difference may well be luck


def verdict(test: pd.DataFrame, baseline: pd.DataFrame | None = None, name: str = "the baseline") -> list[Finding]:
    """The findings about a model, the one about its accuracy first.

    Args:
        test: its predictions table of test pictures, with labels.
        baseline: that of something simpler, of the same pictures.
        name: what that is called.

    Raises:
        CourseError: a label is missing, or the two are of different pictures.
    """
    counts, classes = confusion(test)
    compared = [] if baseline is None else [_against(test, baseline, name)]
    return [_accuracy(counts), _against_commonest(counts, classes), *compared, *_classes(counts, classes)]


def is_supported(findings: list[Finding]) -> bool:
    """Whether nothing serious speaks against going by the score."""
    return all(finding.level != "serious" for finding in findings)


def _accuracy(counts):
    right, judged = int(np.trace(counts)), int(counts.sum())
    interval = wilson(right, judged)
    seen = f"Right for {right:,} of {judged:,} test pictures ({right / judged:.0%})"
    digits = 0 if interval.width > 0.02 else 1
    between = f"{interval.low:.{digits}%} and {interval.high:.{digits}%}"
    if interval.width <= SURE:
        return Finding("good", f"{seen}; other pictures of the same kind would say between {between}.")
    if interval.width <= HARDLY:
        return Finding("note", f"{seen}; with so few, it may as well be anything between {between}.")
    return Finding("serious", f"{seen}. These are too few to tell a good model from a poor one: it may be anything between "
                              f"{between}. Collect more, or take a larger share for the test.")  # fmt: skip


def _against_commonest(counts, classes):
    there = counts.sum(axis=1)
    best, share = classes[int(there.argmax())], there.max() / there.sum()
    interval = wilson(int(np.trace(counts)), int(counts.sum()))
    if interval.low > share:
        return Finding("good", f"Better than always answering {best!r}, which is right {share:.0%} of the time.")
    return Finding(
        "serious", f"Not shown to be better than always answering {best!r}, which is right {share:.0%} of the time."
    )


def _against(test, baseline, name):
    found = mcnemar(test, baseline)
    told = f"right alone on {found.only_first:,} pictures, {name} on {found.only_second:,} (p {found.p_value:.2g})"
    if found.p_value < LUCK and found.only_first > found.only_second:
        return Finding("good", f"Better than {name}: {told}.")
    if found.p_value < LUCK:
        return Finding("serious", f"Worse than {name}: {told}. Take that, or train longer.")
    return Finding(
        "note", f"Not shown to be better than {name}: {told}. The simpler of the two will do, as far as these can tell."
    )


def _classes(counts, classes) -> Iterator[Finding]:
    there, found = counts.sum(axis=1), np.diag(counts)
    few = [name for name, count in zip(classes, there) if count < FEW]
    if few:
        yield Finding("note", f"Fewer than {FEW} test pictures: {named(few)}. Nothing can be said about how well "
                              f"{'it is' if len(few) == 1 else 'they are'} found.")  # fmt: skip
    never = [name for name, count, hits in zip(classes, there, found) if count >= FEW and not hits]
    if never:
        yield Finding("serious", f"Never found, not once: {named(never)}. The score hides that.")
