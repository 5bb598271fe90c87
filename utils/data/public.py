"""Public data sets by name: downloaded once through torchvision, and listed in a CSV that `scan` reads.

`python -m utils.data.public` lists them, `... fetch oxford_pets` fetches one and prints the line that runs a lesson on
it. A set lies in ~/.cache/image-classification-course/<name>; the variable COURSE_DATA names another folder for all.
Words: an *archive* is a file as the makers publish it. Conventions: labels are the makers' class names, with blanks
for underscores. Their test stays test; where they have no valid, all other pictures are left to `add_splits`. Sets
that come as arrays are written as PNG files, once.
"""

import argparse
import contextlib
import difflib
import errno
import io
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
from tqdm.auto import tqdm

from utils.commands import answer, run_as_script
from utils.data.folders import Row, absolute
from utils.errors import CourseError, named
from utils.files import replacing

CSV = "pictures.csv"  # written last: where it is, the set is complete
PNG_FOLDER = "pictures"
FRACTIONS = [0.75, 0.15, 0.1]  # test: less than the makers' smallest share, MNIST's seventh
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EEXIST, errno.ENOTDIR}


@dataclass(frozen=True)
class PublicSet:
    """One set; `str()` is for people, the fields from `source` on are for `fetch`."""

    name: str
    title: str
    classes: int
    pictures: int
    megabytes: int  # of the download, in 10**6 bytes
    licence: str  # as the makers state it
    citation: str
    home: str
    source: str  # class in torchvision.datasets
    splits: dict  # our split (None: left to add_splits) -> arguments of that class
    paths: str  # attribute of that class with the pictures' paths; "" where they are arrays
    url: str  # how the archives' addresses begin
    archives: tuple[str, ...]  # where they lie in the set's folder

    def __str__(self):
        given = [split for split in self.splits if split]
        split = f"{', '.join(given)}, as its makers have it" if given else "none by its makers"
        return (f"{self.title} ({self.name})\n  {self.pictures:,} pictures in {self.classes} classes, a download of "
                f"{self.megabytes:,} MB\n  split: {split}{'; add_splits deals out the rest' * (None in self.splits)}\n"
                f"  licence: {self.licence}\n  cite: {self.citation}\n  see: {self.home}")  # fmt: skip


UNSTATED = "none stated by its makers"
THREE = {"train": {"split": "train"}, "valid": {"split": "val"}, "test": {"split": "test"}}
TEST = {None: {"train": True}, "test": {"train": False}}
VGG = "https://www.robots.ox.ac.uk/~vgg/data"
KRIZ = "https://www.cs.toronto.edu/~kriz/"
KRIZHEVSKY = "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009"
IDX = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
       "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")  # fmt: skip
