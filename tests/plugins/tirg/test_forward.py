"""TIRG's two composers equal the published formulas, computed once more with loops over Python floats."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from support.floats import f64, linear, random_weights, relu, sigmoid
from torch import Tensor

from cir_bench import BuildContext, EncoderShape, Features, FeatureShape, PairingError
from cir_bench_tirg.composer import TirgComposer
from cir_bench_tirg.last_conv import TirgLastConvComposer
from cir_bench_tirg.params import TirgComposerParams, TirgLastConvComposerParams

EPS = 1e-5
"""Of batch norm."""


def normed(x: float, weights: dict[str, Any], prefix: str, i: int) -> float:
    mean, var = weights[f"{prefix}.running_mean"][i], weights[f"{prefix}.running_var"][i]
    scaled: float = (x - mean) / math.sqrt(var + EPS) * weights[f"{prefix}.weight"][i] + weights[f"{prefix}.bias"][i]
    return scaled


def tirg_by_hand(image: list[float], text: list[float], w: dict[str, Any]) -> list[float]:
    x = image + text
    gate = linear(relu([normed(v, w, "gate.0", i) for i, v in enumerate(x)]), w, "gate.2")
    hidden = linear(relu([normed(v, w, "residual.0", i) for i, v in enumerate(x)]), w, "residual.2")
    residual = linear(relu(hidden), w, "residual.4")
    a0, a1 = w["sum.weights"]
    return [a0 * sigmoid(g) * v + a1 * r for g, v, r in zip(gate, image, residual, strict=True)]


@pytest.mark.parametrize("text_width", [3, 5])
def test_pooled(text_width: int) -> None:
    composer = (
        TirgComposer(
            TirgComposerParams(), BuildContext(EncoderShape(FeatureShape(pooled=3), FeatureShape(pooled=text_width)))
        )
        .double()
        .eval()
    )
    weights = random_weights(composer, seed=1)
    image, text = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, text_width, dtype=torch.float64)
    composed = composer.compose(Features(pooled=image), Features(pooled=text)).main
    expected = [tirg_by_hand(i, t, weights) for i, t in zip(image.tolist(), text.tolist(), strict=True)]
    torch.testing.assert_close(composed, f64(expected))


def test_normed_scaling_is_the_same_formula_with_a_unit_output() -> None:
    shape = EncoderShape(FeatureShape(pooled=3), FeatureShape(pooled=3))
    original, normed = (
        TirgComposer(TirgComposerParams(), BuildContext(shape)).eval(),
        TirgComposer(TirgComposerParams(scaling="normed"), BuildContext(shape)).eval(),
    )
    assert original.sum.weights.tolist() == [1.0, 10.0]
    assert normed.sum.weights.tolist() == [1.0, 1.0]
    normed.load_state_dict(original.state_dict())
    reference, text = Features(pooled=torch.randn(4, 3)), Features(pooled=torch.randn(4, 3))
    left, unit = original.compose(reference, text).main, normed.compose(reference, text).main
    assert not torch.allclose(left.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(unit, left / left.norm(dim=1, keepdim=True))


def test_in_training_batch_norm_uses_the_batch() -> None:
    composer = TirgComposer(
        TirgComposerParams(), BuildContext(EncoderShape(FeatureShape(pooled=3), FeatureShape(pooled=3)))
    ).double()
    weights = random_weights(composer, seed=2)
    image, text = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, 3, dtype=torch.float64)
    both = torch.cat([image, text], dim=1)
    for branch in ("gate.0", "residual.0"):
        weights[f"{branch}.running_mean"] = both.mean(dim=0).tolist()
        weights[f"{branch}.running_var"] = both.var(dim=0, unbiased=False).tolist()
    composed = composer.compose(Features(pooled=image), Features(pooled=text)).main
    expected = [tirg_by_hand(i, t, weights) for i, t in zip(image.tolist(), text.tolist(), strict=True)]
    torch.testing.assert_close(composed, f64(expected))


def test_targets_are_the_encoder_s_own_features() -> None:
    composer = TirgComposer(
        TirgComposerParams(), BuildContext(EncoderShape(FeatureShape(pooled=3), FeatureShape(pooled=3)))
    )
    image = Features(pooled=torch.randn(4, 3))
    assert torch.equal(composer.embed_target(image).main, image.need_pooled())


def conv(x: list[list[list[float]]], weights: dict[str, Any], prefix: str) -> list[list[list[float]]]:
    """A 3×3 convolution with zero padding of a map ``[channels][height][width]``."""
    height, width = len(x[0]), len(x[0][0])
    out = []
    for kernel, bias in zip(weights[f"{prefix}.weight"], weights[f"{prefix}.bias"], strict=True):
        plane = [[bias] * width for _ in range(height)]
        for r in range(height):
            for c in range(width):
                for channel, taps in enumerate(kernel):
                    for dr in range(3):
                        for dc in range(3):
                            row, column = r + dr - 1, c + dc - 1
                            if 0 <= row < height and 0 <= column < width:
                                plane[r][c] += taps[dr][dc] * x[channel][row][column]
        out.append(plane)
    return out


Map = list[list[list[float]]]


def printed_branches(x: Map, w: dict[str, Any]) -> tuple[Map, Map]:
    """Gate and residual, BN → ReLU before every first convolution."""
    for_gate, for_residual = (
        [[[max(0.0, normed(v, w, f"{branch}.0", i)) for v in row] for row in plane] for i, plane in enumerate(x)]
        for branch in ("gate", "residual")
    )
    hidden = [[relu(row) for row in plane] for plane in conv(for_residual, w, "residual.2")]
    return conv(for_gate, w, "gate.2"), conv(hidden, w, "residual.4")


def released_branches(x: Map, w: dict[str, Any]) -> tuple[Map, Map]:
    """Both are BN → Conv3×3 → ReLU → Conv3×3."""
    found = []
    for branch in ("gate", "residual"):
        first = [[[normed(v, w, f"{branch}.0", i) for v in row] for row in plane] for i, plane in enumerate(x)]
        hidden = [[relu(row) for row in plane] for plane in conv(first, w, f"{branch}.1")]
        found.append(conv(hidden, w, f"{branch}.3"))
    gate, residual = found
    return gate, residual


def last_conv_by_hand(image: Map, text: list[float], w: dict[str, Any], layers: str) -> list[float]:
    height, width = len(image[0]), len(image[0][0])
    x = image + [[[value] * width for _ in range(height)] for value in text]
    gate, residual = (released_branches if layers == "released" else printed_branches)(x, w)
    a0, a1 = w["sum.weights"]
    pooled = [
        sum(
            a0 * sigmoid(gate[k][r][c]) * image[k][r][c] + a1 * residual[k][r][c]
            for r in range(height)
            for c in range(width)
        )
        / (height * width)
        for k in range(len(image))
    ]
    return linear(pooled, w, "embed")


@pytest.fixture(params=["printed", "released"])
def layers(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def last_conv(layers: str) -> TirgLastConvComposer:
    shape = EncoderShape(FeatureShape(maps=((5, 4, 4), (2, 3, 2))), FeatureShape(pooled=2))
    params = TirgLastConvComposerParams.model_validate({"embed_width": 4, "layers": layers})
    return TirgLastConvComposer(params, BuildContext(shape)).double().eval()


def test_last_conv(last_conv: TirgLastConvComposer, layers: str) -> None:
    weights = random_weights(last_conv, seed=3)
    shallow, deep = torch.randn(3, 5, 4, 4, dtype=torch.float64), torch.randn(3, 2, 3, 2, dtype=torch.float64)
    text = torch.randn(3, 2, dtype=torch.float64)
    composed = last_conv.compose(Features(maps=(shallow, deep)), Features(pooled=text)).main
    expected = [last_conv_by_hand(m, t, weights, layers) for m, t in zip(deep.tolist(), text.tolist(), strict=True)]
    torch.testing.assert_close(composed, f64(expected))


def test_last_conv_targets_go_through_the_same_pooling_and_linear_layer(last_conv: TirgLastConvComposer) -> None:
    weights = random_weights(last_conv, seed=4)
    maps = torch.randn(3, 2, 3, 2, dtype=torch.float64)
    pooled: Tensor = maps.mean(dim=(2, 3))
    expected = [linear(row, weights, "embed") for row in pooled.tolist()]
    found = last_conv.embed_target(Features(maps=(maps,))).main
    torch.testing.assert_close(found, f64(expected))


def test_last_conv_without_maps_is_refused() -> None:
    shape = EncoderShape(FeatureShape(pooled=3), FeatureShape(pooled=3))
    with pytest.raises(PairingError, match="feature maps"):
        TirgLastConvComposer(TirgLastConvComposerParams(), BuildContext(shape))


def test_the_released_gate_is_as_deep_as_its_residual() -> None:
    """The sizes of gate and residual, printed and released."""
    shape = EncoderShape(FeatureShape(maps=((2, 3, 2),)), FeatureShape(pooled=3))
    sizes = {}
    for layers in ("printed", "released"):
        params = TirgLastConvComposerParams.model_validate({"layers": layers})
        composer = TirgLastConvComposer(params, BuildContext(shape))
        branches = (composer.gate, composer.residual)
        sizes[layers] = [[tuple(p.shape) for p in branch.parameters() if p.ndim == 4] for branch in branches]
    narrow, wide = (2, 5, 3, 3), (5, 5, 3, 3)
    assert sizes == {"printed": [[narrow], [wide, narrow]], "released": [[wide, narrow], [wide, narrow]]}
