"""For all tests: hypothesis judges what comes out, never how fast; a busy machine fails no test. A browser for those in one."""

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import Browser

settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A running Chromium."""
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()
