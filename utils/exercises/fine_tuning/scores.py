"""Exercises 4 and 5: the loss of an epoch, and the score after it."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.fine_tuning.steps import linear_of
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

# --- 4: the loss of an epoch ---------------------------------------------------------------------


def epoch_loss(model, batches):
    """The mean loss over all pictures of the batches."""
    loss_sum, seen = 0.0, 0
    for images, targets in batches:
        loss = F.cross_entropy(model(images), targets)
        loss_sum += loss.item() * len(images)
        seen += len(images)
    return loss_sum / seen


def epoch_loss_too_small(model, batches):
    """The mean loss over all pictures of the batches."""
    loss_sum, seen = 0.0, 0
    for images, targets in batches:
        loss = F.cross_entropy(model(images), targets)
        loss_sum += loss.item()
        seen += len(images)
    return loss_sum / seen


def probe_epoch_loss(answer):
    for sizes in ([16, 16, 1], [5, 3], [4]):
        model, batches = _batches(sizes)
        got = as_number(answer(model, batches), "the mean loss, a number")
        right = epoch_loss(model, batches)
        if not abs(got - right) <= 1e-3 * right:  # nan is refused too
            raise NotYet(f"batches of {' and '.join(map(str, sizes))} pictures: you say {got:.3f}, "
                         f"{_which_mean(got, model, batches)}")  # fmt: skip


def _batches(sizes):
    """A layer and batches of these sizes for it; the last batch has a loss of its own."""
    generator = torch.Generator().manual_seed(len(sizes))
    model = linear_of(generator, 6, 10)
    batches = [(torch.randn(size, 6, generator=generator), torch.randint(10, (size,), generator=generator))
               for size in sizes]  # fmt: skip
    batches[-1] = (10 * batches[-1][0], batches[-1][1])
    return model, batches


def _which_mean(got, model, batches):
    with torch.no_grad():
        losses = [F.cross_entropy(model(images), targets).item() for images, targets in batches]
    sizes = [len(images) for images, _ in batches]
    usual = {
        "a sum of means divided by the number of pictures: each loss is a mean over its batch already.":
            sum(losses) / sum(sizes),
        "in which a picture of a small batch counts more than one of a large batch.": sum(losses) / len(losses),
        "which is the sum over all pictures.": sum(loss * size for loss, size in zip(losses, sizes)),
        "the loss of the last batch alone.": losses[-1],
        "a sum over the batches.": sum(losses),
    }  # fmt: skip
    otherwise = f"and the losses of the batches are {', '.join(f'{loss:.3f}' for loss in losses)}."
    return first_near(got, usual, otherwise, rel_tol=1e-3)


def _losses(model, batches):
    return [F.cross_entropy(model(images), targets).item() for images, targets in batches]


def _whole_batches_only(model, batches):
    return epoch_loss(model, [batch for batch in batches if len(batch[0]) == len(batches[0][0])])


q4 = Question(
    number=4,
    reference=epoch_loss,
    probe=probe_epoch_loss,
    starter=epoch_loss_too_small,
    hints=[
        "F.cross_entropy gives the mean over the pictures of one batch. What is the sum over them?",
        "Mean times number is the sum: weigh each batch's loss by len(images) before you add it up.",
    ],
    why="A network that knows nothing about ten classes has a loss of about ln 10 = 2.303; in batches of 50 the code "
    "as it was prints 0.046. The mean of the batches' means is nearer and still wrong: of 17 pictures in batches of 16 "
    "and 1, the last one counts as much as the sixteen before. Know the first value that a loop should print.",
    mistakes=[
        Mistake(lambda model, batches: sum(_losses(model, batches)) / len(batches), "counts more than one of a large"),
        Mistake(lambda model, batches: sum(_losses(model, batches)), "a sum over the batches"),
        Mistake(lambda model, batches: _losses(model, batches)[-1], "the last batch alone"),
        Mistake(
            lambda model, batches: epoch_loss(model, batches) * sum(len(images) for images, _ in batches),
            "the sum over all pictures",
        ),
        Mistake(_whole_batches_only, "the losses of the batches are"),
        Mistake(lambda model, batches: _losses(model, batches), "expected the mean loss"),
    ],
)

# --- 5: the score after it -----------------------------------------------------------------------
SIZES = [16, 16, 8]
WRONG = [0, 5, 17, 32, 33, 34, 35]  # the pictures whose label is another one than the network's answer


def accuracy(model, batches):
    """The share of pictures for which the model is right."""
    was_training = model.training
    model.eval()
    right, seen = 0, 0
    with torch.no_grad():
        for images, targets in batches:
            right += (model(images).argmax(dim=1) == targets).sum().item()
            seen += len(images)
    model.train(was_training)
    return right / seen


def accuracy_in_any_mode(model, batches):
    """The share of pictures for which the model is right."""
    right, seen = 0, 0
    with torch.no_grad():
        for images, targets in batches:
            right += (model(images).argmax(dim=1) == targets).sum().item()
            seen += len(images)
    return right / seen


def probe_accuracy(answer):
    for mode in (True, False):
        model, batches = _judged()
        torch.manual_seed(0)  # dropout's dice: by chance three scores could be the same
        model.train(mode)
        averages = model[1].running_mean.clone()
        got = [as_number(answer(model, batches), "a share, a number between 0 and 1") for _ in range(3)]
        if len(set(got)) > 1:
            raise NotYet(
                f"asked three times about the same pictures it says {got[0]:.3f}, {got[1]:.3f} and {got[2]:.3f}."
            )
        if not torch.equal(averages, model[1].running_mean):
            raise NotYet(
                "BatchNorm's running averages have moved: the network has learned from the pictures that judge it."
            )
        if not abs(got[0] - (1 - len(WRONG) / sum(SIZES))) < 1e-4:
            raise NotYet(f"the network is wrong on {len(WRONG)} of {sum(SIZES)} pictures, and you say {got[0]:.4g}. "
                         f"{_which_share(got[0])}")  # fmt: skip
        _check_mode(model, mode)


def _judged():
    """A network with dropout and BatchNorm, and batches of which it knows some wrong."""
    generator = torch.Generator().manual_seed(2)
    model = nn.Sequential(linear_of(generator, 6, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), linear_of(generator, 16, 5))
    model[1].running_mean.normal_(generator=generator)
    images = torch.randn(sum(SIZES), 6, generator=generator)
    with torch.no_grad():
        targets = model.eval()(images).argmax(dim=1)
    targets[WRONG] = (targets[WRONG] + 1) % 5
    return model, list(zip(images.split(SIZES), targets.split(SIZES)))


def _which_share(got):
    right, share = [14, 15, 4], 1 - len(WRONG) / sum(SIZES)
    if math.isclose(got, sum(count / size for count, size in zip(right, SIZES)) / len(SIZES), abs_tol=1e-4):
        return f"In batches of {', '.join(map(str, SIZES))}, does each picture count the same?"
    if math.isclose(got, 100 * share, abs_tol=0.01):
        return "As a share, please, 0.5 for half of them."
    if math.isclose(got, 1 - share, abs_tol=1e-4):
        return "That is how often it is wrong."
    return "In which mode was it asked?"


def _check_mode(model, mode):
    modes = {module.training for module in model.modules()}
    if modes != {mode}:
        was, is_now = ("train", "eval") if mode else ("eval", "train")
        raise NotYet(f"the network came in {was} mode and is {'partly ' if len(modes) > 1 else ''}in {is_now} mode now"
                     f"{': the next epoch would run without dropout' if mode else ''}.")  # fmt: skip


def _eval_for_ever(model, batches):
    model.eval()
    return accuracy_in_any_mode(model, batches)


def _train_afterwards(model, batches):
    share = _eval_for_ever(model, batches)
    model.train()
    return share


def _without_dropout(model, batches):
    model[2].eval()
    return accuracy_in_any_mode(model, batches)


def _eval_of_batchnorm(model, batches):
    model[1].eval()
    return accuracy_in_any_mode(model, batches)


def _mean_of_batches(model, batches):
    return sum(accuracy(model, [batch]) for batch in batches) / len(batches)


q5 = Question(
    number=5,
    reference=accuracy,
    probe=probe_accuracy,
    starter=accuracy_in_any_mode,
    hints=[
        "no_grad is about gradients. What tells dropout to stop dropping, and BatchNorm to use what it has learned?",
        "model.eval() before the loop. And who switches it back for the next epoch?",
        "model.training says which mode it is in: keep it in a variable, and afterwards model.train(that variable).",
    ],
    why="In train mode dropout throws dice for every picture, so 372 of 500 predictions of a published network changed "
    "from pass to pass, and BatchNorm goes on learning from the pictures that are to judge. What a function changes, "
    "it changes back.",
    mistakes=[
        Mistake(_eval_for_ever, "is in eval mode now"),
        Mistake(_train_afterwards, "came in eval mode and is in train mode now"),
        Mistake(_without_dropout, "running averages have moved"),
        Mistake(_eval_of_batchnorm, "asked three times"),
        Mistake(_mean_of_batches, "does each picture count the same"),
        Mistake(lambda model, batches: 100 * accuracy(model, batches), "As a share"),
        Mistake(lambda model, batches: 1 - accuracy(model, batches), "how often it is wrong"),
        Mistake(lambda model, batches: torch.tensor([True, False]), "expected a share"),
    ],
)
