"""The loss `focal-infonce`."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cir_bench import BuildContext, Embedding
from cir_bench.testing import LossContract
from cir_bench_sadn.focal import FocalInfoNCELoss
from cir_bench_sadn.params import FocalInfoNCEParams

EYE = torch.eye(5, dtype=torch.bool)


class TestFocalInfoNCE(LossContract):
    name = "focal-infonce"
    variants = {"default": {}, "low-temperature": {"gamma": 0.5, "tau": 3.0}}


class TestItInTwoSpaces(LossContract):
    name = "focal-infonce"
    spaces = ("local", "global")


def focal(gamma: float, tau: float) -> FocalInfoNCELoss:
    return FocalInfoNCELoss(FocalInfoNCEParams(gamma=gamma, tau=tau), BuildContext())


def sides(seed: int, size: int = 5) -> tuple[Embedding, Embedding]:
    generator = torch.Generator().manual_seed(seed)
    query, target = torch.randn(2, size, 4, generator=generator, dtype=torch.float64)
    return Embedding.single(query), Embedding.single(target)


def by_hand(query: Tensor, target: Tensor, same: Tensor, gamma: float, tau: float) -> float:
    total = 0.0
    for i in range(len(query)):
        cosines = [F.cosine_similarity(query[i], t, dim=0).item() for t in target]
        wrong = sum(math.exp(tau * s) for j, s in enumerate(cosines) if not same[i, j])
        p = math.exp(tau * cosines[i]) / (math.exp(tau * cosines[i]) + wrong)
        total += -((1 - p) ** gamma) * math.log(p)
    return total / len(query)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]), st.sampled_from([1.0, 10.0, 30.0]))
def test_it_is_eq_13_with_tau_inside(seed, gamma, tau) -> None:
    query, target = sides(seed)
    same = EYE.clone()
    same[1, 4] = same[4, 1] = True
    found = focal(gamma, tau)(query, target, same).item()
    assert found == pytest.approx(by_hand(query.main, target.main, same, gamma, tau), rel=1e-6, abs=1e-9)


def test_gamma_zero_is_the_cross_entropy() -> None:
    query, target = sides(1)
    expected = F.cross_entropy(20 * query.score(target), torch.arange(5))
    torch.testing.assert_close(focal(0.0, 20.0)(query, target, EYE), expected)


def test_an_easy_query_hardly_counts_and_a_hard_one_counts_in_full() -> None:
    _, target = sides(2)
    easy = focal(2.0, 20.0)(target, target, EYE) / focal(0.0, 20.0)(target, target, EYE)
    wrong = target[torch.arange(5).roll(1)]
    hard = focal(2.0, 20.0)(wrong, target, EYE) / focal(0.0, 20.0)(wrong, target, EYE)
    assert easy < 0.3
    assert hard > 0.95


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_query_without_negatives_is_worth_nothing_and_moves_nothing(gamma, dtype) -> None:
    query, target = (side.main.to(dtype).requires_grad_() for side in sides(3))
    value = focal(gamma, 100.0)(Embedding.single(query), Embedding.single(target), torch.ones_like(EYE))
    value.backward()
    assert value.item() == 0
    assert query.grad.abs().max() == 0


def test_a_perfect_query_has_a_finite_gradient() -> None:
    """1 − p rounds to nothing, where a power below 1 has no derivative."""
    vectors = torch.eye(5).requires_grad_()
    focal(0.5, 1000.0)(Embedding.single(vectors), Embedding.single(torch.eye(5)), EYE).backward()
    assert vectors.grad.isfinite().all()
