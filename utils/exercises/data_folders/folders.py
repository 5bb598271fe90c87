"""Exercises 1 and 3: from folders to labels, and from labels to numbers."""

from collections import Counter

from utils.exercises.made import folder_of
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_dict, shown

# --- 1: count pictures by class ------------------------------------------------------------------
ALBUM = dict.fromkeys(
    ["cat/a.jpg", "cat/b.JPG", "cat/c.Jpeg", "cat/notes.txt", "cat/Thumbs.db", "dog/summer/1.png", "dog/2.PNG",
     "dog/3.jpg.txt", "dog/png", "owl/readme.md", "stray.jpg", "labels.csv"], b"")  # fmt: skip
IN_ALBUM = {"cat": 3, "dog": 2, "owl": 0}
IN_ALBUM_TEXTS = {"cat": 1, "dog": 1, "owl": 0}  # that end in .txt
CLUES = {
    "cat": ("'cat' holds a.jpg, b.JPG, c.Jpeg, notes.txt and Thumbs.db",
            "think of the letter case", "which of them are no pictures?"),
    "dog": ("'dog' holds 2.PNG, 3.jpg.txt, a file called png, and a folder summer with 1.png inside",
            "did you look inside its folders?", "which of them are no pictures?"),
    "owl": ("'owl' holds one file, readme.md", "", "is that a picture?"),
}  # fmt: skip


def count_by_class(folder, endings=(".jpg", ".jpeg", ".png")):
    """How many pictures each class has: {class: number}."""
    counts = {}
    for class_folder in folder.iterdir():
        if class_folder.is_dir():
            pictures = [path for path in class_folder.rglob("*") if path.suffix.lower() in endings]
            counts[class_folder.name] = len(pictures)
    return counts


def probe_count_by_class(answer):
    with folder_of(ALBUM) as folder:
        got = as_dict(answer(folder), "a dictionary {class: number of pictures}")
        with_texts = as_dict(answer(folder, (".txt",)), "a dictionary {class: number of pictures}")
    strays = sorted(str(name) for name in got if name not in IN_ALBUM)
    if "summer" in strays:
        raise NotYet("you count 'summer' as a class, but it lies inside 'dog': the outermost folder is the class.")
    if strays:
        raise NotYet(f"you count {', '.join(map(repr, strays))} as a class. A class is a folder, by its name (a str); "
                     "files beside the class folders are none.")  # fmt: skip
    for label, count in IN_ALBUM.items():
        what, too_few, too_many = CLUES[label]
        if label not in got:
            raise NotYet(f"{what}, and your result does not mention it: a class without pictures counts too.")
        if got[label] != count:
            few = isinstance(got[label], int) and got[label] < count
            raise NotYet(f"{what}, and you count {shown(got[label])}: {too_few if few else too_many}")
    if with_texts != IN_ALBUM_TEXTS:
        raise NotYet(f"with endings=('.txt',) you count {shown(with_texts)}: are `endings` used, and not only '.jpg' and the "
                     "like?")  # fmt: skip


def _count_exact_case(folder, endings=(".jpg", ".jpeg", ".png")):
    return {
        place.name: sum(path.suffix in endings for path in place.rglob("*"))
        for place in folder.iterdir()
        if place.is_dir()
    }


def _count_every_file(folder, endings=()):
    return {place.name: len(list(place.rglob("*.*"))) for place in folder.iterdir() if place.is_dir()}


def _count_one_level(folder, endings=(".jpg", ".jpeg", ".png")):
    classes = [place for place in folder.iterdir() if place.is_dir()]
    return {place.name: sum(path.suffix.lower() in endings for path in place.iterdir()) for place in classes}


def _count_only_found(folder, endings=(".jpg", ".jpeg", ".png")):
    found = [path.relative_to(folder).parts for path in folder.rglob("*") if path.suffix.lower() in endings]
    return Counter(parts[0] for parts in found if len(parts) > 1)


def _count_strays(folder, endings=(".jpg", ".jpeg", ".png")):
    return {place.name: sum(path.suffix.lower() in endings for path in place.rglob("*")) for place in folder.iterdir()}


def _count_by_parent(folder, endings=(".jpg", ".jpeg", ".png")):
    return Counter(path.parent.name for path in folder.rglob("*") if path.suffix.lower() in endings)


def _count_and_crash(folder, endings=(".jpg", ".jpeg", ".png")):
    classes = list(folder.iterdir())
    return {place.name: sum(path.suffix.lower() in endings for path in list(place.iterdir())) for place in classes}


q1 = Question(
    number=1,
    reference=count_by_class,
    probe=probe_count_by_class,
    hints=[
        "folder.iterdir() gives what lies in a folder, and path.is_dir() says whether it is a folder itself.",
        "folder.rglob('*') walks through everything below a folder; path.suffix is '.JPG' for b.JPG.",
        "Make the suffix lower-case before you look it up: path.suffix.lower() in endings. Start a class with 0.",
    ],
    why="A published script listed '*.jpg' and left out every .JPG and .jpeg without a word. Counting by hand what you "
    "will train on, zero included, is the cheapest check there is.",
    mistakes=[
        Mistake(_count_exact_case, "letter case"),
        Mistake(_count_every_file, "no pictures"),
        Mistake(_count_one_level, "inside its folders"),
        Mistake(_count_only_found, "a class without pictures counts too"),
        Mistake(_count_strays, "'labels.csv', 'stray.jpg' as a class"),
        Mistake(_count_by_parent, "inside 'dog'"),
        Mistake(_count_and_crash, "NotADirectoryError"),
        Mistake(lambda folder, endings=(): count_by_class(folder), "are `endings` used"),
    ],
)

