"""What all contracts share: finding the object, seeds, comparing."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from cir_bench.interfaces.embedding import Embedding
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.specs import Spec
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registered, Registry

T = TypeVar("T", bound=Spec)
NOTHING = object()
"""What stands where one side has no item."""
SHORT = reprlib.Repr()
"""Values in messages."""
SHORT.maxstring = SHORT.maxother = 200


class Contract:
    """Base of the contract classes."""

    name: ClassVar[str]
    """The object's registered name."""
    params: ClassVar[Mapping[str, Any]] = {}
    """Parameters that differ from the defaults."""
    plugin_files: ClassVar[tuple[Path, ...]] = ()
    """Single-file plugins to load beside the installed ones."""

    @classmethod
    def registry(cls) -> Registry:
        """The installed plugins and ``plugin_files``; loaded once per class."""
        if "_registry" not in vars(cls):
            cls._registry = load_plugins(PluginOptions(files=cls.plugin_files), environ={})
        return cls._registry

    _registry: ClassVar[Registry]

    @classmethod
    def find(cls, spec: type[T]) -> Registered[T]:
        """The object under test; plugins that could not be loaded are told when it is not there."""
        registry = cls.registry()
        problems = "; ".join(map(str, registry.problems)) or "every plugin was loaded"
        assert cls.name in registry.all(spec), f"no {spec.__name__} is named {cls.name!r} ({problems})"
        return registry.find(spec, cls.name)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's generator at ``seed`` within, as it was afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def assert_same(found: Tensor, expected: Tensor, what: str) -> None:
    """Equal but for rounding."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5, msg=lambda text: f"{what}: {text}")


def assert_same_items(found: Iterable[object], expected: Iterable[object], what: str) -> None:
    """Equal one by one; the first difference is told.

    For what may be long: where ``CI`` is set, pytest prints the difference of two compared lists in full, which for two
    rankings of a gallery takes hours.
    """
    for place, (ours, theirs) in enumerate(zip_longest(found, expected, fillvalue=NOTHING)):
        if ours != theirs:
            where, *sides = _first_difference(f"place {place}", ours, theirs)
            told = ["nothing" if side is NOTHING else SHORT.repr(side) for side in sides]
            raise AssertionError(f"{what}: at {where}, {told[0]} in place of {told[1]}")


def _first_difference(where: str, found: Any, expected: Any) -> tuple[str, Any, Any]:
    """Where in two unequal items they first differ, and what is there: shortened, the items may look the same."""
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
            return _first_difference(f"{where}, there at {name}", ours, theirs)
    return where, found, expected


def assert_same_set(found: Iterable[str], expected: Iterable[str], what: str) -> None:
    """The same names in any order; one that only one side has is told."""
    assert_same_items(sorted(set(found), key=repr), sorted(set(expected), key=repr), what)


def assert_same_embedding(found: Embedding, expected: Embedding, what: str) -> None:
    """Equal in spaces, weights and extras but for rounding."""
    assert found.weights == expected.weights, f"{what}: other weights of spaces"
    for kind in ("spaces", "extras"):
        ours, theirs = getattr(found, kind), getattr(expected, kind)
        assert set(ours) == set(theirs), f"{what}: other {kind}"
        for name in ours:
            assert_same(ours[name], theirs[name], f"{what}, {name}")


def assert_finite(tensors: Mapping[str, Tensor], what: str) -> None:
    """No NaN and no infinity anywhere."""
    for name, tensor in tensors.items():
        assert bool(torch.isfinite(tensor).all()), f"{what}: {name} is not finite"


def copies(features: Features) -> Features:
    """The same values in other memory."""
    return Features.from_tensors(
        {name: tensor.clone() for name, tensor in features.tensors().items()},
        {name: copies(branch) for name, branch in features.branches.items()},
    )


def without_gradient(module: nn.Module) -> set[str]:
    """Names of the trainable parameters that got no gradient, or only zeros."""
    return {
        name
        for name, parameter in module.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not bool(parameter.grad.abs().sum() > 0))
    }
