"""`Together`: the memory of cells that are computed at the same time. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cir_bench.runs.forecast import Forecast, gib
from cir_bench.runs.machine import Machine


@dataclass(frozen=True)
class AtOnce:
    """How many cells are computed at the same time, as the options of `run` say it."""

    cells: int
    gpus: float | None = None
    """Of each cell; None: one, if the machine has any."""

    def on(self, machine: Machine) -> tuple[int, int]:
        """How many cells the machine computes at the same time, and how many of these share a GPU (0: there is none).

        Cells wait until there is a GPU for them. Those that ask for none compute on the first one, if it is there.
        """
        if not machine.gpus:
            return self.cells, 0
        each = 1.0 if self.gpus is None else self.gpus
        if not each:
            return self.cells, self.cells
        sharing = max(1, int(1 / each + 1e-9))
        room = machine.gpus * sharing if each <= 1 else int(machine.gpus / each)
        most = min(self.cells, max(1, room))
        return most, min(sharing, most)


@dataclass(frozen=True)
class Together:
    """What cells need that may be computed at the same time: those with the highest peaks, since any may meet."""

    cells: int
    """At most so many on the machine."""
    host_mib: float
    """Of their processes."""
    sharing: int
    """At most so many on a GPU; 0 without one."""
    device_mib: float
    """Of these, on one GPU."""
    unknown: int
    """Cells to run of which nothing is known, and which are left out."""
    misfit: str = ""
    """Which memory is too small, in words; empty if all fits, or nothing is known."""

    def __str__(self) -> str:
        on_gpu = f", {self.sharing} of them {gib(self.device_mib)} of a GPU" if self.sharing else ""
        missing = f"; {self.unknown} without an estimate are not counted" if self.unknown else ""
        return f"the {self.cells} largest cells need about {gib(self.host_mib)} of memory{on_gpu}{missing}"


def together(forecasts: Sequence[Forecast], asked: AtOnce, machine: Machine) -> Together | None:
    """Of the cells that will be run; None if they are computed one at a time, or nothing is known of any."""
    known = [one for one in forecasts if one.host_mib is not None and one.device_mib is not None]
    most, sharing = asked.on(machine)
    most = min(most, len(known))
    sharing = min(sharing, most)
    if most < 2:
        return None
    processes = max(1, int(asked.gpus or 1))
    host = processes * sum(sorted((one.host_mib or 0.0 for one in known), reverse=True)[:most])
    device = sum(sorted((one.device_mib or 0.0 for one in known), reverse=True)[:sharing])
    return Together(
        most, host, sharing, device, len(forecasts) - len(known), _misfit(most, host, sharing, device, machine)
    )


def _misfit(most: int, host: float, sharing: int, device: float, machine: Machine) -> str:
    found = []
    if sharing > 1 and machine.device_mib is not None and device > machine.device_mib:
        free = gib(machine.device_mib)
        found.append(
            f"{sharing} cells on a GPU need about {gib(device)}, and it has {free} free (--gpus-per-cell with a larger "
            "number puts fewer on each)"
        )
    if machine.host_mib is not None and host > machine.host_mib:
        free = gib(machine.host_mib)
        found.append(
            f"{most} cells need about {gib(host)} of memory, and {free} are free (choose a smaller --max-cells)"
        )
    return "; ".join(found)
