"""From a record back to its cell: the same data set, protocol, encoder and method, as they are installed here."""

from __future__ import annotations

from cir_bench.errors import ConfigError, DataError
from cir_bench.interfaces.spec_params import argument_field, make_params, split_argument
from cir_bench.plugin.needs import needs_together, wrapped_composers
from cir_bench.plugin.registry import Registry
from cir_bench.protocols.build import provenance_of
from cir_bench.protocols.find import find_benchmark
from cir_bench.records.record import RunRecord
from cir_bench.runs.cell import Cell
from cir_bench.runs.resolve import described_dataset
from cir_bench.runs.workbench import Workbench

PROVENANCE = "data."
MISSING = "data.missing"


def cell_of(record: RunRecord, registry: Registry) -> Cell:
    """The cell of a finished record.

    Raises:
        ConfigError: a part of it is not installed here, or has another name or other parameters.
    """
    key = record.cell
    name = key.benchmark.partition(":")[0]
    files = registry.benchmark_paths()
    benchmark = find_benchmark(f"{name}/{key.protocol}", files)
    if record.protocol is None or benchmark.protocol.hash() != record.protocol.hash:
        raise ConfigError(f"the protocol {key.benchmark}/{key.protocol} is different here (its hash differs)")
    dataset = registry.dataset(benchmark.benchmark.dataset)
    encoder = registry.encoder(split_argument(key.encoder)[0])
    method = registry.method(key.method)
    method_params = make_params(method.spec, record.config.get("method"))
    wrapped = wrapped_composers(registry, method, method_params)
    needs = needs_together(method, method_params, wrapped)
    return Cell(
        key=key,
        benchmark=benchmark,
        dataset=dataset,
        dataset_params=make_params(dataset.spec, record.config.get("dataset")),
        encoder=encoder,
        encoder_params=make_params(encoder.spec, record.config.get("encoder")),
        method=method,
        method_params=method_params,
        precision="bfloat16" if record.ingredients.get("precision") == "bfloat16" else "float32",
        wrapped=wrapped,
        described=described_dataset(registry, needs.side_text_from),
    )


def check_data(cell: Cell, record: RunRecord, bench: Workbench) -> None:
    """`DataError` unless the data that the record names by its parameters are exactly the data it was made from.

    Records are untrusted: without this check one could make a report read, and show, any folder of the machine. A data
    set that is given by its path must therefore be known by its content.
    """
    here = {f"{PROVENANCE}{name}": value for name, value in provenance_of(bench.dataset(cell), cell.protocol).items()}
    recorded = {name: value for name, value in record.ingredients.items() if name.startswith(PROVENANCE)}
    recorded.pop(MISSING, None)
    if here != recorded or (not here and argument_field(cell.dataset.spec)):
        other = sorted(
            name.removeprefix(PROVENANCE) for name in {*here, *recorded} if here.get(name) != recorded.get(name)
        )
        which = ", ".join(other[:3]) or "nothing is known about it"
        raise DataError(f"the data set {cell.dataset.name!r} here differs from that of the records ({which})")
