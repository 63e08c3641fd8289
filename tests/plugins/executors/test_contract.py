"""The local executor under its contract, also when files travel."""

from pathlib import Path

from cir_bench.testing import ExecutorContract


class TestLocal(ExecutorContract):
    name = "local"


class TestAway(ExecutorContract):
    name = "away"
    plugin_files = (Path(__file__).parents[2] / "engine" / "away_plugin.py",)
