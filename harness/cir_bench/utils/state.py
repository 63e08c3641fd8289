"""Digest of a module's weights."""

from __future__ import annotations

import hashlib

import torch
from torch import nn


def state_digest(module: nn.Module) -> str:
    """Hex sha256 of a module's ``state_dict`` (names, dtypes, shapes and bytes)."""
    sha = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        sha.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        sha.update(flat.view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()
