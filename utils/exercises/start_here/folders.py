"""Exercises 3 and 4: whose folder is the label, and what is in another folder."""

from utils.data.samples import sample
from utils.data.tables import scan
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers, shown

# --- 3: the label --------------------------------------------------------------------------------


def label_of(path):
    """The class of a picture: the outermost folder of its path."""
    return path.split("/")[0]


def label_of_flat_folders(path):
    """The class of a picture: the outermost folder of its path."""
    return path.split("/")[-2]


PATHS = ["cat/1.jpg", "dog/2025/june/7.png", "owl/owl/3.jpg", "barn owl/at night/1.2.jpg"]


def probe_label_of(answer):
    for path in PATHS:
        got, folders = asked(answer, repr(path), path), path.split("/")[:-1]
        if not isinstance(got, str):
            raise NotYet(f"{path!r}: expected the name of a folder, got {shown(got)}.")
        if got != folders[0]:
            raise NotYet(f"{path!r}: you say {shown(got)}. {_which_part(got, path, folders)}")


def _which_part(got, path, folders):
    if got in folders:
        return "That is a folder on the way; the pictures of a class may be sorted further, by year say."
    if got == "/".join(folders):
        return "Those are all its folders; one of them is the class."
    return "That is the file." if got and got in path.split("/")[-1] else "Which folder is the outermost?"


q3 = Question(
    number=3,
    reference=label_of,
    probe=probe_label_of,
    starter=label_of_flat_folders,
    hints=[
        '`"dog/2025/june/7.png".split("/")` is a list. Try it in a cell of its own: which place has the class?',
        "Counted from the end, as with [-2], the place depends on how many folders there are. Counted from the front?",
    ],
    why="As long as all pictures lie directly in their class's folder, both ways give the same, and the mistake sleeps "
    "until somebody sorts a class by year: then there is a class called june. `scan` takes the outermost folder.",
    mistakes=[
        Mistake(lambda path: path.split("/")[-1], "That is the file"),
        Mistake(lambda path: path.split("/")[1], "That is the file"),
        Mistake(lambda path: path.rpartition("/")[0], "all its folders"),
        Mistake(lambda path: path.split("/")[-2].upper(), "the outermost"),
        Mistake(lambda path: path.split("/")[max(0, len(path.split("/")) - 3)], "a folder on the way"),
        Mistake(lambda path: path.split("/")[-3], "'cat/1.jpg': your code raised IndexError"),
        Mistake(lambda path: path.split("/"), "expected the name of a folder"),
    ],
)

# --- 4: another folder ---------------------------------------------------------------------------
posters = {"pictures": 140, "classes": 2, "score to beat": 100 / 140}
ABOUT = {
    "pictures": "how many rows has the table?",
    "classes": "how many different labels are in the table?",
    "score to beat": "of all pictures, which share has the commonest label?",
}


def probe_posters(answer):
    got, found = as_numbers(answer, ABOUT, f"a dictionary {{{', '.join(map(repr, ABOUT))}}}"), _found()
    for name, value in got.items():
        if not abs(value - found[name]) <= (0.006 if name == "score to beat" else 0):
            raise NotYet(f"{name}: not {value:g}. {_about(name, value, found)}")


def _about(name, value, found):
    usual = {
        "As a share, please: 0.5 for half of them, not 50.": 100 * found["score to beat"],
        "That is how many have the commonest label; which share is it?": found["score to beat"] * found["pictures"],
    }
    otherwise = ABOUT[name].capitalize()
    return first_near(value, usual, otherwise, abs_tol=0.6) if name == "score to beat" else otherwise


def _found():
    """What is in the sample, from the files themselves."""
    labels = scan(sample("posters"), progress=False).table["label"]
    return {
        "pictures": len(labels),
        "classes": labels.nunique(),
        "score to beat": labels.value_counts(normalize=True).max(),
    }


q4 = Question(
    number=4,
    reference=posters,
    probe=probe_posters,
    hints=[
        '`table, problems = scan(sample("posters"))`, then `len(table)`.',
        '`table["label"].value_counts()` has a row for each class, the commonest first. Divide its first number by the sum.',
    ],
    why="Whoever answers *others* to every poster is right on 100 of 140, without having looked at one. A model that "
    "is right on 71 % of them is worth nothing.",
    mistakes=[
        Mistake(posters | {"score to beat": 40 / 140}, "which share has the commonest"),
        Mistake(posters | {"score to beat": 0.5}, "score to beat: not 0.5"),
        Mistake(posters | {"score to beat": 71.4}, "As a share, please"),
        Mistake(posters | {"score to beat": 100}, "how many have the commonest label; which share is it?"),
        Mistake(posters | {"pictures": 141}, "rows has the table"),
        Mistake(posters | {"classes": 140}, "different labels are"),
        Mistake({"pictures": 140}, "'classes' has no number"),
    ],
)
