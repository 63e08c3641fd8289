"""What objects need and provide under their parameters; a method's losses, and the composers that it wraps.

Specs may say it by a function; one that raises, or returns something else, is blamed on its plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from cir_bench.interfaces.levels import Needs, Provides
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import ComposerSpec, EncoderSpec, MethodSpec, Spec
from cir_bench.params.models import MethodParams, Params
from cir_bench.plugin.owner import BlamedPluginError
from cir_bench.plugin.registry import Registered, Registry, blame
from cir_bench.plugin.spec_checks import WRITE, described, has_type, mistake_in

Wrapped = tuple[Registered[ComposerSpec], Params]
"""A composer and the parameters that it is wrapped with."""


def needs_of(registered: Registered[ComposerSpec] | Registered[MethodSpec], params: Params) -> Needs:
    """What a composer or a method needs under these parameters, without what it wraps."""
    return cast(Needs, _ask(registered, "needs", params, Needs))


def provides_of(registered: Registered[EncoderSpec], params: Params) -> Provides:
    """What an encoder provides under these parameters."""
    return cast(Provides, _ask(registered, "provides", params, Provides))


def wrapped_composers(
    registry: Registry, registered: Registered[MethodSpec], params: MethodParams
) -> tuple[Wrapped, ...]:
    """The composers that ``MethodSpec.wraps`` names under these parameters; empty for a method that wraps none.

    `ConfigError` if no plugin registers such a composer, or it has no such parameter.
    """
    if registered.spec.wraps is None:
        return ()
    values_of = _ask(registered, "wraps", params, Mapping[str, Mapping[str, Any]])
    found = [(registry.composer(name), values) for name, values in values_of.items()]
    return tuple((composer, make_params(composer.spec, values)) for composer, values in found)


def losses_of(registered: Registered[MethodSpec], params: MethodParams) -> Mapping[str, Mapping[str, Any]]:
    """The parameters of each loss that a method's composer is trained with, by name; none for a `Method`."""
    if registered.spec.loss is None:
        return {}
    found = _ask(registered, "loss", params, Mapping[str, Mapping[str, Any]])
    return {found: {}} if isinstance(found, str) else cast(Mapping[str, Mapping[str, Any]], found)


def needs_together(registered: Registered[MethodSpec], params: MethodParams, wrapped: Iterable[Wrapped]) -> Needs:
    """What a method needs, with what every composer that it wraps needs."""
    needs = needs_of(registered, params)
    for composer, composer_params in wrapped:
        needs |= needs_of(composer, composer_params)
    return needs


def _ask(registered: Registered[Spec], field: str, params: Params, expected: Any) -> Any:
    """The value of a field, or what its function returns for these parameters."""
    value = getattr(registered.spec, field)
    if not callable(value):
        return value
    stage = "naming its losses" if field == "loss" else f"saying what it {field}"
    with blame(registered, stage):
        answer = value(params)
    returned, write = described(answer), WRITE[field]
    if has_type(answer, expected):
        mistake = mistake_in(answer) if expected in {Needs, Provides} else None
        if mistake is None:
            return answer
        returned, write = f"{expected.__name__} with {mistake.field}={mistake.value}", mistake.write
    raise BlamedPluginError(registered.owner, str(registered), stage, f"it returned {returned}", f"write {write}")
