"""Seeds: every random choice follows from the cell's seed and the purpose of the choice."""

from __future__ import annotations

import hashlib

import torch


def derive_seed(*parts: int | str) -> int:
    """A 63-bit seed that depends on every part: ``derive_seed(cell_seed, "stage", 0, "epoch", 3)``."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def seed_torch(*parts: int | str) -> None:
    """Seed torch's global generators, of the CPU and of every GPU.

    Without a GPU `torch.manual_seed` takes a thousand times as long: it keeps each call and its stack for later.
    """
    seed = derive_seed(*parts)
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)


def generator(*parts: int | str) -> torch.Generator:
    """A new CPU generator."""
    return torch.Generator().manual_seed(derive_seed(*parts))
