"""The losses once more, written as loops over lists of Python floats from the published formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from support.floats import batch_hinge, distance, dot, unit
from torch import Tensor

from cir_bench import Embedding

Vectors = Sequence[Sequence[float]]


class ByHand:
    """Each method: vectors of queries and targets (not normed), and which pairs are the same target."""

    def classification(self, queries: Vectors, targets: Vectors, same: list[list[bool]], factor: float) -> float:
        q, t = [unit(v) for v in queries], [unit(v) for v in targets]
        total = 0.0
        for i in range(len(q)):
            right = math.exp(factor * dot(q[i], t[i]))
            wrong = sum(math.exp(factor * dot(q[i], t[j])) for j in range(len(t)) if not same[i][j])
            total += -math.log(right / (right + wrong))
        return total / len(q)

    def soft_triplet(self, queries: Vectors, targets: Vectors, same: list[list[bool]], scale: float) -> float:
        q = [[scale * x for x in unit(v)] for v in queries]
        t = [[scale * x for x in unit(v)] for v in targets]
        total = 0.0
        for i in range(len(q)):
            terms = [
                math.log(1 + math.exp(distance(q[i], t[i]) - distance(q[i], t[j])))
                for j in range(len(t))
                if not same[i][j]
            ]
            total += sum(terms) / len(terms) if terms else 0.0
        return total / len(q)

    def hinge(self, queries: Vectors, targets: Vectors, same: list[list[bool]], margin: float) -> float:
        return batch_hinge(queries, targets, same, margin)


@pytest.fixture
def by_hand() -> ByHand:
    return ByHand()


class Batch:
    """Query and target vectors, and which targets are right for which query: all from a seed.

    ``images``: so many different targets. ``one_way``: some further targets are right for a query, but not the other
    way round, as with several annotated targets.
    """

    def __init__(
        self, seed: int, size: int = 5, width: int = 3, images: int | None = None, one_way: bool = False
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.queries = torch.randn(size, width, generator=generator, dtype=torch.float64)
        self.targets = torch.randn(size, width, generator=generator, dtype=torch.float64)
        image_of = torch.randint(images, (size,), generator=generator) if images else torch.arange(size)
        self.same: Tensor = image_of[:, None] == image_of
        if one_way:
            self.same |= torch.rand(size, size, generator=generator) < 0.3

    @property
    def query(self) -> Embedding:
        return Embedding.single(self.queries)

    @property
    def target(self) -> Embedding:
        return Embedding.single(self.targets)

    @property
    def lists(self) -> tuple[list[list[float]], list[list[float]], list[list[bool]]]:
        return self.queries.tolist(), self.targets.tolist(), self.same.tolist()


@pytest.fixture
def make_batch() -> type[Batch]:
    return Batch
