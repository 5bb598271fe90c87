"""A question that judges answers: `check`, `hint`, `solution`.

Three verdicts: ◻ not answered yet, ✗ not quite (and what is wrong with the value), ✓ correct. A *probe* is a
function that tries an answer on inputs the learner has not seen and raises NotYet with what it saw. It stands in
its question's module, asks only for behaviour, accepts every right answer, and never says the right one.
"""

import functools
import inspect
import math
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from utils.exercises import progress, source
from utils.exercises.surroundings import undisturbed
from utils.exercises.values import NotYet, as_dict, shown

OPEN, WRONG, RIGHT = "◻", "✗", "✓"
LONGEST_MESSAGE = 200  # characters of an exception's message


class Mistake(NamedTuple):
    """A typical wrong answer, and words that its feedback must contain."""

    answer: Any
    words: str


class Verdict(NamedTuple):
    """What a check found: `sign` is one of ◻, ✗, ✓."""

    sign: str
    number: int
    text: str

    def __str__(self):
        return f"{self.sign} Exercise {self.number}: {self.text}"


@dataclass(eq=False, repr=False)
class Question:
    """One exercise. In its module it is called q<number>, and its reference is a name defined at the top.

    Args:
        number: as in the exercise notebook.
        reference: our solution: a function, a class, or a value.
        probe: takes an answer; raises NotYet where it is not right.
        hints: two or more, from a nudge to nearly everything.
        why: a sentence or two shown with the solution.
        mistakes: three or more typical wrong answers.
        starter: for a question that gives code to mend, that code; else the starter is `...`.
        returns: whether a function answers by what it returns; None is then named as a missing return.
    """

    number: int
    reference: Any
    probe: Callable[[Any], None]
    hints: Sequence[str]
    why: str
    mistakes: Sequence[Mistake]
    starter: Any = None
    returns: bool = True
    _given: int = field(default=0, init=False)

    @property
    def topic(self) -> str:
        """The lesson it belongs to, by its module's name: "data_folders"."""
        return self.probe.__module__.removeprefix("utils.exercises.").partition(".")[0]

    def check(self, answer=...) -> None:
        """Print the verdict on an answer; in an exercise notebook it is noted for `python -m utils.exercises`."""
        verdict = self.judge(answer)
        if verdict.sign != OPEN:
            progress.note(self.topic, self.number, correct=verdict.sign == RIGHT)
        print(verdict)

    def hint(self) -> None:
        """Print the next hint; after the last one, the last one again."""
        if self._given == len(self.hints):
            print(f"That was the last hint: {self.hints[-1]}\nStill stuck? q{self.number}.solution() shows one way.")
            return
        self._given += 1
        print(f"Hint {self._given} of {len(self.hints)}: {self.hints[self._given - 1]}")

    def solution(self) -> None:
        """Print the reference and why it is so."""
        print(f"{self.source()}\n\nWhy: {self.why}")

    def source(self) -> str:
        """The reference as text."""
        return source.reference_source(sys.modules[self.probe.__module__], self.number)

    def judge(self, answer=...) -> Verdict:
        """The verdict on an answer, whatever it does: an exception in it is a verdict too."""
        if source.untouched(answer, self.starter):
            return Verdict(OPEN, self.number, "not answered yet")
        watched = self._watched(answer)
        try:
            with undisturbed():
                self._check_kind(answer)
                self.probe(watched)
        except NotYet as wrong:
            return Verdict(WRONG, self.number, f"not quite: {wrong}")
        except (Exception, SystemExit) as error:
            return Verdict(WRONG, self.number, f"not quite: {told(error, answer, watched)}")
        return Verdict(RIGHT, self.number, "correct")

    def _check_kind(self, answer):
        if callable(self.reference) and not callable(answer):
            name = self.reference.__name__
            raise NotYet(f"give the {_kind(self.reference)} itself to the check, q{self.number}.check({name}), "
                         f"and do not call it; this was {shown(answer)}.")  # fmt: skip
        if callable(answer) and not callable(self.reference):
            raise NotYet(f"the answer is a value, and this is a {_kind(answer)}.")

    def _watched(self, answer):
        return _Watched(answer, self.returns) if callable(answer) and not inspect.isclass(answer) else answer

    def __repr__(self):
        name = f"q{self.number}"
        return f"Exercise {self.number}: {name}.check(answer), {name}.hint(), {name}.solution()"


