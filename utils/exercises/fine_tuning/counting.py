"""Exercise 2: how much of a network learns."""

from torch import nn

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number


def count_trainable(model):
    """How many single numbers of the model learn."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def probe_count_trainable(answer):
    for case, model in _counted().items():
        got = as_number(answer(model), "a number")
        if got != count_trainable(model):
            raise NotYet(f"{case}: you count {got:g}. {_what_was_counted(got, model)}")


def _counted():
    """Networks in which one can miscount."""
    partly = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 5))
    partly[0].requires_grad_(False)
    shared = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Sequential(nn.Linear(6, 6)))
    shared[2][0].weight = shared[0].weight
    frozen = nn.Linear(3, 2).requires_grad_(False)
    return {"a network with its first layer frozen": partly, "two layers that share one weight": shared,
            "a layer that is frozen": frozen}  # fmt: skip


def _what_was_counted(got, model):
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    within = [parameter for module in model.modules() for parameter in module.parameters() if parameter.requires_grad]
    own = [parameter for module in model.modules() for parameter in module.parameters(recurse=False)
           if parameter.requires_grad]  # fmt: skip
    usual = {
        "One and the same parameter is counted in each place that uses it.": _numbers(own),
        "That is how many tensors learn; each of them holds many numbers.": len(learning),
        "The frozen ones are among them.": _numbers(model.parameters()),
        "BatchNorm's running averages are among them, which no gradient moves.": _numbers(model.state_dict().values()),
        "Those are the frozen ones.": _numbers(model.parameters()) - _numbers(learning),
        "Those are the weights; a bias learns too.": _numbers(p for p in learning if p.ndim > 1),
        "What lies in a layer that lies in another one is counted once for each of them.": _numbers(within),
    }
    return next((reason for reason, count in usual.items() if count == got), "Which numbers does a step change?")


def _numbers(tensors):
    return sum(tensor.numel() for tensor in tensors)


q2 = Question(
    number=2,
    reference=count_trainable,
    probe=probe_count_trainable,
    hints=[
        "`model.parameters()` goes through all of them, each once. What does a parameter say about whether it learns?",
        "`parameter.requires_grad` is True or False, and `parameter.numel()` is how many numbers it holds.",
    ],
    why="This number is the quickest test of any freezing code: print it before and after. Buffers, such as "
    "BatchNorm's running averages, are no parameters: they move in train mode, and no optimiser knows them.",
    mistakes=[
        Mistake(lambda model: sum(p.requires_grad for p in model.parameters()), "how many tensors"),
        Mistake(lambda model: sum(p.numel() for p in model.parameters()), "The frozen ones are among them"),
        Mistake(lambda model: _numbers(model.state_dict().values()), "running averages are among them"),
        Mistake(lambda model: _numbers(p for p in model.parameters() if not p.requires_grad), "Those are the frozen"),
        Mistake(
            lambda model: _numbers(p for p in model.parameters() if p.requires_grad and p.ndim > 1), "a bias learns"
        ),
        Mistake(
            lambda model: _numbers(p for m in model.modules() for p in m.parameters() if p.requires_grad),
            "counted once",
        ),
        Mistake(
            lambda model: _numbers(p for m in model.modules() for p in m.parameters(recurse=False) if p.requires_grad),
            "in each place that uses it",
        ),
        Mistake(lambda model: 93, "two layers that share one weight: you count 93"),
        Mistake(lambda model: list(model.parameters()), "expected a number"),
    ],
)
