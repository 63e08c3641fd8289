"""CLVC-Net on small features, and the paper's equations once more, with loops over Python floats (64 bits)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from support.building import builder
from support.floats import cos, dot, linear, softmax, weights_of

import cir_bench_clvcnet
import cir_bench_losses
from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_clvcnet.method import Clvcnet
from cir_bench_clvcnet.params import ClvcnetParams

SHAPE = EncoderShape(FeatureShape(maps=((9, 7, 5), (6, 3, 4))), FeatureShape(tokens=5))
"""C = 6, H = 3, W = 4, D = 5, none of them equal; neither C nor D is a multiple of the four branches."""
WIDTH = 8
NAMES = ("local", "global")

Vector = list[float]
Cells = dict[tuple[int, ...], Vector]
"""The feature vector of every position of one map, or of every real word of one text."""
BN_EPS, GEM_EPS = 1e-5, 1e-6


def weighted_sum(weights: Vector, vectors: Sequence[Vector]) -> Vector:
    return [sum(w * v[d] for w, v in zip(weights, vectors, strict=True)) for d in range(len(vectors[0]))]


def cells_of_map(maps: Any) -> Cells:
    """``[C][H][W]`` by position."""
    positions = itertools.product(range(len(maps[0])), range(len(maps[0][0])))
    return {(i, j): [plane[i][j] for plane in maps] for i, j in positions}


def words_of(tokens: list[Vector], mask: list[bool]) -> Cells:
    """The real words alone, by place."""
    return {(u,): token for u, (token, there) in enumerate(zip(tokens, mask, strict=True)) if there}


class ByHand:
    """CLVC-Net item by item, after the paper's equations.

    Args:
        method: whose weights are read; in training mode batch norm takes the batch's statistics.
    """

    def __init__(self, method: Clvcnet) -> None:
        self.weights = weights_of(method)
        self.params, self.training = method.params, method.training

    def linear(self, x: Vector, layer: str) -> Vector:
        return linear(x, self.weights, layer)

    def convolution(self, x: Cells, layer: str, size: int) -> Cells:
        """A convolution with kernels of ``size`` along each axis; what is not in ``x`` is zero."""
        kernels, bias = self.weights[f"{layer}.weight"], self.weights.get(f"{layer}.bias")
        axes = len(next(iter(x)))
        out: Cells = {at: [] for at in x}
        for at, vector in out.items():
            for k, kernel in enumerate(kernels):
                total = bias[k] if bias else 0.0
                for offset in itertools.product(range(size), repeat=axes):
                    read = tuple(a + o - size // 2 for a, o in zip(at, offset, strict=True))
                    for channel, value in enumerate(x.get(read, [])):
                        tap = kernel[channel]
                        for o in offset:
                            tap = tap[o]
                        total += tap * value
                vector.append(total)
        return out

    def maximum(self, x: Cells) -> Cells:
        """Over the neighbours, themselves included, that are in ``x``."""
        out: Cells = {}
        for at in x:
            near = [v for other, v in x.items() if all(abs(a - b) <= 1 for a, b in zip(at, other, strict=True))]
            out[at] = [max(values) for values in zip(*near, strict=True)]
        return out

    def relu(self, x: Cells) -> Cells:
        return {at: [max(0.0, v) for v in vector] for at, vector in x.items()}

    def inception(self, batch: list[Cells], layer: str) -> list[Cells]:
        """Four branches; then batch norm over all there is in the batch, and ReLU."""
        raw: list[Cells] = []
        for x in batch:
            branches = (
                self.convolution(x, f"{layer}.one", 1),
                self.convolution(self.relu(self.convolution(x, f"{layer}.reduce_three", 1)), f"{layer}.three", 3),
                self.convolution(self.relu(self.convolution(x, f"{layer}.reduce_five", 1)), f"{layer}.five", 5),
                self.convolution(self.maximum(x), f"{layer}.pooled", 1),
            )
            raw.append({at: [v for branch in branches for v in branch[at]] for at in x})
        rows = [vector for cells in raw for vector in cells.values()]
        if self.training:
            mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
            var = [
                sum((v - m) ** 2 for v in column) / len(rows)
                for column, m in zip(zip(*rows, strict=True), mean, strict=True)
            ]
        else:
            mean, var = (self.weights[f"{layer}.norm.running_{what}"] for what in ("mean", "var"))
        scale, shift = (self.weights[f"{layer}.norm.{what}"] for what in ("weight", "bias"))

        def normed(vector: Vector) -> Vector:
            columns = zip(vector, mean, var, scale, shift, strict=True)
            return [(v - m) / math.sqrt(s + BN_EPS) * a + b for v, m, s, a, b in columns]

        return [self.relu({at: normed(vector) for at, vector in cells.items()}) for cells in raw]

    def gem(self, cells: Cells, layer: str) -> Vector:
        p = self.weights[f"{layer}.p"]
        columns = zip(*cells.values(), strict=True)
        return [(sum(max(v, GEM_EPS) ** p for v in column) / len(cells)) ** (1 / p) for column in columns]

    def aligned(self, seeker: Vector, sources: list[Vector], tau: float) -> Vector:
        """Eqs. 6 and 7, or 11 and 12; averages where the ablation says so."""
        if self.params.ablation == "avgpool":
            weights = [1 / len(sources)] * len(sources)
        else:
            weights = softmax([dot(seeker, source) / tau for source in sources])
        return weighted_sum(weights, sources)

    def compose(self, name: str, maps: list[Cells], texts: list[Cells]) -> tuple[list[Cells], list[Vector]]:
        """X̃_q and f̃_q of every item of a batch."""
        prefix = f"composer.networks.{name}"
        transformed = [self.convolution(image, f"{prefix}.transform", 1) for image in maps]  # Eq. 5
        scaled: list[Cells] = []
        pairs: list[Cells] = []
        for x_hat, image, words in zip(transformed, maps, texts, strict=True):
            if name == "local":
                heard = {
                    at: self.aligned(x, list(words.values()), self.params.tau_local) for at, x in x_hat.items()
                }  # Eqs. 6 and 7
                pairs.append({at: x_hat[at] + heard[at] for at in x_hat})
                scaled.append(image)
            else:
                seen = {
                    at: self.aligned(word, list(x_hat.values()), self.params.tau_global) for at, word in words.items()
                }  # Eqs. 11 and 12
                pairs.append({at: seen[at] + words[at] for at in words})
                scaled.append(seen)
        gamma, beta = (self.inception(pairs, f"{prefix}.{layer}") for layer in ("gamma", "beta"))  # Eqs. 8 and 13
        composed = [
            {at: [g * v + b for g, v, b in zip(gs[at], x[at], bs[at], strict=True)] for at in x}
            for gs, x, bs in zip(gamma, scaled, beta, strict=True)
        ]  # Eqs. 4 and 14
        suffix = "_query" if name == "global" else ""
        vectors = [
            self.linear(self.gem(cells, f"{prefix}.pool{suffix}"), f"{prefix}.project{suffix}") for cells in composed
        ]
        return composed, vectors

    def targets(self, name: str, maps: list[Cells]) -> list[Vector]:
        """f_t of every item of a batch."""
        own = name == "global" or self.params.target_layer == "own"
        prefix, suffix = f"composer.networks.{name}", "_target" if own else ""
        return [self.linear(self.gem(cells, f"{prefix}.pool{suffix}"), f"{prefix}.project{suffix}") for cells in maps]

    def outputs(self, name: str, batch: TrainBatch) -> tuple[list[Cells], list[Vector], list[Vector]]:
        """X̃_q, f̃_q and f_t of one network."""
        reference, target, text = (one.branch(name) for one in (batch.reference, batch.target, batch.text))
        tokens, mask = text.need_tokens()
        texts = [words_of(t, m) for t, m in zip(tokens.tolist(), mask.tolist(), strict=True)]
        composed, queries = self.compose(name, [cells_of_map(m) for m in reference.maps[-1].tolist()], texts)
        return composed, queries, self.targets(name, [cells_of_map(m) for m in target.maps[-1].tolist()])

    def terms(self, name: str, batch: TrainBatch) -> dict[str, float]:
        """The terms of Eq. 19 (local) or Eq. 20 (global); the other network as these weights have it."""
        (other,) = set(NAMES) - {name}
        composed, queries, targets = self.outputs(name, batch)
        _, other_queries, other_targets = self.outputs(other, batch)
        size, same = len(queries), batch.same_target.tolist()
        mu = self.weights[f"classify.{name}.scale.value"]
        nu = self.params.nu if self.params.temperature == "multiply" else 1 / self.params.nu
        classify = rank = feature = 0.0
        for i in range(size):
            classes = [j for j in range(size) if j == i or not same[i][j]]
            own = [cos(queries[i], targets[j]) for j in classes]
            others = [cos(other_queries[i], other_targets[j]) for j in classes]
            classify -= math.log(softmax([mu * s for s in own])[classes.index(i)]) / size  # Eqs. 9 and 15
            p_own, p_other = softmax([nu * s for s in own]), softmax([nu * s for s in others])  # Eq. 16
            rank += sum(p * math.log(p / q) for p, q in zip(p_other, p_own, strict=True)) / size  # Eq. 17
            for theirs, ours in ((other_queries[i], queries[i]), (other_targets[i], targets[i])):  # Eq. 18
                normed = self.params.feature_distance == "normed"
                lengths = [math.sqrt(dot(x, x)) if normed else 1.0 for x in (theirs, ours)]
                pairs = zip(theirs, ours, strict=True)
                mean = len(ours) if self.params.feature_distance == "mean" else 1
                feature += sum((a / lengths[0] - b / lengths[1]) ** 2 for a, b in pairs) / mean / size
        if name == "global":
            return {"L_gc": classify, "L_rank_L_to_G": rank, "L_fea_L_to_G": feature}
        squares = [
            (a - b) ** 2
            for cells, image in zip(composed, batch.target.branch(name).maps[-1].tolist(), strict=True)
            for at, truth in cells_of_map(image).items()
            for a, b in zip(cells[at], truth, strict=True)
        ]
        perceptual = sum(squares) / len(squares)  # Eq. 10
        return {"L_lc": classify, "L_lp": perceptual, "L_rank_G_to_L": rank, "L_fea_G_to_L": feature}


@pytest.fixture
def by_hand() -> type[ByHand]:
    return ByHand


@pytest.fixture
def small_shape() -> EncoderShape:
    return SHAPE


@pytest.fixture
def make_clvcnet() -> Callable[..., Clvcnet]:
    """`clvcnet` in float64, in training mode, with weights and statistics that none of them starts from."""

    def make(shape: EncoderShape = SHAPE, seed: int = 0, *, shuffled: bool = True, **params: Any) -> Clvcnet:
        torch.manual_seed(seed)
        settings = {"width": WIDTH, **params}
        method = Clvcnet(
            ClvcnetParams.model_validate(settings), builder(shape, cir_bench_losses, cir_bench_clvcnet)
        ).double()
        if shuffled:
            shuffle(method.state_dict())
        return method

    return make


def shuffle(state: Mapping[str, torch.Tensor]) -> None:
    """Move every weight and statistic, by an amount that depends on its name alone; variances stay positive."""
    for name, tensor in state.items():
        if tensor.is_floating_point():
            generator = torch.Generator().manual_seed(sum(ord(c) * (i + 1) for i, c in enumerate(name)))
            noise = 0.3 * torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.add_(noise.abs() if "var" in name else noise)


@pytest.fixture
def random_batch() -> Callable[..., TrainBatch]:
    """B triplets in float64 with gradients, of two encoder copies; texts of 1 to 5 words, with rubbish as padding."""

    def make(
        seed: int = 0, size: int = 5, images: int = 4, *, copies: bool = True, shape: EncoderShape = SHAPE
    ) -> TrainBatch:
        generator = torch.Generator().manual_seed(seed)
        which = torch.arange(size) % images
        lengths = torch.randint(1, 6, (size,), generator=generator)

        def draw(*sizes: int) -> torch.Tensor:
            return torch.randn(*sizes, generator=generator, dtype=torch.float64).requires_grad_()

        def features(what: str) -> Features:
            if what == "text":
                tokens = draw(size, 5, shape.text.tokens or 0)
                return Features(tokens=tokens, mask=torch.arange(5) < lengths[:, None])
            maps = tuple(draw(size, *one) for one in shape.image.maps)
            return Features(maps=maps if what == "reference" else tuple(one[which] for one in maps))

        def drawn(what: str) -> Features:
            if not copies:
                return features(what)
            return Features(branches={name: features(what) for name in NAMES})

        return TrainBatch(drawn("reference"), drawn("text"), drawn("target"), which[:, None] == which)

    return make
