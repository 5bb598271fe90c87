"""Exercises 10 and 11: which pictures to look at first, and rows that do not get lost."""

import numpy as np
import pandas as pd

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_dict, as_list, shown

# --- 10: suspects --------------------------------------------------------------------------------
ROWS = [  # path, label, p_cat, p_dog, p_owl
    ("a.jpg", "cat", 0.90, 0.05, 0.05),
    ("b.jpg", "dog", 0.55, 0.40, 0.05),
    ("c.jpg", "owl", 0.15, 0.80, 0.05),
    ("d.jpg", "cat", 0.02, 0.50, 0.48),
    ("e.jpg", "dog", 0.30, 0.33, 0.37),
    ("f.jpg", "owl", 0.01, 0.01, 0.98),
    ("g.jpg", "dog", 0.10, 0.34, 0.56),
]


def suspects(predictions, most):
    of_label = [row[f"p_{row['label']}"] for row in predictions.to_dict("records")]
    order = np.argsort(of_label, kind="stable")
    return predictions["path"].iloc[order[:most]].tolist()


def probe_suspects(answer):
    predictions = _predictions(ROWS)
    for table, most in ((predictions, 3), (predictions[::-1], 5), (predictions[2:6].reset_index(drop=True), 2)):
        got = as_list(answer(table.copy(), most), "a list of paths")
        right = suspects(table, most)
        if got != right:
            raise NotYet(
                f"asked for {most} of {len(table)} pictures, you name {shown(got)}. {_which(got, right, table)}"
            )


def _predictions(rows):
    table = pd.DataFrame(rows, columns=["path", "label", "p_cat", "p_dog", "p_owl"])
    values = table[["p_cat", "p_dog", "p_owl"]]
    table.insert(2, "predicted", [name.removeprefix("p_") for name in values.idxmax(axis=1)])
    return table


def _which(got, right, table):
    if len(got) != len(right):
        return f"That is {len(got)}."
    if sorted(map(str, got)) == sorted(right):
        return "The right ones; in which order would you look at them?"
    unknown = [path for path in got if path not in set(table["path"])]
    if unknown:
        return f"{shown(unknown[0])} is no path of the table."
    strange = next(path for path in got if path not in right)
    row = table.set_index("path").loc[strange]
    return f"Why {strange!r}? Its label is {row['label']!r}, and the model gives that {row['p_' + row['label']]:.2f}."


def _by_confidence(predictions, most):
    """Surest of what was predicted, whether that is wrong or not."""
    sure = predictions[["p_cat", "p_dog", "p_owl"]].max(axis=1)
    return predictions.loc[sure.sort_values(ascending=False).index[:most], "path"].tolist()


def _least_sure(predictions, most):
    sure = predictions[["p_cat", "p_dog", "p_owl"]].max(axis=1)
    return predictions.loc[sure.sort_values().index[:most], "path"].tolist()


def _surest_wrong(predictions, most):
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    return _by_confidence(wrong, most)


def _in_order_of_the_table(predictions, most):
    chosen = suspects(predictions, most)
    return [path for path in predictions["path"] if path in chosen]


q10 = Question(
    number=10,
    reference=suspects,
    probe=probe_suspects,
    hints=[
        "How probable does the model find what the *label* says? For 'a.jpg', a cat, that is its p_cat.",
        "row['p_' + row['label']] of each row, for instance of predictions.to_dict('records').",
        "Sort by it, the lowest first, and take the first `most` paths.",
    ],
    why="The lowest probability of the label finds wrong labels and pictures that fool the model, in one list, also "
    "where the model was torn between two other classes. In the lesson twelve wrong labels of 4,000 were among the "
    "first twenty. The least sure pictures are another list: those worth labelling next.",
    mistakes=[
        Mistake(_by_confidence, "Why 'f.jpg'"),
        Mistake(_least_sure, "Why '"),
        Mistake(_surest_wrong, "Why 'g.jpg'"),
        Mistake(_in_order_of_the_table, "in which order"),
        Mistake(lambda predictions, most: suspects(predictions, len(predictions)), "That is 7"),
        Mistake(lambda predictions, most: [3, 2, 1][:most], "is no path"),
        Mistake(lambda predictions, most: suspects(predictions, most)[0], "expected a list"),
    ],
)

# --- 11: three pictures, one row -----------------------------------------------------------------
FILES = [("shop/1.jpg", 0.9), ("street/1.jpg", 0.2), ("shop/2.jpg", 0.6), ("street/old/1.jpg", 0.4)]
TWICE = [("shop/1.jpg", 0.9), ("shop/2.jpg", 0.6), ("shop/1.jpg", 0.3)]


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
    got = as_dict(answer(list(FILES)), "a dictionary {path: score}")
    missing = [path for path, _ in FILES if path not in got]
    if missing:
        raise NotYet(f"{len(FILES)} pictures went in, {len(got)} came out: {shown(got)}. Where is {missing[0]!r}?")
    if got != dict(FILES):
        raise NotYet(f"for {FILES} you return {shown(got)}.")
    try:
        kept = answer(list(TWICE))
    except ValueError:
        return
    raise NotYet(f"'shop/1.jpg' is there with 0.9 and with 0.3, and you return {shown(kept)} without a word.")


def _last_wins(rows):
    return dict(rows)


def _first_wins(rows):
    return dict(reversed(rows))


def _by_last_folder(rows):
    return {"/".join(path.split("/")[-2:]): score for path, score in rows}


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
        Mistake(_zeros, "you return"),
        Mistake(lambda rows: list(rows), "expected a dictionary"),
    ],
)
