"""The two stages: who learns in which, from which query."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from support.building import needs
from torch import nn

import cir_bench_combiner
from cir_bench import Encoder, Features, TrainBatch, TrainStage, TrainStep
from cir_bench_combiner.method import LOSS, Combiner
from cir_bench_combiner.params import CombinerParams

(SPEC,) = cir_bench_combiner.METHODS
TWO = {"finetune": {"optimiser": "adamw", "lr": 2e-6}}


class TwoTowers(Encoder):
    """A stand-in for CLIP: one linear layer per tower."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = nn.Linear(4, 4), nn.Linear(4, 4)

    def image_item(self, image: object, *, train: bool = False) -> object:
        raise NotImplementedError

    def encode_images(self, items: object, levels: object) -> Features:
        raise NotImplementedError

    def encode_texts(self, texts: object, levels: object) -> Features:
        raise NotImplementedError

    def batch(self) -> TrainBatch:
        x = torch.randn(3, 8, 4, generator=torch.Generator().manual_seed(0))
        image, text, target = self.image(x[0]), self.text(x[1]), self.image(x[2])
        features = [Features(pooled=part) for part in (image, text, target)]
        return TrainBatch(*features, same_target=torch.eye(8, dtype=torch.bool))


@pytest.fixture
def encoder() -> TwoTowers:
    torch.manual_seed(1)
    return TwoTowers()


def only_step(steps: Iterator[TrainStep]) -> TrainStep:
    (step,) = steps
    return step


def test_controlled_track_has_the_second_stage_alone(make_combiner) -> None:
    method = make_combiner()
    assert [stage.name for stage in method.stages()] == ["combiner"]
    assert method.stages()[0].training == method.params.training


def test_both_stages_in_order_with_their_own_settings(make_combiner) -> None:
    stages = make_combiner(**TWO).stages()
    assert [stage.name for stage in stages] == ["finetune", "combiner"]
    assert stages[0].training.lr == 2e-6


def test_first_stage_trains_the_encoder_alone(make_combiner, encoder: TwoTowers) -> None:
    method = make_combiner(**TWO)
    first, second = method.stages()
    assert _trained(method, first, encoder) == set(encoder.parameters())
    assert _trained(method, second, None) == set(method.parameters())


def _trained(method: Combiner, stage: TrainStage, encoder: Encoder | None) -> set[nn.Parameter]:
    optimisers = method.optimisers(stage, {"main": encoder} if encoder else {})
    return {parameter for one in optimisers for group in one.groups for parameter in group.parameters}


def test_first_stage_learns_from_the_normed_sum(make_combiner, encoder: TwoTowers) -> None:
    method = make_combiner(**TWO)
    batch = encoder.batch()
    step = only_step(method.training_steps(batch, method.stages()[0]))
    summed = F.normalize(batch.reference.need_pooled() + batch.text.need_pooled(), dim=1)
    logits = 100 * summed @ F.normalize(batch.target.need_pooled(), dim=1).T
    torch.testing.assert_close(step.terms[LOSS], F.cross_entropy(logits, torch.arange(8)))


def test_second_stage_learns_from_the_combiner_s_query(make_combiner, encoder: TwoTowers) -> None:
    method = make_combiner(**TWO, dropout=0.0)
    batch = encoder.batch()
    step = only_step(method.training_steps(batch, method.stages()[1]))
    query = method.composer.inner.compose(batch.reference, batch.text).main
    logits = 100 * query @ F.normalize(batch.target.need_pooled(), dim=1).T
    torch.testing.assert_close(step.terms[LOSS], F.cross_entropy(logits, torch.arange(8)))


@pytest.mark.parametrize(("which", "image_learns"), [("both", True), ("text", False)])
def test_which_tower_the_first_stage_changes(make_combiner, encoder: TwoTowers, which, image_learns) -> None:
    method = make_combiner(**TWO, finetune_encoders=which)
    only_step(method.training_steps(encoder.batch(), method.stages()[0])).total().backward()
    assert encoder.text.weight.grad.abs().max() > 0
    assert (encoder.image.weight.grad is not None) == image_learns


def test_which_tower_is_a_matter_of_the_first_stage_only(make_combiner, encoder: TwoTowers) -> None:
    method = make_combiner(**TWO, finetune_encoders="text")
    only_step(method.training_steps(encoder.batch(), method.stages()[1])).total().backward()
    assert encoder.image.weight.grad.abs().max() > 0


def test_a_look_during_the_first_stage_evaluates_the_sum_and_after_it_the_combiner(make_combiner, encoder) -> None:
    method = make_combiner(**TWO).eval()
    batch = encoder.batch()
    summed = F.normalize(batch.reference.need_pooled() + batch.text.need_pooled(), dim=1)
    combined = method.composer.inner.compose(batch.reference, batch.text).main
    for stage, expected in zip(method.stages(), (summed, combined), strict=True):
        list(method.training_steps(batch, stage))
        torch.testing.assert_close(method.composer.compose(batch.reference, batch.text).main, expected)


def test_weights_kept_in_the_first_stage_bring_the_sum_with_them(make_combiner, encoder: TwoTowers) -> None:
    method = make_combiner(**TWO).eval()
    list(method.training_steps(encoder.batch(), method.stages()[0]))
    loaded = make_combiner(**TWO).eval()
    loaded.load_state_dict(method.state_dict())
    batch = encoder.batch()
    expected = method.composer.compose(batch.reference, batch.text).main
    assert torch.equal(loaded.composer.compose(batch.reference, batch.text).main, expected)


@pytest.mark.parametrize("benchmark", SPEC.recipes)
def test_recipe_is_the_paper_s(benchmark: str) -> None:
    params = CombinerParams.model_validate(SPEC.recipes[benchmark])
    first, second = params.finetune, params.training
    assert first is not None
    assert (first.optimiser, first.lr, first.batch_size, first.encoder) == ("adamw", 2e-6, 128, "train")
    assert first.encoder_eval
    assert (second.optimiser, second.lr, second.batch_size, second.epochs) == ("adam", 2e-5, 4096, 300)
    assert (second.encoder, second.schedule) == ("frozen", "constant")
    assert params.finetune_encoders == "text"


def test_needs_features_of_one_width() -> None:
    assert needs(SPEC, CombinerParams()).same_width


def test_factors_and_dropout_reach_the_network(make_combiner) -> None:
    network = make_combiner(width=4, projection=2, hidden=3, dropout=0.1).composer.inner
    assert network.project_text[0].out_features == 8
    assert network.mixing[0][0].out_features == 12
    assert network.mixing[0][2].p == 0.1
