"""Files of weights are read without running anything in them; each kind of broken file has its sentence."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cir_bench import DataError
from cir_bench.utils import read_weights

STATE = {"a": torch.arange(20_000.0)}


class OfTheirCode:
    pass


def message(path: Path) -> str:
    with pytest.raises(DataError) as found:
        read_weights(path)
    assert str(path) in str(found.value)
    return str(found.value)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".safetensors", ".pt.legacy"])
def test_what_torch_and_safetensors_write(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(STATE, path)
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=suffix != ".pt.legacy")
    assert torch.equal(read_weights(path)["a"], STATE["a"])


def test_other_values_of_a_checkpoint_are_read_too(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "best_score": 0.5, "model": STATE, "optimizer": {"param_groups": []}}, tmp_path / "c.pt")
    assert read_weights(tmp_path / "c.pt")["epoch"] == 3


@pytest.mark.parametrize(
    ("value", "named"), [(Namespace(lr=1), r"argparse\.Namespace"), (OfTheirCode(), r"test_weights\.OfTheirCode")]
)
def test_objects_of_other_classes_are_refused_by_name(tmp_path: Path, value: object, named: str) -> None:
    torch.save({"model": STATE, "args": value}, tmp_path / "c.pt")
    with pytest.raises(DataError, match=rf"contains \S*{named}, which is more than tensors.*save its state dict alone"):
        read_weights(tmp_path / "c.pt")


@pytest.mark.filterwarnings("ignore")  # TorchScript is deprecated
def test_torchscript_is_refused(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "c.pt")
    assert "is a TorchScript archive, which contains code" in message(tmp_path / "c.pt")


def _cut(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:40_000])


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda path: path.write_bytes(b""), "is empty; download it again"),
        (lambda path: path.write_text("\n<!DOCTYPE html><html>Sign in"), "is a web page"),
        (lambda path: path.write_text("no weights at all"), "is damaged, or not a file of weights"),
        (_cut, "is damaged, or not a file of weights"),
        (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
        (lambda path: None, "cannot be read (No such file or directory)"),
    ],
    ids=["empty", "page", "text", "cut", "folder", "missing"],
)
def test_broken_files(tmp_path: Path, write: Callable[[Path], object], expected: str) -> None:
    for name in ("weights.pt", "weights.safetensors"):
        write(tmp_path / name)
        assert expected in message(tmp_path / name)
