"""Cells on Ray: a cluster that is started here, whose tasks see none of this machine's files but through Ray."""

from __future__ import annotations

from pathlib import Path

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.testing.executor import comparable

pytest.importorskip("ray", reason="Ray is not installed (pip install 'cir-bench[ray]')")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
TESTS = Path(__file__).parents[2]
PLUGINS = (TESTS / "support" / "toy_plugin.py", TESTS / "engine" / "away_plugin.py")
CELLS = ("-m", "sum", "-m", "text-only", "-m", "dies", "--set", "training.epochs=4")


def run(folder: Path, name: str, *options: str) -> int:
    plugins = [word for path in PLUGINS for word in ("--plugin", str(path))]
    place = ["--out", str(folder / name), "--cache-dir", str(folder / f"cache-{name}"), "--device", "cpu"]
    return main(["run", *plugins, "-b", "toy", *place, *CELLS, *options])


def records(out: Path):
    return {record.cell.method: comparable(record) for record in read_records(out)[0].values()}


def test_records_are_those_of_local_cells_though_a_worker_is_killed(tmp_path, monkeypatch, capsys) -> None:
    """The cell ``dies`` is killed once in its third epoch, and goes on from its checkpoint, which had come home."""
    counter = tmp_path / "deaths"
    counter.write_text("0")
    monkeypatch.setenv("DIES_COUNT", str(counter))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert run(tmp_path, "here") == 0
    counter.write_text("1")
    ray = ("--on", "ray", "--cpus-per-cell", "1", "--max-cells", "2", "--on-set", f"scratch={tmp_path / 'scratch'}")
    code = run(tmp_path, "there", *ray, "--on-set", "checkpoint_seconds=0")
    said = capsys.readouterr()
    assert code == 0, said
    assert counter.read_text() == "0", "the cell was killed"
    assert records(tmp_path / "there") == records(tmp_path / "here")
    assert not list((tmp_path / "scratch").rglob("jobs/*")), "nodes are left clean"
    assert run(tmp_path, "there", *ray) == 0
    assert "3 done before" in capsys.readouterr().out


def test_what_never_fits_and_where_nobody_is_are_one_sentence(tmp_path, capsys) -> None:
    assert run(tmp_path, "there", "--on", "ray", "--cpus-per-cell", str(10_000)) == 2
    said = capsys.readouterr().err
    assert "--cpus-per-cell 10000: Ray has" in said and "Traceback" not in said
