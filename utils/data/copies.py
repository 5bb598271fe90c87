"""Copies: the same picture twice in a folder, byte for byte or re-saved, and the leaks they make.

Words: a *family* is a set of pictures that are copies of one another; a *leak* is a family that lies in more
than one split, a *contradiction* one that lies in more than one class.
How: equal digests are exact copies. For near ones the perceptual hash proposes pairs, and the pixels decide:
hashes alone call different pictures copies where pictures are simple (handwritten digits, say).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from utils.data.images import PictureError, open_image
from utils.errors import CourseError

HASH_BITS = 64
HASH_DISTANCE = 6  # bits that the hash of a re-saved, shrunk picture differs at most
LOOK_SIDE = 16  # pixels of the small colour picture that decides
# Two looks are the same if their root mean square difference is at most this share of their contrast (0.2 is a
# correlation of 0.98), and in any case at most 10, but allowed 2, of 255 levels.
SAME_SHARE, SAME_LEVELS = 0.2, (2, 10)


def find_copies(table: pd.DataFrame, near: bool = True, threads: int | None = None) -> pd.DataFrame:
    """Every picture that has a copy in the table, family by family.

    Args:
        table: image table with `digest`, and for near copies `phash` (as `scan` makes it).
        near: whether re-saved, rescaled or slightly edited pictures count too; mirrored and cropped ones do not.
        threads: for the look at the proposed pairs; None takes one a core, at most 8.

    Returns:
        The rows of the table that have a copy, with `family` (0, 1, ...) in front and `kind` ("exact" where all
        of the family are byte-identical, else "near"); sorted by family, then path. Empty if there are none.
    """
    family = families(table, near, threads)
    size = np.bincount(family)[family]
    copies = table[size > 1].assign(family=family[size > 1]).sort_values(["family", "path"])
    copies["family"] = pd.factorize(copies["family"])[0]
    digests = copies.groupby("family")["digest"].transform("nunique")
    copies["kind"] = np.where(digests == 1, "exact", "near")
    front = ["family", "kind", "path", "label"]
    return copies[front + [name for name in copies if name not in front]].reset_index(drop=True)


def find_leaks(copies: pd.DataFrame) -> pd.DataFrame:
    """Of the copies, the families that lie in more than one split: their pictures are met before the test."""
    if "split" not in copies:
        raise CourseError("Leaks lie between splits, but the table has no column split. "
                          "Split it first: table = add_splits(table)")  # fmt: skip
    return copies[copies.groupby("family")["split"].transform("nunique") > 1].reset_index(drop=True)


def find_contradictions(copies: pd.DataFrame) -> pd.DataFrame:
    """Of the copies, the families with more than one label: at least one of their labels is wrong."""
    return copies[copies.groupby("family")["label"].transform("nunique") > 1].reset_index(drop=True)


def families(table: pd.DataFrame, near: bool = True, threads: int | None = None) -> np.ndarray:
    """The family of each row, (N,) int from 0: a picture without copies is a family of one."""
    if "digest" not in table:
        raise CourseError("Copies are found by the columns digest and phash, which scan makes, but the table has "
                          f"only {list(table.columns)}. Make it with: table, problems = scan(folder)")  # fmt: skip
    digest, first = np.unique(table["digest"].to_numpy(dtype=str), return_index=True)
    exact = np.searchsorted(digest, table["digest"].to_numpy(dtype=str))
    if not near or len(first) < 2:
        return exact
    left, right = near_pairs(table["phash"].to_numpy(np.uint64)[first])
    same = _same_look(table, first, left, right, threads)
    return _connected(len(first), left[same], right[same])[exact]


def near_pairs(hashes: np.ndarray, distance: int = HASH_DISTANCE) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (left, right) of 64-bit hashes, (N,) uint64, that differ in at most `distance` bits.

    Cut into distance + 1 bands, two such hashes agree in one band at least (pigeonhole), so only hashes that
    share a band are compared: 60,000 pictures take about a second, not 1.8 thousand million comparisons.
    """
    edges = np.linspace(0, HASH_BITS, distance + 2).astype(int)
    found = [np.empty((0, 2), dtype=np.int64)]
    for low, high in zip(edges[:-1], edges[1:]):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable")
        found.append(_close_in_band(hashes[order], band[order], order, distance))
    pairs = np.unique(np.concatenate(found), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _close_in_band(hashes, band, order, distance):
    """Close pairs among neighbours with equal band: each is compared with the one 1, 2, 3, ... places on."""
    found = []
    here = np.arange(len(band))
    for step in range(1, len(band)):
        here = here[here < len(band) - step]
        here = here[band[here] == band[here + step]]  # sorted: who has no partner here has none further on
        if not len(here):
            break
        close = here[np.bitwise_count(hashes[here] ^ hashes[here + step]) <= distance]
        found.append(np.sort(np.stack([order[close], order[close + step]], axis=1), axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def _same_look(table, first, left, right, threads):
    """Which of the proposed pairs really look the same; each picture is opened once."""
    wanted = np.unique(np.concatenate([left, right]))
    root = Path(table.attrs.get("root", "."))
    paths = [root / path for path in table["path"].to_numpy()[first[wanted]]]
    with ThreadPoolExecutor(threads or min(os.cpu_count() or 1, 8)) as pool:
        looks = list(pool.map(_look, paths))
    looks = np.array(looks, dtype=np.uint8).reshape(len(wanted), LOOK_SIDE**2, 3)
    a, b = np.searchsorted(wanted, left), np.searchsorted(wanted, right)
    chunks = np.array_split(np.arange(len(a)), len(a) // 10_000 + 1)  # bounded memory for any number of pairs
    return np.concatenate([_alike(looks[a[part]], looks[b[part]]) for part in chunks])


def _look(path):
    """A small colour picture, (16, 16, 3) uint8."""
    try:
        image = open_image(path, size=2 * LOOK_SIDE)
    except PictureError:  # gone or damaged since the scan: it cannot be shown to be a copy
        return np.random.default_rng().integers(0, 256, (LOOK_SIDE, LOOK_SIDE, 3))
    return np.asarray(image.resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BILINEAR))


def _alike(left, right):
    """Whether pairs of looks, (M, P, 3) each, differ by little for their contrast -> (M,) bool."""
    left, right = left.astype(np.float32), right.astype(np.float32)
    difference = np.sqrt(((left - right) ** 2).mean(axis=(1, 2)))
    contrast = np.sqrt(((left - left.mean(axis=1, keepdims=True)) ** 2).mean(axis=(1, 2)))
    return difference <= np.clip(SAME_SHARE * contrast, *SAME_LEVELS)


def _connected(count, left, right):
    links = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(count, count))
    return connected_components(links, directed=False)[1]
