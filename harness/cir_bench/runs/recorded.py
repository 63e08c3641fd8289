"""From a record back to its cell: the same data set, protocol, encoder and method, as they are installed here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.params.precision import PRECISIONS
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.find import find_benchmark
from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell, CellParams, make_cell
from cir_bench.runs.weights import WeightsFile
from cir_bench.runs.workbench import Workbench

PROVENANCE = "data."
NOT_PROVENANCE = ("data.missing", "data.images")
"""Ingredients that are known only after every image has been looked for, or read."""


def cell_of(record: RunRecord, registry: Registry) -> Cell:
    """The cell of a finished record; `ConfigError` if a part is not installed here, or has other parameters."""
    key = record.cell
    benchmark = find_benchmark(f"{key.benchmark.partition(':')[0]}/{key.protocol}", registry.benchmark_paths())
    if record.protocol is None or benchmark.protocol.hash() != record.protocol.hash:
        raise ConfigError(f"the protocol {key.benchmark}/{key.protocol} is different here (its hash differs)")
    method, encoder = registry.method(key.method), registry.encoder(split_argument(key.encoder)[0])
    params = CellParams(
        make_params(method.spec, record.config.get("method")),
        make_params(encoder.spec, record.config.get("encoder")),
        make_params(registry.dataset(benchmark.benchmark.dataset).spec, record.config.get("dataset")),
    )
    given = record.ingredients.get("precision")
    cell = make_cell(registry, key, benchmark, params, next((p for p in PRECISIONS if p == given), "float32"))
    facts = record.weights
    weights = WeightsFile(Path(facts.file), facts.sha256) if facts is not None else None
    limit = record.limit.queries if record.limit is not None else None
    return replace(cell, tuned=record.tuning, weights=weights, limit=limit)


def check_data(cell: Cell, record: RunRecord, bench: Workbench) -> None:
    """`DataError` unless the data that the record names by its parameters are exactly the data it was made from.

    Records are untrusted: without this check one could make a report read, and show, any folder of the machine. A data
    set that is given by its path must therefore be known by its content: that of its annotations, since to compare the
    images' would be to read all of them.
    """
    here = {f"{PROVENANCE}{name}": value for name, value in bench.datasets.provenance(cell).items()}
    recorded = {name: value for name, value in record.ingredients.items() if name.startswith(PROVENANCE)}
    for name in NOT_PROVENANCE:
        recorded.pop(name, None)
    if here != recorded or (not here and cell.dataset.spec.params.argument):
        names = [name for name in {*here, *recorded} if here.get(name) != recorded.get(name)]
        which = ", ".join(sorted(name.removeprefix(PROVENANCE) for name in names)[:3]) or "nothing is known about it"
        raise DataError(f"the data set {cell.dataset.name!r} here differs from that of the records ({which})")
