"""How much memory processes of this machine, or of this container, can still have. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

MEMORY = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
"""The control group of a container, as it sees itself."""


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
