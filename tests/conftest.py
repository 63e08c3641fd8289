"""Property tests: the same examples on every run, and no clock that a busy machine could miss. No waiting for disks."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "deterministic", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("deterministic")


@pytest.fixture(autouse=True, scope="session")
def no_fsync():
    """Whatever tests write is gone with them, so nothing has to reach the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
