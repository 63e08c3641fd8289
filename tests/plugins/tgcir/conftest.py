"""TG-CIR on small features, and the paper's equations once more, with loops over Python floats (64 bits)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.building import builder
from support.floats import cos, linear, log_softmax, sigmoid, weights_of

import cir_bench_losses
import cir_bench_tgcir
from cir_bench import EncoderShape, Features, FeatureShape, TrainBatch
from cir_bench_tgcir.method import Tgcir
from cir_bench_tgcir.params import TgcirParams

WIDTH = 4
SHAPE = EncoderShape(FeatureShape(pooled=5, tokens=3), FeatureShape(pooled=6, tokens=2))
"""No two widths are equal, so that none can be mixed up unseen."""
SMALL: dict[str, Any] = {"width": WIDTH, "local_attributes": 4, "global_attributes": 3}

Vector = list[float]
Attributes = list[Vector]
"""K vectors of width D: one item's E."""


class ByHand:
    """TG-CIR item by item, after the paper's equations.

    Args:
        method: whose weights are read.
    """

    def __init__(self, method: Tgcir) -> None:
        self.weights = weights_of(method)
        self.params = method.params

    def _linear(self, x: Vector, layer: str) -> Vector:
        return linear(x, self.weights, layer)

    def _mask(self, first: Attributes, second: Attributes, mlp: str) -> Vector:
        """One number per attribute, by the same MLP: 2D → D → 1."""
        masks = []
        for a, b in zip(first, second, strict=True):
            hidden = [max(0.0, h) for h in self._linear(a + b, f"{mlp}.mlp.0")]
            (logit,) = self._linear(hidden, f"{mlp}.mlp.2")
            masks.append(sigmoid(logit))
        return masks

    def global_attributes(self, role: str, pooled: Vector) -> Attributes:
        """Eq. 2."""
        if self.params.global_basis == "projected":
            pooled = self._linear(pooled, f"composer.global_attributes.project.{role}")
        condition_masks = self.weights["composer.global_attributes.masks"]
        if self.params.masks == "released":
            condition_masks = [[max(0.0, c) for c in mask] for mask in condition_masks]
        return [[f * c for f, c in zip(pooled, mask, strict=True)] for mask in condition_masks]

    def local_attributes(self, role: str, tokens: list[Vector], mask: list[bool]) -> Attributes:
        """Eqs. 3 and 4, over the real tokens alone, or over all of a text."""
        real = [token for token, there in zip(tokens, mask, strict=True) if there]
        if self.params.pooling == "all-mean" and role == "text":
            real = (tokens + [[0.0] * len(tokens[0])] * self.params.text_length)[: self.params.text_length]
        projected = [self._linear(token, f"composer.local_attributes.project.{role}") for token in real]
        scores = [self._linear(token, "composer.local_attributes.weigh") for token in projected]
        found = []
        for j in range(len(scores[0])):
            v = [sum(sigmoid(s[j]) * x[d] for s, x in zip(scores, projected, strict=True)) for d in range(WIDTH)]
            found.append(v if self.params.pooling == "sum" else [x / len(real) for x in v])
        return found

    def attributes(self, role: str, features: Features) -> list[Attributes]:
        """E of every item of a batch."""
        found: list[Attributes] = [[] for _ in range(len(features))]
        for i, item in enumerate(found):
            if self.params.ablation != "local-only":
                item.extend(self.global_attributes(role, features.need_pooled()[i].tolist()))
            if self.params.ablation != "global-only":
                tokens, mask = features.need_tokens()
                item.extend(self.local_attributes(role, tokens[i].tolist(), mask[i].tolist()))
        return found

    def composed(self, keep: Vector, replace: Vector, reference: Attributes, text: Attributes) -> Attributes:
        rows = zip(keep, replace, reference, text, strict=True)
        return [[k * r + p * m for r, m in zip(er, em, strict=True)] for k, p, er, em in rows]

    def student(self, reference: Attributes, text: Attributes) -> tuple[Vector, Vector, Attributes]:
        """Eqs. 6 and 7."""
        keep = self._mask(reference, text, "composer.student.keep")
        replace = [1 - k for k in keep]
        return keep, replace, self.composed(keep, replace, reference, text)

    def teacher(self, reference: Attributes, text: Attributes, target: Attributes) -> tuple[Vector, Vector, Attributes]:
        """Eq. 8."""
        keep = self._mask(target, reference, "teacher.keep")
        replace = self._mask(target, text, "teacher.replace")
        return keep, replace, self.composed(keep, replace, reference, text)

    def mean(self, attributes: Attributes) -> Vector:
        """ψ."""
        return [sum(row[d] for row in attributes) / len(attributes) for d in range(WIDTH)]

    def late(self, first: Attributes, second: Attributes) -> float:
        weights = self.weights["late_score.weights"] if self.params.attribute_weights else [1.0] * len(first)
        return sum(w * w * cos(a, b) for w, a, b in zip(weights, first, second, strict=True))

    def early(self, first: Attributes, second: Attributes) -> float:
        return cos(self.mean(first), self.mean(second))

    def terms(self, batch: TrainBatch) -> dict[str, float]:
        """All six terms of Eq. 15."""
        size, tau, same = len(batch.same_target), self.params.tau, batch.same_target.tolist()
        reference, text = self.attributes("image", batch.reference), self.attributes("text", batch.text)
        target = self.attributes("image", batch.target)
        students = [self.student(r, m) for r, m in zip(reference, text, strict=True)]
        teachers = [self.teacher(r, m, t) for r, m, t in zip(reference, text, target, strict=True)]
        terms = dict.fromkeys(["L_rank_stu", "L_rank_tea", "L_mask_tea", "L_ortho", "L_ckd", "L_kl"], 0.0)
        for i in range(size):
            classes = [j for j in range(size) if j == i or not same[i][j]]
            own = classes.index(i)
            k, released = len(reference[i]), self.params.scales == "released"
            factor = self.weights["rank.scale.value"] if self.params.temperature == "learned" else 1 / tau
            whole = self.late(target[i], target[i]) if released else 1.0
            to_student = log_softmax([factor * self.early(students[i][2], target[j]) for j in classes])
            to_teacher = log_softmax([factor * self.late(teachers[i][2], target[j]) for j in classes])
            to_target = log_softmax([self.late(target[i], target[j]) / whole / tau for j in classes])
            guided = log_softmax([self.early(students[i][2], target[j]) / tau for j in classes])
            terms["L_rank_stu"] -= to_student[own] / size
            terms["L_rank_tea"] -= to_teacher[own] / size
            terms["L_kl"] += sum(math.exp(p) * (p - q) for p, q in zip(to_target, guided, strict=True)) / size
            (keep, replace, _), (t_keep, t_replace, _) = students[i], teachers[i]
            terms["L_mask_tea"] += sum((t_replace[a] - (1 - t_keep[a])) ** 2 for a in range(k)) / k / size
            per_mask, per_product = (k, 3 * k * k) if released else (1, 1)
            terms["L_ckd"] += sum((t_keep[a] - keep[a]) ** 2 for a in range(k)) / size / per_mask
            terms["L_ckd"] += sum((t_replace[a] - replace[a]) ** 2 for a in range(k)) / size / per_mask
            for e in (reference[i], text[i], target[i]):
                squares = sum((cos(e[a], e[b]) - (a == b)) ** 2 for a in range(k) for b in range(k))
                terms["L_ortho"] += squares / size / per_product
        return terms