SETS = {one.name: one for one in (
    PublicSet("cifar10", "CIFAR-10", 10, 60_000, 170, UNSTATED, KRIZHEVSKY, f"{KRIZ}cifar.html",
              "CIFAR10", TEST, "", KRIZ, ("cifar-10-python.tar.gz",)),
    PublicSet("cifar100", "CIFAR-100", 100, 60_000, 169, UNSTATED, KRIZHEVSKY, f"{KRIZ}cifar.html",
              "CIFAR100", TEST, "", KRIZ, ("cifar-100-python.tar.gz",)),
    PublicSet("dtd", "Describable Textures", 47, 5_640, 625, "for research purposes; no more is stated",
              "M. Cimpoi et al., Describing Textures in the Wild, CVPR 2014", f"{VGG}/dtd/",
              "DTD", THREE, "_image_files", f"{VGG}/dtd/download/", ("dtd/dtd-r1.0.1.tar.gz",)),
    PublicSet("eurosat", "EuroSAT, RGB", 10, 27_000, 94, "MIT; made from Copernicus Sentinel-2 data",
              "P. Helber et al., EuroSAT: A Novel Dataset and Deep Learning Benchmark for Land Use and Land Cover "
              "Classification, IEEE JSTARS 12 (7), 2019", "https://github.com/phelber/eurosat",
              "EuroSAT", {None: {}}, "samples", "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
              "c877bcd43f099cd0196738f714544e355477f3fd/", ("eurosat/EuroSAT.zip",)),
    PublicSet("fashion_mnist", "Fashion-MNIST", 10, 70_000, 31, "MIT",
              "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning "
              "Algorithms, arXiv 1708.07747, 2017", "https://github.com/zalandoresearch/fashion-mnist",
              "FashionMNIST", TEST, "", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
              tuple(f"FashionMNIST/raw/{name}" for name in IDX)),
    PublicSet("flowers102", "Oxford 102 Flowers", 102, 8_189, 345, UNSTATED,
              "M.-E. Nilsback, A. Zisserman, Automated Flower Classification over a Large Number of Classes, ICVGIP "
              "2008", f"{VGG}/flowers/102/", "Flowers102", THREE, "_image_files", f"{VGG}/flowers/102/",
              tuple(f"flowers-102/{name}" for name in ("102flowers.tgz", "imagelabels.mat", "setid.mat"))),
    PublicSet("food101", "Food-101", 101, 101_000, 5_000, "scientific fair use; for more ask the owners (Foodspotting)",
              "L. Bossard, M. Guillaumin, L. Van Gool, Food-101: Mining Discriminative Components with Random Forests, "
              "ECCV 2014", "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
              "Food101", {None: {"split": "train"}, "test": {"split": "test"}}, "_image_files",
              "http://data.vision.ee.ethz.ch/cvl/", ("food-101.tar.gz",)),
    PublicSet("imagenette", "Imagenette, 160 pixels (its val is our test)", 10, 13_394, 99,
              "Apache 2.0 for the selection; the pictures, ImageNet's: non-commercial research and teaching only",
              "J. Howard, Imagenette, 2019", "https://github.com/fastai/imagenette", "Imagenette",
              {None: {"split": "train", "size": "160px"}, "test": {"split": "val", "size": "160px"}}, "_samples",
              "https://s3.amazonaws.com/fast-ai-imageclas/", ("imagenette2-160.tgz",)),
    PublicSet("kmnist", "Kuzushiji-MNIST", 10, 70_000, 21, "CC BY-SA 4.0",
              "KMNIST Dataset (created by CODH), adapted from Kuzushiji Dataset (created by NIJL and others), "
              "doi:10.20676/00000341", "https://github.com/rois-codh/kmnist", "KMNIST", TEST, "",
              "http://codh.rois.ac.jp/kmnist/dataset/kmnist/", tuple(f"KMNIST/raw/{name}" for name in IDX)),
    PublicSet("mnist", "MNIST", 10, 70_000, 12, f"{UNSTATED}; Keras's documentation says CC BY-SA 3.0",
              "Y. LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 86 (11), 1998",
              "http://yann.lecun.com/exdb/mnist/", "MNIST", TEST, "",
              "https://ossci-datasets.s3.amazonaws.com/mnist/", tuple(f"MNIST/raw/{name}" for name in IDX)),
    PublicSet("oxford_pets", "Oxford-IIIT Pet", 37, 7_349, 811,
              "CC BY-SA 4.0; the copyright of the pictures remains with their owners",
              "O. M. Parkhi et al., Cats and Dogs, CVPR 2012", f"{VGG}/pets/",
              "OxfordIIITPet", {None: {"split": "trainval"}, "test": {"split": "test"}}, "_images",
              f"{VGG}/pets/data/", ("oxford-iiit-pet/images.tar.gz", "oxford-iiit-pet/annotations.tar.gz")),
)}  # fmt: skip


def public_names() -> list[str]:
    """The names that `about` and `fetch` take."""
    return list(SETS)


def about(name: str) -> PublicSet:
    """Classes, pictures, size, licence and source of a set: print(about("oxford_pets")).

    Raises:
        CourseError: there is no such set; the message says which there are.
    """
    if name in SETS:
        return SETS[name]
    near = "".join(f"Did you mean {one!r}? " for one in difflib.get_close_matches(str(name).lower(), SETS, 1, 0.5))
    raise CourseError(f"Expected the name of a public data set, but got {name!r}. {near}"
                      f"There are {named(SETS, len(SETS))}.")  # fmt: skip


