"""Every switch of Tables 3 and 5 and of Figure 3 changes what its row says, and nothing besides."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

import cir_bench_sadn.composer
from cir_bench import BatchGallery, BuildContext, TrainStep
from cir_bench_losses.hinge import TripletHingeLoss
from cir_bench_losses.params import TripletHingeParams
from cir_bench_sadn.aggregation import NeighbourAggregation
from cir_bench_sadn.method import Sadn
from cir_bench_sadn.params import SadnParams

PARAMS = {"neighbours": 3, "tau": 5.0, "lambda_adapt": 10.0}
SWITCHES = [name for name in SadnParams.model_fields["ablation"].annotation.__args__ if name != "none"]


def step_of(method: Sadn, batch) -> TrainStep:
    (step,) = method.training_steps(batch, method.stages()[-1])
    return step


class Pair:
    """SADN with and without a switch, with the same weights, on the same batch and gallery."""

    def __init__(self, make_sadn, batch, **switch: Any) -> None:
        self.batch = batch
        self.full, self.ablated = make_sadn(**PARAMS), make_sadn(**{**PARAMS, **switch})
        weights, wanted = dict(self.full.named_parameters()), dict(self.ablated.named_parameters())
        self.lost = {name.removeprefix("composer.inner.aggregation.") for name in set(weights) - set(wanted)}
        assert set(wanted) <= set(weights), "a switch must not bring weights of its own"
        self.ablated.load_state_dict({name: weights[name] for name in wanted}, strict=False)
        self.full_step, self.ablated_step = (step_of(m, batch) for m in (self.full, self.ablated))
        target = self.full.composer.embed_target(batch.target)
        self.query = self.full.composer.compose(batch.reference, batch.text)
        self.gallery = BatchGallery(target)

    def aggregation(self, method: Sadn) -> NeighbourAggregation:
        return method.composer.inner.aggregation

    def refined(self, method: Sadn) -> torch.Tensor:
        return method.composer.refine(self.query, self.gallery).main

    def weights(self, method: Sadn) -> torch.Tensor:
        sadn = self.full.composer.inner
        ((_, rows),) = sadn.neighbourhoods(self.query, self.gallery)
        query, target = sadn.scaled(self.query), sadn.scaled(self.full.composer.embed_target(self.batch.target))
        return self.aggregation(method).weights(query, sadn.take(self.gallery, rows), target)

    def same(self, term: str) -> bool:
        return torch.equal(self.full_step.terms[term], self.ablated_step.terms[term])


@pytest.fixture
def pair(make_sadn, make_batch):
    return lambda **switch: Pair(make_sadn, make_batch(), **switch)


@pytest.mark.parametrize("switch", SWITCHES)
def test_the_base_s_query_and_the_candidates_are_the_same_under_every_switch(pair, switch) -> None:
    p = pair(ablation=switch)
    assert torch.equal(p.ablated.composer.compose(p.batch.reference, p.batch.text).main, p.query.main)
    embedded = [m.composer.embed_target(p.batch.target).main for m in (p.full, p.ablated)]
    assert torch.equal(*embedded)


def test_no_cia_leaves_beta_d_and_no_adaptation(pair) -> None:
    p = pair(ablation="no-cia")
    aggregation = p.aggregation(p.full)
    both, alone = p.weights(p.full), p.weights(p.ablated)
    torch.testing.assert_close(alone.sum(dim=1), aggregation.beta.expand(7).detach())
    c = (both - alone) / aggregation.alpha
    torch.testing.assert_close(c.sum(dim=1), torch.ones(7, dtype=torch.float64))
    assert p.lost == {"alpha", "correspondence.conv.weight"}
    assert set(p.ablated_step.terms) == {"rank"}
    assert not p.same("rank")


def test_no_dbc_leaves_alpha_c(pair) -> None:
    p = pair(ablation="no-dbc")
    aggregation = p.aggregation(p.full)
    both, alone = p.weights(p.full), p.weights(p.ablated)
    torch.testing.assert_close(alone.sum(dim=1), aggregation.alpha.expand(7).detach())
    d = (both - alone) / aggregation.beta
    torch.testing.assert_close(d.sum(dim=1), torch.ones(7, dtype=torch.float64))
    assert p.lost == {"beta", "divergence.log_factor"}
    assert p.same("adapt")
    assert not p.same("rank")


def test_no_residual_leaves_the_neighbours_alone(pair) -> None:
    p = pair(ablation="no-residual")
    torch.testing.assert_close(p.refined(p.ablated), 2 * p.refined(p.full) - F.normalize(p.query.main, dim=1))
    assert not p.lost
    assert p.same("adapt")
    assert not p.same("rank")


def test_no_neighbourhood_makes_every_candidate_a_neighbour(pair, make_sadn) -> None:
    p = pair(ablation="no-neighbourhood")
    whole = make_sadn(**{**PARAMS, "neighbours": len(p.gallery)})
    torch.testing.assert_close(p.refined(p.ablated), p.refined(whole))
    torch.testing.assert_close(step_of(whole, p.batch).total(), p.ablated_step.total())
    assert not torch.allclose(p.refined(p.ablated), p.refined(p.full))
    assert not p.lost


def test_no_neighbourhood_in_blocks_gives_the_same_numbers_and_gradients(make_sadn, make_batch, monkeypatch) -> None:
    """B × B × d numbers of a paper-sized batch do not fit; blocks of queries do."""
    found = []
    for block in (10**9, 100):  # all 7 queries at once; 2 at a time (7 candidates of width 6)
        monkeypatch.setattr(cir_bench_sadn.composer, "BLOCK", block)
        method, batch = make_sadn(**PARAMS, ablation="no-neighbourhood", base="combiner").eval(), make_batch()
        step = step_of(method, batch)
        step.total().backward()
        gradients = [parameter.grad for parameter in method.parameters()]
        query = method.composer.compose(batch.reference, batch.text)
        refined = method.composer.refine(query, BatchGallery(method.composer.embed_target(batch.target))).main
        assert len(list(method.composer.inner.neighbourhoods(query, BatchGallery(query)))) == (1 if block > 100 else 4)
        found.append([*step.terms.values(), refined, *gradients])
    assert all(gradient is not None for gradient in found[0])
    for at_once, in_blocks in zip(*found, strict=True):
        torch.testing.assert_close(in_blocks, at_once)


@pytest.mark.parametrize("switch", [{"ablation": "no-adapt"}, {"lambda_adapt": 0.0}], ids=["no-adapt", "lambda-0"])
def test_no_adaptation_leaves_the_ranking_loss(pair, switch) -> None:
    p = pair(**switch)
    assert set(p.ablated_step.terms) == {"rank"}
    assert p.same("rank")
    assert torch.equal(p.refined(p.ablated), p.refined(p.full))


def test_no_rank_leaves_the_adaptation(pair) -> None:
    p = pair(ablation="no-rank")
    assert set(p.ablated_step.terms) == {"adapt"}
    assert p.same("adapt")
    assert torch.equal(p.refined(p.ablated), p.refined(p.full))
    torch.testing.assert_close(p.ablated_step.total(), 10.0 * p.full_step.terms["adapt"])


def in_training(p: Pair) -> tuple[torch.Tensor, torch.Tensor]:
    """Q̂ and T of the batch, as the ranking loss sees them: the target guides the correspondence."""
    sadn = p.full.composer.inner
    target = p.full.composer.embed_target(p.batch.target)
    ((_, rows),) = sadn.neighbourhoods(p.query, p.gallery)
    refined = sadn.aggregation(sadn.scaled(p.query), sadn.take(p.gallery, rows), sadn.scaled(target))
    return F.normalize(refined, dim=1), F.normalize(target.main, dim=1)


def test_bce_is_the_batch_s_cross_entropy(pair) -> None:
    p = pair(ablation="bce")
    refined, target = in_training(p)
    logits = 5.0 * refined @ target.T
    logits[0, 3] = logits[3, 0] = -torch.inf  # one image: not a negative
    torch.testing.assert_close(p.ablated_step.terms["rank"], F.cross_entropy(logits, torch.arange(7)))
    assert p.same("adapt")
    assert torch.equal(p.refined(p.ablated), p.refined(p.full))


def test_triplet_is_the_hinge(pair) -> None:
    p = pair(ablation="triplet")
    refined, target = (cir_bench_sadn.composer.Embedding.single(x) for x in in_training(p))
    expected = TripletHingeLoss(TripletHingeParams(margin=0.2), BuildContext())(refined, target, p.batch.same_target)
    torch.testing.assert_close(p.ablated_step.terms["rank"], expected)
    assert p.same("adapt")
    assert torch.equal(p.refined(p.ablated), p.refined(p.full))


def test_k_changes_the_neighbourhood(pair) -> None:
    p = pair(neighbours=2)
    near = [m.composer.inner.neighbourhoods(p.query, p.gallery) for m in (p.full, p.ablated)]
    (_, three), (_, two) = (next(found) for found in near)
    assert torch.equal(three[:, :2], two)
    assert not p.lost


def test_gamma_changes_the_ranking_loss_alone(pair) -> None:
    p = pair(gamma=3.0)
    assert p.same("adapt")
    assert p.ablated_step.terms["rank"] < p.full_step.terms["rank"]
    assert torch.equal(p.refined(p.ablated), p.refined(p.full))


def test_lambda_changes_the_adaptation_s_weight_alone(pair) -> None:
    p = pair(lambda_adapt=50.0)
    assert p.same("adapt")
    assert p.same("rank")
    assert (p.full_step.weights["adapt"], p.ablated_step.weights["adapt"]) == (10.0, 50.0)
    assert torch.equal(p.refined(p.ablated), p.refined(p.full))
