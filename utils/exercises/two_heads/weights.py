"""Exercises 5 and 6: a weighted mean of losses, and what a weighted sum does to the step."""

import math

import torch

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_number, as_numbers, shown

# --- 5: the weighted loss ------------------------------------------------------------------------
# Losses and weights by head; the weights come in another order than the losses, or the usual slips agree.
WEIGHED = [
    ({"document": 0.7, "screen": 1.9}, {"screen": 8, "document": 1}),
    ({"document": 0.5, "screen": 1.5}, {"document": 1, "screen": 1}),
    ({"phone": 2.0, "document": 0.4, "screen": 1.1}, {"document": 1.5, "screen": 0.5, "phone": 4}),
    ({"document": 0.8}, {"document": 3}),
]


def weighted_loss(losses, weights):
    total = sum(weights.values())
    return sum(weights[head] / total * loss for head, loss in losses.items())


def probe_weighted_loss(answer):
    for values, weights in WEIGHED:
        losses = {head: torch.tensor(value, requires_grad=True) for head, value in values.items()}
        case = f"losses {values}, weights {weights}"
        given = {"losses": dict(losses), "weights": dict(weights)}
        loss = asked(answer, case, *given.values())
        got, right = as_number(loss, "a loss, one number"), weighted_loss(values, weights)
        if not abs(got - right) < 1e-5:
            raise NotYet(f"{case}: you say {got:.4g}. {_which_sum(got, values, weights)}")
        if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            raise NotYet(f"the right number, but {shown(loss)} has no gradient, so nothing can be learned from it. Reckon with "
                         "the tensors as they come.")  # fmt: skip
        _check_shares(loss, losses, weights)
        _check_kept(given, {"losses": losses, "weights": weights}, case)


def _check_kept(given, before, case):
    for name, was in before.items():
        if given[name].keys() != was.keys() or any(given[name][head] is not was[head] for head in was):
            raise NotYet(f"{case}: the loss is right, but your function changed `{name}`, and whoever called it goes on with that: "
                         "the next batch wants it too.")  # fmt: skip


def _check_shares(loss, losses, weights):
    for head, part in zip(losses, torch.autograd.grad(loss, list(losses.values()), allow_unused=True)):
        share = 0.0 if part is None else part.item()
        if not abs(share - weights[head] / sum(weights.values())) < 1e-5:
            raise NotYet(f"weights {weights}: the number is right, but of the gradient of {head!r} a share of {share:.3g} "
                         "gets through.")  # fmt: skip


def _which_sum(got, losses, weights):
    between = min(losses.values()) <= got <= max(losses.values())
    otherwise = (
        "How much of this comes from each head?"
        if between
        else "A mean lies between the smallest and the largest loss. What do the shares add up to?"
    )
    return first_near(got, _usual_sums(losses, weights), otherwise, abs_tol=1e-5)


def _usual_sums(losses, weights):
    values, numbers, total = list(losses.values()), list(weights.values()), sum(weights.values())
    plain = sum(weights[head] * loss for head, loss in losses.items())
    return {
        "That is the plain sum: 8 : 1 must say which head matters more, and not how long a step is.": plain,
        "Divided by the number of heads: multiply all weights by 10, and the loss becomes 10 times as large.":
            plain / len(losses),
        "That is the mean with all weights alike.": sum(values) / len(values),
        "That is the sum with all weights alike.": sum(values),
        "The weights went to the wrong heads: they come in another order than the losses.":
            sum(weight * loss for weight, loss in zip(numbers, values)) / total,
        "The shares add up to the number of heads and not to 1: with 1 : 1 it should be the mean of both losses.":
            plain / total * len(losses),
        "That is the largest of them.": max(values),
        "Divided by the largest weight: what do the shares add up to?": plain / max(numbers),
        "The weights were sorted by size, and each belongs to a head, by its name.":
            sum(weight * loss for weight, loss in zip(sorted(numbers), values)) / total,
        "That is with the softmax of the weights, for which 2 : 1 and 20 : 10 are not the same.":
            _mean(losses, {head: math.exp(weight) for head, weight in weights.items()}),
        "That is with the squares of the weights: 2 : 1 is to count as 2 : 1, and not as 4 : 1.":
            _mean(losses, {head: weight**2 for head, weight in weights.items()}),
    } | _without_a_head(losses, weights)  # fmt: skip


