"""The device of a run, and the facts of this machine that go into every record."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from cir_bench.errors import ConfigError
from cir_bench.records.models import Environment
from cir_bench.version import __version__

KINDS = ("cpu", "cuda")
CPU_FACTS = Path("/proc/cpuinfo")
"""Where Linux names the processor."""


def choose_device(name: str) -> torch.device:
    """``auto`` takes a GPU when there is one; ConfigError for a device that is not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"--device {name}: there is no such kind of device; use auto, cpu or cuda.") from error
    if device.type not in KINDS:
        raise ConfigError(f"--device {name}: cir-bench does not compute on it; use auto, cpu or cuda.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"--device {name}: torch sees no GPU here; use --device cpu, or auto.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"--device {name}: there are only {torch.cuda.device_count()} GPUs here.")
    return device


def processor() -> str:
    """Model and number of this machine's processors: ``AMD EPYC 7B13, 8 cores``; the architecture where unknown.

    Times compare within one machine only, and an architecture alone would make one of all laptops.
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


def environment(device: torch.device, precision: str) -> Environment:
    """Versions and hardware."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({processor()})"
    return Environment(
        cir_bench=__version__,
        python=platform.python_version(),
        torch=torch.__version__,
        platform=platform.platform(),
        device=name,
        precision=precision,
        threads=torch.get_num_threads(),
    )
