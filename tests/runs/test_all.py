"""``--all`` is every method on every benchmark, but for those that lack texts made elsewhere or joint features."""

from __future__ import annotations

from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import left_out, resolve


def test_all_is_every_method_on_every_benchmark() -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    benchmarks = [load_benchmark(path).name for path in builtin_benchmarks()]
    for benchmark in (name for name in benchmarks if name not in {"folder", "hf"}):  # these two are of named data
        cells = resolve(RunRequest(benchmarks=(benchmark,)), registry)
        assert {cell.key.method for cell in cells} == set(registry.all(MethodSpec)) - {"cirevl", "joint"}


def test_a_method_on_joint_features_is_part_of_all_with_an_encoder_that_has_them() -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    plain, joint = RunRequest(), RunRequest(encoders=("tiny-joint",))
    (sentence,) = [one for one in left_out([plain], resolve(plain, registry), registry) if one.startswith("joint")]
    assert sentence.startswith("joint is left out: it needs an encoder that reads an image and a text together")
    cells = resolve(joint, registry)
    assert "joint" in {cell.key.method for cell in cells}
    assert not [one for one in left_out([joint], cells, registry) if one.startswith("joint")]
