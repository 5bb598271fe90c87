"""Exercise 14: which knob first, in five cases."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

first_knobs = {"bakery": "a", "orchids": "b", "forum": "c", "glasses": "d", "clinic": "e"}
KNOBS = {
    "bakery": {
        "b": "can a network that has learned nothing yet learn its pictures by heart?",
        "c": "five seeds that all learn nothing would agree very well.",
        "d": "what has it that a teacher could refine? It learns nothing at all.",
        "e": "no threshold makes an answer out of guessing.",
        "f": "a loss of ln 10 is that of somebody who knows nothing: is that one too sure of itself?",
    },
    "orchids": {
        "a": "it has learned all its training pictures: the rate works.",
        "c": "luck is a matter of a point or two, and what is between training and valid here?",
        "d": "what would the teacher have learned from, and what of pictures without a label: are there any?",
        "e": "the threshold changes which mistakes are made, and nothing of what is known.",
        "f": "that is tried last: how much does it bring in the lesson, beside more or other pictures?",
    },
    "forum": {
        "a": "before anything is turned: is there anything to explain?",
        "b": "before anything is turned: is there anything to explain?",
        "d": "before anything is turned: is there anything to explain?",
        "e": "the accuracy of both was measured at the same threshold.",
        "f": "that would be one more knob of which nobody knows whether it does anything.",
    },
    "glasses": {
        "a": "the rate was looked for already.",
        "b": "turned a little, the few pictures with a label are still few. Which pictures teach it nothing yet?",
        "c": "it is far from good enough, and luck does not move that much.",
        "e": "the threshold changes which mistakes are made, and nothing of what is known.",
        "f": "is it sureness that the small network lacks?",
    },
    "clinic": {
        "a": "until noon there is no time to train, and nothing says that the training went wrong.",
        "b": "until noon there is no time to train.",
        "c": "until noon there is no time to train five times.",
        "d": "until noon there is no time to train.",
        "f": "until noon there is no time to train; and it would make worse what is good, the probabilities.",
    },
}  # fmt: skip


def probe_first_knobs(answer):
    choose_each(answer, first_knobs, KNOBS)


q14 = Question(
    number=14,
    reference=first_knobs,
    probe=probe_first_knobs,
    hints=[
        "Say for each case what is wrong, before you look at the knobs: learns nothing, learns by heart, is small, is decided "
        "badly, or nothing is known to be wrong.",
        "One needs no training at all, and one needs several just to know whether there is a difference.",
        "ln 10 is 2.3: the first network says 10 % for each class, whatever it sees.",
    ],
    why="A knob is an answer to something that is wrong, so find that first: a loss that stays where it began is the rate; all "
    "right in training and not on valid is pictures; a difference of two or three pictures is nothing yet. Smoothing, "
    "schedules and their like come last, and one at a time.",
    mistakes=other_choices(first_knobs, KNOBS)
    + [Mistake({"bakery": "a"}, "'orchids' has no letter"), Mistake("abcde", "expected a dictionary"),
       Mistake({**first_knobs, "forum": "g"}, "forum, expected one of")],
)  # fmt: skip
