"""`Overrides`: the user's ``--set`` values, distributed to the objects that have such parameters. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cir_bench.config import dotted, merge
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec
from cir_bench.params.keys import keys_named
from cir_bench.params.models import Params
from cir_bench.plugin.registry import Registered

_EXACT = 2.0**53
"""Up to here, every whole number has its own float."""


class Overrides:
    """Nested values for all methods of a run: by parameter, by method, or below ``encoder`` and ``dataset``."""

    def __init__(self, settings: Mapping[str, Any], methods: Sequence[Registered[MethodSpec]]) -> None:
        self._settings = settings
        self._names = {method.name for method in methods}
        self._unused = {key: True for key in settings if key not in self._names}
        self._parameters: set[str] = set()
        self._models: set[tuple[str, type[Params]]] = set()

    def of(self, method: MethodSpec, encoder: EncoderSpec, dataset: DatasetSpec) -> tuple[dict[str, Any], ...]:
        """The values for one method, encoder and data set, in this order."""
        own: dict[str, Any] = {}
        for key, value in self._settings.items():
            if key in method.params.model_fields:
                own = merge(own, {key: value})
                self._unused[key] = False
        self._parameters |= {*method.params.model_fields, *self._names, "encoder", "dataset"}
        self._models |= {("", method.params), ("encoder.", encoder.params), ("dataset.", dataset.params)}
        of_encoder = self._checked_section("encoder", encoder.params)
        return merge(own, self._section(method.name)), of_encoder, self._checked_section("dataset", dataset.params)

    def refuse_unused(self) -> None:
        """Raise `ConfigError` for a key that no method of the run has."""
        for key, unused in self._unused.items():
            if unused:
                below = keys_named(key, self._models)
                near = f"write --set {below[0]}=…" if below else did_you_mean(key, self._parameters)
                raise ConfigError(f"--set {key}=…: no method of this run has a parameter {key!r}; {near}")

    def _section(self, name: str) -> Mapping[str, Any]:
        values = self._settings.get(name, {})
        if not isinstance(values, Mapping):
            raise ConfigError(f"--set {name}=…: name one of its parameters, {name}.KEY=VALUE.")
        return values

    def _checked_section(self, name: str, model: type[Params]) -> dict[str, Any]:
        values = self._section(name)
        if name in self._unused:
            self._unused[name] = False
        for key in values:
            if key not in model.model_fields:
                near = did_you_mean(key, model.model_fields)
                raise ConfigError(f"--set {name}.{key}=…: this {name} has no such parameter; {near}")
        return dict(values)


def changed(overrides: Mapping[str, Any], params: Params, prefix: str = "") -> dict[str, str]:
    """The overridden parameters by dotted name, with their checked values: 1e3 epochs are 1000 epochs."""
    checked = params.model_dump(mode="json")
    return {
        f"{prefix}{name}": str(_plain(_value(checked, name.split("."), value)))
        for name, value in dotted(overrides).items()
    }


def _value(checked: Any, path: Sequence[str], override: Any) -> Any:
    """The checked value at ``path``; the override when there is no such path (a key that itself has dots)."""
    for part in path:
        if not isinstance(checked, Mapping) or part not in checked:
            return override
        checked = checked[part]
    return override if isinstance(override, Mapping) else checked


def _plain(value: Any) -> Any:
    """``value`` as it is written in a variant: whole numbers without ``.0``, no spaces."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, list):
        return str([_plain(item) for item in value]).replace(" ", "")
    return value if isinstance(value, (int, float)) else str(value).replace(" ", "")
