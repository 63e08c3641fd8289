"""A benchmark's name becomes its data set, for verbs that look at data only. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

import typer

from cir_bench.cli.common import Settings, open_registry
from cir_bench.config import parse_set
from cir_bench.errors import ConfigError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.plugin.registry import Registered
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.scoring.evaluate import open_dataset

Name = Annotated[str, typer.Argument(metavar="BENCHMARK", help="NAME, NAME/PROTOCOL, folder:PATH or hf:PATH.")]
AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object, with every id.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="dataset.KEY=VALUE", help="A parameter of the data set; may be given again."),
]


@dataclass(frozen=True)
class OpenedBenchmark:
    """A benchmark with its data set opened."""

    chosen: ChosenBenchmark
    registered: Registered[DatasetSpec]
    dataset: Dataset


def choose_benchmark(settings: Settings, name: str) -> tuple[ChosenBenchmark, Registered[DatasetSpec]]:
    """Look up ``fashioniq``, ``fashioniq/original@1`` or ``folder:PATH``; no file of the data set is read.

    Raises:
        ConfigError: no such benchmark, protocol or data set.
    """
    registry = open_registry(settings)
    files = registry.benchmark_paths()
    chosen = find_benchmark(name, files)
    return chosen, registry.dataset(chosen.benchmark.dataset)


def open_benchmark(settings: Settings, name: str, assignments: Iterable[str] | None = None) -> OpenedBenchmark:
    """Look a benchmark up and open its data set.

    Args:
        settings: the shared options.
        name: of the benchmark.
        assignments: of ``--set``.

    Raises:
        ConfigError: no such benchmark, protocol or data set, or parameters that are wrong.
        DataError: the data set cannot be read.
    """
    return opened(settings, *choose_benchmark(settings, name), assignments)


def opened(
    settings: Settings,
    chosen: ChosenBenchmark,
    registered: Registered[DatasetSpec],
    assignments: Iterable[str] | None = None,
) -> OpenedBenchmark:
    """What `choose_benchmark` found, with its data set opened; errors as of `open_benchmark`."""
    params = _of_dataset(assignments or ())
    dataset = open_dataset(chosen, registered, settings.context(registered.name), params)
    return OpenedBenchmark(chosen, registered, dataset)


def _of_dataset(assignments: Iterable[str]) -> Mapping[str, Any]:
    values = parse_set(assignments)
    others = [key for key in values if key != "dataset"]
    if others or not isinstance(values.get("dataset", {}), Mapping):
        raise ConfigError(f"--set {(others or ['dataset'])[0]}: this verb takes dataset.KEY=VALUE only.")
    return cast(Mapping[str, Any], values.get("dataset", {}))
