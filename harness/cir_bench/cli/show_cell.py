"""``cir-bench show METHOD -b BENCHMARK``: every value a method is run with, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cir_bench.config import dotted, merge
from cir_bench.errors import ConfigError
from cir_bench.params.models import Training, VariantParams
from cir_bench.plugin.registry import Registry
from cir_bench.runs.cell import Cell
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve


def values_with_origins(registry: Registry, method: str, benchmark: str, track: str) -> dict[str, Any]:
    """The encoder, and for each parameter of the method and of the encoder its key, value and origin."""
    if track not in ("controlled", "paper"):
        raise ConfigError(f"there is no track {track!r}; write controlled or paper.")
    cells = resolve(RunRequest(methods=(method,), benchmarks=(benchmark,), track=track), registry)
    if not cells:
        raise ConfigError(f"{method} has no paper track: no encoder is named for it.")
    values = [{"key": key, "value": value, "origin": origin} for key, value, origin in _rows(cells[0])]
    return {"method": method, **cells[0].key.model_dump(include={"benchmark", "track", "encoder"}), "values": values}


def _rows(cell: Cell) -> Iterator[tuple[str, Any, str]]:
    known = _origins(cell)
    for prefix, params in (("", cell.method_params), ("encoder.", cell.encoder_params)):
        stages = {name: Training().model_dump(mode="json") for name, one in params if isinstance(one, Training)}
        defaults = dotted(stages) | dotted(type(params).model_construct().model_dump(mode="json"))
        for key, value in dotted(params.model_dump(mode="json")).items():
            names = [key.rsplit(".", parts)[0] for parts in range(key.count(".") + 1)]
            origin = next((known[prefix + name] for name in names if prefix + name in known), None)
            yield prefix + key, value, origin or ("chosen (default)" if value == defaults.get(key) else "chosen")


def _origins(cell: Cell) -> Mapping[str, str]:
    """By key; a key speaks for those below it."""
    spec, params, benchmark = cell.method.spec, cell.method_params, cell.benchmark.benchmark
    if cell.key.track == "controlled":
        own = merge(spec.controlled.get("*", {}), spec.controlled.get(benchmark.name, {}))
        budget = dotted({"training": dict(benchmark.training)})
        return dict.fromkeys(dotted(own), "chosen") | dict.fromkeys(budget, f"budget of {benchmark.name}")
    released: Mapping[str, Any] = {}
    if isinstance(params, VariantParams) and params.variant == "released":
        released = dict.fromkeys(("variant", *params.released), "released")
    return {**released, **spec.sources.get("*", {}), **spec.sources.get(benchmark.name, {})}
