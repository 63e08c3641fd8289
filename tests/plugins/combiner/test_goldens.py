"""The Combiner, its loss and their gradients are those of the released code, by its figures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from support.building import builder
from support.goldens import Golden, gradients, load_weights, renamed

import cir_bench_combiner
import cir_bench_losses
from cir_bench import EncoderShape, Features, FeatureShape
from cir_bench_combiner.method import LOSS, Combiner
from cir_bench_combiner.params import CombinerParams

NAMES = {
    "text_projection_layer": "project_text.0",
    "image_projection_layer": "project_image.0",
    "combiner_layer": "output.0.0",
    "output_layer": "output.1",
    "dynamic_scalar.0": "mixing.0.0",
    "dynamic_scalar.3": "mixing.1",
}


def test_the_combiner_and_its_loss(golden: Callable[[str], Golden]) -> None:
    figures = golden("combiner")
    width = figures.tensor("in/image").shape[1]
    weights = figures.below("w/")
    projected, hidden = len(weights["text_projection_layer.bias"]), len(weights["combiner_layer.bias"])
    params = CombinerParams(projection=projected // width, hidden=hidden // width, dropout=figures.number("dropout"))
    shape = EncoderShape(FeatureShape(pooled=width), FeatureShape(pooled=width))
    method = Combiner(params, builder(shape, cir_bench_losses, cir_bench_combiner)).double().eval()
    composer = method.composer.inner
    load_weights(composer, renamed(weights, NAMES))
    mixing = []
    composer.mixing.register_forward_hook(lambda _module, _inputs, logit: mixing.append(torch.sigmoid(logit)))

    inputs = {name: figures.tensor(f"in/{name}").requires_grad_() for name in ("image", "text", "target")}
    image, text, target = (Features(pooled=tensor) for tensor in inputs.values())
    query, candidate = composer.compose(image, text), composer.embed_target(target)
    loss = method.losses[LOSS]
    figures.compare("logit_scale", loss.factor())
    value = loss(query, candidate, torch.eye(len(query.main), dtype=torch.bool))
    figures.compare_all(
        {
            "out/query": query.main,
            "out/logits": loss.factor() * query.score(candidate),
            "out/loss": value,
            "out/dynamic_scalar": mixing[0],
        }
    )
    found = gradients(value, inputs)
    figures.compare_all({f"grad/loss/{name}": gradient for name, gradient in found.items()})
    found = gradients((query.main * figures.tensor("in/cotangent")).sum(), inputs)
    figures.compare_all({f"grad/query/{name}": gradient for name, gradient in found.items()})
    assert not figures.unseen()
