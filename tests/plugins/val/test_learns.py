"""On a toy of attributes VAL learns what a sum cannot: to replace one of them. Each stream does its part."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch

SIZES = ((16, 4, 4), (24, 2, 2), (24, 2, 2))
VALUES, ATTRIBUTES, WORDS = 4, 3, 24


class Toy:
    """An image lays one vector per attribute at a place of its own, a text codes one new value of one attribute.

    Maps are not negative, as behind a CNN's last ReLU.
    """

    def __init__(self) -> None:
        self.random = torch.Generator().manual_seed(0)
        self.codes = torch.randn(ATTRIBUTES, VALUES, WORDS, generator=self.random)
        self.vectors = [torch.randn(ATTRIBUTES, VALUES, c, generator=self.random).relu() for c, _, _ in SIZES]
        self.gallery = torch.cartesian_prod(*[torch.arange(VALUES)] * ATTRIBUTES)

    def images(self, values: Tensor) -> Features:
        maps = []
        for vectors, (channels, height, width) in zip(self.vectors, SIZES, strict=True):
            image = torch.zeros(len(values), channels, height * width)
            for a in range(ATTRIBUTES):
                image[:, :, a] = vectors[a, values[:, a]]
            maps.append(image.reshape(len(values), channels, height, width))
        return Features(maps=tuple(maps))

    def batch(self, size: int) -> tuple[TrainBatch, Tensor]:
        """Triplets, and the rows of their targets in the gallery."""
        before = torch.randint(VALUES, (size, ATTRIBUTES), generator=self.random)
        which = torch.randint(ATTRIBUTES, (size,), generator=self.random)
        new = (before[torch.arange(size), which] + torch.randint(1, VALUES, (size,), generator=self.random)) % VALUES
        after = before.clone()
        after[torch.arange(size), which] = new
        rows = after @ VALUES ** torch.arange(ATTRIBUTES - 1, -1, -1)
        text = Features(pooled=F.normalize(self.codes[which, new], dim=1))
        return TrainBatch(self.images(before), text, self.images(after), rows[:, None] == rows), rows


def recall_at_1(method, toy: Toy) -> float:
    method.eval()
    with torch.no_grad():
        gallery = method.composer.embed_target(toy.images(toy.gallery))
        batch, rows = toy.batch(400)
        found = method.composer.compose(batch.reference, batch.text).score(gallery).argmax(dim=1)
    return (found == rows).double().mean().item()


@pytest.mark.parametrize("params", [{}, {"layers": "code"}], ids=str)
def test_val_learns_to_replace_an_attribute(make_val, params: dict[str, str]) -> None:
    toy = Toy()
    shape = EncoderShape(FeatureShape(maps=SIZES), FeatureShape(pooled=WORDS))
    method = make_val(shape, **params)
    (stage,) = method.stages()
    before = recall_at_1(method, toy)
    optimiser = torch.optim.Adam(method.parameters(), lr=5e-3)
    method.train()
    for _ in range(100):
        batch, _ = toy.batch(48)
        for step in method.training_steps(batch, stage):
            optimiser.zero_grad()
            step.total().backward()
            optimiser.step()
    learned = recall_at_1(method, toy)
    assert before < 0.2, (before, learned)
    assert learned > 0.8, (before, learned)
    assert all(abs(transformer.w_sa.item()) > 0.01 for transformer in method.composer.transformers.values())
