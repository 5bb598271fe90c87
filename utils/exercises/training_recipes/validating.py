"""Exercise 9: a validation loss that is none."""

import torch
from torch import nn
from torch.nn import functional as F

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number

SMOOTHING = 0.1
SIZES = [(6, 6, 1), (2, 5), (4, 4), (1,)]  # pictures in each batch


def validation_loss(model, batches):
    """The mean loss of the pictures, comparable from run to run."""
    model.eval()
    total, pictures = 0.0, 0
    with torch.no_grad():
        for images, targets in batches:
            total += F.cross_entropy(model(images), targets, reduction="sum").item()
            pictures += len(images)
    return total / pictures


def validation_loss_as_found(model, batches):
    """The mean loss of the pictures, comparable from run to run."""
    model.eval()
    total = 0.0
    with torch.no_grad():
        for images, targets in batches:
            total += F.cross_entropy(model(images), targets, label_smoothing=0.1).item()
    return total / len(batches)


def probe_validation_loss(answer):
    for seed, sizes in enumerate(SIZES):
        model, batches = _Two().train(), _made(seed, sizes)
        case = f"batches of {', '.join(map(str, sizes))}"
        got = as_number(asked(answer, case, model, [tuple(batch) for batch in batches]), "a loss, a number")
        right = _mean(batches, 0.0)
        if not abs(got - right) < 1e-4 * max(1.0, right):  # nan is refused too
            otherwise = "Which pictures count, each how much, and against which targets?"
            raise NotYet(f"{case}: you say {got:.4g}. {first_near(got, _usual(batches), otherwise, abs_tol=1e-4)}")


class _Two(nn.Module):
    """In eval mode the logits are the pictures' own numbers; in train mode it says something else, the same each time."""

    def forward(self, images):
        logits = images.flatten(1)
        return logits.flip(1) / 2 if self.training else logits


