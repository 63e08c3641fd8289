"""`JobRequest`: what a worker is told. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from cir_bench.interfaces.cell_key import CellKey
from cir_bench.params.precision import Precision
from cir_bench.records.tuning import SeenTrial
from cir_bench.runs.request import RunRequest

JOB = "@job@"
"""In paths of a request: the job's own folder on the worker."""
CACHE = "@cache@"
"""In paths of a request: the cache of the worker's machine."""
REQUEST_FILE = "request.json"
MESSAGES_FILE = "messages.jsonl"
OUT = "out"
"""In the job's folder: the records and checkpoints, unless the file system is shared."""


Task = Literal["cell", "features", "trial"]


class TrialRequest(BaseModel):
    """A trial of a tuning; ``seen`` says when it is hopeless."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    values: Mapping[str, float | int]
    seen: tuple[SeenTrial, ...]


class JobRequest(BaseModel):
    """A cell to run, the features of several cells to extract, or a trial of a tuning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task
    tunes: bool = False
    """Whether it is part of a tuning, which keeps the evaluation split out of reach."""
    trial: TrialRequest | None = None
    cells: tuple[CellKey, ...]
    precision: Precision
    requests: tuple[RunRequest, ...]
    """Those of the whole run; the worker resolves them and takes its cells."""
    cache_dir: str
    follow_links: bool
    workers: int
    """Processes that decode images."""
    plugin_files: tuple[str, ...] = ()
    third_party: bool = True
    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    shared: bool
    """Whether the paths are those of the machine that asks."""
    from_folder: str = ""
    """Where its relative paths begin, such as that of ``folder:photos``; empty unless they are shared."""
    gpus: float = 0.0
    limit: float | None = None
    """Seconds that it may take."""
    versions: Mapping[str, str]
    """Of the machine that asks; a worker with others refuses."""
    ingredients: tuple[Mapping[str, str], ...]
    """Of each cell: settings and code, as the machine that asks has them."""
