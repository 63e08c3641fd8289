"""Composite transformers equal the supplement's Table 1, computed once more with loops over Python floats."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from support.floats import dot, f64, random_weights, sigmoid, softmax

from cir_bench import BuildContext, Features
from cir_bench_val.composer import LEVELS, ValComposer
from cir_bench_val.params import ValComposerParams

Map = list[list[list[float]]]
"""``[channels][height][width]``"""
EPS = 1e-5
"""Of batch norm."""


def cells(x: Map) -> list[tuple[int, int]]:
    return list(itertools.product(range(len(x[0])), range(len(x[0][0]))))


class Level:
    """One composite transformer by hand, from the weights of its state dict."""

    def __init__(self, weights: dict[str, Any], level: str, layers: str) -> None:
        self._all, self._prefix, self._released = weights, f"transformers.{level}.", layers == "released"

    def weight(self, name: str) -> Any:
        return self._all[self._prefix + name]

    def has(self, name: str) -> bool:
        return self._prefix + name in self._all

    def normed(self, value: float, name: str, channel: int) -> float:
        """Batch norm with its running statistics, where the layer has one."""
        if not self._released:
            return value
        mean, var, scale, shift = (
            self.weight(f"{name}.{what}")[channel] for what in ("running_mean", "running_var", "weight", "bias")
        )
        return (value - mean) / math.sqrt(var + EPS) * scale + shift

    def dense(self, vector: list[float], name: str) -> list[float]:
        """A 1×1 convolution at one position."""
        rows = [[tap[0][0] for tap in row] for row in self.weight(f"{name}.weight")]
        bias = self.weight(f"{name}.bias") if self.has(f"{name}.bias") else [0.0] * len(rows)
        return [dot(row, vector) + b for row, b in zip(rows, bias, strict=True)]

    def relu_convolution(self, x: Map, name: str) -> Map:
        out: Map = [[[0.0] * len(x[0][0]) for _ in x[0]] for _ in self.weight(f"{name}.0.weight")]
        for r, c in cells(x):
            for k, value in enumerate(self.dense([plane[r][c] for plane in x], f"{name}.0")):
                out[k][r][c] = max(0.0, self.normed(value, f"{name}.1", k))
        return out

    def gate(self, value: float, name: str, channel: int) -> float:
        value = self.normed(value, f"{name}.2", channel)
        return sigmoid(max(0.0, value) if self._released else value)

    def spatial_gate(self, z: Map) -> list[list[float]]:
        """The kernel is as large as the map; position (r, c) is under its middle, the rest of the field is zero."""
        height, width = len(z[0]), len(z[0][0])
        mean = [[sum(plane[r][c] for plane in z) / len(z) for c in range(width)] for r in range(height)]
        kernel = self.weight("joint_attention.spatial.1.weight")[0][0]
        name = "joint_attention.spatial.1.bias"
        bias = self.weight(name)[0] if self.has(name) else 0.0
        out = [[bias] * width for _ in range(height)]
        for r, c in cells(z):
            for dr, dc in itertools.product(range(height), range(width)):
                row, column = r + dr - (height - 1) // 2, c + dc - (width - 1) // 2
                if 0 <= row < height and 0 <= column < width:
                    out[r][c] += kernel[dr][dc] * mean[row][column]
        return [[self.gate(value, "joint_attention.spatial", 0) for value in row] for row in out]

    def channel_gate(self, z: Map) -> list[float]:
        area = len(cells(z))
        pooled = [sum(plane[r][c] for r, c in cells(z)) / area for plane in z]
        values = self.dense(pooled, "joint_attention.channel.1")
        return [self.gate(value, "joint_attention.channel", k) for k, value in enumerate(values)]

    def joint_attention(self, z: Map, image: Map) -> Map:
        spatial, channel = self.spatial_gate(z), self.channel_gate(z)
        out: Map = [[[0.0] * len(row) for row in plane] for plane in image]
        for k, plane in enumerate(image):
            for r, c in cells(image):
                out[k][r][c] = spatial[r][c] * channel[k] * plane[r][c]
        return out

    def self_attention(self, z: Map, heads: int) -> Map:
        width, positions = len(z) // heads, cells(z)
        out: Map = [[[0.0] * len(row) for row in plane] for plane in z]
        for head in range(heads):
            own = range(head * width, (head + 1) * width)
            q, k, v = (
                [self.head_vector(z, at, name, own) for at in positions] for name in ("queries", "keys", "values")
            )
            for i, (r, c) in enumerate(positions):
                scores = softmax([dot(q[i], one) / math.sqrt(width) for one in k])
                for d, channel in enumerate(own):
                    out[channel][r][c] = dot(scores, [one[d] for one in v])
        return self.relu_convolution(out, "self_attention.out")

    def head_vector(self, z: Map, at: tuple[int, int], name: str, own: range) -> list[float]:
        """What a head's Conv1×1 makes of z at one position; in the released layers it reads only its own channels."""
        r, c = at
        layer = f"self_attention.{name}"
        read = own if self._released else range(len(z))
        vector = [z[k][r][c] for k in read]
        out = []
        for row in own:
            taps = [tap[0][0] for tap in self.weight(f"{layer}.weight")[row]]
            bias = self.weight(f"{layer}.bias")[row] if self.has(f"{layer}.bias") else 0.0
            out.append(dot(taps, vector) + bias)
        return out

    def compose(self, image: Map, text: list[float], heads: int, ablation: str) -> list[float]:
        tiled = [[[value] * len(image[0][0]) for _ in image[0]] for value in text]
        z = self.relu_convolution(image + tiled, "fuse.layers")
        streams = []
        if ablation != "no-self-attention":
            streams.append((self.weight("w_sa") if ablation == "none" else 1.0, self.self_attention(z, heads)))
        if ablation != "no-joint-attention":
            streams.append((self.weight("w_ja") if ablation == "none" else 1.0, self.joint_attention(z, image)))
        area = len(cells(image))
        return [
            sum(weight * stream[k][r][c] for weight, stream in streams for r, c in cells(image)) / area
            for k in range(len(image))
        ]


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("layers", ["printed", "released"])
@pytest.mark.parametrize("ablation", ["none", "no-self-attention", "no-joint-attention"])
def test_composite_transformers(shape, random_batch, heads: int, layers: str, ablation: str) -> None:
    params = ValComposerParams(heads=heads, layers=layers, ablation=ablation)
    composer = ValComposer(params, BuildContext(shape)).double().eval()
    weights = random_weights(composer, 1)
    batch = random_batch(2, size=3)
    query = composer.compose(batch.reference, batch.text)
    texts = batch.text.need_pooled().tolist()
    for level, maps in zip(LEVELS, batch.reference.maps, strict=True):
        by_hand = Level(weights, level, layers)
        expected = [by_hand.compose(m, t, heads, ablation) for m, t in zip(maps.tolist(), texts, strict=True)]
        torch.testing.assert_close(query.spaces[level], f64(expected))


