"""A killed run loses at most the epoch in flight and ends with the numbers of an uninterrupted one."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from cir_bench.cli.app import main
from cir_bench.records.record import RunRecord

from .conftest import Toy


def _heed_ctrl_c() -> None:
    """Tests that run in the background of a script have inherited to ignore SIGINT; a user's terminal does not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


pytestmark = pytest.mark.usefixtures("forked")
SLOW = ("-m", "slow-tirg", "--set", "training.epochs=8")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """Without what it prints."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    whole = Toy(folder / "runs", folder / "cache", None)
    assert main(whole.argv("run", *SLOW)) == 0
    (record,) = whole.records().values()
    return record


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_an_interrupted_cell_continues_to_the_same_numbers(toy, uninterrupted, sign: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cir_bench", *toy.argv("run", *SLOW)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "TOY_STEP_SECONDS": "0.05"},
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 (it sets a signal and takes no lock)
    )
    checkpoint = toy.out / "cells/toy/test@1/controlled/toy"
    while not list(checkpoint.rglob("last.pt")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    os.kill(process.pid, sign)
    said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == (-9 if sign == signal.SIGKILL else 130), said
    assert not toy.records() and "Traceback" not in said
    _, planned = toy.plan(*SLOW)
    assert planned.startswith("interrupted")
    toy.run(*SLOW)
    (resumed,) = toy.records().values()
    assert resumed.metrics == uninterrupted.metrics
    assert [e.terms for e in resumed.history] == [e.terms for e in uninterrupted.history]
    assert [e.selection for e in resumed.history] == [e.selection for e in uninterrupted.history]
    assert resumed.selection == uninterrupted.selection
    assert not list(toy.out.rglob("last.pt"))


def test_a_damaged_checkpoint_starts_the_cell_again(toy) -> None:
    folder = toy.out / "cells/toy/test@1/controlled/toy/tirg/seed-0/checkpoints"
    folder.mkdir(parents=True)
    (folder / "last.pt").write_bytes(b"not a checkpoint")
    code, _ = toy.run("-m", "tirg")
    assert code == 0 and len(toy.records()["tirg/0"].history) == 6


def test_a_cell_that_another_process_runs_is_left_to_it(toy) -> None:
    from filelock import FileLock

    folder = toy.out / "cells/toy/test@1/controlled/toy/sum/seed-0"
    folder.mkdir(parents=True)
    with FileLock(folder / "lock"):
        code, said = toy.run("-m", "sum")
    assert code == 1 and "another process is running it" in said and not toy.records()


def test_a_file_system_without_locks_is_said_at_once(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    code, said = toy.run("-m", "sum")
    assert code == 2 and "No locks available" in said and "choose a folder whose file system has file locks" in said


def test_a_trained_encoder_continues_with_another_number_of_workers(
    toy, another_toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images of an epoch are read ahead by workers, which an interruption leaves in the middle of their work."""
    from cir_bench.features.live import LiveSource

    monkeypatch.setattr("cir_bench.features.processes.WORTH_WORKERS", 1)
    whole = another_toy("whole")
    options = ("-m", "sum", "-e", "toy-live", "--set", "training.batch_size=64")
    whole.run(*options, "--workers", "0")
    encoded, encode = [], LiveSource._encoded

    def interrupted(self: LiveSource, items: list[torch.Tensor]) -> object:
        encoded.append(len(items))
        if encoded.count(128) == 21:  # 8 batches an epoch: in the third
            raise KeyboardInterrupt
        return encode(self, items)

    with monkeypatch.context() as patch:
        patch.setattr(LiveSource, "_encoded", interrupted)
        code, _ = toy.run(*options, "--workers", "2")
    assert code == 130 and toy.plan(*options)[1].startswith("interrupted")
    toy.run(*options, "--workers", "1")
    (resumed,), (uninterrupted,) = toy.records().values(), whole.records().values()
    assert [(e.terms, e.selection) for e in resumed.history] == [(e.terms, e.selection) for e in uninterrupted.history]
    assert resumed.metrics == uninterrupted.metrics
