"""On a toy of attributes TG-CIR learns what a sum cannot: to replace one of them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_tgcir.params import TgcirParams

WIDTH, VALUES, ATTRIBUTES = 24, 5, 3
SHAPE = EncoderShape(FeatureShape(pooled=WIDTH, tokens=WIDTH), FeatureShape(pooled=WIDTH, tokens=WIDTH))


class Toy:
    """An image has one token per attribute, a text one token and padding; pooled features are the tokens' sums."""

    def __init__(self) -> None:
        self.random = torch.Generator().manual_seed(0)
        self.vectors = torch.randn(ATTRIBUTES, VALUES, WIDTH, generator=self.random)
        self.codes = torch.randn(ATTRIBUTES, VALUES, WIDTH, generator=self.random)
        self.gallery = torch.cartesian_prod(*[torch.arange(VALUES)] * ATTRIBUTES)

    def images(self, values: Tensor) -> Features:
        tokens = F.normalize(torch.stack([self.vectors[a, values[:, a]] for a in range(ATTRIBUTES)], dim=1), dim=-1)
        return Features(tokens.sum(dim=1), tokens, torch.ones(len(values), ATTRIBUTES, dtype=torch.bool))

    def texts(self, which: Tensor, new: Tensor) -> Features:
        code = F.normalize(self.codes[which, new], dim=1)
        tokens = torch.stack([code, torch.full_like(code, 9.0)], dim=1)
        return Features(code, tokens, torch.tensor([True, False]).expand(len(code), 2))

    def batch(self, size: int) -> tuple[Features, Features, Tensor]:
        """Reference images, texts, and rows of the targets in the gallery."""
        before = torch.randint(VALUES, (size, ATTRIBUTES), generator=self.random)
        which = torch.randint(ATTRIBUTES, (size,), generator=self.random)
        step = torch.randint(1, VALUES, (size,), generator=self.random)
        new = (before[torch.arange(size), which] + step) % VALUES
        after = before.clone()
        after[torch.arange(size), which] = new
        powers = VALUES ** torch.arange(ATTRIBUTES - 1, -1, -1)
        return self.images(before), self.texts(which, new), after @ powers


def recall_at_1(queries: Tensor, gallery: Tensor, targets: Tensor) -> float:
    found = (F.normalize(queries, dim=1) @ F.normalize(gallery, dim=1).T).argmax(dim=1)
    return (found == targets).double().mean().item()


@pytest.mark.parametrize("ablation", ["none", "local-only"])
def test_tgcir_learns_to_replace_an_attribute(make_tgcir, ablation: str) -> None:
    toy = Toy()
    gallery = toy.images(toy.gallery)
    method = make_tgcir(SHAPE, width=32, local_attributes=6, ablation=ablation).float()
    (stage,) = method.stages()
    assert stage.training == TgcirParams().training
    optimiser = torch.optim.AdamW(method.parameters(), lr=stage.training.lr, weight_decay=0.0)
    for _ in range(150):
        images, texts, targets = toy.batch(64)
        batch = TrainBatch(images, texts, gallery[targets], targets[:, None] == targets)
        for step in method.training_steps(batch, stage):
            optimiser.zero_grad()
            step.total().backward()
            optimiser.step()
    method.eval()
    images, texts, targets = toy.batch(500)
    with torch.no_grad():
        queries = method.composer.compose(images, texts).main
        candidates = method.composer.embed_target(gallery).main
    summed = recall_at_1(images.pooled + texts.pooled, gallery.pooled, targets)
    learned = recall_at_1(queries, candidates, targets)
    assert learned > 0.8, (learned, summed)
    assert summed < 0.3, (learned, summed)
