"""Protocols that come with the harness, by name."""

from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.protocols.find import find_benchmark
from cir_bench.protocols.protocol import Protocol


def protocol(name: str) -> Protocol:
    """``protocol("cirr/val")``."""
    return find_benchmark(name, builtin_benchmarks()).protocol
