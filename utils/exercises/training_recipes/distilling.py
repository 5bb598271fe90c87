"""Exercise 13: a student's loss, by labels and by a teacher."""

import torch
from torch.nn import functional as F

from utils.data.loaders import IGNORE
from utils.exercises.asking import asked, unchanged
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, shown

# Targets, classes, the teacher's share, temperature.
ASKED = [([0, 2, 1, 2, 0], 3, 0.7, 2.5), ([1, IGNORE, 0, IGNORE], 4, 0.4, 3.0), ([IGNORE, IGNORE, IGNORE], 2, 0.8, 4.0),
         ([1], 5, 1.0, 1.5), ([0, IGNORE, 1], 3, 0.0, 2.0)]  # fmt: skip


def distilled_loss(student, teacher, targets, share, temperature):
    known = (targets != IGNORE).sum().clamp(min=1)
    by_labels = F.cross_entropy(student, targets, ignore_index=IGNORE, reduction="sum") / known
    said = F.log_softmax(student / temperature, dim=1)
    wanted = F.log_softmax(teacher / temperature, dim=1)
    by_teacher = F.kl_div(said, wanted, reduction="batchmean", log_target=True)
    return (1 - share) * by_labels + share * temperature**2 * by_teacher


def probe_distilled_loss(answer):
    for seed, (targets, classes, share, temperature) in enumerate(ASKED):
        student, teacher, given = _made(seed, targets, classes)
        case = f"targets {targets}, share {share}, temperature {temperature}"
        with unchanged(case, {"student": student, "teacher": teacher, "targets": given}):
            loss = asked(answer, case, student, teacher, given, share, temperature)
        got, right = as_number(loss, "a loss, one number"), distilled_loss(student, teacher, given, share, temperature)
        if not abs(got - right.item()) <= 1e-4:  # nan is refused too
            raise NotYet(
                f"{case}: you say {got:.4g}. {_which(got, student.detach(), teacher, given, share, temperature)}"
            )
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            raise NotYet(f"the right number, but {shown(loss)} has no gradient, so nothing can be learned from it.")
        slopes = [torch.autograd.grad(each, student)[0] for each in (loss, right)]
        if not torch.allclose(*slopes, atol=1e-4):
            raise NotYet(f"{case}: the right number, but not all of its gradient gets to the student.")


def _made(seed, targets, classes):
    generator = torch.Generator().manual_seed(seed)
    student, teacher = (2 * torch.randn(len(targets), classes, generator=generator) for _ in range(2))
    return student.requires_grad_(), teacher, torch.tensor(targets)


def _which(got, student, teacher, targets, share, temperature):
    if got != got:
        if (targets != IGNORE).any():
            return "No number at all: kl_div takes logarithms first and probabilities second. Whose is which?"
        return "No number at all: without labels there is nothing to take a mean of, and the teacher has said something all the same."
    usual = {words: way(student, teacher, targets, share, temperature).item() for words, way in SLIPS.items()}
    otherwise = "Take it apart: what do the labels say, what does the teacher, and with which share?"
    if got < 0:
        otherwise = (
            "Neither a cross-entropy nor a distance is ever below 0. Which of the two is here, and of what is it made?"
        )
    return first_near(got, usual, otherwise, abs_tol=1e-4)


def _kl(wanted, said):
    """KL of rows of logits, (N,)."""
    wanted, said = wanted.log_softmax(1), said.log_softmax(1)
    return (wanted.exp() * (wanted - said)).sum(dim=1)


def _distance(student, teacher, temperature, known):
    return _kl(teacher / temperature, student / temperature).mean()


def _way(by_teacher=None, factor=None, shares=None, by_labels=None):
    """A distilled_loss that is made of other parts."""

    def distilled_loss(student, teacher, targets, share, temperature):
        known = targets != IGNORE
        each = F.cross_entropy(student, targets, ignore_index=IGNORE, reduction="none")
        labels = by_labels(each, known) if by_labels else each.sum() / known.sum().clamp(min=1)
        taught = (by_teacher or _distance)(student, teacher, temperature, known)
        times = factor(temperature) if factor else temperature**2
        of_labels, of_teacher = shares(share) if shares else (1 - share, share)
        return of_labels * labels + of_teacher * times * taught

    return distilled_loss


