"""Exercises 7 to 9: how many, which ones, and the same ones everywhere."""

import random
import zlib
from collections import Counter

import numpy as np

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, as_rows, shown

# --- 7: counts that add up -----------------------------------------------------------------------
SPLITS = ("train", "valid", "test")


def split_counts(total, valid, test):
    """How many of total pictures go to train, valid and test."""
    n_valid, n_test = max(1, round(total * valid)), max(1, round(total * test))
    return total - n_valid - n_test, n_valid, n_test


def probe_split_counts(answer):
    # 103: rounding all three, or cutting them, loses a picture. 12 and 6: a share under half a picture.
    for total in (103, 12, 6):
        got = _three_counts(answer(total, 0.15, 0.05), total)
        if sum(got) != total:
            raise NotYet(f"your counts {got} add up to {sum(got)}, but there are {total} pictures.")
        empty = [split for split, count in zip(SPLITS, got) if count < 1]
        if empty:
            raise NotYet(f"of {total} pictures you give {got}, so {' and '.join(empty)} would have none.")
        off = [split for split, count, share in zip(SPLITS[1:], got[1:], (0.15, 0.05))
               if abs(count - max(1, total * share)) >= 1]  # fmt: skip
        if off:
            raise NotYet(f"got {got} for {total} pictures with shares 0.15 and 0.05: {_far(off)}."
                         " Is the order train, valid, test? Who takes what rounding leaves over?")  # fmt: skip


def _far(splits):
    return (
        f"{splits[0]} is far from its share"
        if len(splits) == 1
        else f"{' and '.join(splits)} are far from their shares"
    )


def _three_counts(got, total):
    counts = [
        as_number(count, "three counts (train, valid, test)")
        for count in as_list(got, "three counts (train, valid, test)")
    ]
    if len(counts) != 3:
        raise NotYet(f"expected three counts (train, valid, test), got {shown(got)}.")
    cut = [count for count in counts if count != int(count)]
    if cut:
        raise NotYet(f"{cut[0]:g} of {total} pictures: a picture cannot be cut into pieces.")
    return tuple(int(count) for count in counts)


q7 = Question(
    number=7,
    reference=split_counts,
    probe=probe_split_counts,
    hints=[
        "Round two of the three shares. The third is what is left of the total, not a share of it.",
        "max(1, ...) keeps a small class from having nothing in a split.",
        "So n_valid = max(1, round(...)), the same for n_test, and train takes what is left.",
    ],
    why="Three rounded shares need not add up; the training set takes the rest, so no picture is lost. And a class "
    "without a test picture cannot be judged at all.",
    mistakes=[
        Mistake(lambda t, v, s: (int(t * (1 - v - s)), int(t * v), int(t * s)), "add up to 102"),
        Mistake(
            lambda t, v, s: (round(t * v), t - round(t * v) - round(t * s), round(t * s)),
            "valid is far from its share. Is the order",
        ),
        Mistake(lambda t, v, s: split_counts(t, s, v), "valid and test are far from their shares"),
        Mistake(
            lambda t, v, s: (t - round(t * v) - round(t * s), round(t * v), round(t * s)), "so test would have none"
        ),
        Mistake(lambda t, v, s: (t * (1 - v - s), t * v, t * s), "cannot be cut"),
        Mistake(lambda t, v, s: t - round(t * v) - round(t * s), "three counts"),
        Mistake(lambda t, v, s: (83, 15, 5), "add up to 103, but there are 12"),
    ],
)

# --- 8: the same share of each class -------------------------------------------------------------
SIZES = {"cat": 100, "dog": 40, "owl": 12}
LABELS = np.random.default_rng(0).permutation([label for label, size in SIZES.items() for _ in range(size)])


