"""Every row of Table 3 changes what it should and nothing else."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from support.building import needs
from torch import Tensor

import cir_bench_tgcir
from cir_bench import FeatureLevel, TrainBatch, TrainStep
from cir_bench_tgcir.method import Tgcir
from cir_bench_tgcir.params import TgcirParams

(SPEC,) = cir_bench_tgcir.METHODS
ALL = {"L_rank_stu", "L_rank_tea", "L_mask_tea", "L_ortho", "L_ckd", "L_kl"}
OF_LOSS = {
    "no-ortho": {"L_ortho"},
    "no-target-guide": {"L_rank_tea", "L_mask_tea", "L_ckd", "L_kl"},
    "no-target-guide-c": {"L_ckd"},
    "no-target-guide-m": {"L_kl"},
}
OF_ATTRIBUTES = {"local-only": slice(3, 7), "global-only": slice(0, 3)}
"""Which of the small model's attributes are left: P = 3 global ones come first, then Q = 4 local ones."""
LETTERS = {"L_rank_tea": "lam", "L_mask_tea": "eta", "L_ortho": "mu", "L_ckd": "nu", "L_kl": "kappa"}


def step_of(method: Tgcir, batch: TrainBatch) -> TrainStep:
    (step,) = method.training_steps(batch, method.stages()[0])
    return step


def weights(method: Tgcir) -> dict[str, Tensor]:
    return dict(method.named_parameters())


def test_all_six_terms_by_default(make_tgcir, random_batch) -> None:
    step = step_of(make_tgcir(), random_batch())
    assert set(step.terms) == set(step.weights) == ALL


@pytest.mark.parametrize("ablation", OF_LOSS)
def test_an_ablation_of_losses_drops_its_terms_and_leaves_the_others_as_they_were(
    make_tgcir, random_batch, ablation: str
) -> None:
    batch = random_batch(1)
    whole, ablated = (step_of(make_tgcir(ablation=name), batch) for name in ("none", ablation))
    assert set(whole.terms) - set(ablated.terms) == OF_LOSS[ablation]
    for name, term in ablated.terms.items():
        assert torch.equal(term, whole.terms[name])
        assert ablated.weights[name] == whole.weights[name]
    missing = sum(whole.weights[name] * whole.terms[name] for name in OF_LOSS[ablation])
    torch.testing.assert_close(whole.total() - ablated.total(), missing)
    assert missing > 0


@pytest.mark.parametrize("ablation", OF_LOSS)
def test_an_ablation_of_losses_starts_from_the_same_weights_and_composes_the_same(
    make_tgcir, random_batch, ablation: str
) -> None:
    whole, ablated, batch = make_tgcir(), make_tgcir(ablation=ablation), random_batch(2)
    gone = {name for name in weights(whole) if name.startswith("teacher.") and ablation == "no-target-guide"}
    assert set(weights(ablated)) == set(weights(whole)) - gone
    for name, tensor in weights(ablated).items():
        assert torch.equal(tensor, weights(whole)[name]), f"{name} starts elsewhere"
    queries = [method.composer.compose(batch.reference, batch.text).main for method in (whole, ablated)]
    assert torch.equal(*queries)


def test_without_any_guide_there_is_no_teacher_and_targets_are_only_ranked(make_tgcir, random_batch) -> None:
    method = make_tgcir(ablation="no-target-guide")
    assert method.teacher is None
    assert set(step_of(method, random_batch()).terms) == {"L_rank_stu", "L_ortho"}


@pytest.mark.parametrize("ablation", OF_ATTRIBUTES)
def test_an_ablation_of_attributes_keeps_one_kind_as_it_was(make_tgcir, random_batch, ablation: str) -> None:
    whole, ablated, batch = make_tgcir(), make_tgcir(ablation=ablation), random_batch(3)
    left = OF_ATTRIBUTES[ablation]
    for role, features in (("image", batch.reference), ("text", batch.text), ("image", batch.target)):
        found, expected = (getattr(m.composer, f"{role}_attributes")(features) for m in (ablated, whole))
        torch.testing.assert_close(found, expected[:, left])
    dropped = "global_attributes" if ablation == "local-only" else "local_attributes"
    assert set(weights(ablated)) == {name for name in weights(whole) if dropped not in name}
    for name, tensor in weights(ablated).items():
        assert torch.equal(tensor, weights(whole)[name]), f"{name} starts elsewhere"
    assert step_of(ablated, batch).weights == step_of(whole, batch).weights


@pytest.mark.parametrize("ablation", OF_ATTRIBUTES)
def test_with_attributes_of_one_kind_every_term_is_the_paper_s_over_those(
    make_tgcir, random_batch, by_hand, ablation: str
) -> None:
    method, batch = make_tgcir(ablation=ablation), random_batch(4)
    found, expected = step_of(method, batch).terms, by_hand(method).terms(batch)
    assert {name: term.item() for name, term in found.items()} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ablation", "levels"),
    [
        ("none", {FeatureLevel.POOLED, FeatureLevel.TOKENS}),
        ("no-target-guide", {FeatureLevel.POOLED, FeatureLevel.TOKENS}),
        ("local-only", {FeatureLevel.TOKENS}),
        ("global-only", {FeatureLevel.POOLED}),
    ],
)
def test_needs_are_what_is_read(ablation: str, levels: set[FeatureLevel]) -> None:
    found = needs(SPEC, TgcirParams(ablation=ablation))
    assert (found.image, found.text, found.same_width, found.side_text) == (levels, levels, False, False)


def test_the_pooled_basis_needs_one_width_unless_no_pooled_feature_is_read() -> None:
    assert needs(SPEC, TgcirParams(global_basis="pooled")).same_width
    assert not needs(SPEC, TgcirParams(global_basis="pooled", ablation="local-only")).same_width


@pytest.mark.parametrize("name", LETTERS)
def test_a_weight_reaches_its_term_and_zero_drops_it(make_tgcir, random_batch, name: str) -> None:
    batch = random_batch(5)
    whole = step_of(make_tgcir(), batch)
    heavier = step_of(make_tgcir(**{LETTERS[name]: 7.5}), batch)
    assert heavier.weights == {**whole.weights, name: 7.5}
    assert set(step_of(make_tgcir(**{LETTERS[name]: 0.0}), batch).terms) == ALL - {name}


def test_ablations_are_spelled_as_documented() -> None:
    with pytest.raises(ValidationError, match="no-target-guide-c"):
        TgcirParams.model_validate({"ablation": "no-target-guide-x"})
