"""Cells on a Ray cluster of nodes on this machine: commands are stopped, and a node is killed while it computes.

It takes a minute or two, so it is run only where ``CIR_BENCH_RAY_CLUSTER`` is set.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cir_bench.cli.app import main
from cir_bench.records.load import read_records
from cir_bench.testing.executor import comparable

pytest.importorskip("ray", reason="Ray is not installed (pip install 'cir-bench[ray]')")

import ray
from ray.cluster_utils import Cluster

from cir_bench_executors.on_ray import ENVIRONMENT

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif("CIR_BENCH_RAY_CLUSTER" not in os.environ, reason="CIR_BENCH_RAY_CLUSTER is not set"),
    pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked for in /proc"),
]
TOY = Path(__file__).parents[2] / "support" / "toy_plugin.py"
SECONDS = 240.0
"""Limit of each wait."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head that computes nothing, and one node with a processor, whose training steps are slow."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, "TOY_STEP_SECONDS": "0.4"}.items():
            patch.setenv(name, value)
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        try:
            made.add_node(num_cpus=1)
            yield made
        finally:
            made.shutdown()


def words(folder: Path, name: str, *options: str) -> list[str]:
    place = ["--out", str(folder / name), "--cache-dir", str(folder / f"cache-{name}"), "--device", "cpu"]
    method = ["-m", "slow-tirg", "--set", "training.epochs=4"]
    return ["run", "--plugin", str(TOY), "-b", "toy", *place, *method, *options]


def on(cluster: Cluster, folder: Path) -> list[str]:
    settings = (f"scratch={folder / 'scratch'}", "checkpoint_seconds=0")
    options = [word for setting in settings for word in ("--on-set", setting)]
    return words(folder, "there", "--on", f"ray:{cluster.address}", "--cpus-per-cell", "1", *options)


def checkpoints(folder: Path) -> dict[Path, int]:
    """Those that have come home, and when."""
    return {path: path.stat().st_mtime_ns for path in (folder / "there").rglob("last.pt")}


def nodes_at_work(folder: Path) -> set[str]:
    """The nodes, by the beginnings of their numbers, that have a process of a job."""
    pattern = re.compile(re.escape(str(folder / "scratch")) + r"/[^/]+/([0-9a-f]+)/jobs/")
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:  # it has ended
            continue
        if "cir_bench.engine.work" in line and (match := pattern.search(line)):
            found.add(match[1])
    return found


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {SECONDS:g} s"
        time.sleep(0.05)


def once(condition: Callable[[], Any], act: Callable[[], None]) -> threading.Thread:
    """Act in the background when something has become true."""

    def watch() -> None:
        wait_for(condition)
        act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


@pytest.mark.usefixtures("one_thread")
def test_a_cell_survives_its_command_and_its_node(cluster, tmp_path, capsys) -> None:
    """The command is killed and started again; then the node that computes is killed. Records are local ones."""
    assert main(words(tmp_path, "here")) == 0
    log = tmp_path / "log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "cir_bench", *on(cluster, tmp_path)]
        driver = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        wait_for(lambda: checkpoints(tmp_path) or driver.poll() is not None)
        assert driver.poll() is None, log.read_text()
    finally:
        driver.kill()
        driver.wait()
    wait_for(lambda: not nodes_at_work(tmp_path))
    before = checkpoints(tmp_path)
    assert before and not read_records(tmp_path / "there")[0]
    cluster.add_node(num_cpus=1)
    nodes = {node.node_id[:12]: node for node in cluster.worker_nodes}
    killed = []

    def kill() -> None:
        killed.extend(nodes_at_work(tmp_path))
        cluster.remove_node(nodes[killed[0]], allow_graceful=False)

    capsys.readouterr()
    thread = once(lambda: checkpoints(tmp_path) not in ({}, before), kill)
    code = main(on(cluster, tmp_path))
    said = capsys.readouterr()
    assert code == 0, said
    thread.join(SECONDS)
    assert len(killed) == 1 and "1 run, 0 done before, 0 failed" in said.out, said
    here, there = ([*map(comparable, read_records(tmp_path / name)[0].values())] for name in ("here", "there"))
    assert there == here and len(there) == 1
    wait_for(lambda: not nodes_at_work(tmp_path))
    left = [path.name for path in (tmp_path / "scratch").glob("*/*/jobs/*")]
    assert all("-1-" in name for name in left), "the second try, which ended by itself, leaves nothing"


def test_ctrl_c_cancels(cluster, tmp_path, capsys) -> None:
    once(lambda: checkpoints(tmp_path), lambda: os.kill(os.getpid(), signal.SIGINT))
    code = main(on(cluster, tmp_path))
    said = capsys.readouterr()
    assert code == 130, said
    assert "Traceback" not in said.out + said.err
    assert checkpoints(tmp_path) and not read_records(tmp_path / "there")[0]
    wait_for(lambda: not nodes_at_work(tmp_path))


def test_what_never_fits_is_one_sentence(cluster, tmp_path, capsys) -> None:
    """A cluster that this process has joined before is used, and not left."""
    ray.init(cluster.address, log_to_driver=False)
    try:
        assert main(words(tmp_path, "there", "--on", "ray", "--cpus-per-cell", str(10_000))) == 2
        said = capsys.readouterr().err
        assert "--cpus-per-cell 10000: Ray has" in said and "Traceback" not in said
        assert ray.is_initialized()
    finally:
        ray.shutdown()
