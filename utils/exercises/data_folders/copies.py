"""Exercises 10 and 13: pictures that are copies of one another, and what a split does to them."""

import shutil

import numpy as np

from utils.data.copies import find_copies, find_leaks
from utils.data.samples import sample
from utils.data.splits import add_splits, drop_small_classes
from utils.data.tables import scan
from utils.exercises.made import encoded, folder_of, picture
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, as_number, as_rows, shown

# --- 10: families stay together ------------------------------------------------------------------
SHARE = 0.25


def _families():
    """(N,) ints: 400 families of 1 to 5 pictures, numbered with gaps, in no order.

    So many that a coin thrown for each family, which is a right answer, comes near its share with every seed.
    """
    rng = np.random.default_rng(0)
    numbers = 10_000 + 7 * rng.permutation(400)
    return rng.permutation(np.repeat(numbers, rng.integers(1, 6, size=400)))


FAMILIES = _families()


def goes_to_test(families, share, seed):
    """For each picture whether it goes to test; a family goes as a whole."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(families))
    return np.isin(families, names[: round(len(names) * share)])


def goes_to_test_alone(families, share, seed):
    """For each picture whether it goes to test."""
    rng = np.random.default_rng(seed)
    return rng.random(len(families)) < share


def probe_goes_to_test(answer):
    wanted = "one True or False a picture"
    total = len(FAMILIES)
    first, again, other = (as_rows(answer(FAMILIES.copy(), SHARE, seed), total, wanted) for seed in (3, 3, 4))
    in_test = np.isin(np.arange(total), first)
    torn = np.intersect1d(FAMILIES[in_test], FAMILIES[~in_test])
    if len(torn):
        here = torn[0] == FAMILIES
        raise NotYet(f"family {torn[0]} has {(here & in_test).sum()} pictures in test and {(here & ~in_test).sum()} in "
                     f"train; {len(torn)} of {len(np.unique(FAMILIES))} families are torn apart like this.")  # fmt: skip
    if not 0.6 * SHARE <= in_test.mean() <= 1.4 * SHARE:  # whole families, so not to the picture
        raise NotYet(f"{in_test.sum()} of {total} pictures go to test, a share of {in_test.mean():.2f}; about {SHARE} "
                     "was wanted.")  # fmt: skip
    if first != again:
        raise NotYet("called twice with the same seed, it chose other families the second time.")
    if first == other:
        raise NotYet("seeds 3 and 4 chose the same families: is the seed used?")


def _one_of_each(families, share, seed):
    return np.isin(np.arange(len(families)), np.unique(families, return_index=True)[1])


def _by_remainder(families, share, seed):
    return families % round(1 / share) == 0


def _unseeded(families, share, seed):
    return goes_to_test(families, share, None)


def _singles_only(families, share, seed):
    names, count = np.unique(families, return_counts=True)
    alone = np.random.default_rng(seed).permutation(names[count == 1])
    return np.isin(families, alone[: round(len(families) * share)])


def _after_sorting(families, share, seed):
    return goes_to_test(np.sort(families), share, seed)


q10 = Question(
    number=10,
    reference=goes_to_test,
    probe=probe_goes_to_test,
    starter=goes_to_test_alone,
    hints=[
        "The dice are thrown for each picture. For what should they be thrown?",
        "np.unique(families) is the list of families. Shuffle it and take its share.",
        "np.isin(families, chosen) is True where a picture's family is among the chosen.",
    ],
    why="A model that has met a copy of a test picture need not have learned anything to be right. Whole families, "
    "patients, films or days move together, and the score tells what happens with new ones.",
    mistakes=[
        Mistake(_one_of_each, "torn apart"),
        Mistake(_after_sorting, "torn apart"),
        Mistake(_by_remainder, "seeds 3 and 4"),
        Mistake(_unseeded, "same seed"),
        Mistake(_singles_only, "was wanted"),
        Mistake(lambda families, share, seed: goes_to_test(families, 1 - share, seed), "was wanted"),
        Mistake(lambda families, share, seed: np.unique(families)[:20], "one True or False a picture"),
    ],
)

# --- 13: try it on another folder ----------------------------------------------------------------
LEAKING = 3  # families of copies across the splits, in the folder that the probe makes


def leaks_before_and_after(folder):
    """How many families of copies leak: in the split that the folder has, and after splitting it anew."""
    table = scan(folder, progress=False).table
    before = find_leaks(find_copies(table))["family"].nunique()
    anew = add_splits(drop_small_classes(table.drop(columns="split")))
    after = find_leaks(find_copies(anew))["family"].nunique()
    return before, after


def probe_leaks_before_and_after(answer):
    with folder_of(_leaking_tree()) as folder:
        got = _two_counts(answer(folder))
    _check_leaks(got, LEAKING, "a folder that this check made")
    with folder_of({}) as folder:  # a copy: an answer may well move or delete what it finds
        messy = shutil.copytree(sample("messy"), folder / "messy")
        _check_leaks(_two_counts(answer(messy)), _leaks_of_messy(), "the sample messy")


def _leaking_tree():
    """Two classes, each picture different, but for three leaking families (two of 2, one of 3) and a harmless one."""
    files = {f"{split}/{label}/{number}.png": encoded(picture(100 * place + number), "PNG")
             for place, (split, label) in enumerate((s, c) for s in ("train", "valid", "test") for c in ("cat", "dog"))
             for number in range(5)}  # fmt: skip
    copies = {"valid/cat/copy.png": "train/cat/0.png", "test/dog/copy.png": "train/dog/1.png",
              "valid/dog/again.png": "train/dog/2.png", "test/dog/again.png": "train/dog/2.png",
              "train/cat/twin.png": "train/cat/3.png"}  # fmt: skip
    return files | {copy: files[original] for copy, original in copies.items()}


def _leaks_of_messy():
    return find_leaks(find_copies(scan(sample("messy"), progress=False).table))["family"].nunique()


def _two_counts(got):
    counts = [as_number(count, "two counts (before, after)") for count in as_list(got, "two counts (before, after)")]
    if len(counts) != 2:
        raise NotYet(f"expected two counts (before, after), got {shown(got)}.")
    return counts


def _check_leaks(got, leaking, where):
    before, after = got
    if before != leaking:
        raise NotYet(f"in {where} you find {before:g} leaks before. Count families with pictures in more than one split: "
                     "not pictures, and not copies that lie side by side.")  # fmt: skip
    if after == before:
        raise NotYet(f"in {where} there are {after:g} leaks after, as before: does the table still carry its old split, or "
                     "were the copies looked for before the new one?")  # fmt: skip
    if after:
        raise NotYet(f"in {where} you find {after:g} leaks after splitting anew, but add_splits keeps copies together.")


def _leaks_in_pictures(folder):
    table = scan(folder, progress=False).table
    anew = add_splits(drop_small_classes(table.drop(columns="split")))
    return len(find_leaks(find_copies(table))), len(find_leaks(find_copies(anew)))


def _leaks_with_old_split(folder):
    table = scan(folder, progress=False).table
    before = find_leaks(find_copies(table))["family"].nunique()
    return before, find_leaks(find_copies(add_splits(table)))["family"].nunique()


def _leaks_of_all_copies(folder):
    table = scan(folder, progress=False).table
    return find_copies(table)["family"].nunique(), 0


def _leaks_with_small_classes(folder):
    table = scan(folder, progress=False).table
    before = find_leaks(find_copies(table))["family"].nunique()
    anew = add_splits(table.drop(columns="split"))
    return before, find_leaks(find_copies(anew))["family"].nunique()


def _leaks_in_old_order(folder):
    table = scan(folder, progress=False).table
    copies = find_copies(table)
    add_splits(drop_small_classes(table.drop(columns="split")))
    return find_leaks(copies)["family"].nunique(), find_leaks(copies)["family"].nunique()


q13 = Question(
    number=13,
    reference=leaks_before_and_after,
    probe=probe_leaks_before_and_after,
    hints=[
        "scan(folder).table has a column split, because the folder is a tree of splits. find_leaks(find_copies(table)) "
        "is a table of the leaking pictures, with a column family.",
        "add_splits keeps a split that is there. Drop the column first: table.drop(columns='split'), and the classes "
        "that are too small with drop_small_classes.",
        "find_leaks(...)['family'].nunique() counts families; do it on the table as scanned, and on the one split anew, "
        "for which the copies must be found again.",
    ],
    why="The same four steps (scan, find copies, find leaks, split anew) work on any folder. Deleting copies is not "
    "needed: it is enough that a family lies in one split.",
    mistakes=[
        Mistake(_leaks_in_pictures, "7 leaks before"),
        Mistake(_leaks_of_all_copies, "4 leaks before"),
        Mistake(_leaks_with_old_split, "3 leaks after, as before"),
        Mistake(_leaks_in_old_order, "3 leaks after, as before"),
        Mistake(_leaks_with_small_classes, "CourseError"),
        Mistake(lambda folder: 3, "two counts"),
        Mistake(lambda folder: (3, 0), "the sample messy you find 3"),
    ],
)
