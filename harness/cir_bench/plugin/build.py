"""Composers, losses and methods of any plugin, constructed with their parameters."""

from __future__ import annotations

from typing import Any, cast

from cir_bench.interfaces.build import BuildContext
from cir_bench.interfaces.composer import Composer
from cir_bench.interfaces.features import EncoderShape
from cir_bench.interfaces.loss import Loss
from cir_bench.interfaces.method import Method, StandardMethod
from cir_bench.interfaces.pseudo_words import PseudoWords
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.params.models import MethodParams
from cir_bench.plugin.needs import losses_of
from cir_bench.plugin.registry import Registered, Registry, create


class Builder(BuildContext):
    """A context that finds composers and losses in a registry."""

    def __init__(self, registry: Registry, shape: EncoderShape, pseudo_words: PseudoWords | None = None) -> None:
        super().__init__(shape, pseudo_words)
        self._registry = registry

    def composer(self, name: str, **params: Any) -> Composer:
        """A composer by name, with its defaults where ``params`` says nothing."""
        registered = self._registry.composer(name)
        return cast(Composer, create(registered, make_params(registered.spec, params), self))

    def loss(self, name: str, **params: Any) -> Loss:
        """A loss by name, with its defaults where ``params`` says nothing."""
        registered = self._registry.loss(name)
        return cast(Loss, create(registered, make_params(registered.spec, params), self))


def build_method(
    registered: Registered[MethodSpec],
    params: MethodParams,
    registry: Registry,
    shape: EncoderShape,
    pseudo_words: PseudoWords | None = None,
) -> Method:
    """A method; when its implementation is a composer, the composer with the losses that the spec names.

    Composers and losses are found by name in ``registry``; ``shape`` has the widths of the encoder's features.
    """
    context = Builder(registry, shape, pseudo_words)
    implementation = create(registered, params, context)
    if registered.spec.loss is None:
        return cast(Method, implementation)
    losses = {name: context.loss(name, **values) for name, values in losses_of(registered, params).items()}
    return StandardMethod(params, implementation, losses)
