"""What this machine is and how much memory it has, without importing torch unless there may be a GPU."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from cir_bench.errors import ConfigError
from cir_bench.memory import free_host_mib

CPU_FACTS = Path("/proc/cpuinfo")
"""Where Linux describes the processor."""
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
    gpus: int = 0
    """How many there are that cells may have."""
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
    if chosen.type != "cuda":
        return Machine(device_name(chosen), free_host_mib(), threads=threads)
    free = torch.cuda.mem_get_info(chosen)[0] / 2**20
    return Machine(device_name(chosen), free_host_mib(), free, torch.cuda.device_count(), threads)


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
