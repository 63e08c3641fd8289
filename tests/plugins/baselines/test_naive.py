"""image-only, text-only, sum and concat: what they compute and what they train."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from support.building import needs

import cir_bench_baselines
from cir_bench import Features, TrainBatch

NAIVE = ["image-only", "text-only", "sum"]
SPECS = {spec.name: spec for spec in cir_bench_baselines.METHODS}


@pytest.fixture
def batch() -> TrainBatch:
    generator = torch.Generator().manual_seed(0)
    reference, text, target = (3 * torch.randn(8, 6, generator=generator) for _ in range(3))
    features = [Features(pooled=x.requires_grad_()) for x in (reference, text, target)]
    return TrainBatch(*features, same_target=torch.eye(8, dtype=torch.bool))


def test_image_only_and_text_only_are_the_plain_features(make_composer, batch: TrainBatch) -> None:
    image = make_composer("image-only").compose(batch.reference, batch.text)
    text = make_composer("text-only").compose(batch.reference, batch.text)
    assert torch.equal(image.main, batch.reference.need_pooled())
    assert torch.equal(text.main, batch.text.need_pooled())


def test_sum_adds_unit_vectors(make_composer) -> None:
    image, text = Features(pooled=torch.tensor([[3.0, 4.0]])), Features(pooled=torch.tensor([[0.0, 9.0]]))
    composed = make_composer("sum", 2, 2).compose(image, text)
    torch.testing.assert_close(composed.main, torch.tensor([[0.6, 1.8]]))


def test_concat_is_a_two_layer_mlp(make_composer, batch: TrainBatch) -> None:
    composer = make_composer("concat", hidden=5).eval()
    first, second = composer.mlp[0], composer.mlp[3]
    both = torch.cat([batch.reference.need_pooled(), batch.text.need_pooled()], dim=1)
    expected = F.linear(F.relu(F.linear(both, first.weight, first.bias)), second.weight, second.bias)
    torch.testing.assert_close(composer.compose(batch.reference, batch.text).main, expected)


def test_concat_s_width_and_dropout_are_as_asked(make_composer) -> None:
    count = sum(p.numel() for p in make_composer("concat", image=6, text=4).parameters())
    assert count == (10 * 10 + 10) + (10 * 6 + 6)
    narrow = make_composer("concat", image=6, text=4, hidden=3, dropout=0.4)
    assert sum(p.numel() for p in narrow.parameters()) == (10 * 3 + 3) + (3 * 6 + 6)
    assert narrow.mlp[2].p == 0.4


@pytest.mark.parametrize("name", NAIVE)
def test_on_a_frozen_encoder_there_is_nothing_to_train(make_method, name: str) -> None:
    method = make_method(name)
    (stage,) = method.stages()
    assert [one.groups for one in method.optimisers(stage, {})] == [[]]


@pytest.mark.parametrize("name", NAIVE)
def test_on_a_trained_encoder_the_classification_loss_reaches_what_the_query_is_made_of(
    make_method, batch: TrainBatch, name: str
) -> None:
    method = make_method(name, training={"encoder": "train"})
    (step,) = method.training_steps(batch, method.stages()[0])
    query = method.composer.compose(batch.reference, batch.text).main
    logits = 16 * F.normalize(query, dim=1) @ F.normalize(batch.target.need_pooled(), dim=1).T
    torch.testing.assert_close(step.total(), F.cross_entropy(logits, torch.arange(8)))
    step.total().backward()
    image, text = batch.reference.need_pooled().grad, batch.text.need_pooled().grad
    assert (image is not None) == (name != "text-only")
    assert (text is not None) == (name != "image-only")
    assert batch.target.need_pooled().grad is not None


def test_concat_trains_its_mlp_and_the_loss_scale(make_method, batch: TrainBatch) -> None:
    method = make_method("concat")
    (step,) = method.training_steps(batch, method.stages()[0])
    step.total().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in method.parameters())
    assert len(list(method.parameters())) == 5


def test_only_what_compares_or_adds_image_and_text_needs_one_width() -> None:
    needing = {name for name, spec in SPECS.items() if needs(spec, spec.params()).same_width}
    assert needing == {"text-only", "sum"}


def test_sentinels_and_baselines_say_what_they_are() -> None:
    kinds = {name: spec.kind for name, spec in SPECS.items()}
    assert {name for name, kind in kinds.items() if kind == "sentinel"} == {"random", "constant"}
    assert {name for name, kind in kinds.items() if kind == "baseline"} == {*NAIVE, "concat", "film", "relationship"}
