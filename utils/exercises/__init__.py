"""Exercises that are checked: a module (or a package) of questions for each notebook in lessons/exercises.

Words: a *topic* is what the lesson, the exercise notebook and the module share: `data_folders`. A *starter* is
what stands in an answer cell before the learner begins; the *reference* is our own solution, tested code.
A new question is a `Question` called qN in its topic's module and a task in the notebook; nothing else names it.
"""

import pkgutil
from importlib import import_module

from utils.exercises.question import Question


def topics() -> list[str]:
    """The modules here that hold questions, sorted."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return [name for name in names if questions(name)]


def questions(topic: str) -> list[Question]:
    """All questions of a topic by number, those in the modules of a package too."""
    home = import_module(f"utils.exercises.{topic}")
    inner = pkgutil.iter_modules(getattr(home, "__path__", ()), f"{home.__name__}.")
    modules = [home, *(import_module(info.name) for info in inner)]
    found = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, Question)}
    return sorted(found.values(), key=lambda question: question.number)
