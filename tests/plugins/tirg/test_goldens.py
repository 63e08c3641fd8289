"""TIRG's two models are those of the released code, by its figures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from support.goldens import Golden, gradients, load_weights, renamed
from torch import Tensor

from cir_bench import BuildContext, Composer, EncoderShape, Features, FeatureShape
from cir_bench_tirg.composer import TirgComposer
from cir_bench_tirg.last_conv import TirgLastConvComposer
from cir_bench_tirg.params import TirgComposerParams, TirgLastConvComposerParams

POOLED = {
    "gated_feature_composer.1": "gate.0",
    "gated_feature_composer.3": "gate.2",
    "res_info_composer.1": "residual.0",
    "res_info_composer.3": "residual.2",
    "res_info_composer.5": "residual.4",
}
LAST_CONV = {"mod2d_gate": "gate", "mod2d": "residual", "img_model.fc.0": "embed"}


def two_of_four(weights: Tensor, start: Tensor) -> Tensor:
    """The released vector of weights: ours, and two that nothing uses."""
    return torch.cat([weights, start[2:]])


def compare(
    golden: Golden, composer: Composer, names: dict[str, str], reference: Callable[[Tensor], Features], image: str
) -> None:
    golden.compare("init/a", two_of_four(composer.sum.weights, golden.tensor("init/a")))
    weights = golden.below("w/")
    load_weights(composer, {**renamed(weights, names), "sum.weights": weights["a"][:2]})
    inputs = {name: golden.tensor(f"in/{name}").requires_grad_() for name in (image, "text")}
    for mode in ("eval", "train"):
        query = composer.train(mode == "train").compose(reference(inputs[image]), Features(pooled=inputs["text"])).main
        golden.compare(f"out/{mode}/query", query)
        product = (query * golden.tensor("in/cotangent")).sum()
        found = gradients(product, {**inputs, "a": composer.sum.weights})
        found["a"] = two_of_four(found["a"], torch.zeros(4))
        golden.compare_all({f"grad/{mode}/{name}": gradient for name, gradient in found.items()})
    statistics = {name: value for name, value in composer.state_dict().items() if "running" in name}
    backwards = {ours: released for released, ours in names.items()}
    golden.compare_all({f"after/{name}": value for name, value in renamed(statistics, backwards).items()})


def test_the_pooled_model(golden: Callable[[str], Golden]) -> None:
    figures = golden("tirg_pooled")
    widths = [figures.tensor(f"in/{name}").shape[1] for name in ("image", "text")]
    shape = EncoderShape(*(FeatureShape(pooled=width) for width in widths))
    composer = TirgComposer(TirgComposerParams(), BuildContext(shape))
    compare(figures, composer, POOLED, lambda image: Features(pooled=image), "image")
    assert not figures.unseen()


def test_the_model_on_the_last_map(golden: Callable[[str], Golden]) -> None:
    figures = golden("tirg_last_conv")
    _, *size = figures.tensor("in/map").shape
    channels, height, width = size
    text, embedded = figures.tensor("in/text").shape[1], len(figures.tensor("w/img_model.fc.0.bias"))
    shape = EncoderShape(FeatureShape(maps=((channels, height, width),)), FeatureShape(pooled=text))
    params = TirgLastConvComposerParams(embed_width=embedded, layers="released")
    composer = TirgLastConvComposer(params, BuildContext(shape))
    compare(figures, composer, LAST_CONV, lambda image: Features(maps=(image,)), "map")
    figures.compare("out/target", composer.embed_target(Features(maps=(figures.tensor("in/target_map"),))).main)
    assert not figures.unseen()
