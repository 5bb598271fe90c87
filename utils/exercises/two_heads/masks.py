"""Exercise 2: pictures that a head is not asked about do not count in its loss."""

import torch
from torch.nn import functional as F

from utils.data.loaders import IGNORE
from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, shown

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
        case = f"targets {targets}"
        loss = asked(answer, case, logits, given.clone())
        one = isinstance(loss, torch.Tensor) and loss.numel() == 1
        got = as_number(loss.reshape(()) if one else loss, "a loss, one number")
        right = head_loss(logits, given).item()
        if not abs(got - right) < 1e-5:  # nan is refused too
            raise NotYet(f"{case}: you say {got:z.4f}. {_which_loss(got, logits.detach(), given)}")
        if one and loss.shape != ():
            raise NotYet(
                f"{case}: the right number, but in a tensor of shape {tuple(loss.shape)}, and a loss has the shape ()."
            )
        _check_gradient(loss, logits, given, case)


def _logits(pictures, classes):
    """Logits (N, K), very unsure ones and very sure ones."""
    generator = torch.Generator().manual_seed(10 * pictures + classes)
    return (3 * torch.randn(pictures, classes, generator=generator)).requires_grad_()


def _check_gradient(loss, logits, targets, case):
    """The loss can be trained by: backward works, reaches the logits, and brings them the gradient that ours brings."""
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        raise NotYet(f"{case}: the right number, but {shown(loss)} has no gradient: backward would raise, and nothing can be "
                     "learned from it. Give back a tensor that was computed from the logits.")  # fmt: skip
    (got,) = torch.autograd.grad(loss, logits, allow_unused=True)
    if got is None:
        raise NotYet(f"{case}: the right number, but no way leads back from it to the logits: after backward their gradient "
                     "is None. Give back a tensor that was computed from them.")  # fmt: skip
    (wanted,) = torch.autograd.grad(head_loss(logits, targets), logits)
    if not torch.allclose(got, wanted, atol=1e-5):
        raise NotYet(f"{case}: the right number, but its gradient is not that of the mean over the pictures that count: "
                     f"{shown(got)}.")  # fmt: skip


def _which_loss(got, logits, targets):
    known = targets != IGNORE
    if not known.any():
        return "Nobody asked anything of this head, and in a sum of losses nan or a made-up number spoils the other head's."
    each = F.cross_entropy(logits, targets.clamp(min=0), reduction="none")
    usual = {
        "So it is if ignored pictures count as class 0: the crisps train the head as paper.": each.mean().item(),
        "That is the sum. Divide by the pictures that count.": each[known].sum().item(),
        "The sum is right. By how many pictures is it divided?": (each[known].sum() / len(targets)).item(),
        "Was there a softmax before it? F.cross_entropy takes logits and does the softmax itself.":
            F.cross_entropy(logits[known].softmax(dim=1), targets[known]).item(),
        "nll_loss takes logarithms of probabilities, and these are logits. F.cross_entropy takes logits and does the softmax itself.":
            F.nll_loss(logits[known], targets[known]).item(),
        "nll_loss takes logarithms, and these are the probabilities. F.cross_entropy takes logits and does the softmax itself.":
            F.nll_loss(logits[known].softmax(dim=1), targets[known]).item(),
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


def _with(nothing=None, loss=F.cross_entropy, change=lambda logits: logits):
    """A head_loss with something else for a batch in which nothing is known, or with another loss of other logits."""

    def head_loss(logits, targets):
        known = targets != IGNORE
        if not known.any():
            return logits.sum() * 0 if nothing is None else nothing()
        return loss(change(logits[known]), targets[known])

    return head_loss


def _softmax(logits):
    return logits.softmax(dim=1)


def _in_one_element(logits, targets):
    known = targets != IGNORE
    each = F.cross_entropy(logits, targets, reduction="none")
    return (each * known).sum(dim=0, keepdim=True) / known.sum().clamp(min=1)


q2 = Question(
    number=2,
    reference=head_loss,
    probe=probe_head_loss,
    hints=[
        "known = targets != IGNORE is a mask, and logits[known] are the rows that count. What is left of a batch in which "
        "nothing is known?",
        "F.cross_entropy leaves out what has the target -100 by itself. But the mean of nothing is 0 / 0: print it.",
        "Divide the sum over the known pictures by their number, and by 1 where there is none. Or return for such a batch a 0 "
        "that was computed from the logits, such as logits.sum() * 0: from a plain 0, or torch.tensor(0.0), no way leads back "
        "to them.",
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
        Mistake(_with(lambda: 0), "targets [-100, -100, -100, -100]: the right number, but 0 has no gradient: backward would raise"),
        Mistake(_with(lambda: torch.tensor(0.0)), "the right number, but 0.0 has no gradient"),
        Mistake(_with(lambda: torch.zeros(1)), "the right number, but in a tensor of shape (1,), and a loss has the shape ()"),
        Mistake(_with(lambda: torch.tensor(0.0, requires_grad=True)), "no way leads back from it to the logits"),
        Mistake(_in_one_element, "targets [0, -100, 1, -100, 1]: the right number, but in a tensor of shape (1,)"),
        Mistake(_with(change=_softmax), "Was there a softmax before it? F.cross_entropy takes logits and does the softmax itself"),
        Mistake(_with(loss=F.nll_loss), "these are logits. F.cross_entropy takes logits and does the softmax itself"),
        Mistake(_with(loss=F.nll_loss, change=_softmax), "these are the probabilities. F.cross_entropy takes logits"),
        Mistake(lambda logits, targets: -abs(logits.sum() * 0), "you say 0.0000. Which pictures"),
        Mistake(lambda logits, targets: F.cross_entropy(logits, targets, ignore_index=-1),
                "targets [0, -100, 1, -100, 1]: your code raised IndexError"),
    ],
)  # fmt: skip
