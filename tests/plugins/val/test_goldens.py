"""VAL's composite transformer is that of the released code, by its figures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from support.goldens import Golden, gradients, load_weights
from torch import Tensor

from cir_bench_val.transformer import CompositeTransformer

CONVOLUTIONS = {
    "Conv": "fuse.layers.0",
    "Conv_1": "joint_attention.channel.1",
    "Conv_2": "joint_attention.spatial.1",
    "Conv_3": "self_attention.out.0",
}
NORMS = {
    "Conv": "fuse.layers.1",
    "Conv_1": "joint_attention.channel.2",
    "Conv_2": "joint_attention.spatial.2",
    "Conv_3": "self_attention.out.1",
}
STATISTICS = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
ATTENTION = ("queries", "keys", "values")
SINGLE_PRECISION = 1e-5
"""The released code ran in single precision."""


def weights(golden: Golden) -> dict[str, Tensor]:
    """By our names: kernels ``[h, w, in, out]`` as ``[out, in, h, w]``, the heads' matrices as groups."""
    released = golden.below("w/")
    heads = golden.count("heads")
    found = {f"{ours}.weight": released[f"{name}/weights"].permute(3, 2, 0, 1) for name, ours in CONVOLUTIONS.items()}
    for name, ours in NORMS.items():
        found |= {f"{ours}.{mine}": released[f"{name}/BatchNorm/{its}"] for its, mine in STATISTICS.items()}
    for place, ours in enumerate(ATTENTION, start=1):
        kernels = [released[f"dense_{3 * head + place:03}/kernel"].T for head in range(heads)]
        found[f"self_attention.{ours}.weight"] = torch.cat(kernels)[:, :, None, None]
    return {**found, "w_ja": released["r_weight"], "w_sa": released["weight"]}


def last_channels(maps: Tensor) -> Tensor:
    """``[B, C, H, W]`` as ``[B, H, W, C]``."""
    return maps.permute(0, 2, 3, 1)


def test_a_level(golden: Callable[[str], Golden]) -> None:
    figures = golden("val_transformer")
    inputs = {name: figures.tensor(f"in/{name}").requires_grad_() for name in ("image", "text")}
    image, text = inputs.values()
    _, height, width, channels = image.shape
    size = channels, height, width
    transformer = CompositeTransformer(size, text.shape[1], figures.count("heads"), "released", "none")
    figures.compare_all({"init/r_weight": transformer.w_ja, "init/weight": transformer.w_sa})
    load_weights(transformer, weights(figures))
    transformer.self_attention.dropout = 0.0  # the figures are without it
    for mode in ("eval", "train"):
        composite = last_channels(transformer.train(mode == "train")(image.permute(0, 3, 1, 2), text))
        figures.compare(f"out/{mode}/composite", composite, SINGLE_PRECISION)
        found = gradients((composite * figures.tensor("in/cotangent")).sum(), inputs)
        figures.compare_all({f"grad/{mode}/{name}": one for name, one in found.items()}, SINGLE_PRECISION)
    assert not figures.unseen()
