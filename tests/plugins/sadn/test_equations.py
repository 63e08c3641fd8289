"""Eqs. 3 to 14 of the paper once more, written as loops over lists of Python floats, without the plugin's code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from support.floats import Vector, cos, dot, f64, softmax, unit

from cir_bench import BatchGallery, Embedding, TrainBatch
from cir_bench_sadn.method import Sadn


def product(a: Vector, b: Vector) -> list[float]:
    return [x * y for x, y in zip(a, b, strict=True)]


@dataclass
class ByHand:
    """SADN's aggregation, with the weights of a method under test, as lists."""

    k: int
    conv: Vector
    factors: Vector
    alpha: float
    beta: float
    fc: Sequence[Vector]
    bias: Vector
    normed: bool = True
    floor: float = 0.1

    @classmethod
    def of(cls, method: Sadn, k: int, **settings: Any) -> ByHand:
        w = {name: p.tolist() for name, p in method.composer.inner.aggregation.named_parameters()}
        factors = [math.exp(x) for x in w["divergence.log_factor"]]
        conv = w["correspondence.conv.weight"][0]
        return cls(k, conv, factors, w["alpha"], w["beta"], w["fc.weight"], w["fc.bias"], **settings)

    def scaled(self, vector: Vector) -> list[float]:
        return unit(vector) if self.normed else list(vector)

    def neighbours(self, query: Vector, candidates: Sequence[Vector]) -> list[list[float]]:
        """Eq. 3: the K candidates of the highest cosine."""
        ranked = sorted(candidates, key=lambda candidate: -cos(query, candidate))
        return [self.scaled(candidate) for candidate in ranked[: self.k]]

    def correspondence(self, near: Sequence[Vector], guide: Vector) -> list[float]:
        """Eqs. 4 and 5."""
        return softmax([dot(self.conv, product(n, guide)) for n in near])

    def sigma(self, query: Vector) -> list[float]:
        least = self.floor * math.sqrt(dot(query, query) / len(query))
        return [factor * max(abs(q), least) for factor, q in zip(self.factors, query, strict=True)]

    def divergence(self, near: Sequence[Vector], query: Vector) -> list[float]:
        """Eqs. 7 and 8, with the whole matrix Σ⁻¹."""
        variances = self.sigma(query)
        u = []
        for n in near:
            difference = [x - q for x, q in zip(n, query, strict=True)]
            inverse = [[(a == b) / variances[a] for b in range(len(query))] for a in range(len(query))]
            u.append(dot(difference, [dot(row, difference) for row in inverse]))
        return softmax([1 - x for x in u])

    def refined(self, raw: Vector, candidates: Sequence[Vector], guide: Vector | None = None) -> list[float]:
        """Eqs. 9 to 11; ``guide`` is the target in training, none at evaluation."""
        query, near = self.scaled(raw), self.neighbours(raw, candidates)
        c = self.correspondence(near, query if guide is None else self.scaled(guide))
        d = self.divergence(near, query)
        a = [self.alpha * x + self.beta * y for x, y in zip(c, d, strict=True)]
        pooled = [sum(weight * n[t] for weight, n in zip(a, near, strict=True)) for t in range(len(query))]
        distilled = [dot(row, pooled) + b for row, b in zip(self.fc, self.bias, strict=True)]
        return [(q + x) / 2 for q, x in zip(query, distilled, strict=True)]

    def adapt(self, raw: Vector, candidates: Sequence[Vector], target: Vector, axis: str = "neighbours") -> float:
        """Eq. 6 for one query: Ẽ and E as distributions over the neighbours (in each dimension) or over the width."""
        query, near = self.scaled(raw), self.neighbours(raw, candidates)
        by_query = [product(n, query) for n in near]
        by_target = [product(n, self.scaled(target)) for n in near]
        if axis == "neighbours":
            by_query, by_target = (list(map(list, zip(*rows, strict=True))) for rows in (by_query, by_target))
        total = 0.0
        for row, teacher in zip(by_query, by_target, strict=True):
            for p, q in zip(softmax(row), softmax(teacher), strict=True):
                total += p * math.log(p / q)
        return total


def focal(scores: Sequence[Vector], same: Sequence[Sequence[bool]], gamma: float, tau: float) -> float:
    """Eq. 13 with τ inside; another copy of the target is no negative."""
    total = 0.0
    for i, row in enumerate(scores):
        others = [math.exp(tau * s) for j, s in enumerate(row) if not same[i][j]]
        p = math.exp(tau * row[i]) / (math.exp(tau * row[i]) + sum(others))
        total += -((1 - p) ** gamma) * math.log(p)
    return total / len(scores)


