"""The method: its switches, its parameters, its needs and its published recipe."""

from __future__ import annotations

import pytest
import torch
from support.building import needs

import cir_bench_tirg
from cir_bench import FeatureLevel, Features, TrainBatch, TrainStage
from cir_bench.config import merge
from cir_bench.interfaces.spec_params import make_params
from cir_bench_encoders.cnn_lstm_params import CnnLstmParams
from cir_bench_tirg.composer import TirgComposer
from cir_bench_tirg.last_conv import TirgLastConvComposer
from cir_bench_tirg.params import TirgParams

(SPEC,) = cir_bench_tirg.METHODS
MAPS = ((3, 2, 2),)


def test_parameter_count_at_the_paper_s_width(make_tirg) -> None:
    """BN of gate and residual, Linear 2d→d, Linear 2d→2d and 2d→d, a0 and a1, and the loss' scale."""
    d = 512
    gate = 2 * 2 * d + 2 * d * d + d
    residual = 2 * 2 * d + (2 * d * 2 * d + 2 * d) + (2 * d * d + d)
    method = make_tirg(image=d, text=d)
    assert sum(p.numel() for p in method.parameters()) == gate + residual + 2 + 1


def test_level_picks_the_composer_and_what_it_needs(make_tirg) -> None:
    assert isinstance(make_tirg().composer, TirgComposer)
    assert needs(SPEC, TirgParams()).image == {FeatureLevel.POOLED}
    last_conv = TirgParams(level="last-conv")
    assert isinstance(make_tirg(maps=MAPS, level="last-conv").composer, TirgLastConvComposer)
    assert needs(SPEC, last_conv).image == {FeatureLevel.MAPS}
    assert needs(SPEC, last_conv).text == {FeatureLevel.POOLED}


def test_no_width_is_forced_on_the_encoder() -> None:
    assert not needs(SPEC, TirgParams()).same_width


@pytest.mark.parametrize("loss", ["batch-classification", "soft-triplet"])
def test_loss_changes_the_term_and_nothing_else(make_tirg, loss: str) -> None:
    torch.manual_seed(0)
    method = make_tirg(loss=loss)
    torch.manual_seed(0)
    other = make_tirg()
    (step,) = method.training_steps(_batch(), TrainStage("training", method.params.training))
    assert list(step.terms) == [loss]
    assert step.total() > 0
    for mine, its in zip(method.composer.parameters(), other.composer.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_scaling_and_embed_width_reach_the_composer(make_tirg) -> None:
    assert make_tirg(scaling="normed").composer.sum.weights.tolist() == [1.0, 1.0]
    assert make_tirg(maps=MAPS, level="last-conv", embed_width=7).composer.embed.out_features == 7


def test_the_released_variant_is_the_released_layers_and_anchors(make_tirg) -> None:
    released = make_tirg(maps=MAPS, level="last-conv", loss="soft-triplet", variant="released")
    assert len(released.composer.gate) == len(released.composer.residual) == 4
    assert released.losses["soft-triplet"].params.anchors == "both"
    one_by_one = TirgParams(layers="released", anchors="both", variant="released")
    assert TirgParams(variant="released") == one_by_one
    assert TirgParams(variant="released", layers="printed").layers == "printed"


def test_the_pooled_model_has_no_released_layers_of_its_own(make_tirg) -> None:
    """It agrees with the released code as it is printed."""
    torch.manual_seed(0)
    printed = make_tirg()
    torch.manual_seed(0)
    released = make_tirg(variant="released")
    (found,), (expected,) = (
        method.training_steps(_batch(), TrainStage("training", method.params.training))
        for method in (released, printed)
    )
    assert torch.equal(found.total(), expected.total())


def test_anchors_change_the_soft_triplet_loss_alone(make_tirg) -> None:
    values = {}
    for loss in ("soft-triplet", "batch-classification"):
        for anchors in ("queries", "both"):
            torch.manual_seed(0)
            method = make_tirg(loss=loss, anchors=anchors)
            (step,) = method.training_steps(_batch(), TrainStage("training", method.params.training))
            values[loss, anchors] = step.total().item()
    assert values["soft-triplet", "queries"] != values["soft-triplet", "both"]
    assert values["batch-classification", "queries"] == values["batch-classification", "both"]


def _batch() -> TrainBatch:
    generator = torch.Generator().manual_seed(1)
    draw = [Features(pooled=torch.randn(8, width, generator=generator)) for width in (6, 4, 6)]
    return TrainBatch(*draw, same_target=torch.eye(8, dtype=torch.bool))


@pytest.mark.parametrize("benchmark", ["*", "fashioniq", "fashion200k"])
def test_recipe_is_160k_steps_with_decay_every_50k(benchmark: str) -> None:
    params = TirgParams.model_validate(SPEC.recipes[benchmark])
    training = params.training
    triplets = {"fashion200k": 172_049}.get(benchmark, 18_000)
    steps = triplets / training.batch_size
    assert training.epochs * steps == pytest.approx(160_000, rel=0.02)
    assert [m * steps for m in training.milestones] == pytest.approx([50_000, 100_000, 150_000], rel=0.05)
    assert (training.optimiser, training.lr, training.encoder_lr) == ("sgd", 1e-2, 1e-3)
    assert (params.variant, params.layers, params.anchors) == ("released", "released", "both")


def test_recipe_of_css_is_the_paper_s_best_there() -> None:
    """As the released command line trains it: 210k steps at one rate."""
    params = make_params(SPEC, merge(SPEC.recipes["*"], SPEC.recipes["css"]))
    training = params.training
    assert (params.level, params.loss, params.variant) == ("last-conv", "soft-triplet", "released")
    assert training.epochs * 18_000 / 32 == pytest.approx(210_000, rel=0.02)
    assert (training.schedule, training.lr, training.encoder_lr, training.optimiser) == ("constant", 1e-2, None, "sgd")


def test_the_paper_s_cnn_is_pretrained() -> None:
    encoder = CnnLstmParams.model_validate({"backbone": "resnet18", **SPEC.encoder_recipes["*"]})
    assert (encoder.pretrained, encoder.punctuation) == (True, "removed")
