"""The benchmark that a verb is called with, and its data set. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

import typer

from cir_bench.cli.common import open_registry
from cir_bench.config import parse_set
from cir_bench.errors import ConfigError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.plugin.registry import Registered
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.protocols.protocol import Protocol
from cir_bench.scoring.evaluate import open_dataset
from cir_bench.verbs.settings import Settings

BenchmarkName = Annotated[str, typer.Argument(metavar="BENCHMARK", help="NAME, NAME/PROTOCOL, folder:PATH or hf:PATH.")]
DatasetParams = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="dataset.KEY=VALUE", help="A parameter of the data set; may be given several times."),
]


@dataclass(frozen=True)
class NamedBenchmark:
    """The benchmark of a name such as ``fashioniq``, ``fashioniq/original@1`` or ``folder:PATH``, and its data set."""

    settings: Settings
    chosen: ChosenBenchmark
    registered: Registered[DatasetSpec]
    protocols: Mapping[str, Protocol]
    """The protocol that the name asks for, or all of the benchmark's."""

    @classmethod
    def find(cls, settings: Settings, name: str) -> NamedBenchmark:
        """Look a name up; `ConfigError` if there is no such benchmark, protocol or data set."""
        registry = open_registry(settings)
        chosen = find_benchmark(name, registry.benchmark_paths())
        named = "/" in name.partition(":")[0]
        protocols = {chosen.protocol_key: chosen.protocol} if named else chosen.benchmark.protocols
        return cls(settings, chosen, registry.dataset(chosen.benchmark.dataset), protocols)

    def open(self, assignments: Iterable[str] | None = None) -> Dataset:
        """Open the data set with the parameters of ``--set``."""
        context = self.settings.context(self.registered.name)
        return open_dataset(self.chosen, self.registered, context, _of_dataset(assignments or ()))


def _of_dataset(assignments: Iterable[str]) -> Mapping[str, Any]:
    values = parse_set(assignments)
    others = [key for key in values if key != "dataset"]
    if others or not isinstance(values.get("dataset", {}), Mapping):
        raise ConfigError(f"--set {(others or ['dataset'])[0]}: this verb takes only dataset.KEY=VALUE.")
    return cast(Mapping[str, Any], values.get("dataset", {}))
