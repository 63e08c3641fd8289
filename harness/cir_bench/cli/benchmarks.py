"""The benchmark files that are there, ours and the plugins', for `ls`, `show` and `doctor`."""

from __future__ import annotations

from typing import Any

from cir_bench.cli.describe import owner_facts
from cir_bench.errors import ConfigError
from cir_bench.plugin.owner import CORE, Owner
from cir_bench.plugin.registry import BenchmarkFile, Registry
from cir_bench.protocols.benchmark import Benchmark, load_benchmark
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.version import __version__


def read_benchmarks(registry: Registry) -> tuple[list[tuple[Benchmark, Owner]], list[str]]:
    """Every readable benchmark with where it comes from, by name; and a sentence for each file that is not."""
    unreadable: list[str] = []
    ours = Owner(CORE, __version__, "benchmarks")
    try:
        files = [BenchmarkFile(path, ours) for path in builtin_benchmarks()]
    except ConfigError as error:
        files = []
        unreadable.append(str(error))
    found: list[tuple[Benchmark, Owner]] = []
    for file in [*files, *registry.benchmark_files]:
        try:
            found.append((load_benchmark(file.path), file.owner))
        except ConfigError as error:
            unreadable.append(str(error))
    return sorted(found, key=lambda pair: pair[0].name), unreadable


def benchmark_facts(benchmark: Benchmark, owner: Owner) -> dict[str, Any]:
    """What `ls` tells of a benchmark."""
    return {
        "name": benchmark.name,
        "summary": " ".join(benchmark.description.split()),
        "dataset": benchmark.dataset,
        "default_encoder": benchmark.default_encoder,
        "protocols": list(benchmark.protocols),
    } | owner_facts(owner)
