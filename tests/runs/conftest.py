"""`toy`: runs cir-bench on the toy plugin of ``tests/support``, in this process; `photos`: a folder of images."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

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


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder benchmark of 6 train and 8 val images."""
    root = tmp_path / "photos"
    root.mkdir()
    names = [*(f"train{i}" for i in range(6)), *(f"val{i}" for i in range(8))]
    for i, name in enumerate(names):
        Image.new("RGB", (8, 8), (18 * i, 0, 0)).save(root / f"{name}.png")
    gallery = [{"image": name, "split": name[:-1], "file": f"{name}.png"} for name in names]
    triplets = [
        {"query_id": one, "split": one[:-1], "reference": one, "text": "redder", "targets": [other]}
        for one, other in pairwise(names)
        if one[:-1] == other[:-1]
    ]
    for name, lines in (("gallery", gallery), ("triplets", triplets)):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root
