"""`no_root`: the sentence for a data set that needs a data root when there is none. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.plugin.registry import Registered


def no_root(dataset: Registered[DatasetSpec], root: Path | None) -> str:
    """What is wrong and what to do; empty if the data set can be looked for."""
    if root is not None or not dataset.spec.needs_root:
        return ""
    return (
        f"the data set {dataset.name!r} is read from a folder on this machine: "
        "name the folder that holds it with --data-root DIR (or CIR_BENCH_DATA)."
    )
