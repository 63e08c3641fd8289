"""Every loss equals its published formula, masks included."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cir_bench import BuildContext, Embedding, Loss, joint_score
from cir_bench_losses.classification import BatchClassificationLoss
from cir_bench_losses.hinge import TripletHingeLoss, semi_hard
from cir_bench_losses.params import BatchClassificationParams, SoftTripletParams, TripletHingeParams
from cir_bench_losses.soft_triplet import SoftTripletLoss

from .conftest import Batch

CASES = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
IMAGES = st.one_of(st.none(), st.integers(1, 4))
"""Number of distinct targets in the batch: one means that no query has a negative."""
BATCHES = st.builds(Batch, st.integers(0, 2**31), st.integers(1, 7), images=IMAGES, one_way=st.booleans())


def check(loss: Loss, batch: Batch, expected: float, rel: float = 1e-5) -> None:
    assert loss.double()(batch.query, batch.target, batch.same).item() == pytest.approx(expected, rel=rel, abs=1e-9)


@CASES
@given(batch=BATCHES, scale=st.floats(0.5, 5))
def test_batch_classification_on_embeddings(batch, scale, by_hand) -> None:
    loss = BatchClassificationLoss(BatchClassificationParams(scale=scale, learn_scale=False), BuildContext())
    check(loss, batch, by_hand.classification(*batch.lists, factor=scale**2))


@CASES
@given(batch=BATCHES, scale=st.floats(1, 100))
def test_batch_classification_on_similarity(batch, scale, by_hand) -> None:
    loss = BatchClassificationLoss(BatchClassificationParams(scale=scale, scale_on="similarity"), BuildContext())
    check(loss, batch, by_hand.classification(*batch.lists, factor=scale))


@pytest.mark.parametrize("anchors", ["queries", "both"])
@CASES
@given(batch=BATCHES, scale=st.floats(0.5, 5))
def test_soft_triplet(batch, scale, anchors, by_hand) -> None:
    formula = {"queries": by_hand.soft_triplet, "both": by_hand.soft_triplet_of_both}[anchors]
    loss = SoftTripletLoss(SoftTripletParams(scale=scale, anchors=anchors), BuildContext())
    check(loss, batch, formula(*batch.lists, scale=scale))


@CASES
@given(batch=BATCHES, margin=st.floats(0.05, 2))
def test_triplet_hinge(batch, margin, by_hand) -> None:
    loss = TripletHingeLoss(TripletHingeParams(margin=margin), BuildContext())
    check(loss, batch, by_hand.hinge(*batch.lists, margin=margin), rel=1e-9)


@pytest.mark.parametrize("mining", ["released", "hardest"])
@CASES
@given(batch=BATCHES, margin=st.floats(0.05, 2))
def test_mined_hinge(batch, margin, mining, by_hand) -> None:
    loss = TripletHingeLoss(TripletHingeParams(margin=margin, mining=mining), BuildContext())
    expected = by_hand.mined_hinge(*batch.lists, margin=margin, own_positive=mining == "released")
    check(loss, batch, expected, rel=1e-9)


def test_both_anchors_are_the_mean_of_all_triplets_where_all_targets_differ(make_batch) -> None:
    """2B anchors with 2B − 2 negatives each."""
    batch = make_batch(1, 4)
    loss = SoftTripletLoss(SoftTripletParams(anchors="both"), BuildContext()).double()
    ((terms, negatives, weight),) = loss.terms(batch.query, batch.target, batch.same)
    assert (terms.shape, negatives.sum().item(), weight) == ((8, 8), 8 * 6, 1.0)
    torch.testing.assert_close(loss(batch.query, batch.target, batch.same), terms[negatives].mean())


def test_both_anchors_of_two_pairs_are_of_both_kinds(make_batch) -> None:
    """The loss reaches beyond queries and targets: moving the two queries apart changes it."""
    batch = make_batch(2, 2)
    queries = batch.queries.requires_grad_()
    for anchors, reached in (("queries", False), ("both", True)):
        loss = SoftTripletLoss(SoftTripletParams(anchors=anchors), BuildContext()).double()
        only_first = torch.tensor([[True, False], [True, True]])  # query 0 has target 1 as a negative, and no other
        ((terms, negatives, _),) = loss.terms(Embedding.single(queries), batch.target, only_first)
        (gradient,) = torch.autograd.grad(terms.masked_fill(~negatives, 0)[0].sum(), queries)
        assert bool(gradient[1].any()) is False, "the queries' pairs are related"
        ((terms, negatives, _),) = loss.terms(Embedding.single(queries), batch.target, torch.eye(2).bool())
        (gradient,) = torch.autograd.grad(terms.masked_fill(~negatives, 0)[0].sum(), queries)
        assert bool(gradient[1].any()) is reached


def test_released_mining_compares_a_negative_with_its_own_positive() -> None:
    """On a circle: target 1 is farther from query 0 than target 0, but nearer to it than to its own query."""
    angles = torch.tensor([[0.0, 180.0], [10.0, 20.0]], dtype=torch.float64).deg2rad()
    query, target = (Embedding.single(torch.stack([row.cos(), row.sin()], dim=1)) for row in angles)
    values = {}
    for mining in ("printed", "released"):
        loss = TripletHingeLoss(TripletHingeParams(mining=mining), BuildContext())
        ((hinge, _),) = loss.terms(query, target, torch.eye(2).bool())
        values[mining] = hinge[0].tolist()
    assert values["printed"][0] > 0
    assert values["released"][0] == 0


def test_a_negative_exactly_as_far_as_its_own_positive_counts() -> None:
    """An image that is the target of two triplets, not marked as one: the other query is as far from both copies."""
    generator = torch.Generator().manual_seed(0)
    queries = torch.randn(33, 70, generator=generator)
    targets = torch.randn(33, 70, generator=generator)
    targets[32] = targets[5]
    loss = TripletHingeLoss(TripletHingeParams(mining="released", margin=9.0), BuildContext())
    q, t = (torch.nn.functional.normalize(side.double(), dim=1) for side in (queries, targets))
    squared = (q[:, None] - t).square().sum(dim=2)
    candidates = squared.diagonal() - 1e-12 <= squared.T
    candidates.fill_diagonal_(False)
    assert candidates[5, 32]
    nearest = squared.T.masked_fill(~candidates, torch.inf).amin(dim=1)
    ((hinge, _),) = loss.terms(Embedding.single(queries), Embedding.single(targets), torch.eye(33).bool())
    torch.testing.assert_close(hinge[1].double(), 9 + squared.diagonal() - nearest, rtol=1e-4, atol=1e-4)


def test_equally_near_negatives_share_the_gradient() -> None:
    query = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    target = torch.tensor([[1.0, 0.1], [0.0, 1.0], [0.0, 1.0]], requires_grad=True)
    loss = TripletHingeLoss(TripletHingeParams(mining="released", margin=3.0), BuildContext())
    ((hinge, _),) = loss.terms(Embedding.single(query), Embedding.single(target), torch.eye(3).bool())
    hinge[0, 0].backward()
    assert target.grad[1].any()
    assert torch.equal(target.grad[1], target.grad[2])


def test_tirg_starts_at_sixteen_times_the_cosine() -> None:
    assert BatchClassificationLoss(BatchClassificationParams(), BuildContext()).factor().item() == 16


def test_published_multipliers_of_the_cosine_can_be_said() -> None:
    clvc = BatchClassificationLoss(BatchClassificationParams(scale=10, scale_on="similarity"), BuildContext())
    combiner = BatchClassificationLoss(
        BatchClassificationParams(scale=100, scale_on="similarity", learn_scale=False), BuildContext()
    )
    assert (clvc.factor().item(), combiner.factor().item()) == (10, 100)
    assert [len(list(loss.parameters())) for loss in (clvc, combiner)] == [1, 0]


def test_semi_hard_negative_is_the_nearest_one_farther_than_the_positive() -> None:
    """Distances of one anchor: the positive .1, then .05 (nearer than it), .3, .2 (semi-hard) and .15 (masked)."""
    distances = torch.tensor([[0.1, 0.05, 0.3, 0.2, 0.15]]).repeat(5, 1)
    distances.fill_diagonal_(0.1)
    negatives = torch.tensor([False, True, True, True, False]).repeat(5, 1)
    assert semi_hard(distances, negatives)[0] == 3


def test_without_a_semi_hard_negative_the_farthest_one_is_taken() -> None:
    distances = torch.tensor([[0.4, 0.1, 0.3], [0.1, 0.4, 0.2], [0.1, 0.2, 0.4]])
    assert semi_hard(distances, ~torch.eye(3, dtype=torch.bool)).tolist() == [2, 2, 1]


LOSSES: list[tuple[type[Any], type[Any]]] = [
    (BatchClassificationLoss, BatchClassificationParams),
    (SoftTripletLoss, SoftTripletParams),
    (TripletHingeLoss, TripletHingeParams),
]


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_several_spaces_each_by_itself_are_summed_with_the_query_s_weights(loss, params, make_batch) -> None:
    one, two = make_batch(1), make_batch(2, width=4)
    query = Embedding({"a": one.queries, "b": two.queries}, {"b": 0.25})
    target = Embedding({"a": one.targets, "b": two.targets})
    each = loss(params(spaces="each"), BuildContext()).double()
    alone = loss(params(), BuildContext()).double()
    expected = alone(one.query, one.target, one.same) + 0.25 * alone(two.query, two.target, two.same)
    torch.testing.assert_close(each(query, target, one.same), expected)


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_joint_spaces_use_the_joint_score(loss, params, make_batch) -> None:
    """With weights that sum to one the joint embedding is a unit vector: as if it were the only space."""
    one, two = make_batch(1), make_batch(2, width=4)
    query = Embedding({"a": one.queries, "b": two.queries}, {"a": 0.5, "b": 0.5})
    target = Embedding({"a": one.targets, "b": two.targets})
    joint_target = Embedding(target.spaces, query.weights)
    joint = loss(params(spaces="joint"), BuildContext()).double()
    alone = loss(params(), BuildContext()).double()
    expected = alone(Embedding.single(query.joint()), Embedding.single(joint_target.joint()), one.same)
    torch.testing.assert_close(joint(query, target, one.same), expected)


def test_both_anchors_of_a_composers_own_score_have_negatives_of_the_other_side(make_batch) -> None:
    """Then it is the mean of the loss with queries as anchors and of that with targets as anchors."""
    batch = make_batch(4)
    both, queries = (
        SoftTripletLoss(SoftTripletParams(anchors=anchors), BuildContext()).double() for anchors in ("both", "queries")
    )
    found = both(batch.query, batch.target, batch.same, Embedding.score)
    ways = queries(batch.query, batch.target, batch.same), queries(batch.target, batch.query, batch.same)
    torch.testing.assert_close(found, sum(ways) / 2)
    found.backward()
    assert both.scale.value.grad.isfinite()


@pytest.mark.parametrize("spaces", ["joint", "each"])
@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_a_composers_own_score_takes_the_place_of_cosines_and_distances(loss, params, spaces, make_batch) -> None:
    """Given the cosine as if it were a composer's own score, the value is that of the cosine."""
    batch = make_batch(3)
    module = loss(params(spaces=spaces), BuildContext()).double()
    expected = module(batch.query, batch.target, batch.same)
    cosine = module(batch.query, batch.target, batch.same, Embedding.score)
    torch.testing.assert_close(cosine, expected)
    opposite = module(batch.query, batch.target, batch.same, lambda query, target: -joint_score(query, target))
    assert not torch.allclose(opposite, expected)