@pytest.fixture
def by_hand() -> type[ByHand]:
    return ByHand


@pytest.fixture
def small_shape() -> EncoderShape:
    return SHAPE


@pytest.fixture
def make_tgcir() -> Callable[..., Tgcir]:
    """`tgcir` of small attributes, in float64."""

    def make(shape: EncoderShape = SHAPE, seed: int = 0, **params: Any) -> Tgcir:
        torch.manual_seed(seed)
        return Tgcir(
            TgcirParams.model_validate(SMALL | params), builder(shape, cir_bench_losses, cir_bench_tgcir)
        ).double()

    return make


@pytest.fixture
def random_batch() -> Callable[..., TrainBatch]:
    """B triplets in float64; token sequences of different lengths; ``images`` different targets; copies marked."""

    def make(
        seed: int = 0, size: int = 6, images: int = 4, shape: EncoderShape = SHAPE, mark: bool = True
    ) -> TrainBatch:
        generator = torch.Generator().manual_seed(seed)

        def draw(widths: FeatureShape, length: int) -> Features:
            lengths = torch.randint(1, length + 1, (size,), generator=generator)
            return Features(
                pooled=torch.randn(size, widths.width, generator=generator, dtype=torch.float64),
                tokens=torch.randn(size, length, widths.tokens or 1, generator=generator, dtype=torch.float64),
                mask=torch.arange(length) < lengths[:, None],
            )

        which = torch.arange(size) % images
        reference, text, target = draw(shape.image, 5), draw(shape.text, 4), draw(shape.image, 5)[which]
        for features in (reference, text, target):
            for tensor in features.tensors().values():
                if tensor.is_floating_point():
                    tensor.requires_grad_()
        same = which[:, None] == which if mark else torch.eye(size, dtype=torch.bool)
        return TrainBatch(reference, text, target, same)

    return make
