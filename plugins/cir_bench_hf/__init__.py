"""A Hugging Face data set, from the hub or a folder, run as ``-b hf:REPOSITORY`` or ``-b hf:PATH``.

It has the three tables that `cir-bench data export --to parquet` writes: ``triplets``, ``queries`` and ``gallery``.
"""

from __future__ import annotations

from typing import ClassVar

from cir_bench import DatasetSpec, Params, hookimpl

CIR_BENCH_API = 1


class HfParams(Params):
    """Where the data is, and which of its splits is evaluated."""

    argument: ClassVar[str | None] = "path"

    path: str
    """A folder, or a repository of the hub (``owner/name``)."""
    revision: str | None = None
    """Of a repository: the commit, branch or tag; a commit is the same data for ever."""
    split: str | None = None
    """The evaluated split; None: ``val``, or the only split besides ``train``."""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set ``hf:PATH``."""
    return [
        DatasetSpec(
            name="hf",
            summary="a Hugging Face data set with the tables triplets, queries and gallery, from the hub or a folder",
            implementation="cir_bench_hf.dataset:Hf",
            params=HfParams,
            needs_root=False,
            licence="that of the data set: see its card, README.md",
        )
    ]
