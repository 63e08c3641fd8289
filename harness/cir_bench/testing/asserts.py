"""Comparisons whose messages name the first difference."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn

from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features, FeatureShape

NOTHING = object()
"""In place of an item that only the other side has."""
SHORT = reprlib.Repr()
"""Shortens the values in messages."""
SHORT.maxstring = SHORT.maxother = 200


def assert_same(found: Tensor, expected: Tensor, what: str) -> None:
    """Equal up to rounding."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, msg=lambda text: f"{what}: {text}")


def assert_same_tensors(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], what: str) -> None:
    """The same names, and equal up to rounding."""
    assert set(found) == set(expected), f"{what}other names"
    for name, tensor in expected.items():
        assert_same(found[name], tensor, f"{what}{name}")


def assert_same_items(found: Iterable[object], expected: Iterable[object], what: str) -> None:
    """Equal item by item; the message names the first difference.

    Use it for long sequences: where ``CI`` is set, pytest prints the whole difference of two lists, which takes hours
    for two rankings of a gallery.
    """
    for place, (ours, theirs) in enumerate(zip_longest(found, expected, fillvalue=NOTHING)):
        if ours != theirs:
            where, *sides = _first_difference(f"place {place}", ours, theirs)
            shown = ["nothing" if side is NOTHING else SHORT.repr(side) for side in sides]
            raise AssertionError(f"{what}: at {where}, {shown[0]} instead of {shown[1]}")


def _first_difference(where: str, found: Any, expected: Any) -> tuple[str, Any, Any]:
    """The innermost place where two unequal items differ: shortened, whole items may look the same."""
    pairs: list[tuple[str, Any, Any]] = []
    if type(found) is type(expected) and is_dataclass(found):
        names = [field.name for field in fields(found)]
        pairs = [(name, getattr(found, name), getattr(expected, name)) for name in names]
    elif isinstance(found, Mapping) and isinstance(expected, Mapping):
        pairs = [(repr(key), found.get(key, NOTHING), expected.get(key, NOTHING)) for key in {**expected, **found}]
    elif type(found) is type(expected) and isinstance(found, (list, tuple)):
        both = enumerate(zip_longest(found, expected, fillvalue=NOTHING))
        pairs = [(f"place {place}", *pair) for place, pair in both]
    for name, ours, theirs in pairs:
        if ours != theirs:
            return _first_difference(f"{where}, {name}", ours, theirs)
    return where, found, expected


def assert_same_set(found: Iterable[str], expected: Iterable[str], what: str) -> None:
    """The same names in any order."""
    assert_same_items(sorted(set(found), key=repr), sorted(set(expected), key=repr), what)


def assert_same_embedding(found: Embedding, expected: Embedding, what: str) -> None:
    """Equal weights; spaces and extras equal up to rounding."""
    assert found.weights == expected.weights, f"{what}: other weights of spaces"
    assert_same_tensors(found.spaces, expected.spaces, f"{what}, ")
    assert_same_tensors(found.extras, expected.extras, f"{what}, ")


def assert_same_sides(found: Sequence[Embedding], expected: Sequence[Embedding]) -> None:
    """The same queries and the same candidates."""
    for ours, theirs, side in zip(found, expected, ("queries", "candidates"), strict=True):
        assert_same_embedding(ours, theirs, side)


def assert_finite(tensors: Mapping[str, Tensor], what: str) -> None:
    """No NaN and no infinity."""
    for name, tensor in tensors.items():
        assert bool(torch.isfinite(tensor).all()), f"{what}: {name} is not finite"


def assert_shaped(features: Features, shape: FeatureShape, role: str) -> None:
    """Finite float32 values in the declared widths."""
    assert_finite({name: tensor for name, tensor in features.tensors().items() if name != "mask"}, role)
    if features.pooled is not None:
        assert features.pooled.shape[1:] == (shape.pooled,), f"{role}: pooled {tuple(features.pooled.shape)}"
        assert features.pooled.dtype == torch.float32
    if features.tokens is not None and features.mask is not None:
        assert features.tokens.shape[2:] == (shape.tokens,), f"{role}: tokens {tuple(features.tokens.shape)}"
        assert features.mask.dtype == torch.bool, f"{role}: the mask is {features.mask.dtype}"
    if features.maps:
        sizes = tuple(tuple(one.shape[1:]) for one in features.maps)
        assert sizes == shape.maps, f"{role}: maps {sizes}"


def assert_same_rows(batch: Features, rows: Sequence[Features]) -> None:
    """Each row equals that of the batch up to rounding; tokens are compared without padding."""
    for i, one in enumerate(rows):
        for name, tensor in one.tensors().items():
            row = batch.tensors()[name][i]
            if name == "tokens" and one.mask is not None and batch.mask is not None:
                assert_same(row[batch.mask[i]], tensor[0][one.mask[0]], f"tokens of item {i}")
            elif name != "mask":
                assert_same(row, tensor[0], f"{name} of item {i}")


def without_gradient(module: nn.Module) -> set[str]:
    """Names of the trainable parameters whose gradient is missing or zero."""
    return {
        name
        for name, parameter in module.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not bool(parameter.grad.abs().sum() > 0))
    }
