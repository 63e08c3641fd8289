"""Indexes, opened to be served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from cir_bench.plugin.registry import Registry
from cir_bench.search.index import PhotoIndex
from cir_bench.search.load import open_model
from cir_bench.search.serve.library import Served


def open_indexes(
    folders: Sequence[Path],
    registry: Registry,
    device: torch.device,
    data_root: Path | None,
    cache_dir: Path,
    *,
    exact: bool = False,
) -> list[Served]:
    """The indexes, named after their methods; ``exact`` and errors as of `PhotoIndex.gallery` and `load`."""
    photos = [PhotoIndex(folder) for folder in folders]
    files = [one.searchable() for one in photos]
    engines = [open_model(one.model, registry, device, data_root, cache_dir) for one in photos]
    labels = labels_of([f"{one.record.cell.method} on {one.record.cell.encoder}" for one in engines])
    return [
        Served(label, engine, Path(file.photos), one.gallery(engine, exact=exact), None if exact else file.approximate)
        for label, engine, file, one in zip(labels, engines, files, photos, strict=True)
    ]


def labels_of(names: Sequence[str]) -> list[str]:
    """The names, numbered where they are equal."""
    return [f"{name} ({place})" if names.count(name) > 1 else name for place, name in enumerate(names, start=1)]
