"""Exercise 12: two reports, graded by the rubric."""

from utils.exercises.question import Mistake, NotYet, Question, choose, other_choices
from utils.exercises.values import as_dict, shown

grades = {
    "Ash, data": "fair", "Ash, split": "poor", "Ash, choice": "good", "Ash, honesty": "poor",
    "Birch, baseline": "fair", "Birch, honesty": "good", "Birch, need": "fair", "Birch, shipping": "poor",
}  # fmt: skip
FEEDBACK = {
    "Ash, data": {
        "poor": "what cannot be used and what has a copy was counted.",
        "good": "which files are they, and what was done about each kind?",
    },
    "Ash, split": {
        "fair": "are the copies out of the score? Nobody has looked.",
        "good": "are the copies out of the score? Nobody has looked.",
    },
    "Ash, choice": {
        "poor": "did test have a say? Read what chose.",
        "fair": "is anything that was tried left out, or the time it got?",
    },
    "Ash, honesty": {
        "fair": "of how many pictures, and from where to where?",
        "good": "of how many pictures, and from where to where?",
    },
    "Birch, baseline": {
        "poor": "there is one, on the same pictures.",
        "good": "does it look at the pictures? And is a difference said to be no luck?",
    },
    "Birch, honesty": {
        "poor": "it says how many pictures there are.",
        "fair": "it says besides what cannot be said.",
    },
    "Birch, need": {
        "poor": "it answers what was asked for, with how many there were.",
        "good": "is it said whether that is sure, and what it costs in a day's post?",
    },
    "Birch, shipping": {
        "fair": "was its answer compared with that of PyTorch?",
        "good": "was its answer compared with that of PyTorch, and where is the card?",
    },
}


def probe_grades(answer):
    got = as_dict(answer, "a dictionary {what is graded: a grade}")
    missing = [part for part in grades if part not in got]
    if missing:
        raise NotYet(f"{missing[0]!r} has no grade in {shown(got)}.")
    for part, grade in grades.items():
        choose(got[part], grade, FEEDBACK[part], about=part)


q12 = Question(
    number=12,
    reference=grades,
    probe=probe_grades,
    hints=[
        "Take one part after the other. Does the report have what stands under *fair*? If so, also what stands under *good*?",
        "What is not said was not done: who reads a report has nothing else to go by.",
        "Neither of the two reports has the same grade everywhere. Each grade is given at least twice.",
    ],
    why="""Ash has worked well and says too little; Birch says well what was seen, and ships a file that nobody has looked at. A \
short report that is good in every part, of the same made-up run:

> **Data.** 274 files came. Four cannot be opened, and six pictures are copies of one another, in pairs; all are named in problems.csv \
and table.csv. The four were left out, the copies kept together. No picture was taken at night, and none by a tablet.
>
> **Split.** 162 to learn from, 54 to choose by, 54 to judge by. No copy lies in two parts, so none had to leave the score. No class has fewer than ten in test: \
`not_documents` has 12.
>
> **Baseline.** Always answering documents is right for 24 of 54 test pictures, 44 %. A line through ready-made features is right for 45 of them.
>
> **Choice.** Five trials of 12 seconds each, all in the table. For the best of them 28 epochs were planned; the curve was flat after 15. \
Valid chose; test was looked at once.
>
> **Honesty.** Right for 47 of 54 test pictures; it may as well be anything between 76 % and 94 %. That is better than always \
answering documents (44 %). It is not shown to be better than the line (right alone on 4 pictures, the line on 2, p 0.69), and the line will do until there are more pictures.
>
> **Need.** Of 18 screens in test 17 were found. Whether nine in ten are found is not sure: it may be three in four. Of 19 \
pictures that were put aside in test 17 are screens; of the 67 of a day's post it would be 18. In a day's post of 1,000 with 20 screens, of which nine in ten are found, and five in a hundred of the others put aside, a clerk looks at 67 pictures, and \
mistakes cost 129 euros, instead of 800.
>
> **Shipping.** model.onnx gives the decisions of PyTorch on all 54. Its card says that it puts aside for a clerk and refuses \
nobody, how little is known of screens, that it was never tried on another phone, and whose the pictures are.
>
> **What next.** 100 more photographs of screens for the test, then the same report once more. Not more minutes.""",
    mistakes=other_choices(grades, FEEDBACK)
    + [Mistake({"Ash, data": "fair"}, "'Ash, split' has no grade"), Mistake("fair", "expected a dictionary {what is graded"),
       Mistake({**grades, "Birch, need": "excellent"}, "Birch, need, expected one of"),
       Mistake(dict.fromkeys(grades, "good"), "Ash, data, 'good'"), Mistake(dict.fromkeys(grades, "fair"), "Ash, split, 'fair'")],
)  # fmt: skip
