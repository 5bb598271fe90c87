"""Predictions of a model with several heads: one table, one block of columns a head.

Columns: `path`, then for each head `<head>.label`, `<head>.predicted` and one `<head>.p_<class>` a class. A head's name
has no point in it, so the first point of a column ends it. `of_head` makes an ordinary predictions table of one block,
which every metric and every figure takes. Introduced in lesson 05.
"""

import difflib

import pandas as pd
import torch

from utils.errors import CourseError, named

POINT = "."
MARK = POINT + "predicted"  # each block has one such column


def of_head(predictions: pd.DataFrame, head: str, known: bool = True) -> pd.DataFrame:
    """One head's predictions as an ordinary table: `path`, `label`, `predicted`, `p_<class>`, then what is of no head.

    Args:
        predictions: of `predict` with a model with heads.
        head: its name.
        known: only pictures with a label for this head. Without it the pictures that the head was never asked about are
            there too; no metric takes those.

    Raises:
        CourseError: the table has no such head; the nearest is named.
    """
    heads = heads_of(predictions)
    if head not in heads:
        near = difflib.get_close_matches(str(head), heads, 1, 0.5)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        told = (
            f"but there {'are' if len(heads) > 1 else 'is'} {named(heads)}"
            if heads
            else "but it is of a model without heads"
        )
        raise CourseError(f"Expected predictions of the head {head!r}, {told}.{meant}")
    own = {name: own_name(name, [head]) for name in predictions if name.startswith(head + POINT)}
    others = [name for name in predictions if name != "path" and own_name(name, heads) == name]
    table = predictions[["path", *own, *others]].rename(columns=own)
    return (table[table["label"].notna()] if known else table).reset_index(drop=True)


def heads_of(predictions: pd.DataFrame) -> list[str]:
    """The heads that a predictions table has blocks of, in their order; none where it is an ordinary one."""
    found = [name.removesuffix(MARK) for name in predictions if name.endswith(MARK)]
    return [head for head in found if head.isidentifier() and not head.startswith("p_")]


def own_name(column: str, heads: list[str]) -> str:
    """What a column is called within the block of its head: "p_paper" for "screen.p_paper"; of no head: as it is."""
    head, point, name = column.partition(POINT)
    return name if point and head in heads else column


def one_table(blocks: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The table of several heads, of an ordinary one for each, with the same pictures in the same order."""
    first = next(iter(blocks.values()))
    columns = [block.drop(columns="path").add_prefix(head + POINT) for head, block in blocks.items()]
    return pd.concat([first[["path"]], *columns], axis=1)  # with their attrs, since these are all the same


def label_columns(classes, table: pd.DataFrame):
    """`columns` and `classes` for a loader: what labels a table has for a model of these classes; None, None without any."""
    heads = classes if isinstance(classes, dict) else {"label": classes}
    labelled = {head: names for head, names in heads.items() if head in table and table[head].notna().any()}
    if not labelled:
        return None, None
    return (list(labelled), labelled) if heads is classes else ("label", classes)


def check_classes_of_heads(classes: dict[str, list[str]], loader) -> None:
    """A CourseError where a loader has labels that are none of the heads', or whose numbers mean something else."""
    unknown = [column for column in loader.classes if column not in classes]
    if unknown:
        raise CourseError(f"The model has the heads {named(classes)}, but the loader has labels for {named(unknown)}. Make it "
                          "with columns=list(model.classes), classes=model.classes; without labels with columns=None.")  # fmt: skip
    for head, names in loader.classes.items():
        if list(names) != list(classes[head]):
            raise CourseError(f"The classes of the model's head {head!r} are {named(classes[head])}, the loader's {named(names)}: "
                              "their numbers would not mean the same. Make the loader with classes=model.classes.")  # fmt: skip


def joined_batches(parts: list) -> torch.Tensor | dict[str, torch.Tensor]:
    """One tensor of all batches, or one for each head; on the CPU, in 32 bits."""
    if isinstance(parts[0], dict):
        return {head: joined_batches([part[head] for part in parts]) for head in parts[0]}
    joined = torch.cat(parts).cpu()
    return joined.float() if joined.is_floating_point() else joined
