"""Data sets are opened where ``--data-root`` says, or a sentence says why not. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.params.models import Params
from cir_bench.plugin.registry import Registered, create


def no_root(dataset: Registered[DatasetSpec], root: Path | None) -> str:
    """What is wrong and what to do; empty if the data set can be looked for."""
    if root is not None or not dataset.spec.needs_root:
        return ""
    return (
        f"the data set {dataset.name!r} is read from a folder on this machine: "
        "name the folder that holds it with --data-root DIR (or CIR_BENCH_DATA)."
    )


def open_rooted(dataset: Registered[DatasetSpec], params: Params, context: Context) -> Dataset:
    """A data set; `DataError` if its files are not there."""
    try:
        return cast(Dataset, create(dataset, params, context))
    except DataError as error:
        if problem := own_folder(dataset, context.data_root):
            raise DataError(problem) from error
        raise


def own_folder(dataset: Registered[DatasetSpec], root: Path | None) -> str:
    """What to do if the root seems to be the data set's own folder, not the one that holds it; empty if it does not."""
    if root is None or not dataset.spec.needs_root:
        return ""
    whole, folder = root.resolve(), dataset.name.replace("-", "_")
    if whole.name != folder or (whole / folder).exists():
        return ""
    return f"--data-root {root} is the folder of {dataset.name!r} itself; name the one that holds it, {whole.parent}."
