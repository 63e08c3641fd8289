"""Methods around composers of other plugins (SADN): which composers, and what they and the method need together."""

from __future__ import annotations

from collections.abc import Iterable

from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import ComposerSpec, MethodSpec
from cir_bench.params.models import MethodParams, Params
from cir_bench.plugin.registry import Registered, Registry

Wrapped = tuple[Registered[ComposerSpec], Params]
"""A composer and the parameters that it is wrapped with."""


def wrapped_composers(registry: Registry, spec: MethodSpec, params: MethodParams) -> tuple[Wrapped, ...]:
    """The composers that ``MethodSpec.wraps`` names under these parameters; empty for a method that wraps none.

    Raises:
        ConfigError: nobody registered such a composer, or it has no such parameter.
    """
    if spec.wraps is None:
        return ()
    found = [(registry.composer(name), given) for name, given in spec.wraps(params).items()]
    return tuple((composer, make_params(composer.spec, given)) for composer, given in found)


def needs_together(spec: MethodSpec, params: MethodParams, wrapped: Iterable[Wrapped]) -> Needs:
    """What the method needs, and every composer that it wraps."""
    needs = spec.needs_for(params)
    for composer, composer_params in wrapped:
        needs |= composer.spec.needs_for(composer_params)
    return needs
