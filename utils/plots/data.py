"""Figures about data: what is in a folder, what is wrong with it, how it was split."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from utils.data.folders import SPLITS
from utils.data.images import PictureError, open_image
from utils.plots.figures import BLUE, GREEN, GREY, HATCHES, ORANGE, RED, backing, canvas, title, with_alt

MOST_CLASSES = 30  # bars that still can be read
THUMBNAIL = 96  # pixels of a picture in a grid


def class_counts(table: pd.DataFrame) -> Figure:
    """Pictures a class, largest first; the share of the largest is the score to beat."""
    counts = table["label"].value_counts()
    shown, share = counts[:MOST_CLASSES], counts.iloc[0] / counts.sum()
    figure, axes = canvas(height=0.8 + 0.26 * len(shown))
    bars = axes.barh(shown.index, shown, color=BLUE)
    axes.bar_label(bars, padding=3)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("pictures")
    title(axes, f"Always answering {counts.index[0]!r} is right {share:.0%} of the time")
    hidden = f", of which the {MOST_CLASSES} largest are shown" if len(counts) > MOST_CLASSES else ""
    return with_alt(figure, f"Bar chart of {len(counts)} classes{hidden}: from {counts.iloc[0]} pictures "
                            f"({counts.index[0]}) to {counts.iloc[-1]} ({counts.index[-1]}).")  # fmt: skip


def split_counts(table: pd.DataFrame) -> Figure:
    """How many pictures of each class lie in train, valid and test."""
    counts = pd.crosstab(table["label"], table["split"]).reindex(columns=SPLITS, fill_value=0)
    shown = counts.loc[counts.sum(axis=1).sort_values(ascending=False).index[:MOST_CLASSES]]
    figure, axes = canvas(height=1.1 + 0.26 * len(shown))
    left = np.zeros(len(shown))
    for split, colour, hatch in zip(SPLITS, (BLUE, ORANGE, GREEN), HATCHES):
        bars = axes.barh(
            shown.index, shown[split], left=left, color=colour, hatch=hatch, edgecolor="white", label=split
        )
        axes.bar_label(bars, labels=[str(count) if count else "" for count in shown[split]], label_type="center", fontsize=8,
                       bbox=backing(0.8))  # fmt: skip
        left += shown[split]
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("pictures")
    axes.legend(ncols=3, loc="upper left", bbox_to_anchor=(0, -0.28 * 4 / (1.1 + 0.26 * len(shown))), frameon=False)
    smallest = counts.replace(0, np.nan).min().min()
    missing = int((counts == 0).sum().sum())
    finding = (
        f"{missing} times a class is missing in a split"
        if missing
        else f"Every class is in every split, the smallest part has {smallest:.0f}"
    )
    title(axes, finding)
    sums = ", ".join(f"{split} {counts[split].sum()}" for split in SPLITS)
    return with_alt(figure, f"Stacked bars of {len(counts)} classes by split: {sums} pictures. {finding}.")


def sizes(table: pd.DataFrame, size: int = 224) -> Figure:
    """Width against height of every picture, with the size that the network will see."""
    small = int((table[["width", "height"]].min(axis=1) < size).sum())
    shapes = table.groupby(["width", "height"]).size().reset_index(name="count")
    figure, axes = canvas(width=5.2, height=4.2)
    area = 12 + 240 * np.sqrt(shapes["count"] / len(table))
    axes.scatter(shapes["width"], shapes["height"], s=area, facecolor=(BLUE, 0.5), edgecolor=BLUE)
    axes.axvline(size, color=RED, linestyle="--", linewidth=1)
    axes.axhline(size, color=RED, linestyle="--", linewidth=1)
    axes.annotate(
        f"{size} px",
        (size, axes.get_ylim()[1]),
        color=RED,
        ha="left",
        va="top",
        xytext=(3, 0),
        textcoords="offset points",
    )
    axes.set_xlabel("width in pixels")
    axes.set_ylabel("height in pixels")
    title(axes, f"{small / len(table):.0%} of the pictures have a side shorter than {size} px")
    ratio = (table["width"] / table["height"]).describe(percentiles=[])
    different = "one size" if len(shapes) == 1 else f"{len(shapes)} sizes"
    return with_alt(figure, f"Scatter plot of {len(table)} pictures in {different}: {table['width'].min()} to "
                            f"{table['width'].max()} px wide, width over height from {ratio['min']:.2f} to "
                            f"{ratio['max']:.2f}. {small} have a side shorter than {size} px.")  # fmt: skip


def sample_grid(table: pd.DataFrame, a_class: int = 8, most: int = 12, seed: int = 0) -> Figure:
    """A row of pictures for each class, chosen by a seed; the same for any order of the table."""
    labels = sorted(table["label"].unique())[:most]
    rng = np.random.default_rng(seed)
    figure, grid = canvas(0.8 * a_class + 1.2, 0.82 * len(labels) + 0.4, len(labels), a_class, squeeze=False)
    for row, label in zip(grid, labels):
        paths = np.sort(table.loc[table["label"] == label, "path"].to_numpy(str))
        chosen = rng.permutation(paths)[:a_class]
        for axes, path in zip(row, [*chosen, *[None] * (a_class - len(chosen))]):
            draw_picture(axes, table, path)
        row[0].text(-0.15, 0.5, shorten(label, 14), transform=row[0].transAxes, ha="right", va="center")
    more = table["label"].nunique() - len(labels)
    figure.suptitle(f"{len(labels)} of {len(labels) + more} classes" if more else f"Pictures of each of the {len(labels)} classes, as they are stored",
                    weight="bold", fontsize=11)  # fmt: skip
    return with_alt(
        figure, f"Grid of sample pictures, a row a class: {', '.join(labels)}{f' and {more} more' if more else ''}."
    )


def problem_grid(problems: pd.DataFrame, root, columns: int = 6, most: int = 24) -> Figure:
    """What can still be seen of pictures with a problem, and where nothing can, so much."""
    pictures = problems[problems["path"] != ""].drop_duplicates("path")[:most]
    rows = -(-len(pictures) // columns) or 1
    figure, grid = canvas(1.35 * columns, 1.75 * rows + 0.3, rows, columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, row in zip(grid.ravel(), pictures.itertuples()):
        draw_picture(axes, root, row.path)
        sign, colour = ("✗ ", RED) if row.left_out else ("", GREY)
        axes.set_title(f"{sign}{row.problem}", fontsize=8, color=colour)
        _name_below(axes, row.path)
    left_out = problems.loc[problems["left_out"], "path"].nunique()
    finding = f"{left_out} files left out (✗), the others are used and noted" if len(problems) else "No problem found"
    figure.suptitle(finding, weight="bold", fontsize=11)
    kinds = ", ".join(f"{count} {kind}" for kind, count in problems["problem"].value_counts(sort=False).items())
    return with_alt(figure, f"{finding}. Grid of {len(pictures)} files{': ' + kinds if kinds else ''}.")


def copy_grid(copies: pd.DataFrame, columns: int = 6, most: int = 24) -> Figure:
    """Families of copies one after the other, each picture with its family's number and its folder."""
    shown = copies[:most]
    rows = -(-len(shown) // columns) or 1
    figure, grid = canvas(1.35 * columns, 1.8 * rows + 0.3, rows, columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, picture in zip(grid.ravel(), shown.itertuples()):
        draw_picture(axes, copies, picture.path)
        axes.set_title(f"family {picture.family}: {shorten(str(Path(picture.path).parent), 14)}", fontsize=7.5)
        _name_below(axes, picture.path)
    count, total = copies["family"].nunique(), len(copies)
    figure.suptitle(f"{total} pictures, but only {count} different ones" if total else "No copies found",
                    weight="bold", fontsize=11)  # fmt: skip
    return with_alt(
        figure, f"{len(shown)} of {total} pictures that have a copy, in {count} families, with their folders."
    )


def compare(
    values: dict, finding: str, label: str = "accuracy", chance: float | None = None, word: str = "chance", groups=None
) -> Figure:
    """A bar for each named value between 0 and 1; a dashed line, with a word, where guessing would land.

    Args:
        groups: what each bar belongs to; bars of one group have one colour and hatch. None: each bar has its own colour.
    """
    colours, hatches = (BLUE, ORANGE, GREEN, RED, GREY), HATCHES[:1] if groups is None else HATCHES
    groups = list(values) if groups is None else list(groups)
    kinds = [list(dict.fromkeys(groups)).index(group) for group in groups]
    figure, axes = canvas(height=0.9 + 0.42 * len(values))
    bars = axes.barh(list(values), list(values.values()), color=[colours[kind % len(colours)] for kind in kinds],
                     hatch=[hatches[kind % len(hatches)] for kind in kinds], edgecolor="white", linewidth=0)  # fmt: skip
    axes.bar_label(bars, fmt="%.2f", padding=3)
    if chance is not None:
        axes.axvline(chance, color=GREY, linestyle="--", linewidth=1)
        axes.annotate(word, (chance, 1), xycoords=("data", "axes fraction"), color=GREY, fontsize=8,
                      xytext=(3, 2), textcoords="offset points")  # fmt: skip
    axes.set_xlim(0, 1.08)
    axes.set_xlabel(label)
    axes.invert_yaxis()
    title(axes, finding, pad=14 if chance is not None else 6)
    listed = ", ".join(f"{name} {value:.2f}" for name, value in values.items())
    return with_alt(
        figure, f"{finding}. Bars of {label}: {listed}{f'; {word} is {chance:.2f}' if chance is not None else ''}."
    )


def pictures(images: dict, finding: str, alt: str, height: float = 2.4) -> Figure:
    """Images (anything that imshow takes) side by side, equally high, each with its name."""
    shapes = [np.asarray(image).shape for image in images.values()]
    ratios = [min(max(wide / high, 0.6), 3) for high, wide, *_ in shapes]
    width = max(5, (height - 0.4) * sum(ratios) + 0.1 * len(ratios))
    figure, grid = canvas(width, height, 1, len(images), squeeze=False, width_ratios=ratios)
    for axes, (name, image) in zip(grid.ravel(), images.items()):
        axes.imshow(image)
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    figure.suptitle(finding, weight="bold", fontsize=11)
    return with_alt(figure, alt)


def draw_picture(axes, table_or_root, path):
    """One picture without axes; a grey field with a word where it cannot be shown."""
    axes.set_axis_off()
    if path is None:
        return
    root = Path(table_or_root.attrs["root"] if isinstance(table_or_root, pd.DataFrame) else table_or_root)
    try:
        image = open_image(root / path, size=THUMBNAIL)
    except PictureError:
        axes.add_patch(
            Rectangle((0, 0), 1, 1, transform=axes.transAxes, facecolor="#EEEEEE", edgecolor=GREY, linewidth=0.5)
        )
        axes.text(
            0.5, 0.5, "nothing\nto see", transform=axes.transAxes, ha="center", va="center", fontsize=7, color=GREY
        )
        return
    smooth = "nearest" if max(image.size) < THUMBNAIL / 2 else "antialiased"
    image.thumbnail((2 * THUMBNAIL, 2 * THUMBNAIL))
    axes.imshow(image, interpolation=smooth)


def _name_below(axes, path):
    axes.text(0.5, -0.04, shorten(Path(path).name, 22), transform=axes.transAxes, ha="center", va="top", fontsize=6.5)


def shorten(text, most):
    text = str(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