def _without_a_head(losses, weights):
    """What comes out where one of three heads or more is left out, of the weights' sum as well or not."""
    if len(losses) < 3:
        return {}
    found = {}
    for left_out in losses:
        rest = {head: loss for head, loss in losses.items() if head != left_out}
        part = sum(weights[head] * loss for head, loss in rest.items())
        found[f"So it is without the head {left_out!r}: there may be any number of heads."] = _mean(rest, weights)
        found[f"The loss of the head {left_out!r} is missing, and its weight is not."] = part / sum(weights.values())
    return found


def _mean(losses, weights):
    """The mean of some losses, by these heads' weights."""
    return sum(weights[head] * loss for head, loss in losses.items()) / sum(weights[head] for head in losses)


def _in_order(losses, weights):
    shares = [weight / sum(weights.values()) for weight in weights.values()]
    return sum(share * loss for share, loss in zip(shares, losses.values()))


def _plain(losses, weights):
    return sum(weights[head] * loss for head, loss in losses.items())


def _two_heads_only(losses, weights):
    total = weights["document"] + weights["screen"]
    return weights["document"] / total * losses["document"] + weights["screen"] / total * losses["screen"]


def _softmax(losses, weights):
    shares = torch.tensor([float(weights[head]) for head in losses]).softmax(dim=0)
    return sum(share * loss for share, loss in zip(shares, losses.values()))


def _by_size(losses, weights):
    pairs = zip(sorted(weights.values()), losses.values())
    return sum(weight / sum(weights.values()) * loss for weight, loss in pairs)


def _one_loss_missing(losses, weights):
    return _plain({head: losses[head] for head in ("document", "screen")}, weights) / sum(weights.values())


def _exactly_two(losses, weights):
    one, other = losses
    return _two_heads_only(
        {"document": losses[one], "screen": losses[other]}, {"document": weights[one], "screen": weights[other]}
    )


def _main_head_only(losses, weights):
    """The right number, of which only the heaviest head's gradient gets through."""
    main = max(weights, key=weights.get)
    return weighted_loss({head: loss if head == main else loss.detach() for head, loss in losses.items()}, weights)


def _popping(losses, weights):
    total = sum(weights.values())
    return sum(weights.pop(head) / total * loss for head, loss in losses.items())


def _in_place(losses, weights):
    for head in losses:
        losses[head] = losses[head] * weights[head] / sum(weights.values())
    return sum(losses.values())


q5 = Question(
    number=5,
    reference=weighted_loss,
    probe=probe_weighted_loss,
    hints=[
        "A weighted mean: each head's share is its weight over the sum of all weights. What do the shares add up to?",
        "Go through losses.items() and look the weight up by the head's name. There may be any number of heads.",
        "sum(weights[head] / total * loss for head, loss in losses.items()) stays a tensor that can be trained by.",
    ],
    why="The shares add up to 1, so 2 : 1 and 20 : 10 are the same, and 1 : 1 is the mean. The weights then say which head "
    "matters more, and the learning rate alone says how long a step is. In this course it is `WeightedHeads`.",
    mistakes=[
        Mistake(_plain, "That is the plain sum"),
        Mistake(lambda losses, weights: _plain(losses, weights) / len(losses), "Divided by the number of heads"),
        Mistake(lambda losses, weights: sum(losses.values()) / len(losses), "the mean with all weights alike"),
        Mistake(lambda losses, weights: sum(losses.values()), "the sum with all weights alike"),
        Mistake(_in_order, "in another order than the losses"),
        Mistake(lambda losses, weights: weighted_loss(losses, weights) * len(losses), "not to 1"),
        Mistake(lambda losses, weights: _plain(losses, weights) / max(weights.values()), "Divided by the largest weight"),
        Mistake(lambda losses, weights: max(losses.values()), "the largest of them"),
        Mistake(_softmax, "you say 1.899. That is with the softmax of the weights"),
        Mistake(lambda losses, weights: weighted_loss(losses, {head: weight**2 for head, weight in weights.items()}),
                "the squares of the weights"),
        Mistake(_by_size, "The weights were sorted by size"),
        Mistake(_two_heads_only, "So it is without the head 'phone'"),
        Mistake(_one_loss_missing, "The loss of the head 'phone' is missing, and its weight is not"),
        Mistake(lambda losses, weights: sum(losses.values()) / len(losses) * 1.01, "How much of this comes from each head?"),
        Mistake(lambda losses, weights: weighted_loss(losses, weights) + 2, "A mean lies between the smallest and the largest"),
        Mistake(_exactly_two, "weights {'document': 1.5, 'screen': 0.5, 'phone': 4}: your code raised ValueError: too many values"),
        Mistake(lambda losses, weights: weighted_loss(losses, weights).item(), "has no gradient"),
        Mistake(lambda losses, weights: torch.tensor(weighted_loss(losses, weights).item()), "has no gradient"),
        Mistake(_popping, "your function changed `weights`"),
        Mistake(_in_place, "your function changed `losses`"),
        Mistake(_main_head_only, "a share of 0 gets through"),
        Mistake(lambda losses, weights: [weights[head] * loss for head, loss in losses.items()], "expected a loss"),
    ],
)  # fmt: skip

