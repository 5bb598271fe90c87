"""An exporter's noise goes nowhere, whoever makes it; and its failure is told with the operator to blame."""

import logging
import os
import sys
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from utils.errors import CourseError
from utils.export.quiet import exporting, quiet


def noise():
    print("print")
    print("to stderr", file=sys.stderr)
    os.write(1, b"from C++\n")
    os.write(2, b"from C++ too\n")
    warnings.warn("warning", stacklevel=1)
    logging.getLogger("exporter").error("log")


def test_nothing_is_heard_within_and_everything_after(capfd, recwarn, caplog):
    with quiet():
        noise()
    told = capfd.readouterr()
    assert told.out == told.err == "" and not recwarn.list and not caplog.records
    noise()
    told = capfd.readouterr()
    assert "print" in told.out and "from C++\n" in told.out and "to stderr" in told.err and "from C++ too" in told.err
    assert len(recwarn.list) == 1 and [record.message for record in caplog.records] == ["log"]


def test_what_a_library_would_show_in_a_notebook_is_not_shown(monkeypatch, shell):
    shown = []
    monkeypatch.setattr(shell.display_pub, "publish", lambda **parts: shown.append(parts))
    try:
        InteractiveShell._instance, InteractiveShell.initialized = shell, lambda: True
        with quiet():
            display("a bar of rich")
        assert not shown
        display("a bar of ours")
        assert len(shown) == 1
    finally:
        InteractiveShell._instance = None
        del InteractiveShell.initialized


def test_after_an_error_everything_is_heard_again(capfd, recwarn, caplog):
    with pytest.raises(ZeroDivisionError), quiet():
        raise ZeroDivisionError
    noise()
    assert "from C++\n" in capfd.readouterr().out and recwarn.list and caplog.records


def why(error):
    with pytest.raises(CourseError) as caught, exporting(".onnx", "Do otherwise."):
        raise error
    return str(caught.value)


def test_the_reason_is_found_in_whatever_an_exporter_raises():
    cause = RuntimeError("outer")
    cause.__cause__ = NotImplementedError("No function for <OpOverload(op='aten.cumprod', overload='default')>")
    assert "the operator 'aten.cumprod'. Do otherwise. No file was written." in why(cause)
    assert "the operator 'torchvision::nms'" in why(ValueError("torchvision::nms is unknown"))
    assert "another way for other pictures" in why(RuntimeError("Could not guard on data-dependent expression aten.x"))
    assert "ValueError, first line. Do" in why(ValueError("first line.\nsecond"))
    assert "KeyError, without a word. Do" in why(KeyError())


def test_a_course_error_passes_as_it_is():
    assert why(CourseError("Mend it so.")) == "Mend it so."
