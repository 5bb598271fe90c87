"""Exercise 11: the line that runs a lesson on a folder of one's own."""

from utils.exercises.question import Mistake, Question, choose

line = "b"
FEEDBACK = {
    "a": "the value needs a -p in front, and a space in the place of the =.",
    "c": "the second name is where the result goes: the lesson itself would be written over.",
    "d": "your pictures would lie among the course's, and be scanned as classes of the sample; nothing needs to be moved.",
}


def probe_line(answer):
    choose(answer, line, FEEDBACK)


q11 = Question(
    number=11,
    reference=line,
    probe=probe_line,
    hints=[
        "papermill is told three things: what to run, where the result goes, and the parameters, `-p name value` for each.",
        "Does one of them write over the lesson?",
    ],
    why="The lesson stays as it is, the report is a notebook of its own, and the pictures stay where they are.",
    mistakes=[Mistake(letter, words) for letter, words in FEEDBACK.items()] + [Mistake("papermill", "expected one of")],
)
