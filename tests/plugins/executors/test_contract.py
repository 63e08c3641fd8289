"""The local executor under its contract, also when files travel."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forked import forking

from cir_bench.testing import ExecutorContract


@pytest.fixture(scope="class")
def forks() -> Iterator[None]:
    """The processes of its jobs are forks of this one."""
    with forking():
        yield


class TestLocal(ExecutorContract):
    name = "local"


@pytest.mark.usefixtures("forks")
class TestAway(ExecutorContract):
    name = "away"
    plugin_files = (Path(__file__).parents[2] / "engine" / "away_plugin.py",)