# --- 3: one numbering for all splits -------------------------------------------------------------
TREE = dict.fromkeys(
    ["train/cat/1.jpg", "train/dog/2.jpg", "train/owl/3.jpg", "train/.DS_Store", "train/notes.txt",
     "valid/dog/4.jpg", "valid/owl/5.jpg", "test/cat/6.jpg", "test/elk/7.jpg", "test/owl/8.jpg", "test/Thumbs.db"],
    b"")  # fmt: skip
IN_TREE = {"train": ["cat", "dog", "owl"], "valid": ["dog", "owl"], "test": ["cat", "elk", "owl"]}


def number_classes(root):
    """The number of each class: {split: {class: number}}."""
    splits = ("train", "valid", "test")
    names = {place.name for split in splits for place in (root / split).iterdir() if place.is_dir()}
    numbers = {name: number for number, name in enumerate(sorted(names))}
    return dict.fromkeys(splits, numbers)


def number_classes_by_split(root):
    """The number of each class: {split: {class: number}}."""
    numbers = {}
    for split in ("train", "valid", "test"):
        names = sorted(place.name for place in (root / split).iterdir())
        numbers[split] = {name: number for number, name in enumerate(names)}
    return numbers


def probe_number_classes(answer):
    with folder_of(TREE) as root:
        got = as_dict(answer(root), "a dictionary {split: {class: number}}")
    if set(got) != set(IN_TREE):
        # One numbering without the splits says as much; otherwise the splits are missing.
        got = dict.fromkeys(IN_TREE, got) if set(got) >= {"cat", "dog", "owl"} else got
    if set(got) != set(IN_TREE):
        raise NotYet(f"expected the splits train, valid and test, got {shown(list(got))}.")
    got = {split: as_dict(got[split], f"a dictionary {{class: number}} for {split}") for split in IN_TREE}
    _check_only_classes(got)
    _check_agreement(got)
    _check_numbers(got)


def _check_only_classes(got):
    for split, numbers in got.items():
        for name in numbers:
            if name not in {"cat", "dog", "elk", "owl"}:
                raise NotYet(f"{name!r} got the number {shown(numbers[name])} in {split}, and is no class folder.")
        missing = [name for name in IN_TREE[split] if name not in numbers]
        if missing:
            raise NotYet(f"{missing[0]!r} has pictures in {split}, and no number there.")


def _check_agreement(got):
    for name in ["cat", "dog", "elk", "owl"]:
        numbers = {split: got[split][name] for split in got if name in got[split]}
        if len(set(map(str, numbers.values()))) > 1:
            each = ", ".join(f"{number} in {split}" for split, number in numbers.items())
            raise NotYet(f"{name!r} is {each}: which of them should the network learn?")


def _check_numbers(got):
    numbers = {name: number for split in got.values() for name, number in split.items()}
    in_use = sorted(numbers.values(), key=str)
    if in_use != list(range(len(in_use))):
        raise NotYet(f"the numbers in use are {shown(in_use)}; they should go up from 0 one by one.")
    if sorted(numbers, key=numbers.get) != sorted(numbers):
        raise NotYet(f"by your numbers the order is {sorted(numbers, key=numbers.get)}: in what order would another "
                     "machine list the folders? Only the alphabet is the same everywhere.")  # fmt: skip


def _numbers_by_split_without_litter(root):
    listed = {split: sorted(p.name for p in (root / split).iterdir() if p.is_dir()) for split in IN_TREE}
    return {split: {name: number for number, name in enumerate(names)} for split, names in listed.items()}


def _numbers_of_train_alone(root):
    names = sorted(place.name for place in (root / "train").iterdir() if place.is_dir())
    return {split: {name: number for number, name in enumerate(names)} for split in IN_TREE}


def _numbers_with_litter(root):
    names = sorted({place.name for split in IN_TREE for place in (root / split).iterdir()})
    return {split: {name: number for number, name in enumerate(names)} for split in IN_TREE}


def _numbers_as_met(root):
    paths = [place for split in IN_TREE for place in sorted((root / split).iterdir()) if place.is_dir()]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(path.name for path in paths))}
    return dict.fromkeys(IN_TREE, numbers)


q3 = Question(
    number=3,
    reference=number_classes,
    probe=probe_number_classes,
    starter=number_classes_by_split,
    hints=[
        "Write down what the code gives 'dog' if train has cat, dog, owl and valid has dog, owl.",
        "Collect the names of all three splits first, in a set, and number them once.",
        "Only folders are classes: `if place.is_dir()`. Sort the set of names, enumerate it, use it for every split.",
    ],
    why="A network answers with a number. If a split without cats renumbers the dogs, every score on it is about "
    "other classes, and nothing crashes. Numbered once, sorted, for all splits together, a class has one number.",
    mistakes=[
        Mistake(_numbers_by_split_without_litter, "'dog' is 1 in train, 0 in valid"),
        Mistake(_numbers_of_train_alone, "'elk' has pictures in test, and no number there"),
        Mistake(_numbers_with_litter, "is no class folder"),
        Mistake(_numbers_as_met, "the alphabet"),
        Mistake(lambda root: sorted({"cat", "dog", "elk", "owl"}), "expected a dictionary"),
    ],
)
