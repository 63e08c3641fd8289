"""`Workbench`: where the cells of a process get what they are made of."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from cir_bench.interfaces.specs import Context
from cir_bench.runs.cell_data import CellData
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.shared import Lifetimes
from cir_bench.runs.tables import FeatureTables


class Workbench:
    """What cells share. It is made when a cell asks for it, and kept for other cells of the plan.

    Args:
        data_root: holds one folder per data set.
        cache_dir: for features and other derived files.
        device: where encoders and tables are put.
        allow_partial: leave out missing images, and mark every number.
        workers: processes that decode images.
    """

    def __init__(
        self,
        data_root: Path | None,
        cache_dir: Path,
        device: torch.device,
        *,
        allow_partial: bool = False,
        workers: int = 0,
    ) -> None:
        context = Context(data_root=data_root, cache_dir=cache_dir)
        self.device, self.cache_dir, self.workers = device, cache_dir, workers
        self.lifetimes = Lifetimes()
        self.datasets = DataSets(self.lifetimes, context)
        self.encoders = Encoders(self.lifetimes, self.datasets, context, device)
        self.data = CellData(self.lifetimes, self.datasets, self.encoders, allow_partial=allow_partial, threads=workers)
        self.tables = FeatureTables(
            self.lifetimes,
            self.datasets,
            self.encoders,
            folder=cache_dir / "features",
            device=device,
            workers=workers,
        )


def default_workers() -> int:
    """Processes that decode images: one per processor that this process may use, at most 8."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, available)
