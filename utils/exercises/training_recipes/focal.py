"""Exercise 10: the focal loss, also of a network that is very sure."""

import math

import torch
from torch.nn import functional as F

from utils.exercises.asking import asked, unchanged
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, shown

# Logits, targets, gamma. The last ones are of a network that is very sure: right, wrong, and both.
MILD = [[1.0, -0.5, 0.2], [0.3, 2.0, -1.0], [-0.2, 0.1, 0.4], [1.5, 1.0, -2.0]]
SURE = [[60.0, -60.0], [-60.0, 60.0], [60.0, -60.0]]
ASKED = [
    (MILD, [0, 1, 0, 2], 2.0), (MILD, [0, 1, 0, 2], 0.0), (MILD, [1, 2, 2, 0], 1.5), ([[0.4, -1.1]], [1], 1.0),
    (SURE, [0, 0, 1], 2.0), ([[60.0, -60.0, 0.0], [0.0, 60.0, -60.0]], [0, 2], 0.0), (SURE, [0, 0, 1], 1.0), (SURE, [0, 1, 1], 1.5),
]  # fmt: skip


def focal_loss(logits, targets, gamma):
    log_p = F.log_softmax(logits, dim=1)[torch.arange(len(targets)), targets]
    return -((1 - log_p.exp()) ** gamma * log_p).mean()


def probe_focal_loss(answer):
    for numbers, targets, gamma in ASKED:
        logits, given = torch.tensor(numbers, requires_grad=True), torch.tensor(targets)
        case = f"logits {numbers}, targets {targets}, gamma {gamma}"
        with unchanged(case, {"logits": logits, "targets": given}):
            loss = asked(answer, case, logits, given, gamma)
        got, right = as_number(loss, "a loss, one number"), focal_loss(logits, given, gamma)
        if not abs(got - right.item()) <= 1e-4 * max(1.0, right.item()):  # nan is refused too
            raise NotYet(f"{case}: you say {got:.4g}. {_which(got, torch.tensor(numbers), given, gamma)}")
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            raise NotYet(f"the right number, but {shown(loss)} has no gradient, so nothing can be learned from it.")
        _check_gradient(loss, right, logits, case)


def _check_gradient(loss, right, logits, case):
    (got,) = torch.autograd.grad(loss, logits)
    (wanted,) = torch.autograd.grad(right, logits)
    if not got.isfinite().all():
        raise NotYet(f"{case}: the right number, but its gradient is no number.")
    if not torch.allclose(got, wanted, atol=1e-4):
        raise NotYet(f"{case}: the right number, but its gradient is another one: does part of it not learn?")


def _which(got, logits, targets, gamma):
    sure = logits.abs().max() > 50
    if not math.isfinite(got) and not sure:
        return "No number at all: does what you take the logarithm of lie between 0 and 1?"
    if not math.isfinite(got):
        return "No number at all: a probability of 0 has no logarithm, and there is a way from logits to the logarithm without it."
    if sure and gamma == 2:
        return "Somebody very sure and wrong has a loss of as much as the logits are apart, 120 here: what cuts it off?"
    return first_near(
        got,
        _usual(logits, targets, gamma),
        "What does each picture bring, and how are they put together?",
        abs_tol=1e-4,
    )


