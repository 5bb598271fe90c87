"""Figures about what is inside of a convolutional network: its filters, its maps, and how much of a picture they see."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from utils.plots.figures import BLUE, DASHES, GREEN, ORANGE, PURPLE, RED, SKY, canvas, title, with_alt

LINES = tuple(zip((ORANGE, SKY, GREEN, RED, PURPLE, BLUE), DASHES))
MOST_FILTERS = 64
LARGEST_SQUARES = 6


def filters(weight: np.ndarray, finding: str, a_row: int = 16) -> Figure:
    """The windows of a first layer as small patches of colour, each from its own darkest to its own lightest number.

    Args:
        weight: (outputs, 3, kernel, kernel), numbers of any range; the first 64 are shown.
        finding: the title.
        a_row: patches side by side.
    """
    shown = np.asarray(weight)[:MOST_FILTERS]
    rows = -(-len(shown) // a_row)
    figure, grid = canvas(max(4.5, 0.5 * a_row + 0.3), 0.55 * rows + 0.5, rows, a_row, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, window in zip(grid.ravel(), shown):
        axes.imshow(_stretched(window.transpose(1, 2, 0)))  # (3, k, k) -> (k, k, 3)
    figure.suptitle(finding, weight="bold", fontsize=11)
    side = shown.shape[-1]
    return with_alt(figure, f"{finding}. {len(shown)} patches of {side} by {side} coloured squares.")


def feature_maps(image: np.ndarray, layers: dict, finding: str, most: int = 8) -> Figure:
    """A picture, and a row for each layer with the maps that answer most strongly to it, the strongest first.

    Args:
        image: (H, W, 3) from 0 to 1.
        layers: {name: maps (C, h, w)}, in the order in which the picture passes them.
        finding: the title.
        most: maps shown of each layer.
    """
    figure, grid = canvas(0.95 * (most + 1) + 0.6, 1.02 * len(layers) + 0.5, len(layers), most + 1, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    grid[0, 0].imshow(image)
    for row, (name, maps) in zip(grid, layers.items()):
        strongest = np.argsort(-np.asarray(maps).mean(axis=(1, 2)), kind="stable")[:most]
        for axes, channel in zip(row[1:], strongest):
            axes.imshow(maps[channel], cmap="gray")
        high, wide = maps.shape[1:]
        name_of_row = row[1].text(0, 1.05, f"{name}: {len(maps)} maps of {high} x {wide}", fontsize=8.5, va="bottom",
                                  transform=row[1].transAxes)  # fmt: skip
        name_of_row.set_in_layout(False)  # or the first map would be as wide as its row's name
    figure.get_layout_engine().set(h_pad=0.13)  # inches, room for the names
    figure.suptitle(finding, weight="bold", fontsize=11)
    told = ", ".join(f"{name} {maps.shape[1]} x {maps.shape[2]}" for name, maps in layers.items())
    return with_alt(figure, f"{finding}. A picture and grey maps of it, up to {most} a layer: {told}.")


def receptive_fields(image: np.ndarray, fields: dict, finding: str) -> Figure:
    """A picture with the squares that the middle place of some layers' maps can see.

    Args:
        image: (H, W, 3) from 0 to 1.
        fields: {layer: pixels a side}, up to six; a square that is as large as the picture lies on its edge.
        finding: the title.
    """
    height, width = np.asarray(image).shape[:2]
    figure, axes = canvas(width=5.4, height=3.6)
    axes.imshow(image)
    axes.set_axis_off()
    for (name, side), (colour, dash) in zip(list(fields.items())[:LARGEST_SQUARES], LINES):
        high, wide = min(side, height), min(side, width)
        corner = ((width - wide) / 2 - 0.5, (height - high) / 2 - 0.5)
        axes.add_patch(Rectangle(corner, wide, high, fill=False, color=colour, linestyle=dash, linewidth=2.2,
                                 label=f"{name}: {side} px", clip_on=False))  # fmt: skip
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
    title(axes, finding)
    told = ", ".join(f"{name} {side} pixels" for name, side in fields.items())
    return with_alt(figure, f"{finding}. A picture with squares around its middle: {told} a side.")


def _stretched(values):
    """The values from 0 to 1; all the same where they do not differ."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full_like(values, 0.5)