def fetch(name: str, folder: str | Path | None = None, progress: bool = True) -> pd.DataFrame:
    """Download a set, unless it is there, and list its pictures; prints size and licence before it begins.

    What is there is not downloaded again, and a fetch that was stopped goes on where it was.

    Args:
        name: one of `public_names()`.
        folder: where this set lies; None: ~/.cache/image-classification-course/<name>, or $COURSE_DATA/<name>.
        progress: whether to show bars.

    Returns:
        Image table of path, label and, where the makers have one, split (None: left to add_splits). The same stands
        in pictures.csv in the folder `table.attrs["root"]`, for `scan(root, csv=f"{root}/pictures.csv")`.

    Raises:
        CourseError: there is no such set, no network or no room, or what is there is damaged or incomplete.
    """
    chosen = about(name)
    root = absolute(folder or Path(os.environ.get("COURSE_DATA") or "~/.cache/image-classification-course") / name)
    table = _complete(root)
    if table is not None:
        return table
    print(f"{chosen.title}: {chosen.megabytes:,} MB from {urlsplit(chosen.url).hostname} into '{root}'\n"
          f"Licence: {chosen.licence}. See {chosen.home}", flush=True)  # fmt: skip
    try:
        rows = [row for split in chosen.splits for row in _rows(chosen, root, split, progress)]
        _check(chosen, root, rows)
        with replacing(root / CSV) as temporary:
            pd.DataFrame(rows, columns=Row._fields).dropna(axis=1, how="all").to_csv(temporary, index=False)
    except CourseError:
        raise
    except Exception as error:  # torchvision lets through whatever servers, disks and broken bytes bring about
        raise CourseError(_explained(chosen, root, error)) from error
    return _complete(root)


def _complete(root):
    """The table of a set that is there; None where pictures or their list are missing."""
    try:
        table = pd.read_csv(root / CSV, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError):
        return None
    if table.empty or not {"path", "label"} <= set(table) or not all((root / path).is_file() for path in table["path"]):
        return None
    if "split" in table:
        table["split"] = table["split"].astype(object).where(table["split"] != "", None)
    table.attrs["root"] = str(root)
    return table


def _rows(chosen, root, split, progress):
    """One row for each picture of a split, after downloading, unpacking and writing what is not there yet."""
    from torchvision import datasets  # takes seconds, which the list of sets need not wait for

    with contextlib.ExitStack() as quiet:
        if not progress:  # torchvision's bars cannot be switched off
            quiet.enter_context(contextlib.redirect_stderr(io.StringIO()))
        dataset = getattr(datasets, chosen.source)(str(root), download=True, **chosen.splits[split])
    labels = _labels(chosen, dataset)
    if not chosen.paths:
        return _written(dataset, root, labels, split, progress)
    # torchvision's public way to the paths, `loader=`, is missing from 0.21, and from OxfordIIITPet in all versions.
    found = getattr(dataset, chosen.paths)
    pairs = found if chosen.paths.endswith("samples") else zip(found, dataset._labels)
    return [Row(Path(path).relative_to(root).as_posix(), labels[target], split) for path, target in pairs]


def _labels(chosen, dataset):
    """The classes' names by target, such that they can be folders': 'T-shirt or top' for 'T-shirt/top'."""
    if not hasattr(dataset, "classes"):
        raise CourseError(f"The names of the classes of {chosen.title} came with torchvision 0.22, and here is an older "
                          "one. Update it: pip install --upgrade torch torchvision")  # fmt: skip
    names = [name if isinstance(name, str) else name[0] for name in dataset.classes]  # Imagenette has synonyms
    return [name.partition(" - ")[0].replace("_", " ").replace("/", " or ").rstrip("?") for name in names]


def _written(dataset, root, labels, split, progress):
    """The rows of arrays, each picture a PNG file that is whole or not there."""
    rows = []
    for place in tqdm(range(len(dataset)), desc="writing pictures", unit=" pictures", disable=not progress):
        image, target = dataset[place]
        path = f"{PNG_FOLDER}/{labels[target]}/{split or 'train'}_{place:05d}.png"
        if not (root / path).exists():
            with replacing(root / path) as temporary:
                image.save(temporary, format="PNG")
        rows.append(Row(path, labels[target], split))
    return rows


def _check(chosen, root, rows):
    """torchvision takes pictures for unpacked as soon as their folder exists, and a stopped run leaves a part."""
    count = sum((root / row.path).is_file() for row in rows)
    if count != chosen.pictures:
        raise CourseError(_damaged(chosen, root, f"found {count:,}"))


