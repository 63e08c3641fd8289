"""`Builder`: how a method gets composers and losses of any plugin by name."""

from __future__ import annotations

from typing import Any, cast

from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.features import EncoderShape
from cir_bench.interfaces.loss import Loss
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.registry import Registry, create


class Builder:
    """The `BuildContext` that a method's constructor is given.

    Args:
        registry: where names are looked up.
        shape: widths of the encoder's features.
    """

    def __init__(self, registry: Registry, shape: EncoderShape) -> None:
        self.shape = shape
        self._registry = registry

    def composer(self, name: str, **params: Any) -> Composer:
        """``Class(shape, **params)`` with the composer's defaults filled in; unknown names are ConfigErrors."""
        registered = self._registry.composer(name)
        checked = make_params(registered.spec, params)
        return cast(Composer, create(registered, self.shape, **dict(checked)))

    def loss(self, name: str, **params: Any) -> Loss:
        """``Class(**params)`` with the loss's defaults filled in; unknown names are ConfigErrors."""
        registered = self._registry.loss(name)
        checked = make_params(registered.spec, params)
        return cast(Loss, create(registered, **dict(checked)))