def _made(seed, sizes):
    """Batches of which the later ones are harder, so that it shows how much each picture counts."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for place, size in enumerate(sizes):
        targets = torch.randint(3, (size,), generator=generator)
        logits = torch.randn(size, 3, generator=generator) + (2 - 3 * place) * F.one_hot(targets, 3)
        batches.append((logits.reshape(size, 3, 1, 1), targets))
    return batches


def _losses(batches, smoothing, training=False):
    """The mean loss of each batch."""
    model = _Two().train(training)
    return [F.cross_entropy(model(images), targets, label_smoothing=smoothing).item() for images, targets in batches]


def _mean(batches, smoothing, training=False):
    sizes = [len(images) for images, _ in batches]
    losses = _losses(batches, smoothing, training)
    return sum(loss * size for loss, size in zip(losses, sizes)) / sum(sizes)


def _usual(batches):
    """What the usual slips give."""
    plain, smoothed, sizes = _losses(batches, 0.0), _losses(batches, SMOOTHING), [len(images) for images, _ in batches]
    first = sizes[0] * len(sizes)
    return {
        "That is a mean of the batches' means, and a small batch counts as much as a full one.": sum(plain) / len(plain),
        # Of two mistakes the first is named; the other one has its turn.
        "A small batch counts as much as a full one here, so each of its pictures for more.": sum(smoothed) / len(smoothed),
        "The targets are smoothed: so even perfect answers have a loss, and runs with other smoothing another one.":
            _mean(batches, SMOOTHING),
        "Means of batches, divided by the number of pictures: that is a good deal too small.": sum(plain) / sum(sizes),
        "Means of batches are added up, and divided by the number of pictures: too small.": sum(smoothed) / sum(sizes),
        "So it is in training mode: who has taken eval away?": _mean(batches, 0.0, training=True),
        "So it is in training mode.": _mean(batches, SMOOTHING, training=True),
        "That is the sum over all pictures, and not their mean.": _mean(batches, 0.0) * sum(sizes),
        "That is the sum over all pictures, divided by the number of batches.": _mean(batches, 0.0) * sum(sizes) / len(sizes),
        "That is the last batch's.": plain[-1],
        "That is without the last batch: its pictures count too.": _mean(batches[:-1] or batches, 0.0),
        "The last batch is left out, and its pictures count too.": _mean(batches[:-1] or batches, SMOOTHING),
        "The number of pictures is taken from the first batch, for all of them.": _mean(batches, 0.0) * sum(sizes) / first,
        "As many pictures as in the first batch are counted for each.": _mean(batches, SMOOTHING) * sum(sizes) / first,
        "That is the sum of the batches' means.": sum(plain),
    }  # fmt: skip


def _with(smoothing=0.0, reduction="mean", by="batches", weighted=False, evaluated=True):
    """A validation_loss with some of its mistakes left."""

    def validation_loss(model, batches):
        model.train(not evaluated)
        total, by_what = (
            0.0,
            {"batches": len(batches), "pictures": sum(len(targets) for _, targets in batches), "none": 1}[by],
        )
        with torch.no_grad():
            for images, targets in batches:
                loss = F.cross_entropy(model(images), targets, label_smoothing=smoothing, reduction=reduction).item()
                total += loss * (len(images) if weighted else 1)
        return total / by_what

    return validation_loss


def _by_the_first(model, batches):
    model.eval()
    with torch.no_grad():
        losses = [F.cross_entropy(model(images), targets, reduction="sum").item() for images, targets in batches]
    return sum(losses) / (len(batches[0][0]) * len(batches))


def _last(model, batches):
    model.eval()
    for images, targets in batches:
        loss = F.cross_entropy(model(images), targets)
    return loss


q9 = Question(
    number=9,
    reference=validation_loss,
    probe=probe_validation_loss,
    starter=validation_loss_as_found,
    hints=[
        "Say the last batch holds one picture. How much does it count here, and how much each of the others?",
        'Add up the losses of pictures (reduction="sum"), and divide by the number of pictures.',
        "And which loss is zero for perfect answers? Smoothing steers training; what is judged by has none.",
    ],
    why="Smoothed, the loss of perfect answers is not 0, and a run with smoothing looks worse than one without, whatever it has "
    "learned. And with a mean of means the number changes with the batch size, which has nothing to do with the model.",
    mistakes=[
        Mistake(_with(), "a mean of the batches' means, and a small batch counts as much as a full one."),
        Mistake(_with(smoothing=0.1), "so each of its pictures for more"),
        Mistake(_with(smoothing=0.1, weighted=True, by="pictures"), "even perfect answers have a loss"),
        Mistake(_with(smoothing=0.1, reduction="sum", by="pictures"), "even perfect answers have a loss"),
        Mistake(_with(by="pictures"), "a good deal too small."),
        Mistake(_with(smoothing=0.1, by="pictures"), "and divided by the number of pictures: too small"),
        Mistake(_with(reduction="sum", by="pictures", evaluated=False), "in training mode: who"),
        Mistake(_with(smoothing=0.1, reduction="sum", by="pictures", evaluated=False), "So it is in training mode."),
        Mistake(_with(reduction="sum", by="none"), "the sum over all pictures, and not their mean"),
        Mistake(_with(reduction="sum"), "divided by the number of batches"),
        Mistake(_with(by="none"), "the sum of the batches' means"), Mistake(_last, "That is the last batch's"),
        Mistake(_with(smoothing=0.05, weighted=True, by="pictures"), "Which pictures count"),
        Mistake(_by_the_first, "taken from the first batch"),
        Mistake(lambda model, batches: validation_loss(model, batches[:-1] or batches), "without the last batch"),
        Mistake(lambda model, batches: validation_loss(model, [batches[-1], *batches]), "Which pictures count"),
        Mistake(lambda model, batches: "0.3", "expected a loss"),
    ],
)  # fmt: skip
