"""Scanning 60,000 small JPEGs against merely decoding them; splitting a million rows against scikit-learn's way."""

import io
import multiprocessing
import os
import resource
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.model_selection import train_test_split

from tests.bench.line import Line, seconds
from utils.data.copies import find_copies
from utils.data.examining import CHUNK
from utils.data.splits import add_splits, load_split, save_split
from utils.data.tables import scan

PICTURES, CLASSES, ROWS = 60_000, 20, 1_000_000


def bench_scan():
    """Alternating and twice each, the better one counts: other work on the machine hits both."""
    with tempfile.TemporaryDirectory() as folder:
        paths = make_pictures(Path(folder))
        threads = min(os.cpu_count(), 8)
        ours, plain, table = [], [], None
        for _ in range(2):
            plain.append(seconds(decode_all, paths, threads))
            ours.append(seconds(lambda: scan(folder, threads=threads, progress=False)))
        yield Line(f"scan, verify and hash {PICTURES:,} small JPEGs", min(ours), min(plain), "s", "at most 1.3")
        table = scan(folder, threads=threads, progress=False).table
        yield Line(
            f"find copies among them, near ones too (after scan {min(ours):.0f} s)",
            seconds(find_copies, table),
            None,
            "s",
            "",
        )


def bench_split():
    """Each way in a process of its own, so that its peak memory is its own."""
    results = {}
    for way in (split_ours, split_plain):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            results[way] = pool.apply(measured, (way,))
    (our_seconds, our_megabytes), (plain_seconds, plain_megabytes) = results[split_ours], results[split_plain]
    yield Line(f"split, save and load {ROWS:,} rows", our_seconds, plain_seconds, "s", "under 20 s")
    yield Line("  peak memory of the process", our_megabytes, plain_megabytes, "MB", "under 1000 MB")


def make_pictures(folder):
    """JPEGs of 160 x 120, soft colours and some noise: about 5 KB each, all different."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 6, (120, 160, 3))
    paths = []
    for index in range(PICTURES):
        path = folder / f"class-{index % CLASSES:02}" / f"{index:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize((160, 120))
        picture = (np.asarray(coarse) + np.roll(noise, index, axis=1)).clip(0, 255).astype(np.uint8)
        Image.fromarray(picture).save(path, quality=85)
        paths.append(str(path))
    return paths


def decode_all(paths, threads):
    """The plain way: read and decode every picture, nothing else, on the same threads."""
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(decode_chunk, chunks):
            pass


def decode_chunk(paths):
    for path in paths:
        with open(path, "rb") as file:
            Image.open(io.BytesIO(file.read())).convert("RGB")


def million_rows():
    labels = np.array([f"class-{index % 100:03}" for index in range(ROWS)])
    return pd.DataFrame({"path": [f"{label}/{index:07}.jpg" for index, label in enumerate(labels)], "label": labels})


def split_ours(table, folder):
    save_split(add_splits(table), folder / "split.csv")
    load_split(table, folder / "split.csv")


def split_plain(table, folder):
    train, rest = train_test_split(table, train_size=0.7, stratify=table["label"], random_state=0)
    valid, test = train_test_split(rest, train_size=0.5, stratify=rest["label"], random_state=0)
    parts = [part.assign(split=name) for name, part in (("train", train), ("valid", valid), ("test", test))]
    pd.concat(parts).to_csv(folder / "split.csv", index=False)
    table.merge(pd.read_csv(folder / "split.csv"), on=["path", "label"], how="left")


def measured(way):
    """Seconds of the way, and the peak memory of its process, the table included, in MB."""
    table = million_rows()
    with tempfile.TemporaryDirectory() as folder:
        duration = seconds(way, table, Path(folder))
    return duration, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
