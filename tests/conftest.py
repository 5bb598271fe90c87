"""For all tests: hypothesis judges what comes out, never how fast; a busy machine fails no test."""

from hypothesis import HealthCheck, settings

settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")
