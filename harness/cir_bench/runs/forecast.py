"""`Forecasts`: time and memory of cells, from what cells of this machine have cost. Imports no torch.

An epoch grows with its triplets, embedding with the gallery, searching with queries times gallery, measuring with the
queries; features in memory grow with images and triplets, what is computed with the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.runs.cell import Cell
from cir_bench.runs.costs import (
    AnyCost,
    CellCost,
    ExtractionCost,
    Size,
    batch_of,
    encoder_digest,
    epochs_of,
    settings_digest,
)
from cir_bench.runs.machine import Machine

HOST = ("cpu (", "mps (")
"""How the names of devices begin that have the memory of the host."""
SCALED_FROM = 5
"""How many cells a prediction of another cell is made from: those of nearest size."""


@dataclass(frozen=True)
class Forecast:
    """Of one cell; all None when nothing is known."""

    seconds: float | None = None
    """Without extracting features."""
    device_mib: float | None = None
    """Peak on the device; on a CPU, of the process."""
    host_mib: float | None = None
    """Peak of the process."""
    basis: Literal["records", "calibrated", "unknown"] = "unknown"
    """``records``: the same cell, but for seed and epochs, ran on this machine. ``calibrated``: its method did, with
    its encoder, at another size or with other settings, and the numbers are scaled."""
    of: int = 0
    """How many cells it is from."""

    def __str__(self) -> str:
        cells = f"{self.of} cell{'' if self.of == 1 else 's'}"
        if self.basis == "records":
            return f"from {self.of} record{'' if self.of == 1 else 's'} of this machine"
        return f"calibrated with {cells}" if self.basis == "calibrated" else "unknown"

    def misfit(self, machine: Machine) -> str:
        """What does not fit into which memory, in words; empty if all fits, or nothing is known."""
        gpu, host = machine.device_mib, machine.host_mib
        if self.device_mib is not None and gpu is not None and self.device_mib > gpu:
            return f"it needs about {gib(self.device_mib)} of the device, which has {gib(gpu)} free"
        if self.host_mib is not None and host is not None and self.host_mib > host:
            return f"it needs about {gib(self.host_mib)} of memory, and {gib(host)} are free"
        return ""


@dataclass(frozen=True)
class Wanted:
    """What a prediction is asked for."""

    key: CellKey
    settings: str
    encoder: str
    precision: str
    limit: int | None
    learns_from: str
    batch: int
    epochs: Sequence[int]
    """Of each stage that is trained."""

    @classmethod
    def of_cell(cls, cell: Cell) -> Wanted:
        """A planned cell."""
        config, published = cell.config(), cell.weights is not None
        method = config["method"]
        return cls(
            cell.key,
            settings_digest(method, published),
            encoder_digest(config["encoder"], cell.has_trained_encoder) if cell.needs.features else "",
            cell.precision,
            cell.limit,
            cell.needs.examples,
            batch_of(method),
            [] if published else [number for number in epochs_of(method) if number],
        )

    @classmethod
    def of_cost(cls, cost: CellCost) -> Wanted:
        """A cell that ran, to be predicted from others."""
        facts = cost.settings, cost.encoder, cost.precision, cost.limit, cost.learns_from, cost.batch
        return cls(cost.cell, *facts, [stage.asked for stage in cost.stages])

    def like(self, cost: CellCost) -> bool:
        """Whether a cell ran the same method on the same encoder in the same precision."""
        names = (cost.cell.method, cost.cell.encoder) == (self.key.method, self.key.encoder)
        return names and (cost.encoder, cost.precision) == (self.encoder, self.precision)

    def same_benchmark(self, cost: CellCost) -> bool:
        """Whether a cell was of the same benchmark and protocol."""
        return (cost.cell.benchmark, cost.cell.protocol) == (self.key.benchmark, self.key.protocol)

    def same_data(self, cost: CellCost) -> bool:
        """Whether it had the same queries, gallery and examples, too."""
        return self.same_benchmark(cost) and cost.limit == self.limit

    def distance(self, cost: CellCost, size: Size) -> tuple[bool, float]:
        """Cells of the same data come first, then those of similar ``size``."""
        there, here = cost.size.examples + cost.size.gallery, size.examples + size.gallery
        return not self.same_data(cost), max(there, here) / max(1, min(there, here))


class Forecasts:
    """What is known of a ``machine``, from the ``costs`` that were measured on it."""

    def __init__(self, costs: Iterable[AnyCost], machine: Machine) -> None:
        self.machine = machine
        here = [cost for cost in costs if cost.device == machine.device]
        cells = {(cost.cell, cost.finished): cost for cost in here if isinstance(cost, CellCost)}
        self._cells = sorted(cells.values(), key=lambda cost: cost.finished)
        self._extractions = [cost for cost in here if isinstance(cost, ExtractionCost)]

    def of(self, wanted: Wanted, size: Callable[[], Size | None] = lambda: None) -> Forecast:
        """What a cell will cost; ``size`` is asked if no other cell of the benchmark says how large it is."""
        like = [cost for cost in self._threads() if wanted.like(cost)]
        exact = [cost for cost in like if cost.settings == wanted.settings and wanted.same_data(cost)]
        if exact:
            return _forecast(exact, None, wanted, "records")
        known = self._size(wanted) or (size() if like else None)
        if not like or known is None:
            return Forecast()
        near = sorted(like, key=lambda cost: wanted.distance(cost, known))[:SCALED_FROM]
        nearest = [cost for cost in near if wanted.distance(cost, known) == wanted.distance(near[0], known)]
        return _forecast(nearest, known, wanted, "calibrated")

    def extracting(self, encoder: str, role: str, items: int) -> float | None:
        """Seconds to encode so many images, texts or pairs; None if the encoder was never timed."""
        timed = [cost for cost in self._extractions if (cost.encoder, cost.role) == (encoder, role)]
        total = sum(cost.items for cost in timed)
        return items * sum(cost.seconds for cost in timed) / total if total else None

    def _threads(self) -> Sequence[CellCost]:
        """Cells with as many threads as are asked for, or else as the last cell had; if there are none, all."""
        wanted = self.machine.threads or (self._cells[-1].threads if self._cells else 0)
        return [cost for cost in self._cells if cost.threads == wanted] or self._cells

    def _size(self, wanted: Wanted) -> Size | None:
        """The size of the cell, from others of the same benchmark that learn from the same."""
        for cost in reversed(self._cells):
            if cost.learns_from == wanted.learns_from and wanted.same_benchmark(cost):
                if cost.limit == wanted.limit and (cost.size.examples or not wanted.epochs):
                    return cost.size
                if wanted.limit is None and cost.whole is not None and (cost.whole.examples or not wanted.epochs):
                    return cost.whole
        return None


def _forecast(
    costs: Sequence[CellCost], size: Size | None, wanted: Wanted, basis: Literal["records", "calibrated"]
) -> Forecast:
    """The median of the times of cells as they would be at another size, and the largest of their peaks."""
    scaled = [_scaled(cost, size or cost.size, wanted.epochs, wanted.batch) for cost in costs]
    seconds, device, host = zip(*scaled, strict=True)
    return Forecast(median(seconds), max(device), max(host), basis, len(costs))


def _scaled(cost: CellCost, size: Size, epochs: Sequence[int], batch: int) -> tuple[float, float, float]:
    was = cost.size
    items = (size.examples + size.gallery) / max(1, was.examples + was.gallery)
    seconds = (
        cost.preparing * items
        + _training(cost, epochs) * size.examples / max(1, was.examples)
        + cost.embedding * size.gallery / max(1, was.gallery)
        + cost.searching * size.pairs / max(1, was.pairs)
        + cost.evaluating * size.queries / max(1, was.queries)
    )
    larger = max(1.0, batch / cost.batch) if cost.batch else 1.0
    on_host = cost.tables_mib if cost.device.startswith(HOST) else 0.0
    device = (cost.device_mib - cost.tables_mib) * larger + cost.tables_mib * items
    return seconds, device, (cost.host_mib - on_host) * larger + on_host * items


def _training(cost: CellCost, epochs: Sequence[int]) -> float:
    """Seconds of so many epochs of each stage; one that stopped early will do so again."""
    if len(cost.stages) != len(epochs):
        each = sum(stage.seconds * stage.ran for stage in cost.stages) / max(1, sum(one.ran for one in cost.stages))
        return each * sum(epochs)
    return sum(
        stage.seconds * (min(number, stage.ran) if stage.ran < stage.asked else number)
        for stage, number in zip(cost.stages, epochs, strict=True)
    )


def gib(mib: float) -> str:
    """With one decimal and the unit."""
    return f"{mib / 1024:.1f} GiB"
