"""TIRG's and VAL's losses are those of the released code, by its figures."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from support.goldens import Golden, gradients
from torch import Tensor

from cir_bench import BuildContext, Embedding
from cir_bench_losses.classification import BatchClassificationLoss
from cir_bench_losses.hinge import TripletHingeLoss
from cir_bench_losses.params import BatchClassificationParams, SoftTripletParams, TripletHingeParams
from cir_bench_losses.soft_triplet import SoftTripletLoss


def cases(golden: Golden) -> list[str]:
    """Their names; an excerpt has some of them."""
    return [f"case{c}" for c in range(golden.count("cases")) if f"case{c}/query" in golden]


def sides(golden: Golden, case: str) -> tuple[Tensor, Tensor]:
    """Query and target vectors, with gradients."""
    query, target = (golden.tensor(f"{case}/{side}").requires_grad_() for side in ("query", "target"))
    return query, target


def every_target_once(query: Tensor) -> Tensor:
    return torch.eye(len(query), dtype=torch.bool)


def compare_value_and_gradients(
    golden: Golden, prefix: str, value: Tensor, query: Tensor, target: Tensor, scale: Tensor
) -> dict[str, Tensor]:
    golden.compare(f"{prefix}/loss", value)
    found = gradients(value, {"query": query, "target": target, "scale": scale})
    golden.compare_all({f"{prefix}/grad_{name}": gradient for name, gradient in found.items()})
    return found


def test_soft_triplet(golden: Callable[[str], Golden]) -> None:
    """Over all triplets, which is the expectation of the released draw, and over one such draw."""
    figures = golden("tirg_losses")
    for case in cases(figures):
        query, target = sides(figures, case)
        start = figures.number(f"{case}/scale")
        loss = SoftTripletLoss(SoftTripletParams(scale=start, anchors="both"), BuildContext()).double()
        pairs = Embedding.single(query), Embedding.single(target), every_target_once(query)
        ((terms, negatives, _),) = loss.terms(*pairs)
        values = {"all": loss(*pairs)}
        for way in ("all", "draw"):
            anchors, partners, others = figures.tensor(f"{case}/soft/{way}/triplets").long().T
            assert torch.equal((anchors - partners).abs(), torch.full_like(anchors, len(query)))
            assert negatives[anchors, others].all()
            values["draw"] = terms[anchors, others].mean()
            prefix = f"{case}/soft/{way}"
            found = compare_value_and_gradients(figures, prefix, values[way], query, target, loss.scale.value)
            rows = torch.cat([loss.scale.value * F.normalize(side, dim=1) for side in (query, target)])
            released = (rows * figures.tensor(f"{prefix}/released_grad_features")).sum()
            halves = gradients(released, {"query": query, "target": target, "scale": loss.scale.value})
            for name, half in halves.items():  # the released backward pass gives half the gradient
                torch.testing.assert_close(2 * half, found[name])
        per_anchor = terms.masked_fill(~negatives, 0).sum(dim=1) / negatives.sum(dim=1)
        figures.compare(f"{case}/soft/all/per_anchor", per_anchor)
    results = {name for name in figures.unseen(("case",)) if "/soft/" in name}
    assert {name.rpartition("/")[2] for name in results} <= {"triplets", "released_grad_features"}


def test_batch_classification(golden: Callable[[str], Golden]) -> None:
    figures = golden("tirg_losses")
    for case in cases(figures):
        query, target = sides(figures, case)
        loss = BatchClassificationLoss(
            BatchClassificationParams(scale=figures.number(f"{case}/scale")), BuildContext()
        ).double()
        value = loss(Embedding.single(query), Embedding.single(target), every_target_once(query))
        compare_value_and_gradients(figures, f"{case}/classification", value, query, target, loss.scale.value)
    assert not {name for name in figures.unseen(("case",)) if "/classification/" in name}


def test_triplet_hinge(golden: Callable[[str], Golden]) -> None:
    """Batches in which no, some and all anchors have no candidate."""
    figures = golden("val_hinge")

    def loss(mining: str, margin: float) -> TripletHingeLoss:
        return TripletHingeLoss(TripletHingeParams.model_validate({"mining": mining, "margin": margin}), BuildContext())

    margin = figures.number("margin")
    for case in cases(figures):
        query, target = sides(figures, case)
        pairs = Embedding.single(query), Embedding.single(target), every_target_once(query)
        value = loss("released", margin)(*pairs)
        figures.compare(f"{case}/loss", value)
        found = gradients(value, {"query": query, "target": target})
        figures.compare_all({f"{case}/grad_{name}": gradient for name, gradient in found.items()})
        ((hinge, _),) = loss("released", margin).terms(*pairs)
        figures.compare(f"{case}/per_pair", hinge.sum(dim=0))
        ((beyond, _),) = loss("released", 9.0).terms(*pairs)  # every candidate is within this margin
        for side, anchors in zip(("query", "target"), beyond, strict=True):
            figures.compare(f"{case}/no_negative_{side}", (anchors == 0).double())
        figures.compare(f"{case}/loss_hardest", loss("hardest", margin)(*pairs))
    assert {name.rpartition("/")[2] for name in figures.unseen(("case",))} <= {"query", "target", "cases"}
