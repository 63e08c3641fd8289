"""The protocols of the benchmark files that come with the harness, for records that only name theirs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.find import builtin_benchmarks
from cir_bench.protocols.protocol import Protocol


@cache
def known_protocols() -> Mapping[tuple[str, str], Protocol]:
    """By benchmark (``folder`` for ``folder:photos``) and protocol (``original@1``)."""
    found = map(load_benchmark, builtin_benchmarks())
    return {(one.name, key): protocol for one in found for key, protocol in one.protocols.items()}


def known_protocol(benchmark: str, protocol: str) -> Protocol | None:
    """The protocol of this name, where it is one of the harness's own."""
    return known_protocols().get((benchmark.partition(":")[0], protocol))
