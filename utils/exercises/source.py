"""Reading source: is an answer still its starter, and what does a reference look like as text?

Code is compared by its syntax tree: names of functions, comments, docstrings and layout do not count.
"""

import ast
import inspect
import textwrap


def untouched(answer, starter=None) -> bool:
    """Whether an answer is what the learner was given: `...`, code of nothing but `...`, or the starter itself.

    Args:
        answer: a value, a function or a class.
        starter: for a question that gives code to mend, that code.
    """
    if inspect.isclass(answer):
        given = vars(starter) if inspect.isclass(starter) else {}
        own = {name: value for name, value in vars(answer).items() if name not in vars(_Empty)}
        return all(_untouched_member(value, given.get(name)) for name, value in own.items())
    if not inspect.isfunction(answer):
        return _has_gap(answer)
    code = _code(answer)
    return code is not None and (not code[1] or (starter is not None and code == _code(starter)))


def reference_source(module, number: int) -> str:
    """The source of question `number`'s reference: the function, class or assignment, as it stands in the module."""
    text = inspect.getsource(module)
    tree = ast.parse(text)
    (call,) = [node.value for node in tree.body if f"q{number}" in _names(node)]
    (name,) = [keyword.value.id for keyword in call.keywords if keyword.arg == "reference"]
    (node,) = [node for node in tree.body if name in _names(node)]
    first = min(part.lineno for part in [node, *getattr(node, "decorator_list", [])])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


class _Empty:
    """Its attributes are those that every class has."""


def _untouched_member(value, given):
    if inspect.isfunction(value):
        return untouched(value, given)
    return _has_gap(value) or repr(value) == repr(given)


def _has_gap(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_gap(item) for item in value)
    return value is ...


def _code(function):
    """(arguments, statements) of a function as text, without its docstring and `...`; None where it has no source."""
    try:
        node = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    if not isinstance(node, ast.FunctionDef):  # a lambda's line
        return None
    return ast.dump(node.args), [ast.dump(statement) for statement in node.body if not _is_nothing(statement)]


def _is_nothing(statement):
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)


def _names(node):
    """The names that a statement at the top of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    return [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