def test_a_target_is_its_own_pooled_maps(shape, random_batch) -> None:
    image = random_batch(3).target
    found = ValComposer(ValComposerParams(), BuildContext(shape)).double().embed_target(image)
    for level, maps in zip(LEVELS, image.maps, strict=True):
        expected = [
            [sum(sum(row) for row in plane) / (len(plane) * len(plane[0])) for plane in m] for m in maps.tolist()
        ]
        torch.testing.assert_close(found.spaces[level], f64(expected))


def test_the_score_ranks_as_the_distance_of_concatenated_normed_levels(shape, random_batch) -> None:
    """Supplement, Testing: outputs pooled (normed) and concatenated, compared by L2 distance."""
    batch = random_batch(4, size=6)
    composer = ValComposer(ValComposerParams(), BuildContext(shape)).double().eval()
    query, target = composer.compose(batch.reference, batch.text), composer.embed_target(batch.target)
    distances = torch.empty(6, 6, dtype=torch.float64)
    for i, j in itertools.product(range(6), range(6)):
        q = torch.cat([v[i] / v[i].norm() for v in query.spaces.values()])
        t = torch.cat([v[j] / v[j].norm() for v in target.spaces.values()])
        distances[i, j] = ((q - t) ** 2).sum()
    torch.testing.assert_close(6 - 2 * composer.score(query, target), distances)


def test_of_more_maps_the_three_deepest_are_read(shape, random_batch) -> None:
    batch = random_batch(5)
    composer = ValComposer(ValComposerParams(), BuildContext(shape)).double().eval()
    shallow = torch.full((5, 9, 4, 4), torch.nan, dtype=torch.float64)
    more = Features(maps=(shallow, *batch.reference.maps))
    torch.testing.assert_close(
        composer.compose(more, batch.text).joint(), composer.compose(batch.reference, batch.text).joint()
    )


@pytest.mark.parametrize("layers", ["printed", "released"])
@pytest.mark.parametrize("ablation", ["none", "no-self-attention", "no-joint-attention"])
def test_the_pooled_composite_is_the_mean_of_the_composite_map(shape, random_batch, layers: str, ablation: str) -> None:
    """Whatever the maps' layout in memory."""
    batch = random_batch(7)
    composer = ValComposer(ValComposerParams(layers=layers, ablation=ablation), BuildContext(shape)).double().eval()
    random_weights(composer, 8)
    words = batch.text.need_pooled()
    for transformer, image in zip(composer.transformers.values(), batch.reference.maps, strict=True):
        expected = transformer(image, words).mean(dim=(2, 3))
        for layout in (torch.contiguous_format, torch.channels_last):
            torch.testing.assert_close(transformer.pooled(image.contiguous(memory_format=layout), words), expected)


def test_in_training_the_released_layers_use_the_batch_and_drop_attention(shape, random_batch) -> None:
    """The printed layers do neither."""
    batch = random_batch(6, size=8)
    for layers, random in (("printed", False), ("released", True)):
        composer = ValComposer(
            ValComposerParams(layers=layers, ablation="no-joint-attention"), BuildContext(shape)
        ).double()
        before = {name: tensor.clone() for name, tensor in composer.named_buffers()}
        first, second = (composer.compose(batch.reference, batch.text).joint() for _ in range(2))
        assert torch.equal(first, second) != random
        assert bool(before) == random
        changed = [not torch.equal(tensor, before[name]) for name, tensor in composer.named_buffers()]
        assert all(changed)


def test_sizes_of_the_supplement_s_table_1(shape) -> None:
    """Kernels as large as the map for the spatial gate, 1×1 elsewhere, c̄ = c / 2 filters per head."""
    composer = ValComposer(ValComposerParams(), BuildContext(shape))
    for transformer, (channels, height, width) in zip(composer.transformers.values(), shape.image.maps, strict=True):
        sizes = {name: tuple(p.shape) for name, p in transformer.named_parameters() if name.endswith("weight")}
        assert sizes == {
            "fuse.layers.0.weight": (channels, channels + 3, 1, 1),
            "self_attention.queries.weight": (channels, channels, 1, 1),
            "self_attention.keys.weight": (channels, channels, 1, 1),
            "self_attention.values.weight": (channels, channels, 1, 1),
            "self_attention.out.0.weight": (channels, channels, 1, 1),
            "joint_attention.spatial.1.weight": (1, 1, height, width),
            "joint_attention.channel.1.weight": (channels, channels, 1, 1),
        }
        assert (transformer.w_sa.item(), transformer.w_ja.item()) == (0.0, 1.0)
