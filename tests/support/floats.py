"""Equations once more, without tensors: vectors and weights are lists of Python floats (64 bits)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

Vector = Sequence[float]


def f64(rows: object) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def cos(a: Vector, b: Vector) -> float:
    return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))


def unit(a: Vector) -> list[float]:
    return [x / math.sqrt(dot(a, a)) for x in a]


def distance(a: Vector, b: Vector) -> float:
    """The squared one."""
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def softmax(values: Vector) -> list[float]:
    most = max(values)  # the same ratios, without numbers too small for a float
    total = sum(math.exp(x - most) for x in values)
    return [math.exp(x - most) / total for x in values]


def log_softmax(values: Vector) -> list[float]:
    return [math.log(p) for p in softmax(values)]


def relu(x: Vector) -> list[float]:
    return [max(0.0, value) for value in x]


def weights_of(module: nn.Module) -> dict[str, Any]:
    """The state dict, as lists."""
    return {name: tensor.tolist() for name, tensor in module.state_dict().items()}


def linear(x: Vector, weights: dict[str, Any], layer: str) -> list[float]:
    """A linear layer, with bias or without, by its name in a state dict of lists."""
    rows = weights[f"{layer}.weight"]
    bias = weights.get(f"{layer}.bias", [0.0] * len(rows))
    return [dot(row, x) + b for row, b in zip(rows, bias, strict=True)]


def batch_hinge(left: Sequence[Vector], right: Sequence[Vector], same: list[list[bool]], margin: float) -> float:
    """Both directions; the negative is the nearest one farther than the positive, otherwise the farthest one."""
    a, b = [unit(v) for v in left], [unit(v) for v in right]
    size = range(len(a))
    total = 0.0
    for i in size:
        positive = distance(a[i], b[i])
        for found in (
            [distance(a[i], b[j]) for j in size if not same[i][j]],
            [distance(a[j], b[i]) for j in size if not same[j][i]],
        ):
            if found:
                semi_hard = [d for d in found if d > positive]
                total += max(0.0, margin + positive - (min(semi_hard) if semi_hard else max(found)))
    return total / len(a)


def random_weights(module: nn.Module, seed: int) -> dict[str, Any]:
    """Fill every weight and statistic of a module with random numbers; return them as lists by name."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            values = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(values.abs() + 0.5 if "var" in name else values)
    return weights_of(module)
