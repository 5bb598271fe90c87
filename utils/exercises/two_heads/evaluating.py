"""Exercise 12: an evaluation that flatters, three times over."""

from collections import OrderedDict

import torch
from sklearn.metrics import f1_score, precision_score
from torch import nn

from utils.data.loaders import IGNORE
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

BATCH = 16  # pictures; a loader's last batch has fewer
# Pictures in the test loader: how many with a target are predicted as what; and in the training loader. With these counts
# each of the usual slips gives another number.
CELLS = {
    "test": {(1, 1): 9, (0, 1): 3, (1, 0): 1, (0, 0): 7, (IGNORE, 1): 4, (IGNORE, 0): 3},
    "train": {(1, 1): 12, (0, 1): 1, (1, 0): 2, (0, 0): 8, (IGNORE, 1): 5, (IGNORE, 0): 1},
}
TWICE = {"test": CELLS["train"], "train": CELLS["test"]}  # the same the other way round


def screen_precision(model, loaders):
    """The precision of class 1 of the head "screen" on test; pictures that it ignores do not count."""
    predicted, targets = [], []
    model.eval()
    with torch.no_grad():
        for images, wanted in loaders["test"]:
            known = wanted["screen"] != IGNORE
            predicted += model(images)["screen"].argmax(dim=1)[known].tolist()
            targets += wanted["screen"][known].tolist()
    return precision_score(targets, predicted)


def screen_precision_too_good(model, loaders):
    """The precision of class 1 of the head "screen" on test; pictures that it ignores do not count."""
    predicted, targets = [], []
    with torch.no_grad():
        for images, wanted in loaders["train"]:
            known = wanted["screen"] != IGNORE
            predicted += model(images)["screen"].argmax(dim=1)[known].tolist()
            targets += wanted["screen"][known].tolist()
    return precision_score(predicted, targets)


def probe_screen_precision(answer):
    for cells in (CELLS, TWICE):
        torch.manual_seed(0)
        model, loaders = _Sure().train(), {split: _batches(each) for split, each in cells.items()}
        before = model.norm.running_mean.clone()
        case = _told(cells["test"])
        got = [as_number(asked(answer, case, model, loaders), "a precision, a number") for _ in range(2)]
        _check_mode(model, before)
        if got[0] != got[1]:
            raise NotYet(f"asked twice about the same pictures, it says {got[0]:.3f} and {got[1]:.3f}.")
        if not abs(got[0] - _rate(cells["test"], "precision")) < 1e-6:
            raise NotYet(f"{case}: you say {got[0]:.3g}. {_which(got[0], cells)}")


