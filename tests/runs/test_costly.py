"""What `--all` leaves out on a benchmark, and that it says so."""

from __future__ import annotations

from pathlib import Path

from cir_bench.cli import main
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.protocols.benchmark import load_benchmark
from cir_bench.protocols.builtin import builtin_benchmarks
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import left_out, resolve


def test_all_leaves_out_the_costly_methods_of_a_benchmark_and_names_them() -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    (css,) = [one for one in map(load_benchmark, builtin_benchmarks()) if one.name == "css"]
    every = RunRequest(benchmarks=("css",))
    run = {cell.key.method for cell in resolve(every, registry)}
    assert run == set(registry.all(MethodSpec)) - set(css.costly)
    assert set(css.costly) <= set(registry.all(MethodSpec))
    (sentence,) = left_out([every], registry)
    assert all(name in sentence for name in css.costly)


def test_a_costly_method_runs_when_it_is_named() -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    named = RunRequest(benchmarks=("css",), methods=("sadn",))
    assert [cell.key.method for cell in resolve(named, registry)] == ["sadn"]
    assert left_out([named], registry) == []


def test_plan_says_what_all_leaves_out(capsys, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"out: {tmp_path / 'runs'}\n", encoding="utf-8")
    assert main(["plan", "--all", "--config", str(config), "--no-plugins", "--cache-dir", str(tmp_path / "cache")]) == 0
    assert "leaves out what takes long on css" in capsys.readouterr().err
