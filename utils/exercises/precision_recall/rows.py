"""Exercise 11: rows that do not get lost."""

from pathlib import PurePosixPath

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_dict, shown

FILES = [("shop/1.jpg", 0.9), ("street/1.jpg", 0.2), ("shop/2.jpg", 0.6), ("street/old/1.jpg", 0.4)]
FILES += [("Shop//2.JPG", 0.7)]  # it looks untidy, and is kept as it came
TWICE = [  # far apart; the first score 0.0, which counts as False; the same score again
    [("shop/1.jpg", 0.9), ("shop/2.jpg", 0.6), ("shop/1.jpg", 0.3)],
    [("shop/1.jpg", 0.0), ("shop/1.jpg", 0.3), ("shop/2.jpg", 0.6)],
    [("shop/2.jpg", 0.6), ("shop/1.jpg", 0.9), ("shop/1.jpg", 0.9)],
]


def scores_by_picture(rows):
    """{path: score}, a row a picture; a ValueError if a picture is there twice."""
    scores = {}
    for path, score in rows:
        if path in scores:
            raise ValueError(f"{path} is there twice")
        scores[path] = score
    return scores


def scores_by_file(rows):
    """{path: score}, a row a picture; a ValueError if a picture is there twice."""
    scores = {}
    for path, score in rows:
        scores[path.split("/")[-1]] = score
    return scores


def probe_scores_by_picture(answer):
    case = f"for {FILES}, in which no path comes twice"
    got = as_dict(asked(answer, case, list(FILES)), "a dictionary {path: score}")
    missing = [path for path, _ in FILES if path not in got]
    if missing:
        raise NotYet(f"{len(FILES)} pictures went in, {len(got)} came out: {shown(got)}. Where is {missing[0]!r}?")
    if got != dict(FILES):
        raise NotYet(f"for {FILES} you return {shown(got)}.")
    for rows in TWICE:
        _expect_an_error(answer, rows)


def _expect_an_error(answer, rows):
    try:
        kept = answer(list(rows))
    except ValueError:
        return
    except Exception as error:
        raise NotYet(f"for {rows}, in which 'shop/1.jpg' comes twice, your code raises {type(error).__name__}: {error}. "
                     "A ValueError was asked for.") from None  # fmt: skip
    raise NotYet(f"for {rows}, in which 'shop/1.jpg' comes twice, you return {shown(kept)} without a word.")


def _last_wins(rows):
    return dict(rows)


def _first_wins(rows):
    return dict(reversed(rows))


def _by_last_folder(rows):
    return {"/".join(path.split("/")[-2:]): score for path, score in rows}


def _falsy_looks_new(rows):
    scores = {}
    for path, score in rows:
        if scores.get(path):
            raise ValueError(path)
        scores[path] = score
    return scores


def _only_if_scores_differ(rows):
    if any(dict(rows)[path] != score for path, score in rows):
        raise ValueError("two scores")
    return dict(rows)


def _raises_another(rows):
    if len(dict(rows)) < len(rows):
        raise KeyError("twice")
    return dict(rows)


def _asserts(rows):
    assert len(dict(rows)) == len(rows), "a path is there twice"
    return dict(rows)


def _renamed(rename):
    """A scores_by_picture that keeps each score under another spelling of its path."""
    return lambda rows: {rename(path): score for path, score in scores_by_picture(rows).items()}


def _file_names_that_raise(rows):
    scores = {}
    for path, score in rows:
        name = path.split("/")[-1]
        if name in scores:
            raise ValueError(name)
        scores[name] = score
    return scores


def _zeros(rows):
    return {path: 0.0 for path, _ in rows}


q11 = Question(
    number=11,
    reference=scores_by_picture,
    probe=probe_scores_by_picture,
    starter=scores_by_file,
    hints=[
        "shop/1.jpg and street/1.jpg are two pictures. Under which key does each of them land?",
        "Take the whole path as the key. And what should happen when a key is there already?",
    ],
    why="A published evaluation keyed its predictions by file name: of three pictures in three folders one row was "
    "left, and precision was computed from it. A path tells pictures apart; what is there twice is an error, since "
    "nobody knows which row to believe.",
    mistakes=[
        Mistake(_last_wins, "without a word"),
        Mistake(_first_wins, "without a word"),
        Mistake(_by_last_folder, "Where is 'street/old/1.jpg'"),
        Mistake(_falsy_looks_new, "('shop/1.jpg', 0.0), ('shop/1.jpg', 0.3)"),
        Mistake(_only_if_scores_differ, "('shop/1.jpg', 0.9), ('shop/1.jpg', 0.9)"),
        Mistake(_raises_another, "'shop/1.jpg' comes twice, your code raises KeyError: 'twice'"),
        Mistake(_asserts, "your code raises AssertionError: a path is there twice"),
        Mistake(_zeros, "you return"),
        Mistake(_renamed(str.lower), "Where is 'Shop//2.JPG'"),
        Mistake(_renamed(lambda path: str(PurePosixPath(path))), "Where is 'Shop//2.JPG'"),
        Mistake(_file_names_that_raise, "in which no path comes twice: your code raised ValueError: 1.jpg"),
        Mistake(lambda rows: list(rows), "expected a dictionary"),
    ],
)