def rows_for_test(labels, share, seed):
    """Rows that go to test: of each class its share."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        chosen.extend(rows[: round(len(rows) * share)])
    return chosen


def rows_for_test_by_number(labels, share, seed):
    """Rows that go to test: of each class the same number."""
    rng = np.random.default_rng(seed)
    a_class = round(len(labels) * share / len(np.unique(labels)))
    chosen = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        chosen.extend(rows[:a_class])
    return chosen


def probe_rows_for_test(answer):
    first, again, other = (as_rows(answer(LABELS.copy(), 0.25, seed), len(LABELS)) for seed in (3, 3, 4))
    taken = Counter(LABELS[first].tolist())
    for label, size in sorted(SIZES.items(), key=lambda item: item[1]):
        if abs(taken[label] - 0.25 * size) >= 1:
            raise NotYet(f"of {size} pictures of {label!r}, {taken[label]} go to test and {size - taken[label]} are left "
                         f"to learn from; the share was 0.25.")  # fmt: skip
    _check_seed(first, again, other, "rows")


def _check_seed(first, again, other, what):
    if first != again:
        raise NotYet(f"called twice with the same seed, it chose other {what} the second time: what is random must come "
                     "from the seed alone.")  # fmt: skip
    if first == other:
        raise NotYet(f"seeds 3 and 4 chose the same {what}: is the seed used, and is anything shuffled?")


def _rows_of_all(labels, share, seed):
    return np.random.default_rng(seed).permutation(len(labels))[: round(len(labels) * share)]


def _rows_first(labels, share, seed):
    rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([of_class[: round(len(of_class) * share)] for of_class in rows])


def _rows_unseeded(labels, share, seed):
    return rows_for_test(labels, share, None)


q8 = Question(
    number=8,
    reference=rows_for_test,
    probe=probe_rows_for_test,
    starter=rows_for_test_by_number,
    hints=[
        "What is a_class for 100 cats, 40 dogs and 12 owls, and what is left of the owls?",
        "How many to take depends on the class: on len(rows), inside the loop.",
        "rows[: round(len(rows) * share)], and the line that computes a_class can go.",
    ],
    why="The same number from every class takes all of a small class: nothing is left to learn from. A share is fair "
    "to small and large ones; that is what stratified means.",
    mistakes=[
        Mistake(_rows_of_all, "go to test"),
        Mistake(_rows_first, "seeds 3 and 4 chose the same rows"),
        Mistake(_rows_unseeded, "same seed"),
        Mistake(
            lambda labels, share, seed: [str(labels[row]) for row in rows_for_test(labels, share, seed)], "row numbers"
        ),
        Mistake(lambda labels, share, seed: rows_for_test(labels, 1 - share, seed), "9 go to test and 3 are left"),
        Mistake(lambda labels, share, seed: np.tile(rows_for_test(labels, share, seed), 2), "stand there twice"),
    ],
)

# --- 9: the same split on every machine ----------------------------------------------------------
COUNT, SHARE = 40, 0.3


class _Name(str):
    """A str whose hash depends on a salt, as every str's does from one start of Python to the next."""

    salt = 0

    def __hash__(self):
        return zlib.crc32(f"{_Name.salt} {self!s}".encode())


def names_for_test(paths, share, seed):
    """The paths that go to test, the same for any order of the list."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(sorted(paths))
    return set(shuffled[: round(len(paths) * share)])


def names_for_test_as_listed(paths, share, seed):
    """The paths that go to test."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(paths)
    return set(shuffled[: round(len(paths) * share)])


def probe_names_for_test(answer):
    first, again, other = (_names(answer, seed=seed) for seed in (3, 3, 4))
    _check_seed(first, again, other, "files")
    for change in ({"order": 1}, {"order": 2}):
        moved = len(first - _names(answer, seed=3, **change))
        if moved:
            raise NotYet(
                f"the same {COUNT} files listed in another order: {moved} of {len(first)} test files are others."
            )
    moved = len(first - _names(answer, seed=3, salt=1))
    if moved:
        raise NotYet(f"after a new start of Python, {moved} of {len(first)} test files are others: the order of a set, "
                     "and hash() of a text, change from start to start.")  # fmt: skip


def _names(answer, seed, order=0, salt=0):
    """What the answer chooses from one listing, as a set of plain texts."""
    _Name.salt = salt
    listing = [_Name(f"cat/{number:03}.jpg") for number in np.random.default_rng(order).permutation(COUNT)]
    got = as_list(answer(list(listing), SHARE, seed), "the paths that go to test")
    got = [str(name).replace("\\", "/") for name in got]  # a Path on Windows
    strange = [name for name in got if name not in [str(path) for path in listing]]
    if strange:
        raise NotYet(f"expected some of the paths that were given, got {strange[0]!r}.")
    if len(set(got)) != round(COUNT * SHARE) or len(got) != len(set(got)):
        raise NotYet(
            f"of {COUNT} paths with a share of {SHARE} you chose {len(got)}, {len(set(got))} of them different."
        )
    return set(got)


def _names_of_a_set(paths, share, seed):
    return random.Random(seed).sample(list(set(paths)), round(len(paths) * share))


def _names_sorted_late(paths, share, seed):
    return sorted(np.random.default_rng(seed).permutation(paths)[: round(len(paths) * share)])


def _names_by_hash(paths, share, seed):
    return sorted(paths, key=lambda path: hash((seed, path)))[: round(len(paths) * share)]


q9 = Question(
    number=9,
    reference=names_for_test,
    probe=probe_names_for_test,
    starter=names_for_test_as_listed,
    hints=[
        "The seed fixes how the list is shuffled. What fixes the list that is shuffled?",
        "Bring the list into one order before anything random happens to it.",
        "rng.permutation(sorted(paths)). A set does not do: its order changes from start to start of Python.",
    ],
    why="A seed shuffles positions, not files. Linux, macOS and Windows list the same folder in different orders, so "
    "the same seed gives each machine another test set, and some of it was trained on yesterday.",
    mistakes=[
        Mistake(_names_of_a_set, "after a new start of Python"),
        Mistake(_names_by_hash, "after a new start of Python"),
        Mistake(_names_sorted_late, "listed in another order"),
        Mistake(
            lambda paths, share, seed: sorted(paths)[: round(len(paths) * share)], "seeds 3 and 4 chose the same files"
        ),
        Mistake(lambda paths, share, seed: random.sample(sorted(paths), round(len(paths) * share)), "same seed"),
        Mistake(lambda paths, share, seed: range(round(len(paths) * share)), "got '0'"),
        Mistake(lambda paths, share, seed: names_for_test(paths, 1 - share, seed), "you chose 28"),
    ],
)