def _soft(logits, temperature):
    return (logits / temperature).softmax(dim=1)


def _by_probabilities(student, teacher, t, known):
    return F.kl_div(_soft(student, t), _soft(teacher, t), reduction="batchmean")


def _over_the_pictures(student, teacher, t, known):
    return _kl((teacher / t).T, (student / t).T).sum() / len(student)


def _all_softened(student, teacher, targets, share, temperature):
    by_teacher = temperature**2 * _distance(student, teacher, temperature, None)
    return distilled_loss(student / temperature, teacher, targets, 0.0, 1.0) * (1 - share) + share * by_teacher


def _as_class_0(student, teacher, targets, share, temperature):
    return distilled_loss(student, teacher, targets.clamp(min=0), share, temperature)


SLIPS = {
    "A distance is never below 0, and the teacher's part is: kl_div takes the logarithm of what the student says.":
        _way(_by_probabilities),
    "A distance is never below 0, and the teacher's part is, a mean over classes besides: kl_div takes a logarithm first.":
        _way(lambda student, teacher, t, known: _by_probabilities(student, teacher, t, known) / student.shape[1]),
    "The probabilities add up to 1 over the pictures here, and not over the classes: which dim?": _way(_over_the_pictures),
    "The teacher's part is multiplied by 2 T, and not by the square of T.": _way(factor=lambda t: 2 * t),
    "The labels' part is made of softened logits: the temperature is the teacher's part's alone.": _all_softened,
    "Of the teacher only the class that is its first choice is left: what it says of the others is lost.":
        _way(lambda student, teacher, t, known: F.cross_entropy(student / t, teacher.argmax(dim=1))),
    "Of the teacher only its first choice is left, and nothing of the temperature.":
        _way(lambda student, teacher, t, known: F.cross_entropy(student, teacher.argmax(dim=1)), factor=lambda t: 1),
    "Of the teacher only its first choice is left, and the student is not softened.":
        _way(lambda student, teacher, t, known: F.cross_entropy(student, teacher.argmax(dim=1))),
    "Where is the square of the temperature? Without it the teacher's part shrinks as T grows.": _way(factor=lambda t: 1),
    "The teacher's part is multiplied by T, and not by its square.": _way(factor=lambda t: t),
    "The teacher's part is divided by T twice.": _way(factor=lambda t: 1 / t**2),
    "Student and teacher are the wrong way round: how far is the student from what the teacher says?":
        _way(lambda student, teacher, t, known: _kl(student / t, teacher / t).mean()),
    "The teacher's part is a mean over pictures and classes; it is to be one over pictures, the classes added up.":
        _way(lambda student, teacher, t, known: _kl(teacher / t, student / t).mean() / student.shape[1]),
    "The teacher's part is a sum over the pictures: their mean is asked for.":
        _way(lambda student, teacher, t, known: _kl(teacher / t, student / t).sum()),
    "That is the cross-entropy with the teacher. It is not 0 where the student says the same; the distance is.":
        _way(lambda student, teacher, t, known: F.cross_entropy(student / t, _soft(teacher, t))),
    "The student's logits are not divided by the temperature.":
        _way(lambda student, teacher, t, known: _kl(teacher / t, student).mean()),
    "The teacher's logits are not divided by the temperature.":
        _way(lambda student, teacher, t, known: _kl(teacher, student / t).mean()),
    "The logits are not divided by the temperature.": _way(lambda student, teacher, t, known: _kl(teacher, student).mean()),
    "The logits are multiplied by the temperature: it is to soften them.":
        _way(lambda student, teacher, t, known: _kl(teacher * t, student * t).mean()),
    "The shares are the other way round: `share` is the teacher's.": _way(shares=lambda share: (share, 1 - share)),
    "The labels' part is there in full: the two shares are to add up to 1.": _way(shares=lambda share: (1, share)),
    "Both parts are there in full.": _way(shares=lambda share: (1, 1)),
    "That is the teacher's part alone.": _way(shares=lambda share: (0, share)),
    "That is the labels' part alone.": _way(shares=lambda share: (1 - share, 0)),
    "The teacher has something to say about pictures without a label too.":
        _way(lambda student, teacher, t, known: _kl(teacher / t, student / t)[known].sum() / known.sum().clamp(min=1)),
    "Pictures without a label count in the labels' mean, as if they were right.":
        _way(by_labels=lambda each, known: each.mean()),
    "Pictures without a label are taken for class 0.": _as_class_0,
    "The labels' part is a sum over the pictures: their mean is asked for.": _way(by_labels=lambda each, known: each.sum()),
}  # fmt: skip


