"""The paper track's settings are those of Section 4.1.2."""

from __future__ import annotations

import pytest

import cir_bench_tgcir
from cir_bench.interfaces.spec_params import make_params
from cir_bench_encoders.openclip_params import OpenClipParams

(SPEC,) = cir_bench_tgcir.METHODS
(COMPOSER,) = cir_bench_tgcir.COMPOSERS


@pytest.mark.parametrize(
    ("benchmark", "q", "mu", "nu", "kappa", "tau"),
    [
        ("fashioniq", 8, 0.1, 10, 0.5, 0.1),
        ("shoes", 6, 0.05, 5, 0.5, 0.1),
        ("cirr", 8, 0.1, 1, 0.1, 0.05),
        ("*", 8, 0.1, 10, 0.5, 0.1),
    ],
)
def test_every_benchmark_has_its_own_hyper_parameters(benchmark, q, mu, nu, kappa, tau) -> None:
    params = make_params(SPEC, SPEC.recipes[benchmark])
    assert (params.local_attributes, params.global_attributes, params.width) == (q, None, 512)
    assert (params.lam, params.eta, params.mu, params.nu, params.kappa, params.tau) == (1, 1, mu, nu, kappa, tau)
    assert (params.variant, params.global_basis, params.ablation) == ("released", "pooled", "none")


@pytest.mark.parametrize("benchmark", SPEC.recipes)
def test_training_is_the_published_one(benchmark: str) -> None:
    training = make_params(SPEC, SPEC.recipes[benchmark]).training
    assert (training.optimiser, training.lr, training.encoder_lr, training.batch_size) == ("adamw", 1e-4, 1e-5, 64)
    assert (training.schedule, training.milestones, training.gamma) == ("step", (5, 10), 0.1)
    assert (training.epochs, training.patience, training.weight_decay) == (30, 5, 0.01)
    assert (training.encoder, training.mask_same_target) == ("train", False)


def test_a_variant_sets_all_switches() -> None:
    switches = ("masks", "pooling", "temperature", "attribute_weights", "scales", "teacher_detach")

    def values(**params: str) -> tuple[object, ...]:
        made = make_params(SPEC, params)
        return tuple(getattr(made, name) for name in switches)

    assert values() == values(variant="printed") == ("printed", "sum", "fixed", False, "printed", "masks")
    assert values(variant="released") == ("released", "all-mean", "learned", True, "released", "branch")
    assert values(variant="released", pooling="sum")[1] == "sum"


def test_the_paper_s_encoder_is_openai_s_vit_b_16() -> None:
    assert SPEC.paper_encoder == "openclip:ViT-B-16:openai"
    assert SPEC.encoder_recipes == {"*": {"block": "last", "text_positions": "all"}}
    OpenClipParams.model_validate(SPEC.encoder_recipes["*"])


def test_the_composer_s_defaults_are_the_method_s() -> None:
    """Asked for by name (SADN), the student is the one that the method trains."""
    composer, method = make_params(COMPOSER), make_params(SPEC)
    for name in COMPOSER.params.model_fields:
        assert getattr(composer, name) == getattr(method, name), name
