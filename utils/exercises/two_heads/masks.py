"""Exercises 2 and 3: pictures that a head is not asked about count neither in its loss nor in its scores."""

import math

import torch
from torch.nn import functional as F

from utils.data.loaders import IGNORE
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, as_numbers, shown

# --- 2: the loss of a head -----------------------------------------------------------------------
# The targets of batches, and how many classes the head has; in the last two there is nothing to learn from.
BATCHES = [([0, IGNORE, 1, IGNORE, 1], 2), ([2, 0, 1], 3), ([IGNORE, 1], 2), ([IGNORE] * 4, 2), ([IGNORE], 3)]


def head_loss(logits, targets):
    known = targets != IGNORE
    if not known.any():
        return logits.sum() * 0
    return F.cross_entropy(logits[known], targets[known])


def probe_head_loss(answer):
    for targets, classes in BATCHES:
        logits = _logits(len(targets), classes)
        given = torch.tensor(targets)
        loss = answer(logits, given.clone())
        got = as_number(
            loss.reshape(()) if isinstance(loss, torch.Tensor) and loss.numel() == 1 else loss, "a loss, one number"
        )
        right = head_loss(logits, given).item()
        if not abs(got - right) < 1e-5:  # nan is refused too
            raise NotYet(f"targets {targets}: you say {got:.4f}. {_which_loss(got, logits.detach(), given)}")
        _check_gradient(loss, logits, targets)


def _logits(pictures, classes):
    """Logits (N, K), very unsure ones and very sure ones."""
    generator = torch.Generator().manual_seed(10 * pictures + classes)
    return (3 * torch.randn(pictures, classes, generator=generator)).requires_grad_()


def _check_gradient(loss, logits, targets):
    """The loss can be trained by: its gradient is that of ours; without a labelled picture it is zero, or there is none."""
    wanted = torch.autograd.grad(head_loss(logits, torch.tensor(targets)), logits)[0]
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        if wanted.any():
            raise NotYet(f"the right number, but {shown(loss)} has no gradient, so nothing can be learned from it. Give back "
                         "the tensor as it was computed.")  # fmt: skip
        return
    (got,) = torch.autograd.grad(loss.reshape(()), logits, allow_unused=True)
    got = torch.zeros_like(logits) if got is None else got
    if not torch.allclose(got, wanted, atol=1e-5):
        raise NotYet(f"targets {targets}: the right number, but its gradient is not that of the mean over the pictures that "
                     f"count: {shown(got)}.")  # fmt: skip


def _which_loss(got, logits, targets):
    known = targets != IGNORE
    if not known.any():
        return "Nobody asked anything of this head, and in a sum of losses nan or a made-up number spoils the other head's."
    each = F.cross_entropy(logits, targets.clamp(min=0), reduction="none")
    usual = {
        "So it is if ignored pictures count as class 0: the crisps train the head as paper.": each.mean().item(),
        "That is the sum. Divide by the pictures that count.": each[known].sum().item(),
        "The sum is right. By how many pictures is it divided?": (each[known].sum() / len(targets)).item(),
    }  # fmt: skip
    return first_near(got, usual, "Which pictures are in that mean, and how many?", abs_tol=1e-5)


def _as_class_0(logits, targets):
    return F.cross_entropy(logits, targets.clamp(min=0))


def _over_all(logits, targets):
    return F.cross_entropy(logits, targets, reduction="sum") / len(targets)


def _detached(logits, targets):
    return torch.tensor(head_loss(logits, targets).item())


def _zero_of_rows(logits, targets):
    """Ignored rows get logits of 0, and still count: each adds ln K."""
    known = (targets != IGNORE)[:, None]
    return F.cross_entropy(logits * known, targets.clamp(min=0))