class _Sure(nn.Module):
    """In eval mode each head says what the picture's own numbers say; in train mode BatchNorm and dropout say otherwise."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2, affine=False)
        self.dropout = nn.Dropout(0.5)

    def forward(self, images):
        numbers = self.dropout(self.norm(images.flatten(1)))
        screen = torch.stack([-numbers[:, 0], numbers[:, 0]], dim=1)
        return OrderedDict(document=torch.stack([-numbers[:, 1], numbers[:, 1]], dim=1), screen=screen)


def _batches(cells):
    """Batches of images (N, 2, 1, 1), a number for each head, and targets by head; "document" says what "screen" does not."""
    rows = [(target, guess) for (target, guess), count in cells.items() for _ in range(count)]
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1)).tolist()
    targets = torch.tensor([rows[place][0] for place in order])
    guesses = torch.tensor([rows[place][1] for place in order])
    document = (targets != IGNORE).long()
    images = torch.stack([2.0 * guesses - 1, 1 - 2.0 * guesses], dim=1)[:, :, None, None]
    parts = zip(images.split(BATCH), targets.split(BATCH), document.split(BATCH))
    return [(some, {"document": documents, "screen": screens}) for some, screens, documents in parts]


def _check_mode(model, before):
    if not torch.equal(before, model.norm.running_mean):
        raise NotYet(
            "BatchNorm's running averages have moved: the model has learned from the pictures that it is judged by."
        )


def _told(cells):
    texts = {(1, 1): "{} screens found", (1, 0): "{} missed", (0, 1): "{} papers taken for screens",
             (IGNORE, 1): "{} ignored pictures answered with 1"}  # fmt: skip
    return "on test, " + ", ".join(text.format(cells[cell]) for cell, text in texts.items())


def _rate(cells, name):
    hits, alarms, misses, none = (cells[cell] for cell in ((1, 1), (0, 1), (1, 0), (0, 0)))
    documents, others = misses + none, cells[IGNORE, 0]  # which the head "document" calls documents, and rightly or not
    return {
        "precision": hits / (hits + alarms), "recall": hits / (hits + misses),
        "accuracy": (hits + none) / (hits + alarms + misses + none),
        "with ignored": hits / (hits + alarms + cells[IGNORE, 1]), "of the other class": none / (none + misses),
        "f1": 2 * hits / (2 * hits + alarms + misses), "of the other head": misses / (none + misses),
        "document": documents / (documents + others), "recall of document": documents / (documents + hits + alarms),
    }[name]  # fmt: skip


def _which(got, cells):
    usual = {
        "That is the recall: scikit-learn wants what is true first.": _rate(cells["test"], "recall"),
        "That is on the pictures that it was trained on.": _rate(cells["train"], "precision"),
        "That is the recall, and on the pictures that it was trained on.": _rate(cells["train"], "recall"),
        "That is the accuracy.": _rate(cells["test"], "accuracy"),
        "That is F1.": _rate(cells["test"], "f1"),
        'So it is if the head "document" is asked.': _rate(cells["test"], "of the other head"),
        'That is the precision of the head "document".': _rate(cells["test"], "document"),
        'That is the recall of the head "document".': _rate(cells["test"], "recall of document"),
        'That is the precision of the head "document", on the pictures that it was trained on.': _rate(
            cells["train"], "document"
        ),
        "So it is if ignored pictures count as no screens.": _rate(cells["test"], "with ignored"),
        "That is the precision of class 0.": _rate(cells["test"], "of the other class"),
    }
    return first_near(got, usual, "The model was asked about which pictures, and what is counted?", abs_tol=1e-6)


def _judged(split="test", score=precision_score, evaluate=nn.Module.eval, head="screen", about="screen"):
    """A screen_precision that asks about other pictures, in another mode, or reckons otherwise."""

    def screen_precision(model, loaders):
        evaluate(model)
        with torch.no_grad():
            pairs = [(wanted[about], model(images)[head].argmax(dim=1)) for images, wanted in loaders[split]]
        targets, predicted = (torch.cat(parts) for parts in zip(*pairs))
        known = targets != IGNORE
        return score(targets[known].numpy(), predicted[known].numpy())

    return screen_precision


def _ignored_as_paper(model, loaders):
    model.eval()
    pairs = [
        (wanted["screen"].clamp(min=0), model(images)["screen"].argmax(dim=1)) for images, wanted in loaders["test"]
    ]
    return precision_score(*(torch.cat(parts).numpy() for parts in zip(*pairs)))


def _exchanged(targets, predicted):
    return precision_score(predicted, targets)


q12 = Question(
    number=12,
    reference=screen_precision,
    probe=probe_screen_precision,
    starter=screen_precision_too_good,
    hints=[
        "Three questions: which pictures judge, in which mode is the model asked, and what does precision_score want first?",
        'loaders["test"]; model.eval() before the loop; and scikit-learn wants the truth first: precision_score(y_true, y_pred).',
    ],
    why="Each of the three was found in published code. With the arguments exchanged precision becomes recall, which nobody "
    "notices as long as both are plausible. Without eval() dropout throws dice, and BatchNorm learns from the pictures "
    "that judge it. `predict` refuses a training loader and asks in eval mode, and its table says what is true.",
    mistakes=[
        Mistake(_judged(score=_exchanged), "That is the recall: scikit-learn"),
        Mistake(_judged(split="train"), "you say 0.923. That is on the pictures that it was trained on"),
        Mistake(_judged(split="train", score=_exchanged), "That is the recall, and on"),
        Mistake(_judged(evaluate=lambda model: None), "BatchNorm's running averages have moved"),
        Mistake(_judged(evaluate=lambda model: model.norm.eval()), "asked twice about the same pictures"),
        Mistake(lambda model, loaders: 0.5 + screen_precision(model, loaders), "about which pictures"),
        Mistake(_judged(score=lambda targets, predicted: (targets == predicted).mean()), "That is the accuracy"),
        Mistake(_judged(score=lambda targets, predicted: precision_score(targets, predicted, pos_label=0)), "of class 0"),
        Mistake(_judged(head="document"), 'if the head "document" is asked'),
        Mistake(_judged(head="document", about="document"), 'That is the precision of the head "document".'),
        Mistake(_judged(head="document", about="document", score=_exchanged), 'That is the recall of the head "document"'),
        Mistake(_judged(head="document", about="document", split="train"), 'head "document", on the pictures that it was trained'),
        Mistake(_judged(split="valid"), "4 ignored pictures answered with 1: your code raised KeyError: 'valid'"),
        Mistake(_judged(score=f1_score), "That is F1"),
        Mistake(_ignored_as_paper, "ignored pictures count as no screens"),
        Mistake(_judged(score=lambda targets, predicted: precision_score(targets, predicted, average=None)), "expected a precision"),
    ],
)  # fmt: skip