def _explained(chosen, root, error):
    """What went wrong with a download, and what to do next."""
    there = [path for path in map(root.joinpath, chosen.archives) if path.exists()]
    if "File not found or corrupted" in str(error):  # torchvision's words for a checksum that differs
        newest = max(there, key=lambda path: path.stat().st_mtime_ns)  # they come one after the other
        return (f"A file of {chosen.title} is not what its makers publish (its checksum differs): the download was cut "
                f"off, or the server sent something else. Delete this file and fetch again: '{newest}'")  # fmt: skip
    if getattr(error, "errno", None) in DISK_ERRORS:
        room = 3 * chosen.megabytes + (0 if chosen.paths else chosen.pictures // 250)  # a small file takes 4 KB
        return (f"'{root}' cannot be written: {error}. {chosen.title} wants about {room:,} MB there. "
                f"Make room, or name another folder: fetch({chosen.name!r}, '...')")  # fmt: skip
    is_network = isinstance(error, OSError) and not isinstance(error, FileNotFoundError)
    if is_network or str(error).startswith("Error downloading"):  # the words of MNIST and its kin
        return _offline(chosen, root, there, error)
    return _damaged(chosen, root, f"there was {type(error).__name__}: {error}")


def _offline(chosen, root, there, error):
    places = [f"\n    {chosen.url}{path.name} -> '{path}'{' (is there)' * (path in there)}"
              for path in map(root.joinpath, chosen.archives)]  # fmt: skip
    return (f"Expected to download {chosen.title} from {urlsplit(chosen.url).hostname}, but there is no connection, or "
            f"the server refused ({error}). Three ways on:\n- fetch it again, with a network or later;\n"
            "- download by other means, put each file where the arrow points, and fetch again (one that is there but "
            f"incomplete: delete it first):{''.join(places)}\n"
            '- take the course\'s own pictures, which need no network: sample("animals")')  # fmt: skip


def _damaged(chosen, root, found):
    return (f"Expected {chosen.pictures:,} pictures of {chosen.title} in '{root}', but {found}. Unpacking was stopped, "
            f"or files were changed. Delete everything there but {named(chosen.archives)}, and fetch again: what was "
            "downloaded is used.")  # fmt: skip


def main(arguments=None) -> int:
    """Run a command; 0 when all is well, 2 when the request cannot be met."""
    return answer(_parser(), arguments)


def list_command(options):
    """Print the sets as a table."""
    print(f"{'name':<14}{'pictures':>8}{'classes':>9}{'MB':>7}  licence, as the makers state it")
    for one in SETS.values():
        print(f"{one.name:<14}{one.pictures:>8,}{one.classes:>9}{one.megabytes:>7,}  {one.licence}")
    print("More about one: python -m utils.data.public about NAME. To fetch it: python -m utils.data.public fetch NAME")


def about_command(options):
    """Print all there is to know about one set."""
    print(about(options.name))


def fetch_command(options):
    """Fetch one set, and print the line that runs a lesson on it."""
    table = fetch(options.name, options.folder)
    root = table.attrs["root"]
    print(f"{len(table):,} pictures in {table['label'].nunique()} classes. To run a lesson on them:\n"
          f'papermill lessons/01_data_folders.ipynb report.ipynb -p data_dir "{root}" -p csv "{Path(root) / CSV}"'
          f"{_fractions(table)}")  # fmt: skip


def _fractions(table):
    """Where the makers have a test set, a share for test that it fills alone: scores compare with published ones."""
    has_rest = "split" in table and table["split"].isna().any()
    return f' -y "fractions: {FRACTIONS}"' if has_rest else ""


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.data.public", description=__doc__.splitlines()[0])
    parser.set_defaults(command=list_command)
    commands = parser.add_subparsers(metavar="command", title="commands (none lists the sets)")
    for name, command, says in (("about", about_command, "licence, size, source of a set"),
                                ("fetch", fetch_command, "download a set, and say how to use it")):  # fmt: skip
        commands.add_parser(name, help=says).set_defaults(command=command)
        commands.choices[name].add_argument("name", metavar="NAME", help=", ".join(SETS))
    commands.choices["fetch"].add_argument("--folder", metavar="DIR", help="where to (~/.cache/..., or $COURSE_DATA)")
    return parser


if __name__ == "__main__":
    run_as_script(main)
