"""Cells on Ray: a cluster that is started here, whose tasks see none of this machine's files but through Ray."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.testing.executor import comparable

pytest.importorskip("ray", reason="Ray is not installed (pip install 'cir-bench[ray]')")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TOY = Path(__file__).parents[2] / "support" / "toy_plugin.py"


def run(folder: Path, name: str, *options: str) -> int:
    place = ["--out", str(folder / name), "--cache-dir", str(folder / f"cache-{name}"), "--device", "cpu"]
    return main(["run", "--plugin", str(TOY), "-b", "toy", *place, "-m", "sum", "-m", "text-only", *options])


def records(out: Path):
    return {record.cell.method: comparable(record) for record in read_records(out)[0].values()}


@pytest.mark.usefixtures("one_thread")
def test_records_are_those_of_local_cells(tmp_path, capsys) -> None:
    """Features that both cells read are extracted once; Ray and its scratch folder end with the command."""
    assert run(tmp_path, "here") == 0
    ray = ("--on", "ray", "--cpus-per-cell", "1", "--max-cells", "2", "--on-set", f"scratch={tmp_path / 'scratch'}")
    capsys.readouterr()
    code = run(tmp_path, "there", *ray)
    said = capsys.readouterr()
    assert code == 0, said
    assert said.out.count("features, images of toy (test): pooled: 41/41") == 1
    assert records(tmp_path / "there") == records(tmp_path / "here")
    assert not list((tmp_path / "scratch").glob("*/*")), "nothing is left of a cluster that was started for the run"
    assert run(tmp_path, "there", *ray) == 0
    assert "2 done before" in capsys.readouterr().out
