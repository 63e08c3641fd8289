"""Bring your own data: a folder with images, ``gallery.jsonl`` and ``triplets.jsonl``, run as ``-b folder:PATH``."""

from __future__ import annotations

from typing import ClassVar

from cir_bench import DatasetSpec, Params, hookimpl

CIR_BENCH_API = 1


class FolderParams(Params):
    """Where the data is, and which of its splits is evaluated."""

    argument: ClassVar[str | None] = "path"

    path: str
    """The folder that holds ``gallery.jsonl`` and ``triplets.jsonl``."""
    split: str | None = None
    """The evaluated split; None: ``val``, or the only split besides ``train``."""


@hookimpl
def cir_bench_datasets() -> list[DatasetSpec]:
    """The data set ``folder:PATH``."""
    return [
        DatasetSpec(
            name="folder",
            summary="your own images and relative captions: gallery.jsonl and triplets.jsonl in a folder",
            implementation="cir_bench_folder.dataset:Folder",
            params=FolderParams,
            needs_root=False,
        )
    ]