def raw_queries(method: Sadn, batch: TrainBatch) -> tuple[Embedding, Embedding]:
    return method.composer.compose(batch.reference, batch.text), method.composer.embed_target(batch.target)


SETTINGS = [
    pytest.param({}, {}, id="normed"),
    pytest.param({"features": "raw", "sigma_floor": 0.0}, {"normed": False, "floor": 0.0}, id="raw-no-floor"),
    pytest.param({"sigma_floor": 0.9}, {"floor": 0.9}, id="high-floor"),
]


@pytest.mark.parametrize(("settings", "by_hand"), SETTINGS)
@pytest.mark.parametrize("k", [1, 3, 7])
def test_evaluation_refines_a_query_by_its_neighbours_and_itself(make_sadn, make_batch, settings, by_hand, k) -> None:
    method = make_sadn(neighbours=k, **settings).eval()
    query, target = raw_queries(method, make_batch(repeated=False))
    found = method.composer.refine(query, BatchGallery(target)).main
    hand = ByHand.of(method, k, **by_hand)
    expected = [hand.refined(q, target.main.tolist()) for q in query.main.tolist()]
    torch.testing.assert_close(found, f64(expected))


@pytest.mark.parametrize(("settings", "by_hand"), SETTINGS)
@pytest.mark.parametrize("axis", ["neighbours", "width"])
@pytest.mark.parametrize("repeated", [True, False], ids=["repeated-target", "all-different"])
def test_training_minimises_both_losses_of_what_the_target_guides(
    make_sadn, make_batch, settings, by_hand, axis, repeated
) -> None:
    method = make_sadn(neighbours=4, adapt_axis=axis, gamma=3.0, tau=8.0, lambda_adapt=7.0, **settings)
    batch = make_batch(repeated=repeated)
    query, target = (side.main.tolist() for side in raw_queries(method, batch))
    hand = ByHand.of(method, 4, **by_hand)
    refined = [hand.refined(q, target, t) for q, t in zip(query, target, strict=True)]
    scores = [[cos(q, t) for t in target] for q in refined]
    rank = focal(scores, batch.same_target.tolist(), gamma=3.0, tau=8.0)
    adapt = sum(hand.adapt(q, target, t, axis) for q, t in zip(query, target, strict=True)) / len(query)
    (step,) = method.training_steps(batch, method.stages()[-1])
    assert step.terms["rank"].item() == pytest.approx(rank, rel=1e-9)
    assert step.terms["adapt"].item() == pytest.approx(adapt, rel=1e-9)
    assert step.total().item() == pytest.approx(rank + 7.0 * adapt, rel=1e-9)  # Eq. 14


def test_ranking_on_the_initial_similarity_reads_eq_13_as_it_is_printed(make_sadn, make_batch) -> None:
    method = make_sadn(neighbours=4, rank_on="initial", tau=8.0)
    batch = make_batch()
    query, target = (side.main.tolist() for side in raw_queries(method, batch))
    scores = [[cos(q, t) for t in target] for q in query]
    (step,) = method.training_steps(batch, method.stages()[-1])
    assert step.terms["rank"].item() == pytest.approx(focal(scores, batch.same_target.tolist(), 2.0, 8.0), rel=1e-9)


def test_the_start_is_the_paper_s(make_sadn, make_batch) -> None:
    """α = β = 0.5, and Σ is diag(|Q_i|) where the floor does not reach (Section 4.1.2, Eq. 7)."""
    method = make_sadn(scatter=0.0, sigma_floor=0.0)
    aggregation = method.composer.inner.aggregation
    assert (aggregation.alpha.item(), aggregation.beta.item()) == (0.5, 0.5)
    query = method.composer.inner.scaled(raw_queries(method, make_batch())[0])
    torch.testing.assert_close(aggregation.divergence.sigma(query), query.abs())


def test_sigma_stays_positive_whatever_is_learned_and_for_a_query_of_zeros(make_sadn) -> None:
    divergence = make_sadn(scatter=9.0).composer.inner.aggregation.divergence
    query = torch.tensor([[0.0] * 6, [1.0, -1.0, 0.0, 1e-30, 2.0, 0.0]], dtype=torch.float64)
    assert (divergence.sigma(query) > 0).all()
    assert divergence(query, torch.randn(2, 3, 6, dtype=torch.float64)).isfinite().all()
