"""Several questions about each picture, from one label: an image table with one more column for each head.

Words: a *head* answers one question; its *answers* are its classes. A mapping says what each class of the table is to
each head: {"screen": {"documents": "paper", "screens": "screen", "not_documents": "ignore"}, "document": {...}}.
Convention: an ignored picture has no label for that head (nan), so it counts neither in its loss nor in its scores:
a bag of crisps is no example of paper. Introduced in lesson 05.
"""

import difflib
from numbers import Integral

import numpy as np
import pandas as pd

from utils.data.folders import Row
from utils.data.images import PictureFacts
from utils.errors import CourseError, named

IGNORED = "ignore"
SPOKEN = {False: "no", True: "yes"}  # what YAML makes of these two words, back again
NEEDED = {*Row._fields, *PictureFacts._fields, "problem", "predicted"}  # columns that mean something else
JUDGED = ("train", "valid")  # splits in which each head needs two answers


def add_targets(table: pd.DataFrame, mapping: dict, column: str = "label") -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The table with a column for each head, and each head's classes, in the order of their targets.

    For loaders: `make_loaders(table, ..., columns=list(classes), classes=classes)`.

    Args:
        table: image table; with `split`, each head needs two answers among train's pictures and among valid's.
        mapping: {head: {class in `column`: answer}} for every class there. An answer is a name; a whole number, its
            target; True or False ("yes" and "no", as YAML reads them); or "ignore".
        column: what the classes are taken from.

    Returns:
        (table, {head: names}). Whole numbers are sorted and named as text, "0" and "1"; True and False are "yes" and
        "no", in the order no, yes; other names keep the order in which the mapping names them.

    Raises:
        CourseError: with all that is wrong: a class that a head says nothing about, a class that the table has not,
            an answer that is none, a head with one answer only or with a name that cannot be one.
    """
    _check_mapping(mapping)
    if column not in table or table[column].isna().all():
        raise CourseError(f"Expected classes in a column {column!r} to make targets of, but {_lacking(table, column)}.")
    labels = table[column].astype(object).map(str, na_action="ignore")
    mapping = {head: {_spoken(name): answer for name, answer in answers.items()} for head, answers in mapping.items()}
    wrong = [
        problem for head, answers in mapping.items() for problem in _problems(table, labels, head, answers, column)
    ]
    if wrong:
        raise CourseError("\n  ".join(["The mapping and the table do not fit together.", *wrong]))
    columns = {head: labels.map(_words(answers)).astype(object) for head, answers in mapping.items()}
    return table.assign(**columns), {head: _in_order(answers) for head, answers in mapping.items()}


def wrong_head_name(head) -> str:
    """Why a head cannot be called so, or nothing where it can: its name is part of columns and of a model's tensors."""
    if not isinstance(head, str) or not head.isidentifier() or head.startswith("p_"):
        return (f"{head!r} cannot be a head's name: take one word of letters, digits and _, which starts neither with a "
                "digit nor with 'p_'.")  # fmt: skip
    return ""


def _check_mapping(mapping):
    pattern = "{screen: {documents: paper, screens: screen, not_documents: ignore}}"
    if isinstance(mapping, str):
        raise CourseError(f"Expected the mapping as a dict, but got the text {mapping!r}. Papermill's -p gives text; write "
                          f'-y "mapping: {pattern}".')  # fmt: skip
    if not isinstance(mapping, dict) or not mapping:
        raise CourseError(f"Expected a mapping with one head or more, but got {mapping!r}. Write one such as {pattern}, "
                          "with quotes around the words in Python.")  # fmt: skip
    twice = [head for head, answers in mapping.items() if isinstance(answers, dict) and _are_alike(answers)]
    if twice:
        raise CourseError(f"Expected each class once, but the head {twice[0]!r} has two that are written alike: "
                          f"{mapping[twice[0]]!r}. Take one of them out.")  # fmt: skip
    odd = [head for head, answers in mapping.items() if not isinstance(answers, dict) or not answers]
    if odd:
        raise CourseError(f"Expected an answer for each class, but got {mapping[odd[0]]!r} for the head {odd[0]!r}. Write "
                          f"one such as {pattern}, with quotes around the words in Python.")  # fmt: skip