# --- 6: how long a step is -----------------------------------------------------------------------
step_lengths = {"sgd": (8 + 1) / (1 + 1), "normalised": 1, "adam": 1}
STEPS = {
    "sgd": {
        "that is 8 and 1 together; and how long was the step with 1 : 1?": 9,
        "the other head pulls too, and with 1 : 1 there were two pulling.": 8,
        "so much longer; asked is how many times as long.": 3.5,
        "the other way round.": 2 / 9,
        "with two gradients that are equal nothing cancels, and their lengths just add up.": (65 / 2) ** 0.5,
        "nothing here keeps the step as it was: what is the gradient of a sum?": 1,
    },
    "normalised": {
        "that is the plain sum's; here the weights are shares, which add up to 1.": 4.5,
        "8/9 of a gradient and 1/9 of an equal one: what is that together?": 8 / 9,
        "the shares add up to 1, and so they did with 1 : 1.": 9,
        "with 1 : 1 the shares are 1/2 and 1/2, and that is not half a step.": 0.5,
    },
    "adam": {
        "does Adam not divide each step by the size of the gradients it has seen?": 4.5,
        "what does Adam divide by?": 9,
        "Adam divides by the root of the mean square, which grows as the gradient does, and not as its root.": 4.5**0.5,
    },
}


def probe_step_lengths(answer):
    got = as_numbers(answer, step_lengths)
    for name, right in step_lengths.items():
        if not abs(got[name] - right) <= 0.02 * right:  # nan is refused too
            otherwise = "write down the gradient of the loss before and after."
            raise NotYet(f"{name}, {got[name]:.4g}: {first_near(got[name], STEPS[name], otherwise, rel_tol=0.01)}")


q6 = Question(
    number=6,
    reference=step_lengths,
    probe=probe_step_lengths,
    hints=[
        "Call the gradient of either loss g. What is the gradient of main + other? And of 8 * main + other?",
        "SGD takes a step of rate times gradient. As shares, 8 : 1 is 8/9 and 1/9, and 1 : 1 is 1/2 and 1/2.",
        "Adam divides the mean gradient by the root of the mean of its squares. If every gradient is c times as long, what "
        "is left of c?",
    ],
    why="With a plain sum, whoever tries weights under SGD tries learning rates at the same time, and may credit the one "
    "with what the other did. Adam hides this (but for its epsilon, and where gradients are clipped by length): so two "
    "teams with two optimisers can find two truths. As shares, weights are weights.",
    mistakes=[Mistake({**step_lengths, name: value}, f"{name}, {value:.4g}: {words}")
              for name, usual in STEPS.items() for words, value in usual.items()]
    + [Mistake({**step_lengths, "adam": 0.3}, "adam, 0.3: write down"), Mistake({"sgd": 1}, "'normalised' has no number"),
       Mistake(4.5, "expected a dictionary"), Mistake({**step_lengths, "sgd": "more"}, "expected sgd, a number")],
)  # fmt: skip
