"""The pytest plugin for every run of the tests and of `pytest --nbval`: offline, with the course's nbval settings.

Loaded by `-p tests.offline.plugin` in pyproject.toml, because a conftest.py in tests/ does not serve lessons/.
"""

import os
import tempfile
from pathlib import Path

import pytest

import tests.offline.sitecustomize as guard

HERE = Path(__file__).parent


def pytest_configure(config):
    """Guard what the tests start, choose the log, and find the sanitise file from any folder."""
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(HERE) if not others else os.pathsep.join([str(HERE), others])
    # A log that is set already belongs to the pytest that started this one (xdist), which looks at it.
    if guard.LOG not in os.environ:
        handle, os.environ[guard.LOG] = tempfile.mkstemp(prefix="network-", suffix=".log")
        os.close(handle)
        config.stash[LOG_FILE] = Path(os.environ[guard.LOG])
    if getattr(config.option, "nbval_sanitize_with", "") is None:
        config.option.nbval_sanitize_with = str(HERE.parent / "nbval_sanitize.cfg")


LOG_FILE = pytest.StashKey[Path]()


def attempts(config):
    """What the guard refused so far in this process and everything it started."""
    log = config.stash.get(LOG_FILE, None)
    return log.read_text(encoding="utf-8").splitlines() if log else []


def pytest_sessionfinish(session):
    """Fail the session if anything tried to leave this machine, even where the attempt was swallowed."""
    if attempts(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    """Show the attempts."""
    lines = attempts(config)
    if lines:
        terminalreporter.section("connections beyond loopback were tried, and refused", red=True)
        for line in lines:
            terminalreporter.line(line)


def pytest_unconfigure(config):
    """Leave nothing behind."""
    log = config.stash.get(LOG_FILE, None)
    if log:
        os.environ.pop(guard.LOG, None)
        log.unlink(missing_ok=True)
