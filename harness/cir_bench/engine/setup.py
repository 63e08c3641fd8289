"""`EngineSetup`: what a run on an executor starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cir_bench.plugin.loader import PluginOptions
from cir_bench.plugin.registry import Registry
from cir_bench.runs.request import RunRequest
from cir_bench.runs.workbench import Workbench


@dataclass(frozen=True)
class EngineSetup:
    """The parts of a run, and how much each cell gets."""

    bench: Workbench
    """Of this machine: it compares records with what a run would make now."""
    registry: Registry
    out: Path
    requests: Sequence[RunRequest]
    plugins: PluginOptions
    """With the configuration file, if there is one."""
    cache_dir: Path
    follow_links: bool = False
    workers: int | None = None
    cpus: int = 1
    gpus: float = 0.0
    most_jobs: int = 1
    retries: int = 2
    retry_failed: bool = False
    fail_fast: bool = False
    limit: float | None = None
