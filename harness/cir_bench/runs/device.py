"""The device of a run, the facts about this machine that are in every record, and the peak memory of a cell."""

from __future__ import annotations

import platform
import resource
import sys
from pathlib import Path

import torch

from cir_bench.errors import ConfigError
from cir_bench.params.precision import Precision
from cir_bench.records.cost import Environment
from cir_bench.runs.machine import processor
from cir_bench.version import __version__

KINDS = ("cpu", "cuda", "mps")
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def choose_device(name: str, local_rank: int | None = None, precision: Precision = "float32") -> torch.device:
    """The device of that name; ``auto`` is a GPU if there is one (``cuda`` or Apple's, ``mps``).

    Of several processes on a machine, each takes the GPU of its number there, ``local_rank``.

    Raises:
        ConfigError: the device cannot be used, or cannot compute in that precision.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if local_rank is not None and name.startswith("cuda"):
        if name != "cuda":
            raise ConfigError(f"--device {name}: with torchrun each process takes a GPU of its own; use cuda or auto.")
        name = f"cuda:{local_rank}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"--device {name}: there is no such device; use auto, {', '.join(KINDS)}.") from error
    if device.type not in KINDS:
        raise ConfigError(f"--device {name}: cir-bench does not support it; use auto, {', '.join(KINDS)}.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"--device {name}: torch finds no GPU; use --device cpu, or auto.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"--device {name}: this machine has {torch.cuda.device_count()} GPUs, counted from 0.")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ConfigError(f"--device {name}: torch finds no GPU of Apple's; use --device cpu, or auto.")
    if device.type == "mps" and local_rank is not None:
        raise ConfigError("--device mps: several processes cannot share Apple's GPU; use --device cpu.")
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError(f"--precision tf32: only NVIDIA GPUs have it, and the device is {device.type}; use float32.")
    if precision == "float16" and device.type == "mps":
        raise ConfigError("--precision float16: losses cannot be scaled on mps; use bfloat16.")
    return device


def device_name(device: torch.device) -> str:
    """As records have it: the model of the card, or the kind of device with the processor."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} ({processor()})"


def environment(device: torch.device, precision: Precision, processes: int = 1) -> Environment:
    """Versions and hardware."""
    return Environment(
        cir_bench=__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        platform=platform.platform(),
        device=device_name(device),
        precision=precision,
        threads=torch.get_num_threads(),
        processes=processes,
    )


def reset_peak(device: torch.device) -> None:
    """Start a new measurement, if the system supports it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    if _CLEAR.exists():
        try:
            _CLEAR.write_text("5")  # Linux: the high-water mark restarts at the current use
        except OSError:
            return  # not permitted: the peak is then that of the whole process


def peak_mib(device: torch.device) -> float:
    """Peak since the last reset, in MiB: of the device when it is a GPU, otherwise of the process."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**20
    return peak_host_mib()  # memory of Apple's GPU is the process's, and is counted with it


def peak_host_mib() -> float:
    """Peak of the process's own memory, in MiB, since the last reset."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
