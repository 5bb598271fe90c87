"""Exercises 4 and 5: minutes shared out, and a planner that overspends them."""

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question, first_near
from utils.exercises.values import as_list, as_number, shown

# --- 4: how many epochs --------------------------------------------------------------------------
MINUTES, LOOKED, AT_THE_END = 4.5, 40, 50  # minutes; seconds
TRAIN, VALID = 162, 54  # pictures
DECODE, LEARN, JUDGE = 0.090, 0.020, 0.005  # seconds a picture

epochs = int(((60 * 4.5 - 40 - 50) * 2 / 3 - 0.090 * (162 + 54)) / (0.020 * 162 + 0.005 * 54))


def probe_epochs(answer):
    got = as_number(answer, "a number of epochs")
    if got != epochs:
        otherwise = (
            "seconds for training, without those of the trials and of decoding, divided by the seconds of an epoch?"
        )
        raise NotYet(f"{got:g}: {first_near(got, SLIPS, otherwise, abs_tol=0)}")


def _epochs(
    left=60 * MINUTES - LOOKED - AT_THE_END, share=2 / 3, decoded=TRAIN + VALID, judged=VALID, each_epoch=False
):
    """Whole epochs, if somebody reckons with these."""
    decoding, one = DECODE * decoded, LEARN * TRAIN + JUDGE * judged
    return int(left * share / (one + decoding)) if each_epoch else int((left * share - decoding) / one)


SLIPS = {
    "the end of the report is not done yet, and wants its seconds.": _epochs(left=60 * MINUTES - LOOKED),
    "the look at the pictures has taken its seconds already.": _epochs(left=60 * MINUTES - AT_THE_END),
    "that is all of the training time; a part of it is spent on trials.": _epochs(share=1),
    "that is the part that the trials got.": _epochs(share=1 / 3),
    "pictures are decoded once before the first epoch, and that takes time.": _epochs(decoded=0),
    "pictures to choose by are decoded too.": _epochs(decoded=TRAIN),
    "after each epoch it is judged by valid, and that takes time.": _epochs(judged=0),
    "pictures are decoded once, not in every epoch.": _epochs(each_epoch=True),
    "that one would no longer fit in whole.": epochs + 1,
    "nothing but training is done in these minutes?": int(60 * MINUTES / (LEARN * TRAIN)),
}

q4 = Question(
    number=4,
    reference=epochs,
    probe=probe_epochs,
    hints=[
        "First the seconds: all of them, less what is spent, less what the end wants. Two thirds of that are for this training.",
        "Then decoding goes off, once, of all pictures that are needed. What does one epoch take, with its look at valid?",
        "Divide, and leave off what is behind the point: half an epoch is none.",
    ],
    why="270 s less 40 s and 50 s are 180 s, two thirds of it 120 s. Decoding 216 pictures takes 19.4 s of that. An epoch takes "
    "3.24 s to learn and 0.27 s to judge, and 28 of them fit in 100.6 s. The worked report says: *For the best of them 28 epochs were planned; "
    "the curve was flat after 15.* Then more minutes are no use, and more pictures of screens are.",
    mistakes=[Mistake(value, words) for words, value in SLIPS.items()]
    + [Mistake(1, "seconds for training, without"), Mistake(28.65, "seconds for training, without"),
       Mistake("many", "expected a number of epochs")],
)  # fmt: skip

# --- 5: a planner to mend ------------------------------------------------------------------------
# Seconds that steps have taken, steps an epoch, seconds left, seconds for the end.
CASES = [
    ([2.0, 1.0, 0.25, 0.25, 0.25, 0.25], 8, 14.0, 4.0),  # exactly so many fit
    ([3.0, 0.5, 0.25, 0.75, 0.25, 0.75], 4, 31.5, 4.0),  # the last would be cut
    ([9.0, 0.5, 0.5, 0.5], 10, 12.0, 8.0),  # none fits
    ([1.0, 1.0, 0.5, 0.5, 1.0, 1.0], 2, 3.0, 9.0),  # less than the end wants
    ([0.5, 0.125, 0.125, 0.125, 0.25, 0.5], 6, 41.0, 10.0),
]


def epochs_that_fit(steps, steps_an_epoch, left, at_the_end):
    """Whole epochs that fit in the seconds left, by the seconds that some steps have taken."""
    timed = steps[2:]
    one = sum(timed) / len(timed) * steps_an_epoch
    return max(0, int((left - at_the_end) / one))


