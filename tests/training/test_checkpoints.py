"""Checkpoints that cannot be written or read: nothing half-written stays, nothing good is thrown away."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.killed import kill_writer

from cir_bench.errors import RunError, StorageError
from cir_bench.training import checkpoints
from cir_bench.training.checkpoints import LAST, Checkpoints, CheckpointWarning, kept_weights

CPU = torch.device("cpu")


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    """One saved epoch."""
    made = Checkpoints(tmp_path, "mark")
    made.write_weights(1, {"w": torch.ones(2)})
    made.save({"epoch": 1, "best_number": 1})
    return made


def fails(error: Exception) -> Callable[..., None]:
    def put(content: object, path: Path, metadata: object = None) -> None:
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


def flipped(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_a_truncated_checkpoint_is_removed_with_a_warning(kept, tmp_path) -> None:
    whole = (tmp_path / LAST).read_bytes()
    for length in (0, 1, 31, 32, 100, len(whole) - 33, len(whole) - 1):
        (tmp_path / LAST).write_bytes(whole[:length])
        with pytest.warns(CheckpointWarning, match=r"last\.pt is damaged; the training starts again"):
            assert kept.load(CPU) is None
        assert not (tmp_path / LAST).exists()


def test_any_flipped_bit_of_the_state_is_noticed(kept, tmp_path) -> None:
    whole = (tmp_path / LAST).read_bytes()
    for bit in range(0, 8 * len(whole), 61):
        (tmp_path / LAST).write_bytes(whole)
        flipped(tmp_path / LAST, bit)
        with pytest.warns(CheckpointWarning, match="damaged"):
            assert kept.load(CPU) is None


def test_any_flipped_bit_of_the_weights_is_noticed_or_changes_nothing(kept, tmp_path) -> None:
    path = tmp_path / "weights-1.safetensors"
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 7):
        path.write_bytes(whole)
        flipped(path, bit)
        weights = kept.read_weights(1)
        assert weights is None or (list(weights) == ["w"] and weights["w"].equal(torch.ones(2)))


def test_without_the_best_weights_the_training_starts_again(kept, tmp_path) -> None:
    kept.save({"epoch": 3, "best_epoch": 1, "best_number": 1, "average": {}, "weights": {"w": torch.zeros(2)}})
    flipped(tmp_path / "weights-1.safetensors", -1)
    with pytest.warns(CheckpointWarning, match=r"weights-1\.safetensors, .* is missing or damaged; the training"):
        assert kept.load(CPU) is None


def test_best_weights_that_are_the_last_ones_are_written_again(kept, tmp_path) -> None:
    kept.save({"epoch": 3, "best_epoch": 3, "best_number": 1, "average": {}, "weights": {"w": torch.ones(2)}})
    flipped(tmp_path / "weights-1.safetensors", -1)
    with pytest.warns(CheckpointWarning, match=r"weights-1\.safetensors was missing or damaged"):
        assert kept.load(CPU)["epoch"] == 3
    assert kept.read_weights(1)["w"].equal(torch.ones(2))


def test_averaged_weights_cannot_be_taken_from_the_last_ones(kept, tmp_path) -> None:
    averaged = {"w": torch.full((2,), 0.5)}
    kept.save({"epoch": 3, "best_epoch": 3, "best_number": 1, "average": averaged, "weights": {"w": torch.ones(2)}})
    (tmp_path / "weights-1.safetensors").unlink()
    with pytest.warns(CheckpointWarning):
        assert kept.load(CPU) is None


def test_a_folder_in_the_place_of_a_file_is_told(kept, tmp_path) -> None:
    (tmp_path / LAST).unlink()
    (tmp_path / LAST).mkdir()
    (tmp_path / "weights-2.safetensors").mkdir()
    with pytest.raises(StorageError, match=r"last\.pt cannot be read \(Is a directory\)"):
        kept.load(CPU)
    with pytest.raises(StorageError, match=r"weights-2\.safetensors cannot be written \(Is a directory\)"):
        kept.write_weights(2, {"w": torch.zeros(2)})


def test_damaged_weights_are_not_mistaken_for_missing_ones(kept, tmp_path) -> None:
    assert kept_weights(tmp_path)["w"].equal(torch.ones(2)) and kept_weights(tmp_path / "none") is None
    flipped(tmp_path / "weights-1.safetensors", -1)
    with pytest.raises(RunError, match=r"weights-1\.safetensors are damaged"):
        kept_weights(tmp_path)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (torch.OutOfMemoryError("no memory"), torch.OutOfMemoryError),
        (PermissionError(errno.EACCES, "denied"), StorageError),
    ],
)
def test_a_checkpoint_that_only_could_not_be_read_now_is_kept(kept, tmp_path, monkeypatch, error, raised) -> None:
    def load(*args: object, **options: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.torch, "load", load)
        with pytest.raises(raised):
            kept.load(CPU)
    assert kept.load(CPU)["epoch"] == 1