def _are_alike(answers):
    return len(set(map(_spoken, answers))) < len(answers)


def _lacking(table, column):
    return "not one picture there has any" if column in table else f"the table has only {named(table.columns)}"


def _problems(table, labels, head, answers, column):
    """All that is wrong with one head, a line each."""
    wrong = [wrong_head_name(head)] if wrong_head_name(head) else []
    if head in NEEDED | {column}:
        wrong += [f"A head called {head!r} would overwrite a column that the table needs. Rename it: "
                  f"mapping['is_{head}'] = mapping.pop({head!r})"]  # fmt: skip
    counts = labels.value_counts()
    wrong += [f"{head}: nothing is said of {name!r} ({_pictures(count)}). Say what it is, or leave it out: "
              f"mapping[{head!r}][{name!r}] = {IGNORED!r}" for name, count in counts.items() if name not in answers]  # fmt: skip
    wrong += [_unknown(head, name, counts.index) for name in answers if name not in counts]
    wrong += [f"{head}: expected a name, a whole number or {IGNORED!r} for {name!r}, but got {answer!r}. To leave it out: "
              f"mapping[{head!r}][{name!r}] = {IGNORED!r}"
              for name, answer in answers.items() if not _is_answer(answer)]  # fmt: skip
    return wrong or _too_few(table, labels, head, answers)


def _unknown(head, name, known):
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if not near:
        return f"{head}: the table has no class {name!r}, only {named(known)}. Take it out: del mapping[{head!r}][{name!r}]"
    return (f"{head}: the table has no class {name!r}. Did you mean {near[0]!r}? "
            f"mapping[{head!r}][{near[0]!r}] = mapping[{head!r}].pop({name!r})")  # fmt: skip


def _too_few(table, labels, head, answers):
    """Where fewer than two answers are left, in all or in a split that must tell them apart."""
    names = _in_order(answers)
    if len(names) < 2:
        return [f"{head}: {_alone(names)} is left of what is not ignored, but a head "
                "tells two or more apart. Give its classes different answers, or take it out: "
                f"del mapping[{head!r}]"]  # fmt: skip
    if "split" not in table:
        return []
    found = labels.map(_words(answers)).groupby(table["split"]).agg(lambda column: list(column.dropna().unique()))
    return [f"{head}: in the split {split!r} there is {_alone(found[split])}, so there is nothing to "
            "tell apart. Split anew: table = add_splits(table.drop(columns='split'))"
            for split in JUDGED if split in found and len(found[split]) < 2]  # fmt: skip


def _alone(names):
    return f"only {named(names)}" if names else "no answer"


def _is_answer(answer):
    return isinstance(answer, (bool, np.bool_, Integral)) or (isinstance(answer, str) and answer.strip() != "")


def _is_ignored(answer):
    return isinstance(answer, str) and answer.strip().casefold() == IGNORED


def _spoken(name):
    """A class or an answer as text."""
    return SPOKEN[bool(name)] if isinstance(name, (bool, np.bool_)) else str(name)


def _words(answers):
    """{class: answer as text, or nan where it is ignored}."""
    return {name: np.nan if _is_ignored(answer) else _spoken(answer).strip() for name, answer in answers.items()}


def _in_order(answers):
    """The names of a head's classes, in the order of their targets."""
    kept = [answer for answer in answers.values() if not _is_ignored(answer)]
    kinds = {isinstance(answer, (bool, np.bool_)) for answer in kept}
    if len(kinds) == 1 and not any(isinstance(answer, str) for answer in kept):
        kept.sort()
    return list(dict.fromkeys(_spoken(answer).strip() for answer in kept))


def _pictures(count):
    return "1 picture" if count == 1 else f"{count:,} pictures"
