"""Seeds: every random choice follows from the cell's seed and the purpose of the choice."""

from __future__ import annotations

import hashlib

import torch

from cir_bench.features.live import seed_devices


def derive_seed(*parts: int | str) -> int:
    """A 63-bit seed that depends on every part: ``derive_seed(cell_seed, "stage", 0, "epoch", 3)``."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def seed_torch(*parts: int | str) -> None:
    """Seed torch's global generators, of the CPU and of every GPU."""
    seed_devices(derive_seed(*parts))


def generator(*parts: int | str) -> torch.Generator:
    """A new CPU generator."""
    return torch.Generator().manual_seed(derive_seed(*parts))
