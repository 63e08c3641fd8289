"""Gradients are derivatives, and they reach what they should reach and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from cir_bench import Features
from cir_bench_sadn.adaptation import adaptation_loss
from cir_bench_sadn.aggregation import NeighbourAggregation


def leaves(*shapes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]


@pytest.fixture
def aggregation() -> NeighbourAggregation:
    torch.manual_seed(0)
    made = NeighbourAggregation(4, floor=0.1).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def test_of_the_refined_query(aggregation, monkeypatch) -> None:
    """With Σ held where it is: its start takes the query's entries as numbers, not as something to be learned."""
    query, neighbours, guide = leaves((3, 4), (3, 5, 4), (3, 4))
    sigma = aggregation.divergence.sigma(query).detach()
    assert torch.autograd.gradcheck(lambda n, g: aggregation(query.detach(), n, g), (neighbours, guide))
    monkeypatch.setattr(aggregation.divergence, "sigma", lambda query: sigma)
    assert torch.autograd.gradcheck(lambda q: aggregation(q, neighbours.detach(), guide.detach()), (query,))


def test_of_the_refined_query_by_every_weight(aggregation) -> None:
    query, neighbours, guide = (x.detach() for x in leaves((3, 4), (3, 5, 4), (3, 4)))
    names, parameters = zip(*aggregation.named_parameters(), strict=True)

    def refined(*values: Tensor) -> Tensor:
        weights = dict(zip(names, values, strict=True))
        return torch.func.functional_call(aggregation, weights, (query, neighbours, guide))

    assert set(names) >= {"alpha", "beta", "divergence.log_factor", "correspondence.conv.weight", "fc.weight"}
    assert torch.autograd.gradcheck(refined, parameters)


@pytest.mark.parametrize("axis", ["neighbours", "width"])
def test_of_the_adaptation_which_moves_the_query_s_side_alone(axis) -> None:
    by_query, by_target = leaves((3, 5, 4), (3, 5, 4))
    assert torch.autograd.gradcheck(lambda e: adaptation_loss(e, by_target.detach(), axis), (by_query,))
    adaptation_loss(by_query, by_target, axis).sum().backward()
    assert by_target.grad is None


def test_an_encoder_that_is_trained_gets_gradients_through_all_three_inputs(make_sadn, make_batch) -> None:
    method, batch = make_sadn(base="combiner", neighbours=3), make_batch()
    live = {
        name: Features(pooled=getattr(batch, name).need_pooled().clone().requires_grad_())
        for name in ("reference", "text", "target")
    }
    (step,) = method.training_steps(replace(batch, **live), method.stages()[-1])
    step.total().backward()
    assert all(features.pooled.grad.abs().sum() > 0 for features in live.values())
    assert all(parameter.grad.abs().sum() > 0 for parameter in method.parameters())


def test_ranking_on_the_initial_similarity_trains_the_base_alone(make_sadn, make_batch) -> None:
    method = make_sadn(base="combiner", neighbours=3, rank_on="initial")
    (step,) = method.training_steps(make_batch(), method.stages()[-1])
    step.total().backward()
    sadn = method.composer.inner
    assert all(parameter.grad is None for parameter in sadn.aggregation.parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in sadn.base.parameters())