def _usual(logits, targets, gamma):
    """What the usual slips give."""
    log_all = F.log_softmax(logits, dim=1)
    log_p = log_all.gather(1, targets[:, None])[:, 0]
    p, plain = log_p.exp(), -log_p.mean()
    each = (1 - p) ** gamma * -log_p
    spread, among = F.log_softmax(logits, dim=0).gather(1, targets[:, None])[:, 0], log_all[:, targets]
    raw, alone = (of.gather(1, targets[:, None])[:, 0] for of in (logits, logits.sigmoid()))
    every = (1 - log_all.exp()) ** gamma * -log_all
    numbers = {
        "That is cross-entropy: here gamma makes no difference.": plain,
        "With the minus sign missing.": -each.mean(),
        "That is the sum of the pictures, not their mean.": each.sum(),
        "So it is if the mean loss is taken first, and one p of it for all: each picture has a p of its own.":
            (1 - (-plain).exp()) ** gamma * plain,
        "With p^gamma what is sure counts for more: which is to count for less?": (p**gamma * -log_p).mean(),
        "A factor gamma * (1 - p), and not a power.": (gamma * (1 - p) * -log_p).mean(),
        "All classes are in it here, also those that the picture is not.": every.sum(dim=1).mean(),
        "All classes are in it, and their number divides it.": every.mean(),
        "Divided by the sum of the factors: then what is sure counts for little, and all of it as much as before.":
            each.sum() / ((1 - p) ** gamma).sum(),
        "Times 0.25: there is no alpha here.": each.mean() / 4,
        "The logarithm is missing: p alone.": ((1 - p) ** gamma * -p).mean(),
        "In the factor is the loss, where p belongs.": ((1 + log_p).abs() ** gamma * -log_p).mean(),
        "In the factor is the logarithm of p, where p belongs.": ((1 - log_p) ** gamma * -log_p).mean(),
        "In the factor is the logit itself, which is no probability yet.": ((1 - raw) ** gamma * -log_p).mean(),
        "The probabilities add up to 1 over the pictures here, and not over the classes: which dim?":
            ((1 - spread.exp()) ** gamma * -spread).mean(),
        "Each picture has the true classes of all pictures here: one number a picture is to be taken.":
            ((1 - among.exp()) ** gamma * -among).mean(),
        "By a sigmoid each class is asked for by itself; here they share a probability of 1.":
            ((1 - alone) ** gamma * -alone.log()).mean(),
    }  # fmt: skip
    numbers |= {f"That is with a gamma of {fixed}: here it comes as {gamma}.": ((1 - p) ** fixed * -log_p).mean()
                for fixed in (1.0, 2.0) if fixed != gamma}  # fmt: skip
    return {words: number.item() for words, number in numbers.items()}


def _from(loss_of):
    """A focal_loss of log_p (N,) and gamma."""

    def focal_loss(logits, targets, gamma):
        return loss_of(F.log_softmax(logits, dim=1).gather(1, targets[:, None])[:, 0], gamma)

    return focal_loss


def _of_all_classes(mean):
    def focal_loss(logits, targets, gamma):
        log_p = F.log_softmax(logits, dim=1)
        return mean(-((1 - log_p.exp()) ** gamma) * log_p)

    return focal_loss


def _by_softmax(tiny=0.0):
    def focal_loss(logits, targets, gamma):
        p = (logits.softmax(dim=1) + tiny)[range(len(targets)), targets]
        return (-((1 - p) ** gamma) * p.log()).mean()

    return focal_loss


def _of(log_probs, take=lambda log_p, targets: log_p[torch.arange(len(targets)), targets]):
    """A focal_loss with other logarithms of probabilities (of the logits), or that takes others of them."""

    def focal_loss(logits, targets, gamma):
        log_p = take(log_probs(logits), targets)
        return -((1 - log_p.exp()) ** gamma * log_p).mean()

    return focal_loss


def _with_factor(base):
    """A focal_loss whose factor is a power of base(logits and log_p of the true class)."""

    def focal_loss(logits, targets, gamma):
        logit, log_p = (of[torch.arange(len(targets)), targets] for of in (logits, logits.log_softmax(1)))
        return -(base(logit, log_p) ** gamma * log_p).mean()

    return focal_loss


def _published(logits, targets, gamma):
    loss = F.cross_entropy(logits, targets)
    return (1 - torch.exp(-loss)) ** gamma * loss


def _detached(log_p, gamma):
    return -((1 - log_p.exp().detach()) ** gamma * log_p).mean()


