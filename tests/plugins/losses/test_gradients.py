"""Gradients: right, finite everywhere, and none through pairs that must not count."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cir_bench import BuildContext, Embedding, Loss, Params
from cir_bench_losses.classification import BatchClassificationLoss
from cir_bench_losses.hinge import TripletHingeLoss
from cir_bench_losses.params import BatchClassificationParams, SoftTripletParams, TripletHingeParams
from cir_bench_losses.soft_triplet import SoftTripletLoss

LOSSES = [
    pytest.param(BatchClassificationLoss, BatchClassificationParams(scale=2.0), id="batch-classification"),
    pytest.param(
        BatchClassificationLoss, BatchClassificationParams(scale=10.0, scale_on="similarity"), id="on-similarity"
    ),
    pytest.param(SoftTripletLoss, SoftTripletParams(scale=1.5), id="soft-triplet"),
    pytest.param(SoftTripletLoss, SoftTripletParams(scale=1.5, anchors="both"), id="soft-triplet-of-both"),
    pytest.param(TripletHingeLoss, TripletHingeParams(margin=1.0), id="triplet-hinge"),
    pytest.param(TripletHingeLoss, TripletHingeParams(margin=1.0, mining="released"), id="triplet-hinge-released"),
    pytest.param(TripletHingeLoss, TripletHingeParams(margin=1.0, mining="hardest"), id="triplet-hinge-hardest"),
]
EYE = torch.eye(5, dtype=torch.bool)
PAIR = EYE.clone()
PAIR[0, 3] = PAIR[3, 0] = True
"""Queries 0 and 3 have the same target."""


def value(loss: Loss, queries: Tensor, targets: Tensor, same: Tensor) -> Tensor:
    result: Tensor = loss(Embedding.single(queries), Embedding.single(targets), same)
    return result


@pytest.mark.parametrize(("loss", "params"), LOSSES)
@pytest.mark.parametrize("same", [EYE, PAIR, torch.ones_like(EYE)], ids=["all-differ", "one-pair", "all-same"])
def test_gradients_are_the_derivative(loss: type[Loss], params: Params, same: Tensor, make_batch) -> None:
    batch = make_batch(seed=3)
    module = loss(params, BuildContext()).double()
    inputs = (batch.queries.requires_grad_(), batch.targets.requires_grad_())
    assert torch.autograd.gradcheck(lambda q, t: value(module, q, t, same), inputs)


@pytest.mark.parametrize(("loss", "params"), LOSSES[:4])
def test_the_scale_learns(loss: type[Loss], params: Params, make_batch) -> None:
    batch = make_batch(seed=4)
    module = loss(params, BuildContext()).double()
    (scale,) = module.parameters()
    value(module, batch.queries, batch.targets, EYE).backward()
    slope = scale.grad.item()
    with torch.no_grad():
        scale += 1e-6
        after = value(module, batch.queries, batch.targets, EYE).item()
        scale -= 2e-6
        before = value(module, batch.queries, batch.targets, EYE).item()
    assert slope == pytest.approx((after - before) / 2e-6, rel=1e-4)
    assert slope != 0


@pytest.mark.parametrize(("loss", "params"), LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zero_vectors_give_finite_values_and_gradients(loss, params, dtype) -> None:
    queries, targets = torch.zeros(5, 3, dtype=dtype), torch.zeros(5, 3, dtype=dtype)
    targets[1] = 1
    queries.requires_grad_(), targets.requires_grad_()
    result = value(loss(params, BuildContext()), queries, targets, PAIR)
    result.backward()
    assert result.isfinite()
    assert queries.grad.isfinite().all()
    assert targets.grad.isfinite().all()


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_another_copy_of_the_target_is_no_negative(loss, params, make_batch) -> None:
    """Query 0's loss does not see target 3, the copy of its own, so no gradient leads from one to the other."""
    batch = make_batch(seed=5)
    only = torch.ones_like(EYE)
    only[0] = PAIR[0]  # only query 0 has negatives, and they are 1, 2 and 4
    only.fill_diagonal_(True)
    targets = batch.targets.requires_grad_()
    value(loss(params, BuildContext()).double(), batch.queries, targets, only).backward()
    # of the hinge, targets 1, 2 and 4 are anchors of their own and have query 0 as their only negative
    assert targets.grad[3].abs().max() == 0
    assert targets.grad[0].abs().max() > 0


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_a_batch_without_negatives_is_worth_zero_and_moves_nothing(loss, params, make_batch) -> None:
    batch = make_batch(seed=6)
    queries = batch.queries.requires_grad_()
    result = value(loss(params, BuildContext()).double(), queries, batch.targets, torch.ones_like(EYE))
    result.backward()
    assert result.item() == 0
    assert queries.grad.abs().max() == 0


@pytest.mark.parametrize(("loss", "params"), LOSSES)
def test_the_norm_of_an_embedding_means_nothing(loss, params, make_batch) -> None:
    batch = make_batch(seed=7)
    module = loss(params, BuildContext()).double()
    lengths = torch.tensor([[0.1], [1.0], [7.0], [20.0], [3.0]], dtype=torch.float64)
    torch.testing.assert_close(
        value(module, batch.queries * lengths, batch.targets * lengths.flip(0), PAIR),
        value(module, batch.queries, batch.targets, PAIR),
    )
