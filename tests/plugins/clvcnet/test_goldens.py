"""CLVC-Net's two networks and its losses are those of the released code, by its figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.building import builder
from support.goldens import Golden, gradients, load_weights, renamed
from torch import Tensor

import cir_bench_clvcnet
import cir_bench_losses
from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_clvcnet.alignment import alignment_weights
from cir_bench_clvcnet.method import Clvcnet
from cir_bench_clvcnet.params import ClvcnetParams

NAMES = ("local", "global")
UNITS = {
    f"branch{branch}": f"{ours}.{place}"
    for branch, ours, place in [
        ("0", "one", 0),
        ("1.0", "three", 0),
        ("1.1", "three", 1),
        ("2.0", "threes", 0),
        ("2.1", "threes", 1),
        ("2.2", "threes", 2),
        ("3.1", "pooled", 0),
    ]
}

READS_THE_PAIR = tuple(f"{branch}.0.conv.weight" for branch in ("one", "three", "threes", "pooled"))
"""In the global network the released pair is [T; X̄]; ours has the image first, as printed."""


def names(network: str) -> dict[str, str]:
    """Our modules by the released names of one network's."""
    ours, of_query = f"composer.networks.{network}", "_query" if network == "global" else ""
    found = {
        "loss_weight": f"classify.{network}.scale.value",
        "img_model.img_pool": f"{ours}.pool_target",
        "img_model.img_fc": f"{ours}.project_target",
        f"{network}_pool": f"{ours}.pool{of_query}",
        f"{network}_fc": f"{ours}.project{of_query}",
        f"{network}_fuse.img1x1conv": f"{ours}.transform",
    }
    for layer in ("gamma", "beta"):
        for released, unit in UNITS.items():
            place = f"{network}_fuse.inception_{layer}.{released}"
            found |= {
                f"{place}.{its}": f"{ours}.{layer}.{unit}.{mine}" for its, mine in (("conv", "conv"), ("bn", "norm"))
            }
    return found


@pytest.fixture
def figures(golden: Callable[[str], Golden]) -> Golden:
    return golden("clvcnet")


@pytest.fixture
def method(figures: Golden) -> Clvcnet:
    """With the released weights."""
    channels, *size = figures.tensor("in/local/ref").shape[1:]
    _, words, width = figures.tensor("in/local/tok").shape
    shape = EncoderShape(FeatureShape(maps=((channels, *size),)), FeatureShape(tokens=width))
    params = ClvcnetParams.model_validate(
        {
            "variant": "released",
            "width": len(figures.tensor("w/local/local_fc.bias")),
            "tau_local": figures.number("tau/local"),
            "tau_global": figures.number("tau/global"),
            "text_length": words,
        }
    )
    made = Clvcnet(params, builder(shape, cir_bench_losses, cir_bench_clvcnet))
    for name in NAMES:
        figures.compare("init/loss_weight", made.classify[name].factor())
        network = made.composer.network(name)
        query = network.pool if name == "local" else network.pool_query
        figures.compare_all({"init/gem_p": query.p})
        figures.compare_all({"init/gem_p": network.pool_target.p})
    weights: dict[str, Tensor] = {}
    for name in NAMES:
        released = {key: one.squeeze() if one.numel() == 1 else one for key, one in figures.below(f"w/{name}/").items()}
        weights |= renamed(released, names(name))
    for key, weight in weights.items():
        if key.startswith("composer.networks.global") and key.endswith(READS_THE_PAIR):
            weights[key] = halves_swapped(weight)
    load_weights(made, weights)
    return made


