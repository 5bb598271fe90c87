"""Exercise 1: what is wrong with a folder, counted."""

import pandas as pd

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_numbers

COUNTS = ("unusable", "copies", "contradictions", "leaks")
COLUMNS = ["label", "split", "digest", "problem"]


def findings(table):
    usable = table[table["problem"] == ""]
    families = usable.groupby("digest")
    return {
        "unusable": len(table) - len(usable),
        "copies": (families["path"].transform("size") > 1).sum(),
        "contradictions": (families["label"].nunique() > 1).sum(),
        "leaks": (families["split"].nunique() > 1).sum(),
    }


# What pictures are like, by letters: the label, the split, the digest; "!" in front of those that cannot be used.
FOLDERS = [
    # Two files cut short alike; a family of three in one split, a pair under two labels, a pair in two splits.
    "dta dta dta sve dve str ste nvb !dtx !dtx stf ntf",
    # Three empty files in three classes and splits; a pair that is both; two pairs in train; one family across three.
    "!dtx !svx !nex dta svb svb dec stc dtc dtd dtd ntf nvf nef deg nth",
    "dta svb nec",
    "dta dva sea !svx dtb",
]
WORDS = {"d": "documents", "s": "screens", "n": "not_documents", "t": "train", "v": "valid", "e": "test"}


def probe_findings(answer):
    for number, folder in enumerate(FOLDERS, 1):
        table, right = made(folder), findings(made(folder))
        case = f"folder {number}, {len(table)} files"
        got = as_numbers(asked(answer, case, table), COUNTS, "a dictionary {finding: how many}")
        for name in COUNTS:
            if got[name] != right[name]:
                said = first_near(got[name], _usual(name, made(folder)), OTHERWISE[name], abs_tol=0)
                raise NotYet(f"{case}: {name} is {got[name]:g}. {said}")
        if not table.equals(made(folder)):
            raise NotYet(f"{case}: your function changed the table, and whoever called it goes on with that.")


OTHERWISE = {
    "unusable": "How many rows have something in the column problem?",
    "copies": "How many usable pictures have a digest that another usable one has as well?",
    "contradictions": "How many families of usable pictures lie under more than one label?",
    "leaks": "How many families of usable pictures lie in more than one split?",
}


def made(folder):
    """The table of a folder that is written in letters; its index has gaps, as after a filter."""
    rows = []
    for place, text in enumerate(folder.split()):
        label, split, digest = text.removeprefix("!")
        problem = "cut short" if text.startswith("!") else ""
        rows.append([f"{WORDS[label]}/{place}.jpg", WORDS[label], WORDS[split], digest * 8, problem])
    return pd.DataFrame(rows, columns=["path", *COLUMNS], index=range(5, 5 + 3 * len(rows), 3))


def _usual(name, table):
    """What the usual slips give."""
    usable, sizes = table[table["problem"] == ""], table["digest"].value_counts()
    if name == "unusable":
        return {"So many can be used.": len(usable), "So many files there are.": len(table)}
    if name == "copies":
        alike = usable["digest"].value_counts()
        return {
            "So many families there are; how many pictures are in them?": (alike > 1).sum(),
            "So many would go if one of each family stayed. A picture and its copy are copies of one another.":
                usable["digest"].duplicated().sum(),
            "Files that cannot be used are among them: two empty files are alike, and no picture.": sizes[sizes > 1].sum(),
        }  # fmt: skip
    column = "label" if name == "contradictions" else "split"
    of_all = table.groupby("digest")[column].nunique()
    of_usable = usable.groupby("digest")[column].transform("nunique")
    other = usable.groupby("digest")["split" if column == "label" else "label"].nunique()
    return {
        "So many pictures are in such families; how many families are they?": (of_usable > 1).sum(),
        "Files that cannot be used are among them: two empty files are alike, and no picture.": (of_all > 1).sum(),
        "So many families lie in more than one split." if column == "label" else "So many lie under more than one label.":
            (other > 1).sum(),
    }  # fmt: skip


def _but(**changes):
    """Our findings, some of them counted otherwise: {name: function of the table}."""
    return lambda table: findings(table) | {name: count(table) for name, count in changes.items()}


def _usable(table):
    return table[table["problem"] == ""]


def _all_files(table):
    return findings(table.assign(problem="")) | {"unusable": findings(table)["unusable"]}


def _pictures_of(column):
    return lambda table: (_usable(table).groupby("digest")[column].transform("nunique") > 1).sum()


def _families(table):
    return (_usable(table)["digest"].value_counts() > 1).sum()


def _in_place(table):
    found = findings(table)
    table["family"] = table["digest"]
    return found


q1 = Question(
    number=1,
    reference=findings,
    probe=probe_findings,
    hints=[
        'Begin with usable = table[table["problem"] == ""], and count all but the first finding there.',
        'usable.groupby("digest") makes the families. `.transform("size")` says of each picture how large its family is.',
        'families["label"].nunique() says of each family under how many labels it lies. How many of these are above 1?',
    ],
    why="The worked report says: *Four cannot be opened, and six pictures are copies of one another, in pairs; all are named "
    "in problems.csv and table.csv.* A contradiction is a wrong label, and somebody has to look at it; a leak makes the score too good. "
    "Files that cannot be used are taken out first: all empty files are alike, and would count as one large family.",
    mistakes=[
        Mistake(_all_files, "copies is 10. Files that cannot be used are among them"),
        Mistake(_but(unusable=lambda table: len(_usable(table))), "So many can be used"),
        Mistake(_but(unusable=len), "So many files there are"),
        Mistake(_but(unusable=lambda table: 1), "something in the column problem"),
        Mistake(_but(copies=_families), "how many pictures are in them"),
        Mistake(_but(copies=lambda table: _usable(table)["digest"].duplicated().sum()), "if one of each family stayed"),
        Mistake(_but(copies=lambda table: 0), "copies is 0. How many usable"),
        Mistake(_but(contradictions=_pictures_of("label")), "how many families are they"),
        Mistake(_but(leaks=_pictures_of("split")), "how many families are they"),
        Mistake(_but(contradictions=lambda table: _all_files(table)["contradictions"]), "two empty files are alike"),
        Mistake(_but(leaks=lambda table: _all_files(table)["leaks"]), "two empty files are alike"),
        Mistake(_but(contradictions=lambda table: findings(table)["leaks"]), "lie in more than one split"),
        Mistake(_but(leaks=lambda table: findings(table)["contradictions"]), "lie under more than one label"),
        Mistake(_but(contradictions=_families), "under more than one label?"),
        Mistake(_but(leaks=lambda table: 9), "in more than one split?"),
        Mistake(_in_place, "your function changed the table"),
        Mistake(lambda table: {"copies": 3}, "'unusable' has no number"),
        Mistake(lambda table: list(findings(table).values()), "expected a dictionary"),
    ],
)
