"""What this machine is and how much memory it has, without importing torch unless there may be a GPU."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError

CPU_FACTS = Path("/proc/cpuinfo")
"""Where Linux describes the processor."""
MEMORY = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
"""The control group of a container, as it sees itself."""
GPU_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""One of these is there where Linux has an NVIDIA GPU (dxg: Linux inside Windows)."""


@dataclass(frozen=True)
class Machine:
    """Where cells will be computed."""

    device: str
    """As `Environment.device` of records has it."""
    host_mib: float | None = None
    """Memory that processes can still have, in MiB; None if the system does not say."""
    device_mib: float | None = None
    """Free memory of the GPU, in MiB; None without one, or if its memory is the host's."""
    threads: int | None = None
    """With which torch will compute, if the environment says it."""


def this_machine(device: str) -> Machine:
    """The machine with the device of ``--device``."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    threads = int(said) if said.isdigit() else None
    if device == "cpu" or (device == "auto" and not may_have_gpu()):
        return Machine(f"cpu ({processor()})", free_host_mib(), threads=threads)
    import torch

    from cir_bench.runs.device import choose_device, device_name

    try:
        chosen = choose_device(device)
    except ConfigError:
        return Machine(device, free_host_mib(), threads=threads)
    free = torch.cuda.mem_get_info(chosen)[0] / 2**20 if chosen.type == "cuda" else None
    return Machine(device_name(chosen), free_host_mib(), free, threads)


def may_have_gpu() -> bool:
    """Whether torch may find a GPU, which only it can say for certain."""
    return sys.platform != "linux" or any(path.exists() for path in GPU_FILES)


def processor() -> str:
    """Model and number of this machine's processors: ``AMD EPYC 7B13, 8 cores``; the architecture if unknown.

    Times can only be compared on one machine, and by its architecture alone it would be mistaken for others.
    """
    model = platform.machine()
    if CPU_FACTS.is_file():
        names = [
            line.partition(":")[2]
            for line in CPU_FACTS.read_text("utf-8", "replace").splitlines()
            if line.startswith("model name")
        ]
        model = " ".join(names[0].split()) if names and names[0].strip() else model
    count = os.cpu_count() or 1
    return f"{model}, {count} core{'' if count == 1 else 's'}"


def free_host_mib() -> float | None:
    """Memory that processes can still have, in MiB: what the system has, or less in a container that is limited."""
    found = [free for free in (_of_system(), _of_group()) if free is not None]
    return min(found) if found else None


def _of_system() -> float | None:
    if available := _named(MEMORY, "MemAvailable:"):
        return available / 1024
    names: Callable[[str], int] | None = getattr(os, "sysconf", None)
    if names is None or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return names("SC_PHYS_PAGES") * names("SC_PAGE_SIZE") / 2**20


def _of_group() -> float | None:
    """What the control group still allows; files that were read count as free, since they are let go when needed."""
    limit, used = _number(GROUP / "memory.max"), _number(GROUP / "memory.current")
    if limit is None or used is None:
        return None
    return max(0.0, limit - used + (_named(GROUP / "memory.stat", "inactive_file") or 0)) / 2**20


def _number(path: Path) -> float | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return float(text) if text.isdigit() else None  # "max" is no limit


def _named(path: Path, name: str) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), None)
