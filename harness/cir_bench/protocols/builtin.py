"""The benchmark files that come with the harness, and their protocols."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.protocol import Protocol

_PACKAGE = "cir_bench.benchmarks"


def builtin_benchmarks() -> list[Path]:
    """Paths of the benchmark files that come with the harness, sorted. `ConfigError` if the installation lacks them."""
    package = importlib.util.find_spec(_PACKAGE)
    folders = [Path(folder) for folder in package.submodule_search_locations or ()] if package else []
    # in a source tree that is not installed, benchmarks/ is next to harness/
    folders.append(Path(__file__).parents[3] / "benchmarks")
    for folder in folders:
        files = sorted(folder.glob("*.yaml"))
        if files:
            return files
    raise ConfigError("The benchmark files of cir-bench are missing; install the package again.")


@cache
def builtin_protocol(benchmark: str, protocol: str) -> Protocol | None:
    """The built-in protocol of this name (``original@1``), if there is one; ``folder:photos`` means ``folder``."""
    name = benchmark.partition(":")[0]
    benchmarks = map(load_benchmark, builtin_benchmarks())
    return next((one.protocols.get(protocol) for one in benchmarks if one.name == name), None)
