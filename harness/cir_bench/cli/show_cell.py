"""Every value that a cell is run with, and where it comes from: ``show METHOD -b BENCHMARK`` and ``plan -v``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cir_bench.cli.layout import columns, value_text
from cir_bench.config import dotted
from cir_bench.errors import ConfigError
from cir_bench.params.models import Training, VariantParams
from cir_bench.params.tunable import search_space
from cir_bench.plugin.registry import Registry
from cir_bench.runs.cell import Cell
from cir_bench.runs.query_text import template_and_owner
from cir_bench.runs.request import RunRequest
from cir_bench.runs.resolve import resolve

QUERY_TEXT = "query text"
"""What the template of query texts is called; it is no parameter."""


def values_with_origins(registry: Registry, method: str, benchmark: str, track: str) -> dict[str, Any]:
    """The encoder, and the parameters that a method is run with on a benchmark, as of `values_of`."""
    if track not in ("controlled", "paper"):
        raise ConfigError(f"there is no track {track!r}; write controlled or paper.")
    cells = resolve(RunRequest(methods=(method,), benchmarks=(benchmark,), track=track), registry)
    if not cells:
        raise ConfigError(f"{method} has no paper track: no encoder is named for it.")
    about = cells[0].key.model_dump(include={"benchmark", "track", "encoder"})
    return {"method": method, **about, "values": values_of(cells[0])}


def values_of(cell: Cell) -> list[dict[str, Any]]:
    """For each parameter of a cell's method, encoder and data set its key, value and origin; last the query text."""
    rows = [{"key": key, "value": value, "origin": origin} for key, value, origin in _rows(cell)]
    if (template := template_and_owner(cell)) is not None:
        rows.append({"key": QUERY_TEXT, "value": template[0], "origin": template[1]})
    return rows


def value_lines(values: Iterable[Mapping[str, Any]], indent: str = "  ") -> Iterator[str]:
    """`values_of` as aligned columns: key, value, where it comes from."""
    return columns(((row["key"], value_text(row["value"]), row["origin"]) for row in values), indent)


def _rows(cell: Cell) -> Iterator[tuple[str, Any, str]]:
    known = {**dict(_of_names(cell)), **_origins(cell), **_of_tuning(cell), **_of_user(cell), **_of_weights(cell)}
    default = "default" if cell.key.track == "controlled" else "chosen (default)"
    parts = (("", cell.method_params), ("encoder.", cell.encoder_params), ("dataset.", cell.dataset_params))
    for prefix, params in parts:
        stages = {name: Training().model_dump(mode="json") for name, one in params if isinstance(one, Training)}
        defaults = dotted(stages) | dotted(type(params).model_construct().model_dump(mode="json"))
        for key, value in dotted(params.model_dump(mode="json")).items():
            names = [key.rsplit(".", parts)[0] for parts in range(key.count(".") + 1)]
            origin = next((known[prefix + name] for name in names if prefix + name in known), None)
            yield prefix + key, value, origin or (default if value == defaults.get(key) else "chosen")


def _origins(cell: Cell) -> Mapping[str, str]:
    """By key; a key speaks for those below it."""
    spec, params, benchmark = cell.method.spec, cell.method_params, cell.benchmark.benchmark
    if cell.key.track == "controlled":
        shared = {
            **dict.fromkeys(dotted({"training": benchmark.training}), f"budget of {benchmark.name}"),
            **dict.fromkeys(dotted({"selection": benchmark.selection}), f"benchmark {benchmark.name}"),
        }
        return {**_recipes(spec.controlled, benchmark.name), **shared}
    released: Mapping[str, Any] = {}
    if isinstance(params, VariantParams) and params.variant == "released":
        released = dict.fromkeys(("variant", *params.released), "released")
    encoder = _recipes(spec.encoder_recipes, benchmark.name, "encoder.")
    own = {**_recipes(spec.recipes, benchmark.name), **encoder, **released}
    found = {**own, **spec.sources.get("*", {}), **spec.sources.get(benchmark.name, {})}
    theirs = cell.key.encoder == spec.paper_encoder
    return {key: origin for key, origin in found.items() if theirs or not key.startswith("encoder.")}


def _recipes(recipes: Mapping[str, Mapping[str, Any]], benchmark: str, prefix: str = "") -> dict[str, str]:
    """The keys of a method's recipes, and for which benchmarks it sets them."""
    every = dict.fromkeys(dotted(recipes.get("*", {}), prefix), "method, for every benchmark")
    return every | dict.fromkeys(dotted(recipes.get(benchmark, {}), prefix), f"method, for {benchmark}")


def _of_names(cell: Cell) -> Iterator[tuple[str, str]]:
    """Values that the encoder's or benchmark's name gives, and the benchmark's own of its data set."""
    benchmark = cell.benchmark.benchmark
    for key in dotted(benchmark.dataset_params):
        yield f"dataset.{key}", f"benchmark {benchmark.name}"
    for prefix, params, name in (
        ("encoder.", cell.encoder_params, cell.key.encoder),
        ("dataset.", cell.dataset_params, cell.key.benchmark),
    ):
        if params.argument and ":" in name:
            yield prefix + params.argument, f"the name {name}"


def _of_tuning(cell: Cell) -> Mapping[str, str]:
    """Values that ``cir-bench tune`` chose."""
    return dict.fromkeys(search_space(cell.method_params) if cell.tuned else (), "--tuned")


def _of_weights(cell: Cell) -> Mapping[str, str]:
    """With published weights, no stage has an epoch."""
    return {f"{stage}.epochs": "--weights" for stage in cell.stage_settings()} if cell.weights else {}


def _of_user(cell: Cell) -> Mapping[str, str]:
    """Values of ``--set``, which the cell's variant names."""
    return {one.partition("=")[0]: "--set" for one in cell.key.variant.split()}
