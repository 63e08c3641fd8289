"""A benchmark's name becomes its data set, for verbs that look at data only. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from cir_bench.cli.common import Settings, open_registry
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.plugin.registry import Registered, create
from cir_bench.protocols.find import ChosenBenchmark, builtin_benchmarks, find_benchmark


@dataclass(frozen=True)
class OpenedBenchmark:
    """A benchmark with its data set opened."""

    chosen: ChosenBenchmark
    registered: Registered[DatasetSpec]
    dataset: Dataset


def open_benchmark(settings: Settings, name: str) -> OpenedBenchmark:
    """Look up ``fashioniq``, ``fashioniq/original@1`` or ``folder:PATH`` and open its data set.

    Raises:
        ConfigError: no such benchmark, protocol or data set, or parameters that are wrong.
        DataError: the data set cannot be read.
    """
    registry = open_registry(settings)
    files = [*builtin_benchmarks(), *(file.path for file in registry.benchmark_files)]
    chosen = find_benchmark(name, files)
    registered = registry.dataset(chosen.benchmark.dataset)
    dataset = create(registered, chosen.dataset_params(registered.spec), settings.context(registered.name))
    return OpenedBenchmark(chosen, registered, cast(Dataset, dataset))
