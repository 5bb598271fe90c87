"""Exercise 10: which pictures to look at first."""

import numpy as np
import pandas as pd

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_list, shown

ROWS = [  # path, label, p_cat, p_dog, p_owl
    ("a.jpg", "cat", 0.90, 0.05, 0.05),
    ("b.jpg", "dog", 0.55, 0.40, 0.05),
    ("c.jpg", "owl", 0.15, 0.80, 0.05),
    ("d.jpg", "cat", 0.02, 0.50, 0.48),
    ("e.jpg", "dog", 0.30, 0.33, 0.37),
    ("f.jpg", "owl", 0.01, 0.01, 0.98),
    ("g.jpg", "dog", 0.10, 0.34, 0.56),
    ("h.jpg", "cat", 0.36, 0.33, 0.31),  # right, and its label less probable than that of b.jpg, which is wrong
]


def suspects(predictions, most):
    of_label = [row[f"p_{row['label']}"] for row in predictions.to_dict("records")]
    order = np.argsort(of_label, kind="stable")
    return predictions["path"].iloc[order[:most]].tolist()


def probe_suspects(answer):
    predictions = _predictions(ROWS)
    shorter = predictions[2:6].reset_index(drop=True)
    for table, most in ((predictions, 3), (predictions[::-1], 5), (shorter, 2), (predictions, 7)):
        given = table.copy()
        got = as_list(answer(given, most), "a list of paths")
        right = suspects(table, most)
        if got != right:
            raise NotYet(
                f"asked for {most} of {len(table)} pictures, you name {shown(got)}. {_which(got, right, table)}"
            )
        if not given.equals(table):
            raise NotYet(f"the right paths, but the table that your function was given is another one now{_new(given, table)}. "
                         "Work on predictions.copy(), or with predictions.assign(...), which makes a new table.")  # fmt: skip


def _predictions(rows):
    table = pd.DataFrame(rows, columns=["path", "label", "p_cat", "p_dog", "p_owl"])
    values = table[["p_cat", "p_dog", "p_owl"]]
    table.insert(2, "predicted", [name.removeprefix("p_") for name in values.idxmax(axis=1)])
    return table


def _new(given, table):
    added = [name for name in given.columns if name not in table.columns]
    return f": it has a column {added[0]!r} more" if added else ""


def _which(got, right, table):
    if len(set(map(str, got))) < len(got):
        return "A picture is there twice."
    unknown = [path for path in got if path not in set(table["path"])]
    if unknown:
        return f"{shown(unknown[0])} is no path of the table."
    wrong = set(table.loc[table["label"] != table["predicted"], "path"])
    if set(got) <= wrong and not set(right) <= wrong:
        return "Are those the wrong ones only? A right prediction may give its label a low probability too."
    if len(got) != len(right):
        return f"Their number is {len(got)}."
    if sorted(got) == sorted(right):
        return "The right ones; in which order would you look at them?"
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


def _wrong_ones_only(predictions, most):
    return suspects(predictions[predictions["label"] != predictions["predicted"]], most)


def _wrong_ones_first(predictions, most):
    wrong = predictions["label"] != predictions["predicted"]
    return (suspects(predictions[wrong], most) + suspects(predictions[~wrong], most))[:most]


def _below_a_half(predictions, most):
    of_label = [row[f"p_{row['label']}"] for row in predictions.to_dict("records")]
    return suspects(predictions[np.array(of_label) < 0.5], most)


def _adds_a_column(predictions, most):
    predictions["p_of_label"] = [row[f"p_{row['label']}"] for row in predictions.to_dict("records")]
    return predictions.sort_values("p_of_label")["path"].head(most)


def _renames_the_labels(predictions, most):
    predictions["label"] = "p_" + predictions["label"]
    rows = sorted(predictions.to_dict("records"), key=lambda row: row[row["label"]])
    return [row["path"] for row in rows][:most]


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
        Mistake(_wrong_ones_only, "Are those the wrong ones only"),
        Mistake(_wrong_ones_first, "Are those the wrong ones only"),
        Mistake(_below_a_half, "Their number is 6"),
        Mistake(_adds_a_column, "it has a column 'p_of_label' more"),
        Mistake(_renames_the_labels, "is another one now"),
        Mistake(lambda predictions, most: suspects(predictions, len(predictions)), "Their number is 8"),
        Mistake(lambda predictions, most: suspects(predictions, 1) * most, "is there twice"),
        Mistake(lambda predictions, most: [3, 2, 1][:most], "is no path"),
        Mistake(lambda predictions, most: suspects(predictions, most)[0], "expected a list"),
    ],
)
