"""Checkpoints that cannot be written or read: nothing half-written stays, nothing good is thrown away."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.killed import kill_writer

from cir_bench.errors import RunError
from cir_bench.training import checkpoints
from cir_bench.training.checkpoints import LAST, Checkpoints

CPU = torch.device("cpu")


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    """One saved epoch."""
    made = Checkpoints(tmp_path, "mark")
    made.write_weights(1, {"w": torch.ones(2)})
    made.save({"epoch": 1, "best_number": 1})
    return made


def fails(error: Exception) -> Callable[..., None]:
    def put(content: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    return put


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("writing failed")])
def test_a_full_disk_is_told_and_the_last_epoch_stays(kept, tmp_path, monkeypatch, error) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(checkpoints.torch, "save", fails(error))
    monkeypatch.setattr(checkpoints, "save_file", fails(error))
    with pytest.raises(RunError, match=r"last\.pt cannot be written .*; free some space"):
        kept.save({"epoch": 2, "best_number": 1})
    with pytest.raises(RunError, match=r"weights-2\.safetensors cannot be written"):
        kept.write_weights(2, {"w": torch.zeros(2)})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert kept.load(CPU)["epoch"] == 1


def test_what_a_killed_process_left_half_written_is_removed(kept, tmp_path) -> None:
    kill_writer(tmp_path / LAST)
    assert kept.load(CPU)["epoch"] == 1
    kept.save({"epoch": 2, "best_number": 1})
    assert sorted(path.name for path in tmp_path.iterdir()) == [LAST, "weights-1.safetensors"]


def test_a_damaged_checkpoint_is_removed(kept, tmp_path) -> None:
    (tmp_path / LAST).write_bytes((tmp_path / LAST).read_bytes()[:100])
    assert kept.load(CPU) is None and not (tmp_path / LAST).exists()


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("no memory"), PermissionError(errno.EACCES, "denied")])
def test_a_checkpoint_that_only_could_not_be_read_now_is_kept(kept, tmp_path, monkeypatch, error) -> None:
    def load(*args: object, **options: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.torch, "load", load)
        with pytest.raises(type(error)):
            kept.load(CPU)
    assert kept.load(CPU)["epoch"] == 1
