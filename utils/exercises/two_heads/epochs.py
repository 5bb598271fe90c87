"""Exercise 11: the best epoch is the main head's."""

import pandas as pd

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number

COLUMNS = ["epoch", "valid_loss", "valid_document_accuracy", "valid_screen_accuracy"]
# On these the usual mistakes choose other epochs, and not only where there is a tie.
RUNS = [
    [(1, 0.52, 0.80, 0.71), (2, 0.41, 0.88, 0.83), (3, 0.38, 0.97, 0.81), (4, 0.33, 0.93, 0.80), (5, 0.36, 0.92, 0.83)],
    [(1, 0.90, 0.50, 0.60), (2, 0.70, 0.70, 0.55), (3, 0.80, 0.65, 0.58), (4, 0.60, 0.70, 0.59)],
    [(1, 0.30, 0.90, 0.40), (2, 0.50, 0.60, 0.90)],
]
# (first epoch, step, name of the first row): a whole history, one whose beginning was cut off, one whose rows were named
# anew after that, and one that was judged every other epoch. Place, name of the row and epoch part in these.
NUMBERINGS = [(1, 1, 0), (5, 1, 4), (6, 1, 0), (2, 2, 0)]


def best_epoch(history, main):
    """The number of the epoch in which the main head was most accurate on valid; of equals the first."""
    score = history[f"valid_{main}_accuracy"]
    return int(history.loc[score.idxmax(), "epoch"])


def best_epoch_of_all(history, main):
    """The number of the epoch in which the main head was most accurate on valid; of equals the first."""
    score = history["valid_document_accuracy"] + history["valid_screen_accuracy"]
    return score.argsort().iloc[-1] + 1


def probe_best_epoch(answer):
    for rows in RUNS:
        for main in ("screen", "document"):
            for numbering in NUMBERINGS:
                history = _history(rows, *numbering)
                case = f"{_told(history, main)}, main head {main!r}"
                got = as_number(asked(answer, case, history.copy(), main), "the number of an epoch")
                if got != best_epoch(history, main):
                    raise NotYet(f"{case}: you choose epoch {got:g}. {_which(got, history, main)}")


def _history(rows, first, step, name):
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["epoch"] = first + step * (table["epoch"] - 1)
    return table.set_axis(range(name, name + len(table)))


def _told(history, main):
    other = "screen" if main == "document" else "document"
    names = {main: f"valid_{main}_accuracy", other: f"valid_{other}_accuracy"}
    scores = [f"{head} {', '.join(f'{score:g}' for score in history[name])}" for head, name in names.items()]
    epochs, rows = (", ".join(map(str, numbers)) for numbers in (history["epoch"], history.index))
    return f"{'; '.join(scores)} (epochs {epochs}; rows named {rows})"


def _which(got, history, main):
    own = history[f"valid_{main}_accuracy"]
    row_number = _row_number(got, own)
    if got not in set(history["epoch"]):
        return row_number or "There is no such epoch in this history: the column `epoch` has their numbers."
    row = history["epoch"] == got
    if got == _by_loss(history, main):
        return "That is the one with the lowest loss, which is both heads' together."
    if own[row].item() == own.max():
        return "An earlier epoch is as good: of equals the first."
    other = "screen" if main == "document" else "document"
    if got == best_epoch(history, other):
        return f"It is the best one for {other!r}. Which head matters?"
    return row_number or "What the other head does is no reason to choose an epoch, nor to leave one out."


def _row_number(got, scores):
    """What is to be said of an answer that says where the best row stands, or nothing."""
    place, name = scores.argmax(), scores.idxmax()
    usual = {  # where a place and a name are equal, what is said of the place counts
        name + 1: "That is the name of the row and one more",
        name: "That is the name of the row",
        place + 1: "That is the place of the row, counted from 1",
        place: "That is the place of the row, counted from 0",
    }
    return f"{usual[got]}; the column `epoch` has its number." if got in usual else ""


def _by_loss(history, main):
    return history.loc[history["valid_loss"].idxmin(), "epoch"]


def _by_sum(history, main):
    total = history["valid_document_accuracy"] + history["valid_screen_accuracy"]
    return history.loc[total.idxmax(), "epoch"]


def _by_worst(history, main):
    worst = history[["valid_document_accuracy", "valid_screen_accuracy"]].min(axis=1)
    return history.loc[worst.idxmax(), "epoch"]


def _last_of_equals(history, main):
    score = history[f"valid_{main}_accuracy"]
    return history["epoch"][score == score.max()].iloc[-1]


def _better_of_equals(history, main):
    """Of equals the one with the lower loss."""
    return history.sort_values([f"valid_{main}_accuracy", "valid_loss"], ascending=[False, True])["epoch"].iloc[0]


def _place(history, main):
    return history[f"valid_{main}_accuracy"].argmax()


def _name(history, main):
    return history[f"valid_{main}_accuracy"].idxmax()


q11 = Question(
    number=11,
    reference=best_epoch,
    probe=probe_best_epoch,
    starter=best_epoch_of_all,
    hints=[
        'Where does the code look at `main`? The column is history[f"valid_{main}_accuracy"].',
        "argsort gives places, and of equals any. And the place of a row is not the number of its epoch, once a history "
        "does not begin at 1.",
        'score.idxmax() is the name of the first row with the highest score: history.loc[score.idxmax(), "epoch"].',
    ],
    why="A sum lets the easier question pay for the harder one, and the loss does too. If one question is why the model is "
    "built, its score on valid chooses the epoch, and the other head gets what it gets. `WeightedHeads(..., main=...)` "
    "tells `fit` so.",
    mistakes=[
        Mistake(_by_loss, "the lowest loss"),
        Mistake(_by_sum, "main head 'screen': you choose epoch 3. It is the best one for 'document'"),
        Mistake(_by_worst, "you choose epoch"),
        Mistake(_last_of_equals, "of equals the first"),
        Mistake(_better_of_equals, "of equals the first"),
        Mistake(_place, "you choose epoch 1. That is the place of the row, counted from 0; the column `epoch` has its number"),
        Mistake(lambda history, main: _place(history, main) + 1, "That is the place of the row, counted from 1"),
        Mistake(_name, "the row, counted from 0"),
        Mistake(lambda history, main: _name(history, main) + 1, "(epochs 6, 7, 8, 9, 10; rows named 0, 1, 2, 3, 4), main head"),
        Mistake(lambda history, main: history["epoch"].iloc[0] + _place(history, main), "main head 'screen': you choose epoch 3"),
        Mistake(lambda history, main: history["epoch"].iloc[_name(history, main)], "your code raised IndexError"),
        Mistake(lambda history, main: best_epoch(history, "screen"), "Which head matters"),
        Mistake(lambda history, main: best_epoch(history, "document"), "Which head matters"),
        Mistake(lambda history, main: history["epoch"].iloc[-1], "you choose epoch"),
        Mistake(lambda history, main: history[f"valid_{main}_accuracy"].max(), "There is no such epoch"),
        Mistake(lambda history, main: history.loc[history[f"valid_{main}_accuracy"].idxmax()], "expected the number of an"),
    ],
)  # fmt: skip
