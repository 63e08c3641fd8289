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

    def soft_triplet_of_both(self, queries: Vectors, targets: Vectors, same: list[list[bool]], scale: float) -> float:
        """Every query and every target is an anchor; its negatives are of both kinds."""
        rows = [[scale * x for x in unit(v)] for v in [*queries, *targets]]
        size = len(queries)
        related = [[same[i][j] or same[j][i] for j in range(size)] for i in range(size)]
        total = 0.0
        for a in range(2 * size):
            i, is_query = a % size, a < size
            others = [j for j in range(size) if not (same[i][j] if is_query else same[j][i])]
            own_side = [j for j in range(size) if not related[i][j]]
            negatives = [j + size for j in others] + own_side if is_query else others + [j + size for j in own_side]
            positive = distance(rows[a], rows[(a + size) % (2 * size)])
            terms = [math.log(1 + math.exp(positive - distance(rows[a], rows[k]))) for k in negatives]
            total += sum(terms) / len(terms) if terms else 0.0
        return total / (2 * size)

    def mined_hinge(
        self, queries: Vectors, targets: Vectors, same: list[list[bool]], margin: float, own_positive: bool
    ) -> float:
        """The nearest negative; with ``own_positive``, of those that are not nearer than their own positive."""
        q, t = [unit(v) for v in queries], [unit(v) for v in targets]
        total = 0.0
        for i in range(len(q)):
            for anchor, others, masked in ((q[i], t, same[i]), (t[i], q, [row[i] for row in same])):
                found = [(distance(anchor, others[j]), distance(q[j], t[j])) for j in range(len(q)) if not masked[j]]
                candidates = [d for d, positive in found if d >= positive or not own_positive]
                if candidates:
                    total += max(0.0, margin + distance(q[i], t[i]) - min(candidates))
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