q10 = Question(
    number=10,
    reference=focal_loss,
    probe=probe_focal_loss,
    hints=[
        "First the p of the true class, for each picture by itself; the mean comes at the very end.",
        "From (N, K) to (N,): a row's place torch.arange(len(targets)), a column's place targets. Or gather, or a product with one-hot.",
        "F.log_softmax(logits, dim=1) gives logarithms that stay numbers however sure the network is; p is their exp().",
        "log_p = F.log_softmax(logits, dim=1)[torch.arange(len(targets)), targets], and then -((1 - log_p.exp()) ** gamma * "
        "log_p).mean()",
    ],
    why="Each picture has its own factor; a factor of the batch's mean would weigh batches against each other and no picture. "
    "From softmax to logarithm by two steps, a p below 1e-45 becomes 0, its logarithm minus infinity, and the training nan.",
    mistakes=[
        Mistake(lambda logits, targets, gamma: F.cross_entropy(logits, targets), "gamma makes no difference"),
        Mistake(lambda logits, targets, gamma: focal_loss(logits, targets, 2.0), "with a gamma of 2.0: here it comes as 0.0"),
        Mistake(lambda logits, targets, gamma: focal_loss(logits, targets, 1.0), "with a gamma of 1.0: here it comes as 2.0"),
        Mistake(_of(lambda logits: logits.log_softmax(0)), "over the pictures here"),
        Mistake(_of(lambda logits: logits.log_softmax(1), lambda log_p, targets: log_p[:, targets]), "true classes of all pictures"),
        Mistake(_of(F.logsigmoid), "By a sigmoid"), Mistake(_of(torch.log), "lie between 0 and 1"),
        Mistake(_of(lambda logits: logits.log_softmax(1).log()), "lie between 0 and 1"),
        Mistake(_with_factor(lambda logit, log_p: 1 - log_p), "the logarithm of p, where p belongs"),
        Mistake(_with_factor(lambda logit, log_p: 1 - logit), "the logit itself"),
        Mistake(_from(lambda log_p, gamma: ((1 - log_p.exp()) ** gamma * log_p).mean()), "minus sign missing"),
        Mistake(_from(lambda log_p, gamma: -((1 - log_p.exp()) ** gamma * log_p).sum()), "not their mean"),
        Mistake(_from(lambda log_p, gamma: -((1 - log_p.exp()) ** gamma * log_p)), "expected a loss, one number"),
        Mistake(_from(lambda log_p, gamma: -(log_p.exp() ** gamma * log_p).mean()), "what is sure counts for more"),
        Mistake(_from(lambda log_p, gamma: -(gamma * (1 - log_p.exp()) * log_p).mean()), "not a power"),
        Mistake(_from(lambda log_p, gamma: -((1 - log_p.exp()) ** gamma * log_p).mean() * 0.25), "no alpha"),
        Mistake(_from(lambda log_p, gamma: -((1 - log_p.exp()) ** gamma * log_p.exp()).mean()), "The logarithm is missing"),
        Mistake(_from(lambda log_p, gamma: -((1 + log_p).abs() ** gamma * log_p).mean()), "where p belongs"),
        Mistake(_from(lambda log_p, gamma: ((1 - log_p.exp()) ** gamma * -log_p).sum() / ((1 - log_p.exp()) ** gamma).sum()),
                "Divided by the sum of the factors"),
        Mistake(_from(lambda log_p, gamma: 1.0 + log_p.mean() * 0), "What does each picture bring"),
        Mistake(_of_all_classes(lambda each: each.sum(dim=1).mean()), "All classes are in it here"),
        Mistake(_of_all_classes(torch.mean), "their number divides it"),
        Mistake(_published, "each picture has a p of its own"),
        Mistake(_by_softmax(), "a probability of 0 has no logarithm"), Mistake(_by_softmax(1e-8), "what cuts it off"),
        Mistake(_from(_detached), "its gradient is another one"),
        Mistake(lambda logits, targets, gamma: focal_loss(logits, targets, gamma).item(), "has no gradient"),
        Mistake(lambda logits, targets, gamma: focal_loss(logits, targets, gamma).detach(), "has no gradient"),
    ],
)  # fmt: skip
