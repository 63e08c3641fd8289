"""The weights that `Tiny` ships with: a safetensors file of half floats, and a JSON card beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from cir_bench import DataError

WEIGHTS = Path(__file__).with_name("tiny.safetensors")
_WORDS = "words"


def card_path(weights: Path) -> Path:
    """The JSON file beside the weights: seed, sha256, metrics."""
    return weights.with_suffix(".json")


def save(path: Path, state: Mapping[str, Tensor], words: tuple[str, ...], facts: Mapping[str, Any]) -> str:
    """Write weights and card; returns the sha256 of the weights file."""
    halves = {name: _half(tensor) for name, tensor in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(halves, path, metadata={_WORDS: " ".join(words)})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card_path(path).write_text(json.dumps({**facts, "sha256": digest}, indent=2) + "\n")
    return digest


def load(path: Path = WEIGHTS) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The state dict in float32, and the words of the vocabulary.

    Raises:
        DataError: the file is missing or is not one that `save` wrote.
    """
    remedy = "make it with `python -m cir_bench_encoders.tiny.train`."
    if not path.is_file():
        raise DataError(f"the weights of the encoder tiny are missing at {path}; {remedy}")
    try:
        with safe_open(path, framework="pt") as file:
            words = (file.metadata() or {})[_WORDS].split()
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except Exception as error:
        raise DataError(f"{path} is damaged or no weights file of the encoder tiny ({error}); {remedy}") from error
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}, tuple(words)


def _half(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.to(torch.float16) if tensor.is_floating_point() else tensor
