"""`Workbench`: what the cells of a process share, from the parts that make it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from cir_bench.errors import ConfigError
from cir_bench.features.jpeg import JpegDecoder
from cir_bench.features.sizes import BatchSizes, GpuMemory
from cir_bench.interfaces.specs import Context
from cir_bench.ranks.group import ALONE, Ranks
from cir_bench.runs.cell_data import CellData
from cir_bench.runs.costs import CostFile
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.device import peak_host_mib, peak_mib, reset_peak
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.read_images import ReadImages
from cir_bench.runs.request import DecodeJpeg
from cir_bench.runs.shared import Lifetimes
from cir_bench.runs.tables import FeatureTables


class Workbench:
    """Everything on it is made when a cell asks for it, and kept while later cells of the plan may use it.

    ``data_root`` holds one folder per data set, ``cache_dir`` features and other derived files. Encoders and tables are
    on ``device``; images are decoded by ``workers`` processes, and missing ones left out with ``allow_partial``; links
    out of a data set are allowed with ``follow_links``. Without ``evaluates`` (for tuning) the evaluation split is out
    of reach. ``decode_jpeg``: what decodes the JPEG files of which frozen encoders make features. ``ranks``: the
    processes that compute each cell together. ``fitted``: what the encoder of the only cell was fitted to, as of
    `Encoders`.
    """

    def __init__(
        self,
        data_root: Path | None,
        cache_dir: Path,
        device: torch.device,
        *,
        allow_partial: bool = False,
        workers: int = 0,
        follow_links: bool = False,
        evaluates: bool = True,
        decode_jpeg: DecodeJpeg = "pillow",
        ranks: Ranks = ALONE,
        fitted: Mapping[str, Any] | None = None,
    ) -> None:
        self.device, self.workers, self.ranks = device, workers, ranks
        self.data_root, self.allow_partial = data_root, allow_partial
        self.lifetimes = kept = Lifetimes()
        context = Context(data_root=data_root, cache_dir=cache_dir, follow_links=follow_links)
        self.datasets = DataSets(kept, context)
        self.encoders = Encoders(kept, self.datasets, context, device, fitted)
        self.data = CellData(
            kept, self.datasets, self.encoders, allow_partial=allow_partial, threads=workers, evaluates=evaluates
        )
        self.images = ReadImages(kept, self.datasets, self.encoders, self.data, workers)
        self.costs = CostFile(cache_dir)
        if decode_jpeg == "device" and ranks.size > 1:
            raise ConfigError("--decode-jpeg device: several processes of a cell do not share a decoder; leave it out.")
        decoder = JpegDecoder(device) if decode_jpeg == "device" else None
        self._memory = GpuMemory(device) if device.type == "cuda" else None
        # several ranks take batches of one size, and features that do not depend on how many they are
        self.sizes = BatchSizes(self._memory if ranks.size == 1 else None)
        """Of batches, as large as the device has room for."""
        self.tables = FeatureTables(
            kept,
            self.datasets,
            self.encoders,
            cache_dir / "features",
            device,
            workers,
            ranks,
            self.costs,
            self.sizes,
            decoder,
        )

    def start(self) -> None:
        """A cell begins: measure its memory and its batches anew."""
        reset_peak(self.device)
        self.sizes.start()
        if self._memory is not None:
            self._memory.highest = 0

    @property
    def peak_mib(self) -> float:
        """Peak since :meth:`start`, in MiB: of the device when it is a GPU, otherwise of the process."""
        return max(peak_mib(self.device), 0 if self._memory is None else self._memory.highest / 2**20)

    def measured(self) -> dict[str, Any]:
        """What a record's `Cost` says of memory and batches."""
        return {
            "peak_memory_mib": self.peak_mib,
            "peak_host_memory_mib": peak_host_mib(),
            "features_mib": self.tables.nbytes / 2**20,
            "batches": dict(self.sizes.used),
        }


def default_workers(ranks: int = 1) -> int:
    """Processes that decode images: one per processor that this process may use, at most 8.

    Several ``ranks`` share the processors.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, max(1, available // ranks))