q2 = Question(
    number=2,
    reference=head_loss,
    probe=probe_head_loss,
    hints=[
        "known = targets != IGNORE is a mask, and logits[known] are the rows that count. What is left of a batch in which "
        "nothing is known?",
        "F.cross_entropy leaves out what has the target -100 by itself. But the mean of nothing is 0 / 0: print it.",
        "Divide a sum by the number of known pictures, and by 1 where there is none; or return a 0 for such a batch, for "
        "instance logits.sum() * 0, which can be given to backward as well.",
    ],
    why="Without the mask each bag of crisps is an example of *paper* to the head that asks about screens. And a batch "
    "without a document does come, in small batches often: its nan makes the mean of the whole epoch nan, so that nobody "
    "sees any more whether the loss falls, and a loop that checks its loss, as `fit` does, ends there.",
    mistakes=[
        Mistake(_as_class_0, "the crisps train the head as paper"),
        Mistake(_over_all, "By how many pictures is it divided"),
        Mistake(lambda logits, targets: (F.cross_entropy(logits, targets.clamp(min=0), reduction="none")
                                         * (targets != IGNORE)).mean(), "By how many pictures is it divided"),
        Mistake(lambda logits, targets: F.cross_entropy(logits, targets, reduction="sum"), "That is the sum"),
        Mistake(F.cross_entropy, "you say nan. Nobody asked anything"),
        Mistake(lambda logits, targets: F.cross_entropy(logits, targets, ignore_index=IGNORE), "nan or a made-up number"),
        Mistake(_zero_of_rows, "Which pictures are in that mean"),
        Mistake(_detached, "has no gradient"),
        Mistake(lambda logits, targets: head_loss(logits, targets).item(), "has no gradient"),
        Mistake(lambda logits, targets: head_loss(logits.detach(), targets) + 0 * logits.sum(), "its gradient is not that"),
        Mistake(lambda logits, targets: F.cross_entropy(logits, targets, reduction="none"), "expected a loss"),
    ],
)  # fmt: skip

# --- 3: the scores of a head ---------------------------------------------------------------------
# Targets and predictions of pictures; class 1 is looked for. To ignored pictures the head says something, too.
JUDGED = [
    ([1, 1, 0, 0, 1, IGNORE, IGNORE, IGNORE, 0], [1, 0, 0, 1, 1, 1, 0, 1, 0]),
    ([0, IGNORE, 1, IGNORE, 0, 1], [1, 1, 1, 1, 0, 1]),
    ([0, 1, IGNORE, 0], [0, 0, 1, 0]),  # class 1 is said of an ignored picture only
    ([IGNORE, IGNORE], [0, 1]),
]
RATES = ("accuracy", "precision")


def head_scores(targets, predicted):
    """{"accuracy": number, "precision": number} of class 1, without ignored pictures; nan where none are left."""
    known = targets != IGNORE
    targets, predicted = targets[known], predicted[known]
    right = (predicted == targets).float()
    return {"accuracy": right.mean().item(), "precision": right[predicted == 1].mean().item()}


def head_scores_of_all(targets, predicted):
    """{"accuracy": number, "precision": number} of class 1, without ignored pictures; nan where none are left."""
    right = (predicted == targets).float()
    return {"accuracy": right.mean().item(), "precision": right[predicted == 1].mean().item()}


def probe_head_scores(answer):
    for targets, predicted in JUDGED:
        said = answer(torch.tensor(targets), torch.tensor(predicted))
        got = as_numbers(said, RATES, 'a dictionary {"accuracy": number, "precision": number}', "a number or math.nan")
        right = head_scores(torch.tensor(targets), torch.tensor(predicted))
        for rate in RATES:
            both_nan = math.isnan(got[rate]) and math.isnan(right[rate])
            if not abs(got[rate] - right[rate]) < 1e-6 and not both_nan:
                raise NotYet(f"targets {targets}, predicted {predicted}: {rate}, {got[rate]:.3g}. "
                             f"{_which_rate(rate, got[rate], right[rate], targets, predicted)}")  # fmt: skip


