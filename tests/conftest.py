"""For all tests: hypothesis judges what comes out, never how fast; a busy machine fails no test. A browser, and an IPython."""

import gc
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.browser import Browser

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it to what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is there when thousands of tests have been found stays to the end: Python's collector looks at it no more.

    To look at all of it again and again was an eighth of the time of the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A running Chromium."""
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def shell(monkeypatch):
    """An IPython as in a kernel. It puts a module of its own in the place of __main__, without which no process can be spawned."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # is what it was after the test
    return InteractiveShell(config=Config(HistoryManager={"enabled": False}))
