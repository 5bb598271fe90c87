"""Exercise 14: which of four models for which job."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

models_for = {"door": "a", "sorter": "b", "app": "c", "two teams": "d"}
# Of 400 screens found, and right of so many taken: the table of the notebook is made of these (invented) counts.
COUNTS = {"a": (324, 338), "b": (344, 356), "c": (360, 371), "d": (364, 372)}
MILLISECONDS = {"a": 5, "b": 8, "c": 6, "d": 10}
MODELS = {
    "door": {
        "b": "that is slower than the chip allows.",
        "c": "that is slower than the chip allows, if only by a millisecond.",
        "d": "that is slower than the chip allows.",
    },
    "sorter": {
        "a": "is that recall promised, down to the lower end of its interval?",
        "c": "it has two outputs, and the machine reads one.",
        "d": "those are two networks, and the machine loads one; and what of the time?",
    },
    "app": {
        "a": "all of its interval lies under the recall that is needed.",
        "b": "what of the time? And its recall is promised to the lower end of its interval only.",
        "d": "what of the time?",
    },
    "two teams": {
        "a": "one softmax for both questions: whoever trains one trains the other.",
        "b": "one softmax for both questions: whoever trains one trains the other.",
        "c": "the body is shared: train it for one question, and the other head's answers move too.",
    },
}  # fmt: skip


def probe_models_for(answer):
    choose_each(answer, models_for, MODELS)


q14 = Question(
    number=14,
    reference=models_for,
    probe=probe_models_for,
    hints=[
        "Cross out what is too slow for a job first, and then what does not reach the recall even at the lower end of its "
        "interval.",
        "Two jobs are not about numbers but about what the outputs are: shares of one whole, or answers that nothing ties to "
        "each other.",
    ],
    why="Whether two heads are better than three outputs is no question that has an answer; for a job it has. Where "
    "intervals overlap, as those of the last two rows do, neither is shown to be better, and time, or who may train "
    "what, decides.",
    mistakes=other_choices(models_for, MODELS)
    + [Mistake({"door": "a"}, "'sorter' has no letter"), Mistake("abcd", "expected a dictionary"),
       Mistake({**models_for, "app": "e"}, "app, expected one of")],
)  # fmt: skip
