"""Seeding: the generators of every device that may compute."""

from __future__ import annotations

import pytest
import torch

from cir_bench.features.live import seed_devices


def test_the_cpu_draws_as_with_torchs_own_seed():
    seed_devices(5)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_gpu_is_seeded_where_there_is_one(monkeypatch, name):
    seeded = []
    there = {"cuda": (torch.cuda, "manual_seed_all", torch.cuda), "mps": (torch.mps, "manual_seed", torch.backends.mps)}
    for other, (module, seed, asked) in there.items():
        monkeypatch.setattr(asked, "is_available", lambda other=other: other == name)
        monkeypatch.setattr(module, seed, lambda number, other=other: seeded.append((other, number)))
    seed_devices(7)
    assert seeded == [(name, 7)]
