"""On a toy of attributes CLVC-Net learns what a sum cannot, to replace one of them, with one network and both."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_clvcnet.method import Clvcnet

CHANNELS, HEIGHT, WIDTH, WORDS = 24, 2, 3, 16
VALUES, ATTRIBUTES = 4, 3
SHAPE = EncoderShape(FeatureShape(maps=((CHANNELS, HEIGHT, WIDTH),)), FeatureShape(tokens=WORDS))


class Toy:
    """An image lays a vector of each of its three attributes at a place of its own; a text is one word, "make it ...".

    Maps are not negative, as behind a CNN's last ReLU. A second, empty place of the text is padding.
    """

    def __init__(self) -> None:
        self.random = torch.Generator().manual_seed(0)
        self.words = torch.randn(ATTRIBUTES, VALUES, WORDS, generator=self.random)
        self.vectors = torch.randn(ATTRIBUTES, VALUES, CHANNELS, generator=self.random).relu()
        self.gallery = torch.cartesian_prod(*[torch.arange(VALUES)] * ATTRIBUTES)

    def images(self, values: Tensor) -> Features:
        image = torch.zeros(len(values), CHANNELS, HEIGHT * WIDTH)
        for a in range(ATTRIBUTES):
            image[:, :, a] = self.vectors[a, values[:, a]]
        return Features(maps=(image.reshape(len(values), CHANNELS, HEIGHT, WIDTH),))

    def batch(self, size: int) -> tuple[TrainBatch, Tensor]:
        """Triplets, and the rows of their targets in the gallery."""
        before = torch.randint(VALUES, (size, ATTRIBUTES), generator=self.random)
        which = torch.randint(ATTRIBUTES, (size,), generator=self.random)
        new = (before[torch.arange(size), which] + torch.randint(1, VALUES, (size,), generator=self.random)) % VALUES
        after = before.clone()
        after[torch.arange(size), which] = new
        rows = after @ VALUES ** torch.arange(ATTRIBUTES - 1, -1, -1)
        words = torch.stack([self.words[which, new], torch.zeros(size, WORDS)], dim=1)
        text = Features(tokens=words, mask=torch.tensor([[True, False]]).expand(size, 2))
        return TrainBatch(self.images(before), text, self.images(after), rows[:, None] == rows), rows


def recall_at_1(method: Clvcnet, toy: Toy) -> float:
    method.eval()
    with torch.no_grad():
        gallery = method.composer.embed_target(toy.images(toy.gallery))
        batch, rows = toy.batch(400)
        found = method.composer.compose(batch.reference, batch.text).score(gallery).argmax(dim=1)
    return (found == rows).double().mean().item()


@pytest.mark.parametrize("params", [{}, {"ablation": "local-only"}, {"ablation": "global-only"}], ids=str)
def test_it_learns_to_replace_an_attribute(make_clvcnet, params: dict[str, str]) -> None:
    toy = Toy()
    method = make_clvcnet(SHAPE, shuffled=False, width=32, **params).float()
    (stage,) = method.stages()
    before = recall_at_1(method, toy)
    optimisers = {
        one.name: torch.optim.Adam([{"params": list(g.parameters), "lr": 5e-3} for g in one.groups])
        for one in method.optimisers(stage, {})
    }
    method.train()
    for _ in range(120):
        batch, _ = toy.batch(48)
        for step in method.training_steps(batch, stage):
            optimisers[step.optimiser].zero_grad()
            step.total().backward()
            optimisers[step.optimiser].step()
    learned = recall_at_1(method, toy)
    assert before < 0.2, (before, learned)
    assert learned > 0.6, (before, learned)
