"""benchmarks/README.md leaves out no protocol and no script."""

from __future__ import annotations

from pathlib import Path

from cir_bench.protocols.benchmark import load_benchmark

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
README = (BENCHMARKS / "README.md").read_text(encoding="utf-8")


def test_every_protocol_stands_there_by_name_and_version() -> None:
    left_out = [
        f"{path.stem}/{key}"
        for path in sorted(BENCHMARKS.glob("*.yaml"))
        for key in load_benchmark(path).protocols
        if f"`{path.stem}`" not in README or f"`{key}`" not in README
    ]
    assert left_out == []


def test_every_script_stands_there() -> None:
    scripts = [path for folder in ("speed", "statistics") for path in (BENCHMARKS / folder).glob("*.py")]
    assert scripts
    assert [path.name for path in scripts if path.name not in README] == []
