"""On a toy of attributes TIRG learns what a sum cannot: to replace one of them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import Features, TrainBatch, TrainStage

WIDTH, VALUES, ATTRIBUTES = 24, 5, 3


class Toy:
    """An image sums one vector per attribute, a text codes one new value, the target is the edited image."""

    def __init__(self) -> None:
        self.random = torch.Generator().manual_seed(0)
        self.vectors = torch.randn(ATTRIBUTES, VALUES, WIDTH, generator=self.random)
        self.codes = torch.randn(ATTRIBUTES, VALUES, WIDTH, generator=self.random)
        grid = [torch.arange(VALUES)] * ATTRIBUTES
        self.gallery = torch.cartesian_prod(*grid)

    def images(self, values: Tensor) -> Tensor:
        return F.normalize(sum(self.vectors[a, values[:, a]] for a in range(ATTRIBUTES)), dim=1)

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Reference images, texts, and rows of the targets and of the references in the gallery."""
        before = torch.randint(VALUES, (size, ATTRIBUTES), generator=self.random)
        which = torch.randint(ATTRIBUTES, (size,), generator=self.random)
        step = torch.randint(1, VALUES, (size,), generator=self.random)
        new = (before[torch.arange(size), which] + step) % VALUES
        after = before.clone()
        after[torch.arange(size), which] = new
        powers = VALUES ** torch.arange(ATTRIBUTES - 1, -1, -1)
        return self.images(before), F.normalize(self.codes[which, new], dim=1), after @ powers, before @ powers


def recall_at_1(queries: Tensor, gallery: Tensor, targets: Tensor, references: Tensor) -> float:
    """R@1 with the reference removed."""
    scores = F.normalize(queries, dim=1) @ gallery.T
    found = scores.scatter(1, references[:, None], -torch.inf).argmax(dim=1)
    return (found == targets).double().mean().item()


@pytest.mark.parametrize("params", [{}, {"scaling": "normed"}, {"loss": "soft-triplet"}], ids=str)
def test_tirg_learns_to_replace_an_attribute(make_tirg, params: dict[str, str]) -> None:
    torch.manual_seed(0)
    toy = Toy()
    gallery = toy.images(toy.gallery)
    method = make_tirg(image=WIDTH, text=WIDTH, **params)
    stage = TrainStage("training", method.params.training)
    optimiser = torch.optim.Adam(method.parameters(), lr=1e-3)
    for _ in range(400):
        images, texts, targets, _ = toy.batch(64)
        same = targets[:, None] == targets
        batch = TrainBatch(Features(pooled=images), Features(pooled=texts), Features(pooled=gallery[targets]), same)
        for step in method.training_steps(batch, stage):
            optimiser.zero_grad()
            step.total().backward()
            optimiser.step()
    method.eval()
    images, texts, targets, references = toy.batch(500)
    with torch.no_grad():
        queries = method.composer.compose(Features(pooled=images), Features(pooled=texts)).main
    learned = recall_at_1(queries, gallery, targets, references)
    summed = recall_at_1(images + texts, gallery, targets, references)
    assert learned > 0.8, (learned, summed)
    assert summed < 0.3, (learned, summed)