def too_many_epochs(steps, steps_an_epoch, left, at_the_end):
    """Whole epochs that fit in the seconds left, by the seconds that some steps have taken."""
    one = sum(steps) / len(steps) * steps_an_epoch
    return round(left / one)


def probe_epochs_that_fit(answer):
    for steps, an_epoch, left, end in CASES:
        right = epochs_that_fit(steps, an_epoch, left, end)
        case = f"steps of {shown(steps)} s, {an_epoch} an epoch, {left:g} s left, {end:g} s for the end"
        given = list(steps)
        got = as_number(asked(answer, case, given, an_epoch, left, end), "a number of epochs")
        if got != right:
            raise NotYet(f"{case}: you say {got:g}. {_which_plan(got, steps, an_epoch, left, end)}")
        if as_list(given) != steps:
            raise NotYet(f"{case}: your function changed the list of steps, and whoever called it goes on with that.")


def _which_plan(got, steps, an_epoch, left, end):
    timed, free = steps[2:], left - end
    one, slow = sum(timed) / len(timed) * an_epoch, sum(steps) / len(steps) * an_epoch
    if got < 0:
        return "Fewer than none cannot be trained."
    usual = {
        "After so many the end of the report has no time left.": int(left / one),
        "The first two steps are slow, and say nothing of the others.": int(free / slow),
        "The first two steps are among those, and the end of the report has no time left.": int(left / slow),
        "The last of them does not fit in whole.": int(free / one) + 1,
        "So many it would be if a step were an epoch.": int(free / (one / an_epoch)),
        "One step more was left out than the two that are slow.": int(
            free / (sum(steps[3:]) / len(steps[3:]) * an_epoch)
        ),
    }
    return first_near(
        got, usual, "How long is an epoch, by the steps after the first two? How often does it fit?", abs_tol=0
    )


def _plan(skip=2, end=True, whole=int, least=0):
    """Epochs, if somebody reckons with these."""

    def plan(steps, steps_an_epoch, left, at_the_end):
        one = sum(steps[skip:]) / len(steps[skip:]) * steps_an_epoch
        return max(least, whole((left - at_the_end * end) / one))

    return plan


def _up(number):
    return int(number) + 1 if number > 0 else 0


def _in_place(steps, steps_an_epoch, left, at_the_end):
    del steps[:2]
    return _plan(skip=0)(steps, steps_an_epoch, left, at_the_end)


q5 = Question(
    number=5,
    reference=epochs_that_fit,
    probe=probe_epochs_that_fit,
    starter=too_many_epochs,
    hints=[
        "Look at the first two steps of a list such as [2.0, 1.0, 0.25, 0.25]: what do they have to do with the hundred to come?",
        "Of the seconds that are left, at_the_end are not free. And what does `round` make of 4.6?",
        "int() cuts off; max(0, ...) keeps it from going below 0 where less is left than the end wants.",
    ],
    why="The first steps fetch and set up things, and are several times as slow; a plan by them trains too little. A plan that "
    "forgets the end trains too much, and there is no report by Friday. The lesson goes on measuring, and plans anew at every "
    "step (`WithinTime`).",
    mistakes=[
        Mistake(_plan(skip=0, end=False), "The first two steps are among those"),
        Mistake(_plan(end=False), "the end of the report has no time left"),
        Mistake(_plan(skip=0), "The first two steps are slow"),
        Mistake(_plan(whole=round), "does not fit in whole"),
        Mistake(_plan(whole=_up), "does not fit in whole"),
        Mistake(_plan(least=-100), "Fewer than none"),
        Mistake(_plan(least=1), "The last of them does not fit"),
        Mistake(_plan(skip=1), "How long is an epoch"),
        Mistake(_plan(skip=3), "One step more was left out"),
        Mistake(lambda steps, an_epoch, left, end: _plan()(steps, 1, left, end), "if a step were an epoch"),
        Mistake(lambda steps, an_epoch, left, end: an_epoch, "How long is an epoch"),
        Mistake(lambda steps, an_epoch, left, end: abs(int((left - end) / (sum(steps[2:]) / len(steps[2:]) * an_epoch))),
                "9 s for the end: you say 4"),
        Mistake(lambda steps, an_epoch, left, end: (left - end) / (sum(steps[2:]) / len(steps[2:]) * an_epoch),
                "How long is an epoch"),
        Mistake(_in_place, "changed the list of steps"),
        Mistake(lambda steps, an_epoch, left, end: f"{an_epoch} epochs", "expected a number of epochs"),
    ],
)  # fmt: skip
