"""Two stages in the paper track, one in the controlled; the paper's numbers are the recipes'."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError

import cir_bench_combiner
import cir_bench_sadn
from cir_bench import BatchGallery, ConfigError
from cir_bench.interfaces.spec_params import make_params
from cir_bench_encoders.openclip_params import OpenClipParams
from cir_bench_sadn.params import SadnParams

(SPEC,) = cir_bench_sadn.METHODS
TWO = {"finetune": {"lr": 2e-6}}


def test_the_controlled_track_has_the_second_stage_alone(make_sadn) -> None:
    assert [stage.name for stage in make_sadn().stages()] == ["sadn"]


def test_the_first_stage_is_clip4cir_s_whatever_the_base(make_sadn, make_batch) -> None:
    """normalise(v + t), plain cross-entropy at 100, no neighbourhood; nothing of SADN learns."""
    method, batch = make_sadn(base="image-only", **TWO), make_batch(repeated=False)
    first, _ = method.stages()
    assert first.name == "finetune"
    assert not [group for optimiser in method.optimisers(first, {}) for group in optimiser.groups]
    (step,) = method.training_steps(batch, first)
    summed = F.normalize(batch.reference.need_pooled() + batch.text.need_pooled(), dim=1)
    logits = 100 * summed @ F.normalize(batch.target.need_pooled(), dim=1).T
    torch.testing.assert_close(step.total(), F.cross_entropy(logits, torch.arange(7)))
    query = method.composer.compose(batch.reference, batch.text)
    torch.testing.assert_close(query.main, summed)
    gallery = BatchGallery(method.composer.embed_target(batch.target))
    assert torch.equal(method.composer.refine(query, gallery).main, query.main)


def test_the_second_stage_trains_base_and_aggregation(make_sadn, make_batch) -> None:
    method, batch = make_sadn(base="combiner", **TWO), make_batch()
    first, second = method.stages()
    list(method.training_steps(batch, first))
    (optimiser,) = method.optimisers(second, {})
    assert {id(p) for group in optimiser.groups for p in group.parameters} == {id(p) for p in method.parameters()}
    (step,) = method.training_steps(batch, second)
    assert set(step.terms) == {"rank", "adapt"}
    assert step.weights == {"adapt": 100.0}
    assert not method.composer.summing


def test_images_are_padded_as_clip4cir_does() -> None:
    for spec in (SPEC, *cir_bench_combiner.METHODS):
        encoder = OpenClipParams.model_validate({"model": "RN50x4", **spec.encoder_recipes["*"]})
        assert (encoder.preprocess, encoder.pad_ratio) == ("target-pad", 1.25)


@pytest.mark.parametrize(("benchmark", "gamma"), [("fashioniq", 2.0), ("cirr", 3.0), ("*", 2.0)])
def test_recipes_are_the_paper_s(benchmark: str, gamma: float) -> None:
    params = make_params(SPEC, SPEC.recipes[benchmark])
    assert isinstance(params, SadnParams)
    first, second = params.finetune, params.training
    assert first is not None
    assert (first.epochs, first.lr, first.encoder) == (10, 2e-6, "train")
    assert (second.epochs, second.lr, second.batch_size, second.encoder) == (100, 2e-5, 2048, "frozen")
    assert (first.schedule, second.schedule) == ("constant", "constant")
    assert (params.base, params.neighbours, params.gamma, params.tau) == ("combiner", 10, gamma, 100.0)
    assert (params.lambda_adapt, params.finetune_encoders, params.ablation) == (100.0, "both", "none")


def test_a_neighbourhood_larger_than_the_batch_it_is_taken_from_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"neighbours=300 is not allowed .*training.batch_size is 256"):
        make_params(SPEC, {"neighbours": 300})
    with pytest.raises(ConfigError, match=r"neighbours=10 is not allowed .*training.batch_size is 8"):
        make_params(SPEC, {"training": {"batch_size": 8}})


def test_nothing_to_learn_from_is_refused(make_sadn) -> None:
    with pytest.raises(ConfigError, match="without L_rank and without L_adapt"):
        make_sadn(ablation="no-rank", lambda_adapt=0.0)


def test_a_misspelt_switch_is_refused() -> None:
    with pytest.raises(ValidationError):
        SadnParams.model_validate({"ablation": "no-neighborhood"})


def test_the_card_says_that_it_is_unofficial() -> None:
    assert "unofficial" in SPEC.summary


def test_the_encoder_is_finetuned_then_frozen_and_the_whole_is_evaluated(on_toy) -> None:
    cir_bench = on_toy("-m", "sadn")
    values = ["finetune.epochs=1", "finetune.encoder=train", "training.epochs=2", "training.encoder=frozen"]
    assert cir_bench("run", *(option for value in values for option in ("--set", value)))[0] == 0
    history = cir_bench.record().history
    assert [epoch.stage for epoch in history] == ["finetune", "sadn", "sadn"]
    assert set(history[-1].terms) == {"rank", "adapt"}