def _which_rate(rate, got, right, targets, predicted):
    pairs = list(zip(targets, predicted))
    considered = [pair for pair in pairs if rate == "accuracy" or pair[1] == 1]
    known = [pair for pair in considered if pair[0] != IGNORE]
    if math.isnan(right):
        return "Of the pictures that it was asked about " + (
            "there is none." if rate == "accuracy" else "it says 1 of none: which share of them is right, nobody knows.")  # fmt: skip
    if math.isnan(got):
        return "There are pictures to take a share of."
    hits, ignored = sum(target == guess for target, guess in known), len(considered) - len(known)
    usual = {
        "So it is if ignored pictures count as wrong.": hits / len(considered),
        "So it is if ignored pictures count as right.": (hits + ignored) / len(considered),
        "So it is if ignored pictures count as class 0.":
            sum(max(target, 0) == guess for target, guess in considered) / len(considered),
        "That is the recall: of those that are 1, the share that is found.": _recall(pairs),
    }  # fmt: skip
    return first_near(got, usual, "Which pictures are counted, and which of them are right?", abs_tol=1e-6)


def _recall(pairs):
    found = [guess == 1 for target, guess in pairs if target == 1]
    return sum(found) / len(found) if found else math.nan


def _scores_with(change):
    """The scores of other targets and predictions than those that are given."""
    return lambda targets, predicted: head_scores_of_all(*change(targets, predicted))


def _nan_as_0(targets, predicted):
    return {rate: 0.0 if math.isnan(score) else score for rate, score in head_scores(targets, predicted).items()}


def _recall_too(targets, predicted):
    scores = head_scores(targets, predicted)
    return scores | {"precision": _recall(list(zip(targets.tolist(), predicted.tolist())))}


def _accuracy_only(targets, predicted):
    return {
        "accuracy": head_scores(targets, predicted)["accuracy"],
        "precision": head_scores_of_all(targets, predicted)["precision"],
    }


q3 = Question(
    number=3,
    reference=head_scores,
    probe=probe_head_scores,
    starter=head_scores_of_all,
    hints=[
        "A prediction is never equal to IGNORE. So what does an ignored picture count as, in a comparison with ==?",
        "Take the same mask as for the loss, targets != IGNORE, and with it both the targets and the predictions.",
        "The mask goes before the counting, both times. Nothing needs to be done for nan: the mean of no numbers is nan "
        "in torch.",
    ],
    why="A head answers every picture, also those it was never asked about: a bag of crisps is paper or a screen to it. "
    "Counted, such an answer is always a mistake, and the more crisps there are, the worse the head seems. Recall "
    "does not show it, since an ignored picture is no screen.",
    mistakes=[
        Mistake(_scores_with(lambda targets, predicted: (targets.clamp(min=0), predicted)), "count as class 0"),
        Mistake(_scores_with(lambda targets, predicted: (torch.where(targets == IGNORE, predicted, targets), predicted)),
                "count as right"),
        Mistake(_accuracy_only, "precision, 0.4. So it is if ignored pictures count as wrong"),
        Mistake(_nan_as_0, "precision, 0. Of the pictures that it was asked about it says 1 of none"),
        Mistake(_recall_too, "That is the recall"),
        Mistake(_scores_with(lambda targets, predicted: (targets[targets == 1], predicted[targets == 1])), "Which pictures are"),
        Mistake(lambda targets, predicted: head_scores(targets, predicted)["accuracy"], "expected a dictionary"),
        Mistake(lambda targets, predicted: {"accuracy": 1.0}, "'precision' has no number"),
        Mistake(lambda targets, predicted: dict.fromkeys(RATES, math.nan), "There are pictures to take a share of"),
        Mistake(lambda targets, predicted: dict.fromkeys(RATES, 0.123), "Which pictures are counted"),
    ],
)  # fmt: skip
