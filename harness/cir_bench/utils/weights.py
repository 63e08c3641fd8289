"""Reading files of weights that somebody else saved; nothing in them is executed."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch

from cir_bench.errors import DataError

TRAINING_DATA, REMARK = "training_data", "remark"
"""Metadata of a .safetensors file: what its weights were trained on, separated by commas, and a sentence about them."""

_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")


def read_weights(path: Path) -> Any:
    """The content of a .safetensors file or of what ``torch.save`` wrote, on the CPU: tensors in plain containers.

    Raises:
        DataError: the file is missing, damaged or no such file, or contains objects of other classes.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}); correct the path.") from error
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # readers raise anything for broken bytes
        raise DataError(f"{path} {_why(error, start)}.") from error


def read_metadata(path: Path) -> dict[str, str]:
    """What a .safetensors file says of itself; nothing for other files. `DataError` as of `read_weights`."""
    if path.suffix != ".safetensors":
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path} {_why(error, b'?')}.") from error


def _why(error: Exception, start: bytes) -> str:
    said = str(error)
    if not start:
        return "is empty; download it again"
    if start.lstrip()[:1] == b"<":
        return "is a web page, not a file of weights; download the file itself"
    if "TorchScript" in said:
        return (
            "is a TorchScript archive, which contains code; save its weights alone: "
            "torch.save(torch.jit.load(PATH, map_location='cpu').state_dict(), NEW_PATH)"
        )
    if isinstance(error, pickle.UnpicklingError) and (found := _GLOBAL.search(said)):
        return (
            f"contains {found[1]}, which is more than tensors, and loading it could run its code; if you trust it, "
            "save its state dict alone: torch.save(torch.load(PATH, weights_only=False)[KEY], NEW_PATH)"
        )
    return "is damaged, or not a file of weights; download it again"
