"""`toy`: runs cir-bench on the toy plugin of ``tests/support``, in this process, and reads the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.records.record import RunRecord

PLUGIN = Path(__file__).parents[1] / "support" / "toy_plugin.py"


@dataclass
class Toy:
    out: Path
    cache: Path
    capture: pytest.CaptureFixture[str]

    def argv(self, verb: str, *options: str) -> list[str]:
        common = ["--plugin", str(PLUGIN), "-b", "toy", "--out", str(self.out), "--cache-dir", str(self.cache)]
        return [verb, *common, "--device", "cpu", *options]

    def run(self, *options: str) -> tuple[int, str]:
        code = main(self.argv("run", *options))
        said = self.capture.readouterr()
        return code, said.out + said.err

    def plan(self, *options: str) -> tuple[int, str]:
        code = main(self.argv("plan", *options))
        said = self.capture.readouterr()
        return code, said.out + said.err

    def records(self) -> dict[str, RunRecord]:
        """By ``method/seed`` (with ``+variant`` where there is one)."""
        found = list(read_records(self.out)[0].values())
        return {f"{r.cell.method}{'+' if r.cell.variant else ''}{r.cell.variant}/{r.cell.seed}": r for r in found}


@pytest.fixture
def toy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Toy:
    return Toy(tmp_path / "runs", tmp_path / "cache", capsys)


@pytest.fixture
def another_toy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Toy]:
    return lambda name: Toy(tmp_path / name, tmp_path / f"cache-{name}", capsys)
