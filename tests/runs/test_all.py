"""``--all`` is every method, on every benchmark, but for those whose texts are made elsewhere."""

from __future__ import annotations

from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve


def test_all_is_every_method_on_every_benchmark() -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    benchmarks = [load_benchmark(path).name for path in builtin_benchmarks()]
    for benchmark in (name for name in benchmarks if name not in {"folder", "hf"}):  # these two are of named data
        cells = resolve(RunRequest(benchmarks=(benchmark,)), registry)
        assert {cell.key.method for cell in cells} == set(registry.all(MethodSpec)) - {"cirevl"}
