"""L_vv and L_vs equal their formulas, computed once more with loops over Python floats; gradients are right."""

from __future__ import annotations

import pytest
import torch
from support.floats import batch_hinge, random_weights
from torch import Tensor

from cir_bench import TrainBatch, TrainStage
from cir_bench_val.composer import LEVELS
from cir_bench_val.method import Val

MARGIN = 0.2


def step_of(method: Val, batch: TrainBatch, stage: int = -1) -> dict[str, Tensor]:
    (step,) = method.training_steps(batch, method.stages()[stage])
    torch.testing.assert_close(step.total(), torch.stack(list(step.terms.values())).sum())
    return dict(step.terms)


def l_vv(method: Val, batch: TrainBatch, margin: float = MARGIN) -> float:
    query = method.composer.compose(batch.reference, batch.text)
    target = [maps.mean(dim=(2, 3)).tolist() for maps in batch.target.maps]
    same = batch.same_target.tolist()
    levels = zip(LEVELS, target, strict=True)
    return sum(batch_hinge(query.spaces[level].tolist(), vectors, same, margin) for level, vectors in levels)


def l_vs(method: Val, batch: TrainBatch, margin: float = MARGIN) -> float:
    rows = [i for i, there in enumerate(batch.described.tolist()) if there]
    if not rows:
        return 0.0
    descriptions = batch.side_text.need_pooled().tolist()
    same = batch.same_target.tolist()
    total = 0.0
    for level, maps in zip(LEVELS, batch.target.maps, strict=True):
        layer = method.semantic.project[level]
        weight, bias = layer.weight.tolist(), layer.bias.tolist()
        image = [
            [sum(sum(r) for r in plane) / (len(plane) * len(plane[0])) for plane in maps[i].tolist()] for i in rows
        ]
        text = [
            [
                sum(w * x for w, x in zip(row, descriptions[i], strict=True)) + b
                for row, b in zip(weight, bias, strict=True)
            ]
            for i in rows
        ]
        total += batch_hinge(image, text, [[same[i][j] for j in rows] for i in rows], margin)
    return total


@pytest.mark.parametrize("margin", [MARGIN, 0.7])
@pytest.mark.parametrize("images", [None, 3, 1])
@pytest.mark.parametrize("seed", range(4))
def test_l_vv_is_the_hinge_of_every_level_summed(make_val, random_batch, seed, images, margin) -> None:
    """Repeated targets in the batch are not negatives of each other."""
    method = make_val(margin=margin).double()
    random_weights(method, seed)
    batch = random_batch(seed, images=images)
    terms = step_of(method, batch)
    assert list(terms) == ["L_vv"]
    assert terms["L_vv"].item() == pytest.approx(l_vv(method, batch, margin), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "described", [[True] * 5, [True, False, True, True, False], [False, True, False, False, False]]
)
@pytest.mark.parametrize("images", [None, 3])
def test_l_vs_matches_described_images_with_their_texts(make_val, random_batch, images, described) -> None:
    method = make_val(side_text="joint").double()
    random_weights(method, 5)
    batch = random_batch(6, images=images, described=described)
    terms = step_of(method, batch)
    assert terms["L_vv"].item() == pytest.approx(l_vv(method, batch), rel=1e-9)
    assert terms["L_vs"].item() == pytest.approx(l_vs(method, batch), rel=1e-9, abs=1e-12)


def test_l_vs_of_a_batch_without_any_description_is_zero_and_can_be_stepped(make_val, random_batch) -> None:
    method = make_val(side_text="pretrain").double()
    (term,) = step_of(method, random_batch(7, described=[False] * 5), stage=0).values()
    term.backward()
    assert term.item() == 0.0
    assert all(p.grad is None or not p.grad.any() for p in method.parameters())


def test_texts_of_images_without_description_are_not_read(make_val, random_batch) -> None:
    method = make_val(side_text="joint").double()
    described = [True, False, True, True, True]
    batch = random_batch(8, described=described)
    expected = step_of(method, batch)["L_vs"].item()
    with torch.no_grad():
        batch.side_text.need_pooled()[1] = 1e6
    assert step_of(method, batch)["L_vs"].item() == expected


def test_l_vs_trains_the_image_and_the_text_encoder_and_no_transformer(make_val, random_batch) -> None:
    method = make_val(side_text="pretrain").double()
    batch = random_batch(9)
    step_of(method, batch, stage=0)["L_vs"].backward()
    assert all(p.grad is None for p in method.composer.parameters())
    assert batch.side_text.need_pooled().grad.abs().sum() > 0
    assert batch.reference.maps[0].grad is None
    assert batch.text.need_pooled().grad is None


@pytest.mark.parametrize("layers", ["printed", "released"])
def test_gradients_are_those_of_the_formula(make_val, random_batch, layers: str) -> None:
    """Numerical differentiation of L_vv and L_vs with respect to every input and every weight."""
    method = make_val(side_text="joint", margin=1.0, layers=layers).double().eval()
    random_weights(method, 10)
    made = random_batch(11, size=3)
    weights = [parameter.detach().requires_grad_() for parameter in method.parameters()]
    names = [name for name, _ in method.named_parameters()]
    inputs = [*made.reference.maps, made.text.need_pooled(), *(m.detach() for m in made.target.maps)]
    stage = TrainStage("training", method.params.training)

    def total(*values: Tensor) -> Tensor:
        given, numbers = values[: len(inputs) + 1], values[len(inputs) + 1 :]
        batch = TrainBatch(
            type(made.text)(maps=given[:3]),
            type(made.text)(pooled=given[3]),
            type(made.text)(maps=given[4:7]),
            made.same_target,
            type(made.text)(pooled=given[7]),
            made.described,
        )

        class Total(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.method = method

            def forward(self) -> Tensor:
                (step,) = self.method.training_steps(batch, stage)
                return step.total()

        named = {f"method.{name}": number for name, number in zip(names, numbers, strict=True)}
        return torch.func.functional_call(Total(), named, ())

    points = [x.detach().clone().requires_grad_() for x in [*inputs, made.side_text.need_pooled()]]
    assert torch.autograd.gradcheck(total, (*points, *weights), fast_mode=True)


def test_at_the_start_w_sa_learns_and_then_the_whole_self_attention(make_val, random_batch) -> None:
    """w_sa starts at 0, so nothing behind it has a gradient until it has moved."""
    method = make_val(margin=1.0).double()
    step_of(method, random_batch(12, size=8))["L_vv"].backward()
    transformer = method.composer.transformers["level1"]
    assert transformer.w_sa.grad.abs() > 0
    assert all(not p.grad.any() for p in transformer.self_attention.parameters())
    with torch.no_grad():
        transformer.w_sa.fill_(0.1)
    step_of(method, random_batch(13, size=8))["L_vv"].backward()
    assert all(p.grad.any() for p in transformer.self_attention.parameters())
