"""Is an answer still its starter, and what is shown as the solution?"""

import types

import pytest

from tests.exercises.reading import define
from utils.exercises.source import reference_source, untouched

GIVEN = "def f(a, b=1):\n    total = a + b\n    return total\n"
SAME = [
    "def g(a, b=1):\n    total = a + b\n    return total\n",
    "def f(a, b=1):\n    '''What it does.'''\n    # a comment\n\n    total = (a + b)\n    return total\n",
    "@given\ndef f(a, b=1):\n    total = a + b\n    return total\n",
    "def f(a, b=1):\n    total = a + b\n    pass\n    ...\n    return total\n",
]
OTHER = [
    "def f(a, b=2):\n    total = a + b\n    return total\n",
    "def f(a, b=1):\n    total = b + a\n    return total\n",
    "def f(a, b=1):\n    return a + b\n",
    "f = lambda a, b=1: a + b\n",
]


def function(source, name="f"):
    space = define(source, {"given": lambda f: f}, f"/notebook/{hash(source)}.py")
    return space[name if name in space else "g"]


@pytest.mark.parametrize("source", SAME)
def test_names_comments_docstrings_and_layout_do_not_count(source):
    assert untouched(function(source), function(GIVEN))


@pytest.mark.parametrize("source", OTHER)
def test_other_statements_and_arguments_count(source):
    assert not untouched(function(source), function(GIVEN))


@pytest.mark.parametrize("body", ["...", "pass", "'''Doc.'''", "'''Doc.'''\n    # your code\n    ..."])
def test_a_function_of_nothing_is_untouched(body):
    assert untouched(function(f"def f(x):\n    {body}\n"))


@pytest.mark.parametrize("body", ["return None", "return ...", "raise NotImplementedError", "x\n    ..."])
def test_a_function_that_does_anything_is_an_answer(body):
    assert not untouched(function(f"def f(x):\n    {body}\n"))


@pytest.mark.parametrize("value", [..., (..., 3), [1, [2, ...]], {"a": "b", "c": ...}])
def test_a_value_with_a_gap_is_untouched(value):
    assert untouched(value)


@pytest.mark.parametrize("value", [None, 0, "", "...", (), [], {}, int, len, print, object()])
def test_any_other_value_is_an_answer_also_an_empty_one(value):
    assert not untouched(value)


def test_a_function_without_a_source_is_an_answer():
    space = {}
    exec("def f(): ...", space)
    assert not untouched(space["f"])


def test_a_class_is_untouched_while_all_its_methods_are():
    given = define("class A:\n    size = 3\n\n    def f(self):\n        return 1\n\n    def g(self):\n        ...\n")[
        "A"
    ]
    same = define("class B:\n    size = 3\n\n    def f(self):\n        return 1\n\n    def g(self):\n        ...\n")[
        "B"
    ]
    assert untouched(given, same)


@pytest.mark.parametrize(
    "members",
    ["size = 4", "size = 3\n\n    def f(self):\n        return 2", "size = 3\n\n    def h(self):\n        return 1"],
)
def test_a_class_with_another_member_is_an_answer(members):
    given = define("class A:\n    size = 3\n\n    def f(self):\n        return 1\n", name="/notebook/a.py")["A"]
    assert not untouched(define(f"class A:\n    {members}\n", name="/notebook/b.py")["A"], given)


def module_of(tmp_path, monkeypatch, source):
    path = tmp_path / "topic.py"
    path.write_text(source, encoding="utf-8")
    module = types.ModuleType("topic")
    module.__file__ = str(path)
    monkeypatch.setattr("inspect.getsource", lambda of: path.read_text(encoding="utf-8") if of is module else None)
    return module


@pytest.mark.parametrize(
    "reference",
    ["def f(x):\n    # why\n    return x\n\n", "class f:\n    x = 1\n\n", "@cache\ndef f(x):\n    return x\n\n",
     "f = 1 / 3\n", "f = {\n    1: 2,\n}\n"],
)  # fmt: skip
def test_a_reference_is_shown_as_it_stands_in_its_module(reference, tmp_path, monkeypatch):
    before, after = (
        "import os\n\n\ndef g(x):\n    return f\n\n",
        "\nq12 = Question(number=12, reference=f, probe=g)\nq1 = 3\n",
    )
    module = module_of(tmp_path, monkeypatch, before + reference + after)
    assert reference_source(module, 12) == reference.rstrip()
