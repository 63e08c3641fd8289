"""Why methods that learn without triplets cannot run. Imports no torch."""

from __future__ import annotations

from cir_bench.errors import CirBenchError
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.needs import needs_of
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.runs.cell import Cell


def without_examples(cell: Cell) -> str:
    """Why there is nothing to learn from without triplets; empty if there is, or if the method learns from triplets."""
    needs, name = cell.needs, cell.key.method
    if needs.triplets or not cell.trains:
        return ""
    if cell.method_params.selection.on == "held-out":
        return (
            f"method {name!r} learns from {needs.examples} alone, so there are no held-out triplets to choose a "
            "checkpoint by; set selection.on=last."
        )
    source = cell.datasets[-1][0]
    if source.spec.trains:
        return ""
    return (
        f"method {name!r} learns from {needs.examples}, and the data set {source.name!r} has none for training; name "
        f"another data set: --set {name}.corpus=NAME, for example {name}.corpus=folder:DIR."
    )


def learners_without_triplets(registry: Registry) -> list[str]:
    """The methods that learn from images or texts alone with their default parameters."""
    return [name for name, one in registry.all(MethodSpec).items() if one.spec.learns and not _reads_triplets(one)]


def _reads_triplets(method: Registered[MethodSpec]) -> bool:
    try:
        return needs_of(method, make_params(method.spec)).triplets
    except CirBenchError:  # a parameter without a default, or its plugin is broken
        return True