class _Watched:
    """A learner's function that remembers what it raised, and says so when it returned nothing."""

    raised = None

    def __init__(self, function, returns):
        self._function, self._returns = function, returns
        functools.update_wrapper(self, function)

    def __call__(self, *args, **kwargs):
        try:
            result = self._function(*args, **kwargs)
        except (Exception, SystemExit) as error:
            self.raised = error
            raise
        if result is None and self._returns:
            raise NotYet("your function returned None: is there a return at its end?")
        return result


def first_near(got: float, usual: Mapping[str, float], otherwise: str, **tolerance) -> str:
    """What is to be said of a wrong number: the nearest of the usual slips it comes near to, else something else.

    Args:
        usual: {what to say: the number that this slip gives}.
        tolerance: of math.isclose: abs_tol or rel_tol.
    """
    near = {words: abs(got - value) for words, value in usual.items() if math.isclose(got, value, **tolerance)}
    return min(near, key=near.get, default=otherwise)  # of equals the first


def choose(answer, right: str, feedback: Mapping[str, str], about: str = "") -> None:
    """Probe of a question with options: each wrong one has its own feedback.

    Args:
        answer: a letter, in any case.
        right: the letter of the right option.
        feedback: the wrong letters, each with what speaks against it.
        about: what the letter was chosen for, where a question wants several: "the digits".
    """
    letter = answer.strip(" .)(").lower() if isinstance(answer, str) else answer
    case = f"{about}, " if about else ""
    if not isinstance(letter, str) or letter not in {right, *feedback}:
        letters = ", ".join(repr(option) for option in sorted([right, *feedback]))
        raise NotYet(f"{case}expected one of {letters}, got {shown(answer)}.")
    if letter != right:
        raise NotYet(f"{case}{letter!r}: {feedback[letter]}")


def choose_each(answer, right: Mapping[str, str], feedback: Mapping[str, Mapping[str, str]]) -> None:
    """Probe of a question that wants a letter for each of several jobs.

    Args:
        answer: {job: letter}.
        right: the letter of the right option for each job.
        feedback: for each job its wrong letters, as for `choose`.
    """
    got = as_dict(answer, f"a dictionary {{{next(iter(right))!r}: a letter, …}}")
    missing = [job for job in right if job not in got]
    if missing:
        raise NotYet(f"{missing[0]!r} has no letter in {shown(got)}.")
    for job, letter in right.items():
        choose(got[job], letter, feedback[job], about=job)


def other_choices(right: Mapping[str, str], feedback: Mapping[str, Mapping[str, str]]) -> list[Mistake]:
    """Every answer to such a question with one wrong letter, and the words it must get."""
    return [Mistake({**right, job: letter}, f"{job}, {letter!r}: {words}")
            for job, letters in feedback.items() for letter, words in letters.items()]  # fmt: skip


def told(error, answer, watched):
    """An exception as a sentence: its name, its message, and the learner's line."""
    message = textwrap.shorten(str(error), LONGEST_MESSAGE, placeholder=" …")
    named = f"{type(error).__name__}: {message}" if message else type(error).__name__
    if isinstance(watched, _Watched) and error is not watched.raised:
        return f"what your function returned could not be used ({named})."
    line = _line(error, answer)
    return f"your code raised {named}" + (f"\n  in line {line.lineno}: {line.line}" if line else "")


def _line(error, answer):
    """The last line of the answer's own cell or file that the exception came through."""
    functions = list(vars(answer).values()) if inspect.isclass(answer) else [answer]
    files = {inspect.unwrap(each).__code__.co_filename for each in functions if inspect.isfunction(each)}
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return lines[-1] if lines else None


def _kind(value):
    return "class" if inspect.isclass(value) else "function"
