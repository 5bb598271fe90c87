"""Exercise 13: an early stop that cannot stop."""

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import as_number, shown

# Scores on valid, patience, after which epoch it ends, and why that is asked.
RUNS = [
    (
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        2,
        3,
        "the first score is the best so far, and two epochs brought nothing better.",
    ),
    ([0.2, 0.5, 0.4, 0.3, 0.6, 0.7], 2, 4, "0.5 was the best, and two epochs in a row brought nothing better."),
    ([0.3, 0.4, 0.4, 0.4, 0.4, 0.9], 3, 5, "as good as before is not better."),
    ([0.3, 0.2, 0.4, 0.3, 0.5, 0.4], 2, 6, "it never had to wait for two epochs in a row; all of them are run."),
    ([0.5, 0.4, 0.45, 0.6, 0.5, 0.55, 0.58, 0.2], 3, 7, "better than the epoch before is not better than the best."),
    ([-0.9, -0.5, -0.4, -0.6, -0.7, -0.3], 2, 5, "a score may be below 0: minus a loss, for instance."),
    ([0.5, 0.4], 1, 2, "one epoch without anything better is enough where patience is 1."),
]


def epochs_run(scores, patience):
    """After which epoch, from 1, training ends that stops when `patience` epochs in a row brought nothing better."""
    best, waited = float("-inf"), 0
    for epoch, score in enumerate(scores, start=1):
        if score > best:
            best, waited = score, 0
        else:
            waited += 1
        if waited >= patience:
            return epoch
    return len(scores)


def epochs_run_without_end(scores, patience):
    """After which epoch, from 1, training ends that stops when `patience` epochs in a row brought nothing better."""
    best, waited = 0, 0
    for epoch, score in enumerate(scores, start=1):
        if score >= best:
            best, waited = score, 0
        else:
            waited += 1
        if best and waited > patience:
            return epoch
    return len(scores)


def probe_epochs_run(answer):
    for scores, patience, right, reason in RUNS:
        got = as_number(answer(list(scores), patience), "the number of an epoch")
        if got != right:
            raise NotYet(f"scores {shown(scores)}, patience {patience}: yours ends after epoch {got:g}. But {reason}")


def _stopping(start=float("-inf"), better=lambda score, best, before: score > best, enough=int.__ge__, resets=True):
    """An epochs_run that begins, compares or counts otherwise."""

    def epochs_run(scores, patience):
        best, waited, before = start, 0, float("-inf")
        for epoch, score in enumerate(scores, start=1):
            if better(score, best, before):
                best, waited = score, waited * (not resets)
            else:
                waited += 1
            before = score
            if enough(waited, patience):
                return epoch
        return len(scores)

    return epochs_run


q13 = Question(
    number=13,
    reference=epochs_run,
    probe=probe_epochs_run,
    starter=epochs_run_without_end,
    hints=[
        "Four things are wrong. Go through the scores 0, 0, 0, 0 by hand: which score counts as better than which, and "
        "what is `best and ...` when best is 0?",
        "Better is `>`, not `>=`. The best score before there was any is below all others: float('-inf'). And after "
        "`patience` epochs, not one more.",
        "So the test is `if waited >= patience:`, without `best and`.",
    ],
    why="In published code an early stop could not fire at a score of 0: a network that learned nothing, the one that most "
    "needs to be stopped, ran to its end. And where as good counts as better, a plateau never ends. `fit` has it as "
    "`Recipe(patience=...)`.",
    mistakes=[
        Mistake(_stopping(start=0), "ends after epoch 2. But the first score is the best so far"),
        Mistake(_stopping(start=0, better=lambda score, best, before: score >= best), "after epoch 6. But the first"),
        Mistake(_stopping(start=-0.1), "after epoch 2. But a score may be below 0"),
        Mistake(_stopping(better=lambda score, best, before: score >= best), "brought nothing better"),
        Mistake(_stopping(better=lambda score, best, before: score > before), "better than the epoch before is not"),
        Mistake(_stopping(better=lambda score, best, before: score >= best and best != 0), "not better"),
        Mistake(_stopping(enough=int.__gt__), "ends after epoch 4. But the first"),
        Mistake(_stopping(resets=False), "it never had to wait for two epochs in a row"),
        Mistake(lambda scores, patience: epochs_run(scores, patience) - 1, "ends after epoch 2"),
        Mistake(lambda scores, patience: len(scores), "ends after epoch 6"),
        Mistake(lambda scores, patience: max(scores), "ends after epoch 0"),
        Mistake(lambda scores, patience: scores, "expected the number of an epoch"),
    ],
)
