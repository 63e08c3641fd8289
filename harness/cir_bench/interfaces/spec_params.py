"""A spec's parameters: its defaults with the values of a recipe and of the user, and ``NAME:ARGUMENT``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from cir_bench.errors import ConfigError
from cir_bench.interfaces.kinds import kind_of
from cir_bench.interfaces.specs import ComposerSpec, MethodSpec, Spec
from cir_bench.params.fill import fill
from cir_bench.params.models import MethodParams, Params


def split_argument(text: str) -> tuple[str, str | None]:
    """``"openclip:RN50"`` as ``("openclip", "RN50")``, ``"tiny"`` as ``("tiny", None)``."""
    name, colon, argument = text.partition(":")
    if not name or (colon and not argument):
        raise ConfigError(f"{text!r} is not a name: write NAME or NAME:ARGUMENT, for example openclip:RN50.")
    return name, argument if colon else None


@overload
def make_params(
    spec: MethodSpec, overrides: Mapping[str, Any] | None = None, argument: str | None = None
) -> MethodParams: ...


@overload
def make_params(spec: Spec, overrides: Mapping[str, Any] | None = None, argument: str | None = None) -> Params: ...


def make_params(spec: Spec, overrides: Mapping[str, Any] | None = None, argument: str | None = None) -> Params:
    """The spec's parameters: its defaults, with ``overrides`` (nested) on top.

    A nested model keeps its defaults where ``overrides`` says nothing.

    Args:
        spec: the object's spec.
        overrides: values by name, those of nested models as nested mappings.
        argument: ARGUMENT of ``name:ARGUMENT``, for the field that the params model names.

    Raises:
        ConfigError: an unknown key, a value that is not allowed, or an argument for an object that takes none.
    """
    what = f"{kind_of(spec).name} {spec.name!r}"
    values = dict(overrides or {})
    if argument is not None:
        field = spec.params.argument
        if field is None:
            raise ConfigError(f"{what} takes no argument, but {spec.name}:{argument} gives it one; write {spec.name}.")
        if field in values:
            raise ConfigError(
                f"{what} is given its {field} twice, as {spec.name}:{argument} and as {field}=…; keep one."
            )
        values[field] = argument
    if isinstance(spec, ComposerSpec) and issubclass(spec.params, MethodParams):
        for key in values.keys() & MethodParams.model_fields.keys():
            raise ConfigError(f"{what} has no parameter {key}: a composer is trained by the method that uses it.")
    return fill(spec.params, values, what)
