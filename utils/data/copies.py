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


def add_families(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a column `family`, so that splits and searches for copies need not look again."""
    return table.assign(family=families(table))


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
    if "family" in table:  # looked for already, by add_families
        return pd.factorize(table["family"])[0]
    if "digest" not in table:
        raise CourseError("Copies are found by the columns digest and phash, which scan makes, but the table has "
                          f"only {list(table.columns)}. Make it with: table, problems = scan(folder)")  # fmt: skip
    _, first, exact = np.unique(table["digest"].to_numpy(dtype=str), return_index=True, return_inverse=True)
    if not near or len(first) < 2:
        return exact
    root = Path(table.attrs.get("root", "."))
    looks = _Looks([root / path for path in table["path"].to_numpy()[first]], threads)
    return _near_families(table["phash"].to_numpy(np.uint64)[first], looks.alike)[exact]


def _near_families(hashes, alike):
    """The family of each hash, (N,) ints, where `alike(left, right)` says which of the close pairs are copies.

    The first round compares near neighbours only: it joins most of what are thousands of copies of one picture
    (frames of a still camera, blank pages), so that the second need not compare each of them with each.
    """
    family = np.argsort(np.argsort(hashes, kind="stable"))  # a family of one each, in the order of the hashes
    for steps in (4, None):
        for left, right in _close_pairs(hashes, family, steps=steps):
            apart = family[left] != family[right]
            left, right = left[apart], right[apart]
            same = alike(left, right)
            if same.any():
                family = _joined(family, left[same], right[same])
    return family


def _close_pairs(hashes, family, distance=HASH_DISTANCE, steps=None):
    """Yields close pairs of different families as two arrays (left, right), each pair once.

    Cut into distance + 1 bands, two close hashes agree in one band at least (pigeonhole), so only hashes that
    share a band are compared: 60,000 pictures take about a second, not 1.8 thousand million comparisons.

    Args:
        hashes, family: (N,) uint64 and ints.
        steps: with how many others in its band each is compared; None: with all.
    """
    edges = np.linspace(0, HASH_BITS, distance + 2).astype(int)
    masks = [np.uint64((1 << int(high)) - (1 << int(low))) for low, high in zip(edges[:-1], edges[1:])]
    for place, mask in enumerate(masks):
        band = hashes & mask
        order = np.lexsort((family, band))
        for here, there in _neighbours(band[order], family[order], steps):
            left, right = order[here], order[there]
            differ = hashes[left] ^ hashes[right]
            close = np.bitwise_count(differ) <= distance
            for earlier in masks[:place]:  # a pair that agrees in an earlier band was found there
                close &= (differ & earlier) != 0
            yield np.minimum(left, right)[close], np.maximum(left, right)[close]


def _neighbours(band, family, steps):
    """Yields pairs of places with equal band and different family. Both are sorted: by band, then family."""
    places = np.arange(len(band))
    band_ends = np.searchsorted(band, band, side="right")
    starts = np.flatnonzero((np.diff(band) != 0) | (np.diff(family) != 0)) + 1
    here, there = places, np.append(starts, len(band))[np.searchsorted(starts, places, side="right")]
    for _ in range(len(band) if steps is None else steps):
        inside = there < band_ends[here]
        here, there = here[inside], there[inside]
        if not len(here):
            return
        yield here, there
        there = there + 1


def _joined(family, left, right):
    """The families after those of each pair have become one."""
    count = len(family)
    links = coo_array((np.ones(len(left), dtype=bool), (family[left], family[right])), shape=(count, count))
    return connected_components(links, directed=False)[1][family]


class _Looks:
    """The small colour pictures that decide, (16, 16, 3) uint8; each path is opened once, when it is asked for."""

    def __init__(self, paths, threads):
        self.paths, self.threads = paths, threads or min(os.cpu_count() or 1, 8)
        self.looks = np.empty((len(paths), LOOK_SIDE**2, 3), dtype=np.uint8)  # takes memory only where it is written
        self.opened, self.readable = np.zeros((2, len(paths)), dtype=bool)

    def alike(self, left, right):
        """Whether the pictures of each pair, (M,) ints and (M,) ints, look the same -> (M,) bool."""
        self._open(np.unique(np.concatenate([left, right])))
        same = self.readable[left] & self.readable[right]
        for part in np.array_split(np.arange(len(left)), len(left) // 10_000 + 1):  # bounds the memory
            same[part] &= _alike(self.looks[left[part]], self.looks[right[part]])
        return same

    def _open(self, wanted):
        wanted = wanted[~self.opened[wanted]]
        if not len(wanted):
            return
        with ThreadPoolExecutor(self.threads) as pool:
            for place, look in zip(wanted, pool.map(_look, [self.paths[place] for place in wanted])):
                self.opened[place] = True
                self.readable[place] = look is not None
                self.looks[place] = 0 if look is None else look


def _look(path):
    """A small colour picture, (256, 3) uint8; None where it is gone or damaged since the scan."""
    try:
        image = open_image(path, size=2 * LOOK_SIDE)
    except PictureError:
        return None
    return np.asarray(image.resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BILINEAR)).reshape(-1, 3)


def _alike(left, right):
    """Whether pairs of looks, (M, P, 3) each, differ by little for their contrast -> (M,) bool."""
    left, right = left.astype(np.float32), right.astype(np.float32)
    difference = np.sqrt(((left - right) ** 2).mean(axis=(1, 2)))
    contrast = np.sqrt(((left - left.mean(axis=1, keepdims=True)) ** 2).mean(axis=(1, 2)))
    return difference <= np.clip(SAME_SHARE * contrast, *SAME_LEVELS)
