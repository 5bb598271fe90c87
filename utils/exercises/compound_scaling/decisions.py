"""Exercise 12: which dimension for which job."""

from utils.exercises.question import Mistake, Question, choose_each, other_choices

plan = {"scratches": "a", "conveyor": "b", "app": "c", "species": "d"}
PLANS = {
    "scratches": {
        "b": "the scratch is half a pixel wide already; on a smaller picture there is still less of it.",
        "c": "fewer channels do not show what the picture does not.",
        "d": "it would help, by its size; but you would pay for depth and width, which are not what is missing.",
    },
    "conveyor": {
        "a": "that makes it slower still.",
        "c": "it would have to be trained again, and a third of the time is hard to save so.",
        "d": "that makes it slower still.",
    },
    "app": {
        "a": "the file stays as large as it is.",
        "b": "it becomes quicker, and the file stays as large as it is.",
        "d": "every larger variant has a larger file.",
    },
    "species": {
        "a": "it would help a little, and then saturate: one dimension alone.",
        "b": "there is time to spare, and accuracy is what is missing.",
        "c": "there is time to spare, and accuracy is what is missing.",
    },
}


def probe_plan(answer):
    choose_each(answer, plan, PLANS)


q12 = Question(
    number=12,
    reference=plan,
    probe=probe_plan,
    hints=[
        "What is missing in each: detail, time, space, or accuracy in general?",
        "Two of them have a single number to bring down: one is a time, the other a file. Which dimension is in the time "
        "and needs no training, which one is in the file?",
    ],
    why="Resolution is cheap to change and decides what can be seen; width decides the file; for accuracy in general, all "
    "three. The four axes again: ask first which of them the job is about.",
    mistakes=other_choices(plan, PLANS)
    + [Mistake({"scratches": "a"}, "'conveyor' has no letter"), Mistake("abcd", "expected a dictionary"),
       Mistake({**plan, "app": "e"}, "app, expected one of")],
)  # fmt: skip
