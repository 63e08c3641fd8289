"""The losses once more, written as loops over lists of Python floats from the published formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from cir_bench import Embedding

Vectors = Sequence[Sequence[float]]


def unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def distance(a: Sequence[float], b: Sequence[float]) -> float:
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


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
        q, t = [unit(v) for v in queries], [unit(v) for v in targets]
        n = len(q)
        total = 0.0
        for i in range(n):
            positive = distance(q[i], t[i])
            for candidates in (
                [distance(q[i], t[j]) for j in range(n) if not same[i][j]],
                [distance(q[j], t[i]) for j in range(n) if not same[j][i]],
            ):
                if not candidates:
                    continue
                farther = [d for d in candidates if d > positive]
                negative = min(farther) if farther else max(candidates)
                total += max(0.0, margin + positive - negative)
        return total / n


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
