"""The local executor under its contract, also when files travel."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.forked import forking

from cir_bench.testing import ExecutorContract

REAL = ExecutorContract.test_records_are_those_of_this_process.__name__


@pytest.fixture(autouse=True)
def forks(request: pytest.FixtureRequest) -> Iterator[None]:
    """The processes of jobs are forks of this one, but for one of the two local cells whose records are compared."""
    with forking(fresh=int(request.cls is TestLocal and request.function.__name__ == REAL)):
        yield


class TestLocal(ExecutorContract):
    name = "local"


class TestAway(ExecutorContract):
    name = "away"
    plugin_files = (Path(__file__).parents[2] / "engine" / "away_plugin.py",)
