"""Exercises 5 and 6: a picture in both parts, and what each part is for."""

from utils.exercises.asking import asked, unchanged
from utils.exercises.question import Mistake, NotYet, Question, choose_each, other_choices
from utils.exercises.values import as_list, shown

# --- 5: in both ----------------------------------------------------------------------------------


def two_parts(paths, number):
    """The first `number` paths to learn from, and the others to test with."""
    return paths[:number], paths[number:]


def two_parts_that_overlap(paths, number):
    """The first `number` paths to learn from, and the others to test with."""
    return paths[:number], paths[number - 1 :]


def probe_two_parts(answer):
    for total, number in ((5, 3), (4, 1), (12, 9)):
        paths = [f"{place}.jpg" for place in range(1, total + 1)]
        case = f"{total} paths, {number} to learn from"
        given = list(paths)
        with unchanged(case, {"paths": given}):
            got = as_list(asked(answer, case, given, number), "two lists")
            if len(got) != 2:
                raise NotYet(f"{case}: expected two lists, got {shown(got)}.")
            learn, test = (as_list(part, "a list of paths") for part in got)
            _check_parts(learn, test, paths, number, case)


def _check_parts(learn, test, paths, number, case):
    both = [path for path in paths if path in learn and path in test]
    lost = [path for path in paths if path not in learn and path not in test]
    if both:
        raise NotYet(f"{case}: {', '.join(both)} is in both: the test asks about a picture that was learnt from.")
    if lost:
        raise NotYet(f"{case}: {', '.join(lost)} is in neither.")
    if sorted(map(str, learn + test)) != sorted(paths):
        raise NotYet(f"{case}: there are paths in {shown(learn)} and {shown(test)} that you were not given, or twice.")
    if set(learn) != set(paths[:number]):
        raise NotYet(f"{case}: you learn from {shown(learn)}. Which ones, and how many, were to be learnt from?")


def _taken_out(paths, number):
    return [paths.pop(0) for _ in range(number)], paths


q5 = Question(
    number=5,
    reference=two_parts,
    probe=probe_two_parts,
    starter=two_parts_that_overlap,
    hints=[
        'Try it: `two_parts(["a", "b", "c", "d"], 2)`. Which letter is in both?',
        "`paths[:2]` ends *before* place 2, and `paths[2:]` begins *at* place 2: nothing is lost between the two.",
    ],
    why="One picture in both parts is a small leak. In a published course all nineteen training pictures were in the "
    "validation folder as well, and the score was perfect.",
    mistakes=[
        Mistake(lambda paths, number: (paths[:number], paths[number + 1 :]), "is in neither"),
        Mistake(lambda paths, number: (paths[: number + 1], paths[number:]), "4.jpg is in both"),
        Mistake(lambda paths, number: (paths[:number], paths), "1.jpg, 2.jpg, 3.jpg is in both"),
        Mistake(lambda paths, number: (paths[number:], paths[:number]), "Which ones, and how many"),
        Mistake(lambda paths, number: (paths[: number - 1], paths[number - 1 :]), "Which ones, and how many"),
        Mistake(lambda paths, number: (paths[:number], paths[number:] * 2), "or twice"),
        Mistake(_taken_out, "your function changed `paths`"),
        Mistake(lambda paths, number: paths[:number], "expected"),
    ],
)

# --- 6: what each is for -------------------------------------------------------------------------
parts = {"learn": "a", "choose when to stop": "b", "report to the boss": "c"}
FEEDBACK = {
    "learn": {
        "b": "what it has learnt from valid it would later be asked about when you choose.",
        "c": "then nothing is left that it has not seen, and no mark is honest.",
    },
    "choose when to stop": {
        "a": "there it gets better and better, the longer it learns them by heart.",
        "c": "whoever chooses by test has used it up: the best of many looks good partly by luck.",
    },
    "report to the boss": {
        "a": "those it has seen, with their answers.",
        "b": "by those the best epoch was chosen, so on them it looks better than it is.",
    },
}


def probe_parts(answer):
    choose_each(answer, parts, FEEDBACK)


q6 = Question(
    number=6,
    reference=parts,
    probe=probe_parts,
    hints=[
        "Each part has one job. Which pictures may be seen most often, and which only once, at the very end?",
        "What has been used for learning or for choosing cannot judge any more.",
    ],
    why="Learning uses up the pictures, and so does choosing. Only those that had no say in anything can give an honest mark, "
    "and only once.",
    mistakes=other_choices(parts, FEEDBACK)
    + [Mistake({"learn": "a"}, "'choose when to stop' has no letter"), Mistake("abc", "expected a dictionary")],
)
