"""On a toy of attributes every method learns what a sum cannot: to replace one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cir_bench import Embedding, EncoderShape, Features, FeatureShape, Method, TrainBatch
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.build import Builder
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import create

ATTRIBUTES, WIDTH = 3, 24
MAPS = ((16, 4, 4), (24, 2, 2), (24, 2, 2))
POOLED, TOKENS = FeatureShape(pooled=WIDTH), FeatureShape(pooled=WIDTH, tokens=WIDTH)


class Toy:
    """An image has a value of each attribute, a text codes a new value of one, the target is the edited image.

    Args:
        values: how many values an attribute has.
        maps: whether images are maps, with the vector of each attribute at its own position; otherwise they have a
            token per attribute, and the sum of these as pooled feature.
    """

    def __init__(self, values: int, maps: bool) -> None:
        self.random = torch.Generator().manual_seed(0)
        self.n_values, self.maps = values, maps
        self.codes = F.normalize(torch.randn(ATTRIBUTES, values, WIDTH, generator=self.random), dim=-1)
        self.vectors = [torch.randn(ATTRIBUTES, values, c, generator=self.random) for c, _, _ in MAPS]
        self.values = torch.cartesian_prod(*[torch.arange(values)] * ATTRIBUTES)
        self.gallery = self.images(self.values)

    def images(self, values: Tensor) -> Features:
        by_level = [torch.stack([v[a, values[:, a]] for a in range(ATTRIBUTES)], dim=1) for v in self.vectors]
        if self.maps:  # not negative, as behind a CNN's last ReLU
            padded = [
                F.pad(tokens.relu().mT, (0, height * width - ATTRIBUTES)).unflatten(2, (height, width))
                for tokens, (_, height, width) in zip(by_level, MAPS, strict=True)
            ]
            return Features(maps=tuple(padded))
        tokens = F.normalize(by_level[-1], dim=-1)
        pooled = F.normalize(tokens.sum(dim=1), dim=1)
        return Features(pooled, tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))

    def texts(self, which: Tensor, new: Tensor) -> Features:
        """One word and padding; the pooled feature is the word's."""
        code = self.codes[which, new]
        tokens = torch.stack([code, torch.full_like(code, 9.0)], dim=1)
        return Features(code, tokens, torch.tensor([True, False]).expand(len(code), 2))

    def batch(self, size: int) -> tuple[TrainBatch, Tensor, Tensor]:
        """Triplets, and the rows of their references and targets in the gallery."""
        before = torch.randint(self.n_values, (size, ATTRIBUTES), generator=self.random)
        which = torch.randint(ATTRIBUTES, (size,), generator=self.random)
        step = torch.randint(1, self.n_values, (size,), generator=self.random)
        after, every = before.clone(), torch.arange(size)
        after[every, which] = (before[every, which] + step) % self.n_values
        powers = self.n_values ** torch.arange(ATTRIBUTES - 1, -1, -1)
        references, targets = before @ powers, after @ powers
        text = self.texts(which, after[every, which])
        same = targets[:, None] == targets
        return TrainBatch(self.gallery[references], text, self.gallery[targets], same), references, targets


@pytest.fixture(scope="module")
def make() -> Callable[..., Method]:
    registry = load_plugins(PluginOptions(third_party=False), environ={})

    def make(name: str, shape: EncoderShape, **params: Any) -> Method:
        torch.manual_seed(0)
        registered = registry.method(name)
        method: Method = create(registered, make_params(registered.spec, params), Builder(registry, shape))
        return method

    return make


def recall_at_1(method: Method, toy: Toy) -> float:
    method.eval()
    batch, _, targets = toy.batch(500)
    with torch.no_grad():
        scores = method.composer.compose(batch.reference, batch.text).score(method.composer.embed_target(toy.gallery))
    method.train()
    return (scores.argmax(dim=1) == targets).double().mean().item()


def learned(method: Method, toy: Toy, steps: int, lr: float | None, size: int, enough: float) -> float:
    """Recall@1 after at most ``steps`` steps; once it is above ``enough``, there are no more."""
    (stage,) = method.stages()
    recall = 0.0
    optimisers = {
        one.name: torch.optim.Adam([{"params": list(g.parameters)} for g in one.groups], lr or stage.training.lr)
        for one in method.optimisers(stage, {})
    }
    for done in range(1, steps + 1):
        batch, _, _ = toy.batch(size)
        for step in method.training_steps(batch, stage):
            optimisers[step.optimiser].zero_grad()
            step.total().backward()
            optimisers[step.optimiser].step()
        if done % 20 == 0 or done == steps:
            recall = recall_at_1(method, toy)
            if recall > enough:
                break
    return recall


def test_a_sum_cannot_replace_an_attribute() -> None:
    """Not even where the reference, which is nearest to it, is removed."""
    toy = Toy(5, maps=False)
    batch, references, targets = toy.batch(500)
    summed = Embedding.single(batch.reference.need_pooled() + batch.text.need_pooled())
    scores = summed.score(Embedding.single(toy.gallery.need_pooled())).scatter(1, references[:, None], -torch.inf)
    assert (scores.argmax(dim=1) == targets).double().mean() < 0.3


@pytest.mark.parametrize(
    ("name", "params", "steps", "lr"),
    [
        ("tirg", {}, 250, 2e-3),
        ("tirg", {"scaling": "normed"}, 250, 2e-3),
        ("tirg", {"loss": "soft-triplet"}, 350, 2e-3),
        ("combiner", {}, 250, 2e-3),
        ("tgcir", {"width": 32, "local_attributes": 6}, 150, None),
        ("tgcir", {"width": 32, "local_attributes": 6, "ablation": "local-only"}, 150, None),
    ],
)
def test_pooled_features_and_tokens(make, name: str, params: dict[str, Any], steps: int, lr: float | None) -> None:
    toy = Toy(5, maps=False)
    method = make(name, EncoderShape(TOKENS, TOKENS), **params)
    assert learned(method, toy, steps, lr, size=64, enough=0.8) > 0.8


@pytest.mark.parametrize(
    ("name", "params", "steps", "expected"),
    [
        ("clvcnet", {"width": 32}, 60, 0.6),
        ("clvcnet", {"width": 32, "ablation": "local-only"}, 60, 0.6),
        ("clvcnet", {"width": 32, "ablation": "global-only"}, 60, 0.6),
        ("val", {}, 100, 0.8),
        ("val", {"layers": "released"}, 100, 0.8),
    ],
)
def test_maps(make, name: str, params: dict[str, Any], steps: int, expected: float) -> None:
    toy = Toy(4, maps=True)
    method = make(name, EncoderShape(FeatureShape(maps=MAPS), TOKENS), **params)
    before = recall_at_1(method, toy)
    assert before < 0.2
    assert learned(method, toy, steps, lr=5e-3, size=48, enough=expected) > expected
    if name == "val":
        assert all(abs(transformer.w_sa.item()) > 0.01 for transformer in method.composer.transformers.values())