@pytest.fixture
def batch(figures: Golden) -> TrainBatch:
    """Each network has features of its own."""

    def images(role: str) -> Features:
        maps = {name: figures.tensor(f"in/{name}/{role}").requires_grad_() for name in NAMES}
        return Features(branches={name: Features(maps=(one,)) for name, one in maps.items()})

    texts = {}
    for name in NAMES:
        tokens = figures.tensor(f"in/{name}/tok").requires_grad_()
        texts[name] = Features(
            tokens=tokens, mask=torch.arange(tokens.shape[1]) < figures.tensor("in/lengths")[:, None]
        )
    size = len(figures.tensor("in/lengths"))
    return TrainBatch(images("ref"), Features(branches=texts), images("tgt"), torch.eye(size, dtype=torch.bool))


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_both_networks(figures: Golden, method: Clvcnet, batch: TrainBatch, mode: str) -> None:
    method.train(mode == "train")
    score = 0
    for name in NAMES:
        network, found = method.composer.network(name), {}

        def keep(layer: str, into: dict[str, Tensor]) -> Callable[..., None]:
            def hook(_module: object, inputs: tuple[Tensor, ...], output: Tensor) -> None:
                into.update({"inception_in": inputs[0], layer: output})

            return hook

        for layer in ("gamma", "beta"):
            getattr(network, layer).register_forward_hook(keep(layer, found))
        matched = network(*(one.branch(name) for one in (batch.reference, batch.text, batch.target)))
        (image,), (tokens, _) = batch.reference.branch(name).need_maps(1), batch.text.branch(name).need_tokens()
        positions = network.transform(image).flatten(2).transpose(1, 2)
        sides = (positions, tokens) if name == "local" else (tokens, positions)
        weights = alignment_weights(*sides, network.tau, network.alignment)
        found |= {"composed": matched.representation, "query": matched.query, "target": matched.target}
        found["attention"] = weights.transpose(1, 2) if name == "local" else weights
        if name == "global":
            found["inception_in"] = halves_swapped(found["inception_in"])
        figures.compare_all({f"out/{mode}/{name}/{what}": value for what, value in found.items()})
        cosines = torch.nn.functional.cosine_similarity(matched.query[:, None], matched.target[None], dim=2)
        score = score + cosines / len(NAMES)
    figures.compare(f"out/{mode}/score", score)
    assert not figures.unseen((f"out/{mode}/",))


def halves_swapped(x: Tensor) -> Tensor:
    """The second half of the channels first."""
    return torch.cat(x.chunk(2, dim=1)[::-1], dim=1)


def test_losses(figures: Golden, method: Clvcnet, batch: TrainBatch) -> None:
    """Values, gradients, and the running statistics after one batch."""
    steps = list(method.train().training_steps(batch, method.stages()[0]))
    for name, step in zip(NAMES, steps, strict=True):
        own, guide = name[0].upper(), {"local": "G", "global": "L"}[name]
        logged = {
            "class": f"L_{name[0]}c",
            "perceptual": "L_lp",
            "mul_kl": f"L_rank_{guide}_to_{own}",
            "img": f"L_fea_{guide}_to_{own}",
        }
        tokens = {"tok": batch.text.branch(name).need_tokens()[0], "loss_weight": method.classify[name].scale.value}
        for term, ours in logged.items():
            if ours in step.terms:
                figures.compare(f"loss/{name}/{term}", step.terms[ours])
                found = gradients(step.terms[ours], tokens)
                found["loss_weight"] = found["loss_weight"][None]
                figures.compare_all({f"grad/{name}/{term}/{what}": one for what, one in found.items()})
        figures.compare(f"loss/{name}/total", step.total())
        maps = {
            role: features.branch(name).need_maps(1)[0]
            for role, features in (("ref", batch.reference), ("tgt", batch.target))
        }
        for role, gradient in gradients(step.total(), maps).items():
            figures.compare(f"grad/{name}/total/{role}_norm", gradient.flatten(1).norm(dim=1))
    statistics = {key: value for key, value in method.state_dict().items() if "running" in key}
    for name in NAMES:
        backwards = {ours: released for released, ours in names(name).items()}
        figures.compare_all({f"after/{name}/{key}": one for key, one in renamed(statistics, backwards).items()})
    assert not figures.unseen(("loss/", "grad/", "after/"))