def _without_labels(student, teacher, targets, share, temperature):
    by_labels = F.cross_entropy(student, targets)
    return (1 - share) * by_labels + share * temperature**2 * _kl(teacher / temperature, student / temperature).mean()


def _half_learned(student, teacher, targets, share, temperature):
    whole = distilled_loss(student, teacher, targets, share, temperature)
    return whole.detach() + 0 * student.sum()


def _kl_div(first, second, **how):
    """A distilled_loss by kl_div of these, from (student, teacher), both softened."""

    def by_teacher(student, teacher, t, known):
        student, teacher = student / t, teacher / t
        return F.kl_div(first(student, teacher), second(student, teacher), reduction="batchmean", **how)

    return _way(by_teacher)


def _in_the_targets(student, teacher, targets, share, temperature):
    loss = distilled_loss(student, teacher, targets.clone(), share, temperature)
    targets[targets == IGNORE] = 0
    return loss


def _in_the_teacher(student, teacher, targets, share, temperature):
    teacher /= temperature
    return distilled_loss(student, teacher * temperature, targets, share, temperature)


q13 = Question(
    number=13,
    reference=distilled_loss,
    probe=probe_distilled_loss,
    hints=[
        "Two parts. By the labels: cross-entropy over the pictures that have one, and 0 where none has. By the teacher: all "
        "pictures.",
        "F.kl_div(log of what the student says, what the teacher says, reduction=\"batchmean\"); both with logits divided by the "
        "temperature, dim=1.",
        "F.cross_entropy(..., ignore_index=IGNORE, reduction=\"sum\") / number of labelled pictures, at least 1. Then (1 - share) "
        "* by_labels + share * temperature**2 * by_teacher.",
    ],
    why="Softened by T, the gradient of the teacher's part is about T² times smaller, so that without the factor the temperature "
    "would be a second share. reduction=\"mean\" of kl_div divides by the classes as well, and so would the number of classes.",
    mistakes=[Mistake(way, words) for words, way in SLIPS.items()]
    + [Mistake(_without_labels, "without labels there is nothing to take a mean of"),
       Mistake(_in_the_targets, "your function changed `targets`"), Mistake(_in_the_teacher, "your function changed `teacher`"),
       Mistake(_kl_div(lambda s, t: t.softmax(1), lambda s, t: s.log_softmax(1)), "Whose is which"),
       Mistake(_kl_div(lambda s, t: s.log_softmax(1), lambda s, t: t.log_softmax(1)), "Whose is which"),
       Mistake(_kl_div(lambda s, t: t.log_softmax(1), lambda s, t: s.softmax(1)), "the wrong way round"),
       Mistake(_kl_div(lambda s, t: s, lambda s, t: t.softmax(1)), "is ever below 0"),
       Mistake(_half_learned, "not all of its gradient"),
       Mistake(lambda student, *_: student.sum() * 0 + 0.5, "Take it apart"),
       Mistake(lambda *given: distilled_loss(*given).item(), "has no gradient"),
       Mistake(lambda student, *_: student.softmax(1), "expected a loss")],
)  # fmt: skip
