"""The paper track's settings are those of Section 4.1.2."""

from __future__ import annotations

from support.building import needs

import cir_bench_clvcnet
from cir_bench import FeatureLevel
from cir_bench.interfaces.spec_params import make_params
from cir_bench_encoders.cnn_lstm_params import CnnLstmParams

(SPEC,) = cir_bench_clvcnet.METHODS
(COMPOSER,) = cir_bench_clvcnet.COMPOSERS


def test_every_benchmark_has_the_published_hyper_parameters() -> None:
    params = make_params(SPEC, SPEC.recipes["*"])
    assert (params.width, params.tau_local, params.tau_global) == (1024, 7, 4)
    assert (params.mu, params.nu, params.lam, params.eta) == (10, 10, 1, 1)
    assert (params.variant, params.ablation) == ("released", "none")


def test_a_variant_sets_all_switches() -> None:
    switches = ("inception", "target_layer", "transform_bias", "padding", "feature_distance", "temperature")

    def values(**params: str) -> tuple[object, ...]:
        made = make_params(SPEC, params)
        return tuple(getattr(made, name) for name in switches)

    assert values() == values(variant="printed") == ("printed", "shared", True, "masked", "raw", "multiply")
    assert values(variant="released") == ("released", "own", False, "words", "mean", "multiply")
    assert values(variant="released", padding="masked")[3] == "masked"


def test_training_is_the_published_one() -> None:
    training = make_params(SPEC, SPEC.recipes["*"]).training
    assert (training.optimiser, training.lr, training.encoder_lr, training.batch_size) == ("adam", 1e-4, None, 32)
    assert (training.schedule, training.milestones, training.gamma) == ("step", (10,), 0.1)
    assert (training.encoder, training.mask_same_target) == ("train", False)
    assert (training.epochs, training.weight_decay) == (50, 1e-6)
    by_benchmark = {name: values["training"] for name, values in SPEC.recipes.items() if name != "*"}
    assert by_benchmark == {"shoes": {"milestones": (10, 20)}, "fashion200k": {"epochs": 40}}


def test_the_paper_s_encoder_is_a_resnet_50_and_an_lstm_of_1024() -> None:
    settings = SPEC.encoder_recipes["*"]
    assert SPEC.paper_encoder == "cnn-lstm"
    assert (settings["backbone"], settings["pretrained"], settings["lstm_width"]) == ("resnet50", True, 1024)
    assert (settings["image_size"], settings["layer3_stride"]) == (224, 1), "maps of 2048×14×14"
    assert SPEC.encoder_recipes["fashioniq"] == {"flip": True, "crop": 0.84}
    for recipe in SPEC.encoder_recipes.values():
        CnnLstmParams.model_validate(recipe)


def test_it_needs_a_map_and_words() -> None:
    found = needs(SPEC, make_params(SPEC))
    assert (found.image, found.text, found.map_levels) == ({FeatureLevel.MAPS}, {FeatureLevel.TOKENS}, 1)


def test_the_composer_s_defaults_are_the_method_s() -> None:
    composer, method = make_params(COMPOSER), make_params(SPEC)
    for name in COMPOSER.params.model_fields:
        assert getattr(composer, name) == getattr(method, name), name
